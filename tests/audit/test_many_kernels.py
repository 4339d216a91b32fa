"""Many kernels and one PostgreSQL: what the benchmark measures holds for a few dozen here."""

from __future__ import annotations

import pytest

from benchmarks.audit.server import programs

pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_every_record_of_every_kernel_is_kept_once() -> None:
    from benchmarks.audit.fleet import measure

    found = measure(kernels=40, seconds=2, a_second=50, backlog=5, idle=0)
    assert found["records written"] >= 40 * 5 + 50
    assert (found["lost"], found["chains that do not hold"]) == (0, 0)
