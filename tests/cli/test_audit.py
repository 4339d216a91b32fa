"""``jupyter guard audit`` over a real journal in an empty home."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.audit import Approval, Journal, Judged, Record
from jupyter_guard.audit.place import audit_directory
from jupyter_guard.terms import Origin, Severity, Verdict

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def record(number: int, days_ago: int = 0, **more: Any) -> Record:
    facts = {
        "time": (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(),
        "kernel": "k1", "msg_id": f"request-{number}", "sha256": "0" * 64, "verdict": Verdict.ALLOW,
        "would_be": Verdict.ALLOW, "state": "ran", "sentence": "does nothing outside the session",
        "origin": Origin.HUMAN, "policy": "p", "user": "ann", "notebook": "/work/sales.ipynb", "number": number,
    }  # fmt: skip
    return Record(**(facts | more))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = audit_directory({}, tmp_path / "home") / "2026-01-01-k1.jsonl"
    finding = Judged("JG301", Severity.CRITICAL, Verdict.CONFIRM, "=deletes table `sales`", "personal preset")
    with Journal(path) as kept:
        kept.append(record(1, days_ago=9))
        kept.append(
            record(
                2,
                state="confirmed",
                verdict=Verdict.CONFIRM,
                origin=Origin.ASSISTANT,
                findings=(finding,),
                sentence="=deletes table `sales`\x1b[2J",
                approvals=(Approval("once", "panel"),),
            )
        )
        kept.append(record(2, event="outcome", state="ok", sentence="", redactions={"aws-access-key-id": 2}))
        kept.append(record(4, user="bob"))
    return path


def test_the_list_tells_what_is_worth_it(run: Run, journal: Path) -> None:
    told = run("audit", "list").stdout
    assert "confirmed" in told
    assert "deletes table `sales`" in told
    assert "once, by panel" in told
    assert "2 secrets taken out (aws-access-key-id)" in told
    assert "\x1b" not in told
    assert "does nothing" not in told
    assert run("audit", "list", "--all").stdout.count("does nothing") == 2


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (("--rule", "JG301"), [2]),
        (("--origin", "assistant"), [2]),
        (("--state", "confirmed", "--state", "ok"), [2, 2]),
        (("--user", "bob"), [4]),
        (("--since", "7d"), [2, 2, 4]),
        (("--until", "7d"), [1]),
        (("--notebook", "costs"), []),
        ((), [1, 2, 2, 4]),
    ],
)
def test_filters(run: Run, journal: Path, filters: tuple[str, ...], numbers: list[int]) -> None:
    found = json.loads(run("audit", "list", "--all", "--format", "json", *filters).stdout)
    assert [one["number"] for one in found] == numbers
    exported = run("audit", "export", *filters).stdout.splitlines()
    assert [json.loads(line)["number"] for line in exported] == numbers


def test_a_table_for_a_spreadsheet_holds_no_formula(run: Run, journal: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("audit", "export", "--format", "csv").stdout)))
    assert [row["state"] for row in rows] == ["ran", "confirmed", "ok", "ran"]
    assert rows[1]["sentence"].startswith("'=deletes")
    assert (rows[1]["rules"], rows[1]["approvals"]) == ("JG301", "once by panel")


def test_all_about_a_request(run: Run, journal: Path) -> None:
    told = run("audit", "show", "quest-2").stdout
    assert "decision: confirmed" in told
    assert "outcome: ok" in told
    assert str(journal) in told.replace("\n", "")
    assert [one["event"] for one in json.loads(run("audit", "show", "quest-2", "--format", "json").stdout)] == [
        "decision",
        "outcome",
    ]
    for asked, answer in (("nothing", "no record"), ("", "Several requests")):
        failed = run("audit", "show", asked)
        assert failed.returncode == 2
        assert answer in failed.stderr


def test_damage_is_found_with_its_place(run: Run, journal: Path) -> None:
    assert run("audit", "verify").returncode == 0
    whole = journal.read_bytes()
    journal.write_bytes(whole.replace(b"confirmed", b"declined"))
    damaged = run("audit", "verify")
    assert damaged.returncode == 1
    assert f"{journal}: line 2: the record was changed" in damaged.stderr
    journal.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert "its tail was removed" in run("audit", "verify", str(journal)).stderr
    journal.write_bytes(whole)
    journal.with_name(journal.name + ".head").unlink()
    assert run("audit", "verify").returncode == 1


def test_bad_input(run: Run, journal: Path) -> None:
    failed = run("audit", "list", "--since", "yesterday")
    assert failed.returncode == 2
    assert "expected 2026-01-31" in failed.stderr
    assert run("audit", "list", "--dir", "/not/there").returncode == 2


def test_nothing_yet(run: Run) -> None:
    assert "Nothing to list" in run("audit", "list").stdout
    assert "0 journals, 0 records: none damaged." in run("audit", "verify").stdout
