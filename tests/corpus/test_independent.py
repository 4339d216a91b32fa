"""The corpus that was written without reading the rules: what is dangerous is found, and its look-alikes are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard import Session
from jupyter_guard.terms import Verdict

HERE = Path(__file__).parent / "independent"


def strictest(label: str) -> dict[str, Verdict]:
    """The strictest verdict of each case's cells, at an assistant's settings."""
    found = {}
    for path in sorted(HERE.glob("*.txt")):
        for block in path.read_text().removeprefix("== ").split("\n== "):
            head, _, body = block.partition("\n")
            if head.split()[0] == label:
                session = Session("personal", origin="assistant")
                verdicts = [session.vet(cell).verdict for cell in body.rstrip("\n").split("\n--\n")]
                found[head.split()[1]] = Verdict.strictest(verdicts, Verdict.ALLOW)
    return found


def test_what_is_dangerous_is_found() -> None:
    found = strictest("bad")
    missed = [name for name, verdict in found.items() if verdict is Verdict.ALLOW]
    assert len(missed) <= 0.05 * len(found), missed


@pytest.mark.parametrize("threshold", [Verdict.CONFIRM])
def test_look_alikes_do_not_interrupt(threshold: Verdict) -> None:
    assert [name for name, verdict in strictest("good").items() if verdict >= threshold] == []
