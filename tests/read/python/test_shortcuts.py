"""Passes that are left out say nothing that the others do not: readings are the same when every pass is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.vet.cases import notebook_cases, own_cases
from jupyter_guard.read.python import loops
from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.terms import Cell, Effect

ROOT = Path(__file__).parents[3]
CORPORA = sorted(path.name for path in (ROOT / "tests" / "corpus").iterdir() if (path / "alias.txt").exists())


def effects(sessions: list[tuple[str, ...]]) -> list[set[Effect]]:
    found: list[set[Effect]] = []
    for cells in sessions:
        reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
        found += [set(reader.read(Cell(cell)).effects) for cell in cells]
    return found


def with_every_pass(sessions: list[tuple[str, ...]]) -> list[set[Effect]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "_is_settled", lambda *_: False)
        patch.setattr(loops, "_is_as_before", lambda *_: False)
        return effects(sessions)


def test_there_are_corpora() -> None:
    assert len(CORPORA) >= 5


@pytest.mark.parametrize("name", CORPORA)
def test_the_corpus_reads_the_same_with_every_pass(name: str) -> None:
    sessions = [tuple(case.cells) for case in own_cases(ROOT / "tests" / "corpus" / name)]
    assert sessions
    for short, whole in zip(effects(sessions), with_every_pass(sessions), strict=True):
        assert short == whole


def test_notebooks_read_the_same_with_every_pass() -> None:
    sessions = [tuple(case.cells) for case in notebook_cases(ROOT / "demo_notebooks")]
    assert sessions
    for short, whole in zip(effects(sessions), with_every_pass(sessions), strict=True):
        assert short == whole
