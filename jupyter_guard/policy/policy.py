"""The policy in force: a finding and its author -> a verdict, and which layer decided."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import msgspec

from jupyter_guard.knowledge import Entry
from jupyter_guard.policy.fields import FIELDS
from jupyter_guard.policy.layer import Layer, parse_layer, preset_layer, read_layer
from jupyter_guard.policy.merge import Merged, RuleSetting, Say, merge
from jupyter_guard.policy.packs import with_packs
from jupyter_guard.policy.tooling import ToolGrants, ToolSetting, granted
from jupyter_guard.terms import Finding, Kind, Origin, Severity, Verdict
from jupyter_guard.terms.deny import Deny
from jupyter_guard.terms.own import OwnRule

UNREAD_RULE = "JG800"
FAILURE_RULE = "JG000"
# What an organisation refuses outright: no row and no word about the rule makes it milder.
REFUSALS = {
    "JG890": "deny.imports",
    "JG891": "deny.calls",
    "JG892": "deny.sql",
    "JG893": "deny.commands",
    "JG894": "allow.imports",
    "JG895": "origin.{author}.code",
    "JG897": "allow.commands",
}

# Whoever could allow tampering with the guard by a comment could switch it off.
_NEVER_SUPPRESSED = "guard"


class Decision(msgspec.Struct, frozen=True):
    """The findings with their verdicts, what is enforced, and what enforcing would have said."""

    findings: tuple[Finding, ...]
    verdict: Verdict
    would_be: Verdict


class Rules(msgspec.Struct, frozen=True):
    """What the policy says of single rules."""

    disabled: frozenset[str]
    severities: dict[str, Severity]


class Scrub(msgspec.Struct, frozen=True):
    """Where known secrets come from, and an organisation's own token formats."""

    known_from: tuple[str, ...]
    patterns: dict[str, dict[str, Any]]


class Isolation(msgspec.Struct, frozen=True):
    """What the kernel may reach, and what must be enforced by the operating system."""

    backend: str
    require: tuple[str, ...]
    read: tuple[str, ...]
    write: tuple[str, ...]
    hosts: tuple[str, ...]
    env: tuple[str, ...]


class Limits(msgspec.Struct, frozen=True):
    """Sizes in bytes, times in seconds; ``None``: no limit."""

    memory: int | None = None
    cell_seconds: int | None = None
    cell_cpu_seconds: int | None = None
    processes: int | None = None
    open_files: int | None = None
    disk: int | None = None
    output: int | None = None
    recursion: int | None = None


class Practice(msgspec.Struct, frozen=True):
    """Which of ruff's rules are asked, and how many ways through a function or a cell are not too many."""

    ruff: tuple[str, ...]
    complexity: int


class Tools(msgspec.Struct, frozen=True):
    """Sources, names (``"*"``: all of them), and the calls that are safe where only tools may be called."""

    sources: tuple[str, ...]
    approved: tuple[str, ...]
    safe_calls: tuple[str, ...]


class Undo(msgspec.Struct, frozen=True):
    """Whose cells can be undone, the bytes and days that are kept, and what happens where that cannot be."""

    origins: tuple[str, ...]
    size: int
    days: int
    whole: int
    uncovered: str


