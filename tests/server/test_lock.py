"""Kernel specs of a locked server: whoever made them and whatever found them, each is its guarded twin or not offered."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from tornado import web

from jupyter_guard.guard.owned import is_trusted
from jupyter_guard.server.lock import LockedKernelSpecManager, LockedMappingKernelManager, _environment

PLAIN = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


def made(folder: Path, name: str, argv: list[str], **more: Any) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": name, "language": "python", **more})
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder that is not root's alone: a user's."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def manager_of(own: Path, **more: Any) -> LockedKernelSpecManager:
    return LockedKernelSpecManager(user_folder=str(own), **more)


def twin(manager: LockedKernelSpecManager, name: str) -> list[str]:
    argv: list[str] = manager.get_kernel_spec(name).argv
    assert argv[:4] == [sys.executable, "-I", "-m", "jupyter_guard.kernel"]
    return argv


def test_a_kernel_that_a_user_makes_appears_as_its_twin(own: Path) -> None:
    manager = manager_of(own)
    assert "mine" not in manager.find_kernel_specs()
    # As `python -m ipykernel install --user --name mine` writes it.
    made(
        own, "mine", ["/home/ann/env/bin/python", "-Xfrozen_modules=off", *PLAIN], env={"PYTHONPATH": "/evil", "A": "b"}
    )
    assert "mine" in manager.find_kernel_specs()
    wrapped = json.loads(twin(manager, "mine")[5].replace("%7B", "{").replace("%7D", "}").replace("%25", "%"))
    assert wrapped["argv"][:2] == ["/home/ann/env/bin/python", "-Xfrozen_modules=off"]
    assert wrapped["env"] == {"A": "b"}


@pytest.mark.parametrize(
    ("which", "offered"), [("python", {"python"}), ("all", {"python", "program"}), ("none", set())]
)
def test_which_kernels_of_users_are_offered(own: Path, which: str, offered: set[str]) -> None:
    made(own, "python", ["python", *PLAIN])
    made(own, "program", ["/bin/sh", "-c", "x"])
    manager = manager_of(own, user_kernels=which)
    assert {"python", "program"} & set(manager.find_kernel_specs()) == offered
    for name in {"python", "program"} - offered:
        with pytest.raises(NoSuchKernel):
            manager.get_kernel_spec(name)
    for name in offered:
        twin(manager, name)


@pytest.mark.parametrize("text", ["{", "[]", '{"argv": []}', '{"argv": "python"}', "\xff"])
def test_a_file_that_is_no_kernel_is_one_less(own: Path, text: str) -> None:
    made(own, "good", ["python", *PLAIN])
    (own / "bad").mkdir()
    (own / "bad/kernel.json").write_text(text, encoding="latin-1")
    found = manager_of(own).find_kernel_specs()
    assert "good" in found
    assert "bad" not in found


ENVIRONMENT = "/home/ann/.conda/envs/sales"


class CondaKernelSpecManager(KernelSpecManager):
    """Finds kernels as nb_conda_kernels 2.5 does: its ``manager.py``, of which this keeps the shape of what it answers.

    The kernel's own command stands behind ``RUNNER_COMMAND``, conda's folder and the environment's; a name that it does
    not know is ``None`` with ``conda_only``.
    """

    runner: ClassVar[list[str]] = ["python", "-m", "nb_conda_kernels.runner"]
    conda_only = False

    def find_kernel_specs(self) -> dict[str, str]:
        found = {} if self.conda_only else super().find_kernel_specs()
        return {**found, "conda-env-sales-py": f"{ENVIRONMENT}/share/jupyter/kernels/python3"}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec | None:  # type: ignore[override]
        if kernel_name != "conda-env-sales-py":
            return None if self.conda_only else super().get_kernel_spec(kernel_name)
        return KernelSpec(
            argv=[*self.runner, "/opt/conda", ENVIRONMENT, f"{ENVIRONMENT}/bin/python", *PLAIN],
            display_name="Python [conda env:sales]",
            language="python",
            metadata={"debugger": True, "conda_env_name": "sales", "conda_env_path": ENVIRONMENT},
            resource_dir=f"{ENVIRONMENT}/share/jupyter/kernels/python3",
        )


@pytest.mark.parametrize("python", ["python", "python3", sys.executable])
def test_environments_of_conda_appear_as_their_twins(own: Path, python: str) -> None:
    kind = type("Own", (CondaKernelSpecManager,), {"runner": [python, *CondaKernelSpecManager.runner[1:]]})
    manager = manager_of(own, inner_class=kind)
    assert "conda-env-sales-py" in manager.find_kernel_specs()
    assert "nb_conda_kernels.runner" in twin(manager, "conda-env-sales-py")[5]
    spec = manager.get_all_specs()["conda-env-sales-py"]["spec"]
    assert spec["display_name"] == "Guarded Python [conda env:sales]"
    assert spec["metadata"]["conda_env_name"] == "sales"


def test_a_runner_of_another_interpreter_may_be_anything(own: Path) -> None:
    runner = ["/home/ann/bin/python", *CondaKernelSpecManager.runner[1:]]
    manager = manager_of(own, inner_class=type("Own", (CondaKernelSpecManager,), {"runner": runner}))
    assert "conda-env-sales-py" not in manager.find_kernel_specs()
    with pytest.raises(NoSuchKernel):
        manager.get_kernel_spec("conda-env-sales-py")


def test_a_name_that_conda_does_not_know_is_not_there(own: Path) -> None:
    manager = manager_of(own, inner_class=type("Own", (CondaKernelSpecManager,), {"conda_only": True}))
    assert set(manager.find_kernel_specs()) == {"conda-env-sales-py"}
    with pytest.raises(NoSuchKernel):
        manager.get_kernel_spec("python3")
    with pytest.raises(web.HTTPError, match="no kernel named 'python3'"):
        LockedMappingKernelManager(kernel_spec_manager=manager)._refuse("python3")


def test_it_installs_and_removes_nothing(own: Path) -> None:
    manager = manager_of(own)
    for call in (manager.install_kernel_spec, manager.remove_kernel_spec, manager.install_native_kernel_spec):
        with pytest.raises(PermissionError):
            call("x")


@pytest.mark.skipif(os.geteuid() != 0, reason="folders that belong to others need root")
def test_what_is_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "a/b"
    folder.mkdir(parents=True)
    assert is_trusted(str(folder))
    folder.chmod(0o775)
    assert not is_trusted(str(folder))
    folder.chmod(0o755)
    os.chown(folder.parent, 12345, 0)
    assert not is_trusted(str(folder))
    os.chown(folder.parent, 0, 0)
    assert not is_trusted(str(tmp_path / "nothing"))


@pytest.mark.skipif(os.geteuid() != 0, reason="folders that belong to others need root")
def test_anybody_adds_to_a_sticky_folder(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "roots").mkdir(parents=True)
    shared.chmod(0o1777)
    assert not is_trusted(shared)
    assert is_trusted(shared / "roots")
    (shared / "kernel.json").write_text("{}")
    assert is_trusted(shared / "kernel.json")
    os.chown(shared / "kernel.json", 12345, 0)
    assert not is_trusted(shared / "kernel.json")


@pytest.mark.skipif(os.geteuid() != 0, reason="folders that belong to others need root")
def test_a_link_is_as_good_as_whoever_can_change_it(tmp_path: Path) -> None:
    folder, home = tmp_path / "a", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    (tmp_path / "roots").symlink_to(folder)
    assert is_trusted(tmp_path / "roots")
    # In a folder of a user's, whoever made it and wherever it leads.
    (home / "link").symlink_to(folder)
    os.chown(home, 12345, 0)
    assert not is_trusted(home / "link")
    # And on the way of another.
    (tmp_path / "over").symlink_to("home/link")
    assert not is_trusted(tmp_path / "over")
    os.chown(home, 0, 0)
    assert is_trusted(tmp_path / "over")
    os.chown(tmp_path / "roots", 12345, 0, follow_symlinks=False)
    assert not is_trusted(tmp_path / "roots")
    (tmp_path / "round").symlink_to("round")
    assert not is_trusted(tmp_path / "round")


@pytest.mark.skipif(os.geteuid() != 0, reason="folders that belong to others need root")
@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_a_link_of_a_user_makes_no_administrators_kernel(own: Path, tmp_path: Path, mode: int) -> None:
    made(tmp_path / "elsewhere", "linked", ["/bin/sh", "-c", "x"])
    (tmp_path / "elsewhere/linked").chmod(mode)
    (own / "linked").symlink_to(tmp_path / "elsewhere/linked")
    os.chown(own, 12345, 0)
    manager = manager_of(own)
    assert "linked" not in manager.find_kernel_specs()
    with pytest.raises(NoSuchKernel):
        manager.get_kernel_spec("linked")


@pytest.mark.skipif(os.geteuid() != 0, reason="folders that belong to others need root")
def test_a_file_that_others_write_is_no_administrators(tmp_path: Path) -> None:
    folder = tmp_path / "roots"
    made(folder, "program", ["/bin/sh", "-c", "x"])
    inner = type("Inner", (KernelSpecManager,), {"kernel_dirs": [str(folder)]})
    assert "program" in manager_of(tmp_path / "none", inner_class=inner).find_kernel_specs()
    (folder / "program/kernel.json").chmod(0o666)
    assert "program" not in manager_of(tmp_path / "none", inner_class=inner).find_kernel_specs()


def test_what_is_looked_at_is_what_starts(own: Path) -> None:
    made(own, "mine", ["/bin/sh", "-c", "x"])

    class Changing(KernelSpecManager):
        """The user's file becomes a good one as soon as it was read."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            found = super().get_kernel_spec(kernel_name)
            (own / "mine/kernel.json").write_text(json.dumps({"argv": ["python", *PLAIN], "display_name": "x"}))
            return found

    with pytest.raises(NoSuchKernel):
        manager_of(own, inner_class=Changing).get_kernel_spec("mine")


