"""Loops, generators and lists -> those that never end, or hold more than there is room for, are an effect."""

from __future__ import annotations

import pytest

from jupyter_guard.knowledge import Knowledge
from jupyter_guard.read import SessionReader
from jupyter_guard.terms import Cell, Kind, Origin

KNOWLEDGE = Knowledge.builtin()


def exhausts(*cells: str) -> bool:
    reader = SessionReader(KNOWLEDGE, workspace="/srv/work")
    found = [effect for code in cells for effect in reader.read(Cell(code, Origin.ASSISTANT)).effects]
    return any(effect.kind is Kind.RESOURCE_EXHAUST for effect in found)


@pytest.mark.parametrize(
    "code",
    [
        "n = 0\nwhile n >= 0:\n    x.append(n)\n    n += 1",
        "n = -1\nwhile n < 0:\n    n -= 1",
        "done = False\nwhile not done:\n    f()",
        "go, log = True, []\nwhile go:\n    log.append(1)",
        "while ready() or step >= 0:\n    step += 1",
        "import requests\nwhile True:\n    requests.get('https://a.example.com')",
        "import time\nwhile not time.sleep(0.1):\n    f()",
        "queue = ['a']\nfor one in queue:\n    queue.append(one + 'x')",
        "pages = ['a']\nadd = pages.append\nfor p in pages:\n    for k in '01':\n        add(p + k)",
        "queue = ['a']\ndef links(u):\n    return [u + k for k in '01']\nfor u in queue:\n    queue.extend(links(u))",
        "from itertools import count\nsum(1 / k**2 for k in count(1))",
        "from itertools import count\nlist(map(str, count()))",
        "from itertools import cycle\nmax(x for x in cycle([1, 2]))",
        "from itertools import count, chain\nset(chain([0], count()))",
        "rows = [(i, j) for i in range(20_000) for j in range(20_000)]",
        "for i in range(10**13):\n    f(i)",
    ],
)
def test_what_goes_on_without_end_is_an_effect(code: str) -> None:
    assert exhausts(code)


@pytest.mark.parametrize(
    "code",
    [
        "n = 10\nwhile n > 0:\n    n -= 1",
        "n = 0\nwhile n < 10:\n    n += 1",
        "todo = [1]\nwhile todo:\n    todo.pop()",
        "while len(xs) < 10:\n    xs.append(1)",
        "x = 5\nwhile x != 1:\n    x = x // 2 if x % 2 == 0 else 3 * x + 1",
        "changed = True\nwhile changed:\n    changed = False\n    for one in rows:\n        if one:\n            changed = True",
        "found = False\ndef f():\n    global found\n    found = True\nwhile not found:\n    f()",
        "import time\nrunning = True\nwhile running:\n    time.sleep(1)",
        "done = False\nwhile not done:\n    if f():\n        break",
        "queue = ['a']\nfor one in queue:\n    if wanted(one):\n        queue.append(one + 'x')",
        "pages = ['a', 'b']\nother = []\nfor p in pages:\n    other.append(p)",
        "pages = ['a']\nadd = pages.append\nfor p in pages:\n    if new(p):\n        add(p + 'x')",
        "from itertools import count\nnext(k for k in count(1) if k % 7 == 0)",
        "from itertools import count, islice\nlist(islice(count(), 5))",
        "from itertools import count\nlist(zip(count(), [1, 2]))",
        "from itertools import cycle\nfor k in cycle([1]):\n    if k:\n        break",
        "rows = [(i, j) for i in range(200) for j in range(200)]",
        "rows = [n for n in range(10**9) if n % 10**8 == 0]",
        "any(n > 5 for n in range(10**12))",
    ],
)
def test_what_ends_is_not(code: str) -> None:
    assert not exhausts(code)
