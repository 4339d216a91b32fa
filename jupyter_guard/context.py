"""A policy -> what whoever writes code here has to know, as a short text for an assistant's prompt and as JSON.

So that allowed code is written the first time; a refused cell says the same again, with what to change.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from jupyter_guard.judge import RULES
from jupyter_guard.judge.rule import FAMILIES, Rule
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Confidence, Finding, Origin, Span, Verdict
from jupyter_guard.terms.own import OwnRule

VERSION: Final = 1
DEPENDS: Final = "depends"
_STOPS: Final = (Verdict.CONFIRM, Verdict.BLOCK)
_HAPPENS: Final = {
    Verdict.ALLOW: "run",
    Verdict.WARN: "run with a warning",
    Verdict.CONFIRM: "wait for a person's yes",
    Verdict.BLOCK: "do not run",
}
_PRACTICE: Final = "practice"
# They are in a part of their own.
_LISTS: Final = ("JG890", "JG891", "JG892", "JG893", "JG894", "JG895", "JG896", "JG897")


class About(msgspec.Struct, frozen=True):
    """A rule: ``verdict`` is allow, warn, confirm or block, or ``depends`` where that is by what it touches."""

    id: str
    family: str
    title: str
    instead: str
    verdict: str


class AboutTool(msgspec.Struct, frozen=True):
    """An approved tool: how it is called, JSON schemas, the effects that it declares, and when somebody is asked."""

    name: str
    call: str
    description: str
    schema: dict[str, Any]
    returns: dict[str, Any] | None
    effects: tuple[str, ...]
    approve: tuple[str, ...]
    seconds: int
    result: int


class Context(msgspec.Struct, frozen=True):
    """What holds for cells of ``origin``. ``code`` is ``any`` or ``tools``; ``rows`` says what happens to findings by
    severity; ``granted`` are paths, hosts and variables as the policy names them; ``safe_calls`` what else may be
    called where only tools may; ``problems`` what of the policy's tools cannot be used.
    """

    origin: str
    policy: str
    mode: str
    code: str
    rows: dict[str, str]
    rules: tuple[About, ...]
    organisation: tuple[About, ...]
    practice: tuple[About, ...]
    deny: dict[str, tuple[str, ...]]
    imports: tuple[str, ...]
    commands: tuple[str, ...]
    granted: dict[str, tuple[str, ...]]
    limits: dict[str, int]
    tools: tuple[AboutTool, ...]
    safe_calls: tuple[str, ...]
    problems: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """It in words, for a prompt; some thousand characters."""
        return "\n".join(_lines(self)) + "\n"

    def json(self) -> dict[str, Any]:
        """It as JSON values, with the format's ``version``."""
        return {"version": VERSION, **msgspec.json.decode(msgspec.json.encode(self))}


def describe(policy: Policy, workspace: str | Path | None = None, origin: Origin | str = Origin.ASSISTANT) -> Context:
    """What ``policy`` says to whoever writes cells of ``origin`` for notebooks in ``workspace`` (default: here).

    The approved tools describe themselves, each source in a process of its own, once. Raises ``ValueError`` for an
    origin that does not exist.
    """
    from jupyter_guard.tools import registry

    author = Origin(origin)
    tools = registry(policy, workspace)
    return _described(policy, author, tuple(tools.values()), tools.problems)


@functools.lru_cache(maxsize=8)
def _described(policy: Policy, origin: Origin, tools: tuple[Any, ...], problems: tuple[str, ...]) -> Context:
    disabled = policy.rules.disabled
    asked = [rule for rule in RULES.values() if rule.id not in disabled and rule.id not in _LISTS]
    isolation, limits = policy.isolation, msgspec.structs.asdict(policy.limits)
    deny = policy.deny
    return Context(
        origin=str(origin),
        policy=policy.hash,
        mode=policy.mode,
        code=policy.code(origin),
        rows={row: str(verdict) for row, verdict in policy.row(origin).items()},
        rules=tuple(_about(rule, policy, origin) for rule in asked if rule.family != _PRACTICE),
        organisation=tuple(_about(rule, policy, origin) for rule in policy.own.values() if rule.id not in disabled),
        practice=tuple(_about(rule, policy, origin) for rule in asked if rule.family == _PRACTICE),
        deny={name: tuple(sorted(getattr(deny, name))) for name in ("imports", "calls", "sql", "commands")},
        imports=tuple(sorted(deny.only)),
        commands=tuple(sorted(deny.only_commands)),
        granted={name: tuple(getattr(isolation, name)) for name in ("read", "write", "hosts", "env")},
        limits={name: value for name, value in limits.items() if value is not None},
        tools=tuple(_about_tool(one) for one in tools),
        safe_calls=policy.tools.safe_calls if policy.code(origin) == "tools" else (),
        problems=problems,
    )


