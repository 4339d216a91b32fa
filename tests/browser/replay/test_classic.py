"""The classic notebook, for which there is no panel: the card, the question, and ``%guard panel`` with its buttons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..driver import Server
from .environments import CLASSIC, environment
from .servers import serving

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
ASKED = "exec(open('asked.py').read())"


def note_loaded(frame: str | bytes, loaded: list[str]) -> None:
    """Keep the kernel's answer to which comms there are, the last thing that the page's widgets wait for."""
    if isinstance(frame, str) and json.loads(frame)["header"]["msg_type"] == "comm_info_reply":
        loaded.append(frame)


class Classic:
    """A notebook that is open in nbclassic; its own JavaScript is what a person's keys and clicks reach."""

    def __init__(self, server: Server, page: Any, name: str) -> None:
        self.page = page
        loaded: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: note_loaded(frame, loaded)))
        page.goto(f"{server.url}/notebooks/{name}?token={server.token}")
        page.wait_for_selector(".cell.code_cell", timeout=120_000)
        page.wait_for_function(
            """() => window.Jupyter?.notebook?.kernel?.is_connected()
                && window.Jupyter.notebook.kernel.comm_manager.targets['jupyter.widget'] !== undefined""",
            timeout=120_000,
        )
        # Its widgets then ask the kernel for those that there are, and render all outputs anew once they know: what is
        # shown before is lost to them, whoever shows it.
        for _ in range(600):
            if loaded:
                break
            page.wait_for_timeout(100)
        assert loaded, "the page's widgets never learned which comms there are"

    def run(self, index: int) -> None:
        self.page.locator(".cell").nth(index).locator(".CodeMirror").click()
        self.page.keyboard.press("Control+Enter")

    def output(self, index: int) -> Any:
        return self.page.locator(".cell").nth(index).locator(".output_area").first


def test_the_classic_notebook_shows_reasons_and_asks(chromium: Any, tmp_path_factory: Any) -> None:
    home: Path = tmp_path_factory.mktemp("classic")
    with serving(environment(CLASSIC), home, application="nbclassic") as server:
        (server.root / "asked.py").write_text("open('asked-ran.txt', 'w').close()\n")
        server.write_notebook("classic.ipynb", ["%guard panel", DROP, ASKED])
        context = chromium.new_context(viewport={"width": 1360, "height": 1500}, reduced_motion="reduce")
        context.set_default_timeout(60_000)
        try:
            classic = Classic(server, context.new_page(), "classic.ipynb")
            see(classic, server.root)
        finally:
            for kernel in server.request("/api/kernels"):
                server.request(f"/api/kernels/{kernel['id']}", "DELETE")
            context.close()


def see(classic: Classic, root: Path) -> None:
    classic.run(0)
    view = classic.output(0)
    view.get_by_text("Nothing to report so far").wait_for()

    # The person answers in the view: no panel is open that would do.
    classic.run(1)
    view.get_by_text("Waiting for an answer").wait_for()
    classic.page.wait_for_timeout(600)
    view.get_by_role("button", name="Refuse", exact=True).click()
    card = classic.page.locator(".cell").nth(1).locator(".output_html")
    card.get_by_text("sales").first.wait_for()
    view.get_by_role("row").filter(has_text="sales").filter(has_text="not allowed").wait_for()
    assert not (root / "shop.db").exists()

    # Or where the notebook itself asks, over the protocol's own stdin.
    classic.run(2)
    view.get_by_text("Waiting for an answer").wait_for()
    # The prompt of the cell before stays until the next one comes, and takes no answer any more.
    classic.page.locator(".cell").nth(2).locator("input.raw_input").fill("y")
    classic.page.keyboard.press("Enter")
    view.get_by_text("Waiting for an answer").wait_for(state="detached")
    classic.page.wait_for_function("() => window.Jupyter.notebook.get_cell(2).input_prompt_number > 0")
    assert (root / "asked-ran.txt").exists()
