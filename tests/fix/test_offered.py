"""Rewrites that are offered and not made: what is left to people is left in sight, and harmless runs stay as they were."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.fix import Fix, is_likely, likely, suggest
from jupyter_guard.fix.likely import OFFERED, vias
from jupyter_guard.guard.practising import practised
from jupyter_guard.guard.session import Session
from jupyter_guard.terms import Finding

SECRET = "-".join(["correct", "horse", "9"])
SETUP = (
    "import sqlite3, psycopg, requests, itertools, torch, keras, socketserver\nimport numpy as np\n"
    "from transformers import AutoModel\nfrom sqlalchemy import create_engine, text\n"
    "con = sqlite3.connect('a.db')\npg = psycopg.connect('x')\nengine = create_engine('sqlite:///a.db').connect()\n"
    "name = input()\nnumber = 3\nrow = {}"
)


def findings(*cells: str) -> tuple[Finding, ...]:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    return practised([session.vet(cell) for cell in cells], session.policy)[-1].findings


def offered(code: str, rule: str, *above: str) -> Fix | None:
    found = [one for one in findings(*above, code) if one.rule == rule]
    assert found, f"{rule} finds nothing in {code!r}"
    fixes = [suggest(code, rule, one.span, vias(one)) for one in found if is_likely(one, code)]
    return next((one for one in fixes if one is not None), None)


EXAMPLES = [
    ("JG302", "con.execute('DELETE FROM t')  # all", "con.execute('DELETE FROM t WHERE 1 = 0 /* which rows? */')  # all"),
    ("JG302", "con.execute('''\nUPDATE t\nSET a = 'x, y', b = 2;\n''')", "con.execute('''\nUPDATE t\nSET a = 'x, y', b = 2 WHERE 1 = 0 /* which rows? */;\n''')"),
    ("JG302", "engine.execute(text('DELETE FROM t'))", "engine.execute(text('DELETE FROM t WHERE 1 = 0 /* which rows? */'))"),
    ("JG305", "con.execute(f\"SELECT * FROM t WHERE n = '{name}'\")", 'con.execute("SELECT * FROM t WHERE n = ?", (name,))'),
    ("JG305", "con.execute(f\"SELECT * FROM t WHERE n LIKE '%{name.lower()}%' AND b > {number+1} LIMIT {number}\")", "con.execute(\"SELECT * FROM t WHERE n LIKE ? AND b > ? LIMIT ?\", (f'%{name.lower()}%', number+1, number))"),
    ("JG305", "pg.execute(f\"SELECT * FROM t WHERE n LIKE '%x%' AND b={name}\")", "pg.execute(\"SELECT * FROM t WHERE n LIKE '%%x%%' AND b=%s\", (name,))"),
    ("JG305", "engine.execute(text(f\"SELECT * FROM t WHERE n = '{name}' AND k = '{row['a']}'\"))", "engine.execute(text(\"SELECT * FROM t WHERE n = :name AND k = :value_2\"), {\"name\": name, \"value_2\": row['a']})"),
    ("JG305", "con.execute('SELECT * FROM t WHERE n = ' + str(name) + ' AND b = 3')", 'con.execute("SELECT * FROM t WHERE n = ? AND b = 3", (name,))'),
    ("JG305", "con.execute(\"INSERT INTO t VALUES ('%s', %d)\" % (name, number))", 'con.execute("INSERT INTO t VALUES (?, ?)", (name, number))'),
    ("JG305", "con.execute(\"INSERT INTO t VALUES ({}, '{}')\".format(number, name),)", 'con.execute("INSERT INTO t VALUES (?, ?)", (number, name),)'),
    ("JG305", "con.execute(f'SELECT * FROM t WHERE a BETWEEN {number} AND {name}')", 'con.execute("SELECT * FROM t WHERE a BETWEEN ? AND ?", (number, name))'),
    ("JG305", "con.execute(\n    f'''SELECT *\n    FROM t WHERE a = {name}'''\n)", 'con.execute(\n    """SELECT *\n    FROM t WHERE a = ?""", (name,)\n)'),
    ("JG703", "while True:\n    work()  # on and on", "for _round in range(1_000):\n    work()  # on and on"),
    ("JG703", "for i in itertools.count():\n    work(i)", "for i in range(1_000):\n    work(i)"),
    ("JG111", "torch.load('m.pt')", "torch.load('m.pt', weights_only=True)"),
    ("JG111", "np.load('a.npy', allow_pickle=True)", "np.load('a.npy', allow_pickle=False)"),
    ("JG111", "keras.models.load_model('m.keras', safe_mode=False)", "keras.models.load_model('m.keras', safe_mode=True)"),
    ("JG113", "AutoModel.from_pretrained('a/b', trust_remote_code=True)", "AutoModel.from_pretrained('a/b', trust_remote_code=False)"),
    ("JG603", f"password = '{SECRET}'  # the shop's", 'import os\npassword = os.environ["PASSWORD"]  # the shop\'s'),
    ("JG505", "socketserver.TCPServer(('0.0.0.0', 80), H)", "socketserver.TCPServer(('127.0.0.1', 80), H)"),
    ("JG908", "requests.get(url)", "requests.get(url, timeout=30)"),
    ("JG908", "from requests import get\nget(url)", "from requests import get\nget(url, timeout=30)"),
    ("JG908", "from requests import post as send\nsend(url, timeout=None)", "from requests import post as send\nsend(url, timeout=30)"),
    ("JG111", "from torch import load\nload('m.pt')", "from torch import load\nload('m.pt', weights_only=True)"),
    ("JG908", "requests.post(\n    url,\n    json=row,\n)", "requests.post(\n    url,\n    json=row,\n    timeout=30,\n)"),
    ("JG908", "def ask(url):\n    return requests.post(\n        url,\n        json=row,\n    )", "def ask(url):\n    return requests.post(\n        url,\n        json=row,\n        timeout=30,\n    )"),
    ("JG305", "if name:\n    con.execute(\n        f'SELECT * FROM t WHERE a = {name}',\n    )", 'if name:\n    con.execute(\n        "SELECT * FROM t WHERE a = ?", (name,),\n    )'),
    ("JG908", "requests.get(url, timeout=None)", "requests.get(url, timeout=30)"),
]  # fmt: skip

WITHOUT = [
    # What stands there is no value: a table, a column, a condition, a part of a list.
    ("JG305", "con.execute(f'SELECT * FROM {name} WHERE a = {number}')"),
    ("JG305", "con.execute(f'SELECT {name}, b FROM t')"),
    ("JG305", "con.execute(f'SELECT * FROM t WHERE a = 1 AND {name}')"),
    ("JG305", "con.execute(f'SELECT * FROM t WHERE a = {name}_b')"),
    ("JG305", "con.execute(f'SELECT * FROM t WHERE a IN {name}')"),
    ("JG305", "con.execute(f'SELECT *{name} FROM t')"),
    # How it is written out is Python's business here, or a comment hides what comes.
    ("JG305", "con.execute(f'SELECT * FROM t WHERE a = {name!r}')"),
    ("JG305", "con.execute(f'SELECT * FROM t -- all\\n WHERE a = {name}')"),
    # Nobody knows how these take values.
    ("JG305", "other.execute(f\"SELECT * FROM t WHERE a = '{name}'\")"),
    ("JG302", "con.execute('DELETE FROM t; -- gone')"),
    ("JG302", "con.execute('DELETE FROM t WHERE 1 = 1')"),
    ("JG703", "while True:\n    work()\nelse:\n    other()"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after"), EXAMPLES, ids=lambda value: str(value)[:50])
def test_a_rewrite_is_what_it_should_be_and_what_was_found_is_gone(rule: str, before: str, after: str) -> None:
    fix = offered(before, rule, SETUP)
    assert fix is not None
    assert (fix.code, fix.safe) == (after, False)
    rules = [[one.rule for one in findings(SETUP, code)] for code in (before, after)]
    assert rules[1].count(rule) < rules[0].count(rule)
    assert set(rules[1]) <= set(rules[0])


@pytest.mark.parametrize(("rule", "before"), WITHOUT, ids=lambda value: str(value)[:50])
def test_where_nobody_can_tell_there_is_none(rule: str, before: str) -> None:
    assert offered(before, rule, SETUP) is None


def test_an_older_lxml_takes_internal_for_true(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from lxml import etree\np = etree.XMLParser(resolve_entities=True)"
    safe = []
    for version in ("4.9.4", "5.0.0", "12.1"):
        monkeypatch.setattr(importlib.metadata, "version", {"lxml": version}.__getitem__)
        likely._lxml_knows_internal.cache_clear()
        fix = offered(code, "JG116")
        assert fix is not None
        safe.append(fix.safe)
    likely._lxml_knows_internal.cache_clear()
    assert safe == [False, True, True]


def test_none_of_them_passes_for_safe() -> None:
    assert {rule for rule, *_ in EXAMPLES} == OFFERED


# What each harmless program prints, and how it ends, is the same before and after: an empty table, an ordinary name, a
# loop that something ends, a host that answers.
TABLE = (
    "import sqlite3, sys\ncon = sqlite3.connect('a.db')\nname, number = sys.argv[1], int(sys.argv[2])\n"
    "con.execute('CREATE TABLE t (n TEXT, b INTEGER)')\ncon.execute(\"INSERT INTO t VALUES ('Ada', 3), ('Bob', 4)\")\n"
)
SERVED = """import http.server, threading, urllib.request
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'hello')
    def log_message(self, *a): pass
