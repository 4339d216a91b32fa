"""Text that programs put into cells in every way that a front end knows: none of it is a person's."""

from __future__ import annotations

import hashlib
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from .agents import TYPE_SLOWLY, run
from .scene import Scene, Score
from .scripts import CHAT, PUT, SCRIPTS, WAYS_TO_COPY

CODE = "value_{} = sorted([3, 1, 2])"

# An edit at the end of a cell that says of itself what it likes, through the editor.
EDIT = """const view = notebook.widgets[argument[0]].editor.editor;
    view.dispatch({changes: {from: view.state.doc.length, insert: argument[1]}, userEvent: argument[2]});"""


def test_a_chat_inserts_a_cell(scene: Scene, score: Score) -> None:
    score.check("insert-cell", scene.origin(scene.insert(CODE.format("insert"))))


def test_a_program_sets_the_whole_text(scene: Scene, score: Score) -> None:
    index = scene.add_cell()
    scene.evaluate("model.cells.get(argument).sharedModel.setSource('value_set = sorted([3, 1, 2])')", index)
    score.check("set-source", scene.origin(index))


def test_a_program_writes_slowly_while_the_person_types_elsewhere(scene: Scene, score: Score) -> None:
    index = scene.add_cell()
    own = scene.add_cell()
    scene.front.cells.nth(own).locator(".cm-content").click()
    text = CODE.format("slow")
    for end in range(1, len(text) + 1):
        scene.evaluate(
            "model.cells.get(argument[0]).sharedModel.updateSource(argument[1] - 1, argument[1] - 1, argument[2])",
            [index, end, text[end - 1]],
        )
        scene.page.keyboard.type("#")
    scene.page.keyboard.press("Escape")
    score.check("slow-program", scene.origin(index))


def test_a_program_writes_through_the_editor(scene: Scene, score: Score) -> None:
    index = scene.add_cell()
    scene.evaluate("notebook.widgets[argument].editor.replaceSelection('value_api = sorted([3, 1, 2])')", index)
    score.check("editor-api", scene.origin(index))


def test_events_of_a_script_are_nobodys(scene: Scene, score: Score) -> None:
    index = scene.add_cell()
    scene.quiet()
    scene.evaluate(
        """const view = notebook.widgets[argument].editor.editor;
        view.contentDOM.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}));
        view.dispatch({changes: {from: 0, insert: 'value_synthetic = sorted([3])'}, userEvent: 'input.type'});""",
        index,
    )
    score.check("synthetic", scene.origin(index))


def test_a_script_writes_while_the_person_types_elsewhere(scene: Scene, score: Score) -> None:
    index = scene.add_cell()
    own = scene.add_cell()
    scene.front.cells.nth(own).locator(".cm-content").click()
    scene.page.keyboard.type("own")
    scene.evaluate(EDIT, [index, "value_elsewhere = sorted([3])", "input.type"])
    score.check("synthetic-elsewhere", scene.origin(index))


def test_a_script_writes_while_the_person_types_in_the_cell(scene: Scene, score: Score) -> None:
    def written(event: str) -> int:
        index = scene.add_cell()
        scene.front.cells.nth(index).locator(".cm-content").click()
        scene.page.keyboard.type("value_here = 1\n")
        scene.evaluate(EDIT, [index, "print(sorted([3, 1, 2]))", event])
        scene.page.keyboard.press("Escape")
        return index

    score.check("synthetic-here", scene.origin(written("input.type")))
    score.check("synthetic-completion", scene.origin(written("input.complete")))


def test_a_program_takes_a_mark_away_at_a_persons_key(scene: Scene, score: Score) -> None:
    index = scene.type("# print(sorted([3, 1, 2]))\nvalue_at_key = 1")
    scene.evaluate(
        """const view = notebook.widgets[argument].editor.editor;
        view.contentDOM.addEventListener('keyup', () => view.dispatch({changes: {from: 0, to: 2}}), {once: true});""",
        index,
    )
    content = scene.front.cells.nth(index).locator(".cm-content")
    content.click()
    scene.page.keyboard.press("End")
    scene.wait_for_source(index, "print(sorted([3, 1, 2]))\nvalue_at_key = 1")
    scene.page.keyboard.press("Escape")
    score.check("editor-deletes", scene.origin(index))


