"""A policy that is not in order: no kernel starts, the user reads why, and the administrator's log has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hub.user import User, refused, text

pytestmark = pytest.mark.hub


def missing(policy: Path) -> None:
    policy.unlink()


def writable_by_others(policy: Path) -> None:
    policy.chmod(0o666)


def not_roots(policy: Path) -> None:
    import os

    os.chown(policy, 24242, 24242)


def a_link(policy: Path) -> None:
    policy.rename(policy.with_name("elsewhere.toml"))
    policy.symlink_to("elsewhere.toml")


def half_written(policy: Path) -> None:
    policy.write_text(policy.read_text()[:-5])


def emptied(policy: Path) -> None:
    policy.write_text("")


def comments_only(policy: Path) -> None:
    policy.write_text("# The site's policy.\n")


def from_the_future(policy: Path) -> None:
    policy.write_text("version = 2\n")


def a_folder(policy: Path) -> None:
    policy.unlink()
    policy.mkdir()


def not_to_be_read(policy: Path) -> None:
    policy.chmod(0o600)


def in_a_folder_that_is_shut(policy: Path) -> None:
    policy.parent.chmod(0o700)


@pytest.fixture(scope="module")
def running(user: User) -> Iterator[str]:
    """A kernel that was started while the policy was in order."""
    kernel = user.kernel()
    assert text(user.run(kernel, "print(6 * 7)")) == "42\n"
    yield kernel
    user.ask("DELETE", f"/api/kernels/{kernel}")


@pytest.mark.parametrize(
    "spoil",
    [
        *(
            missing,
            writable_by_others,
            not_roots,
            a_link,
            half_written,
            emptied,
            comments_only,
            from_the_future,
            a_folder,
        ),
        *(not_to_be_read, in_a_folder_that_is_shut),
    ],
)
def test_no_kernel_starts(user: User, running: str, spoil: Callable[[Path], None]) -> None:
    policy = user.home.parent / "etc/jupyter_guard.toml"
    good = policy.read_text()
    log = user.home.parent / "hub.log"
    said = log.stat().st_size
    try:
        spoil(policy)
        answer = user.ask("POST", "/api/kernels", json={"name": "python3"})
        assert answer.status_code == 403, answer.text
        assert "/etc/jupyter/jupyter_guard.toml" in answer.json()["message"]
        assert b"jupyter_guard: no kernel starts here" in log.read_bytes()[said:]
        # A kernel that runs already has its policy, and gets no other.
        assert refused(user.run(running, "__import__('os').mkfifo('/nowhere')"))
    finally:
        if policy.is_dir() and not policy.is_symlink():
            policy.rmdir()
        policy.unlink(missing_ok=True)
        policy.with_name("elsewhere.toml").unlink(missing_ok=True)
        policy.write_text(good)
        policy.chmod(0o644)
        policy.parent.chmod(0o755)
    # Mended, the kernel that runs goes on under it.
    assert text(user.run(running, "print(6 * 7)")) == "42\n"


def test_mended_kernels_start_again(user: User) -> None:
    policy = user.home.parent / "etc/jupyter_guard.toml"
    good = policy.read_text()
    half_written(policy)
    assert user.ask("POST", "/api/kernels", json={"name": "python3"}).status_code == 403
    policy.write_text(good)
    kernel = user.kernel()
    assert text(user.run(kernel, "print(6 * 7)")) == "42\n"
    user.ask("DELETE", f"/api/kernels/{kernel}")
