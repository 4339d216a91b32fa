"""Shapes of newer libraries -> the effects that the older ones' have."""

from __future__ import annotations

import pytest

from jupyter_guard.read import SessionReader
from jupyter_guard.terms import Cell, Effect, Kind, Origin


def effects(*cells: str) -> list[Effect]:
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    return [effect for cell in cells for effect in reader.read(Cell(cell, Origin.ASSISTANT)).effects]


@pytest.mark.parametrize(
    ("code", "kind", "target"),
    [
        ("import pexpect; pexpect.spawn('rm', ['-rf', '/srv/x'])", Kind.FILE_DELETE, "/srv/x"),
    ],
)
def test_what_a_call_does(code: str, kind: Kind, target: str) -> None:
    assert (kind, target) in {(one.kind, one.target) for one in effects(*code.split("\n--\n"))}
