"""What makes cells hard to read is counted, each count by examples that have it and that lack it."""

from __future__ import annotations

import sys

import pytest

from jupyter_guard.evaluate.legibility import Legibility, cognitive_complexity, legibility, parses
from jupyter_guard.terms import Cell


def counts(*codes: str) -> list[Legibility | None]:
    return legibility([Cell(code) for code in codes])


def last(*codes: str) -> Legibility:
    found = counts(*codes)[-1]
    assert found is not None
    return found


def test_lines_and_statements_are_of_code() -> None:
    found = last("# first\n\nx = 1  # one\nif x:\n    y = 2\n\n!ls\n%time z = 3\n")
    assert (found.lines, found.statements) == (5, 6)


@pytest.mark.parametrize(
    "code", ["", "# only this", "%matplotlib inline\n!ls", "%%bash\nls", "def (", "x = '" + "a" * 10]
)
def test_what_is_no_python_has_no_counts(code: str) -> None:
    assert counts(code) == [None]


def test_other_languages_have_no_counts_and_do_parse() -> None:
    cell = Cell("SELECT FROM WHERE", language="sql")
    assert legibility([cell]) == [None]
    assert parses(cell)
    assert parses(Cell("%%bash\nfor"))
    assert not parses(Cell("def ("))


@pytest.mark.parametrize(
    ("code", "nesting"),
    [
        ("x = 1", 0),
        ("if a:\n    b\nelif c:\n    d\nelif e:\n    f", 1),
        ("if a:\n    b\nelse:\n    if c:\n        d\n    e", 2),
        ("def f():\n    with a:\n        for b in c:\n            pass", 3),
        ("try:\n    a\nexcept E:\n    while b:\n        c", 2),
    ],
)
def test_nesting(code: str, nesting: int) -> None:
    assert last(code).nesting == nesting


@pytest.mark.parametrize(
    ("code", "length"),
    [("x = 1", 0), ("f(x)", 1), ("f(g(h(x)))", 1), ("df.a().b[0].c.d()", 2), ("open(p).read().split()", 3)],
)
def test_chain_length(code: str, length: int) -> None:
    assert last(code).chain_length == length


@pytest.mark.parametrize(
    ("code", "names", "poor"),
    [
        ("prices = load()\nmean_price = prices.mean()", 2, 0),
        ("q = load()\ndf2 = q.copy()\ntmp = 1", 3, 3),
        # Usual ones, loops, functions of one line.
        ("X, y = split(data)\nfor a in b:\n    c = [d for d in a]\nf = lambda e: e", 7, 2),
        ("def area(r):\n    return r", 2, 1),
    ],
)
def test_names_that_say_nothing(code: str, names: int, poor: int) -> None:
    found = last(code)
    assert (found.names, found.poor_names) == (names, poor)


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("window = 30\nsizes = [16, -32]\nlimits = {'low': 0.3}", 0),
        ("plot(x, figsize=(12, 8), bins=40)\ndef f(window=30): ...", 0),
        ("x[37], x[:5], x - 1, x / 2, 100 * x", 0),
        ("x = y * 86400", 1),
        ("if x > 0.35 and f(17): ...", 2),
        ("flag = x == True", 0),
    ],
)
def test_numbers_without_a_name(code: str, count: int) -> None:
    assert last(code).unexplained_literals == count


def test_names_that_no_cell_above_defines() -> None:
    first, second, third = counts(
        "import pandas as pd\ntable = pd.concat(parts)\nprint(total, len(table), __name__, In[0])",
        "def f(a):\n    global total\n    total = a + later\n    return total",
        "later = 1\nparts = []\nf(later)",
    )
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.undefined_names, first.hidden_state) == (2, 2)
    assert (second.undefined_names, second.hidden_state) == (1, 1)
    assert (third.undefined_names, third.hidden_state) == (0, 0)


@pytest.mark.parametrize("opens", ["from numpy import *", "%run setup.py", "%pylab", "%store -r"])
def test_where_anything_may_be_defined_nothing_counts_as_undefined(opens: str) -> None:
    assert last("x = 1", "unknown + x").undefined_names == 1
    assert last(opens + "\nx = 1", "unknown + x").undefined_names == 0


def test_magics_define_names_too() -> None:
    assert last("files = !ls\n%time n = 3", "len(files) + n").undefined_names == 0
    assert last("%%capture log\nprint(1)", "log.show()").undefined_names == 0


def test_a_run_of_statements_that_was_there_before() -> None:
    plot = "fig, ax = plt.subplots()\nax.plot(x)\nplt.show()\n"
    assert last(plot, "y = 1\n" + plot.replace("ax.plot(x)", "ax.plot( x )  # again")).repeated_statements == 3
    assert last(plot, plot.replace("ax.plot(x)", "ax.plot(y)")).repeated_statements == 0
    assert last("import a\nimport b", "import a\nimport b").repeated_statements == 0
    assert (
        last(
            f"for i in a:\n    f(i)\n    g(i)\n    h(i)\n{plot}", "for i in b:\n    f(i)\n    g(i)\n    h(i)"
        ).repeated_statements
        == 3
    )


def test_cognitive_complexity_is_of_the_whole_cell() -> None:
    pytest.importorskip("complexipy", reason="pip install 'jupyter_guard[evaluate]'")
    # G. A. Campbell's white paper: 1 for `for`, 2 for the `if` in it, 1 for `and`; 1 in the function.
    code = "for a in b:\n    if a and c:\n        d\ndef f(x):\n    if x:\n        return x\n"
    assert cognitive_complexity(code) == 5
    assert last("%matplotlib inline\n" + code + "!ls").cognitive_complexity == 5
    assert cognitive_complexity("for a in b:  # complexipy: ignore\n    if a:\n        c") == 3


@pytest.mark.parametrize(
    "code",
    [
        "(" * 10_000,
        "-" * 100_000 + "1",
        "x = '" + "a" * 1_000_000 + "'",
        "x = " + "+".join("1" * 20_000),
        "\0",
        "\ud800",
    ],
)
def test_any_text_is_counted_or_not(code: str) -> None:
    before = sys.getrecursionlimit()
    assert len(counts(code, code)) == 2
    assert sys.getrecursionlimit() == before