server = http.server.HTTPServer(('127.0.0.1', 0), H)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}/'
"""
RUNS = [
    (
        "JG302",
        "import sqlite3\ncon = sqlite3.connect('a.db')\ncon.execute('CREATE TABLE t (a)')\n"
        "con.execute('DELETE FROM t')\nprint(con.execute('SELECT count(*) FROM t').fetchall())",
    ),
    *(
        ("JG305", f"{TABLE}print({code}.fetchall())\nprint(con.execute('SELECT * FROM t').fetchall())")
        for code in (
            "con.execute(f\"SELECT * FROM t WHERE n = '{name}' AND b > {number}\")",
            "con.execute(\"SELECT * FROM t WHERE n LIKE '%%%s%%' AND b < %d\" % (name, number + 2))",
            "con.execute(\"INSERT INTO t VALUES ('{}', {}) RETURNING b\".format(name, number))",
            "con.execute('SELECT n FROM t WHERE b = ' + str(number + 1) + ' LIMIT ' + str(number))",
        )
    ),
    ("JG703", "import sys\nlines = sys.argv[1:]\nwhile True:\n    print(lines.pop())"),
    (
        "JG302",
        "from sqlalchemy import create_engine, text\nengine = create_engine('sqlite:///a.db').connect()\n"
        "engine.execute(text('CREATE TABLE t (a)'))\nengine.execute(text('DELETE FROM t'))\n"
        "print(engine.execute(text('SELECT count(*) FROM t')).fetchall())",
    ),
    ("JG908", f"{SERVED}print(urllib.request.urlopen(url).read())\nserver.shutdown()"),
    ("JG908", f"{SERVED}from urllib.request import urlopen as ask\nprint(ask(url).read())\nserver.shutdown()"),
    ("JG908", f"{SERVED}from requests import get\nprint(get(url).text)\nserver.shutdown()"),
    ("JG908", f"{SERVED}print(urllib.request.urlopen(url, timeout=None).read())\nserver.shutdown()"),
]


@pytest.mark.parametrize(("rule", "before"), RUNS, ids=lambda value: str(value)[-50:])
def test_on_harmless_input_it_does_the_same(rule: str, before: str, tmp_path: Path) -> None:
    if "sqlalchemy" in before:
        pytest.importorskip("sqlalchemy")
    fix = offered(before, rule)
    assert fix is not None
    ends = []
    for number, code in enumerate((before, fix.code)):
        (tmp_path / str(number)).mkdir()
        command = [sys.executable, "-c", code, "Ada", "2"]
        ends.append(subprocess.run(command, capture_output=True, timeout=60, cwd=tmp_path / str(number)))
    assert ends[0].stdout != b"", ends[0].stderr.decode()
    assert [(one.returncode, one.stdout) for one in ends[1:]] == [(ends[0].returncode, ends[0].stdout)]


@given(
    st.lists(
        st.sampled_from(["SELECT a FROM t WHERE b = ", "'", "{x}", "%", " AND ", "x", ", ", "{{", "(", "VALUES ("]),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_text_is_the_answer_is_python_or_none(pieces: list[str]) -> None:
    code = f'import sqlite3\ncon = sqlite3.connect("a.db")\ncon.execute(f"""{"".join(pieces)}""")'
    for one in findings(code):
        fix = suggest(code, one.rule, one.span, vias(one))
        if fix is not None:
            compile(fix.code, "<rewrite>", "exec")
            assert "{x}" not in fix.code or "(f'" in fix.code
