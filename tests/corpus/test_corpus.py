"""Dangerous cells and their look-alikes, in two halves -> what is dangerous is found, and the look-alikes run on.

``independent`` was written by somebody who had not read the rules, ``own`` with them at hand: they are counted apart.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.vet.cases import own_cases
from benchmarks.vet.measure import Judged, judged
from jupyter_guard.terms import Verdict

HERE = Path(__file__).parent
HALVES = ("independent", "own")
GROUPS = {
    "alias",
    "cross-cell",
    "path",
    "obfuscation",
    "shell",
    "data",
    "network",
    "credentials",
    "resources",
    "guard",
}


@pytest.fixture(scope="module", params=HALVES)
def half(request: pytest.FixtureRequest) -> list[Judged]:
    """Each case of one half, at an assistant's settings."""
    return judged(own_cases(HERE / request.param), "personal", "assistant")


def test_what_is_dangerous_is_found(half: list[Judged]) -> None:
    bad = [one for one in half if one.case.label == "bad"]
    missed = [one.case.id for one in bad if one.verdict is Verdict.ALLOW]
    assert len(missed) <= 0.05 * len(bad), missed


def test_it_is_found_for_what_it_does(half: list[Judged]) -> None:
    bad = [one for one in half if one.case.label == "bad"]
    unread = [one.case.id for one in bad if not one.right]
    assert len(unread) <= 0.05 * len(bad), unread


def test_no_group_is_left_behind(half: list[Judged]) -> None:
    for group in GROUPS:
        bad = [one for one in half if one.case.label == "bad" and one.case.category == group]
        found = sum(one.verdict > Verdict.ALLOW for one in bad)
        assert found >= 0.85 * len(bad), group


def test_look_alikes_do_not_interrupt(half: list[Judged]) -> None:
    good = [one for one in half if one.case.label == "good"]
    assert [one.case.id for one in good if one.verdict > Verdict.WARN] == []
    assert sum(one.verdict > Verdict.ALLOW for one in good) <= 0.03 * len(good)


def test_the_corpus_is_what_it_says() -> None:
    cases = [case for name in HALVES for case in own_cases(HERE / name)]
    assert len(cases) >= 400
    assert len({case.id + case.label for case in cases}) == len(cases)
    for name in HALVES:
        half = list(own_cases(HERE / name))
        assert {case.category for case in half} == GROUPS
        assert {case.label for case in half} == {"bad", "good"}
        assert len(half) >= 190
