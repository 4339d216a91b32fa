"""Whoever is killed in the middle of whatever: no record is lost, and none is there twice."""

from __future__ import annotations

import pytest

from benchmarks.audit.server import programs

pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_nothing_is_lost_and_nothing_is_there_twice() -> None:
    from benchmarks.audit.kills import measure

    found = measure(count=10_000, kernels=10, most_seconds=240, pause=0.0002)
    bad = {name: number for name, number in found.items() if name != "records" and "killed" not in name and number}
    assert not bad
    assert all(number for name, number in found.items() if "killed" in name)
