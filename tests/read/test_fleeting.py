"""What only looks at things leaves nothing behind; everything else may."""

from __future__ import annotations

import pytest

from jupyter_guard.read import SessionReader
from jupyter_guard.terms import Cell

LOOKING = (
    "pass",
    "x",
    "print(1, 'a')",
    "df.shape",
    "x[1:2] + 1 if x else [y, (z,)]",
    "f'{x!r}'",
    "len(x) < 3 and not y",
)
LASTING = (
    "x = 1", "del x", "import os", "f(x)", "x.append(1)", "(y := 1)", "for x in y: pass", "def f(): pass", "!ls", "%pwd",
    "x += 1", "[i for i in x]", "lambda: 1", "await x", "print(x, file=f)", "with x: pass", "x.y = 1", "x?", "1 +",
)  # fmt: skip


@pytest.mark.parametrize("code", LOOKING)
def test_looking_leaves_nothing(code: str) -> None:
    assert not SessionReader().read(Cell(code)).lasting


@pytest.mark.parametrize("code", LASTING)
def test_the_rest_may_leave_something(code: str) -> None:
    assert SessionReader().read(Cell(code)).lasting


def test_a_builtin_that_was_bound_anew_is_none() -> None:
    reader = SessionReader()
    assert not reader.read(Cell("print(x)")).lasting
    reader.read(Cell("import os\nprint = os.system"))
    assert reader.read(Cell("print(x)")).lasting