def test_a_program_deletes_at_a_persons_key(scene: Scene, score: Score) -> None:
    index = scene.type("value_less = sorted([3, 1, 2])[:1]")
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.evaluate(
        """const view = panel.content.widgets[argument].editor.editor;
        window.addEventListener('keydown', () => {
            const end = view.state.doc.length;
            view.dispatch({changes: {from: end - 4, to: end}, userEvent: 'delete.backward'});
        }, {capture: true, once: true});""",
        index,
    )
    scene.page.keyboard.press("ArrowLeft")
    scene.wait_for_source(index, "value_less = sorted([3, 1, 2])")
    scene.page.keyboard.press("Escape")
    score.check("program-deletes-at-a-key", scene.origin(index))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_acts_at_a_persons_key(scene: Scene, score: Score, name: str) -> None:
    typed, body, source, key = SCRIPTS[name]
    index = scene.type(typed)
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.evaluate(
        "const view = notebook.widgets[argument[0]].editor.editor; const put = argument[1];"
        "view.contentDOM.addEventListener('keydown', () => {" + body + "}, {capture: true, once: true});",
        [index, PUT],
    )
    scene.page.keyboard.press(key)
    scene.wait_for_source(index, source)
    scene.page.keyboard.press("Escape")
    score.check(name, scene.origin(index))


def test_a_program_takes_a_cell_back_before_a_person_copies_it(scene: Scene, score: Score) -> None:
    index = scene.type("value_arranged = sorted([3, 1, 2])[:1]")
    scene.evaluate("model.cells.get(argument).sharedModel.setSource('value_arranged = sorted([3, 1, 2])')", index)
    scene.page.keyboard.press("c")
    score.check("program-then-arranged", scene.origin(index))


def test_a_program_sets_what_a_person_had_there(scene: Scene, score: Score) -> None:
    index = scene.type("value_recalled = sorted([3, 1, 2])[:1]")
    scene.evaluate("model.cells.get(argument).sharedModel.setSource('value_recalled = sorted([3, 1, 2])')", index)
    score.check("program-recalls", scene.origin(index))


def test_a_command_puts_text_at_the_cursor(scene: Scene, score: Score) -> None:
    index = scene.add_cell()
    scene.evaluate("return commands.execute('notebook:replace-selection', {text: 'value_command = sorted([3])'})")
    score.check("lab-command", scene.origin(index))


def test_a_models_suggestion_is_accepted(scene: Scene, score: Score) -> None:
    registered = scene.evaluate(
        """const services = [...window.jupyterapp.pluginRegistry._plugins.values()];
        const manager = services.find(one => one.id === '@jupyterlab/completer-extension:manager')?.service;
        if (!manager) return false;
        const settings = {enabled: true, timeout: 5000, debouncerDelay: 0};
        const all = manager._inlineCompleterSettings;
        manager.inline.configure({...all, providers: {...all.providers, 'a-model': settings}});
        manager.registerInlineProvider({
            identifier: 'a-model', name: 'A model', schema: {default: {enabled: true, debouncerDelay: 0}},
            fetch: async () => ({items: [{insertText: 'ed([3, 1, 2])', isIncomplete: false}]})
        });
        return true;"""
    )
    assert registered
    index = scene.add_cell()
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.type("value_inline = sort")
    scene.page.evaluate("() => { void window.jupyterapp.commands.execute('inline-completer:invoke'); }")
    scene.page.locator(".jp-GhostText").first.wait_for()
    scene.page.keyboard.press("Tab")
    scene.wait_for_source(index, "value_inline = sorted([3, 1, 2])")
    scene.page.keyboard.press("Escape")
    score.check("inline-completion", scene.origin(index))


