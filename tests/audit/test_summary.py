"""Counts of a journal: an outcome is no decision, an answer that held from before is none either."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.audit import Approval, Judged, Record
from jupyter_guard.audit.summary import STATES, summarize
from jupyter_guard.terms import Origin, Severity, Verdict


def record(time: str = "2026-01-02T10:00:00+00:00", **facts: object) -> Record:
    about: dict[str, object] = {
        "kernel": "k",
        "msg_id": "m",
        "sha256": "0" * 64,
        "verdict": Verdict.ALLOW,
        "would_be": Verdict.ALLOW,
        "state": "ran",
        "sentence": "",
        "origin": Origin.HUMAN,
        "policy": "p",
        **facts,
    }
    return Record(time=time, **about)  # type: ignore[arg-type]


def test_decisions_and_outcomes() -> None:
    finding = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "preset")
    summary = summarize(
        [
            record("2026-01-03T10:00:00+00:00", user="ann", origin=Origin.ASSISTANT, state="blocked", findings=(finding, finding)),
            record("2026-01-02T10:00:00+00:00", user="bo", approvals=(Approval("once", "panel"), Approval("before", "none"))),
            record("2026-01-02T11:00:00+00:00", user="bo", state="declined", approvals=(Approval("refuse", "stdin"),)),
            record("2026-01-02T11:00:01+00:00", event="outcome", state="ok", redactions={"jwt": 3}, limits=("memory",)),
        ]
    )  # fmt: skip
    assert summary.decisions == 3
    assert (summary.first, summary.last) == ("2026-01-02T10:00:00+00:00", "2026-01-03T10:00:00+00:00")
    assert summary.days == {"2026-01-02": {"ran": 1, "declined": 1}, "2026-01-03": {"blocked": 1}}
    assert list(summary.days) == ["2026-01-02", "2026-01-03"]
    assert summary.rules == {"JG301": 1}
    assert summary.users == {"bo": 2, "ann": 1}
    assert summary.secrets == {"jwt": 3}
    assert summary.limits == {"memory": 1}
    assert summary.answers == {"once": 1, "refuse": 1}
    assert summary.approval_rate == 0.5


def test_nothing() -> None:
    summary = summarize([])
    assert summary.decisions == 0
    assert summary.approval_rate is None


@given(st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(["a", "b", ""]), st.integers(1, 28))))
def test_counts_add_up(drawn: list[tuple[str, str, int]]) -> None:
    summary = summarize(
        record(f"2026-01-{day:02}T00:00:00+00:00", state=state, user=user) for state, user, day in drawn
    )
    assert summary.decisions == sum(summary.states.values()) == sum(summary.users.values()) == len(drawn)
    assert sum(sum(counts.values()) for counts in summary.days.values()) == len(drawn)
    assert summary.users == dict(Counter(user for _, user, _ in drawn))


def test_what_would_have_been_stopped() -> None:
    finding = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "preset")
    mild = Judged("JG501", Severity.LOW, Verdict.WARN, "connects to x", "preset")
    summary = summarize(
        [
            record(user="ann", verdict=Verdict.WARN, would_be=Verdict.BLOCK, findings=(finding, mild)),
            record(user="ann", verdict=Verdict.WARN, would_be=Verdict.CONFIRM),
            record(user="bo", verdict=Verdict.WARN, would_be=Verdict.WARN, findings=(mild,)),
            record(user="bo", state="blocked", verdict=Verdict.BLOCK, would_be=Verdict.BLOCK, findings=(finding,)),
            record(user="cy", event="opening", state="opened", opened="opened by root"),
        ]
    )
    assert summary.would == {"blocked": 1, "asked about": 1}
    assert summary.would_rules == {"JG301": 1}
    assert summary.would_users == {"ann": 2}
    assert summary.opened == {"cy": 1}
    assert summary.decisions == 4
