"""Another environment's JupyterLab -> a running server that has the guard's kernel and extension as people install them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_path

from ..conftest import SETTINGS, environment, free_port, stop, wait_for
from ..driver import Front, Server
from .scene import Scene

EXTENSION = "jupyter-guard"
NO_TOURS = """document.addEventListener('DOMContentLoaded', () => {
    const style = document.createElement('style');
    style.textContent = '.nbi-tour-root { display: none !important; }';
    document.head.append(style);
});"""


@contextlib.contextmanager
def serving(python: Path, home: Path, *words: str, application: str = "jupyterlab") -> Iterator[Server]:
    """A server of that Python, with an empty HOME and directories of its own."""
    root = home / "notebooks"
    root.mkdir(parents=True)
    settings = {**SETTINGS, "@jupyterlab/docmanager-extension:plugin": {"autosave": False}}
    for name, values in settings.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    token, port = secrets.token_hex(16), free_port()
    command = [
        *(str(python), "-m", application, "--no-browser", "--allow-root"),
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={token}",
        "--ServerApp.shutdown_no_activity_timeout=1200",
        "--LabApp.expose_app_in_browser=True",
        *words,
    ]
    variables = {
        **environment(home),
        "JUPYTER_PATH": str(share(python, home / "share")),
        "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),
    }
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=root, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        running = Server(f"http://127.0.0.1:{port}", token, root, log)
        wait_for(running, process)
        yield running
    finally:
        stop(process)


def share(python: Path, place: Path) -> Path:
    """A data directory with our extension, our kernel, and the other environment's kernel with our wrapper around it."""
    installed = next(folder for folder in jupyter_path("labextensions") if (Path(folder) / EXTENSION).is_dir())
    shutil.copytree(Path(installed) / EXTENSION, place / "labextensions" / EXTENSION)
    guarded = json.loads(next(Path(sys.prefix).glob("share/jupyter/kernels/guarded-python/kernel.json")).read_text())
    guarded["argv"][0] = sys.executable
    spec(place, "guarded-python", guarded)
    theirs = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec(place, "theirs", {"argv": theirs, "display_name": "Theirs", "language": "python"})
    subprocess.run(
        [
            sys.executable,
            "-m",
            "jupyter_guard",
            "install",
            "--wrap",
            "theirs",
            "--name",
            "guarded-theirs",
            "--prefix",
            str(place.parent),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "JUPYTER_PATH": str(place)},
    )
    made = place.parent / "share" / "jupyter" / "kernels" / "guarded-theirs"
    shutil.copytree(made, place / "kernels" / "guarded-theirs")
    return place


def spec(place: Path, name: str, values: dict[str, Any]) -> None:
    folder = place / "kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(values))


@contextlib.contextmanager
def showing(server: Server, chromium: Any, name: str, kernel: str = "guarded-python") -> Iterator[Scene]:
    """A notebook open in that server's JupyterLab."""
    context = chromium.new_context(viewport={"width": 1360, "height": 1500}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    # A package's own tour of itself covers the page, sooner or later.
    context.add_init_script(NO_TOURS)
    server.write_notebook(name, ["loaded = sorted([3, 1, 2])"], kernel)
    scene = Scene(Front(server, context.new_page()))
    try:
        scene.open(name)
        yield scene
    finally:
        scene.front.shut_kernels_down()
        context.close()
