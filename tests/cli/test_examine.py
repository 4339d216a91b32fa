"""What `doctor` says of parts that a machine may lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard.cli.examine import examine


@pytest.mark.parametrize("is_compiled", [True, False])
def test_what_was_not_compiled_is_said_with_what_to_do(
    is_compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_guard.scrub.views.COMPILED", is_compiled)
    missing = [fact for fact in examine(tmp_path) if fact.part == "scrubber" and "compiled" in fact.what]
    assert [fact.state for fact in missing] == ([] if is_compiled else ["missing"])
    assert all("C compiler" in fact.todo for fact in missing)
