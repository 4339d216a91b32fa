"""What a server says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jupyter_guard
from jupyter_guard.server.status import is_guarded, server_status

GUARDED = {"spec": {"argv": ["python", "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]}}
PLAIN = {"spec": {"argv": ["python", "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}}
CLAIMING = {"spec": {**PLAIN["spec"], "metadata": {"jupyter_guard": {"guarded": True}}}}


@pytest.mark.parametrize(
    ("spec", "guarded"),
    [(GUARDED, True), (PLAIN, False), (CLAIMING, False), ({}, False), ({"spec": {"argv": ["-m"]}}, False)],
)
def test_only_the_command_makes_a_kernel_guarded(spec: dict[str, Any], guarded: bool) -> None:
    assert is_guarded(spec) is guarded


def test_kernels_are_sorted_into_guarded_and_not(tmp_path: Path) -> None:
    status = server_status({"python3": PLAIN, "guarded-python": GUARDED, "a": PLAIN}, tmp_path)
    assert status.version == jupyter_guard.__version__
    assert status.guarded == ("guarded-python",)
    assert status.unguarded == ("a", "python3")
    assert status.policy
    assert status.problems == ()


def test_a_policy_with_a_mistake_is_said_and_has_no_hash(tmp_path: Path) -> None:
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\nmode = "enfroce"\n')
    status = server_status({}, tmp_path)
    assert status.policy == ""
    assert any("enfroce" in problem or "mode" in problem for problem in status.problems)
