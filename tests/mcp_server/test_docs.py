"""The blocks of docs/mcp.md, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from .client import run
from .jupyter import SECONDS, Jupyter

PAGE = Path(__file__).parents[2] / "docs" / "mcp.md"


def blocks(language: str, mark: str = "") -> list[str]:
    """Those in a language, with ``<!-- mark -->`` before it or without any."""
    found = re.findall(rf"(?:<!-- ([\w-]+) -->\n)?```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [text for name, text in found if name == mark]


def with_scripts(jupyter: Jupyter) -> dict[str, str]:
    """The user's environment, with `jupyter-guard` on its PATH."""
    return {**jupyter.env, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def test_the_clients_own_configuration(jupyter: Jupyter, notebook: str) -> None:
    (configured,) = blocks("json")
    server = json.loads(configured)["mcpServers"]["jupyter-guard"]

    async def scenario() -> None:
        parameters = StdioServerParameters(**server, env=with_scripts(jupyter), cwd=str(jupyter.root))
        async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
            await session.initialize()
            assert {one.name for one in (await session.list_tools()).tools} >= {"vet", "explain", "context", "run_cell"}

    run(scenario)


def test_the_client(jupyter: Jupyter) -> None:
    jupyter.open("analysis.ipynb")
    (script,) = blocks("python", "client")
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=with_scripts(jupyter),
        cwd=jupyter.root,
        capture_output=True,
        text=True,
        timeout=SECONDS * 2,
    )
    jupyter.close("analysis.ipynb")
    assert done.stdout.strip().splitlines()[-1] == "ran 45", done.stdout + done.stderr
    assert "It would run." in done.stdout


def test_the_commands(jupyter: Jupyter) -> None:
    pip, named, http = blocks("bash")
    assert pip == 'pip install "jupyter_guard[mcp]"\n'
    # It is refused a token, as the page says one is needed; with one it starts, and ends with its input.
    words = named.split()
    assert words[0] == "JUPYTER_TOKEN=..."
    for env, status in ((jupyter.env, 2), ({**jupyter.env, "JUPYTER_TOKEN": "t" * 20}, 0)):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "jupyter_guard", *words[3:]],
            env=env,
            capture_output=True,
            input=b"",
            timeout=SECONDS,
        )
        assert done.returncode == status, done.stderr
    assert http.split() == ["jupyter", "guard", "mcp", "--http", "--port", "8765"]
