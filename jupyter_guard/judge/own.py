"""An organisation's own rules by full names: calls and imports of a reading -> findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jupyter_guard.judge.deny import listed
from jupyter_guard.terms import Confidence, Effect, Finding, Observation, Origin, Reading
from jupyter_guard.terms.own import FAMILY, OwnRule
from jupyter_guard.terms.sentence import shown


def found(reading: Reading, rules: Iterable[OwnRule]) -> Iterator[Finding]:
    """A finding for each call and each import that one of ``rules`` names."""
    for rule in rules:
        for seen in reading.observations:
            if seen.what == "call" and seen.detail in rule.calls:
                yield finding(rule, reading, seen, f"calls `{shown(seen.detail)}`", via=seen.detail)
            elif seen.what == "import" and (name := listed(seen.detail, rule.imports)):
                yield finding(rule, reading, seen, f"imports `{shown(name)}`")
        for effect in reading.effects:
            if effect.via in rule.calls:
                yield finding(rule, reading, effect, f"calls `{shown(effect.via)}`", via=effect.via)


def finding(rule: OwnRule, reading: Reading, at: Observation | Effect, what: str = "", via: str = "") -> Finding:
    """What a rule says of a place: its title, and what it saw there, unless that is all there is to see.

    ``via`` is the full name of what is called there.
    """
    return Finding(
        rule=rule.id,
        family=FAMILY,
        severity=rule.severity,
        confidence=Confidence.HIGH,
        message=f"{rule.title[0].lower()}{rule.title[1:]}" + (f" ({what})" if what else ""),
        span=at.span,
        via=via,
        replace=dict(rule.replace).get(via, ""),
        why=rule.why,
        instead=rule.instead,
        origin=Origin.strictest((reading.cell.origin, at.origin), reading.cell.origin),
    )
