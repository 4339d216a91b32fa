"""Cells -> what bandit, ruff's S rules and semgrep's public rules say about each, all with their own defaults."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Lines = frozenset[int]
PUBLIC_RULES = "p/python"
FETCH_SECONDS = 60
SCAN_SECONDS = 1800


class Unavailable(Exception):  # noqa: N818 - an answer that is printed, not a mistake
    """A peer cannot be run here; the message says why and what would help."""


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


def semgrep(cells: Sequence[str], rules: Path | None = None) -> list[Lines]:
    """The lines that semgrep reports, a set a cell.

    ``rules`` is a file or folder of rules, such as the ``python`` folder of a checkout of github.com/semgrep/semgrep-rules;
    without it they are fetched from semgrep's registry. Raises ``Unavailable``: no semgrep, no network, no rules.
    """
    program = shutil.which("semgrep")
    if program is None:
        raise Unavailable("not installed (`pip install semgrep` into an environment of its own, and put it on PATH)")
    if rules is not None and not rules.exists():
        raise Unavailable(f"there are no rules at {rules}")
    config = str(rules or PUBLIC_RULES)
    if rules is None:
        try:
            _semgrep(program, config, ["pass\n"], FETCH_SECONDS)
        except Unavailable as reason:
            help_ = "clone github.com/semgrep/semgrep-rules and give its `python` folder as --semgrep-rules"
            raise Unavailable(f"its public rules ({config}) could not be fetched ({reason}); {help_}") from None
    return _semgrep(program, config, cells, SCAN_SECONDS)


def _semgrep(program: str, config: str, cells: Sequence[str], seconds: float) -> list[Lines]:
    with tempfile.TemporaryDirectory() as folder:
        for number, code in enumerate(cells):
            (Path(folder) / f"c{number}.py").write_text(code, encoding="utf-8", errors="replace")
        command = [program, "scan", "--config", config, "--metrics", "off", "--disable-version-check"]
        command += ["--no-git-ignore", "--json", "--quiet", folder]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"no answer in {seconds:g} s") from None
        try:
            results = json.loads(done.stdout)["results"]
        except (ValueError, KeyError):
            last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
            raise Unavailable(f"exit {done.returncode}: {last[:200] or 'no output'}") from None
        if done.returncode not in (0, 1):
            raise Unavailable(f"exit {done.returncode}: {done.stderr.strip()[-200:]}")
    found: list[set[int]] = [set() for _ in cells]
    for result in results:
        found[int(Path(result["path"]).stem[1:])].add(result["start"]["line"])
    return [frozenset(lines) for lines in found]
