"""What the cells of a session would do, known from the cells before; and that no text is too much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.read import SessionReader
from jupyter_guard.terms import Cell, Certainty, Effect, Kind, Origin, Reading, Scope


def read(*cells: str, origin: Origin = Origin.HUMAN) -> Reading:
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    readings = [reader.read(Cell(cell, origin)) for cell in cells]
    return readings[-1]


def only(reading: Reading, kind: Kind) -> Effect:
    (effect,) = [one for one in reading.effects if one.kind is kind]
    return effect


@pytest.mark.parametrize(
    "cells",
    [
        ["import shutil\nshutil.rmtree('/srv/x')"],
        ["import shutil as s\ns.rmtree('/srv/x')"],
        ["from shutil import rmtree as tidy\ntidy('/srv/x')"],
        ["from shutil import *\nrmtree('/srv/x')"],
        ["import shutil\nops = {'t': shutil.rmtree}\nops['t']('/srv/x')"],
        ["import shutil\nops = [print, shutil.rmtree]\nops[1]('/srv/x')"],
        ["import shutil, functools\nf = functools.partial(shutil.rmtree, '/srv/x')\nf()"],
        ["import shutil\n(lambda f, p: f(p))(shutil.rmtree, '/srv/x')"],
        ["import shutil\nclass T:\n    go = staticmethod(shutil.rmtree)\nT().go('/srv/x')"],
        [
            "import shutil\nclass T:\n    def __init__(self, p):\n        self.p = p",
            "class U(T):\n    def go(self):\n        shutil.rmtree(self.p)",
            "U('/srv/x').go()",
        ],
        ["import shutil", "run = shutil.rmtree", "base = '/srv'", "run(base + '/x')"],
        ["import shutil\ndef tidy(where='/srv/x', how=shutil.rmtree):\n    how(where)", "tidy()"],
        ["import shutil\nif x:\n    f = shutil.rmtree\nelse:\n    f = print\nf('/srv/x')"],
        ["import shutil\n[shutil.rmtree(p) for p in ['/srv/x']]"],
        ["import shutil\nfor p in ('/srv/x',):\n    shutil.rmtree(p)"],
        ["import shutil\nlist(map(shutil.rmtree, ['/srv/x']))"],
        ["import shutil\n(f := shutil.rmtree)('/srv/x')"],
        ["import shutil\nasync def f():\n    shutil.rmtree('/srv/x')\nawait f()"],
        ["import shutil\nmatch 1:\n    case 1:\n        shutil.rmtree('/srv/x')"],
        ["import importlib\nimportlib.import_module('shutil').rmtree('/srv/x')"],
        ["getattr(__import__('shu' + 'til'), 'rm' + 'tree')('/srv/x')"],
        ["import shutil\nvars(shutil)['rmtree']('/srv/x')"],
        ["import shutil, operator\noperator.attrgetter('rmtree')(shutil)('/srv/x')"],
        ["import sys, shutil\nsys.modules['shutil'].rmtree('/srv/x')"],
        ["import shutil, base64\nshutil.rmtree(base64.b64decode('L3Nydi94').decode())"],
        ["import shutil, os\nshutil.rmtree(os.path.join('/srv', 'x'))"],
        ["import shutil\nfrom pathlib import Path\nshutil.rmtree(Path('/srv') / 'x')"],
        ["exec('import shutil; shutil.rmtree(\"/srv/x\")')"],
    ],
    ids=lambda cells: cells[-1].replace("\n", "; ")[:50],
)
def test_one_effect_however_it_is_written(cells: list[str]) -> None:
    effect = only(read(*cells), Kind.FILE_DELETE)
    assert (effect.target, effect.scope) == ("/srv/x", Scope.SYSTEM)
    assert effect.via == "shutil.rmtree"
    assert "recursive" in effect.tags


@pytest.mark.parametrize(
    "cells",
    [
        ["def rmtree(p):\n    return p", "rmtree('/srv/x')"],
        ["import shutil\nrmtree = shutil.rmtree", "rmtree = print", "rmtree('/srv/x')"],
        ["print('shutil.rmtree(\"/srv/x\")')"],
        ["# shutil.rmtree('/srv/x')"],
        ["model.eval()\ndf = df.drop(columns=['a'])\ndf.truncate(before=3)"],
        ["import shutil\nshutil.copy('a', 'b')"],
    ],
    ids=lambda cells: cells[-1].replace("\n", "; ")[:50],
)
def test_what_only_looks_like_it(cells: list[str]) -> None:
    kinds = {one.kind for one in read(*cells).effects}
    assert not kinds & {Kind.FILE_DELETE, Kind.DATA_DESTROY, Kind.CODE_EXECUTE}


def test_an_author_travels_with_a_definition() -> None:
    reader = SessionReader()
    reader.read(Cell("import shutil\ndef tidy(p):\n    shutil.rmtree(p)", Origin.ASSISTANT))
    reading = reader.read(Cell("tidy('/srv/x')", Origin.HUMAN))
    effect = only(reading, Kind.FILE_DELETE)
    assert effect.origin is Origin.ASSISTANT
    assert (effect.span.line, effect.span.column) == (1, 0)


def test_a_cell_that_did_not_run_is_forgotten() -> None:
    reader = SessionReader()
    reader.read(Cell("import shutil\ntidy = print"))
    reader.read(Cell("tidy = shutil.rmtree"))
    reader.forget_last()
    assert not reader.read(Cell("tidy('/srv/x')")).effects


def test_a_function_that_nothing_calls_is_a_possibility() -> None:
    effect = only(read("import shutil\ndef tidy():\n    shutil.rmtree('/srv/x')"), Kind.FILE_DELETE)
    assert effect.certainty is Certainty.UNKNOWN
    assert "possible" in effect.tags


def test_where_text_comes_from() -> None:
    reading = read("import requests\nbody = requests.get('http://x.test/p').text", "exec(body)")
    assert "from:network" in only(reading, Kind.CODE_EXECUTE).tags


def test_spans_count_characters_and_lines_of_the_cell() -> None:
    effect = only(read("import os\n\nä = 'é'; os.remove('/srv/x')"), Kind.FILE_DELETE)
    assert (effect.span.line, effect.span.column, effect.span.end_column) == (3, 9, 28)


def test_a_directory_that_the_code_made_is_its_own() -> None:
    effect = only(read("import tempfile, shutil\nd = tempfile.mkdtemp()\nshutil.rmtree(d)"), Kind.FILE_DELETE)
    assert "self-made" in effect.tags


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(:\n  pass", "does not parse"),
        ("x = 1\0", "null byte"),
        ("(" * 10_000 + ")" * 10_000, "nest"),
        ("print 'python 2'", "does not parse"),
    ],
)
def test_what_cannot_be_read_says_so(code: str, reason: str) -> None:
    reading = read(code)
    assert only(reading, Kind.UNREAD)
    assert reason in reading.problems[0]


@pytest.mark.parametrize(
    "code",
    [
        "x = '\ud800'",
        "x = '" + "a" * 5_000_000 + "'",
        "not " * 5_000 + "x",
        "x" + ".a" * 20_000,
        "x = " + "+".join(["1"] * 20_000),
        "f" + "()" * 5_000,
        "'%1000000000d' % 1\n'{:1000000000}'.format(1)\nf'{1:1000000000}'",
        "x = 'a' * 10**12\ny = 9**9**9",
        "def f(x): return f(x)\nf(f(f(1)))",
        "x = []\nx.append(x)\nprint(x)",
        "class A: pass\nA.__class__ = A\na = A()\na.x = a\na.x.x.x()",
        "d = {}\nd['d'] = d\nd['d']['d']()",
        "\n".join(f"x{i} = x{i - 1} + x{i - 1}" for i in range(1, 200)),
    ],
    ids=range(13),
)
def test_no_text_is_too_much(code: str) -> None:
    assert isinstance(read("x0 = 'ab'", code), Reading)


def test_the_work_is_counted_and_not_timed() -> None:
    many = "\n".join(
        ["for a in range(9):", *(" " * i + f" for b{i} in range(9):" for i in range(1, 15)), " " * 16 + "f()"]
    )
    functions = "\n".join(f"def f{i}():\n    f{i + 1}(); f{i + 1}(); f{i + 1}()" for i in range(14)) + "\nf0()"
    for code in (many, functions):
        assert read(code) == read(code)


SNIPPETS = st.sampled_from(
    [
        *("import os", "os.system(x)", "x = 1", "def f(a, *b, **c):", "    return a", "f(x)", "class A:", "    x = f"),
        *("for i in x:", "    x[i]()", "!ls {x}", "%time f(x)", "%%bash", "x?", "try:", "except:", "with x as y:"),
        *("    pass", "lambda: x", "x = y = {x: [*x], **x}", "(yield)", "await x", "x.a.b[1:2](x)", "'''", "\\"),
        *("f'{x!r:>{x}}'", "\t", "é"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(SNIPPETS | st.text(max_size=12), max_size=12).map("\n".join), max_size=4))
def test_any_cells_can_be_read(cells: list[str]) -> None:
    reader = SessionReader()
    for cell in cells:
        reading = reader.read(Cell(cell))
        lines = cell.split("\n")
        for effect in reading.effects:
            assert 1 <= effect.span.line <= effect.span.end_line <= len(lines)


def nested_loops(depth: int) -> str:
    loops = ["    " * level + f"for n{level} in range(n):" for level in range(depth)]
    body = "    " * depth
    return "\n".join(["import os", "path = 'a'", *loops, f"{body}os.remove(path)", f"{body}path = '/etc/hosts'"])


def test_what_a_loops_end_leaves_behind_meets_its_start_however_deep() -> None:
    targets = {one.target for one in read(nested_loops(6)).effects if one.kind is Kind.FILE_DELETE}
    assert "/etc/hosts" in targets


def test_depth_of_loops_does_not_double_the_work() -> None:
    # Read twice at each of its levels, this alone would be beyond any cell's budget.
    reading = read(nested_loops(19))
    assert Kind.UNREAD not in {one.kind for one in reading.effects}


def test_a_name_that_was_looked_up_before_it_was_taught_is_looked_up_again() -> None:
    from jupyter_guard.knowledge import parse_entries

    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    cell = Cell("import acme\nacme.client.purge('orders')", Origin.HUMAN)
    assert Kind.FILE_DELETE not in {one.kind for one in reader.read(cell).effects}
    entries, _ = parse_entries({"acme.client.purge": {"does": "file.delete", "target": "arg:0"}}, "policy.toml")
    reader.learn(entries)
    assert Kind.FILE_DELETE in {one.kind for one in reader.read(cell).effects}


def test_a_finding_in_an_indented_cell_stands_where_it_is_written() -> None:
    effect = only(read("    import os\n    os.remove('/etc/hosts')"), Kind.FILE_DELETE)
    assert (effect.span.line, effect.span.column, effect.span.end_column) == (2, 4, 27)
