"""Container engines and their runtimes: each that is here starts something real; the others are told honestly.

To have the skipped ones run elsewhere: an engine with a local image (``docker pull python:3.12-slim``), and for the
runtimes https://gvisor.dev/docs/user_guide/install/, https://katacontainers.io, or Debian's package crun with libkrun.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jupyter_guard.isolate import containers
from jupyter_guard.isolate.containers import ENGINES, RUNTIMES, Engine, command, engines, summary

FOUND = engines()
WHAT = [(name, runtime) for name in ENGINES for runtime in ("", *RUNTIMES)]


def why_not(name: str, runtime: str) -> str:
    one = next((one for one in FOUND if (one.name, one.runtime) == (name, runtime)), None)
    typed = " ".join(command(name, runtime))
    return (
        f"{name} {runtime} is not here; elsewhere: {typed}"
        if one is None
        else one.trouble and f"{one.trouble}; {typed}"
    )


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        pytest.param(*one, marks=pytest.mark.skipif(bool(why_not(*one)), reason=why_not(*one) or "it works"))
        for one in WHAT
    ],
)
def test_something_real_is_started(name: str, runtime: str) -> None:
    one = next(one for one in FOUND if (one.name, one.runtime) == (name, runtime))
    assert one.release
    # A container shares this system; gVisor and a machine of its own have another one.
    assert (one.release == os.uname().release) is not bool(runtime)


def test_an_engine_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "podman"
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    begun = time.monotonic()
    assert engines(0.5) == (Engine("podman", "", "it does not answer within 0 seconds"),)
    assert time.monotonic() - begun < 50


def test_an_engine_without_its_service_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (one,) = engines()
    assert "Cannot connect" in one.trouble
    assert "docker: Cannot connect" in summary([one])


def test_nothing_there_says_what_to_install() -> None:
    assert "apt-get install podman" in summary(())


def test_runtimes_are_known_by_the_names_that_engines_give_them() -> None:
    about = {"Runtimes": {"runc": {}, "io.containerd.kata.v2": {}, "runsc": {}}}
    assert containers._known(about) == [("runsc", "runsc"), ("kata", "io.containerd.kata.v2")]


def test_podman_and_gvisor_agree_on_no_network() -> None:
    assert "network=none" in command("/usr/bin/podman", "/usr/bin/runsc", "an-image")
    assert "network=none" not in command("docker", "runsc", "an-image")
    assert "network=none" not in command("podman", "krun", "an-image")


def test_a_container_gets_nothing() -> None:
    words = command("docker", "runsc", "an-image", ("python", "-V"))
    assert words[:6] == ["docker", "run", "--rm", "--pull=never", "--runtime", "runsc"]
    assert {"--network=none", "--read-only", "--cap-drop=ALL"} <= set(words)
    assert words[-3:] == ["an-image", "python", "-V"]
