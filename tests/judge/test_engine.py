from __future__ import annotations

import msgspec
import pytest

from jupyter_guard import vet
from jupyter_guard.judge import RULES, engine, judge
from jupyter_guard.judge.rule import FAMILIES
from jupyter_guard.judge.severity import facets, severity
from jupyter_guard.judge.table import TABLE
from jupyter_guard.terms import (
    Cell,
    Certainty,
    Confidence,
    Effect,
    Kind,
    Observation,
    Origin,
    Reading,
    Scope,
    Severity,
    Span,
    Verdict,
)
from jupyter_guard.terms.deny import Deny


def reading(*effects: Effect, observations: tuple[Observation, ...] = (), origin: Origin = Origin.HUMAN) -> Reading:
    return Reading(Cell("x", origin), effects, observations)


def rules_of(*effects: Effect) -> list[str]:
    return [finding.rule for finding in judge(reading(*effects))]


def tagged(kind: Kind, scope: Scope, *tags: str, **more: object) -> Effect:
    return Effect(kind, scope=scope, tags=frozenset(tags), **more)


def test_every_rule_says_what_why_and_what_instead() -> None:
    for number, rule in RULES.items():
        assert number == rule.id
        assert rule.family in FAMILIES.values()
        assert rule.title[0].isupper() or rule.title.startswith("Your")
        assert not rule.title.endswith(".")
        assert rule.why.endswith(".")
        assert rule.instead.endswith(".")


def test_every_kind_of_effect_has_a_rule_that_can_speak() -> None:
    asked = {kind for rule in RULES.values() for kind in rule.kinds}
    assert asked == set(Kind)


@pytest.mark.parametrize(
    "effect",
    [
        Effect(Kind.NETWORK_CONNECT, "https://api.test", Scope.REMOTE),
        Effect(Kind.PROCESS_RUN, "ls"),
        Effect(Kind.FILE_WRITE, "out.csv", Scope.WORKSPACE),
        Effect(Kind.FILE_DELETE, "out.csv", Scope.WORKSPACE),
        Effect(Kind.FILE_DELETE, "/tmp/x", Scope.TEMPORARY, tags=frozenset({"recursive"})),
        Effect(Kind.FILE_DELETE, "d", Scope.HOME, tags=frozenset({"recursive", "self-made"})),
        Effect(Kind.PACKAGE_INSTALL, "pandas"),
        Effect(Kind.FILE_READ, "/proc/cpuinfo", Scope.SYSTEM),
        Effect(Kind.DATA_DESTROY, "t", Scope.SESSION, via="DELETE", tags=frozenset({"no-where"})),
        Effect(Kind.CODE_EXECUTE),
    ],
    ids=lambda effect: f"{effect.kind}-{effect.scope}",
)
def test_a_capability_alone_is_no_finding(effect: Effect) -> None:
    assert judge(reading(effect)) == ()


