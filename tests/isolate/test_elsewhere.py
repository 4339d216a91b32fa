"""Where no box can be made the doctor says so, and names no package that would not help."""

from __future__ import annotations

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
