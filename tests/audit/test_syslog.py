"""A line about each record that says something, in a real socket's hands."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from jupyter_guard.audit import Approval, Judged, Record
from jupyter_guard.audit.syslog import Syslog, line
from jupyter_guard.terms import Severity, Verdict
from tests.audit.test_summary import record

FINDING = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "preset")
BLOCKED = record(
    state="blocked", user="ann", verdict=Verdict.BLOCK, findings=(FINDING,), sentence="deletes table `sales`"
)


def parsed(data: bytes) -> tuple[int, dict[str, object]]:
    head, _, rest = data.decode().partition("]: ")
    assert "jupyter_guard[" in head
    return int(head[1 : head.index(">")]), json.loads(rest)


def test_a_line_over_a_unix_socket_and_udp(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        unix.bind(str(tmp_path / "log"))
        udp.bind(("127.0.0.1", 0))
        for address, receiver in ((str(tmp_path / "log"), unix), (f"udp://127.0.0.1:{udp.getsockname()[1]}", udp)):
            receiver.settimeout(10)
            log = Syslog(address)
            log.tell(record())  # a cell that ran and of which there is nothing to say
            log.tell(BLOCKED)
            priority, item = parsed(receiver.recv(4096))
            # authpriv.warning
            assert priority == 10 * 8 + 4
            assert item["user"] == "ann"
            assert item["state"] == "blocked"
            assert item["rules"] == ["JG301"]
            log.close()


def test_nobody_listens(tmp_path: Path) -> None:
    log = Syslog(str(tmp_path / "log"))
    log.tell(BLOCKED)
    assert log.dropped == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.bind(str(tmp_path / "log"))
        unix.settimeout(10)
        log.tell(BLOCKED)
        assert parsed(unix.recv(4096))[1]["state"] == "blocked"


def test_a_receiver_that_does_not_read_makes_nobody_wait(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.bind(str(tmp_path / "log"))
        log = Syslog(str(tmp_path / "log"))
        for _ in range(5_000):
            log.tell(BLOCKED)
        assert log.dropped > 0


@pytest.mark.parametrize("text", ["x" * 5_000, "ä" * 3_000, '"\\\n' * 1_000])
def test_a_long_sentence_still_fits(text: str) -> None:
    said = line(record(state="blocked", sentence=text, notebook=text[:300]))
    assert len(said.encode()) <= 1024
    assert "\n" not in said
    assert json.loads(said.partition("]: ")[2])["state"] == "blocked"


def test_an_opening_is_an_alert() -> None:
    one: Record = record(
        event="opening", state="opened", opened="opened by root", approvals=(Approval("once", "stdin", "ann"),)
    )
    assert line(one).startswith(f"<{10 * 8 + 1}>")