def test_code_in_the_kernel_makes_a_cell(scene: Scene, score: Score) -> None:
    index = scene.type("get_ipython().set_next_input('value_next = sorted([3, 1, 2])')")
    assert scene.origin(index) == "human"
    scene.wait_for_source(index + 1, "value_next = sorted([3, 1, 2])")
    score.check("set-next-input", scene.origin(index + 1))


def test_text_is_copied_out_of_a_chat(scene: Scene, score: Score) -> None:
    scene.evaluate(CHAT.replace("COPY", "null"), "value_copied = sorted([3, 1, 2])\nprint(value_copied)")
    scene.page.locator(".jp-chat-message code").click(click_count=3)
    scene.evaluate("document.getSelection().selectAllChildren(document.querySelector('.jp-chat-message code'))")
    scene.page.keyboard.press("Control+C")
    scene.evaluate("document.querySelector('.jp-chat-message').remove()")
    score.check("chat-copied", scene.origin(paste(scene)))


def test_text_is_dragged_out_of_a_chat(scene: Scene, score: Score) -> None:
    scene.evaluate(CHAT.replace("COPY", "null"), "value_dragged = sorted([3, 1, 2])")
    index = scene.add_cell()
    scene.drag(".jp-chat-message code", index)
    scene.wait_for_source(index, "value_dragged = sorted([3, 1, 2])")
    scene.evaluate("document.querySelector('.jp-chat-message').remove()")
    score.check("chat-dropped", scene.origin(index))


@pytest.mark.parametrize(
    "name",
    [
        "chat-button",
        "chat-button-items",
        "chat-button-helper",
        "chat-button-event",
    ],
)
def test_a_chats_button_copies(scene: Scene, score: Score, name: str) -> None:
    text = CODE.format(name.replace("-", "_"))
    scene.evaluate(CHAT.replace("COPY", WAYS_TO_COPY[name]), text)
    scene.page.get_by_role("button", name="Copy the answer").click()
    scene.page.wait_for_function("async text => await navigator.clipboard.readText() === text", arg=text)
    scene.evaluate("document.querySelector('.jp-chat-message').remove()")
    score.check(name, scene.origin(paste(scene)))


def test_an_assistants_code_is_copied_into_a_persons_cell(scene: Scene, score: Score) -> None:
    scene.front.copy_text(scene.insert(CODE.format("laundered")))
    score.check("assistant-copied", scene.origin(paste(scene)))

    index = scene.insert(CODE.format("by_menu"))
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+A")
    scene.choose(index, "Copy Selected Text")
    score.check("assistant-menu-copied", scene.origin(paste(scene)))


def test_an_assistants_code_is_dragged_into_a_persons_cell(scene: Scene, score: Score) -> None:
    source = CODE.format("dragged_on")
    own = scene.add_cell()
    scene.drag_cell(scene.insert(source), own)
    scene.wait_for_source(own, source)
    score.check("assistant-dropped", scene.origin(own))


def paste(scene: Scene) -> int:
    index = scene.add_cell()
    scene.front.paste_text(index)
    assert scene.source(index)
    return index


def test_metadata_that_a_program_writes_lowers_nothing(scene: Scene, score: Score) -> None:
    index = scene.insert(CODE.format("stored"))
    scene.evaluate(
        "model.cells.get(argument).setMetadata('jupyter_guard', {origin: {author: 'human', shares: {typed: 1}}})", index
    )
    score.check("stored-human", scene.origin(index))


