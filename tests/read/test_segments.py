"""A cell's parts, and agreement with IPython itself on which lines are commands."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_guard.read.segments import segments


def parts(code: str, defined: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(one.language, one.text) for one in segments(code, defined) if one.language != "python"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("!ls -la", [("shell", "ls -la")]),
        ("x = !ls", [("shell", "ls")]),
        ("if a:\n    !ls", [("shell", "ls")]),
        ("%%bash\necho hi\nls", [("shell", "echo hi\nls")]),
        ("# note\n\n%%bash\nls", [("shell", "ls")]),
        ("%%sql\nDROP TABLE x", [("sql", "DROP TABLE x")]),
        ("%sql DROP TABLE x", [("sql", "DROP TABLE x")]),
        ("rm -r x", [("shell", "rm -r x")]),
        ("ls -la", [("shell", "ls -la")]),
        ("df.head?", [("help", "df.head?")]),
        ("ls?", [("help", "ls?")]),
        ("x = '''\n!ls\n'''", []),
        ("x = 5 % 3", []),
        ("x = 1\nls -la", []),
        ("print('!rm -rf /')", []),
    ],
)
def test_the_parts_of_a_cell(code: str, expected: list[tuple[str, str]]) -> None:
    assert parts(code) == expected


def test_a_variable_is_no_alias() -> None:
    assert parts("ls -la", ("ls", "la")) == []


def test_python_keeps_its_lines() -> None:
    python = segments("a = 1\n!ls\nb = 2")[0]
    assert python.language == "python"
    assert python.text.split("\n")[2] == "b = 2"


LINES = st.sampled_from(
    [
        *(
            "a = 1",
            "!ls",
            "!!ls",
            "x = !ls",
            "%time f()",
            "x = %time f()",
            "if a:",
            "    !ls",
            "    %cd ..",
            "    b = 2",
        ),
        *(
            "s = '''",
            "'''",
            "# !ls",
            "print('!ls')",
            "a = b % c",
            "f?",
            "f??",
            "(1,",
            " 2)",
            "'a%b'",
            "x = [1,",
            "!ls]",
            "]",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, min_size=2, max_size=6).map("\n".join))
def test_ipython_agrees_on_what_is_a_command(code: str) -> None:
    try:
        transformed = TransformerManager().transform_cell(code)
        compile(transformed, "cell", "exec")
    except SyntaxError:
        # IPython runs nothing of such a cell.
        return
    # A help request runs nothing; inside open brackets IPython takes the last line for one and drops the rest.
    runs = bool(re.search(r"get_ipython\(\)\.(?!run_line_magic\('pinfo2?')", transformed))
    commands = [language for language, _ in parts(code) if language != "help"]
    assert commands or "%time" in code or not runs, transformed
    assert runs or not commands, transformed


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_parts_inside_the_cell(code: str) -> None:
    for one in segments(code):
        assert 1 <= one.line <= one.end_line <= code.count("\n") + 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%time !ls", [("shell", "ls")]),
        ("%timeit -n1 -r1 !ls", [("shell", "ls")]),
        ("%timeit %sx ls", [("shell", "ls")]),
        ("%time %timeit !ls", [("shell", "ls")]),
        ("%time rm -r x", [("shell", "rm -r x")]),
        ("%time x = !ls", [("shell", "ls")]),
        ("a = 1\n%time !ls\n!pwd", [("shell", "ls"), ("shell", "pwd")]),
        ("   !ls\n   a = 1", [("shell", "ls")]),
        ("\x0c!ls", [("shell", "ls")]),
        ("%timeit len(x)", []),
    ],
)
def test_a_timed_or_indented_command_is_one(code: str, expected: list[tuple[str, str]]) -> None:
    assert parts(code) == expected


def test_commands_inside_timed_ones_stand_where_they_run() -> None:
    python, *others = segments("!pwd\n%time x = !ls\n!id")
    assert python.text.split("\n") == ["__segment__(1)", "x = __segment__(2)", "__segment__(3)"]
    assert [one.text for one in others] == ["pwd", "ls", "id"]


def test_what_python_would_warn_about_is_not_said() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parts("%time 1if x else 2") == []


def test_endless_timing_is_unread_and_ends() -> None:
    python, *_ = segments("%time " * 5_000 + "!ls")
    with pytest.raises(SyntaxError):
        compile(python.text, "cell", "exec")


def test_a_cell_that_is_indented_as_a_whole_keeps_its_places() -> None:
    python, shell = segments("    a = 1\n    !ls -la")
    assert python.text == "a = 1\n__segment__(1)"
    assert python.cut == (4, 4)
    assert (shell.line, shell.column, shell.end_column) == (2, 5, 11)
