"""Each rewrite runs on harmless input as what it replaces did: on files and objects, and servers of this machine."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from jupyter_guard.fix import calls, likely, loads, sql
from tests.fix.test_fix import SECRET, fixed
from tests.fix.test_offered import RUNS as OFFERED_RUNS
from tests.fix.test_offered import offered

# A server that its one request ends.
ANSWERED = (
    "import os, socket, threading, time, urllib.request\nwith socket.socket() as free:\n"
    "    free.bind(('127.0.0.1', 0))\n    port = free.getsockname()[1]\n"
    "def ask():\n    for _ in range(300):\n        try:\n"
    "            print(urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=9).read(), flush=True)\n"
    "            os._exit(0)\n        except OSError:\n            time.sleep(0.1)\n    os._exit(1)\n"
    "threading.Thread(target=ask, daemon=True).start()\n"
)

# What each harmless program prints is the same before and after.
RUNS = [
    (
        "JG112",
        "import yaml\ntext = 'a: [1, 2]\\nb: {c: x}\\nd: 2020-01-01'\nprint(yaml.load(text, Loader=yaml.FullLoader))",
        {},
    ),
    ("JG112", "import yaml\nprint(list(yaml.load_all('a: 1\\n---\\nb: 2', Loader=yaml.Loader)))", {}),
    (
        "JG112",
        "import io\nimport yaml\ndef settings(text):\n    return yaml.load(\n        io.StringIO(text),\n        Loader=yaml.Loader,\n    )\nprint(settings('a: [1, x]'))",
        {},
    ),
    ("JG112", "from yaml import load, dump, FullLoader\nprint(dump(load('a: [1, {b: x}]', FullLoader)))", {}),
    (
        "JG112",
        "from yaml import (\n    SafeLoader,\n    Loader as Full,\n    load as read,\n)\n"
        "def settings(text):\n    return read(text, Loader=Full)\n"
        "print(settings('a: [1, 2020-01-01]'), read('b: 2', Loader=SafeLoader))",
        {},
    ),
    ("JG112", "from yaml import load, Loader\nprint(load('a: 1', Loader=Loader  # all\n))", {}),
    ("JG112", "import yaml\nfrom yaml import load\nprint(load('a: 1', Loader=yaml.Loader  # all\n))", {}),
    ("JG112", "from yaml import full_load\nprint(full_load('a: 1'))", {}),
    ("JG112", "from yaml import *\nprint(load_all('a: 1\\n---\\nb: 2', Loader=Loader).__next__())", {}),
    ("JG112", "import yaml\nprint(yaml.full_load('a: [1, 2]'))", {}),
    ("JG112", "import yaml\nprint(yaml.load('a: 1', Loader=yaml.CLoader  # quick\n))", {}),
    (
        "JG111",
        "import io\nimport numpy as np\nf = io.BytesIO()\nnp.save(f, np.arange(3))\nf.seek(0)\nprint(np.load(f, allow_pickle=True))",
        {},
    ),
    ("JG502", "import ssl\nc = ssl._create_unverified_context()\nprint(type(c).__name__, c.protocol)", {}),
    (
        "JG902",
        "import random\npassword = ''.join(random.choice('abc') for _ in range(8))\nprint(len(password), set(password) <= set('abc'))",
        {},
    ),
    (
        "JG505",
        "import socket\ns = socket.socket()\ns.bind(('', 0))\ns.listen()\nc = socket.create_connection(('127.0.0.1', s.getsockname()[1]), 5)\nprint(c.getpeername()[0])",
        {},
    ),
    (
        "JG116",
        "from lxml import etree\np = etree.XMLParser(no_network=False)\nprint(etree.fromstring('<a>b</a>', p).text)",
        {},
    ),
    (
        "JG116",
        "from lxml import etree\np = etree.XMLParser(resolve_entities=True)\n"
        "print(etree.fromstring('<!DOCTYPE a [<!ENTITY shop \"Ada, Bob\">]><a>b &shop; c &amp;</a>', p).text)",
        {},
    ),
    ("JG603", f"password = '{SECRET}'\nprint(len(password), password[::-1])", {"PASSWORD": SECRET}),
    (
        "JG113",
        "import os\nfrom transformers import AutoConfig\n"
        "print(AutoConfig.from_pretrained(os.environ['MODEL'], trust_remote_code=True).hidden_size)",
        {},
    ),
    (
        "JG115",
        ANSWERED + "from flask import Flask, cli\ncli.show_server_banner = lambda *_: None\napp = Flask('a')\n"
        "app.add_url_rule('/', 'home', lambda: 'hello')\napp.run(port=port, debug=True, use_reloader=False)",
        {},
    ),
    (
        "JG505",
        ANSWERED + "import http.server\nclass Hello(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n        self.send_response(200)\n        self.end_headers()\n        self.wfile.write(b'hello')\n"
        "http.server.HTTPServer(('', port), Hello).serve_forever()",
        {},
    ),
    (
        "JG111",
        "import io, torch\nf = io.BytesIO()\ntorch.save({'w': torch.arange(3)}, f)\nf.seek(0)\nprint(torch.load(f))",
        {},
    ),
    (
        "JG111",
        "import io, torch\nf = io.BytesIO()\ntorch.save({'w': torch.arange(3)}, f)\nf.seek(0)\nprint(torch.load(f, weights_only=False))",
        {},
    ),
    (
        "JG111",
        "import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport torch\nimport keras\npath = os.environ['MODEL'] + '/m.keras'\n"
        "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)\n"
        "print(keras.models.load_model(path, safe_mode=False).count_params())",
        {},
    ),
]

# The same for a server whose certificate an authority of the environment vouches for.
CHECKED = [
    "import os\nimport requests\nprint(requests.get(os.environ['SHOP'], verify=False, timeout=9).text)",
    "import os\nimport requests\nwith requests.Session() as s:\n    print(s.get(os.environ['SHOP'], verify=False).text)",
    "import os\nimport httpx\nprint(httpx.get(os.environ['SHOP'], verify=False, timeout=9).text)",
    "import os\nimport httpx\nwith httpx.Client(verify=False) as c:\n    print(c.get(os.environ['SHOP']).text)",
    "import os, ssl, urllib.request\nc = ssl._create_unverified_context()\n"
    "print(urllib.request.urlopen(os.environ['SHOP'], context=c, timeout=9).read())",
    "import os, asyncio, aiohttp\nasync def ask():\n    async with aiohttp.ClientSession() as s:\n"
    "        async with s.get(os.environ['SHOP'], ssl=False) as r:\n            print(await r.text())\nasyncio.run(ask())",
    "import os, asyncio, aiohttp\nasync def ask():\n    c = aiohttp.TCPConnector(ssl=False)\n"
    "    async with aiohttp.ClientSession(connector=c) as s:\n"
    "        async with s.get(os.environ['SHOP']) as r:\n            print(await r.text())\nasyncio.run(ask())",
]


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


class Quiet(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who does not trust the certificate hangs up, which is what is tested."""


