"""Calls that an organisation wants to be others: what they become, and where nothing is offered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.fix.replacing import replaced
from jupyter_guard.terms import Span


def rewritten(code: str, call: str) -> str | None:
    """The cell with the call of that text replaced."""
    at = code.index(call)
    line, column = code.count("\n", 0, at) + 1, at - (code.rfind("\n", 0, at) + 1)
    found = replaced(code, Span(line, column, line, column + len(call)), "acme.db.read")
    assert found is None or not found.safe
    return None if found is None else found.code


@pytest.mark.parametrize(
    ("code", "call", "after"),
    [
        ("x = pd.read_sql(q, c)  # all", "pd.read_sql(q, c)", "import acme.db\nx = acme.db.read(q, c)  # all"),
        ("import acme.db\nx = r(q)", "r(q)", "import acme.db\nx = acme.db.read(q)"),
        ("import acme\nx = r(q)", "r(q)", "import acme\nimport acme.db\nx = acme.db.read(q)"),
        ("%time 1\nü = 'ö'; x = r(q)", "r(q)", "%time 1\nimport acme.db\nü = 'ö'; x = acme.db.read(q)"),
        (
            "@cached\ndef f(q):\n    return r(q)",
            "r(q)",
            "import acme.db\n@cached\ndef f(q):\n    return acme.db.read(q)",
        ),
        ("x = r(r(q))", "r(q)", "import acme.db\nx = r(acme.db.read(q))"),
    ],
)
def test_a_call_is_replaced_and_its_module_imported(code: str, call: str, after: str) -> None:
    assert rewritten(code, call) == after


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("acme = 1\nx = r(q)", "r(q)"),
        ("import other as acme\nx = r(q)", "r(q)"),
        ("def f(acme):\n    return r(q)", "r(q)"),
        ("from x import acme\nr(q)", "r(q)"),
        ("x = r(q", "r(q"),
        ("x = rq", "rq"),
        ("  x = r(q)", "r(q)"),
        ("(r  # ours\n.s)(q); x = r(q)", "x"),
        ("%time r(q)", "r(q)"),
    ],
)
def test_where_it_is_not_exact_nothing_is_offered(code: str, call: str) -> None:
    assert rewritten(code, call) is None


@given(st.text(alphabet="ar(q)=.\n %!'#ü", max_size=40), st.integers(1, 3), st.integers(0, 8), st.integers(0, 9))
def test_whatever_the_cell_is_nothing_is_raised(code: str, line: int, start: int, width: int) -> None:
    replaced(code, Span(line, start, line, start + width), "acme.db.read")


def test_where_the_gateway_reads_the_same_the_rewritten_cell_prints_the_same(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "db.py").write_text("from pandas import read_sql as read\nprint('through the gateway')\n")
    code = (
        "import sqlite3\nfrom pandas import read_sql\nlink = sqlite3.connect(':memory:')\n"
        "link.execute('CREATE TABLE t AS SELECT 1 AS a, 2 AS b')\n"
        "orders = read_sql('SELECT * FROM t', link, index_col='a')  # all of them\nprint(orders)"
    )
    after = rewritten(code, "read_sql('SELECT * FROM t', link, index_col='a')")
    assert after is not None
    printed = [
        subprocess.run([sys.executable, "-c", one], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for one in (code, after)
    ]
    assert printed[1] == f"through the gateway\n{printed[0]}"
    assert "2" in printed[0]
