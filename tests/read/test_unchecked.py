"""Whatever switches off the check of who the far side is says so, by whatever name; what only looks like it does not."""

from __future__ import annotations

import pytest

from jupyter_guard.read import SessionReader
from jupyter_guard.read.unchecked import is_switch, is_variable, words
from jupyter_guard.terms import Cell, Origin, Scope


def unchecked(code: str) -> list[Scope]:
    """Where the connections lead that ``code`` (cells between ``# %%``) makes without a check."""
    reader = SessionReader(workspace="/srv/work")
    found = []
    for cell in code.split("\n# %%\n"):
        effects = reader.read(Cell(cell, Origin.ASSISTANT)).effects
        found += [one.scope for one in effects if "no-verify" in one.tags]
    return found


SWITCHED_OFF = {
    "an attribute of a session": "import requests\ns = requests.Session()\ns.verify = False",
    "of a session that nothing is known of": "session.verify = False",
    "of a context": "import ssl\nc = ssl.create_default_context()\nc.verify_mode = ssl.CERT_NONE",
    "of a context, by setattr": "import ssl\nc = ssl.create_default_context()\nsetattr(c, 'check_hostname', False)",
    "in its own class": "import requests\nclass A(requests.Session):\n    def __init__(self):\n        self.verify = False\nA()",
    "a pool's argument": "import urllib3\nurllib3.PoolManager(cert_reqs='CERT_NONE')",
    "a pool's argument, by name": "import ssl, urllib3\nurllib3.PoolManager(cert_reqs=ssl.CERT_NONE)",
    "a client's argument": "import httpx\nhttpx.AsyncClient(verify=False)",
    "a number": "import requests\nrequests.get('https://a.test', verify=0)",
    "given as a mapping": "import requests\noptions = {'verify': False}\n# %%\nrequests.get('https://a.test', **options)",
    "given beforehand": "from functools import partial\nimport requests\nget = partial(requests.get, verify=False)\n# %%\nget('https://a.test')",
    "a connector's": "import aiohttp\naiohttp.TCPConnector(ssl=False)",
    "handed on": "import s3fs\ns3fs.S3FileSystem(client_kwargs={'verify': False})",
    "in an address": "import pymongo\npymongo.MongoClient('mongodb://db.test/?tls=true&tlsInsecure=true')",
    "of a cache": "import redis\nredis.Redis(host='cache.test', ssl=True, ssl_cert_reqs=None)",
    "of a broker": "from kafka import KafkaProducer\nKafkaProducer(bootstrap_servers='k.test', ssl_check_hostname=False)",
    "host keys": "import paramiko\nc = paramiko.SSHClient()\nc.set_missing_host_key_policy(paramiko.WarningPolicy)",
    "host keys, another way": "from paramiko.client import AutoAddPolicy as A, SSHClient\nSSHClient().set_missing_host_key_policy(A())",
    "a variable": "import os\nos.environ['PYTHONHTTPSVERIFY'] = '0'",
    "a variable in a shell": "!GIT_SSL_NO_VERIFY=1 git clone https://a.test/x",
    "a magic": "%env REQUESTS_CA_BUNDLE=",
    "a command's flag": "!kubectl --insecure-skip-tls-verify get pods",
    "a command's setting": "!git -c http.sslVerify=false clone https://a.test/x",
    "a setting that stays": "!npm config set strict-ssl false",
    "a command's option": "!scp -o StrictHostKeyChecking=no a b.test:",
}  # fmt: skip


@pytest.mark.parametrize("code", SWITCHED_OFF.values(), ids=SWITCHED_OFF)
def test_switched_off(code: str) -> None:
    assert unchecked(code)


KEPT = {
    "own certificate": "import requests\nrequests.get('https://a.test', verify='ca.pem')",
    "on": "import requests\ns = requests.Session()\ns.verify = True",
    "a field of something else": "model.verify = False",
    "an argument of something else": "tree.check(verify=False)",
    "no encryption asked for": "import redis\nredis.Redis(host='cache.test', ssl=False)",
    "a context as it is": "import ssl\nc = ssl.create_default_context()\nc.verify_mode = ssl.CERT_REQUIRED",
    "a stranger is refused": "import paramiko\nparamiko.SSHClient().set_missing_host_key_policy(paramiko.RejectPolicy())",
    "its class": "import paramiko\nparamiko.SSHClient().set_missing_host_key_policy(paramiko.RejectPolicy)",
    "a bundle": "import os\nos.environ['REQUESTS_CA_BUNDLE'] = '/etc/ssl/acme.pem'",
    "strangers' keys are added once": "!ssh -o StrictHostKeyChecking=accept-new a.test id",
    "a flag that says no": "!kubectl --insecure-skip-tls-verify=false get pods",
}  # fmt: skip


@pytest.mark.parametrize("code", KEPT.values(), ids=KEPT)
def test_kept(code: str) -> None:
    assert unchecked(code) == []


def test_on_this_machine_it_stays_in_the_session() -> None:
    assert unchecked("import requests\nrequests.get('https://localhost:8443', verify=False)") == [Scope.SESSION]
    assert unchecked("import requests\nrequests.get('https://a.test', verify=False)") == [Scope.REMOTE]


@pytest.mark.parametrize("name", sorted(words().anywhere))
def test_each_name_has_values_that_keep_the_check(name: str) -> None:
    values = ("False", "0", "True", "1", "None", "ssl.CERT_NONE", "ssl.CERT_REQUIRED", "ignore", "none", "required")
    switching = [one for one in values if is_switch(name, one, client=False)]
    assert 0 < len(switching) < len(values)


def test_names_of_other_trades_count_on_clients_only() -> None:
    assert is_switch("verify", "False", client=True)
    assert not is_switch("verify", "False", client=False)
    assert is_switch("ssl", "False", client=True, library="aiohttp")
    assert not is_switch("ssl", "False", client=True, library="redis")


def test_variables() -> None:
    assert is_variable("NODE_TLS_REJECT_UNAUTHORIZED", "0")
    assert not is_variable("NODE_TLS_REJECT_UNAUTHORIZED", "1")
    assert not is_variable("PATH", "0")
