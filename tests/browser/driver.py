"""What a test does in a front end -> what Playwright and the server's API do."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

KERNEL = "guarded-python"
PANEL = "#jupyter-guard-panel"
START_MS = 120_000

# JupyterLab's debugger, when a kernel with a debugger is changed or restarted while it asks it for its state.
DEBUGGERS_OWN = ("Could not restore the debugger state: Canceled future",)
# JupyterLab's widgets, when a second page opens the same notebook: the kernel, any kernel without ipywidgets in it, closes
# their comm for every page, and pages that do not know it say so. Seen with a plain kernel too.
WIDGETS_OWN = "Comm not found for comm id"
# Notebook 7.6's own: seen in the same places with this extension's files refused to the browser.
NOTEBOOKS_OWN = (
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered",
)


class Server(NamedTuple):
    url: str
    token: str
    root: Path
    log: Path

    def request(self, path: str, method: str = "GET", data: object = None) -> Any:
        """Call the server's REST API; gives the parsed JSON, ``None`` for an empty answer."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def write_notebook(
        self, name: str, cells: Sequence[str], kernel: str = KERNEL, stored: Mapping[int, object] | None = None
    ) -> None:
        """Put a notebook with code cells into the server's root directory; ``stored`` is what the file says the guard
        kept of some of them, by their places."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        )
        for place, value in (stored or {}).items():
            notebook.cells[place].metadata["jupyter_guard"] = value
        (self.root / name).write_text(nbformat.writes(notebook))


class Front:
    """A browser page with JupyterLab or Notebook 7 in it."""

    def __init__(self, server: Server, page: Any) -> None:
        self.server = server
        self.page = page
        self.known: tuple[str, ...] = ()
        self._errors: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", f"{error}\n{getattr(error, 'stack', '')}"))

    def errors(self) -> list[str]:
        known = DEBUGGERS_OWN + self.known + (NOTEBOOKS_OWN if "/notebooks/" in self.page.url else ())
        return [text for text in self._errors if not any(own in text for own in known)]

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self._errors.append(text)

    # Opening

    def open_lab(self, name: str, *, panel: bool = True, tidy: bool = False) -> None:
        """Open a notebook in JupyterLab, with the guard's panel; ``tidy`` closes the file browser."""
        workspace = f"test-{time.monotonic_ns()}"
        self.page.goto(f"{self.server.url}/lab/workspaces/{workspace}/tree/{name}?token={self.server.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_MS)
        self.wait_for_kernel()
        if tidy:
            self.run_command("application:toggle-left-area")
        if panel:
            self.open_panel()

    def open_notebook7(self, name: str) -> None:
        self.page.goto(f"{self.server.url}/notebooks/{name}?token={self.server.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_MS)
        self.wait_for_kernel()
        self.run_command("jupyter-guard:show-panel")
        self.panel.wait_for(state="visible")

    def open_panel(self) -> None:
        if not self.panel.is_visible():
            self.page.click('.jp-SideBar [data-id="jupyter-guard-panel"]')
        self.panel.wait_for(state="visible")

    def wait_for_kernel(self, status: str = "idle") -> None:
        self.page.wait_for_function(
            """status => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === status""",
            arg=status,
            timeout=START_MS,
        )

    def reload(self) -> None:
        """Reload the page, dropping unsaved changes."""
        self.save()
        self.page.reload()
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_MS)
        self.wait_for_kernel()

    def save(self) -> None:
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    # Cells

    @property
    def cells(self) -> Any:
        return self.page.locator(".jp-Notebook:visible .jp-CodeCell")

    def select_cell(self, index: int) -> None:
        self.cells.nth(index).locator(".jp-InputPrompt").click()

    def run_cell(self, index: int) -> None:
        """Run a cell as a person does: select it and press Ctrl+Enter."""
        self.select_cell(index)
        # So that `wait_for_run` can tell this run from the one before it.
        self.page.evaluate(
            """index => {
                window.jupyterapp.shell.currentWidget.content.widgets[index].model.executionCount = null;
            }""",
            index,
        )
        self.page.keyboard.press("Control+Enter")

    def wait_for_run(self, index: int) -> None:
        """Wait until the cell that `run_cell` ran has its reply; a refused cell has one too."""
        self.page.wait_for_function(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.executionCount !== null",
            arg=index,
            timeout=START_MS,
        )

    def run_to_end(self, index: int) -> None:
        """Run a cell as a person does, and wait until it is done."""
        self.run_cell(index)
        self.wait_for_run(index)

    def run_any_cell(self, index: int) -> None:
        """Run a cell by its place among all cells, text cells too, as a person does."""
        self.page.evaluate(
            """async index => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                await notebook.scrollToItem(index);
                notebook.mode = 'command';
                notebook.node.focus();
            }""",
            index,
        )
        self.page.keyboard.press("Control+Enter")

    def show_cell(self, index: int) -> None:
        """Scroll so that a cell stands at the bottom of the notebook, what came before it above."""
        self.page.evaluate("index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index, 'end')", index)
        self.page.wait_for_timeout(500)

    def type_cell(self, index: int, text: str) -> None:
        """Type into a cell, key by key, replacing what it holds."""
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Escape")

    def insert_cell(self, index: int, source: str) -> None:
        """Insert a cell as an assistant's extension does: straight into the shared document."""
        self.page.evaluate(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content.model.sharedModel
                .insertCell(index, {cell_type: 'code', source, metadata: {}})""",
            [index, source],
        )

    def run_command(self, command: str, args: object = None) -> None:
        """Run a front-end command as a program does, without waiting for its end."""
        self.page.evaluate(
            "([command, args]) => { void window.jupyterapp.commands.execute(command, args ?? {}); }", [command, args]
        )

    def guard_metadata(self, index: int) -> Any:
        """What the guard stored in a cell's metadata."""
        return self.page.evaluate(
            """index => window.jupyterapp.shell.currentWidget.content.widgets[index].model
                .getMetadata('jupyter_guard')""",
            index,
        )

    def active_cell(self) -> int:
        return int(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"))

    def wait_for_active_cell(self, index: int) -> None:
        self.page.wait_for_function(
            "index => window.jupyterapp.shell.currentWidget.content.activeCellIndex === index", arg=index
        )

    def copy_text(self, index: int) -> None:
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Control+C")

    def paste_text(self, index: int) -> None:
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+V")
        self.page.keyboard.press("Escape")

    def show_output(self, index: int, data: dict[str, Any]) -> None:
        """Put an output into a cell's model, as a notebook file can hold it."""
        self.page.evaluate(
            """([index, data]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs
                .add({output_type: 'display_data', data, metadata: {}})""",
            [index, data],
        )

    def restart_kernel(self) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.wait_for_kernel()

    def interrupt_kernel(self) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")

    def wait_until_idle(self) -> None:
        """Wait until what was sent has run: a reply to a request after it, and idle after that."""
        self.page.evaluate(
            """async () => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                await kernel.requestKernelInfo();
            }"""
        )
        self.wait_for_kernel()

    def output(self, index: int) -> Any:
        return self.cells.nth(index).locator(".jp-OutputArea")

    # Panel

    @property
    def panel(self) -> Any:
        return self.page.locator(PANEL)

    def screenshot(self, path: Path) -> None:
        self.page.screenshot(path=str(path))

    def shut_kernels_down(self) -> None:
        # A console and a notebook may have sessions with one kernel, which end together.
        sessions = {session["kernel"]["id"]: session["id"] for session in self.server.request("/api/sessions")}
        for session in sessions.values():
            self.server.request(f"/api/sessions/{session}", method="DELETE")
