"""Secrets made predictably, combinations without end, and objects that the session itself saved."""

from __future__ import annotations

import pytest

from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.terms import Cell, Effect, Kind, Origin, Reading


def read(*cells: str) -> Reading:
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    return [reader.read(Cell(cell, Origin.HUMAN)) for cell in cells][-1]


def noted(code: str) -> list[str]:
    return [one.detail for one in read(code).observations if one.what == "weak-random"]


def exhausts(code: str) -> list[Effect]:
    return [one for one in read(code).effects if one.kind is Kind.RESOURCE_EXHAUST]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import random\npassword = ''.join(random.choice('abc') for _ in range(8))", "password"),
        ("import random as r\nreset_token = r.getrandbits(128)", "reset_token"),
        ("from random import randint\nsession_id = str(randint(1, 9))", "session_id"),
        ("import numpy as np\nsecret_key = np.random.bytes(16)", "secret_key"),
        ("import random, string\ntoken = ''.join(random.choices(string.hexdigits, k=9))", "token"),
        ("import random\nself.salt = random.random()", "salt"),
        (
            "import random\ndef generate_password(n):\n    return [random.choice('ab') for _ in range(n)]",
            "generate_password",
        ),
    ],
)
def test_a_secret_from_numbers_that_can_be_guessed(code: str, name: str) -> None:
    assert noted(code) == [name]


@pytest.mark.parametrize(
    "code",
    [
        "import secrets\npassword = secrets.token_urlsafe()",
        "import random\npassword = ''.join(random.SystemRandom().choice('ab') for _ in range(8))",
        "import random\ntoken = random.choice(['the', 'a'])",
        "import random\ntokens = random.sample(words, 3)",
        "import random\nx = random.random()",
        "import random\nrandom.seed(4)",
        "password = input()",
        "random = Thing()\npassword = random.choice('ab')",
    ],
)
def test_other_numbers_are_left_alone(code: str) -> None:
    assert noted(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "import itertools\nlist(itertools.permutations(range(20)))",
        "from itertools import product\nx = [p for p in product('abcdefgh', repeat=30)]",
        "from itertools import combinations\nfor c in combinations(range(200), 20):\n    print(c)",
        "import itertools as it\nsorted(it.product(range(10**6), range(10**6)))",
    ],
)
def test_more_combinations_than_a_machine_can_go_through(code: str) -> None:
    (effect,) = exhausts(code)
    assert "giant" in effect.tags


@pytest.mark.parametrize(
    "code",
    [
        "import itertools\nlist(itertools.permutations('abcd'))",
        "from itertools import product\nnext(product('abcdefgh', repeat=30))",
        "from itertools import product\nfor p in product('abcdefgh', repeat=30):\n    if f(p):\n        break",
        "from itertools import product\nlist(product(xs, ys))",
        "from itertools import product\nlist(product('ab', repeat=n))",
    ],
)
def test_few_or_as_many_as_are_asked_for(code: str) -> None:
    assert exhausts(code) == []


def loads(*cells: str) -> bool:
    return any("deserialise" in one.tags and "self-made" not in one.tags for one in read(*cells).effects)


def test_what_the_session_saved_it_may_load() -> None:
    assert not loads("import torch\ntorch.save(m, 'm.pt')", "m = torch.load('m.pt')")
    assert not loads("import numpy as np\nnp.save('a.npy', x)\nnp.load('a.npy', allow_pickle=True)")


def test_what_anything_else_wrote_it_may_not() -> None:
    assert loads("import torch\nm = torch.load('m.pt')")
    assert loads("import torch\ntorch.save(m, 'm.pt')", "open('m.pt', 'wb').write(data)", "m = torch.load('m.pt')")
    assert loads("import torch\ntorch.save(m, 'a.pt')", "m = torch.load('m.pt')")


@pytest.mark.parametrize(
    ("code", "destroys"),
    [
        ("df = source.fetch('x')\ndf.drop('a', axis=1)", False),
        ("df = source.fetch('x')\ndf.drop(columns=['a'])", False),
        ("df = source.fetch('x')\ndf.drop(['a'])", False),
        ("db = source.fetch('x')\ndb.users.drop()", True),
        ("t = Table('x', meta)\nt.drop(engine)", True),
    ],
)
def test_a_drop_of_labels_is_no_drop_of_a_table(code: str, destroys: bool) -> None:
    assert (Kind.DATA_DESTROY in {one.kind for one in read(code).effects}) == destroys


@pytest.mark.parametrize(
    "script",
    ["Jupyter.notebook.kernel.execute('x')", "IPython.notebook.execute_all_cells()", "fetch('/api/kernels')"],
)
def test_a_script_that_drives_the_kernel(script: str) -> None:
    (effect,) = read(f"from IPython.display import Javascript\nJavascript({script!r})").effects
    assert (effect.kind, effect.tags) == (Kind.PAGE_SCRIPT, {"alters-guarded-state"})