@pytest.mark.parametrize("language", ["R", "", "Python", "julia"])
def test_the_language_of_ipykernel_is_not_for_a_spec_to_say(own: Path, language: str) -> None:
    made(own, "mine", ["python", *PLAIN], language=language)
    spec = manager_of(own).get_kernel_spec("mine")
    wrapped = json.loads(spec.argv[5].replace("%7B", "{").replace("%7D", "}").replace("%25", "%"))
    assert wrapped["language"] == "python"
    assert spec.language == "python"


@pytest.mark.parametrize(
    "more", ["--IPKernelApp.exec_lines=print(1)", "--profile-dir=/home/ann", "--config=/home/ann/c.py"]
)
def test_what_would_run_before_the_guard_is_refused_in_words(own: Path, more: str) -> None:
    made(own, "mine", ["python", *PLAIN, more])
    manager = manager_of(own)
    assert "mine" not in manager.find_kernel_specs()
    assert more in str(manager.why_not("mine"))
    kernels = LockedMappingKernelManager(kernel_spec_manager=manager)
    with pytest.raises(web.HTTPError) as refused:
        kernels._refuse("mine")
    assert refused.value.status_code == 403
    assert more in str(refused.value.log_message)


@pytest.mark.parametrize("name", ["nothing", "", "../home", "%2e"])
def test_what_is_not_there_is_said_to_be_not_there(own: Path, name: str) -> None:
    kernels = LockedMappingKernelManager(kernel_spec_manager=manager_of(own))
    with pytest.raises(web.HTTPError) as refused:
        kernels._refuse(name)
    assert refused.value.status_code == 404
    assert repr(name) in str(refused.value)
    kernels._refuse("python3")


def test_a_kernel_whose_provisioner_is_not_installed_is_one_less(own: Path) -> None:
    made(own, "good", ["python", *PLAIN])
    made(own, "far", ["python", *PLAIN], metadata={"kernel_provisioner": {"provisioner_name": "not-there"}})
    found = manager_of(own).find_kernel_specs()
    assert "good" in found
    assert "far" not in found


def test_kernels_inherit_no_address_of_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_GUARD_STORE", "postgresql://reader@db/audit")
    monkeypatch.setenv("JUPYTER_GUARD_POLICY", "/etc/jupyter/jupyter_guard.toml")
    given = _environment({"JPY_SESSION_NAME": "a.ipynb", "JUPYTER_GUARD_POLICY": "/home/ann/lax.toml"})
    assert given == {
        **{name: value for name, value in os.environ.items() if name != "JUPYTER_GUARD_STORE"},
        "JPY_SESSION_NAME": "a.ipynb",
    }
