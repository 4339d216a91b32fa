"""Kernels that are started elsewhere: the wrapper starts beside them, or they are ended before anybody uses them.

Gateway Provisioners' own provisioner is run against this machine as its host, with its protocol of remote kernels; it is
installed in a folder of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets import default

from jupyter_guard.guard.install import packed
from jupyter_guard.server.lock import LockedKernelSpecManager
from jupyter_guard.server.provisioner import beside

pytestmark = pytest.mark.kernel

# Starts the kernel of the spec "remote" below JUPYTER_PATH as a server does, and runs cells in it.
DRIVER = """
import asyncio, json, sys
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
{more}

async def main():
    manager = AsyncKernelManager(kernel_name="remote")
    try:
        await manager.start_kernel(cwd={cwd!r})
    except Exception as problem:
        print(json.dumps({{"refused": f"{{type(problem).__name__}}: {{problem}}", "alive": bool(manager.provisioner and manager.has_kernel and await manager.is_alive())}}))
        return
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=90)
    told = {{"command": type(manager.provisioner._inner).__name__}}
    for name, code in (("sum", "print(6 * 7)"), ("denied", "import telnetlib")):
        told[name] = []
        def heard(message, name=name):
            content = message["content"]
            told[name].append(content.get("text") or content.get("ename") or "")
        reply = await client.execute_interactive(code, timeout=90, output_hook=heard)
        told[name + "-status"] = reply["content"]["status"]
    client.stop_channels()
    await manager.shutdown_kernel(now=False)
    told["alive"] = await manager.is_alive()
    print(json.dumps(told))

asyncio.run(main())
"""
PLAIN = """
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

class Image(LocalProvisioner):
    '''Starts what its image has, whatever it is told: as a container does.'''
    async def launch_kernel(self, cmd, **more):
        from jupyter_guard.guard.install import packed
        at = next(i for i, one in enumerate(cmd) if one == "-f")
        command = [sys.executable, *{before!r}, "-f", cmd[at + 1]]
        return await super().launch_kernel(command, **more)

class Entry:
    name = "image-provisioner"
    def load(self):
        return Image

