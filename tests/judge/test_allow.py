"""An organisation's list of what may be imported: any other import is refused, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard import Session, vet
from jupyter_guard.judge.deny import is_allowed
from jupyter_guard.policy import Layer, Policy
from jupyter_guard.policy.layer import preset_layer
from jupyter_guard.terms import Verdict

LIST = Policy.parse('version = 1\n[allow]\nimports = ["stdlib", "pandas", "acme.db"]\n')


def unlisted(*cells: str) -> list[str]:
    session = Session(LIST, origin="human")
    reports = [session.vet(cell) for cell in cells]
    for report in reports:
        for one in report.findings:
            assert one.rule != "JG894" or (report.verdict, one.decided_by) == (Verdict.BLOCK, "user: allow.imports")
    return [one.message for report in reports for one in report.findings if one.rule == "JG894"]


@pytest.mark.parametrize(
    "code",
    [
        "import json, os.path\nfrom urllib import request",
        "import pandas.io as io\nfrom pandas import DataFrame",
        "from acme import db",
        "import acme.db as d\nfrom acme.db import *",
        "from . import beside",
        "from __future__ import annotations\nimport jupyter_guard\n%load_ext jupyter_guard",
        "import importlib\nimportlib.import_module('pan' + 'das')",
    ],
)
def test_what_is_listed_is_imported(code: str) -> None:
    assert unlisted(code) == []


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (("import numpy as np",), "imports `numpy`"),
        (("import json, requests",), "imports `requests`"),
        (("from requests import get, post",), "imports `requests`"),
        (("import acme",), "imports `acme`"),
        (("from acme import db, other",), "imports `acme.other`"),
        (("from acme import other",), "imports `acme`"),
        (("import pandasql",), "imports `pandasql`"),
        (("def f():\n    import requests",), "imports `requests`"),
        (("__import__('tel' + 'x')",), "imports `telx`"),
        (("exec('import telx')",), "imports `telx`"),
        (
            ("import importlib", "load = importlib.import_module\nload(name)"),
            "imports a module whose name is not known",
        ),
        (("%load_ext acme_ext",), "loads the extension `acme_ext`"),
    ],
)
def test_any_other_import_is_refused(cells: tuple[str, ...], named: str) -> None:
    (said,) = unlisted(*cells)
    assert said.startswith(named)


def test_where_nobody_made_a_list_any_import_goes() -> None:
    assert vet("import anything\n__import__(name)", policy="locked").verdict is Verdict.ALLOW


MODULES = st.sampled_from(["json", "pandas", "pandas.io", "acme", "acme.db", "acme.db.x", "requests"])
LISTS = st.lists(st.sampled_from(["*", "stdlib", "json", "pandas", "acme", "acme.db"]), unique=True).map(tuple)


@given(LISTS, LISTS, MODULES)
def test_two_layers_allow_what_both_do(upper: tuple[str, ...], lower: tuple[str, ...], module: str) -> None:
    layers = [Layer(name, f"{name}.toml", {"allow.imports": one}) for name, one in (("site", upper), ("user", lower))]
    both = Policy(preset_layer("personal"), layers).deny.only

    def allows(entries: frozenset[str]) -> bool:
        return "*" in entries or is_allowed(module, entries)

    assert allows(both) == (allows(frozenset(upper)) and allows(frozenset(lower)))


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("%run -m telnetlib", "JG890"),
        ("import runpy\nrunpy.run_module('telnetlib')", "JG890"),
        ("%run -m requests", "JG894"),
        ("import runpy\nrunpy.run_module('requests')", "JG894"),
        ("import runpy\nrunpy.run_module(name)", "JG894"),
        ("!PATH=.:$PATH git status", "JG897"),
        ("!LD_PRELOAD=./e.so git status", "JG897"),
        ("!GIT_EXTERNAL_DIFF='curl x' git status", "JG897"),
        ("!PYTHONPATH=. git status", "JG897"),
        ("import runpy\nrunpy.run_path('old/telnetlib.py')", "JG890"),
        ("import runpy\nrunpy.run_path('/usr/lib/python3.11/telnetlib.py')", "JG890"),
        ("%run ./telnetlib.py", "JG890"),
        ("from importlib.util import find_spec\nfind_spec('telnet' + 'lib').loader.load_module()", "JG890"),
        (
            "import importlib.util as u\ns = u.find_spec('telnetlib')\nm = u.module_from_spec(s)\n"
            "s.loader.exec_module(m)",
            "JG890",
        ),
        ("import pkgutil\npkgutil.get_loader('telnetlib').load_module()", "JG890"),
        (
            "import importlib.util as u\nu.spec_from_file_location('x', '/v/lib/python3.9/site-packages/telnetlib/a.py')",
            "JG890",
        ),
        ("import runpy\nrunpy.run_path('helpers.py')", "JG894"),
        ("import runpy\nrunpy.run_path(name)", "JG894"),
        ("import runpy\nrunpy.run_path('/tmp/json.py')", "JG894"),
        ("import runpy\nrunpy.run_path('/v/lib/python3.9/site-packages/requests/api.py')", "JG894"),
        ("import importlib.util as u\nu.find_spec(name).loader.load_module()", "JG894"),
        ("%run helpers.ipynb", "JG894"),
        ("import os\nos.environ['PATH'] = '/tmp/x:' + os.environ['PATH']", "JG897"),
        ("import os\nos.environ.update(GIT_PAGER='sh -c id')", "JG897"),
        ("import os\nos.putenv('LD_PRELOAD', './e.so')", "JG897"),
        ("%env PATH=/tmp/x", "JG897"),
        ("import os\nos.environ['PYTHONWARNINGS'] = 'ignore::evil.Warning'", "JG897"),
        ("!export PATH=/tmp/x:$PATH; git status", "JG897"),
        ("%%bash\nPATH=/tmp/x\ngit status", "JG897"),
        ("import subprocess\nsubprocess.run(['git', 'status'], env={'PATH': '/tmp/x'})", "JG897"),
        (
            "import os, subprocess\ne = os.environ.copy()\ne['GIT_SSH'] = 'sh'\n"
            "subprocess.run(['git', 'status'], env=e)",
            "JG897",
        ),
    ],
)
def test_no_way_around_a_list_is_open(code: str, rule: str) -> None:
    lists = '[allow]\nimports = ["stdlib"]\ncommands = ["git status"]\n[deny]\nimports = ["telnetlib"]\n'
    report = Session(Policy.parse(f"version = 1\n{lists}"), origin="human").vet(code)
    assert rule in [one.rule for one in report.findings]
    assert report.verdict is Verdict.BLOCK


def test_a_module_that_is_made_by_hand_is_the_one_that_it_is_of() -> None:
    code = "import importlib.util as u\nm = u.module_from_spec(u.find_spec('shutil'))\nm.rmtree('/srv')"
    assert [one.kind.value for one in vet(code).effects] == ["file.delete"]


@pytest.mark.parametrize(
    "code",
    [
        "!git status",
        "!LANG=C git status",
        "%run -m json.tool a.json",
        "import importlib.util\nif importlib.util.find_spec('torch') is None:\n    print('no torch')",
        "import runpy\nrunpy.run_path('/usr/lib/python3.11/json/tool.py')",
        "import os\nos.environ['PYTHONHASHSEED'] = '0'\nos.environ['PYTHONWARNINGS'] = 'ignore'\npath = os.environ['PATH']",
        "import subprocess\nsubprocess.run(['git', 'status'], env={'LANG': 'C'})",
    ],
)
def test_what_is_listed_still_runs(code: str) -> None:
    lists = '[allow]\nimports = ["stdlib"]\ncommands = ["git status"]\n'
    report = Session(Policy.parse(f"version = 1\n{lists}"), origin="human").vet(code)
    assert not {one.rule for one in report.findings} & {"JG890", "JG894", "JG897"}
