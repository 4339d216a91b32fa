"""What a policy asks for and no kernel can have is refused with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard.isolate.plan import Machine, plan
from jupyter_guard.isolate.refusing import refusal
from jupyter_guard.policy import load_effective


@pytest.mark.parametrize("require", ["", 'require = ["files"]\n'])
def test_a_policy_that_wants_a_container_says_what_to_write_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require: str
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_guard.toml").write_text(f'version = 1\n[isolation]\nbackend = "container"\n{require}')
    policy = load_effective(tmp_path)
    told = refusal(policy, plan(policy.isolation, Machine("", 7, True)))
    assert told.startswith('no kernel starts: isolation.backend = "container" in ')
    assert "jupyter_guard.toml, line 3" in told
    assert 'Write "bubblewrap", "landlock" or "auto" there' in told
