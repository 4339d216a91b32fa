"""What an organisation refuses outright (JG890 to JG893): imports, calls, SQL verbs, commands -> findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Confidence, Effect, Finding, Kind, Observation, Origin, Reading, Severity
from jupyter_guard.terms.deny import Deny
from jupyter_guard.terms.sentence import shown

_WHY = "Your organisation's policy refuses it."
_INSTEAD = "Ask the policy's owner: `jupyter guard policy explain deny` says who that is."

RULES: Final[tuple[Rule, ...]] = tuple(
    Rule(
        id=number,
        title=f"Your organisation's policy refuses this {what}",
        why=_WHY,
        instead=_INSTEAD,
        severity=Severity.CRITICAL,
    )
    for number, what in (("JG890", "import"), ("JG891", "call"), ("JG892", "SQL"), ("JG893", "command"))
)


def refused(reading: Reading, deny: Deny) -> Iterator[Finding]:
    """A critical finding for each import, call, SQL statement and command that ``deny`` lists."""
    if not (deny.imports or deny.calls or deny.sql or deny.commands):
        return
    for seen in reading.observations:
        if seen.what == "import" and (name := _listed(seen.detail, deny.imports)):
            yield _finding("JG890", f"imports `{shown(name)}`", seen, reading)
        elif seen.what == "call" and (name := _listed(seen.detail, deny.calls)):
            yield _finding("JG891", f"calls `{shown(name)}`", seen, reading)
        elif seen.what == "sql" and (name := _starts(seen.detail, deny.sql)):
            yield _finding("JG892", f"runs {shown(name)}", seen, reading)
        elif seen.what == "command" and (name := _starts(seen.detail, deny.commands)):
            yield _finding("JG893", f"runs `{shown(name)}`", seen, reading)
    for effect in reading.effects:
        if effect.kind is not Kind.PROCESS_RUN and (name := _listed(effect.via, deny.calls)):
            yield _finding("JG891", f"calls `{shown(name)}`", effect, reading)
        if name := _starts(effect.via, deny.sql):
            yield _finding("JG892", f"runs {shown(name)}", effect, reading)
        if effect.kind is Kind.PROCESS_RUN and (
            name := _starts(effect.target, deny.commands) or _starts(effect.via, deny.commands)
        ):
            yield _finding("JG893", f"runs `{shown(name)}`", effect, reading)


def _listed(name: str, refused_names: frozenset[str]) -> str:
    """The listed name that ``name`` is, or lies below (``os.path`` lies below ``os``)."""
    while name:
        if name in refused_names:
            return name
        name = name.rpartition(".")[0]
    return ""


def _starts(text: str, prefixes: frozenset[str]) -> str:
    """The listed prefix, word by word and in any case, that ``text`` starts with."""
    words = _words(text)
    return next((prefix for prefix in sorted(prefixes) if words[: len(_words(prefix))] == _words(prefix)), "")


def _words(text: str) -> list[str]:
    return re.split(r"\s+", text.strip().upper())


def _finding(rule: str, message: str, at: Observation | Effect, reading: Reading) -> Finding:
    return Finding(
        rule=rule,
        family="guard",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message=message,
        span=at.span,
        effects=(at,) if isinstance(at, Effect) else (),
        why=_WHY,
        instead=_INSTEAD,
        origin=Origin.strictest((reading.cell.origin, at.origin), reading.cell.origin),
    )
