"""Hosts that a policy grants are reached from a real kernel in a box, and no others; what is refused says how to get it."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_guard.isolate import bubblewrap, landlock
from jupyter_guard.isolate.hosts import Relay, listed, relays
from jupyter_guard.isolate.plan import Machine, examine, plan
from jupyter_guard.policy.policy import Isolation
from jupyter_guard.terms.host import Host, parsed
from tests.kernel.front import Front

MACHINE = examine(lambda: "not asked for")
HAS = {
    "bubblewrap": bubblewrap.trouble(),
    "landlock": "" if MACHINE.landlock >= landlock.NETWORK and MACHINE.filters else "no Landlock with ports",
}
POLICY = """
version = 1
mode = "observe"
[isolation]
backend = "{backend}"
read = []
write = ["."]
hosts = ["localhost", "127.0.0.1:{port}", "nowhere.invalid"]
env = []
"""
ASK = """
import os, socket, urllib.parse
def ask(line, more=''):
    to = urllib.parse.urlsplit(os.environ['HTTPS_PROXY'])
    with socket.create_connection((to.hostname, to.port), 10) as one:
        one.sendall((line + '\\r\\nHost: nobody.invalid\\r\\nConnection: keep-alive\\r\\n\\r\\n').encode())
        got = b''
        while data := one.recv(4096):
            got += data
            if more and got.endswith(b'\\r\\n\\r\\n'):
                one.sendall(more.encode())
                more = ''
        return got.decode()
"""


class Answer(http.server.BaseHTTPRequestHandler):
    """Says which path was asked for."""

    def do_GET(self) -> None:
        said = f"you asked for {self.path}; {self.headers['Connection']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_arguments: object) -> None:
        """Nothing is to be seen."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module", params=list(HAS))
def front(request: pytest.FixtureRequest, port: int) -> Iterator[Front]:
    if HAS[request.param]:
        pytest.skip(HAS[request.param])
    home, folder = Path(tempfile.mkdtemp(prefix="home-")), Path(tempfile.mkdtemp(prefix="front-"))
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend=request.param, port=port))
    with Front(folder, "", home=home) as running:
        assert request.param in running.run("import os; os.environ['JUPYTER_GUARD_ISOLATION']").result
        running.run(ASK)
        yield running
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.kernel
def test_a_granted_host_is_reached_by_http_and_by_connect(front: Front, port: int) -> None:
    assert "you asked for /a?b; close" in front.run(f"print(ask('GET http://localhost:{port}/a?b HTTP/1.1'))").text
    more = "GET /inside HTTP/1.0\\r\\n\\r\\n"
    told = front.run(f"print(ask('CONNECT localhost:{port} HTTP/1.1', '{more}'))").text
    assert "200 Connection established" in told
    assert "you asked for /inside" in told


@pytest.mark.kernel
@pytest.mark.parametrize("line", ["CONNECT example.org:443 HTTP/1.1", "GET http://example.org/ HTTP/1.1"])
def test_another_host_is_refused_with_the_entry_that_grants_it(front: Front, line: str) -> None:
    first = front.run(f"print(ask({line!r}))").text.splitlines()[0]
    assert first.startswith("HTTP/1.1 403 ")
    assert first.endswith("isolation.hosts of the policy: jupyter guard policy grant example.org")


@pytest.mark.kernel
def test_what_clients_show_on_the_cell_says_it_too(front: Front) -> None:
    code = "import urllib.request\nurllib.request.urlopen('https://example.org', timeout=10)"
    assert "isolation.hosts of the policy: jupyter guard policy grant example.org" in front.run(code).error["evalue"]


@pytest.mark.kernel
def test_a_name_that_does_not_resolve_is_said(front: Front) -> None:
    assert "502 jupyter_guard: nowhere.invalid" in front.run("print(ask('CONNECT nowhere.invalid:443 HTTP/1.1'))").text


@pytest.mark.kernel
@pytest.mark.parametrize(
    "line", ["GET / HTTP/1.1", "nonsense", "CONNECT [::1 HTTP/1.1", "GET ftp://localhost/ HTTP/1.1"]
)
def test_what_is_no_request_is_refused(front: Front, line: str) -> None:
    assert front.run(f"print(ask({line!r}))").text.startswith("HTTP/1.1 400 ")


@pytest.mark.kernel
def test_a_host_with_a_port_is_reached_without_a_proxy(front: Front, port: int) -> None:
    if "landlock" in front.run("os.environ['JUPYTER_GUARD_ISOLATION']").result:
        pytest.skip("Landlock has no network of its own to answer in")
    code = f"s = socket.create_connection(('127.0.0.1', {port}), 10)\ns.sendall(b'GET /r HTTP/1.0\\r\\n\\r\\n')"
    assert "you asked for /r" in front.run(code + "\nprint(s.makefile().read())").text