def test_a_file_is_rewritten_on_disk(scene: Scene, score: Score) -> None:
    name = scene.evaluate("return panel.context.path")
    scene.evaluate("return panel.context.save()")
    file = scene.front.server.root / name
    notebook = json.loads(file.read_text())
    notebook["cells"][-1]["source"] = CODE.format("disk")
    file.write_text(json.dumps(notebook))
    scene.evaluate("return panel.context.revert()")
    index = int(scene.evaluate("return model.cells.length")) - 1
    scene.wait_for_source(index, CODE.format("disk"))
    score.check("disk", scene.origin(index))


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        ("no-cell", {}),
        ("vscode", {"cellId": "vscode-notebook-cell:/home/ada/sales.ipynb#W0sZmlsZQ%3D%3D", "language": "python"}),
        (
            "vscode-copilot",
            {"cellId": "vscode-notebook-cell:/home/ada/sales.ipynb#W1sZmlsZQ%3D%3D", "id": "#VSC-ac09160d"},
        ),
        ("colab", {"id": "x1y2", "executionInfo": {"user": {"displayName": "Ada", "userId": "1"}}, "colab": {}}),
    ],
)
def test_another_client_runs_code(scene: Scene, score: Score, name: str, metadata: dict[str, Any]) -> None:
    code = CODE.format(name.replace("-", "_"))
    execute(scene, code, metadata)
    score.check(name, scene.judged(code))


def execute(scene: Scene, code: str, metadata: dict[str, Any]) -> None:
    """Run code over a websocket of its own, as every other front end and agent does."""
    scene.page.evaluate(
        """async ([code, metadata, session]) => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const { wsUrl, token } = kernel.serverSettings;
            const socket = new WebSocket(`${wsUrl}api/kernels/${kernel.id}/channels?session_id=${session}&token=${token}`);
            await new Promise((opened, failed) => { socket.onopen = opened; socket.onerror = failed; });
            const content = {code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false};
            const header = {msg_id: session + '-1', msg_type: 'execute_request', session, username: 'client',
                version: '5.3', date: new Date().toISOString()};
            socket.send(JSON.stringify({channel: 'shell', header, parent_header: {}, metadata, content, buffers: []}));
            await new Promise(done => socket.onmessage = ({data}) => {
                if (typeof data === 'string' && JSON.parse(data).header.msg_type === 'execute_reply') done();
            });
            socket.close();
        }""",
        [code, metadata, uuid.uuid4().hex],
    )


def test_a_notebook_is_saved_through_the_server(scene: Scene, score: Score) -> None:
    server = scene.front.server
    # The last of this file: another notebook comes to the front.
    scene.evaluate("return panel.context.save()")
    server.write_notebook("saved.ipynb", ["kept = sorted([3, 1, 2])"])
    model = server.request("/api/contents/saved.ipynb")
    cells = model["content"]["cells"]
    cells.append({**cells[0], "id": "another", "source": CODE.format("server_saves")})
    server.request("/api/contents/saved.ipynb", "PUT", {key: model[key] for key in ("type", "format", "content")})
    scene.front.run_command("docmanager:open", {"path": "saved.ipynb"})
    scene.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context?.path === 'saved.ipynb'")
    scene.front.wait_for_kernel()
    scene.listen()
    scene.wait_for_source(1, CODE.format("server_saves"))
    score.check("server-saves", scene.origin(1))
    assert scene.origin(0) == "imported"


def test_an_agent_writes_where_no_page_is(scene: Scene, score: Score) -> None:
    server = scene.front.server
    server.write_notebook("alone.ipynb", ["kept = sorted([3, 1, 2])"])
    text = CODE.format("agent_alone")
    run(Path(sys.executable), TYPE_SLOWLY, json.dumps([server.url, server.token, "alone.ipynb", text]))
    wait_for_mark(server.root / "alone.ipynb", text)
    scene.front.run_command("docmanager:open", {"path": "alone.ipynb"})
    scene.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context?.path === 'alone.ipynb'")
    scene.front.wait_for_kernel()
    scene.listen()
    scene.wait_for_source(1, text)
    score.check("agent-alone", scene.origin(1))
    assert scene.origin(0) == "imported"


def wait_for_mark(file: Path, text: str, seconds: float = 30) -> None:
    """Wait until the server saved the last cell with that text and with whose it is."""
    deadline = time.monotonic() + seconds
    mark = hashlib.sha256(text.encode()).hexdigest()
    while not (text in (saved := file.read_text()) and mark in saved):
        assert time.monotonic() < deadline, saved
        time.sleep(0.1)
