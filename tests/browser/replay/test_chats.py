"""Assistants' real packages in one JupyterLab: jupyter-ai, its magic, notebook-intelligence. No model is asked.

What is driven is what their chats and agents call when a model has answered: their own commands, in the same page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .environments import CHATS, environment
from .scene import Scene, Score
from .servers import serving, showing

NOTEBOOK = "chats.ipynb"


@pytest.fixture(scope="module")
def scene(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("chats")
    with serving(environment(CHATS), home) as server, showing(server, chromium, NOTEBOOK, "guarded-theirs") as opened:
        yield opened


def command(scene: Scene, name: str, **values: object) -> Any:
    """Call a front-end command as an agent does; what it answered."""
    scene.page.wait_for_function("name => window.jupyterapp.commands.hasCommand(name)", arg=name)
    return scene.evaluate("return commands.execute(argument[0], argument[1])", [name, values])


def test_the_chat_of_notebook_intelligence_writes(scene: Scene, score: Score) -> None:
    command(scene, "notebook-intelligence:add-code-as-new-cell", code="nbi_new = sorted([3, 1, 2])")
    score.check("nbi-new-cell", scene.origin(scene.wait_for_cell("nbi_new = sorted([3, 1, 2])")))
    command(
        scene,
        "notebook-intelligence:insert-cell-at-index",
        cellIndex=1,
        cellType="code",
        source="nbi_inserted = sorted([3, 1, 2])",
    )
    score.check("nbi-insert", scene.origin(scene.wait_for_cell("nbi_inserted = sorted([3, 1, 2])")))
    own = scene.type("nbi_own = 1")
    command(
        scene,
        "notebook-intelligence:set-cell-type-and-source",
        cellIndex=own,
        cellType="code",
        source="nbi_set = sorted([3, 1, 2])",
    )
    score.check("nbi-rewrite", scene.origin(scene.wait_for_cell("nbi_set = sorted([3, 1, 2])")))
    command(
        scene,
        "notebook-intelligence:insert-cell-at-index",
        cellIndex=1,
        cellType="code",
        source="nbi_ran = sorted([3, 1, 2])",
    )
    scene.quiet()
    command(scene, "notebook-intelligence:run-cell-at-index", cellIndex=1)
    score.check("nbi-run", scene.judged("nbi_ran = sorted([3, 1, 2])"))
    assert scene.front.guard_metadata(1)["origin"]["started_by"] == "command"


def test_the_magic_makes_a_cell(scene: Scene, score: Score) -> None:
    made = "magic_made = sorted([3, 1, 2])"
    scene.origin(
        scene.type(
            "%load_ext jupyter_ai_magics\n"
            "from langchain.chains import LLMChain\n"
            "from langchain_community.llms.fake import FakeListLLM\n"
            "from langchain_core.prompts import PromptTemplate\n"
            f"model = FakeListLLM(responses=['{made}'])\n"
            "prompt = PromptTemplate.from_template('{text}')\n"
            "chain = LLMChain(llm=model, prompt=prompt)"
        )
    )
    scene.front.wait_until_idle()
    scene.origin(scene.type("%ai register canned chain"))
    index = scene.add_cell()
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.insert_text("%%ai canned -f code\nsort three numbers")
    scene.page.keyboard.press("Escape")
    scene.origin(index)
    score.check("magic-ai", scene.origin(scene.wait_for_cell(made)))


def test_the_agent_of_jupyter_ai_writes_and_runs(scene: Scene, score: Score) -> None:
    command(scene, "jupyterlab-ai-commands:add-cell", content="ai_added = sorted([3, 1, 2])")
    score.check("ai-add-cell", scene.origin(scene.wait_for_cell("ai_added = sorted([3, 1, 2])")))
    own = scene.type("ai_own = 1")
    cell_id = scene.evaluate("return model.cells.get(argument).id", own)
    text = "ai_set = sorted([3, 1, 2])"
    command(scene, "jupyterlab-ai-commands:set-cell-content", cellId=cell_id, content=text, showDiff=False)
    score.check("ai-set-content", scene.origin(scene.wait_for_cell(text)))
    text = "ai_ran = sorted([3, 1, 2])"
    made = command(scene, "jupyterlab-ai-commands:add-cell", content=text)
    scene.quiet()
    command(scene, "jupyterlab-ai-commands:run-cell", cellId=made["cellId"])
    score.check("ai-run-cell", scene.judged(text))
    kernel = scene.evaluate("return panel.sessionContext.session.kernel.id")
    text = "ai_executed = sorted([3, 1, 2])"
    command(scene, "jupyterlab-ai-commands:execute-in-kernel", kernelId=kernel, code=text)
    score.check("ai-execute", scene.judged(text))


def test_a_program_rewrites_the_file_of_an_open_notebook(scene: Scene, score: Score) -> None:
    scene.evaluate("return panel.context.save()")
    scene.quiet()
    file = scene.front.server.root / NOTEBOOK
    notebook = json.loads(file.read_text())
    notebook["cells"][-1]["source"] = "live_on_disk = sorted([3, 1, 2])"
    file.write_text(json.dumps(notebook))
    score.check("live-content", scene.origin(scene.wait_for_cell("live_on_disk = sorted([3, 1, 2])")))