@pytest.mark.kernel
@pytest.mark.skipif(bool(HAS["bubblewrap"]), reason=HAS["bubblewrap"] or "it works")
def test_what_a_relay_refuses_or_cannot_reach_is_said_on_the_cell() -> None:
    home, folder = Path(tempfile.mkdtemp(prefix="home-")), Path(tempfile.mkdtemp(prefix="front-"))
    (home / ".jupyter").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    policy = POLICY.format(backend="bubblewrap", port=port).replace("nowhere.invalid", "nowhere.invalid:5432")
    (home / ".jupyter" / "jupyter_guard.toml").write_text(policy)
    ask = "s = socket.create_connection(({host!r}, {port}), 10)\ns.sendall(b'x')\ns.settimeout(10)\nprint(s.recv(1))"
    with Front(folder, "", home=home) as running:
        running.run("import socket")
        # Such a client sees a connection that is closed, and raises nothing.
        told = running.run(ask.format(host="127.0.0.1", port=port)).text
        assert f"refused: 127.0.0.1:{port} cannot be reached" in told
        told = running.run(ask.format(host="nowhere.invalid", port=5432)).text
        assert "refused: nowhere.invalid (isolation.hosts grants it) does not resolve" in told
        line = f"user policy ({home}/.jupyter/jupyter_guard.toml, line 8)"
        assert f"try `getent hosts nowhere.invalid`, or mend the name [{line}]" in told
        # Once, on the cell that it happened to.
        assert running.run("1").text == ""
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.kernel
def test_no_other_way_leads_out(front: Front) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        code = f"socket.create_connection(('127.0.0.1', {other.getsockname()[1]}), 3)"
        assert front.run(code).error["ename"] in ("ConnectionRefusedError", "PermissionError")
    code = "s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'x', ('192.0.2.1', 53))"
    assert front.run(code).error["ename"] in ("OSError", "PermissionError")


@pytest.mark.kernel
@pytest.mark.skipif(bool(HAS["bubblewrap"]), reason=HAS["bubblewrap"] or "it works")
def test_the_proxy_ends_with_the_kernel(port: int) -> None:
    def proxies() -> set[int]:
        found = set()
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if "jupyter_guard.isolate.proxy" in one.cmdline():
                    found.add(one.pid)
        return found

    before = proxies()
    home, folder = Path(tempfile.mkdtemp(prefix="home-")), Path(tempfile.mkdtemp(prefix="front-"))
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend="bubblewrap", port=port))
    with Front(folder, "", home=home) as running:
        running.run("1")
        mine = {one for one in proxies() - before if str(port) in " ".join(psutil.Process(one).cmdline())}
        assert len(mine) == 1
    end = time.monotonic() + 10
    while mine & proxies() and time.monotonic() < end:
        time.sleep(0.05)
    assert not mine & proxies()
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database() -> Iterator[int]:
    """A real PostgreSQL's port; it trusts everybody on the loopback."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or os.getuid():
        pytest.skip("no PostgreSQL (apt-get install postgresql), or no right to start it as its user")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    its = ["runuser", "-u", "postgres", "--"]
    data, options = str(folder / "data"), f"-c listen_addresses=127.0.0.1 -p {number} -k {folder} -c fsync=off"
    subprocess.run([*its, programs[-1] / "initdb", "-A", "trust", "-D", data], check=True, capture_output=True)
    control = [*its, str(programs[-1] / "pg_ctl"), "-D", data, "-w"]
    subprocess.run([*control, "-l", str(folder / "log"), "-o", options, "start"], check=True, stdout=subprocess.DEVNULL)
    yield number
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.kernel
@pytest.mark.skipif(bool(HAS["bubblewrap"]), reason=HAS["bubblewrap"] or "it works")
def test_a_real_database_answers_a_client_that_knows_no_proxy(database: int) -> None:
    home, folder = Path(tempfile.mkdtemp(prefix="home-")), Path(tempfile.mkdtemp(prefix="front-"))
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend="bubblewrap", port=database))
    ask = f"!psql -h 127.0.0.1 -p {database} -U postgres -tAc 'select 6 * 7'"
    with Front(folder, "", home=home) as running:
        assert running.run(ask).text.strip() == "42"
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend="bubblewrap", port=database - 1))
    with Front(folder, "", home=home) as running:
        assert "refused" in running.run(ask).text
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("entry", "name", "port", "fits"),
    [
        ("PyPI.org", "pypi.org.", 443, True),
        ("pypi.org", "evilpypi.org", 443, False),
        ("pypi.org", "files.pypi.org", 443, False),
        ("*.pypi.org", "files.pypi.org", 443, True),
        ("*.pypi.org", "pypi.org", 443, False),
        ("db:5432", "db", 5432, True),
        ("db:5432", "db", 22, False),
        ("[::1]:80", "::1", 80, True),
        ("::1", "::1", 80, True),
    ],
)
def test_what_an_entry_grants(entry: str, name: str, port: int, fits: bool) -> None:
    assert parsed(entry).fits(name, port) is fits


@pytest.mark.parametrize("entry", ["https://pypi.org", "me@pypi.org", "a*b.org", "*", "", "db:0", "db:99999", "db:x"])
def test_what_is_no_host_says_so(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(entry)
    problems: list[str] = []
    assert listed([entry], problems) == ()
    assert bool(problems) is (entry != "*")


def test_names_are_answered_inside_where_they_can_be() -> None:
    problems: list[str] = []
    wanted = [Host("db.internal", 5432), Host("other", 5432), Host("localhost", 3306), Host("10.0.0.1", 5432)]
    found = relays([*wanted, Host("old", 25), Host("pypi.org", 443), Host("pypi.org")], problems)
    assert [one.host for one in found] == ["db.internal", "other", "localhost"]
    assert found[2] == Relay("localhost", "127.0.0.1", 3306)
    assert found[0].address != found[1].address
    assert len(problems) == 2


def test_landlock_does_not_claim_the_network_for_hosts_one_by_one() -> None:
    wanted = Isolation("auto", ("network",), (), (".",), ("pypi.org",), ())
    made = plan(wanted, Machine("no namespaces", 7, True))
    assert made.missing == ("network",)
    assert any("isolation.hosts" in one for one in made.reasons)
    assert plan(wanted, Machine("", 7, True)).missing == ()
