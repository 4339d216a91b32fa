"""The set-ups of docs/mcp.md with the real assistants, and the server in either line of the SDK. No model is asked.

What is driven is what an assistant's own code does with the file that the page shows: start the server, list its tools,
call them. Where the packages cannot be installed these are skipped, with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
import tomllib
from pathlib import Path

import pytest
from mcp import ClientSession

from tests.browser.replay.environments import CHATS, environment

from .client import HttpServer, over_stdio, run, text
from .jupyter import SECONDS, Jupyter
from .test_docs import blocks, with_scripts
from .test_run_cell import answer

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)

NBI = """
    import asyncio, json, time
    from notebook_intelligence.config import NBIConfig
    from notebook_intelligence.mcp_manager import MCPManager

    manager = MCPManager(NBIConfig().mcp)
    server = manager.get_mcp_server("jupyter-guard")
    deadline = time.monotonic() + 90
    while not server.get_tools() and time.monotonic() < deadline:
        time.sleep(0.2)
    tools = {one.name: one for one in server.get_tools()}

    def call(name, **arguments):
        return asyncio.run(tools[name].handle_tool_call(None, None, {}, arguments))

    print(json.dumps({
        "tools": sorted(tools),
        "ran": call("run_cell", code="print('by NBI', 40 + 2)"),
        "blocked": call("run_cell", code="import shutil; shutil.rmtree('/srv/there-is-no-such-place')"),
    }))
    server.disconnect()
"""
# An agent as Jupyter AI starts one: it is given the MCP servers with its session, and uses them when it is prompted.
AGENT = """
    import asyncio, json, os, sys
    import acp
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    class Agent(acp.Agent):
        def on_connect(self, conn):
            pass

        async def initialize(self, protocol_version, client_capabilities=None, client_info=None, **_):
            return acp.InitializeResponse(protocol_version=protocol_version)

        async def new_session(self, cwd, mcp_servers=None, **_):
            self.servers = [one for one in mcp_servers if one.name == "jupyter-guard"]
            return acp.NewSessionResponse(session_id="one")

        async def prompt(self, prompt, session_id, **_):
            (server,) = self.servers
            env = {one.name: one.value for one in server.env or ()}
            parameters = StdioServerParameters(command=server.command, args=server.args, env=env)
            async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
                await session.initialize()
                tools = [one.name for one in (await session.list_tools()).tools]
                ran = await session.call_tool("run_cell", {"code": "print('by an agent', 40 + 3)"})
            with open(os.environ["ANSWER"], "w") as out:
                json.dump({"tools": tools, "ran": ran.structuredContent}, out)
            return acp.PromptResponse(stop_reason="end_turn")

    asyncio.run(acp.run_agent(Agent()))
"""
JUPYTER_AI = """
    import asyncio, json, os, sys
    import acp
    from acp.schema import TextContentBlock
    from jupyter_ai_acp_client.default_acp_client import JaiAcpClient
    from jupyter_ai_persona_manager import BasePersona, PersonaManager
    from jupyterlab_chat.ychat import YChat

    class Chat(YChat):
        # Where it lies is what a server's room knows of it.
        def get_path(self):
            return "chat.chat"

        def get_id(self):
            return "one"

    async def main():
        loop = asyncio.get_running_loop()
        PersonaManager._ep_persona_classes = []
        manager = PersonaManager(chat=Chat(), root_dir=os.getcwd(), event_loop=loop)

        class Persona:
            # What the client asks of one, from the manager that has read the file.
            get_mcp_settings = manager.get_mcp_settings
            get_chat_dir = manager.get_chat_dir

        agent = await asyncio.create_subprocess_exec(
            sys.executable, sys.argv[1], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        client = JaiAcpClient(agent_subprocess=agent, event_loop=loop)
        session = await client.create_session(Persona())
        connection = await client.get_connection()
        await connection.prompt(prompt=[acp.text_block("go")], session_id=session.session_id)
        agent.kill()

    asyncio.run(main())
"""


def drive(python: Path, script: str, jupyter: Jupyter, *words: str, **more: str) -> str:
    command = [str(python), "-c", textwrap.dedent(script), *words]
    env = {**with_scripts(jupyter), **more}
    done = subprocess.run(command, env=env, cwd=jupyter.root, capture_output=True, text=True, timeout=SECONDS * 4)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_notebook_intelligence(jupyter: Jupyter, notebook: str) -> None:
    python = environment(CHATS)
    (configured,) = blocks("json", "nbi")
    file = jupyter.home / ".jupyter" / "nbi" / "mcp.json"
    file.parent.mkdir(parents=True)
    file.write_text(configured)
    said = json.loads(drive(python, NBI, jupyter).splitlines()[-1])
    assert {"context", "explain", "run_cell", "vet"} <= set(said["tools"])
    assert "by NBI 42" in said["ran"]
    assert "The guard did not run the code" in said["blocked"]
    assert "Instead:" in said["blocked"]


def test_jupyter_ai(jupyter: Jupyter, notebook: str) -> None:
    python = environment(CHATS)
    (configured,) = blocks("json", "jupyter-ai")
    folder = jupyter.root / ".jupyter"
    folder.mkdir()
    (folder / "mcp_settings.json").write_text(configured)
    agent, answered = jupyter.home / "agent.py", jupyter.home / "answer.json"
    agent.write_text(textwrap.dedent(AGENT))
    drive(python, JUPYTER_AI, jupyter, str(agent), ANSWER=str(answered))
    said = json.loads(answered.read_text())
    assert {"context", "explain", "run_cell", "vet"} <= set(said["tools"])
    assert (said["ran"]["status"], said["ran"]["outputs"]) == ("ran", "by an agent 43\n")


def test_the_first_line_of_the_sdk_serves_too(jupyter: Jupyter, notebook: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    python = environment((*project["dependencies"], "mcp>=1.28,<2"))
    served = Jupyter(
        jupyter.home, {**jupyter.env, "PYTHONPATH": os.pathsep.join([str(ROOT)])}, jupyter.url, jupyter.token
    )
    heard: list[str] = []

    async def progress(seconds: float, total: float | None, message: str | None) -> None:
        heard.append(str(message))

    async def serves(client: ClientSession) -> None:
        heard.clear()
        code = "import time; time.sleep(3); 6 * 9"
        result = await client.call_tool("run_cell", {"code": code}, progress_callback=progress)
        assert answer(result)["outputs"] == "54\n"
        assert heard
        wrong = await client.call_tool("run_cell", {"code": 7})
        assert "Expected `str`, got `int`" in text(wrong)

    async def scenario() -> None:
        command = (str(python), "-P", "-m", "jupyter_guard", "mcp")
        async with over_stdio(served, command=command) as client:
            await serves(client)
        with HttpServer(served, command) as server:
            async with server.client() as client:
                await serves(client)

    run(scenario)
