from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.read.salvage import salvage


def calls(text: str) -> list[tuple[str, int]]:
    found = salvage(text)
    assert found is not None
    tree = ast.parse(found.text)
    return [
        (ast.unparse(node.func), node.lineno - found.shift) for node in ast.walk(tree) if isinstance(node, ast.Call)
    ]


@pytest.mark.parametrize(
    ("text", "call", "line"),
    [
        ("        run(x)\n    y = 1\nz = 2", "run", 1),
        ("    a = 1\n\ndef f():\n    run(a)", "run", 4),
        ("print 'a'\nrun(1)", "run", 2),
        ("print 'a', f(3)", "print", 1),
        ("exec code in scope", "exec", 1),
        ("try:\n    run(1)\nexcept ValueError, e:\n    pass", "run", 2),
        ("if a:\n    run(1)\nelse:", "run", 2),
        ("else:\n    run(1)", "run", 2),
        ("try:\n    run(1)", "run", 2),
        ("run(1)\nb = (2,\n", "run", 1),
        ("half a sentence\nrun(1)", "run", 2),
        ("if a:\n\trun(1)\n        b()", "run", 2),
        ("def f(:\n    run(1)", "run", 2),
        ("    def f(self):\n        return run(self.x)", "run", 2),
        ("run(\n    a,\n    [b,\n     {'c': d", "run", 1),
        ("if a:\n    x = run(f(\n        1) +", "run", 2),
        ("run(a, '''select\n  1\n  from", "run", 1),
        ("run('a", "run", 1),
        ("run(f'{a}", "run", 1),
        ('What it is\n and gives.\n"""\nb = 1\nrun(b)', "run", 5),
        ('    What it is\n    """\n    run(1)\n\ndef g():\n    """\n    And this?', "run", 3),
        ('"""\nb = 1\nrun(b)\nc = 2', "run", 3),
    ],
)
def test_what_can_be_read_is_kept_in_its_place(text: str, call: str, line: int) -> None:
    assert (call, line) in calls(text)


def test_a_string_that_is_cut_off_takes_no_code_with_it() -> None:
    assert calls("run(1)\ndef f():\n    '''Gives\n    one of f(x)") == [("run", 1)]


def test_a_backtick_in_a_text_is_no_python_2() -> None:
    found = salvage("print 'a'\nrun('SHOW `%s`' % a)")
    assert found is not None
    assert "'SHOW `%s`'" in found.text


def test_lines_left_out_are_named() -> None:
    found = salvage("half a sentence\nrun(1)")
    assert found is not None
    assert found.lost == (1,)


@pytest.mark.parametrize("text", ["", "\0", "this is no code (", "x\n" * 5000])
def test_nothing_to_keep(text: str) -> None:
    assert salvage(text) is None


@given(st.text(alphabet="abc():\"'#\n\t =[]{}.,\\0123printexcf", max_size=200))
def test_never_raises_and_what_it_gives_parses(text: str) -> None:
    found = salvage(text)
    if found is not None:
        ast.parse(found.text)
        assert len(found.text.split("\n")) - found.shift == len(text.split("\n"))