def output(code: str, variables: dict[str, str]) -> tuple[int, bytes, str]:
    """How a program ends, what it prints, and what it complains of."""
    # Where a library lies in a folder of its own, the program finds it there too.
    found = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, env={**found, **variables})
    return done.returncode, done.stdout, done.stderr.decode()


def need_installed(code: str) -> None:
    for module in ("yaml", "numpy", "lxml", "flask", "transformers", "requests", "httpx", "aiohttp", "torch", "keras"):
        if re.search(rf"(?:import|from|,) {module}\b", code) and importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


@pytest.mark.parametrize(("rule", "before", "variables"), RUNS, ids=lambda value: str(value)[:40])
def test_on_harmless_input_it_does_the_same(rule: str, before: str, variables: dict[str, str], tmp_path: Path) -> None:
    need_installed(before)
    (tmp_path / "config.json").write_text('{"model_type": "bert", "hidden_size": 36}')
    fix = fixed(before, rule)
    assert fix is not None
    ends = [output(code, {"MODEL": str(tmp_path), **variables}) for code in (before, fix.code)]
    assert ends[0][0] == ends[1][0] == 0, ends
    assert ends[0][1] == ends[1][1] != b""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server on this machine, and the file of the authority that its certificate is from."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("authority")

    def made(name: str, *words: str) -> None:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
        command = [openssl, "req", *key, "-subj", f"/CN={name}", "-out", *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)

    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")
    made("ca", "ca.pem", "-x509", "-days", "2", *(word for one in extensions for word in ("-addext", one)))
    made("localhost", "localhost.csr")
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n"
    )
    signing = (
        "x509 -req -in localhost.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out localhost.pem"
    )
    subprocess.run([openssl, *signing.split()], cwd=folder, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "localhost.pem", folder / "localhost.key")
    with Quiet(("127.0.0.1", 0), Hello) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/", str(folder / "ca.pem")
        server.shutdown()


@pytest.mark.parametrize("before", CHECKED, ids=lambda value: str(value)[-70:])
def test_a_certificate_that_is_good_is_taken_and_another_is_not(before: str, authority: tuple[str, str]) -> None:
    need_installed(before)
    address, file = authority
    fix = fixed(before, "JG502")
    assert fix is not None
    assert fix.safe
    trusting = {"SHOP": address, "REQUESTS_CA_BUNDLE": file, "SSL_CERT_FILE": file}
    ends = [output(code, trusting) for code in (before, fix.code)]
    assert ends[0][0] == ends[1][0] == 0, ends
    assert ends[0][1] == ends[1][1] != b""
    ended, printed, complaint = output(fix.code, {"SHOP": address})
    assert (ended, printed) == (1, b"")
    assert "CERTIFICATE_VERIFY_FAILED" in complaint


def test_every_rule_and_every_choice_of_a_rewrite_is_run() -> None:
    runs = [(rule, code, fixed) for rule, code, _ in RUNS]
    runs += [*(("JG502", code, fixed) for code in CHECKED), *((*run, offered) for run in OFFERED_RUNS)]
    assert {rule for rule, *_ in runs} == {*calls.REWRITES, "JG603", "JG703"} == likely._SHAPES.keys()
    files = {module.__file__: Path(str(module.__file__)).read_text() for module in (calls, loads, sql)}
    wanted = {
        (file, node.lineno)
        for file, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Yield | ast.YieldFrom)
    }
    reached: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _about: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            reached.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for rule, code, rewritten in runs:
            assert rewritten(code, rule) is not None, code
    finally:
        sys.settrace(before)
    missing = sorted((os.path.basename(str(file)), line) for file, line in wanted - reached)
    assert not missing, f"no run takes these: {missing}"
