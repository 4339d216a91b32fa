"""Cells -> what bandit and ruff's S rules say about each, both with their own defaults."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Lines = frozenset[int]


def has_bandit() -> bool:
    """Whether bandit is installed here."""
    return importlib.util.find_spec("bandit") is not None


class Bandit:
    """bandit in this process, a cell a call, so that its time is comparable. Raises ``ModuleNotFoundError``."""

    def __init__(self) -> None:
        import logging

        from bandit.core import config, manager

        logging.getLogger("bandit").setLevel(logging.CRITICAL)
        self._manager: Any = manager.BanditManager(config.BanditConfig(), "file")

    def lines(self, code: str) -> Lines:
        """The lines that it reports."""
        found = self._manager
        found.results.clear()
        found.skipped.clear()
        found._parse_file("cell.py", io.BytesIO(code.encode("utf-8", "replace")), ["cell.py"])
        return frozenset(issue.lineno for issue in found.results)


def ruff(cells: Sequence[str]) -> list[Lines]:
    """The lines that ``ruff check --select S`` reports, a set a cell. S101 (assert) is noise in notebooks: left out."""
    with tempfile.TemporaryDirectory() as folder:
        for number, code in enumerate(cells):
            (Path(folder) / f"c{number}.py").write_text(code, encoding="utf-8", errors="replace")
        command = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--no-cache",
            "--select",
            "S",
            "--ignore",
            "S101",
        ]
        done = subprocess.run(
            [*command, "--output-format", "json", folder], capture_output=True, text=True, check=False
        )
        found: list[set[int]] = [set() for _ in cells]
        for issue in json.loads(done.stdout or "[]"):
            if str(issue.get("code") or "").startswith("S"):
                found[int(Path(issue["filename"]).stem[1:])].add(issue["location"]["row"])
    return [frozenset(lines) for lines in found]
