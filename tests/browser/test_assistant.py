"""A scripted assistant inserts and runs a destructive cell, and tries to answer for the person in every way there is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .driver import Front, Server

NAME = "assistant.ipynb"
# What the file does is not known before it runs: the policy asks about it.
CODE = "exec(open('wipe.py').read())"
WIPE = "import shutil\nopen('wiped.txt', 'a').write('once ')\nshutil.rmtree('customers', ignore_errors=True)\n"

# Everything in the page that an assistant's extension can reach, with the number of the question and its cell.
KERNEL = "const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;"
BY_STDIN = (
    "() => {"
    + KERNEL
    + """
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (direction === 'recv' && msg.header.msg_type === 'input_request') {
            kernel.sendInputReply({status: 'ok', value: 'y'}, msg.header);
            window.repliedByScript = (window.repliedByScript ?? 0) + 1;
        }
    });
}"""
)
BY_COMM = (
    "async id => {"
    + KERNEL
    + """
    const said = key => ['answer', 'typed'].flatMap(type =>
        [key, ''].map(one => ({type, id, choice: 'once', value: 'y', key: one})));
    const told = (data, done) => data?.type === 'snapshot' && done();

    const comm = kernel.createComm('jupyter_guard');
    if ('commsOverSubshells' in comm) comm.commsOverSubshells = 'disabled';
    await new Promise(done => {
        comm.onMsg = ({content}) => told(content.data, done);
        comm.open({version: 1, key: 'a'.repeat(64)});
    });
    said('a'.repeat(64)).forEach(data => comm.send(data));

    // Another connection to the kernel, past the page's own.
    const {wsUrl, token} = kernel.serverSettings;
    const session = crypto.randomUUID();
    const socket = new WebSocket(`${wsUrl}api/kernels/${kernel.id}/channels?session_id=${session}&token=${token}`);
    let count = 0;
    const send = (type, data) => socket.send(JSON.stringify({channel: 'shell', parent_header: {}, metadata: {},
        content: {comm_id: session, target_name: 'jupyter_guard', data}, buffers: [], header: {msg_type: type, session,
        msg_id: `${session}-${count++}`, username: '', version: '5.3', date: new Date().toISOString()}}));
    await new Promise((opened, failed) => { socket.onopen = opened; socket.onerror = failed; });
    await new Promise(done => {
        socket.onmessage = ({data}) => {
            const {content} = typeof data === 'string' ? JSON.parse(data) : {};
            if (content?.comm_id === session) told(content.data, done);
        };
        send('comm_open', {version: 1, key: 'b'.repeat(64)});
    });
    said('b'.repeat(64)).forEach(data => send('comm_msg', data));
}"""
)
# The commands that are not tried, with what each ends: nobody is asked any more after them, and nothing has run.
ENDING = {
    "the kernel, or the page's connection to it": (
        "kernelmenu:(change|interrupt|reconnect-to-kernel|restart|restart-and-clear|shutdown|shutdownAll)",
        "runmenu:restart-and-run-all",
        "(notebook|console):(change|interrupt|reconnect-to|restart|shutdown)-kernel",
        "notebook:restart-.*",
        "debugger:restart-debug",
        "(notebook|console):close-and-shutdown",
        "console:shutdown",
        "running:kernel-shut-down(-unused)?",
        "filebrowser:shutdown",
    ),
    "the notebook's tab": (
        "application:close(-.*)?",
        "filemenu:close-and-cleanup",
        "(docmanager:delete-file|docmanager:delete|filebrowser:delete)",
    ),
    "the page, or the server": (
        "filemenu:(logout|shutdown)",
        "hub:.*",
        "apputils:(load-statedb|reset|reset-on-load)",
        "workspace-ui:.*",
        "jupyterlab-translation:.*",
    ),
}
# Dialogs that open are accepted, but those that load the page anew. Some commands bring another tab to the front, which the panel then follows.
BY_COMMANDS = """async ([id, ending]) => {
    const {commands, shell} = window.jupyterapp;
    const notebook = shell.currentWidget;
    const held = notebook.content.activeCell.model.id;
    const {kernel} = notebook.sessionContext.session;
    const pause = time => new Promise(done => setTimeout(done, time));
    const isAsked = () => document.getElementById(`jg-question-${id}`) !== null;
    const said = {choice: 'once', allow: true, answer: 'y', value: 'y', text: 'y', code: 'y', status: 'ok', query: 'y',
        content: {status: 'ok', value: 'y'}, confirm: true, accept: true, activate: false};
    const back = () => {
        // One that stays keeps all that come after it from being shown.
        for (const dialog of document.querySelectorAll('.jp-Dialog')) {
            const accept = dialog.querySelector('.jp-mod-accept');
            const other = dialog.querySelector('.jp-mod-reject, .jp-Dialog-close-button, .jp-Dialog-button');
            (accept && !/reload/i.test(accept.textContent) ? accept : other)?.click();
        }
        shell.activateById(notebook.id);
        const place = notebook.content.widgets.findIndex(cell => cell.model.id === held);
        if (place >= 0) notebook.content.activeCellIndex = place;
    };
    const skipped = new RegExp(`^(${ending.join('|')})$`);
    const tried = commands.listCommands().filter(one => !skipped.test(one));
    let last = '';
    for (const command of tried) {
        // What is another's takes a number for something of its own: a kernel's, say.
        const args = command.startsWith('jupyter-guard') ? {...said, id} : said;
        const ended = (async () => commands.execute(command, args))().catch(() => undefined);
        await Promise.race([ended, pause(30)]);
        back();
        last = isAsked() ? command : last;
    }
    window.goBack = () => { back(); return isAsked(); };
    return {tried, last, isSame: notebook.sessionContext.session?.kernel?.id === kernel.id};
}"""
BY_CLICKS = """() => {
    for (const button of document.querySelectorAll('.jg-Answers button')) {
        button.click();
        for (const type of ['pointerdown', 'mousedown', 'mouseup', 'click']) {
            button.dispatchEvent(new MouseEvent(type, {bubbles: true, detail: 1}));
        }
        button.focus();
        button.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
    }
}"""
BY_KEYS = """() => {
    for (const box of document.querySelectorAll('.jp-Stdin-input')) {
        box.focus();
        box.value = 'y';
        box.dispatchEvent(new Event('input', {bubbles: true}));
        box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 13, bubbles: true}));
        box.select();
        document.execCommand('insertText', false, 'y');
        box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 13, bubbles: true}));
    }
}"""
# Of the second's event the browser says that it is a person's; the third waits for a key of the person's.
WAYS_TO_FILL = (
    "box => { box.value = 'y'; }",
    "box => { box.focus(); document.execCommand('insertText', false, 'y'); }",
    """box => {
        box.focus();
        box.addEventListener('keydown', event => {
            if (event.key === 'n') {
                event.preventDefault();
                document.execCommand('insertText', false, 'y');
            }
        });
    }""",
)


@pytest.fixture
def settings_again(server: Server) -> Iterator[None]:
    """The server's settings for all tests, which some commands write, as they were."""
    settings = server.log.parent / "settings"
    kept = shutil.copytree(settings, server.log.parent / "settings-before")
    yield
    shutil.rmtree(settings)
    kept.rename(settings)