@pytest.mark.parametrize(
    ("effect", "rule", "level"),
    [
        (
            Effect(Kind.DATA_DESTROY, "sales in shop.db", Scope.WORKSPACE, via="DROP TABLE", tags=frozenset({"ddl"})),
            "JG301",
            "high",
        ),
        (tagged(Kind.DATA_DESTROY, Scope.REMOTE, "no-where", via="DELETE"), "JG302", "high"),
        (tagged(Kind.DATA_WRITE, Scope.UNKNOWN, "os-command"), "JG306", "critical"),
        (Effect(Kind.FILE_DELETE, "/", Scope.SYSTEM, tags=frozenset({"recursive"})), "JG203", "critical"),
        (Effect(Kind.FILE_DELETE, "~/work", Scope.HOME, tags=frozenset({"recursive"})), "JG201", "high"),
        (Effect(Kind.FILE_WRITE, "/etc/passwd", Scope.SYSTEM), "JG217", "critical"),
        (tagged(Kind.CODE_EXECUTE, Scope.UNKNOWN, "from:network"), "JG101", "high"),
        (tagged(Kind.CODE_EXECUTE, Scope.UNKNOWN, "deserialise"), "JG111", "medium"),
        (tagged(Kind.CODE_EXECUTE, Scope.UNKNOWN, "deserialise", "from:network"), "JG111", "high"),
        (tagged(Kind.GUARD_TAMPER, Scope.SESSION), "JG801", "high"),
        (tagged(Kind.UNREAD, Scope.UNKNOWN), "JG800", "high"),
        (tagged(Kind.NETWORK_CONNECT, Scope.REMOTE, "upload", "from:credential"), "JG501", "high"),
        (tagged(Kind.PROCESS_RUN, Scope.UNKNOWN, "piped-to-interpreter"), "JG401", "high"),
        (Effect(Kind.PROCESS_RUN, "shutdown -h now"), "JG407", "critical"),
        (tagged(Kind.RESOURCE_EXHAUST, Scope.UNKNOWN, "fork"), "JG701", "high"),
    ],
)
def test_rule_and_severity(effect: Effect, rule: str, level: str) -> None:
    findings = {finding.rule: finding for finding in judge(reading(effect))}
    assert rule in findings, list(findings)
    assert findings[rule].severity == level
    assert findings[rule].effects == (effect,)


def test_doubt_takes_off_a_step_each() -> None:
    sure = tagged(Kind.DATA_DESTROY, Scope.REMOTE, "ddl")
    assert severity(sure, facets(sure)) is Severity.HIGH
    unsure = msgspec.structs.replace(sure, certainty=Certainty.UNKNOWN)
    assert severity(unsure, facets(unsure)) is Severity.MEDIUM
    both = msgspec.structs.replace(unsure, reversible=True)
    assert severity(both, facets(both)) is Severity.LOW


def test_a_path_that_nothing_takes_yet_counts_in_an_assistants_cell() -> None:
    possible = tagged(Kind.DATA_DESTROY, Scope.REMOTE, "ddl", "possible", origin=Origin.HUMAN)
    assert severity(possible, facets(possible)) is Severity.MEDIUM
    theirs = msgspec.structs.replace(possible, origin=Origin.ASSISTANT)
    assert severity(theirs, facets(theirs)) is Severity.HIGH


def test_files_of_a_home_folder_are_their_owners_to_send() -> None:
    sent = Effect(
        Kind.NETWORK_CONNECT, "x.test", scope=Scope.REMOTE, tags=frozenset({"upload", "from:file", "from:private"})
    )
    levels = {
        origin: severity(one, facets(one))
        for origin in (Origin.HUMAN, Origin.ASSISTANT)
        for one in [msgspec.structs.replace(sent, origin=origin)]
    }
    assert levels == {Origin.HUMAN: "medium", Origin.ASSISTANT: "high"}
    less = msgspec.structs.replace(sent, tags=sent.tags - {"from:private"}, origin=Origin.ASSISTANT)
    assert severity(less, facets(less)) == "low"


def test_the_table_is_complete_and_well_formed() -> None:
    assert {row.kind for row in TABLE if not row.facet} == set(Kind)
    for row in TABLE:
        assert len(row.letters) == len(Scope)
        assert set(row.letters) <= set("-nlmhc")


def test_more_doubt_is_never_worse_and_more_facts_never_milder() -> None:
    for row in TABLE:
        for scope in Scope:
            plain = tagged(row.kind, scope)
            marked = tagged(row.kind, scope, *row.facet.split())
            least = severity(plain, plain.tags)
            if row.facet != "where" and least is not None:
                assert (severity(marked, marked.tags) or Severity.NOTE) >= least


def test_message_names_the_target_and_confidence_follows_certainty() -> None:
    effect = Effect(Kind.FILE_DELETE, "/srv/a", Scope.SYSTEM, certainty=Certainty.LIKELY, span=Span(3, 4, 3, 9))
    (finding,) = judge(reading(effect))
    assert "`/srv/a`" in finding.message
    assert finding.confidence is Confidence.MEDIUM
    assert finding.span == Span(3, 4, 3, 9)
    assert finding.why
    assert finding.instead


