"""Of what the guard claims to know and to follow: harm is found, ordinary use that looks like it stays quiet.

Each text beside this file has a case a line, ``bad`` or ``good`` and the code: ``\\n`` for a new line, ``@@`` between
cells. ``knowledge`` goes through the libraries and commands, ``values`` through the ways to say the same,
``sentences`` through what reading has to follow: names, taint, shell, SQL, resources, the guard itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard import Policy, Session
from jupyter_guard.terms import Report, Severity, Verdict

POLICY = Policy.preset("personal")
CASES = [
    (file.stem, *line.partition(" ")[::2])
    for file in sorted(Path(__file__).parent.glob("*.txt"))
    for line in file.read_text(encoding="utf-8").splitlines()
    if line.startswith(("bad ", "good "))
]


def reports(code: str) -> list[Report]:
    session = Session(POLICY, origin="assistant")
    return [session.vet(cell) for cell in code.replace("\\n", "\n").split("@@")]


@pytest.mark.parametrize("kind", ["bad", "good"])
def test_there_are_many_of_both(kind: str) -> None:
    assert sum(one == kind for _, one, _ in CASES) > 250


@pytest.mark.parametrize("code", [code for _, kind, code in CASES if kind == "bad"])
def test_harm_is_found(code: str) -> None:
    assert any(report.findings for report in reports(code))


@pytest.mark.parametrize("code", [code for _, kind, code in CASES if kind == "good"])
def test_ordinary_use_is_quiet(code: str) -> None:
    for report in reports(code):
        assert report.verdict is Verdict.ALLOW
        assert all(one.severity <= Severity.LOW for one in report.findings)