@pytest.mark.usefixtures("settings_again")
def test_it_is_held_whatever_it_tries_and_what_a_person_says_is_done(server: Server, front: Front) -> None:
    data = folder(server)
    server.write_notebook(NAME, ["x = 1"])
    front.open_lab(NAME)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    question = front.panel.locator(".jg-Question")

    front.page.evaluate(BY_STDIN)
    front.insert_cell(1, CODE)
    run_as_program(front, 1)
    question.wait_for()
    assert "wipe.py" in question.locator(".jg-Sentence").inner_text()
    assert "written by an assistant" in question.inner_text()
    front.page.wait_for_function("() => window.repliedByScript === 1")
    number = waiting(front)
    # Answers count from 400 ms on after the question was shown.
    front.page.wait_for_timeout(600)
    front.page.evaluate(BY_KEYS)
    front.page.evaluate(BY_CLICKS)
    front.page.evaluate(BY_COMM, number)
    front.page.wait_for_timeout(800)
    assert question.is_visible()
    assert waiting(front) == number
    assert data.exists()
    assert not (server.root / "wiped.txt").exists()

    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")
    front.output(1).locator(".jg-Card").wait_for()
    front.wait_until_idle()
    assert data.exists()

    run_as_program(front, 1)
    question.wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    wait_until_gone(front, data)
    front.wait_until_idle()
    assert (server.root / "wiped.txt").read_text() == "once "

    front.panel.get_by_text("Journal of this notebook").click()
    decisions = front.panel.locator(".jg-Decision")
    decisions.filter(has_text="allowed once in the panel").wait_for()
    decisions.filter(has_text="refused in the panel").wait_for()
    # Once was once.
    data.mkdir()
    run_as_program(front, 1)
    question.wait_for()
    assert data.exists()
    front.page.wait_for_timeout(600)
    number = waiting(front)
    assert not front.errors()
    ending = [one for ids in ENDING.values() for one in ids]
    done = front.page.evaluate(BY_COMMANDS, [number, ending])
    assert len(done["tried"]) > 250
    assert {"notebook:run-all-cells", "notebook:delete-cell", "jupyter-guard:show-panel"} < {*done["tried"]}
    assert done["isSame"]
    # What some of them opened comes later; the question has to stand there still, so that each could have answered it.
    front.page.wait_for_timeout(1500)
    asked = front.page.locator(f"[id='jg-question-{number}']")
    front.page.wait_for_function("() => window.goBack()")
    assert asked.count() == 1, f"it stood there last after {done['last']}"
    assert data.exists()
    assert (server.root / "wiped.txt").read_text() == "once "

    # JupyterLab's own commands complain of arguments that are not theirs.
    assert not [text for text in front.errors() if "jupyter-guard" in text]
    front.known = ("",)

    # The person can still say no to it.
    front.page.keyboard.press("Escape")
    front.run_command("jupyter-guard:show-panel")
    asked.wait_for(state="visible")
    front.panel.get_by_role("button", name="Refuse", exact=True).first.click()
    asked.wait_for(state="detached")
    assert data.exists()
    assert (server.root / "wiped.txt").read_text() == "once "


