"""A rule -> JSON values; a rule that does not exist -> what to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def rule_item(rule: Any) -> dict[str, Any]:
    """A rule as JSON values; ``severity`` is ``null`` where it depends on what is touched."""
    return {
        "rule": rule.id,
        "family": rule.family,
        "severity": None if rule.severity is None else str(rule.severity),
        "title": rule.title,
        "why": rule.why,
        "instead": rule.instead,
        "bad": list(rule.bad),
        "good": list(rule.good),
    }


def unknown_rule(rule: str, known: Sequence[str]) -> str:
    """What to say of a rule that is none, with the nearest of those that are."""
    from difflib import get_close_matches

    if rule == "JG000":
        return "JG000 is no rule: it says that the guard itself failed on a cell, which is then blocked."
    near = get_close_matches(rule, known, 3, 0.5)
    hint = f" Near: {', '.join(near)}." if near else " `jupyter guard rules` lists them."
    return f"There is no rule {rule!r}.{hint}"