class Policy:
    """The policy that holds for a session.

    Made by ``preset``, ``load`` or ``load_effective``; ``name`` is the preset below its layers, ``hash`` twelve hex
    digits that are the same wherever the same things are decided.
    """

    def __init__(self, preset: Layer, layers: Sequence[Layer] = ()) -> None:
        self.layers = (preset, *layers)
        self.name = preset.name.removesuffix(" preset")
        self._merged: Merged = merge(preset, layers)
        self._values = self._merged.values
        self.hash = self._hashed()

    def _hashed(self) -> str:
        settings = {rule: msgspec.structs.replace(one, layer="") for rule, one in self._merged.rules.items()}
        canonical = msgspec.json.encode(
            [self._values, settings, self._merged.patterns, self._merged.knowledge, *self._more()],
            order="deterministic",
            # The expressions in the conditions of knowledge are the only values that JSON has no form for.
            enc_hook=lambda expression: expression.pattern,
        )
        return sha256(canonical).hexdigest()[:12]

    def observing(self) -> Self:
        """The same policy, which judges as before and stops nothing; its hash is another."""
        made = copy.copy(self)
        made._values = {**self._values, "mode": "observe"}
        made.hash = made._hashed()
        return made

    @classmethod
    def preset(cls, name: str) -> Self:
        """A preset on its own. Raises ``ValueError`` for a name that is none."""
        return cls(preset_layer(name))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """One file over the ``personal`` preset. Raises ``PolicyError`` with every mistake."""
        return cls(preset_layer("personal"), with_packs(read_layer(Path(path), "user")))

    @classmethod
    def parse(cls, text: str, file: str = "<text>") -> Self:
        """The same from TOML text."""
        return cls(preset_layer("personal"), with_packs(parse_layer(text, "user", file)))

    def _own_values(self) -> list[Any]:
        """What an organisation's own rules find and say, where there are any; their examples decide nothing."""
        rules = {name: msgspec.structs.replace(one, bad=(), good=()) for name, one in self._merged.own.items()}
        return [rules] if rules else []

    def _more(self) -> list[Any]:
        """What few policies have: own rules, tables about tools, and grants that count for boxes only."""
        known = self._merged.known
        boxed = {key: [one for one in self._values.get(key, ()) if one not in known[key]] for key in known}
        tools = self._merged.tools
        return [*self._own_values(), *([tools] if tools else []), *([boxed] if any(boxed.values()) else [])]

    @property
    def mode(self) -> str:
        """``enforce`` or ``observe``."""
        return str(self._values["mode"])

    @property
    def watch_mode(self) -> str:
        """What comes of what a cell does while it runs: ``observe``, ``explain`` or ``stop``."""
        return str(self._values["watch.mode"])

    @property
    def locked(self) -> bool:
        """Whether a layer says that those below it may only tighten."""
        return bool(self._values["locked"])

    @functools.cached_property
    def deny(self) -> Deny:
        """What is refused outright, and what alone may be imported and run."""
        keys = ("deny.imports", "deny.calls", "deny.sql", "deny.commands", "allow.imports", "allow.commands")
        return Deny(*(frozenset(self._values[key]) for key in keys))

    @property
    def knowledge(self) -> dict[str, Entry]:
        """What the layers teach about APIs."""
        return self._merged.knowledge

    @property
    def own(self) -> dict[str, OwnRule]:
        """An organisation's own rules, by their ids."""
        return self._merged.own

    @functools.cached_property
    def rules(self) -> Rules:
        """Rules that are not asked, and severities instead of the rules' own."""
        settings = self._merged.rules
        return Rules(
            disabled=frozenset(rule for rule, setting in settings.items() if setting.disabled),
            severities={rule: Severity(one.severity) for rule, one in settings.items() if one.severity},
        )

    @property
    def scrub(self) -> Scrub:
        """What the scrubber is told."""
        return Scrub(self._values["scrub.known_from"], self._merged.patterns)

    @property
    def isolation(self) -> Isolation:
        """What the launcher is told."""
        names = Isolation.__struct_fields__
        return Isolation(**{name: self._values[f"isolation.{name}"] for name in names})

    @property
    def known_places(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The entries of ``isolation.read`` and of ``isolation.write`` that code which is read is judged by.

        Those that a layer below one which judges has added are left out: boxes have them.
        """
        known = self._merged.known
        return known["isolation.read"], known["isolation.write"]

    @property
    def limits(self) -> Limits:
        """What may be used up."""
        return Limits(**{name: self._values.get(f"limits.{name}") for name in Limits.__struct_fields__})

    def limits_said(self) -> tuple[tuple[str, int, str], ...]:
        """The limits in force: name, value, and the layer that set it with file and line."""
        found = []
        for name, value in msgspec.structs.asdict(self.limits).items():
            if value is not None:
                say = next(one for one in reversed(self.explain(f"limits.{name}")) if one.outcome != "ignored")
                place = f"{say.file}, line {say.line}" if say.line else say.file
                layer = place if "preset" in say.layer else f"{say.layer} policy ({place})"
                found.append((name, int(value), layer))
        return tuple(found)

    @property
    def undo(self) -> Undo:
        """What of the workspace is set aside before a cell runs."""
        return Undo(**{name: self._values[f"undo.{name}"] for name in Undo.__struct_fields__})

    @property
    def audit_store(self) -> str:
        """Where decisions are kept."""
        return str(self._values["audit.store"])

    @property
    def keeps_code(self) -> bool:
        """Whether decisions are kept with the cell's scrubbed text."""
        return bool(self._values["audit.code"])

    @property
    def audit_syslog(self) -> str:
        """Where a line about each decision that says something goes besides, or ``"off"``."""
        return str(self._values["audit.syslog"])

    @property
    def practice(self) -> Practice:
        """What is said of code beyond its effects, off the path of a run."""
        return Practice(self._values["practice.ruff"], self._values["practice.complexity"])

    def tool(self, name: str) -> ToolGrants:
        """What the tool of that name may reach, and when somebody is asked."""
        isolation = {key: self._values[f"isolation.{key}"] for key in ("read", "write", "hosts", "env")}
        return granted(self._merged.tools.get(name, ToolSetting()), isolation)

    @property
    def tools(self) -> Tools:
        """Where approved tools come from, which are approved, and what else a cell of tools only may call."""
        return Tools(**{name: self._values[f"tools.{name}"] for name in Tools.__struct_fields__})

    def code(self, origin: Origin) -> str:
        """``any`` or ``tools``: what cells of ``origin`` may consist of."""
        return str(self._values[f"origin.{origin}.code"])

    @functools.cached_property
    def restricts_code(self) -> bool:
        """Whether cells of any origin may call approved tools only."""
        return any(self.code(origin) == "tools" for origin in Origin)

    def may_suppress(self, origin: Origin) -> bool:
        """Whether a comment in a cell of ``origin`` may allow what is found beside it."""
        return origin in self._values["suppress.origins"]

    def why_not_suppressed(self, finding: Finding, origin: Origin) -> str:
        """Why a comment in a cell of ``origin`` that names the rule of a decided finding did not count, in words."""
        if finding.rule in (FAILURE_RULE, *REFUSALS) or finding.family == _NEVER_SUPPRESSED:
            return f"no comment allows {finding.rule}"
        if not self.may_suppress(origin):
            who = f"in `{origin}` cells" if self._values["suppress.origins"] else "in any cell"
            return f"the policy counts none {who} (`suppress.origins`)"
        if not self.may_suppress(finding.origin):
            return f"this is the doing of `{finding.origin}` code, whose findings none allows (`suppress.origins`)"
        return f"the policy wants no less than {finding.verdict} (`{finding.decided_by}`)"

    def row(self, origin: Origin) -> dict[str, Verdict]:
        """The verdicts for one origin, by severity and ``unread``."""
        start = f"origin.{origin}."
        rows = {key[len(start) :]: value for key, value in self._values.items() if key.startswith(start)}
        return {row: Verdict(value) for row, value in rows.items() if row != "code"}

    def watches(self) -> tuple[str, ...]:
        """Origins whose acts are judged as they are done: whose row is nowhere milder than that of imported code."""
        least = self.row(Origin.IMPORTED)
        strict = (one for one in Origin if all(self.row(one)[key] >= verdict for key, verdict in least.items()))
        return tuple(str(one) for one in sorted({Origin.IMPORTED, Origin.ASSISTANT, *strict}))

    def values(self) -> dict[str, Any]:
        """Every key in force."""
        return {key: self._values[key] for key in FIELDS if key in self._values}

    def explain(self, key: str) -> tuple[Say, ...]:
        """What each layer said about ``key``, the mightiest first. Raises ``KeyError`` for a key that nobody set."""
        return self._merged.says[key]

    def explained_keys(self) -> list[str]:
        """The keys that ``explain`` knows."""
        return sorted(self._merged.says)

    def decide(self, findings: Iterable[Finding], origin: Origin) -> Decision:
        """A verdict for each finding, by the strictest origin behind it, and for the cell: the strictest of all."""
        decided = tuple(self._decided(finding, origin) for finding in findings)
        would_be = Verdict.strictest((finding.verdict for finding in decided), Verdict.ALLOW)
        failed = any(finding.rule == FAILURE_RULE for finding in decided)
        enforced = would_be if self.mode == "enforce" or failed else min(would_be, Verdict.WARN)
        return Decision(decided, enforced, would_be)

    def _decided(self, finding: Finding, origin: Origin) -> Finding:
        if finding.rule == FAILURE_RULE:
            by = "built in: a failing guard blocks"
            return msgspec.structs.replace(finding, verdict=Verdict.BLOCK, decided_by=by, suppressed="")
        author = Origin.strictest((finding.origin, origin), origin)
        if finding.rule in REFUSALS:
            key = REFUSALS[finding.rule].format(author=author)
            by = f"{self._who(key)}: {key}"
            return msgspec.structs.replace(finding, origin=author, verdict=Verdict.BLOCK, decided_by=by, suppressed="")
        setting = self._merged.rules.get(finding.rule, RuleSetting())
        severity = finding.severity
        if setting.at_least_severity:
            severity = max(severity, Severity(setting.at_least_severity))
        rows = ("unread",) if self._is_unread(finding) else (str(finding.severity), str(severity))
        # A row may be milder for the higher severity; a layer that only raises must not profit from that.
        key = max((f"origin.{author}.{row}" for row in rows), key=lambda one: Verdict(self._values[one]).rank)
        verdict, by = Verdict(self._values[key]), f"{self._who(key)}: {key}"
        if setting.verdict:
            verdict, by = Verdict(setting.verdict), f"{setting.layer}: rules.{finding.rule}.verdict"
        if finding.suppressed and self.may_suppress(author) and finding.family != _NEVER_SUPPRESSED:
            # What a mightier layer wants at least comes after this.
            verdict, by = Verdict.ALLOW, f"{self._who('suppress.origins')}: suppress.origins: {finding.suppressed}"
        if setting.at_least_verdict and Verdict(setting.at_least_verdict) > verdict:
            verdict, by = Verdict(setting.at_least_verdict), f"{setting.layer}: rules.{finding.rule}.verdict"
        counted = finding.suppressed if verdict is Verdict.ALLOW and "suppress.origins" in by else ""
        return msgspec.structs.replace(
            finding, severity=severity, origin=author, verdict=verdict, decided_by=by, suppressed=counted
        )

    @staticmethod
    def _is_unread(finding: Finding) -> bool:
        kinds = {effect.kind for effect in finding.effects}
        return finding.rule == UNREAD_RULE or kinds == {Kind.UNREAD}

    def _who(self, key: str) -> str:
        said = [say for say in self._merged.says[key] if say.outcome != "ignored"]
        return said[-1].layer