def test_the_strictest_origin_stays_on_the_finding() -> None:
    effect = Effect(Kind.FILE_DELETE, "/srv/a", Scope.SYSTEM, origin=Origin.ASSISTANT)
    (finding,) = judge(reading(effect))
    assert finding.origin is Origin.ASSISTANT


def test_findings_stand_in_the_order_of_the_text_and_equal_ones_are_one() -> None:
    late = Effect(Kind.FILE_DELETE, "/srv/a", Scope.SYSTEM, span=Span(9, 0, 9, 1))
    early = msgspec.structs.replace(late, span=Span(2, 0, 2, 1))
    findings = judge(reading(late, early, late))
    assert [finding.span.line for finding in findings] == [2, 9]
    assert len(findings[1].effects) == 2


def test_disabled_and_changed_rules() -> None:
    effect = tagged(Kind.DATA_DESTROY, Scope.REMOTE, "ddl", via="DROP TABLE")
    assert judge(reading(effect), disabled={"JG301"}) == ()
    (finding,) = judge(reading(effect), severities={"JG301": Severity.CRITICAL})
    assert finding.severity is Severity.CRITICAL


def test_a_crashing_rule_is_a_critical_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_effect: Effect, _seen: frozenset[str]) -> bool:
        raise RuntimeError("boom")

    broken = msgspec.structs.replace(RULES["JG301"], check=crash)
    monkeypatch.setattr(engine, "_rules_for_kind", lambda _kind: (broken,))
    (finding,) = judge(reading(tagged(Kind.DATA_DESTROY, Scope.REMOTE, "ddl")))
    assert finding.rule == "JG000"
    assert finding.severity is Severity.CRITICAL
    assert "boom" in finding.message


@pytest.mark.parametrize(
    ("deny", "effects", "observations", "rule"),
    [
        (Deny(imports=frozenset({"telnetlib"})), (), (Observation("import", "telnetlib"),), "JG890"),
        (Deny(imports=frozenset({"os"})), (), (Observation("import", "os.path"),), "JG890"),
        (Deny(calls=frozenset({"requests.delete"})), (), (Observation("call", "requests.delete"),), "JG891"),
        (
            Deny(sql=frozenset({"drop"})),
            (Effect(Kind.DATA_DESTROY, "t", Scope.SESSION, via="DROP TABLE"),),
            (),
            "JG892",
        ),
        (
            Deny(commands=frozenset({"terraform destroy"})),
            (Effect(Kind.PROCESS_RUN, "terraform destroy -auto-approve"),),
            (),
            "JG893",
        ),
    ],
)
def test_deny(deny: Deny, effects: tuple[Effect, ...], observations: tuple[Observation, ...], rule: str) -> None:
    findings = judge(reading(*effects, observations=observations), deny=deny)
    assert rule in [finding.rule for finding in findings]
    assert all(finding.severity is Severity.CRITICAL for finding in findings if finding.rule == rule)


def test_deny_does_not_refuse_names_that_only_begin_alike() -> None:
    deny = Deny(imports=frozenset({"os"}), commands=frozenset({"rm"}), calls=frozenset({"a.b"}))
    seen = (Observation("import", "ossaudiodev"), Observation("call", "a.bc"))
    assert judge(reading(Effect(Kind.PROCESS_RUN, "rmdir x"), observations=seen), deny=deny) == ()


@pytest.mark.parametrize("place", ["/data", "/data/", "/data/old", "/mnt/vol", "/media/usb", "/dbfs/x", "/srv", "/x/y"])
def test_a_folder_outside_of_what_is_ones_own_is_dear_whatever_it_is_called(place: str) -> None:
    (found,) = vet(f"import shutil\nshutil.rmtree({place!r})", origin="human").findings
    assert (found.rule, found.severity) == ("JG201", Severity.CRITICAL)
    # One's own files in a place for data are written and removed as anywhere.
    single = vet("import os\nopen('/data/a.csv', 'w')\nos.remove('/data/b.csv')", origin="human")
    assert single.verdict is Verdict.ALLOW
