"""The page that `jupyter guard audit report` makes of a real store, as a browser draws it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_guard.audit import Record
from jupyter_guard.audit.place import audit_directory
from jupyter_guard.guard.keeping import Keeper
from jupyter_guard.guard.protocol import Decided
from tests.audit.test_summary import record

pytestmark = pytest.mark.browser


def reported(home: Path, records: list[Record]) -> Path:
    """What the command writes of journals that the helper's own writer has kept, found through their SQLite index."""
    keepers = {kernel: Keeper(audit_directory({}, home)) for kernel in ("k0", "k1")}
    counts = dict.fromkeys(keepers, 0)
    for number, one in enumerate(records):
        kernel = f"k{number % 2}"
        counts[kernel] += 1
        facts = msgspec.to_builtins(one) | {"kernel": kernel, "number": counts[kernel]}
        assert keepers[kernel].keep(Decided(number, json.dumps(facts).encode(), b"{}"))
    for keeper in keepers.values():
        keeper.close()
    path = home / "report.html"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG_"))}
    command = [sys.executable, "-m", "jupyter_guard", "audit", "report", str(path)]
    subprocess.run(command, env={**environment, "HOME": str(home)}, check=True, timeout=120)
    assert list((home / ".cache/jupyter_guard").glob("*.sqlite*")), list((home / ".cache/jupyter_guard").iterdir())
    return path


def test_bars_are_as_long_as_their_counts(chromium: Any, tmp_path: Path) -> None:
    records = [record(f"2026-01-{day:02}T10:00:00+00:00", user="ann" if day % 4 else "bo") for day in range(1, 25)]
    records += [record("2026-01-05T11:00:00+00:00", user="ann", state="blocked") for _ in range(3)]
    path = reported(tmp_path, records)
    page = chromium.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    try:
        page.goto(path.as_uri())
        assert "2026-01-01 10:00 to 2026-01-24 10:00 UTC" in page.inner_text("body")
        users = page.locator("h2:text-is('Users') + table tr:has(td)")
        assert users.locator("td.name").all_inner_texts() == ["ann", "bo"]
        ann, bo = (users.nth(at).locator(".bar").bounding_box()["width"] for at in (0, 1))
        assert ann / bo == pytest.approx(21 / 6, rel=0.02)
        days = page.locator("h2:text-is('Decisions over time') ~ table").first.locator("tr:has(td)")
        assert days.count() == 24
        stack = days.nth(4).locator(".stack")
        assert stack.get_attribute("aria-label") == "1 ran, 3 blocked"
        ran, blocked = (stack.locator("span").nth(at).bounding_box()["width"] for at in (0, 1))
        assert blocked / ran == pytest.approx(3, rel=0.02)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert problems == []
        page.screenshot(path=tmp_path / "report.png", full_page=True)
    finally:
        page.close()
