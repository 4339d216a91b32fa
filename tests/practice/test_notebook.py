"""How the cells of a notebook are written: what the rules that are asked apart find, and where they stay quiet."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.evaluate.legibility import legibility
from jupyter_guard.guard.practising import practised
from jupyter_guard.guard.session import Session
from jupyter_guard.policy import Policy
from jupyter_guard.practice.complexity import ways
from jupyter_guard.practice.names import cell_names, left_by_later
from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Cell, Finding, Origin, Report, Span, Verdict


def reports(*cells: str, policy: Policy | None = None, origin: str = "assistant") -> tuple[Report, ...]:
    session = Session(policy or "personal", origin=origin, workspace="/srv/work")
    return practised([session.vet(cell) for cell in cells], session.policy)


def cell(code: str) -> Cell:
    return Cell(code, Origin.ASSISTANT)


def found(*cells: str, policy: Policy | None = None) -> list[tuple[int, str, str]]:
    return [
        (at, one.rule, one.message)
        for at, report in enumerate(reports(*cells, policy=policy), 1)
        for one in report.findings
        if one.family == "practice"
    ]


def test_a_notebook_in_disorder() -> None:
    cells = ["from numpy import *\n%matplotlib inline", "x = 1", "y = df.mean()  # any name may be numpy's"]
    assert [one[:2] for one in found(*cells)] == [(1, "JG907")]
    cells = ["import numpy as np", "y = np.mean(df[cols])", "df = np.ones(3)", "z = y + gone"]
    assert found(*cells) == [
        (2, "JG911", "uses `df`, which only a cell below defines"),
        (2, "JG910", "uses `cols`, which no cell above defines"),
        (4, "JG910", "uses `gone`, which no cell above defines"),
    ]


@pytest.mark.parametrize(
    "cells",
    [
        ("def f():\n    return later + 1", "later = 2", "f()"),
        ("rows = [x for x in range(3)]", "sum(rows)"),
        ("%run setup.py", "anything"),
        ("%%capture said\nprint(1)", "said.show()"),
        ("files = !ls", "len(files)"),
        ("%%bash\necho $HOME", "In[1], _, get_ipython()"),
        ("%%capture said --no-stderr\nprint(1)", "said.show()"),
        ("%%bash --out out --err=err\nls", "out, err"),
        ("%%time\n%%script bash --proc one\nls", "one"),
        ("%%bigquery df --project acme\nSELECT 1", "df"),
        ("%%R -i y -o fit,res\nfit <- lm(y ~ 1)", "fit, res"),
        ("%R -o fit fit <- 1", "fit"),
        ("%%sql rows <<\nSELECT 1", "rows"),
        ("%%cython -a\ncpdef int twice(int x): return 2 * x", "twice(2)"),
        ("%%acme_stage\nanything", "whatever"),
        ("x = (", "x"),
        ("SELECT broken FROM", "x = 1"),
    ],
)
def test_names_that_somebody_binds_are_no_finding(cells: tuple[str, ...]) -> None:
    assert found(*cells) == []


@pytest.mark.parametrize("magic", ["%%html", "%%bash", "%%writefile a.py", "%%latex", "%%bigquery df", "%%R -o df"])
def test_a_magic_binds_no_more_than_it_says(magic: str) -> None:
    assert found(f"{magic}\nx", "gone") == [(2, "JG910", "uses `gone`, which no cell above defines")]
    counts = [one.undefined_names for one in legibility([cell(f"{magic}\nx"), cell("gone")]) if one is not None]
    assert counts[-1] == 1


def test_a_magic_that_binds_comes_too_late() -> None:
    assert found("df", "%%bigquery df\nSELECT 1") == [(1, "JG911", "uses `df`, which only a cell below defines")]


@pytest.mark.parametrize("above", ["x = (", "%%cython\nx", "%run setup.py", "%%bigquery gone\nSELECT 1"])
def test_the_measure_of_undefined_names_knows_them_too(above: str) -> None:
    assert [one.undefined_names for one in legibility([cell(above), cell("gone")]) if one is not None][-1:] == [0]


@pytest.mark.parametrize("code", ["g = [total for _ in 'ab']", "class A:\n    b = total"])
def test_what_is_used_at_once_must_be_there(code: str) -> None:
    assert found(code, "total = 1") == [(1, "JG911", "uses `total`, which only a cell below defines")]


@pytest.mark.parametrize(
    ("cells", "waits"),
    [
        (("import requests as r\nr.get(u)",), True),
        (("from requests import get as fetch", "fetch(u)"), True),
        (("import requests\nrequests.get(u, timeout=(3, 9))",), False),
        (("import requests\nrequests.get(u, timeout=None)",), True),
        (("import urllib.request\nurllib.request.urlopen(u, None, 5)",), False),
        (("import urllib.request\nurllib.request.urlopen(u, None)",), True),
        (("import socket\nsocket.create_connection(('h', 1), 3)",), False),
        (("import requests\nrequests.get(*both)",), False),
        # A limit for sockets is none for requests, which sets its own: none.
        (("import socket, requests\nsocket.setdefaulttimeout(3)", "requests.get(u)"), True),
        (("import httpx\nhttpx.get(u)",), False),
    ],
)
def test_who_waits_without_an_end(cells: tuple[str, ...], waits: bool) -> None:
    assert ("JG908" in {rule for _, rule, _ in found(*cells)}) is waits


def test_places_are_those_of_the_cell_also_where_it_is_indented_and_not_ascii() -> None:
    (report,) = reports("  ü = 'ö'; p = '/home/ada/ü.csv'\n  !cp /home/ada/a.csv .")
    first, second = (one.span for one in report.findings if one.rule == "JG912")
    assert (first, second.line) == (Span(1, 15, 1, 32), 2)


def test_how_many_ways_are_too_many_is_the_policys() -> None:
    code = "for a in b:\n    if a or c:\n        d = [e for e in a if e]"
    policy = Policy.parse("version = 1\n[practice]\ncomplexity = 5\n")
    assert [one[1] for one in found("b = c = 1", code)] == []
    assert (2, "JG913", "the cell has 6 ways through it, more than 5") in found("b = c = 1", code, policy=policy)


def test_ways_by_hand() -> None:
    code = (
        "def f(x):\n    while x and x.y and x.z:\n        pass\n    try:\n        g = lambda: 1 if x else 2\n"
        "    except E:\n        pass\nmatch f(1):\n    case 1: pass\n    case _: pass\nassert f"
    )
    assert sorted((type(node).__name__, count) for node, count in ways(ast.parse(code))) == [
        ("FunctionDef", 5),
        ("Lambda", 2),
        ("Module", 2),
    ]


def test_notes_are_shown_and_stop_nothing_unless_the_policy_says_so() -> None:
    for preset in ("personal", "team", "locked"):
        for origin in ("human", "assistant"):
            (report,) = reports("from os import *\nx = 1", policy=Policy.preset(preset), origin=origin)
            assert ("JG907" in {one.rule for one in report.findings}, report.verdict) == (True, Verdict.ALLOW)
    strict = Policy.parse('version = 1\n[rules.JG907]\nverdict = "block"\n[rules.JG910]\ndisabled = true\n')
    (report,) = reports("from os import *", policy=strict)
    assert (report.verdict, report.would_be) == (Verdict.BLOCK, Verdict.BLOCK)
    assert found("gone", policy=strict) == []
    watching = Policy.parse('version = 1\nmode = "observe"\n[rules.JG907]\nverdict = "block"\n')
    (report,) = reports("from os import *", policy=watching)
    assert (report.verdict, report.would_be) == (Verdict.WARN, Verdict.BLOCK)


def test_a_comment_allows_a_finding_of_practice_too() -> None:
    policy = Policy.parse('version = 1\n[suppress]\norigins = ["human"]\n[rules.JG907]\nverdict = "confirm"\n')
    code = "from os import *  # guard: allow JG907 because it is a demonstration"
    (report,) = reports(code, policy=policy, origin="human")
    (one,) = report.findings
    assert (report.verdict, one.suppressed) == (Verdict.ALLOW, "it is a demonstration")


@given(st.lists(st.text(alphabet="ab=()\n .%!'[]:\\ü", max_size=40), max_size=4))
@settings(max_examples=80, deadline=None)
def test_whatever_the_cells_are_every_finding_has_a_place_in_them(cells: list[str]) -> None:
    for cell, report in zip(cells, reports(*cells), strict=True):
        lines = cell.split("\n")
        for one in report.findings:
            assert 1 <= one.span.line <= one.span.end_line <= len(lines)


def test_findings_say_why_and_what_instead() -> None:
    (report,) = reports("from os import *")
    one: Finding = report.findings[0]
    assert "Import the names" in one.instead
    assert one.why
    assert one.decided_by


DISORDER = ("rate = 1", "price = 100 * rate", "rate = 2", "import rates as rate", "%run other.py")


@pytest.mark.parametrize(
    ("cells", "counts", "finds"),
    [
        # The last one ran before the second: what that shows is not what running from the top gives.
        (DISORDER[:3], (1, 3, 2), [(2, "uses `rate`, which a cell below had changed before it ran")]),
        # An import in more than one cell is no state.
        ((DISORDER[3], DISORDER[1], DISORDER[3]), (1, 3, 2), []),
        ((DISORDER[0], DISORDER[1], f"{DISORDER[3]}\nrate = 2"), (1, 3, 2), [(2, "uses `rate`, which a cell below had changed before it ran")]),
        (DISORDER[:3], (1, 2, 3), []),
        # The first ran again in between.
        (DISORDER[:3], (2, 3, 1), []),
        # Something ran in between that is gone, or ran again since.
        (DISORDER[:3], (1, 4, 2), []),
        (DISORDER[:3], (4, 3, 1), []),
        # What never ran, and counts of two sessions.
        (DISORDER[:3], (1, 0, 2), []),
        (DISORDER[:3], (0, 0, 0), []),
        (DISORDER[:3], (1, 2, 1), []),
        # A cell that may bind anything ran in between.
        ((*DISORDER[:3], DISORDER[4]), (1, 4, 2, 3), []),
        # What only a function's body uses is looked up when somebody calls it.
        (("rate = 1", "def price():\n    return rate", "rate = 2"), (1, 3, 2), []),
        # The cell binds it itself.
        (("rate = 1", "rate = 3\nprint(rate)", "rate = 2"), (1, 3, 2), []),
    ],
)  # fmt: skip
def test_the_saved_counts_say_that_a_cell_ran_after_one_below(
    cells: tuple[str, ...], counts: tuple[int, ...], finds: list[tuple[int, str]]
) -> None:
    session = Session("personal", origin="human", workspace="/srv/work")
    judged = practised([session.vet(one) for one in cells], session.policy, counts=counts)
    said = [(at, one.message) for at, each in enumerate(judged, 1) for one in each.findings if one.rule == "JG911"]
    assert said == finds
    measured = legibility([Cell(one, Origin.HUMAN, executed=count) for one, count in zip(cells, counts, strict=True)])
    assert sum(one.hidden_state for one in measured if one is not None) == len(finds)


@given(st.lists(st.tuples(st.sampled_from(["x = 1", "x", "y = x", "y", "%run z", "("]), st.integers(0, 5)), max_size=6))
@settings(max_examples=80, deadline=None)
def test_a_notebook_that_ran_from_its_top_has_nothing_left_by_a_later_cell(made: list[tuple[str, int]]) -> None:
    cells = [cell for cell, _ in made]
    names = [cell_names(one, segments(one)) for one in cells]
    assert not any(left_by_later(names, list(range(1, len(cells) + 1))))
    for at, found in enumerate(left_by_later(names, [count for _, count in made])):
        # One above binds the name and one below does, or there is nothing to say.
        for name in found:
            assert any(name in one.bound for one in names[:at])
            assert any(name in one.bound for one in names[at + 1 :])
