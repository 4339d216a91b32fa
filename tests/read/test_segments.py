"""A cell's parts, and agreement with IPython itself on which lines are commands."""

from __future__ import annotations

import re

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
