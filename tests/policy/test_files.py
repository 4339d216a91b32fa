"""A policy that its reader may not look at is a mistake in words, and never a policy that is not there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_guard.policy import PolicyError, load_effective
from jupyter_guard.policy.files import HUB_VARIABLE, admin_problems

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a policy that belongs to root, read by another, needs root")


@contextmanager
def somebody_else() -> Iterator[None]:
    os.seteuid(12345)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def policy() -> Iterator[Path]:
    """In a folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="jg-policy-"))
    folder.chmod(0o755)
    path = folder / "policy.toml"
    path.write_text("version = 1\n")
    path.chmod(0o644)
    yield path
    shutil.rmtree(folder)


def test_one_that_everybody_reads_is_in_order(policy: Path) -> None:
    with somebody_else():
        assert admin_problems({HUB_VARIABLE: str(policy)}) == []


@pytest.mark.parametrize("what", ["file", "folder"])
def test_one_that_nobody_else_reads(policy: Path, what: str) -> None:
    policy.chmod(0o600) if what == "file" else policy.parent.chmod(0o700)
    environment = {HUB_VARIABLE: str(policy), "HOME": "/nonexistent", "JUPYTER_CONFIG_DIR": "/nonexistent"}
    with somebody_else():
        (problem,) = admin_problems(environment)
        assert problem.startswith(str(policy))
        assert "cannot be read: Permission denied" in problem
        with pytest.raises(PolicyError, match="cannot be read: Permission denied"):
            load_effective("/", environment=environment)
