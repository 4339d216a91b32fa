"""Where a granted name may lead, and what the proxy sends on as the host that is asked."""

from __future__ import annotations

import asyncio
import http.server
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from jupyter_guard.isolate.addresses import objection
from jupyter_guard.isolate.proxy import RefusedError, Telling, closing, connected, proxying
from jupyter_guard.terms.host import Host, parsed


@pytest.mark.parametrize(
    ("entry", "name", "address", "allowed"),
    [
        ("pypi.org", "pypi.org", "151.101.0.223", True),
        ("pypi.org", "pypi.org", "2a04:4e42::223", True),
        ("pypi.org", "pypi.org", "127.0.0.1", False),
        ("pypi.org", "pypi.org", "::1", False),
        ("pypi.org", "pypi.org", "0.0.0.0", False),
        ("pypi.org", "pypi.org", "10.1.2.3", False),
        ("pypi.org", "pypi.org", "fd12::3", False),
        ("pypi.org", "pypi.org", "100.64.0.1", False),
        ("pypi.org", "pypi.org", "::ffff:10.1.2.3", False),
        ("pypi.org", "pypi.org", "::ffff:151.101.0.223", True),
        ("*.pypi.org", "a.pypi.org", "192.168.0.1", False),
        ("pypi.org:443", "pypi.org", "10.1.2.3", True),
        ("pypi.org:443", "pypi.org", "127.0.0.1", True),
        ("pypi.org:443", "pypi.org", "169.254.169.254", False),
        ("pypi.org:443", "pypi.org", "fe80::1%eth0", False),
        ("pypi.org:443", "pypi.org", "::ffff:169.254.169.254", False),
        ("pypi.org:443", "pypi.org", "64:ff9b::a9fe:a9fe", False),
        ("pypi.org:443", "pypi.org", "2002:a9fe:a9fe::1", False),
        ("pypi.org:443", "pypi.org", "::a9fe:a9fe", False),
        ("pypi.org:443", "pypi.org", "fd00:ec2::254", False),
        ("pypi.org:443", "pypi.org", "100.100.100.200", False),
        ("pypi.org:443", "pypi.org", "168.63.129.16", False),
        ("metadata.google.internal", "metadata.google.internal", "169.254.169.254", False),
        ("169.254.169.254", "169.254.169.254", "169.254.169.254", True),
        ("169.254.169.254", "169.254.169.254", "::ffff:169.254.169.254", True),
        ("fd00:ec2::254", "fd00:ec2::254", "fd00:ec2::254", True),
        ("*.0.0.1", "127.0.0.1", "127.0.0.1", False),
        ("localhost", "localhost", "127.0.0.1", True),
        ("db", "db", "10.1.2.3", True),
        ("db.internal", "DB.internal.", "10.1.2.3", True),
        ("*.corp", "a.corp", "10.1.2.3", True),
        ("*.com", "a.com", "10.1.2.3", False),
        ("internal.example.org", "internal.example.org", "10.1.2.3", False),
    ],
)
def test_where_a_granted_name_may_lead(entry: str, name: str, address: str, allowed: bool) -> None:
    assert (objection([parsed(entry)], name, 443, address) == "") is allowed


def test_an_address_granted_beside_a_name_may_be_where_it_leads() -> None:
    hosts = [Host("pypi.org"), Host("10.1.2.3", 443)]
    assert objection(hosts, "pypi.org", 443, "10.1.2.3") == ""
    assert objection(hosts, "pypi.org", 80, "10.1.2.3").endswith("jupyter guard policy grant pypi.org:80")


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name leads to these addresses: whoever answers for a name may say so."""
    told: list[str] = []

    async def found(_loop: Any, _name: str, port: int, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in told]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)
    return told


def test_a_name_that_leads_inside_is_not_connected(leads: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        leads += ["127.0.0.1", "::ffff:127.0.0.1"]
        with pytest.raises(RefusedError, match=f"grant rebound.example.org:{port}"):
            asyncio.run(connected([Host("rebound.example.org")], "rebound.example.org", port))
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
        asyncio.run(connected([Host("rebound.example.org", port)], "rebound.example.org", port))
        assert server.accept()


class Says(http.server.BaseHTTPRequestHandler):
    """Which hosts were named."""

    def do_GET(self) -> None:
        said = repr(self.headers.get_all("Host")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_arguments: object) -> None:
        """Nothing is to be seen."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Says) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


async def _answer(request: str) -> str:
    server = await asyncio.start_server(closing(proxying((Host("localhost"),), Telling(os.devnull))), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request.encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
    return answer.decode()


@pytest.mark.parametrize("fields", ["Host: other.example", "HOST: other.example", "Accept: */*\r\nhost: other.example"])
def test_the_host_that_is_named_is_the_one_that_was_asked_for(port: int, fields: str) -> None:
    answer = asyncio.run(_answer(f"GET http://me@localhost:{port}/ HTTP/1.1\r\n{fields}\r\n\r\n"))
    assert answer.endswith(f"['localhost:{port}']")


@pytest.mark.parametrize(
    "fields",
    [
        "Host: localhost\r\nAccept: a\nHost: other.example",
        "Host: a\r\n b",
        "Host: localhost\r\nAccept: a\rHost: other.example",
        # RFC 9112, 3.2: none, two, and a space before the colon (5.1).
        "Accept: */*",
        "Host: localhost\r\nHost: third.example",
        "Host : other.example",
        "Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2",
    ],
)
def test_fields_that_can_be_read_in_two_ways_are_refused(port: int, fields: str) -> None:
    answer = asyncio.run(_answer(f"GET http://localhost:{port}/ HTTP/1.1\r\n{fields}\r\n\r\n"))
    assert answer.startswith("HTTP/1.1 400 ")
