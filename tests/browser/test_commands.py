"""A program in the page tries every command of JupyterLab's while a cell is held: none of them answers for the person."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .driver import Front, Server
from .held import ask, opened, waiting

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
# Dialogs that open are accepted, but those that load the page anew. Some commands bring another tab to the front, which
# the panel then follows, or another panel in its place.
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
        shell.activateById('jupyter-guard-panel');
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
    window.goBack = back;
    window.isAsked = () => shell.currentWidget === notebook ? isAsked() : null;
    return {tried, last, isSame: notebook.sessionContext.session?.kernel?.id === kernel.id};
}"""


@pytest.fixture
def as_before(server: Server, tmp_path: Path) -> Iterator[None]:
    """What all tests share of the server is as it was: settings, files, and no terminals or kernels that commands began."""
    settings = server.log.parent / "settings"
    kept = shutil.copytree(settings, tmp_path / "settings")
    files = {*server.root.iterdir()}
    yield
    shutil.rmtree(settings)
    shutil.copytree(kept, settings)
    for kind, key in (("terminals", "name"), ("kernels", "id")):
        for one in server.request(f"/api/{kind}"):
            server.request(f"/api/{kind}/{one[key]}", method="DELETE")
    for file in {*server.root.iterdir()} - files:
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    assert files == {*server.root.iterdir()}


@pytest.mark.usefixtures("as_before")
def test_no_command_answers(server: Server, front: Front) -> None:
    held = opened(server, front)
    ask(front)
    front.page.wait_for_timeout(600)
    number = waiting(front)
    assert not front.errors()
    # Windows that commands open have no part in it, and take long to load.
    front.page.on("popup", lambda page: page.close())
    ending = [one for ids in ENDING.values() for one in ids]
    done = front.page.evaluate(BY_COMMANDS, [number, ending])
    assert len(done["tried"]) > 250
    assert {"notebook:run-all-cells", "notebook:delete-cell", "jupyter-guard:show-panel"} < {*done["tried"]}
    assert done["isSame"]
    # What some of them opened comes later; the question has to stand there still, so that each could have answered it.
    front.page.wait_for_timeout(1500)
    assert is_asked(front), f"it stood there last after {done['last']}"
    assert held.data.exists()
    assert not held.wiped.exists()

    # JupyterLab's own commands complain of arguments that are not theirs.
    assert not [text for text in front.errors() if "jupyter-guard" in text]
    front.known = ("",)

    refuse(front, number)
    assert held.data.exists()
    assert not held.wiped.exists()


def refuse(front: Front, number: str, tries: int = 20) -> None:
    """The person can still say no to it, if not before all that still opens in front of the panel has been closed."""
    from playwright.sync_api import TimeoutError as CoveredError

    button = front.panel.locator(f".jg-Question[aria-labelledby='jg-question-{number}']").get_by_role(
        "button", name="Refuse", exact=True
    )
    while is_asked(front):
        assert (tries := tries - 1), "it cannot be refused"
        front.page.wait_for_timeout(600)
        with contextlib.suppress(CoveredError):
            button.click(timeout=3000)


def is_asked(front: Front, looks: int = 60) -> bool:
    """Whether the question stands in the panel. Where it does not, the notebook has been in front of all else for a while."""
    missed = 0
    while missed < 8:
        assert (looks := looks - 1), "the notebook does not stay in front"
        front.page.evaluate("() => window.goBack()")
        front.page.wait_for_timeout(300)
        match front.page.evaluate("() => window.isAsked()"):
            case True:
                return True
            case False:
                missed += 1
    return False