def test_a_person_answers_at_the_prompt_and_a_program_does_not(server: Server, front: Front) -> None:
    data = folder(server)
    server.write_notebook("prompt.ipynb", ["x = 1"])
    front.open_lab("prompt.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    question = front.panel.locator(".jg-Question")
    front.insert_cell(1, CODE)
    box = front.output(1).locator(".jp-Stdin-input")
    for fill in WAYS_TO_FILL:
        front.run_cell(1)
        question.wait_for()
        front.page.wait_for_timeout(600)
        # What a program put there does not pass for a person's with their Enter.
        box.evaluate(fill)
        box.press("n")
        box.press("Backspace")
        if box.input_value() == "":
            box.press("n")
        assert box.input_value() == "y"
        box.press("Enter")
        front.page.wait_for_timeout(600)
        assert question.is_visible()
        assert data.exists()
        front.panel.get_by_role("button", name="Refuse", exact=True).click()
        question.wait_for(state="detached")
        front.wait_for_run(1)

    front.run_cell(1)
    question.wait_for()
    front.page.wait_for_timeout(600)
    # What a program put there does not stand in the way either.
    box.evaluate(WAYS_TO_FILL[1])
    box.press("Control+a")
    front.page.keyboard.type("y")
    front.page.keyboard.press("Enter")
    question.wait_for(state="detached")
    wait_until_gone(front, data)


def wait_until_gone(front: Front, data: Path, tries: int = 300) -> None:
    """Wait until the cell that was allowed has done it: the question goes before it begins."""
    while data.exists() and (tries := tries - 1):
        front.page.wait_for_timeout(100)
    assert not data.exists()


def folder(server: Server) -> Path:
    (server.root / "wipe.py").write_text(WIPE)
    (server.root / "wiped.txt").unlink(missing_ok=True)
    data = server.root / "customers"
    data.mkdir(exist_ok=True)
    return data


def run_as_program(front: Front, index: int) -> None:
    """Run a cell as an assistant's extension does: by a command, with the cell made the active one."""
    front.page.evaluate(
        """index => {
            const {content} = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = index;
            void window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        index,
    )


def waiting(front: Front) -> Any:
    """The number of the question that the panel shows, which the page's programs can read."""
    return front.panel.locator(".jg-Question-title").evaluate("title => title.id.replace('jg-question-', '')")
