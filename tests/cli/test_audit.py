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

from jupyter_guard import Session
from jupyter_guard.audit import Approval, Journal, Judged, Record
from jupyter_guard.audit.place import audit_directory
from jupyter_guard.policy import Policy
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
        kept.append(
            record(3, msg_id="request-2", event="outcome", state="ok", sentence="", redactions={"aws-access-key-id": 2})
        )
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
        (("--state", "confirmed", "--state", "ok"), [2, 3]),
        (("--user", "bob"), [4]),
        (("--since", "7d"), [2, 3, 4]),
        (("--until", "7d"), [1]),
        (("--notebook", "costs"), []),
        ((), [1, 2, 3, 4]),
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
    told = json.loads(run("audit", "verify", "--format", "json").stdout)
    assert told["damaged"] == 1
    assert "tail" in [one["kind"] for one in told["problems"]]
    assert {one["journal"] for one in told["problems"]} == {str(journal)}
    journal.write_bytes(whole)
    head = journal.with_name(journal.name + ".head")
    named = head.read_bytes()
    head.unlink()
    assert run("audit", "verify").returncode == 1
    head.write_bytes(named)
    journal.unlink()
    gone = run("audit", "verify")
    assert (gone.returncode, gone.stdout) == (1, "1 journal, 0 records: 1 damaged.\n")
    assert f"{journal}: {head.name} is there and the journal is not" in gone.stderr


def test_bad_input(run: Run, journal: Path) -> None:
    failed = run("audit", "list", "--since", "yesterday")
    assert failed.returncode == 2
    assert "expected 2026-01-31" in failed.stderr
    assert run("audit", "list", "--dir", "/not/there").returncode == 2


def test_nothing_yet(run: Run) -> None:
    assert "Nothing to list" in run("audit", "list").stdout
    assert "0 journals, 0 records: none damaged." in run("audit", "verify").stdout


def test_report_is_one_page_without_a_script(run: Run, journal: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = run("audit", "report", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert "JG301" in text
    assert "aws-access-key-id" in text
    assert "<script" not in text
    assert "http" not in text
    assert journal.name not in text


def test_what_a_report_names_is_text_and_no_markup(run: Run, journal: Path, tmp_path: Path) -> None:
    with Journal(journal, resume=True) as kept:
        kept.append(record(7, user="<script>alert(1)</script>", notebook='"><img src=x onerror=alert(1)>'))
    page = tmp_path / "report.html"
    assert run("audit", "report", str(page)).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


def test_report_as_json_and_by_filter(run: Run, journal: Path, tmp_path: Path) -> None:
    assert journal
    page = tmp_path / "report.json"
    done = run("audit", "report", str(page), "--format", "json", "--origin", "assistant")
    assert done.returncode == 0, done.stderr
    summary = json.loads(page.read_text())
    assert summary["origins"] == {"assistant": summary["decisions"]}


def test_what_a_comment_allowed_is_counted_apart(run: Run, journal: Path, tmp_path: Path) -> None:
    policy = Policy.parse('version = 1\n[suppress]\norigins = ["human"]\n')
    code = (
        "import requests, shutil\nexec(requests.get(u).text)  # guard: allow JG101 because it is ours\n"
        "shutil.rmtree('/home')"
    )
    report = Session(policy, "human").vet(code)
    assert [one.rule for one in report.findings if one.suppressed] == ["JG101"]
    with Journal(journal, resume=True) as kept:
        kept.append(record(7, findings=tuple(Judged.of(one) for one in report.findings)))
    page = tmp_path / "report"
    assert run("audit", "report", str(page), "--format", "json").returncode == 0
    summary = json.loads(page.read_text())
    assert summary["suppressed"] == {"JG101": 1}
    others = {one.rule for one in report.findings if not one.suppressed}
    assert others
    assert summary["rules"] == {"JG301": 1} | dict.fromkeys(others, 1)
    assert run("audit", "report", str(page)).returncode == 0
    assert "Rules whose findings a comment allowed" in page.read_text()


def test_report_that_cannot_be_written(run: Run, journal: Path, tmp_path: Path) -> None:
    assert journal
    done = run("audit", "report", str(tmp_path / "no" / "folder" / "page.html"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_without_a_place_for_an_index_the_same_is_listed(run: Run, journal: Path, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    asked = ("audit", "list", "--all", "--format", "json", "--user", "ann")
    indexed = run(*asked, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert list((tmp_path / "cache" / "jupyter_guard").glob("audit-*.sqlite"))
    read = run(*asked, env={"XDG_CACHE_HOME": str(tmp_path / "a-file")})
    assert read.stdout == indexed.stdout
    assert [one["number"] for one in json.loads(read.stdout)] == [1, 2, 3]


def test_one_users_records_are_erased_and_the_rest_verifies(run: Run, journal: Path) -> None:
    asked = run("audit", "erase", "--user", "ann", "--why", "they asked for it", stdin="n\n")
    assert asked.returncode == 130
    assert "Erase 3 records of ann?" in asked.stdout
    done = run("audit", "erase", "--user", "ann", "--why", "they asked for it", "--yes")
    assert (done.returncode, done.stdout) == (0, "3 records erased.\n")
    assert b'"ann"' not in journal.read_bytes()
    left = json.loads(run("audit", "list", "--all", "--format", "json").stdout)
    assert [one["user"] for one in left if one["event"] == "decision"] == ["bob"]
    assert any("3 records were erased: they asked for it" in one["sentence"] for one in left)
    assert run("audit", "verify").returncode == 0


def test_old_records_are_erased(run: Run, journal: Path) -> None:
    done = run("audit", "retain", "--days", "7")
    assert (done.returncode, done.stdout) == (0, "1 record erased.\n")
    assert [json.loads(line)["number"] for line in run("audit", "export", "--user", "ann").stdout.splitlines()] == [
        2,
        3,
    ]
    assert run("audit", "retain", "--days", "7").stdout == "0 records erased.\n"


def test_a_journal_in_use_is_left_and_named(run: Run, journal: Path) -> None:
    with Journal(journal, resume=True):
        left = run("audit", "erase", "--user", "ann", "--why", "they asked for it", "--yes")
    assert left.returncode == 1
    assert f"{journal} is left as it is" in left.stderr.replace("\n", "")
