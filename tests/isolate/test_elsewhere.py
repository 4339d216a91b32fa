"""Where no box can be made the doctor says so; what a machine of the tests' may lack is run by a command that is known."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from jupyter_guard.cli import examine


@pytest.mark.parametrize(("platform", "name"), [("darwin", "macOS"), ("win32", "Windows")])
@pytest.mark.parametrize(("policy", "state"), [("", "missing"), ('[isolation]\nrequire = ["files"]\n', "wrong")])
def test_another_system_has_no_isolation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, name: str, policy: str, state: str
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_guard.toml").write_text(f"version = 1\n{policy}")
    monkeypatch.setattr(sys, "platform", platform)
    facts = list(examine._isolation(tmp_path))
    assert [(one.part, one.state) for one in facts] == [("isolation", state)]
    assert f"no isolation on {name}" in facts[0].what
    assert "apt-get" not in facts[0].what + facts[0].todo
    assert ("no guarded kernel starts" in facts[0].what) is bool(policy)


def test_each_thing_that_a_machine_may_lack_has_a_test_that_says_where_it_runs() -> None:
    root = Path(__file__).parents[2]
    part = (root / "docs" / "isolation.md").read_text().partition("## What a machine may lack")[2]
    named = re.findall(r"`tests/isolate/(test_\w+\.py)`", part)
    assert len(named) >= 6
    # The reason for which one is skipped has the command.
    assert [one for one in named if "elsewhere: " not in (root / "tests" / "isolate" / one).read_text()] == []
    skipping = {one.name for one in (root / "tests" / "isolate").glob("test_*.py") if "elsewhere: " in one.read_text()}
    assert skipping - {Path(__file__).name} == set(named)
