"""Layers, the mightiest first -> one set of values, with who set each.

What a layer sets, no layer below it can widen: allow sets intersect, deny sets unite, limits take the minimum, verdicts
the maximum. A preset is no layer but what holds where nobody says anything: the first layer to set a key replaces
it. Two exceptions: below a layer with ``locked = true``, and in a project's file (which arrives with a notebook
from anybody), the preset's values can only be tightened too. Where a layer set an origin's row, what layers below it
say of single rules and known APIs can only tighten, since either could empty that row. For the same reason a place that
one of them grants is no known one where code is read, where a layer above it set a row or said anything of a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from jupyter_guard.knowledge import Entry, Knowledge
from jupyter_guard.policy.fields import FIELDS, RULE_FIELDS
from jupyter_guard.policy.layer import Layer
from jupyter_guard.policy.tooling import ToolSetting, with_table
from jupyter_guard.terms.own import OwnRule

PLACES = ("isolation.read", "isolation.write")


class Say(msgspec.Struct, frozen=True):
    """What one layer said about a key, and what came of it: ``set``, ``tightened`` or ``ignored``."""

    layer: str
    file: str
    line: int
    value: Any
    outcome: str


class RuleSetting(msgspec.Struct, frozen=True):
    """What the layers say about one rule.

    ``severity`` and ``verdict`` replace the rule's and the row's; the ``at_least`` ones, from layers that may only
    tighten, can only raise them. ``layer`` is who said it last.
    """

    severity: str = ""
    verdict: str = ""
    at_least_severity: str = ""
    at_least_verdict: str = ""
    disabled: bool = False
    layer: str = ""


class Merged(msgspec.Struct, frozen=True):
    """All layers as one. ``known`` are the granted places, by key, that count where code is read."""

    values: dict[str, Any]
    rules: dict[str, RuleSetting]
    patterns: dict[str, dict[str, Any]]
    knowledge: dict[str, Entry]
    says: dict[str, tuple[Say, ...]]
    own: dict[str, OwnRule] = {}
    tools: dict[str, ToolSetting] = {}
    known: dict[str, tuple[str, ...]] = {}


def merge(preset: Layer, layers: Sequence[Layer]) -> Merged:
    """Join ``layers`` (site, hub, user, project; absent ones left out) over ``preset``."""
    values = dict(preset.values)
    rules: dict[str, RuleSetting] = {}
    patterns: dict[str, dict[str, Any]] = {}
    knowledge: dict[str, Entry] = {}
    says: dict[str, list[Say]] = {key: [_say(preset, key, value, "set")] for key, value in values.items()}
    own: dict[str, OwnRule] = {}
    tools: dict[str, ToolSetting] = {}
    known = {key: tuple(values.get(key, ())) for key in PLACES}
    spoken: set[str] = set()
    locked = bool(values.get("locked"))
    for layer in layers:
        only_tighten = locked or layer.name == "project"
        rows_set_above = any(key.startswith("origin.") for key in spoken)
        judged_above = only_tighten or any(key.startswith(("origin.", "rules.")) for key in spoken)
        # What a mightier layer grants code is the most that one below it grants a tool.
        isolated_above = {key.removeprefix("isolation.") for key in spoken}
        for key, value in layer.values.items():
            if key in values and (only_tighten or key in spoken):
                joined = FIELDS[key].tighten(values[key], value)
                outcome = "ignored" if joined == values[key] != value else "tightened"
                values[key] = joined
            else:
                values[key], outcome = value, "set"
            spoken.add(key)
            says.setdefault(key, []).append(_say(layer, key, value, outcome))
        if not judged_above:
            known |= {key: values[key] for key in PLACES if key in layer.values}
        rows_are_set = only_tighten or rows_set_above
        for rule, table in layer.rules.items():
            # A rule of a mightier layer's own is its word too.
            may_only_tighten = rows_are_set or f"rules.{rule}" in spoken or rule in own
            rules[rule] = _rule(rules.get(rule, RuleSetting()), table, layer.name, may_only_tighten)
            says.setdefault(f"rules.{rule}", []).append(
                _say(layer, f"rules.{rule}", table, "tightened" if may_only_tighten else "set")
            )
        spoken |= {f"rules.{rule}" for rule in layer.rules}
        patterns = {**layer.patterns, **patterns}
        for name, one in layer.own.items():
            outcome = "ignored" if name in own else "set"
            own.setdefault(name, one)
            says.setdefault(f"own.{name}", []).append(_say(layer, f"own.{name}", one.title, outcome))
        for name, table in layer.tools.items():
            outcome = "tightened" if only_tighten or name in tools else "set"
            tools[name] = with_table(
                tools.get(name, ToolSetting()), table, set(table) if only_tighten else isolated_above
            )
            says.setdefault(f"tool.{name}", []).append(_say(layer, f"tool.{name}", table, outcome))
        for name, entry in layer.knowledge.items():
            free = not rows_are_set and name not in knowledge
            knowledge[name] = entry if free else _joined(entry, knowledge.get(name) or Knowledge.builtin().lookup(name))
            outcome = "set" if free else "tightened"
            says.setdefault(f"knowledge.{name}", []).append(_say(layer, f"knowledge.{name}", entry.name, outcome))
        locked = locked or bool(layer.values.get("locked"))
    # `locked` itself: what is in force is whether any layer locked.
    values["locked"] = locked
    # What a layer below took away again is granted no more.
    known = {key: tuple(one for one in known[key] if one in values.get(key, ())) for key in PLACES}
    said = {key: tuple(one) for key, one in says.items()}
    return Merged(values, rules, patterns, knowledge, said, own, tools, known)


def _rule(old: RuleSetting, table: Mapping[str, Any], layer: str, only_tighten: bool) -> RuleSetting:
    change: dict[str, Any] = {"layer": layer}
    if not only_tighten:
        change |= table
    else:
        if "disabled" in table:
            change["disabled"] = old.disabled and table["disabled"]
        for key in ("severity", "verdict"):
            floor = f"at_least_{key}"
            if key in table:
                before = getattr(old, floor)
                change[floor] = RULE_FIELDS[key].tighten(before, table[key]) if before else table[key]
    return msgspec.structs.replace(old, **change)


def _joined(new: Entry, old: Entry | None) -> Entry:
    """``new`` on top of ``old``: it may add effects to a name, never take some away."""
    if old is None:
        return new
    acts = tuple(act for act in new.acts if act.kinds and act not in old.acts)
    return msgspec.structs.replace(old, acts=old.acts + acts)


def _say(layer: Layer, key: str, value: Any, outcome: str) -> Say:
    return Say(layer.name, layer.file, layer.lines.get(key, 0), value, outcome)
