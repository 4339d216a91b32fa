"""Texts -> what other ways of looking for secrets find: detect-secrets, the same patterns by Hyperscan or `re` alone."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from jupyter_guard.scrub.expressions import Expressions
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.tables import COLUMN

Look = Callable[[str], list[str]]
"""A text -> the values that it holds to be secret."""


def detect_secrets() -> Look | None:
    """detect-secrets with its own defaults (Apache-2.0, in the dependency group `benchmark`), or ``None`` without it."""
    try:
        from detect_secrets import SecretsCollection
        from detect_secrets.settings import default_settings
    except ImportError:
        return None

    def look(text: str) -> list[str]:
        # It reads files; only so do its filters of false alarms take part.
        with tempfile.TemporaryDirectory() as folder, default_settings():
            path = Path(folder) / "output.txt"
            path.write_text(text, encoding="utf-8", errors="replace")
            secrets = SecretsCollection()
            secrets.scan_file(str(path))
            return [found.secret_value for _, found in secrets if found.secret_value]

    return look


def hyperscan_alone(by_name: bool = False) -> Callable[[str], None] | None:
    """One scan for the same patterns, without what the engine also asks: where a text ends inside of one.

    Called in the quickest way that the binding has, or with named arguments, as its documentation does. ``None`` where
    Hyperscan is not installed.
    """
    try:
        import hyperscan
    except ImportError:
        return None
    database = Expressions((*builtin(), COLUMN)).compiled().whole
    scan, scratch = database.scan, hyperscan.Scratch(database)

    def nothing(*_: object) -> None:
        pass

    def look(text: str) -> None:
        scan(text.encode("utf-8", "surrogatepass"), nothing, 0, None, scratch)

    def look_by_name(text: str) -> None:
        database.scan(text.encode("utf-8", "surrogatepass"), match_event_handler=nothing, scratch=scratch)

    return look_by_name if by_name else look


def one_by_one(text: str) -> int:
    """How often any pattern's expression matches, each over all of the text."""
    found = 0
    for pattern in builtin():
        keywords = "|".join(map(re.escape, pattern.keywords))
        flags = re.ASCII | (re.IGNORECASE if pattern.ignore_case else 0)
        found += sum(1 for _ in re.finditer(f"(?:{keywords}){pattern.shape.expression()}", text, flags))
    return found


def pieces(text: str, size: int = 8192) -> Iterator[str]:
    """The text as a program that prints much writes it."""
    return (text[at : at + size] for at in range(0, len(text), size))
