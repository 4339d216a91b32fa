"""A policy and a machine -> a plan: never less than was asked for without saying so."""

from __future__ import annotations

import os
import subprocess

import pytest

from jupyter_guard.guard.isolated import Isolated, problems
from jupyter_guard.isolate import rlimits
from jupyter_guard.isolate.grants import grants
from jupyter_guard.isolate.plan import Machine, plan
from jupyter_guard.isolate.seccomp import seccomp_filter
from jupyter_guard.policy.policy import Isolation, Limits

ALL = ("files", "network", "processes", "syscalls")


def isolation(backend: str = "auto", require: tuple[str, ...] = ALL, **more: tuple[str, ...]) -> Isolation:
    return Isolation(backend, require, **{"read": (), "write": (".",), "hosts": (), "env": (), **more})


FAULTS = {
    "no bubblewrap": (Machine("bubblewrap is not there", 7, True), "landlock", ("processes",)),
    "no Landlock": (Machine("", 0, True), "bubblewrap", ()),
    "neither": (Machine("bubblewrap is not there", 0, True), "none", ALL),
    "old Landlock": (Machine("no namespaces", 2, True), "landlock", ("files", "network", "processes")),
    "Landlock without scopes": (Machine("no namespaces", 5, True), "landlock", ("processes",)),
    "an engine's socket": (
        Machine("no namespaces", 7, True, ("/run/docker.sock",)),
        "landlock",
        ("files", "network", "processes"),
    ),
    "seccomp refused": (Machine("", 7, False), "bubblewrap", ("syscalls",)),
    "seccomp refused, no bubblewrap": (Machine("x", 7, False), "landlock", ("network", "processes", "syscalls")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_missing_and_blocks(fault: str) -> None:
    machine, backend, missing = FAULTS[fault]
    made = plan(isolation(), machine)
    assert (made.backend, made.missing) == (backend, missing)
    told = problems(isolation(), Isolated(made.backend, made.achieved, made.reasons))
    assert bool(told) is bool(missing)
    if missing:
        assert made.reasons
        assert ", ".join(missing) in told[0]


def test_a_backend_that_the_policy_names_is_not_replaced() -> None:
    named = isolation("bubblewrap", ())
    made = plan(named, Machine("bubblewrap is not there: install it", 7, True))
    assert made.backend == "none"
    assert "install it" in " ".join(problems(named, Isolated(made.backend, made.achieved, made.reasons)))


def test_resources_are_claimed_where_limits_were_tried_and_the_policy_has_some() -> None:
    wanted = isolation(require=("resources",))
    enough = Limits(memory=1 << 30, processes=64, disk=1 << 30)
    works = Machine("", 7, True, limits="")
    assert plan(wanted, works, enough).missing == ()
    for machine, limits, why in (
        (works, Limits(memory=1 << 30), "no limits.processes, no limits.disk"),
        (Machine("", 7, True, limits="prlimit is refused"), enough, "prlimit is refused"),
        (Machine("no bubblewrap", 7, True, limits=""), enough, "/dev/shm"),
        (Machine("", 7, True), enough, "not tried"),
    ):
        made = plan(wanted, machine, limits)
        assert made.missing == ("resources",)
        assert why in " ".join(made.reasons)


def test_limits_are_tried_on_this_machine_by_what_is_really_started() -> None:
    import sys

    if sys.platform != "linux":
        pytest.skip("limits on a whole kernel are there on Linux only")
    beside = subprocess.Popen(["sleep", "60"])
    assert rlimits.trouble() == ""
    # What else this process had started is none of its business.
    assert beside.poll() is None
    beside.kill()
    beside.wait()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filters_fit_what_the_kernel_takes(machine: str) -> None:
    made = seccomp_filter(machine)
    assert made is not None
    assert len(made.program) % 8 == 0
    # A jump is one byte, a program at most 4096 steps.
    assert len(made.program) // 8 < 4096
    assert "ptrace" in made.refused
    assert seccomp_filter("m68k") is None


def test_a_store_is_hidden_until_it_is_granted(tmp_path: object) -> None:
    home = str(tmp_path)
    for name in (".aws", ".ssh"):
        os.mkdir(os.path.join(home, name))
    environment = {"HOME": home, "JUPYTER_TOKEN": "x", "MY_SETTING": "y", "PATH": "/bin"}
    everything = {"read": ("*",), "env": ("*",)}
    held = grants(isolation(**everything), home, environment)
    assert {os.path.join(home, ".aws"), os.path.join(home, ".ssh")} <= set(held.hidden)
    assert held.environment == {"HOME": home, "MY_SETTING": "y", "PATH": "/bin"}
    held = grants(isolation(read=("*", "aws"), env=()), home, environment)
    assert os.path.join(home, ".aws") not in held.hidden
    assert os.path.join(home, ".ssh") in held.hidden
    assert "MY_SETTING" not in held.environment


def test_a_grant_for_what_is_not_there_says_so(tmp_path: object) -> None:
    held = grants(isolation(read=("nowhere",), hosts=("db.example:many",)), str(tmp_path), {"HOME": str(tmp_path)})
    assert any("nowhere" in one for one in held.problems)
    assert any("db.example:many" in one for one in held.problems)
    assert not held.networks
