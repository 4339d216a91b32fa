"""A policy and a machine -> a plan: never less than was asked for without saying so."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from jupyter_guard.guard.isolated import Isolated, problems
from jupyter_guard.isolate import bubblewrap, refusing, rlimits
from jupyter_guard.isolate.grants import grants
from jupyter_guard.isolate.plan import Machine, plan
from jupyter_guard.isolate.seccomp import seccomp_filter
from jupyter_guard.policy import load_effective
from jupyter_guard.policy.policy import Isolation, Limits

ALL = ("files", "network", "processes", "syscalls")


def isolation(backend: str = "auto", require: tuple[str, ...] = ALL, **more: tuple[str, ...]) -> Isolation:
    return Isolation(backend, require, **{"read": (), "write": (".",), "hosts": (), "env": (), **more})


FAULTS = {
    "no bubblewrap": (Machine("bubblewrap is not there", 7, True), "landlock", ("files", "processes")),
    "no Landlock": (Machine("", 0, True), "bubblewrap", ()),
    "neither": (Machine("bubblewrap is not there", 0, True), "none", ALL),
    "old Landlock": (Machine("no namespaces", 2, True), "landlock", ("files", "network", "processes")),
    "Landlock without scopes": (Machine("no namespaces", 5, True), "landlock", ("files", "processes")),
    "an engine's socket": (
        Machine("no namespaces", 7, True, ("/run/docker.sock",)),
        "landlock",
        ("files", "network", "processes"),
    ),
    "seccomp refused": (Machine("", 7, False), "bubblewrap", ("syscalls",)),
    "seccomp refused, no bubblewrap": (Machine("x", 7, False), "landlock", ALL),
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


@pytest.mark.parametrize("machine", [Machine("", 7, True), Machine("no namespaces", 7, True)])
def test_a_shared_network_is_claimed_by_no_backend_to_be_held(machine: Machine) -> None:
    made = plan(isolation(hosts=("*",)), machine)
    assert {"network", "processes"} <= set(made.missing)
    assert "sockets that have no path" in " ".join(made.reasons)
    assert "files" in plan(isolation(hosts=("*",)), Machine("", 7, True)).achieved


def test_a_granted_socket_of_an_engine_leaves_processes_open() -> None:
    for engine, entry in (("/run/docker.sock", "/run"), ("/var/lib/lxd/unix.socket", "/var/lib/lxd/unix.socket")):
        machine = Machine("", 7, True, (engine,))
        made = plan(isolation(read=("*", entry)), machine)
        assert {"network", "processes"} <= set(made.missing)
        assert engine in " ".join(made.reasons)
        # Masked, or in an empty folder.
        assert plan(isolation(read=("*", "/var/lib")), machine).missing == ()


def test_sockets_of_engines_are_masked_until_their_own_path_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix=".engines-", dir=Path.home()) as home:
        monkeypatch.setenv("HOME", home)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/own.sock")
        made = [os.path.join(home, one) for one in (".docker/desktop/docker.sock", "own.sock")]
        os.makedirs(os.path.dirname(made[0]))
        listeners = [socket.socket(socket.AF_UNIX) for _ in made]
        for listener, path in zip(listeners, made, strict=True):
            listener.bind(path)
            listener.listen()
        os.mkdir(os.path.join(home, "work"))
        work = os.path.join(home, "work")
        held = grants(isolation(read=("*",)), work, {"HOME": home})
        assert set(made) <= set(held.hidden)
        assert made[0] not in grants(isolation(read=("*", made[0])), work, {"HOME": home}).hidden
        if not bubblewrap.trouble():
            tries = "import socket, sys; print([socket.socket(socket.AF_UNIX).connect_ex(one) for one in sys.argv[1:]])"
            command = [sys.executable, "-c", tries, *made]
            done = subprocess.run([*bubblewrap.command(held, -1), *command], capture_output=True, text=True, check=True)
            assert 0 not in json.loads(done.stdout)
            outside = subprocess.run(command, capture_output=True, text=True, check=True)
            assert json.loads(outside.stdout) == [0, 0]
        for listener in listeners:
            listener.close()


def test_a_backend_that_the_policy_names_is_not_replaced() -> None:
    named = isolation("bubblewrap", ())
    made = plan(named, Machine("bubblewrap is not there: install it", 7, True))
    assert made.backend == "none"
    assert "install it" in " ".join(problems(named, Isolated(made.backend, made.achieved, made.reasons)))


def test_a_bubblewrap_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stalls = tmp_path / "bwrap"
    stalls.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    stalls.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "SECONDS_TO_TRY", 1.0)
    assert bubblewrap.trouble(str(stalls)) == "bubblewrap does not answer within 1 seconds"


def test_what_a_hardened_system_says_is_told(tmp_path: Path) -> None:
    # As Ubuntu 24.04 does where AppArmor lets nobody map users.
    says = "bwrap: setting up uid map: Permission denied"
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    why = bubblewrap.trouble(str(tmp_path / "bwrap"))
    assert why == f"bubblewrap may not make namespaces here ({says}); {bubblewrap.what_to_type()}"
    made = plan(isolation(), Machine(why, 0, True))
    assert (made.backend, made.missing) == ("none", ALL)
    assert says in " ".join(made.reasons)


def test_where_a_site_names_its_policy_there_is_a_box_only_if_that_asks_for_one() -> None:
    works, site = Machine("", 7, True), "/etc/jupyter/jupyter_guard.toml"
    assert plan(isolation("auto", ()), works, by_site=site).backend == "none"
    assert plan(isolation("auto", ("files",)), works, by_site=site).backend == "bubblewrap"
    assert plan(isolation("bubblewrap", ()), works, by_site=site).backend == "bubblewrap"


def test_what_nobody_asked_for_is_bubblewrap_or_nothing_and_says_what_to_type() -> None:
    plain = load_effective("/", environment={"HOME": "/nowhere"}).isolation
    assert plan(plain, Machine("", 7, True)).backend == "bubblewrap"
    made = plan(plain, Machine("bubblewrap is not there: install it", 7, True))
    assert (made.backend, made.missing) == ("none", ())
    assert "install it" in made.reasons[0]
    assert 'backend = "landlock"' in made.reasons[1]
    assert problems(plain, Isolated(made.backend, made.achieved, made.reasons)) == ()


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


def test_resources_are_not_claimed_for_a_policy_without_limits() -> None:
    works = Machine("", 7, True, limits="")
    assert "resources" not in plan(isolation(require=()), works, Limits()).achieved
    assert "resources" in plan(isolation(require=()), works).achieved


def test_limits_are_tried_on_this_machine_by_what_is_really_started() -> None:
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


def test_a_refusal_names_the_line_what_was_tried_and_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nrequire = ["files"]\nread = ["nowhere"]\n')
    policy = load_effective(tmp_path, environment={"HOME": str(tmp_path / "home")})
    made = plan(policy.isolation, Machine("bubblewrap is not there: install it", 0, True))
    said = refusing.refusal(policy, made)
    assert f"project policy ({tmp_path}/jupyter_guard.toml, line 3)" in said
    assert "install it" in said
    assert "`jupyter guard isolation`" in said
    assert refusing.refusal(policy, plan(policy.isolation, Machine("", 0, True))) == ""
    held = grants(policy.isolation, str(tmp_path), {"HOME": str(tmp_path)})
    remark = refusing.placed(policy, held.problems)[0]
    assert "does not exist, so it grants nothing" in remark
    assert f"{tmp_path}/jupyter_guard.toml, line 4" in remark
