"""No layer can widen what a layer above it set; a project's file can widen nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.knowledge import parse_entries
from jupyter_guard.policy import Layer, Policy
from jupyter_guard.policy.fields import FIELDS, WATCH_MODES
from jupyter_guard.policy.layer import preset_layer
from jupyter_guard.terms import Confidence, Effect, Finding, Kind, Origin, Severity, Span, Verdict

VERDICTS = st.sampled_from([str(one) for one in Verdict])
SETS = st.lists(st.sampled_from(["a", "b", "c", "*"]), unique=True).map(lambda drawn: tuple(sorted(drawn)))
# A table about a tool: its grants, its limits and when somebody is asked.
GRANTS = ("read", "write", "hosts", "env")
TOOL = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(GRANTS, SETS),
        **dict.fromkeys(("seconds", "result", "memory"), st.integers(1, 10**9)),
        "approve": st.sampled_from([(), ("ask",), ("amount > 1",), ("amount > 1", "amount > 2")]),
    },
)

TOOL_SETS = ("tools.approved",)
UNDO_SIZES = ("undo.size", "undo.days", "undo.whole")


def value_of(key: str) -> st.SearchStrategy[Any]:
    if key == "locked":
        return st.booleans()
    if key == "watch.mode":
        return st.sampled_from(WATCH_MODES)
    if key == "mode":
        return st.sampled_from(["observe", "enforce"])
    if key.endswith(".code"):
        return st.sampled_from(["any", "tools"])
    if key.startswith("origin.") or key == "undo.uncovered":
        return VERDICTS
    if key.startswith("limits.") or key in (*UNDO_SIZES, "practice.complexity"):
        return st.integers(1, 10**9)
    if key in ("isolation.backend", "audit.store", "version"):
        return st.sampled_from(["auto", "none"])
    if key == "suppress.origins":
        # It takes origins only, and no "*".
        return SETS.map(lambda drawn: tuple(one for one in drawn if one != "*"))
    return SETS


KEYS = [key for key in FIELDS if key != "version"]


@st.composite
def a_layer(draw: st.DrawFn, name: str) -> Layer:
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=8))
    values = {key: draw(value_of(key)) for key in keys}
    rules = draw(
        st.dictionaries(
            st.sampled_from(["JG301", "JG201"]),
            st.fixed_dictionaries(
                {},
                optional={
                    "severity": st.sampled_from([str(one) for one in Severity]),
                    "verdict": VERDICTS,
                    "disabled": st.booleans(),
                },
            ),
        )
    )
    tools = draw(st.dictionaries(st.sampled_from(["refund", "purge"]), TOOL))
    return Layer(name, f"{name}.toml", values, rules, tools=tools)


def no_wider(key: str, new: Any, old: Any) -> bool:
    """Whether ``new`` allows nothing that ``old`` does not."""
    if key == "locked":
        return new or not old
    if key == "watch.mode":
        return WATCH_MODES.index(new) >= WATCH_MODES.index(old)
    if key == "mode":
        return (new, old) != ("observe", "enforce")
    if key.endswith(".code"):
        return (new, old) != ("any", "tools")
    if key.startswith("origin.") or key == "undo.uncovered":
        return Verdict(new) >= Verdict(old)
    if key.startswith("limits.") or key == "practice.complexity":
        return new <= old
    if key in ("isolation.backend", "audit.store", "version", *UNDO_SIZES):
        return new == old
    if key in (
        "isolation.read",
        "isolation.write",
        "isolation.hosts",
        "isolation.env",
        "allow.imports",
        "allow.commands",
        *TOOL_SETS,
    ):
        return "*" in old or set(new) <= set(old)
    if key in ("tools.sources", "tools.safe_calls"):
        # Of a source "*" is no file; and nothing stands for every call.
        return set(new) <= set(old) or (key == "tools.sources" and "*" in old)
    if key == "suppress.origins":
        # Who may allow by a comment: fewer is tighter.
        return set(new) <= set(old)
    return set(new) >= set(old)


def assert_known_no_wider(new: Policy, old: Policy) -> None:
    """No place is known where code is read that was not before."""
    for found, before in zip(new.known_places, old.known_places, strict=True):
        assert set(found) <= set(before)


def assert_tools_no_wider(new: Policy, old: Policy, said_of: dict[str, dict[str, Any]] | None = None) -> None:
    """Of each tool, no grant is wider, no limit is higher and nobody is asked less."""
    for name in ("refund", "purge") if said_of is None else said_of:
        found, before = new.tool(name), old.tool(name)
        for key in GRANTS if said_of is None else set(GRANTS) & set(said_of[name]):
            assert "*" in getattr(before, key) or set(getattr(found, key)) <= set(getattr(before, key)), (name, key)
        for key in ("seconds", "result", "memory"):
            if getattr(before, key) is not None:
                assert getattr(found, key) <= getattr(before, key), (name, key)
        assert "ask" in found.approve or set(before.approve) <= set(found.approve), name


@given(site=a_layer("site"), lower=a_layer("user"))
def test_what_a_layer_sets_no_lower_one_widens(site: Layer, lower: Layer) -> None:
    above, all_of_them = Policy(preset_layer("personal"), [site]), Policy(preset_layer("personal"), [site, lower])
    for key in site.values if not above.locked else above.values():
        assert no_wider(key, all_of_them.values()[key], above.values()[key]), key
    assert_tools_no_wider(all_of_them, above, site.tools)
    # And what it grants code, no lower layer goes beyond for a tool of which it says nothing.
    isolated = {key.partition(".")[2]: () for key in site.values if key.startswith("isolation.")}
    names = dict.fromkeys({"refund", "purge"} - set(site.tools), isolated)
    assert_tools_no_wider(all_of_them, above, names)


@given(site=a_layer("site"), lower=a_layer("user"), preset=st.sampled_from(["personal", "team", "locked"]))
def test_below_a_lock_nothing_is_widened(site: Layer, lower: Layer, preset: str) -> None:
    site.values["locked"] = True
    above, all_of_them = Policy(preset_layer(preset), [site]), Policy(preset_layer(preset), [site, lower])
    for key, value in above.values().items():
        assert no_wider(key, all_of_them.values()[key], value), key
    assert_verdicts_no_milder(all_of_them, above)
    assert_known_no_wider(all_of_them, above)
    assert_tools_no_wider(all_of_them, above)


@given(project=a_layer("project"), user=a_layer("user"))
def test_a_project_widens_nothing(project: Layer, user: Layer) -> None:
    above, all_of_them = Policy(preset_layer("personal"), [user]), Policy(preset_layer("personal"), [user, project])
    for key, value in above.values().items():
        assert no_wider(key, all_of_them.values()[key], value), key
    assert_verdicts_no_milder(all_of_them, above)
    assert_known_no_wider(all_of_them, above)
    assert_tools_no_wider(all_of_them, above)


@given(layer=a_layer("site"))
def test_saying_it_twice_changes_nothing(layer: Layer) -> None:
    once, twice = Policy(preset_layer("personal"), [layer]), Policy(preset_layer("personal"), [layer, layer])
    assert once.values() == twice.values()


def finding(rule: str, severity: Severity) -> Finding:
    return Finding(rule, "data", severity, Confidence.HIGH, "m", Span(1, 0, 1, 1), (Effect(Kind.DATA_DESTROY),))


def assert_verdicts_no_milder(new: Policy, old: Policy) -> None:
    for origin in Origin:
        for severity in Severity:
            for rule in ("JG301", "JG201"):
                # A severity that an upper layer replaced is the judge's input, and a lower layer cannot replace it.
                assert new.rules.severities == old.rules.severities
                assert new.rules.disabled <= old.rules.disabled
                one = finding(rule, severity)
                assert new.decide([one], origin).verdict >= old.decide([one], origin).verdict


@given(lower=a_layer("user"), row=st.sampled_from(["critical", "high"]))
def test_a_row_that_the_site_set_is_not_emptied_from_below(lower: Layer, row: str) -> None:
    site = Layer("site", values={f"origin.assistant.{row}": "block"})
    above, all_of_them = Policy(preset_layer("personal"), [site]), Policy(preset_layer("personal"), [site, lower])
    assert_known_no_wider(all_of_them, above)
    one = finding("JG301", Severity(row))
    assert "JG301" not in all_of_them.rules.disabled
    severity = all_of_them.rules.severities.get("JG301", one.severity)
    assert severity == one.severity
    assert above.decide([one], Origin.ASSISTANT).would_be is Verdict.BLOCK
    assert all_of_them.decide([one], Origin.ASSISTANT).would_be is Verdict.BLOCK


@given(lower=a_layer("user"))
def test_what_the_site_says_of_a_rule_is_not_emptied_by_a_grant_from_below(lower: Layer) -> None:
    site = Layer("site", rules={"JG212": {"verdict": "block"}})
    above, all_of_them = Policy(preset_layer("personal"), [site]), Policy(preset_layer("personal"), [site, lower])
    assert_known_no_wider(all_of_them, above)


@pytest.mark.parametrize("site", [{}, {"isolation.write": ("*",)}, {"isolation.write": ("/data", "/more")}])
def test_a_layer_that_may_judge_names_known_places(site: dict[str, Any]) -> None:
    user = Layer("user", values={"isolation.write": ("/data",)})
    policy = Policy(preset_layer("personal"), [Layer("site", values=site), user])
    assert policy.isolation.write == ("/data",)
    assert policy.known_places[1] == ("/data",)
    boxed = Policy(preset_layer("personal"), [Layer("site", values={**site, "origin.human.high": "warn"}), user])
    assert boxed.isolation.write == ("/data",)
    assert boxed.known_places[1] == (("/data",) if "/data" in site.get("isolation.write", ()) else ())
    # Two policies that decide other things have other names.
    same = Policy(preset_layer("personal"), [Layer("site", values={"origin.human.high": "warn", **user.values})])
    assert (boxed.hash == same.hash) == (boxed.known_places == same.known_places)


@pytest.mark.parametrize("name", ["user", "project"])
def test_only_a_free_layer_can_call_a_known_api_harmless(name: str) -> None:
    entries, _ = parse_entries({"shutil.rmtree": {"example": "x"}}, "f")
    policy = Policy(preset_layer("personal"), [Layer(name, knowledge=entries)])
    kinds = {kind for act in policy.knowledge["shutil.rmtree"].acts for kind in act.kinds}
    assert kinds == ({Kind.FILE_DELETE} if name == "project" else set())


def test_explain_names_every_layer() -> None:
    site = Layer("site", "site.toml", {"origin.human.high": "confirm"}, lines={"origin.human.high": 7})
    user = Layer("user", "user.toml", {"origin.human.high": "allow"})
    said = Policy(preset_layer("personal"), [site, user]).explain("origin.human.high")
    assert [(say.layer, say.value, say.outcome) for say in said] == [
        ("personal preset", "warn", "set"),
        ("site", "confirm", "set"),
        ("user", "allow", "ignored"),
    ]
    assert said[1].line == 7
