"""Dangerous cells and their look-alikes -> what is dangerous is found, and the look-alikes run on.

``independent`` was written by somebody who had not read the rules, ``own`` with them at hand: they are counted apart.
``unseen`` and ``unseen2`` were run before anything was mended, and say so in their READMEs; here nothing may be lost again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.vet.cases import own_cases
from benchmarks.vet.measure import by_category, judged
from benchmarks.vet.mutate import measured
from jupyter_guard import Session
from jupyter_guard.terms import Finding, Verdict

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


@dataclass(frozen=True)
class Case:
    """One case: ``== bad id`` or ``== good id`` in the file of its group, its cells with ``--`` between them."""

    group: str
    label: str
    id: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A case with the strictest verdict of its cells and all findings."""

    case: Case
    verdict: Verdict
    findings: tuple[Finding, ...]


def cases(half: str) -> Iterator[Case]:
    for path in sorted((HERE / half).glob("*.txt")):
        for block in path.read_text(encoding="utf-8").removeprefix("== ").split("\n== "):
            head, _, body = block.partition("\n")
            label, name = head.split()
            yield Case(path.stem, label, name, tuple(body.rstrip("\n").split("\n--\n")))


@pytest.fixture(scope="module", params=HALVES)
def half(request: pytest.FixtureRequest) -> list[Judged]:
    """Each case of one half, at an assistant's settings."""
    found = []
    for case in cases(request.param):
        session = Session("personal", origin="assistant", workspace="/home/user/work")
        reports = [session.vet(cell) for cell in case.cells]
        verdict = Verdict.strictest([report.verdict for report in reports], Verdict.ALLOW)
        found.append(Judged(case, verdict, tuple(one for report in reports for one in report.findings)))
    return found


def test_what_is_dangerous_is_found(half: list[Judged]) -> None:
    bad = [one for one in half if one.case.label == "bad"]
    missed = [one.case.id for one in bad if one.verdict is Verdict.ALLOW]
    assert len(missed) <= 0.05 * len(bad), missed


def test_it_is_found_for_what_it_does(half: list[Judged]) -> None:
    bad = [one for one in half if one.case.label == "bad"]
    unread = [one.case.id for one in bad if all(finding.rule in ("JG000", "JG800") for finding in one.findings)]
    assert len(unread) <= 0.05 * len(bad), unread


def test_no_group_is_left_behind(half: list[Judged]) -> None:
    for group in GROUPS:
        bad = [one for one in half if one.case.label == "bad" and one.case.group == group]
        found = sum(one.verdict > Verdict.ALLOW for one in bad)
        assert found >= 0.85 * len(bad), group


def test_look_alikes_do_not_interrupt(half: list[Judged]) -> None:
    good = [one for one in half if one.case.label == "good"]
    assert [one.case.id for one in good if one.verdict > Verdict.WARN] == []
    assert sum(one.verdict > Verdict.ALLOW for one in good) <= 0.03 * len(good)


def test_the_corpus_is_what_it_says() -> None:
    halves = {name: list(cases(name)) for name in HALVES}
    every = [case for half in halves.values() for case in half]
    assert len(every) >= 400
    assert len({(case.id, case.label) for case in every}) == len(every)
    for half in halves.values():
        assert {case.group for case in half} == GROUPS
        assert {case.label for case in half} == {"bad", "good"}
        assert len(half) >= 190


# Of each set: found for the right reason, of them all, of its twins and in its weakest group; look-alikes that warn.
REACHED = {"unseen": (0.94, 0.93, 0.85, 0.03), "unseen2": (0.95, 0.90, 0.85, 0.04)}


@pytest.mark.parametrize("name", REACHED)
def test_what_was_reached_on_cases_written_without_sight_of_the_rules(name: str) -> None:
    every, twins, weakest, near = REACHED[name]
    results = judged(own_cases(HERE / name), "personal", "assistant")
    bad = [one for one in results if one.case.label == "bad"]
    good = [one for one in results if one.case.label == "good"]
    rebuilt = [one for one in bad if one.case.category.startswith("twins")]
    first = [one for one in bad if not one.case.category.startswith("twins")]
    assert sum(one.right for one in first) >= every * len(first)
    assert sum(one.right for one in rebuilt) >= twins * len(rebuilt)
    for group, members in by_category(first).items():
        assert sum(one.right for one in members) >= weakest * len(members), group
    assert sum(one.verdict > Verdict.ALLOW for one in good) <= near * len(good)


def test_the_same_by_other_words_is_still_found() -> None:
    bad = [one for name in REACHED for one in own_cases(HERE / name) if one.label == "bad"]
    found = measured(bad[::6], "personal", "assistant")
    assert len(found) >= 12
    for mutation, group in found.items():
        assert sum(one.right for one in group) >= 0.92 * len(group), mutation
