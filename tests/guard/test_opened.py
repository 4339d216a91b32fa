"""Break-glass: an administrator lets an account's cells through, for a while, with a reason, and it is on record."""

from __future__ import annotations

import functools
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from jupyter_guard.audit import verify
from jupyter_guard.audit.journal import read_head
from jupyter_guard.audit.place import journals, kernel_of, read_records
from jupyter_guard.cli.hub import command
from jupyter_guard.guard import opened
from jupyter_guard.guard.opened import OpenedError, Opening, opening, openings, write
from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Vet
from jupyter_guard.hub.opening import close_account, open_account

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a file that belongs to root needs root")


def made(**other: str) -> Opening:
    facts = {"user": "ann", "opened": "2026-01-02T11:00:00+00:00", "until": "2026-01-02T13:00:00+00:00", "by": "root", "why": "a demo"}  # fmt: skip
    return Opening(**{**facts, **other})


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        ({}, True),
        ({"user": "bo"}, False),
        ({"until": "2026-01-02T12:00:00+00:00"}, False),
        ({"opened": "2026-01-02T12:30:00+00:00"}, False),
        ({"opened": "2026-01-01T12:00:00+00:00"}, False),
        ({"why": " "}, False),
        ({"by": ""}, False),
        ({"until": "tomorrow"}, False),
        ({"until": "2026-01-02T13:00:00"}, False),
    ],
)
def test_what_opens(tmp_path: Path, other: dict[str, str], holds: bool) -> None:
    file = tmp_path / "open.json"
    write((made(**other),), file)
    assert (opening("ann", NOW, file) is not None) is holds


def test_what_is_not_roots_alone_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "open.json"
    assert openings(file) == ()
    write((made(),), file)
    file.chmod(0o666)
    with pytest.raises(OpenedError, match="belongs to root"):
        openings(file)
    file.chmod(0o644)
    os.chown(file, 12345, 0)
    with pytest.raises(OpenedError, match="belongs to root"):
        openings(file)
    os.chown(file, 0, 0)
    link = tmp_path / "link.json"
    link.symlink_to(file)
    with pytest.raises(OpenedError, match="cannot be read"):
        openings(link)
    folder = tmp_path / "folder.json"
    folder.mkdir()
    with pytest.raises(OpenedError):
        openings(folder)
    for text in (b'{"openings":[{"us', b'{"version":2}', b'{"all":true}', b"\xff"):
        file.write_bytes(text)
        with pytest.raises(OpenedError):
            openings(file)


def test_a_cell_is_let_through_until_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, clock = tmp_path / "open.json", [NOW]
    monkeypatch.setattr(opened, "FILE", file)
    # What a function's default holds was bound when it was made.
    monkeypatch.setattr(opened, "opening", lambda account, now: opening(account, now, file))
    monkeypatch.setattr(opened, "now", lambda: clock[0])
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\n[deny]\ncalls = ["os.mkfifo"]\n')
    pipeline = Pipeline(tmp_path)
    cell = Vet(id=1, code=b"import os; os.mkfifo('x')", origin="human")

    def verdict() -> tuple[str, str]:
        pipeline.take_up_policy()
        judged = pipeline.judge(cell)
        return judged.verdict, judged.would_be

    assert verdict() == ("block", "block")
    write((made(),), file)
    assert verdict() == ("warn", "block")
    assert pipeline.standing.opened == "opened by root until 2026-01-02T13:00:00 UTC: a demo"
    clock[0] += timedelta(hours=1)
    assert verdict() == ("block", "block")
    assert pipeline.standing.opened == ""
    clock[0] = NOW
    file.chmod(0o666)
    assert verdict() == ("block", "block")


def test_it_is_on_record_before_it_holds(tmp_path: Path) -> None:
    file, audit = tmp_path / "open.json", tmp_path / "audit"
    open_account("ann", timedelta(hours=1), "an incident", file, audit)
    assert opening("ann", opened.now(), file) is not None
    assert close_account("bo", file, audit) is None
    assert close_account("ann", file, audit) is not None
    assert opening("ann", opened.now(), file) is None
    (journal,) = journals(audit)
    records = [record for _, record in read_records(journal)]
    assert [(one.event, one.user) for one in records] == [("opening", "ann"), ("closing", "ann")]
    assert all("an incident" in one.sentence for one in records)
    assert list(verify(journal.read_bytes().splitlines(keepends=True), read_head(journal))) == []
    audit.chmod(0o755)
    journal.unlink()
    journal.mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's to say
        open_account("ann", timedelta(hours=1), "an incident", file, audit)
    assert opening("ann", opened.now(), file) is None


def test_each_machine_has_a_journal_of_its_own(tmp_path: Path) -> None:
    open_account("ann", timedelta(hours=1), "an incident", tmp_path / "open.json", tmp_path / "audit")
    (journal,) = journals(tmp_path / "audit")
    ((_, record),) = read_records(journal)
    assert socket.gethostname() in journal.name
    assert record.kernel == kernel_of(journal) == f"break-glass-{socket.gethostname()}"


def test_two_who_open_at_once_both_do(tmp_path: Path) -> None:
    file, audit = tmp_path / "open.json", tmp_path / "audit"
    ready, go = os.pipe()
    children = []
    for number in range(12):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(go)
                os.read(ready, 1)  # until the other end is closed
                open_account(f"user{number}", timedelta(hours=1), "an incident", file, audit)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    os.close(ready)
    os.close(go)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 12
    assert {one.user for one in opened.openings(file)} == {f"user{number}" for number in range(12)}
    (journal,) = journals(audit)
    assert list(verify(journal.read_bytes().splitlines(keepends=True), read_head(journal))) == []
    assert len(list(read_records(journal))) == 12


@pytest.mark.parametrize(("user", "is_told"), [("roott", True), ("root", False)])
def test_a_name_that_is_no_account_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, is_told: bool
) -> None:
    real = functools.partial(open_account, file=tmp_path / "open.json", audit=tmp_path / "audit")
    monkeypatch.setattr("jupyter_guard.hub.opening.open_account", real)
    done = CliRunner().invoke(command, ["break-glass", user, "--for", "5m", "--why", "an incident"])
    assert done.exit_code == 0, done.output
    assert ("no account of this machine: it opens for nobody" in done.stderr.replace("\n", " ")) == is_told


@pytest.mark.parametrize(("hours", "why", "user"), [(0, "x", "a"), (25, "x", "a"), (1, " ", "a"), (1, "x", "")])
def test_what_is_no_opening(tmp_path: Path, hours: int, why: str, user: str) -> None:
    with pytest.raises(ValueError, match=r"has to"):
        open_account(user, timedelta(hours=hours), why, tmp_path / "open.json", tmp_path / "audit")
    assert not (tmp_path / "open.json").exists()
