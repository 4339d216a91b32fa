"""Environments of conda on a real locked server, over REST: each appears and starts as its guarded twin.

nb_conda_kernels is not on PyPI. What stands in for it here answers as the public source of its version 2.5 does: the specs of
``_all_specs`` (`manager.py`), and the activation in a shell of ``exec_in_env`` (`runner.py`).
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from jupyter_guard.hub.settings import LOCK
from tests.hub.user import refused, tell, text
from tests.server.conftest import serving

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(os.name == "nt", reason="the runner's shell is bash"),
]

TOKEN = "t" * 20
MANAGER = """
import glob, json, os
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

class CondaKernelSpecManager(KernelSpecManager):
    def _all(self):
        prefix, found = os.environ["TEST_CONDA"], {}
        for path in glob.glob(f"{prefix}/envs/*/share/jupyter/kernels/*/kernel.json"):
            environment = path.partition("/share/")[0]
            with open(path) as file:
                spec = json.load(file)
            name = f"conda-env-{os.path.basename(environment)}-{os.path.basename(os.path.dirname(path))}"
            spec["argv"] = ["python", "-m", "nb_conda_kernels.runner", prefix, environment, *spec["argv"]]
            found[name] = KernelSpec(**spec, resource_dir=os.path.dirname(path))
        return found

    def find_kernel_specs(self):
        found = super().find_kernel_specs()
        found.update({name: spec.resource_dir for name, spec in self._all().items()})
        return found

    def get_kernel_spec(self, kernel_name):
        return self._all().get(kernel_name) or super().get_kernel_spec(kernel_name)
"""
RUNNER = """
import os, sys
from shlex import quote
conda, environment, *command = sys.argv[1:]
told = ". '{}' '{}' && echo CONDA_PREFIX=$CONDA_PREFIX && exec {}".format(
    os.path.join(conda, "bin", "activate"), environment, " ".join(map(quote, command)))
os.execvp("bash", ["bash", "-c", told])
"""


def of_an_environment(folder: Path, name: str, argv: list[str]) -> None:
    place = folder / "share/jupyter/kernels" / name
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"})
    )


@pytest.fixture(scope="module")
def url(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A locked server whose administrator named nb_conda_kernels' manager."""
    packages, config = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("config")
    package = packages / "nb_conda_kernels"
    package.mkdir()
    (package / "__init__.py").write_text("from .manager import CondaKernelSpecManager\n")
    (package / "manager.py").write_text(MANAGER)
    (package / "runner.py").write_text(RUNNER)
    conda = root / "conda"
    environment = conda / "envs/sales"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (conda / "bin").mkdir()
    (conda / "bin/activate").write_text('export CONDA_PREFIX="$1"\n')
    of_an_environment(environment, "py", [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    of_an_environment(environment, "program", ["/bin/sh", "-c", f"touch {root}/ran"])
    inner = "nb_conda_kernels.CondaKernelSpecManager"
    settings = {
        "ServerApp": {
            "kernel_spec_manager_class": f"{LOCK}.LockedKernelSpecManager",
            "kernel_manager_class": f"{LOCK}.LockedMappingKernelManager",
        },
        "LockedKernelSpecManager": {"inner_class": inner},
    }
    (config / "jupyter_server_config.json").write_text(json.dumps(settings))
    (root / "jupyter_guard.toml").write_text('version = 1\n[deny]\ncalls = ["os.mkfifo"]\n')
    with serving(root, JUPYTER_CONFIG_DIR=str(config), PYTHONPATH=str(packages), TEST_CONDA=str(conda)) as address:
        yield address


def ask(address: str, body: object = None) -> Any:
    asked = urllib.request.Request(
        address,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {TOKEN}"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def run(url: str, kernel: str, code: str) -> list[dict[str, Any]]:
    wire = websocket.create_connection(
        f"ws{url[4:]}/api/kernels/{kernel}/channels", timeout=90, header=[f"Authorization: token {TOKEN}"], origin=url
    )
    request = tell(wire, "execute_request", {"code": code, "silent": False, "allow_stdin": False})
    found: list[dict[str, Any]] = []
    while {"idle", "reply"} - {_end_of(one) for one in found}:
        got = json.loads(wire.recv())
        if got.get("parent_header", {}).get("msg_id") == request:
            found.append(got)
    wire.close()
    return found


def _end_of(message: dict[str, Any]) -> str:
    if message["msg_type"] == "execute_reply":
        return "reply"
    return str(message["content"].get("execution_state", ""))


def test_an_environment_appears_and_starts_as_its_twin(url: str, root: Path) -> None:
    specs = ask(f"{url}/api/kernelspecs")["kernelspecs"]
    assert specs["conda-env-sales-py"]["spec"]["argv"][1:4] == ["-I", "-m", "jupyter_guard.kernel"]
    kernel = ask(f"{url}/api/kernels", {"name": "conda-env-sales-py"})["id"]
    assert text(run(url, kernel, "import os; print(os.environ['CONDA_PREFIX'])")) == f"{root}/conda/envs/sales\n"
    assert refused(run(url, kernel, f"import os; os.mkfifo('{root}/mark')"))
    assert not (root / "mark").exists()


def test_a_program_of_an_environment_is_refused_in_words(url: str, root: Path) -> None:
    assert "conda-env-sales-program" not in ask(f"{url}/api/kernelspecs")["kernelspecs"]
    with pytest.raises(urllib.error.HTTPError) as no:
        ask(f"{url}/api/kernels", {"name": "conda-env-sales-program"})
    assert no.value.code == 403
    assert "starts no ipykernel" in json.load(no.value)["message"]
    assert not (root / "ran").exists()