def _about(rule: Rule | OwnRule, policy: Policy, origin: Origin) -> About:
    family = rule.family if isinstance(rule, Rule) else "organisation"
    severity = policy.rules.severities.get(rule.id, rule.severity)
    verdict = DEPENDS
    if severity is not None:
        finding = Finding(rule.id, family, severity, Confidence.HIGH, "", Span(1, 0, 1, 0), origin=origin)
        verdict = str(policy.decide((finding,), origin).findings[0].verdict)
    return About(rule.id, family, rule.title, rule.instead, verdict)


def _about_tool(tool: Any) -> AboutTool:
    return AboutTool(
        name=tool.name,
        call=f"tools.{tool.name}{tool.signature}",
        description=tool.description,
        schema=tool.schema,
        returns=tool.returns,
        effects=tuple(f"{one.kind} {one.target}".strip() for one in tool.declared),
        approve=tool.approve,
        seconds=tool.seconds,
        result=tool.result,
    )


def _lines(about: Context) -> Iterator[str]:
    who = {"human": "a person", "assistant": "an assistant"}.get(about.origin, f"origin {about.origin}")
    stops = "" if about.mode == "enforce" else " Nothing is stopped here, all of it is recorded."
    yield f"Rules for code by {who} in this notebook (jupyter_guard, policy {about.policy}).{stops}"
    if about.code == "tools":
        yield from _tools_only(about)
    else:
        rows = (f"{row}: {_HAPPENS[Verdict(about.rows[row])]}" for row in ("critical", "high", "medium", "unread"))
        yield f"Every cell is read before it runs. What happens to findings, by severity: {'; '.join(rows)}."
        yield "A refusal names what to write instead: write that, and do not try to get around it."
        yield from _stopped(about)
    yield from _organisation(about)
    yield from _reach(about)
    if about.tools and about.code != "tools":
        yield "Approved tools: `from jupyter_guard import tools`, then call by names of arguments:"
        yield from _tools(about)
    kept = [one for one in about.practice if one.verdict != Verdict.BLOCK]
    if kept and about.code != "tools":
        yield "Good practice, which reviewers look at: " + " ".join(dict.fromkeys(one.instead for one in kept))


def _tools_only(about: Context) -> Iterator[str]:
    yield (
        "Cells may only call approved tools. `from jupyter_guard import tools`, then call them by names of arguments. "
        "Beside that: assignments, plain expressions, f-strings, comprehensions, `if`, and `for` loops over results. "
        "No def, class, lambda, while, with, try, other imports, magics or shell commands."
    )
    if about.tools:
        yield "The tools:"
        yield from _tools(about)
    else:
        yield "No tool is approved here, so ask whoever keeps the policy for one."
    yield f"Other calls that are safe: {', '.join(about.safe_calls) or 'none'}."


def _tools(about: Context) -> Iterator[str]:
    for one in about.tools:
        asks = (
            ""
            if not one.approve
            else " Asks a person first" + ("." if one.approve == ("ask",) else f" where {' or '.join(one.approve)}.")
        )
        effects = f" Effects: {', '.join(one.effects)}." if one.effects else ""
        yield f"- {one.call}: {one.description}{effects}{asks}"


def _stopped(about: Context) -> Iterator[str]:
    families = dict.fromkeys(FAMILIES.values())
    stopping = [one for one in about.rules if one.verdict == DEPENDS or Verdict(one.verdict) in _STOPS]
    for family in families:
        titles = [f"{one.title[0].lower()}{one.title[1:]} ({one.id})" for one in stopping if one.family == family]
        if titles:
            yield f"Do not write code that ({family}) {'; '.join(titles)}."


def _organisation(about: Context) -> Iterator[str]:
    for one in about.organisation:
        yield f"{one.id} of the organisation: {one.title}. Instead: {one.instead}"
    for name, what in (("imports", "import"), ("calls", "call"), ("sql", "run SQL with"), ("commands", "run")):
        if about.deny[name]:
            yield f"Never {what}: {', '.join(about.deny[name])}."
    if "*" not in about.imports:
        yield f"Import nothing but: {', '.join(about.imports) or 'nothing at all'}."
    if "*" not in about.commands:
        yield f"Run no program but: {', '.join(about.commands) or 'none at all'}."


def _reach(about: Context) -> Iterator[str]:
    names = {"read": "Readable paths", "write": "Writable paths", "hosts": "Hosts that can be reached"}
    every = {"read": "all but credential stores", "write": "all", "hosts": "all"}
    for key, name in names.items():
        entries = (every[key] if one == "*" else one for one in about.granted[key])
        yield f"{name}: {', '.join(entries) or 'none'}."
    if about.limits:
        yield "Limits: " + ", ".join(f"{name} {value}" for name, value in about.limits.items()) + "."
