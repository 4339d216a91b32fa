"""What a running kernel decides stands in its journal, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_guard.audit import Record, verify
from jupyter_guard.audit.journal import read_head
from jupyter_guard.audit.place import audit_directory, journals, read_records

from .front import Front

SECRET = "AK" + "IA" + "QYLPMN5HHHFPZAM2"
DANGEROUS = "import shutil\nshutil.rmtree('/srv/a-project-that-is-not-here')"
pytestmark = pytest.mark.kernel


def kept(front: Front, count: int = 0, seconds: float = 10) -> list[Record]:
    """The records of this kernel, once there are ``count``; the journal verifies."""
    home = front.folder / "home"
    until = time.monotonic() + seconds
    while True:
        paths = journals(audit_directory({}, home))
        records = [record for path in paths for _, record in read_records(path)]
        if len(records) >= count or time.monotonic() > until:
            break
        time.sleep(0.05)
    assert len(paths) <= 1
    for path in paths:
        assert list(verify(path.read_bytes().splitlines(keepends=True), read_head(path))) == []
    return records


def test_each_decision_and_what_came_of_it(start: Callable[..., Front]) -> None:
    front = start()
    ran = front.run(f"print({SECRET[:5]!r} + {SECRET[5:]!r})")
    declined = front.assistant(DANGEROUS, "n")
    confirmed = front.assistant("import subprocess\nsubprocess.run(['rm', '-rf', 'not-here'])", "y")
    failed = front.run("1/0")
    records = kept(front, 7)
    assert all(one.uptime for one in records)
    by_id = {(one.msg_id, one.event): one for one in records}
    assert by_id[ran.msg_id, "decision"].state == "ran"
    assert sum(by_id[ran.msg_id, "outcome"].redactions.values()) == 1
    assert by_id[declined.msg_id, "decision"].origin == "assistant"
    assert by_id[failed.msg_id, "outcome"].state == "error"
    states = {one.state for one in records if one.event == "decision"}
    assert "ran" in states
    assert states & {"blocked", "declined"}
    answers = {one.state: [(a.choice, a.channel) for a in one.approvals] for one in records if one.approvals}
    if by_id[confirmed.msg_id, "decision"].state == "confirmed":
        assert answers["confirmed"] == [("once", "stdin")]
    text = Path(journals(audit_directory({}, front.folder / "home"))[0]).read_text()
    assert SECRET not in text


def test_a_helper_that_dies_loses_and_doubles_nothing(start: Callable[..., Front]) -> None:
    front = start()
    ids = []
    for number in range(12):
        ids.append(front.run(f"x = {number}").msg_id)
        if number % 4 == 3:
            os.kill(front.helper().pid, signal.SIGKILL)
    records = [one for one in kept(front, 12) if one.event == "decision"]
    assert [one.msg_id for one in records] == ids


def test_a_kernel_that_dies_is_on_record(start: Callable[..., Front]) -> None:
    front = start()
    run = front.send("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    front.wait_for(run, "error")
    records = kept(front, 2)
    assert [(one.event, one.state) for one in records] == [("decision", "ran"), ("outcome", "died")]
    assert "SIGKILL" in records[1].sentence


def test_a_wrapper_that_is_killed_has_kept_what_ran(start: Callable[..., Front]) -> None:
    front = start()
    run = front.send("import time; time.sleep(60)")
    front.wait_for(run, "execute_input")
    os.kill(front.pid, signal.SIGKILL)
    assert [one.msg_id for one in kept(front, 1)] == [run.msg_id]


MOST = 40
FEW = f"""
import sys
from jupyter_guard.kernel import keeping
from jupyter_guard.kernel.__main__ import main

keeping.MOST_WAITING = {MOST}
sys.exit(main(sys.argv[1:]))
"""


def test_while_nothing_can_be_written_a_bounded_number_runs_and_none_is_lost(start: Callable[..., Front]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    place = audit_directory({}, folder / "home")
    place.parent.mkdir(parents=True)
    place.write_text("in the way")
    front = start(in_folder=folder, argv=[sys.executable, "-P", "-c", FEW, "-f", "{connection_file}"])
    ran = [front.run(f"x = {number}") for number in range(MOST)]
    assert {one.status for one in ran} == {"ok"}
    os.kill(front.helper().pid, signal.SIGKILL)  # what it was told of is told to the next one
    refused = [front.run(code) for code in ("marked = 1", "marked = 2")]
    for one in refused:
        assert one.status == "error"
        assert f"{MOST} wait to be written" in one.text + str(one.published)
        assert "Make room on the disk" in str(one.published)
    place.unlink()
    # The helper tries again by itself.
    kept(front, MOST)
    again = front.run("'marked' in globals()")
    assert again.result == "False"
    decisions = [one for one in kept(front, MOST + 2) if one.event == "decision"]
    assert [one.msg_id for one in decisions] == [one.msg_id for one in (*ran, again)]
    (told,) = (one for one in kept(front) if one.state == "refused")
    assert told.msg_id == refused[-1].msg_id
    assert told.sentence.startswith("2 cells, or parts of them, did not run")
    assert [one.number for one in kept(front)] == list(range(1, MOST + 3))


def told(line: str) -> Path:
    """A folder whose user's own policy says more of the audit; a project's cannot."""
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    (folder / "home/.jupyter").mkdir(parents=True)
    (folder / "home/.jupyter/jupyter_guard.toml").write_text(f"version = 1\n[audit]\n{line}\n")
    return folder


def test_the_text_of_a_cell_where_the_policy_keeps_it(start: Callable[..., Front]) -> None:
    front = start(in_folder=told("code = true"), policy="")
    front.run(f"token = {SECRET!r}\nlen(token)")
    front.assistant("import subprocess\nsubprocess.run(['rm', '-rf', 'not-here'])", "y")
    first, second = (one for one in kept(front, 3) if one.event == "decision")
    assert first.code is not None
    assert first.code.startswith("token = ")
    assert SECRET not in first.code
    assert second.code is not None
    assert "subprocess.run" in second.code
    answers = [one for one in second.approvals if one.channel == "stdin"]
    assert [one.by for one in answers] == [second.user for _ in answers]
    assert second.user


def test_no_text_where_the_policy_says_nothing(start: Callable[..., Front]) -> None:
    front = start()
    front.run("only_its_hash = 1")
    assert [one.code for one in kept(front, 1)] == [None]


def test_syslog_is_told_of_what_is_stopped(start: Callable[..., Front], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(20)
        front = start(in_folder=told(f'syslog = "{tmp_path}/log"'), policy="")
        front.run("1 + 1")
        front.assistant(DANGEROUS, "n")
        said = json.loads(log.recv(4096).decode().partition("]: ")[2])
    assert said["state"] in ("declined", "blocked")
    assert said["origin"] == "assistant"
