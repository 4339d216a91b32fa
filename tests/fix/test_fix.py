"""Safe rewrites: exact, keeping all that is not changed, and gone is what was found."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard import Session, vet
from jupyter_guard.fix import Edit, Fix, applied, is_likely, suggest
from jupyter_guard.fix.edit import difference, offset
from jupyter_guard.fix.likely import OFFERED, vias
from jupyter_guard.terms import Span

# A value that a person would call a secret, and that no scanner of this repository should.
SECRET = "-".join(["correct", "horse", "9"])

# Rule, before, after.
EXAMPLES = [
    ("JG112", "import yaml\nd = yaml.load(text, Loader=yaml.UnsafeLoader)", "import yaml\nd = yaml.safe_load(text)"),
    ("JG112", "import yaml\nd = yaml.load(text, yaml.Loader)  # settings", "import yaml\nd = yaml.safe_load(text)  # settings"),
    ("JG112", "import yaml as y\nd = list(y.load_all(text, Loader=y.Loader))", "import yaml as y\nd = list(y.safe_load_all(text))"),
    ("JG112", "import yaml\nd = yaml.load(\n    text,\n    Loader=yaml.Loader,\n)", "import yaml\nd = yaml.safe_load(\n    text,\n)"),
    (
        "JG112",
        "import yaml\nd = yaml.load(\n    text,  # ours\n    Loader=yaml.Loader,  # all of it\n)",
        "import yaml\nd = yaml.load(\n    text,  # ours\n    Loader=yaml.SafeLoader,  # all of it\n)",
    ),
    ("JG112", "import yaml\nd = yaml.unsafe_load(text)", "import yaml\nd = yaml.safe_load(text)"),
    ("JG502", "import requests\nr = requests.get(url, verify=False, timeout=3)", "import requests\nr = requests.get(url, timeout=3)"),
    ("JG502", "import requests\nr = requests.get(url, timeout=3, verify=False)", "import requests\nr = requests.get(url, timeout=3)"),
    ("JG502", "import requests\nr = requests.get(\n    url,\n    verify=False,  # why?\n)", "import requests\nr = requests.get(\n    url,\n    verify=True,  # why?\n)"),
    ("JG502", "import httpx\nc = httpx.get(url, verify = False)", "import httpx\nc = httpx.get(url)"),
    ("JG111", "import torch\nm = torch.load('m.pt')", "import torch\nm = torch.load('m.pt', weights_only=True)"),
    ("JG111", "import torch\nm = torch.load('m.pt', weights_only=False)", "import torch\nm = torch.load('m.pt', weights_only=True)"),
    ("JG111", "import torch\nm = torch.load(\n    'm.pt',\n    map_location='cpu',\n)", "import torch\nm = torch.load(\n    'm.pt',\n    map_location='cpu',\n    weights_only=True,\n)"),
    ("JG111", "import numpy as np\na = np.load(p, allow_pickle=True)", "import numpy as np\na = np.load(p, allow_pickle=False)"),
    (
        "JG113",
        "from transformers import AutoModel\nm = AutoModel.from_pretrained('a/b', trust_remote_code=True)",
        "from transformers import AutoModel\nm = AutoModel.from_pretrained('a/b', trust_remote_code=False)",
    ),
    ("JG115", "from flask import Flask\napp = Flask('a')\napp.run(debug=True)", "from flask import Flask\napp = Flask('a')\napp.run(debug=False)"),
    ("JG116", "from lxml import etree\np = etree.XMLParser(resolve_entities=True)", "from lxml import etree\np = etree.XMLParser(resolve_entities='internal')"),
    ("JG505", "import http.server\nhttp.server.test(port=8000, bind='0.0.0.0')", "import http.server\nhttp.server.test(port=8000, bind='127.0.0.1')"),
    ("JG603", f"password = '{SECRET}'  # the shop's", 'import os\npassword = os.environ["PASSWORD"]  # the shop\'s'),
    ("JG603", f"import json\nimport os\nx = 1\ndb_password = '{SECRET}'", 'import json\nimport os\nx = 1\ndb_password = os.environ["DB_PASSWORD"]'),
    ("JG603", f"import json\nx = 1\napi_password = '{SECRET}'", 'import os\nimport json\nx = 1\napi_password = os.environ["API_PASSWORD"]'),
    ("JG502", "import ssl\nc = ssl._create_unverified_context( )  # lab", "import ssl\nc = ssl.create_default_context( )  # lab"),
    ("JG505", "import socket\ns = socket.socket()\ns.bind(('', 8000))", "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 8000))"),
    ("JG505", "import socketserver\nsocketserver.TCPServer((\"\", 80), H)", "import socketserver\nsocketserver.TCPServer((\"127.0.0.1\", 80), H)"),
    ("JG116", "from lxml import etree\np = etree.XMLParser(no_network=False)", "from lxml import etree\np = etree.XMLParser(no_network=True)"),
    ("JG111", "import keras\nm = keras.models.load_model('m.keras', safe_mode=False)", "import keras\nm = keras.models.load_model('m.keras', safe_mode=True)"),
    ("JG902", "import random\npassword = ''.join(random.choice('abc') for _ in range(8))", "import random\npassword = ''.join(random.SystemRandom().choice('abc') for _ in range(8))"),
    ("JG902", "import os, random\nuser = {'password': random.randint(1000, 9999)}", "import os, random\nuser = {'password': random.SystemRandom().randint(1000, 9999)}"),
    ("JG112", "import yaml\nfrom yaml import CLoader as Quick\nd = yaml.load(text, Loader=Quick)", "import yaml\nfrom yaml import CLoader as Quick\nd = yaml.safe_load(text)"),
    # A name of its own: the safe one is imported beside it, and the old one stays for cells below.
    ("JG112", "from yaml import load, Loader\nd = load(text, Loader=Loader)  # settings", "from yaml import safe_load, load, Loader\nd = safe_load(text)  # settings"),
    ("JG112", "from yaml import load\nd = load(text)", "from yaml import safe_load, load\nd = safe_load(text)"),
    ("JG112", "from yaml import load, dump\nd = load(text)", "from yaml import safe_load, load, dump\nd = safe_load(text)"),
    ("JG112", "from yaml import load as read\nd = read(text)", "from yaml import safe_load, load as read\nd = safe_load(text)"),
    ("JG112", "from yaml import unsafe_load_all as every\nd = list(every(text))", "from yaml import safe_load_all, unsafe_load_all as every\nd = list(safe_load_all(text))"),
    ("JG112", "from yaml import load, safe_load, Loader\nd = load(text, Loader)", "from yaml import load, safe_load, Loader\nd = safe_load(text)"),
    ("JG112", "import yaml\nfrom yaml import load\nd = load(text, Loader=yaml.Loader)", "import yaml\nfrom yaml import safe_load, load\nd = safe_load(text)"),
    (
        "JG112",
        "from yaml import load, Loader, SafeLoader\na = load(text, Loader=SafeLoader)\n%matplotlib inline\nb = [load(text, Loader=Loader)]",
        "from yaml import safe_load, load, Loader, SafeLoader\na = load(text, Loader=SafeLoader)\n%matplotlib inline\nb = [safe_load(text)]",
    ),
    (
        "JG112",
        "from yaml import (\n    Loader,\n    load,  # ours\n)\ndef settings(text):\n    return load(\n        text,\n        Loader=Loader,\n    )",
        "from yaml import (\n    Loader,\n    safe_load,\n    load,  # ours\n)\ndef settings(text):\n    return safe_load(\n        text,\n    )",
    ),
    (
        "JG112",
        "from yaml import load\ntry:\n    from yaml import CLoader as Loader\nexcept ImportError:\n    from yaml import Loader\nd = load(text, Loader=Loader)",
        "from yaml import safe_load, load\ntry:\n    from yaml import CLoader as Loader\nexcept ImportError:\n    from yaml import Loader\nd = safe_load(text)",
    ),
    (
        "JG112",
        "from yaml import load, Loader\nd = load(\n    text,\n    Loader=Loader,  # all of it\n)",
        "from yaml import SafeLoader, load, Loader\nd = load(\n    text,\n    Loader=SafeLoader,  # all of it\n)",
    ),
    (
        "JG112",
        "import yaml\nfrom yaml import load\nd = load(\n    text,\n    Loader=yaml.Loader,  # all of it\n)",
        "import yaml\nfrom yaml import load\nd = load(\n    text,\n    Loader=yaml.SafeLoader,  # all of it\n)",
    ),
    ("JG111", "from torch import load\nm = load('m.pt')", "from torch import load\nm = load('m.pt', weights_only=True)"),
    ("JG111", "from torch import load as read\nm = read('m.pt', weights_only=False)", "from torch import load as read\nm = read('m.pt', weights_only=True)"),
    ("JG111", "from numpy import load as read\na = read(p, allow_pickle=True)", "from numpy import load as read\na = read(p, allow_pickle=False)"),
    ("JG502", "from requests import get\nr = get(url, verify=False, timeout=3)", "from requests import get\nr = get(url, timeout=3)"),
    # What does not verify by itself, or was perhaps told not to, is told to.
    ("JG502", "from influxdb import InfluxDBClient\nc = InfluxDBClient(verify_ssl=False, timeout=3)", "from influxdb import InfluxDBClient\nc = InfluxDBClient(verify_ssl=True, timeout=3)"),
    ("JG502", "import requests\ns = requests.Session()\nr = s.get(url, verify=False)", "import requests\ns = requests.Session()\nr = s.get(url, verify=True)"),
    ("JG502", "import aiohttp\nc = aiohttp.TCPConnector(ssl=False)", "import aiohttp\nc = aiohttp.TCPConnector()"),
    ("JG502", "import boto3\nc = boto3.client('s3', verify=False)", "import boto3\nc = boto3.client('s3')"),
    ("JG116", "from lxml import etree\np = etree.XMLParser(resolve_entities=True, no_network=False)", "from lxml import etree\np = etree.XMLParser(resolve_entities='internal', no_network=True)"),
    # A call over several lines of a block, each of which begins as the block does, by tabs too.
    (
        "JG502",
        "import requests\ndef ask(url):\n    return requests.get(\n        url,\n        verify=False,\n        timeout=3,\n    )",
        "import requests\ndef ask(url):\n    return requests.get(\n        url,\n        timeout=3,\n    )",
    ),
    (
        "JG112",
        "import yaml\nwith open('ü') as f:\n\tif f:\n\t\td = (yaml.load(\n\t\t\tf,  # ours\n\t\t  Loader=yaml.FullLoader,  # all\n\t\t))",
        "import yaml\nwith open('ü') as f:\n\tif f:\n\t\td = (yaml.load(\n\t\t\tf,  # ours\n\t\t  Loader=yaml.SafeLoader,  # all\n\t\t))",
    ),
    # IPython's lines stay as they are.
    (
        "JG502",
        "%matplotlib inline\nfiles = !ls\nimport requests\nr = requests.get(url, verify=False)  # ünï\n!echo done",
        "%matplotlib inline\nfiles = !ls\nimport requests\nr = requests.get(url)  # ünï\n!echo done",
    ),
]  # fmt: skip

WITHOUT = [
    # The safe one's name is taken, or is where the call does not look; or what is called may be another function.
    ("JG112", "from yaml import load\ndef safe_load(text):\n    return 1\nd = load(text)"),
    ("JG112", "from yaml import load\ndef settings(text, safe_load):\n    return load(text)"),
    ("JG112", "from ours import safe_load\nfrom yaml import load\nd = load(text)"),
    ("JG112", "import yaml\nfrom yaml import load\nif fast:\n    load = yaml.unsafe_load\nd = load(text)"),
    ("JG112", "import yaml\nload = yaml.load\nd = load(text, Loader=yaml.Loader)"),
    ("JG112", "from yaml import load\nfrom ours import Loader\nd = load(text, Loader=Loader)"),
    ("JG112", "from yaml import load, Loader\nd = load(text, Loader=Loader, **more)"),
    # A loader that knows tags of its own, or that nobody here knows.
    ("JG112", "import yaml\nclass Settings(yaml.FullLoader):\n    pass\nd = yaml.load(text, Loader=Settings)"),
    ("JG112", "import yaml\nfrom ours import Loader\nd = yaml.load(text, Loader=Loader)"),
    ("JG112", "import yaml, ours\nd = yaml.load(text, Loader=ours.Loader)"),
    ("JG112", "import yaml\nfrom yaml import Loader\nLoader = changed(Loader)\nd = yaml.load(text, Loader=Loader)"),
    # With weights only, torch takes no other module's pickles.
    ("JG111", "import torch, dill\nm = torch.load('m.pt', pickle_module=dill)"),
    ("JG111", "import torch, dill\nm = torch.load('m.pt', 'cpu', dill, weights_only=False)"),
    # To an older aiohttp, `ssl=True` means not to verify.
    ("JG502", "import aiohttp\nc = aiohttp.TCPConnector(\n    ssl=False,  # why?\n)"),
    # Nobody can tell what else comes.
    ("JG502", "import requests\nr = requests.get(url, verify=False, **more)"),
    ("JG902", "from random import choice\npassword = choice('abc')"),
    # Whether the name is the module's is only known where the cell says so.
    ("JG902", "import random as r\npassword = r.choice('abc')"),
    ("JG502", "from ssl import _create_unverified_context\nc = _create_unverified_context()"),
    ("JG603", f"os = 1\npassword = '{SECRET}'"),
    ("JG502", "import requests\n%time r = requests.get(url, verify=False)"),
]


def fixed(code: str, rule: str) -> Fix | None:
    found = [one for one in vet(code, origin="assistant").findings if one.rule == rule]
    assert found, f"{rule} finds nothing in {code!r}"
    fixes = [suggest(code, rule, one.span, vias(one)) for one in found]
    return next((one for one in fixes if one is not None), None)


@pytest.mark.parametrize(("rule", "before", "after"), EXAMPLES, ids=lambda value: str(value)[:40])
def test_a_rewrite_is_what_it_should_be(rule: str, before: str, after: str) -> None:
    fix = fixed(before, rule)
    assert fix is not None
    assert fix.code == after
    assert applied(before, fix.edits) == after
    assert fix.title
    assert fix.safe is (rule not in OFFERED and "no_network" not in before)
    assert SECRET not in repr(fix)


@pytest.mark.parametrize(("rule", "before", "after"), EXAMPLES, ids=lambda value: str(value)[:40])
def test_what_was_found_is_gone_and_nothing_new_is_found(rule: str, before: str, after: str) -> None:
    found = [one.rule for one in vet(after, origin="assistant").findings]
    known = [one.rule for one in vet(before, origin="assistant").findings]
    assert vet(after).verdict <= vet(before).verdict
    # `torch.load` with weights only is judged harmless, `numpy.load` without pickles too.
    assert found.count(rule) < known.count(rule)
    assert set(found) <= set(known)


@pytest.mark.parametrize(("rule", "before"), WITHOUT)
def test_where_it_is_not_exact_there_is_none(rule: str, before: str) -> None:
    assert fixed(before, rule) is None


@pytest.mark.parametrize(("rule", "before", "after"), EXAMPLES, ids=lambda value: str(value)[:40])
def test_that_there_is_one_is_said_cheaply(rule: str, before: str, after: str) -> None:
    assert any(is_likely(one, before) for one in vet(before).findings if one.rule == rule)
    assert not any(is_likely(one, after) for one in vet(after).findings if one.rule == rule and rule != "JG603")


def test_judging_does_not_load_libcst() -> None:
    code = (
        "import sys; from jupyter_guard import vet; from jupyter_guard.guard.pipeline import report_item;"
        "from jupyter_guard.fix import suggest;"
        "item = report_item(vet('import requests\\nrequests.get(u, verify=False)'));"
        "assert item['findings'][0]['fixable'] is True, item;"
        "assert 'libcst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


CALLS = st.builds(
    lambda indent, before, after, remark, many: (
        f"import requests\n{indent}r = requests.get(url{', ' + before if before else ''}, verify=False"
        f"{', ' + after if after else ''}{',' if many else ''}){remark}"
    ),
    st.just(""),
    st.sampled_from(["", "timeout=3", "params={'ü': [1, 2]}", "headers=dict(a=1)"]),
    st.sampled_from(["", "stream=True", "auth=('a', b)"]),
    st.sampled_from(["", "  # verify=False", "\n# verify=False\n"]),
    st.booleans(),
)


@given(CALLS)
@settings(max_examples=60, deadline=None)
def test_only_the_argument_goes(code: str) -> None:
    fix = fixed(code, "JG502")
    assert fix is not None
    before, after = ast.parse(code), ast.parse(fix.code)
    call = before.body[1].value  # type: ignore[attr-defined]
    call.keywords = [one for one in call.keywords if one.arg != "verify"]
    assert ast.dump(before) == ast.dump(after)
    assert code.partition("#")[2] == fix.code.partition("#")[2]


@given(st.text(alphabet="aü\n b", max_size=30), st.text(alphabet="aü\n b", max_size=10), st.data())
def test_the_smallest_edit_makes_the_text(code: str, new: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(code)))
    end = data.draw(st.integers(start, len(code)))
    edit = difference(code, start, code[start:end], new)
    assert applied(code, [edit]) == code[:start] + new + code[end:]
    assert len(edit.text) <= len(new)


@given(
    st.text(max_size=200), st.integers(-1, 9), st.integers(-1, 9), st.sampled_from(sorted({one[0] for one in EXAMPLES}))
)
@settings(max_examples=80, deadline=None)
def test_any_text_and_any_place_are_answered(code: str, line: int, column: int, rule: str) -> None:
    fix = suggest(code, rule, Span(line, column, line, column + 3), ("torch.load",))
    assert fix is None or fix.code != code


def test_a_place_that_is_not_there_is_refused() -> None:
    for span in (Span(3, 0, 3, 0), Span(1, 9, 1, 9), Span(0, 0, 0, 0)):
        with pytest.raises(ValueError, match="there is no line"):
            applied("a\nb", [Edit(span, "x")])
    assert offset("a\nb", 2, 1) == 3


UNKNOWN = [
    "import tables\ntables.t.delete('x', verify=False)",
    "client.get('x', verify=False)",
    "import acme\nc = acme.connect(verify=False)",
]


@pytest.mark.parametrize("code", UNKNOWN)
def test_what_verify_means_to_an_unknown_library_is_for_people_to_say(code: str) -> None:
    fix = fixed(code, "JG502")
    assert fix is not None
    assert (fix.safe, fix.code) == (False, code.replace("False", "True"))


TAGS = [
    "import yaml\nclass Foo(yaml.YAMLObject):\n    yaml_tag = '!foo'",
    "import yaml\nyaml.add_constructor('!env', f, Loader=yaml.FullLoader)",
    "import yaml\nyaml.FullLoader.add_multi_constructor('!', f)",
]


@pytest.mark.parametrize("registers", TAGS)
def test_where_tags_are_registered_the_safe_loader_is_only_offered(registers: str) -> None:
    load = "import yaml\nd = yaml.load('!foo {a: 1}', Loader=yaml.Loader)"
    alone, beside = fixed(load, "JG112"), fixed(f"{registers}\n{load}", "JG112")
    assert alone is not None
    assert beside is not None
    assert (alone.safe, beside.safe) == (True, False)
    (found,) = [one for one in vet(load).findings if one.rule == "JG112"]
    elsewhere = suggest(load, "JG112", found.span, vias(found), [registers, load])
    assert elsewhere is not None
    assert (elsewhere.code, elsewhere.safe) == (alone.code, False)


@pytest.mark.parametrize(
    ("cell", "after"),
    [
        ("# ours\nd = load(text, Loader=Loader)  # all", "# ours\nimport yaml\nd = yaml.safe_load(text)  # all"),
        ("import yaml\nd = 1\nd = load(text, Loader=yaml.Loader)", "import yaml\nd = 1\nd = yaml.safe_load(text)"),
        ("%time 1\nfor t in [text]:\n    read(t)", "%time 1\nimport yaml\nfor t in [text]:\n    yaml.safe_load(t)"),
        ("d = load(\n    text,\n    Loader=Loader,  # all\n)", "import yaml\nd = load(\n    text,\n    Loader=yaml.SafeLoader,  # all\n)"),
        ("import ours as yaml\nd = load(text, Loader=Loader)", None),
        ("yaml = 1\nd = read(text)", None),
        ("d = read(text, Loader=Settings)", None),
        ("read(text)\nfrom yaml import load as read", None),
    ],
)  # fmt: skip
def test_a_loader_that_an_earlier_cell_imported_is_only_offered(cell: str, after: str | None) -> None:
    above = "from yaml import load, load as read, Loader\nfrom ours import Settings\ntext = 'a: 1'"
    session = Session("personal", origin="assistant")
    session.vet(above)
    (found,) = [one for one in session.vet(cell).findings if one.rule == "JG112"]
    fix = suggest(cell, "JG112", found.span, vias(found), [above, cell])
    assert (fix and (fix.code, fix.safe)) == (after and (after, False))
    if after:
        assert is_likely(found, cell)
        assert "JG112" not in {one.rule for one in session.vet(after).findings}


@pytest.mark.parametrize(
    ("other", "safe"),
    [
        ("from yaml import safe_load\nsafe_load(text)", True),
        ("def safe_load(text): ...", False),
        ("safe_load = ours", False),
        ("from ours import safe_load", False),
    ],
)
def test_where_another_cell_means_something_else_by_the_safe_name_it_is_only_offered(other: str, safe: bool) -> None:
    load = "from yaml import load\nd = load(text)"
    (found,) = [one for one in vet(load).findings if one.rule == "JG112"]
    fix = suggest(load, "JG112", found.span, vias(found), [other, load])
    assert fix is not None
    assert fix.safe is safe
