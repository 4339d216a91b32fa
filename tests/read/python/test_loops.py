"""Loops are read as often as it takes to see what a later pass meets, and no oftener."""

from __future__ import annotations

import gc

import pytest

from jupyter_guard.read.python import loops
from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.terms import Cell, Kind, Reading

LATE = {
    "a name that the end of the body rebinds": "f = print\nfor x in xs:\n    f('/etc/hosts')\n    f = os.remove",
    "the same in a while": "f = print\nwhile go():\n    f('/etc/hosts')\n    f = os.remove",
    "a list that grows": "fs = []\nfor x in xs:\n    for f in fs:\n        f('/etc/hosts')\n    fs.append(os.remove)",
    "an item by number": "fs = [print, len, os.remove]\nfor i in range(3):\n    fs[i]('/etc/hosts')",
    "the number of an item": "d = {0: print, 1: len, 2: os.remove}\nfor i in [0, 1, 2]:\n    f = d[i]\n    f('/etc/hosts')",
    "a sum of parts": "p = ''\nfor c in [47, 101, 116, 99]:\n    p = p + chr(c)\nos.remove(p)",
    "a name bound in a branch": "for i in [0, 1, 2]:\n    if i == 2:\n        g('/etc/hosts')\n    g = os.remove",
    "a name put in place by a function": (
        "g = print\ndef turn():\n    global g\n    g = os.remove\nfor x in xs:\n    g('/etc/hosts')\n    turn()"
    ),
    "an attribute": "class A: pass\na = A()\na.f = print\nfor x in xs:\n    a.f('/etc/hosts')\n    a.f = os.remove",
    "an attribute of a module": "for x in xs:\n    np.load('/etc/hosts')\n    np.load = os.remove",
    "a name that a function reads": "g = print\ndef call():\n    g('/etc/hosts')\nfor x in xs:\n    call()\n    g = os.remove",
    "a name that a function's function reads": (
        "g = print\ndef inner(): g('/etc/hosts')\ndef call(): inner()\nfor x in xs:\n    call()\n    g = os.remove"
    ),
    "a name that a method reads": (
        "g = print\nclass A:\n    def call(self): g('/etc/hosts')\na = A()\nfor x in xs:\n    a.call()\n    g = os.remove"
    ),
    "a name that a lambda reads": "g = print\ncall = lambda: g('/etc/hosts')\nfor x in xs:\n    call()\n    g = os.remove",
    "a name looked up by its text": (
        "g = print\ndef call(): globals()['g']('/etc/hosts')\nfor x in xs:\n    call()\n    g = os.remove"
    ),
    "a function that is another meanwhile": (
        "def call(p): pass\ndef bad(p): os.remove(p)\nfor x in xs:\n    call('/etc/hosts')\n    call = bad"
    ),
    "an argument that is another meanwhile": (
        "def call(f): f('/etc/hosts')\nf = print\nfor x in xs:\n    call(f)\n    f = os.remove"
    ),
    "the loop's own number, read by a function": (
        "fs = [print, len, os.remove]\ndef call(): fs[i]('/etc/hosts')\nfor i in range(3):\n    call()"
    ),
    "a number that a function is given": (
        "def call(i):\n    if i == 2: os.remove('/etc/hosts')\nfor i in range(3):\n    call(i)"
    ),
    "a name that an inner loop binds": (
        "g = print\nfor i in range(9):\n    for h in ys:\n        g('/etc/hosts')\n        g = os.remove"
    ),
    "a name that an inner loop may not bind": (
        "g = print\nfor i in range(9):\n    for h in ys:\n        k = print\n    g('/etc/hosts')\n    g = os.remove"
    ),
    "a name bound in one branch only": (
        "g = print\nfor x in xs:\n    if x:\n        g = len\n    g('/etc/hosts')\n    g = os.remove"
    ),
    "what one number picks": ("for i in range(9):\n    f = os.remove if i == 3 else print\n    f('/etc/hosts')"),
    "what one number leaves": (
        "g = os.remove\nfor i in range(9):\n    f = g\n    if i != 3:\n        f = print\n    f('/etc/hosts')"
    ),
    "what one number lets through": (
        "for i in range(9):\n    for f in [os.remove for j in range(1) if i == 3]:\n        f('/etc/hosts')"
    ),
    "a sum that starts with nothing": (
        "n = 0\nfs = [print, len, print, os.remove]\nfor i in range(3):\n    n = n + i\nfs[n]('/etc/hosts')"
    ),
    "what takes three passes": (
        "f = g = h = print\nfor i in range(9):\n    f('/etc/hosts')\n    f = g\n    g = h\n    h = os.remove"
    ),
    "two targets": "f, g = print, len\nfor x in xs:\n    f('/etc/hosts')\n    f, g = g, os.remove\n    f = g",
}


def read(code: str) -> Reading:
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    return reader.read(Cell(f"import os\n{code}"))


@pytest.mark.parametrize("code", LATE.values(), ids=LATE.keys())
def test_what_only_a_later_pass_does_is_found(code: str) -> None:
    assert Kind.FILE_DELETE in {one.kind for one in read(code).effects}, read(code).effects


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("for x in xs:\n    y = np.sqrt(x)\n    ax.plot(x, y)", 1),
        ("for x in xs:\n    y = y + x\n    ax.plot(x, y)", 2),
        ("for i in range(50):\n    y = np.sqrt(i)\n    ax.plot(i, y)", 2),
        ("for i in range(50):\n    for j in ys:\n        ax[i, j].plot(i, j)", 2),
        ("for i in range(50):\n    X = np.concatenate([X, i])", 3),
        ("def f(i):\n    return np.sqrt(i)\nfor x in xs:\n    ax.plot(f(x))", 1),
        ("def f(i):\n    return np.sqrt(i) + y\nfor x in xs:\n    y = f(x)", 2),
        ("y = 0\nfor i in range(5):\n    y = y + i", 5),
        ("for x in xs:\n    os.remove(x)", 2),
        ("while go():\n    y = np.sqrt(x)", 1),
    ],
)
def test_a_pass_that_could_say_nothing_new_is_left_out(code: str, passes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = []
    execute = loops.statements.execute

    def counted(run: object, body: object) -> None:
        bodies.append(body)
        execute(run, body)  # type: ignore[arg-type]

    monkeypatch.setattr(loops.statements, "execute", counted)
    read(code)
    # The cell's own statements and what follows a loop are executed by the same function.
    assert max(sum(one is body for one in bodies) for body in bodies if body) == passes


def test_a_cell_that_was_read_leaves_nothing_for_the_garbage_collector() -> None:
    cell = Cell("fig, ax = plt.subplots()\nfor x in xs:\n    ax.plot(x, [a for a in x])\nax.set_title(f'{x}')")
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    reader.read(cell)
    gc.collect()
    gc.disable()
    try:
        reader.read(cell)
        assert gc.collect() == 0
    finally:
        gc.enable()