KernelProvisionerFactory.instance().provisioners["image-provisioner"] = Entry()
"""


def run(tmp_path: Path, argv: list[str], config: dict[str, Any], more: str = "", **environment: str) -> dict[str, Any]:
    spec = {
        "argv": argv, "display_name": "Remote", "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": "guarded-provisioner", "config": config}},
    }  # fmt: skip
    place = tmp_path / "share/kernels/remote"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(spec))
    work = tmp_path / "work"
    work.mkdir()
    (work / "jupyter_guard.toml").write_text('version = 1\n[deny]\nimports = ["telnetlib"]\n')
    given = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY"))}
    given |= {"HOME": str(tmp_path), "JUPYTER_PATH": str(tmp_path / "share"), **environment}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER.format(more=more, cwd=str(work))],
        env=given, cwd=work, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def is_guarded(told: dict[str, Any]) -> bool:
    return (
        "42\n" in told.get("sum", ())
        and told["denied-status"] == "error"
        and "CellBlocked" in told["denied"]
        and not told["alive"]
    )


PYTHON = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_a_kernel_of_the_local_provisioner_is_guarded(tmp_path: Path) -> None:
    told = run(tmp_path, PYTHON, {"inner": "local-provisioner"})
    assert is_guarded(told), told


def test_an_image_that_starts_the_wrapper_is_taken(tmp_path: Path) -> None:
    told = run(
        tmp_path, PYTHON, {"inner": "image-provisioner"}, PLAIN.format(before=["-I", "-m", "jupyter_guard.kernel"])
    )
    assert told["command"] == "Image"
    assert is_guarded(told), told


def test_an_image_that_starts_a_plain_kernel_is_ended(tmp_path: Path) -> None:
    told = run(tmp_path, PYTHON, {"inner": "image-provisioner"}, PLAIN.format(before=["-m", "ipykernel_launcher"]))
    assert told["refused"].startswith("NotGuardedError: jupyter_guard: the kernel 'Remote'")
    assert not told["alive"]


def test_a_provisioner_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = run(tmp_path, PYTHON, {"inner": "nowhere-provisioner"})
    assert "there is no provisioner 'nowhere-provisioner'" in told["refused"]


@pytest.fixture(scope="session")
def gateway(request: pytest.FixtureRequest) -> Path:
    """Gateway Provisioners in a folder of its own, with nothing that is there already."""
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir("gateway")
    if not (folder / "complete").exists():
        packages = [
            "gateway_provisioners",
            "paramiko",
            "pycryptodomex",
            "pynacl",
            "bcrypt",
            "invoke",
            "pexpect",
            "ptyprocess",
            "overrides",
        ]
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--no-deps",
            "--upgrade",
            "--target",
            str(folder),
        ]
        done = subprocess.run([*command, *packages], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"gateway_provisioners cannot be installed here: {done.stderr.strip()[-200:]}")
        (folder / "complete").touch()
    return folder


def test_a_gateways_remote_kernel_is_guarded_where_it_runs(gateway: Path, tmp_path: Path) -> None:

    launchers = gateway / "gateway_provisioners/kernel-launchers"
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for part in ("python/scripts/launch_ipykernel.py", "shared/scripts/server_listener.py"):
        (scripts / Path(part).name).write_text((launchers / part).read_text())
    # Where the kernel runs, its interpreter has it; here it is in the folder.
    (scripts / "Cryptodome").symlink_to((gateway / "Cryptodome").resolve())
    argv = [
        sys.executable, str(scripts / "launch_ipykernel.py"), "--kernel-id", "{kernel_id}", "--port-range", "{port_range}",
        "--response-address", "{response_address}", "--public-key", "{public_key}",
        "--spark-context-initialization-mode", "none",
    ]  # fmt: skip
    config = {"inner": "distributed-provisioner", "inner_config": {"remote_hosts": ["127.0.0.1"]}}
    told = run(
        tmp_path,
        argv,
        config,
        PYTHONPATH=str(gateway),
        KERNEL_USERNAME="visitor",
        GP_KERNEL_LOG_DIR=str(tmp_path),
        GP_RESPONSE_IP="127.0.0.1",
    )
    assert told.get("command") == "DistributedProvisioner", told
    assert is_guarded(told), told


@pytest.mark.parametrize(
    ("command", "begins"),
    [
        (["/env/python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "/x.json"], ["/env/python", "-I", "-m", "jupyter_guard.kernel", "--wrap"]),
        (["python", "/k/launch_ipykernel.py", "--kernel-id", "1"], ["python", "-I", "-m", "jupyter_guard.kernel.remote", "/k/launch_ipykernel.py", "--kernel-id", "1"]),
        (["python", "/k/launch_kubernetes.py", "--kernel-id", "1"], ["python", "/k/launch_kubernetes.py", "--kernel-id", "1"]),
        (["python", "-I", "-m", "jupyter_guard.kernel", "-f", "/x.json"], ["python", "-I", "-m", "jupyter_guard.kernel", "-f", "/x.json"]),
        ([], []),
    ],
)  # fmt: skip
def test_commands(command: list[str], begins: list[str]) -> None:
    made = beside(command, {"language": "python"}, "/x.json")
    assert made[: len(begins)] == begins
    if "--wrap" in made:
        wrapped = {
            "argv": [one.replace("/x.json", "{connection_file}") for one in command],
            "language": "python",
            "env": {},
        }
        assert made[5:] == [packed(wrapped), "-f", "/x.json"]
    assert beside(command, {}, "/x.json", "/opt/python")[:1] == (
        ["/opt/python"] if begins and made != command else command[:1]
    )


def test_a_locked_server_offers_what_its_administrator_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's folder, as the tests run; a user's own spec starts here whatever it says."""
    if os.geteuid() != 0:
        pytest.skip("a folder that belongs to root needs root")
    installed = KernelProvisionerFactory.instance().provisioners
    monkeypatch.setitem(installed, "distributed-provisioner", installed["local-provisioner"])
    metadata = {
        "kernel_provisioner": {"provisioner_name": "distributed-provisioner", "config": {"remote_hosts": ["a"]}}
    }
    for folder in ("root", "users"):
        place = tmp_path / folder / folder
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(
            json.dumps({"argv": PYTHON, "display_name": folder, "language": "python", "metadata": metadata})
        )
    (tmp_path / "users").chmod(0o777)

    class Inner(KernelSpecManager):
        @default("kernel_dirs")
        def _dirs(self) -> list[str]:
            return [str(tmp_path / "root")]

    def offered(*names: str) -> dict[str, KernelSpec]:
        manager = LockedKernelSpecManager(
            inner_class=Inner, user_folder=str(tmp_path / "users"), remote_provisioners=list(names)
        )
        return {name: manager.get_kernel_spec(name) for name in manager.find_kernel_specs()}

    assert "root" not in offered()
    found = offered("distributed-provisioner")
    told = found["root"].metadata["kernel_provisioner"]
    assert told == {
        "provisioner_name": "guarded-provisioner",
        "config": {"inner": "distributed-provisioner", "inner_config": {"remote_hosts": ["a"]}},
    }
    assert "kernel_provisioner" not in found["users"].metadata
    assert found["users"].argv[1:4] == ["-I", "-m", "jupyter_guard.kernel"]


def test_remote_arguments_are_said(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from jupyter_guard.kernel.remote import main

    with pytest.raises(SystemExit) as ended:
        main(["x.py"])
    assert ended.value.code == 2
    assert "--kernel-id" in capfd.readouterr().err
    given = ["--kernel-id", "1", "--response-address", "127.0.0.1:9", "--public-key", "x"]
    assert main([str(tmp_path / "launch_ipykernel.py"), *given]) == 1
    assert "server_listener.py" in capfd.readouterr().err
