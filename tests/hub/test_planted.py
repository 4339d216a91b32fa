"""What the user plants acts where nothing is locked: that it did nothing on the Hub is the lock's doing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from tests.hub.planted import INERT, LEAVE_MARK, MARKS, PLANTED, TEMPLATE, TEMPLATES, plant_programs
from tests.hub.user import write

pytestmark = pytest.mark.kernel

# The interpreter itself: in a virtual environment a user's own packages are not looked for.
PYTHON = str(getattr(sys, "_base_executable", sys.executable))
INSTALLED = {"PYTHONPATH": sysconfig.get_path("purelib")}
SERVERS = """
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp
from nbconvert.nbconvertapp import NbConvertApp
from notebook.app import JupyterNotebookApp

for application in (ServerApp, LabApp, JupyterNotebookApp, NbConvertApp):
    application().load_config_file()
"""
KERNEL = "from ipykernel.kernelapp import IPKernelApp; IPKernelApp.instance().initialize({})"
NAMED = [
    "--profile-dir=profile",
    "--config={home}/kernel_config.py",
    "--IPKernelApp.exec_lines=open('{home}/marks/exec-lines', 'w')",
]
# A folder a template: the first that is found stands for the others.
CONVERSIONS = """
import os, sys
from jinja2 import UndefinedError
from nbconvert.exporters import HTMLExporter

for home in sys.argv[1:]:
    os.environ["HOME"] = home
    os.chdir(home)
    try:
        HTMLExporter(template_name="lab").from_filename("page.ipynb")
    except UndefinedError:
        # It was run, and has nothing that the page is made of.
        continue
"""
SPECS_OF_THE_USER = """
import os, subprocess
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_lsp import LanguageServerManager

for name in ("program", "shell-first", "linked", "Python3"):
    subprocess.run(KernelSpecManager().get_kernel_spec(name).argv, check=True)
servers = LanguageServerManager()
servers.init_language_servers()
subprocess.run(servers.language_servers["pyright"]["argv"], stdin=subprocess.DEVNULL, check=True)
"""
# A program of an unlocked installation that is started in the user's home, and what it then loads there.
STARTED: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "servers": (
        SERVERS,
        (
            *("server-config", "server-config-of-the-lab", "server-config-of-notebook", "any-config"),
            *("config-of-the-user-base", "nbconvert-config"),
        ),
        True,
    ),
    "kernel": (KERNEL.format("[]"), ("startup", "startup-of-lines", "ipython-config", "kernel-config"), True),
    "kernel without a profile": (KERNEL.format("[]"), ("startup-in-config",), True),
    "kernel of a user's command": (
        KERNEL.format(NAMED),
        ("startup-of-a-named-profile", "config-of-a-named-profile", "config-that-is-named", "exec-lines"),
        True,
    ),
    "interpreter": ("", ("usercustomize", "sitecustomize"), False),
    "interpreter with a path": ("", ("sitecustomize-of-the-workspace", "usercustomize-of-the-workspace"), True),
    "packages": (
        "import jupyter_guard, ipykernel, ipykernel_launcher, jupyter_server",
        ("user-site-guard", "user-site-ipykernel", "user-site-launcher", "user-site-extension"),
        False,
    ),
    "workspace": (
        "import jupyter_guard, ipykernel, zmq",
        ("guard-of-the-workspace", "ipykernel-of-the-workspace", "zmq-of-the-workspace"),
        False,
    ),
    "templates": (CONVERSIONS, tuple(TEMPLATES), True),
    "kernel specs": (SPECS_OF_THE_USER, ("program", "shell-first", "linked", "shadow", "language-server"), True),
}


def home_of(folder: Path, names: tuple[str, ...]) -> Path:
    """A home in which these are planted, and a notebook."""
    for name in names:
        content = LEAVE_MARK if name in PLANTED else TEMPLATE
        path = {**PLANTED, **TEMPLATES}[name]
        write(folder, path, content.format(home=str(folder), name=name))
    (folder / "marks").mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), folder / "page.ipynb")
    return folder


@pytest.mark.parametrize("what", STARTED)
def test_without_the_lock_what_was_planted_acts(tmp_path: Path, what: str) -> None:
    code, names, is_installed = STARTED[what]
    arguments: list[str] = []
    if what == "templates":
        homes = [tmp_path / name for name in names]
        for home in homes:
            home.mkdir()
            arguments.append(str(home_of(home, (home.name,))))
    elif what == "kernel specs":
        tmp_path = tmp_path / "home"
        tmp_path.mkdir()
        (tmp_path / "marks").mkdir()
        plant_programs(tmp_path)
        homes = [tmp_path]
        if shutil.which("node") is None:
            pytest.skip("without node no language server starts: make test installs it")
    else:
        homes = [home_of(tmp_path, tuple(one for one in names if one in {**PLANTED, **TEMPLATES}))]
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **(INSTALLED if is_installed else {})}
    python = PYTHON
    if what == "interpreter with a path":
        environment["PYTHONPATH"] = str(tmp_path)
    elif what == "templates":
        # The installed ones lie in the environment, and come after the user's as in any other installation.
        python, environment = sys.executable, {**environment, "JUPYTER_PREFER_ENV_PATH": "0"}
    command = [python, "-c", code.replace("{home}", str(tmp_path)), *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    # A system's interpreter may have a sitecustomize of its own, which comes before anybody else's.
    is_taken = (Path(sysconfig.get_path("stdlib")) / "sitecustomize.py").exists()
    expected = {one for one in names if not (one == "sitecustomize" and is_taken)}
    assert {one for home in homes for one in os.listdir(home / "marks")} == expected, done.stderr[-2000:]


def test_all_that_is_planted_is_seen_to_act() -> None:
    shown = {name for _, names, _ in STARTED.values() for name in names}
    assert {*MARKS} == shown | {*INERT}
    assert not shown & {*INERT}
