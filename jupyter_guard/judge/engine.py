"""A reading -> findings: every effect and observation is shown once to the rules that ask for its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from jupyter_guard.judge import deny as refusals
from jupyter_guard.judge import own as organisation
from jupyter_guard.judge.registry import RULES
from jupyter_guard.judge.rule import Rule
from jupyter_guard.judge.severity import facets, privilege
from jupyter_guard.judge.severity import severity as table_severity
from jupyter_guard.terms import (
    Certainty,
    Confidence,
    Effect,
    Finding,
    Kind,
    Observation,
    Origin,
    Privilege,
    Reading,
    Severity,
    Span,
)
from jupyter_guard.terms.deny import Deny
from jupyter_guard.terms.own import OwnRule
from jupyter_guard.terms.sentence import clause, shown

_CONFIDENCE = {
    Certainty.CERTAIN: Confidence.HIGH,
    Certainty.LIKELY: Confidence.MEDIUM,
    Certainty.UNKNOWN: Confidence.LOW,
}


# Observations whose subject is what is called.
_CALLS = frozenset({"sql-injection", "sql-with-holes"})


def judge(
    reading: Reading,
    deny: Deny = Deny(),  # noqa: B008 - frozen
    disabled: Collection[str] = (),
    severities: Mapping[str, Severity] = {},
    held: Sequence[Privilege] = (),
    own: Collection[OwnRule] = (),
) -> tuple[Finding, ...]:
    """The findings of ``reading``, in the order of the text.

    ``disabled`` rules do not speak and ``severities`` replace a rule's own. A rule that crashes is itself a finding,
    ``JG000``, critical: never a silent pass. What the session may do beyond an ordinary account, ``held``, makes an
    assistant's effects that need it one step worse. ``own`` are an organisation's rules; those by shape are not asked.
    """
    if not (reading.effects or reading.observations):
        return ()
    found: dict[tuple[object, ...], Finding] = {}
    for finding in (
        *_by_effects(reading, disabled, held),
        *_by_observations(reading, disabled),
        *refusals.refused(reading, deny),
        *organisation.found(reading, [rule for rule in own if rule.id not in disabled]),
    ):
        if finding.rule in severities:
            finding = _changed(finding, severities[finding.rule])
        key = (finding.rule, finding.span, finding.message)
        found[key] = _joined(found[key], finding) if key in found else finding
    if not found:
        return ()
    return tuple(sorted(found.values(), key=lambda f: (f.span.line, f.span.column, f.rule)))


def calls_asked_for(
    deny: Deny = Deny(),  # noqa: B008 - frozen
    own: Collection[OwnRule] = (),
) -> frozenset[str] | None:
    """The full names of the calls that ``judge`` looks at whatever they do; ``None``: any call may be refused."""
    if deny.calls:
        return None
    asked = frozenset().union(*(rule.calls | rule.unless_called for rule in RULES.values()))
    if "*" not in deny.only:
        asked |= refusals.IMPORTERS
    return asked.union(*(rule.calls for rule in own))


def _by_effects(reading: Reading, disabled: Collection[str], held: Sequence[Privilege]) -> Iterator[Finding]:
    for effect in reading.effects:
        try:
            seen = facets(effect)
            lent = privilege(effect, held) if held else None
            level = table_severity(effect, seen, lent is not None)
        except Exception as error:
            yield _crashed("the severity table", error, effect.span, reading)
            continue
        spoken: set[str] = set()
        for rule in _rules_for_kind(effect.kind):
            if rule.family in spoken:
                continue
            try:
                fits = rule.check(effect, seen)
            except Exception as error:
                yield _crashed(rule.id, error, effect.span, reading)
                continue
            if not fits:
                continue
            spoken.add(rule.family)
            worth = level if rule.severity is None else rule.severity
            if worth is not None and rule.id not in disabled:
                yield _finding(rule, worth, effect, lent)


def _by_observations(reading: Reading, disabled: Collection[str]) -> Iterator[Finding]:
    for observation in reading.observations:
        what = observation.what
        # Rules look at a call by its name alone.
        call = what == "call"
        for rule in _rules_for_call(observation.detail) if call else _rules_for_observation(what):
            if rule.id in disabled or (rule.unless_called and _calls_any(reading, rule.unless_called)):
                continue
            if rule.unless_noted and _is_noted(reading, rule.unless_noted, observation):
                continue
            try:
                fits = call or rule.seen(observation)
            except Exception as error:
                yield _crashed(rule.id, error, observation.span, reading)
                continue
            if fits:
                yield Finding(
                    rule=rule.id,
                    family=rule.family,
                    severity=rule.severity or Severity.LOW,
                    confidence=Confidence.MEDIUM,
                    message=_noted(rule, observation),
                    span=observation.span,
                    why=rule.why,
                    instead=rule.instead,
                    origin=Origin.strictest((reading.cell.origin, observation.origin), reading.cell.origin),
                    via=observation.detail if observation.what in _CALLS else "",
                )


def _is_noted(reading: Reading, what: str, observation: Observation) -> bool:
    return any(one.what == what and one.span == observation.span for one in reading.observations)


def _calls_any(reading: Reading, names: Collection[str]) -> bool:
    return any(one.what == "call" and one.detail in names for one in reading.observations)


def _finding(rule: Rule, severity: Severity, effect: Effect, lent: Privilege | None) -> Finding:
    return Finding(
        rule=rule.id,
        family=rule.family,
        severity=severity,
        confidence=_CONFIDENCE[effect.certainty],
        message=clause(effect),
        span=effect.span,
        effects=(effect,),
        why=rule.why if lent is None else f"{rule.why} Nothing else would stop it here: {lent}.",
        instead=rule.instead,
        origin=effect.origin,
    )


def _noted(rule: Rule, observation: Observation) -> str:
    detail = f" (`{shown(observation.detail)}`)" if observation.detail else ""
    return rule.title[0].lower() + rule.title[1:] + detail


def _crashed(part: str, error: Exception, span: Span, reading: Reading) -> Finding:
    return Finding(
        rule="JG000",
        family="guard",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message=f"the guard itself failed ({part}: {type(error).__name__}: {shown(str(error), 120)})",
        span=span,
        why="A cell that was not judged could do anything, so it does not run.",
        instead="Report it; until it is mended, disable that rule in the policy or run the cell elsewhere.",
        origin=reading.cell.origin,
    )


def _changed(finding: Finding, severity: Severity) -> Finding:
    import msgspec

    return msgspec.structs.replace(finding, severity=severity)


def _joined(one: Finding, other: Finding) -> Finding:
    import msgspec

    worse = max(one, other, key=lambda finding: finding.severity.rank)
    return msgspec.structs.replace(worse, effects=(*one.effects, *other.effects))


def _rules_for_kind(kind: Kind) -> Sequence[Rule]:
    if not _BY_KIND:
        for rule in RULES.values():
            for wanted in rule.kinds:
                _BY_KIND[wanted].append(rule)
    return _BY_KIND.get(kind, ())


def _rules_for_observation(what: str) -> Sequence[Rule]:
    if not _BY_OBSERVATION:
        for rule in RULES.values():
            for wanted in rule.observes:
                _BY_OBSERVATION[wanted].append(rule)
    return _BY_OBSERVATION.get(what, ())


def _rules_for_call(name: str) -> Sequence[Rule]:
    if not _BY_CALL:
        for rule in RULES.values():
            for wanted in rule.calls:
                _BY_CALL[wanted].append(rule)
    return _BY_CALL.get(name, ())


_BY_CALL: defaultdict[str, list[Rule]] = defaultdict(list)
_BY_KIND: defaultdict[Kind, list[Rule]] = defaultdict(list)
_BY_OBSERVATION: defaultdict[str, list[Rule]] = defaultdict(list)
