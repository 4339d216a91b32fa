"""The audit's view in the server, as an administrator opens it in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_guard.audit import Approval, Journal, Judged
from jupyter_guard.terms import Origin, Severity, Verdict
from tests.audit.test_summary import record

from .driver import Server

FINDING = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "team preset")


def test_an_administrator_looks_and_chooses(server: Server, chromium: Any, tmp_path: Path) -> None:
    journal_of = server.log.parent / "data/jupyter_guard/audit/2026-01-02-view.jsonl"
    about = {"kernel": "view", "notebook": "/srv/only-here.ipynb"}
    with Journal(journal_of) as journal:
        for number in range(6):
            journal.append(
                record(f"2026-01-0{1 + number % 3}T10:00:00+00:00", user="ann", msg_id=f"ran{number}", **about)
            )
        journal.append(
            record(
                "2026-01-03T11:00:00+00:00",
                user="bo",
                msg_id="stopped",
                state="blocked",
                verdict=Verdict.BLOCK,
                would_be=Verdict.BLOCK,
                origin=Origin.ASSISTANT,
                findings=(FINDING,),
                sentence="deletes table <sales>",
                **about,
            )
        )
        journal.append(
            record(
                "2026-01-03T12:00:00+00:00",
                user="ann",
                msg_id="let",
                verdict=Verdict.WARN,
                would_be=Verdict.BLOCK,
                findings=(FINDING,),
                **about,
            )
        )
        journal.append(
            record(
                "2026-01-03T13:00:00+00:00",
                user="ann",
                msg_id="asked",
                state="confirmed",
                approvals=(Approval("once", "stdin", "ann"),),
                **about,
            )
        )
    page = chromium.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    try:
        page.goto(f"{server.url}/jupyter-guard/report?notebook=only-here&token={server.token}")
        assert "2026-01-01 10:00 to 2026-01-03 13:00 UTC" in page.inner_text("body")
        assert page.locator(
            "h2:text-is('Would have been stopped, had the policy been enforced') + table td.name"
        ).all_inner_texts() == ["blocked"]
        rows = page.locator("table.records tr:has(td)")
        assert rows.count() == 3
        assert "deletes table <sales>" in rows.nth(2).inner_text()
        assert "once by ann" in rows.nth(0).inner_text()
        days = page.locator("h2:text-is('Decisions over time') ~ table").first.locator("tr:has(td)")
        assert days.count() == 3
        page.fill("input[name=user]", "bo")
        page.click("button[type=submit]")
        page.wait_for_url("**user=bo**")
        assert page.locator("table.records tr:has(td)").count() == 1
        assert page.locator("h2:text-is('Users') + table td.name").all_inner_texts() == ["bo"]
        assert page.input_value("input[name=notebook]") == "only-here"
        page.fill("input[name=since]", "yesterday")
        page.click("button[type=submit]")
        page.wait_for_url("**since=yesterday**")
        assert "yesterday" in page.inner_text("body")
        assert [one for one in problems if "400" not in one] == []
        page.goto(f"{server.url}/jupyter-guard/report?notebook=only-here")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=tmp_path / "view.png", full_page=True)
    finally:
        page.close()
        journal_of.unlink()
        journal_of.with_name(journal_of.name + ".head").unlink()
