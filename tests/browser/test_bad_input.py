"""Claims that are forged or stale, messages that are not ours, metadata that somebody edited, two tabs on one notebook:
no exception in the console (the fixture looks), nothing lowered, no lost list."""

from __future__ import annotations

import hashlib
from typing import Any

from .driver import WIDGETS_OWN, Front, Server

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
ASKED = "exec(open('tabs.py').read())"

HEAR = """() => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    window.heard = {};
    kernel.iopubMessage.connect((_, {header, content}) => {
        const item = header.msg_type === 'comm_msg' ? content.data?.item : undefined;
        if (item?.cell_id && item.origin) window.heard[item.cell_id] = item.origin;
    });
}"""
# A program's own comm, with all that the page's says about a cell, and what the page's key would be.
FORGE = """async ({sha256, cellId}) => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const comm = kernel.createComm('jupyter_guard');
    if ('commsOverSubshells' in comm) comm.commsOverSubshells = 'disabled';
    const told = new Promise(done => comm.onMsg = () => done());
    comm.open({version: 1, key: 'f'.repeat(64), previous: ''});
    await told;
    for (const key of ['f'.repeat(64), '', null, 7, {}]) {
        comm.send({type: 'claim', sha256, cell_id: cellId, author: 'human', shares: {typed: 1}, started_by: 'person', key});
    }
}"""
# What the page's own comm is sent that no guard says.
FOREIGN = """() => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const comm = [...kernel._comms.values()].find(one => one.targetName === 'jupyter_guard');
    const odd = [null, 7, 'text', [], {}, {type: 7}, {type: 'report'}, {type: 'report', item: null},
        {type: 'report', item: {msg_id: 'x', findings: [null, 7, {span: 'no', effects: 'no'}], sentence: {}}},
        {type: 'pending', item: {id: {}}}, {type: 'redaction'}, {type: 'redaction', item: {count: -1e300}},
        {type: 'answered'}, {type: 'elsewhere'}, {type: 'vetted', id: 1e9, item: []}, {type: 'policy', id: -1},
        {type: 'audit', id: '1', text: {}}, {type: '__proto__', item: {msg_id: '__proto__', cell_id: 'constructor'}}];
    for (const data of odd) comm.onMsg({content: {comm_id: comm.commId, data}, buffers: [], metadata: {}});
    return odd.length;
}"""
EDITED: tuple[Any, ...] = (
    {"origin": {"author": "human", "shares": {"typed": 1}, "runs": [["typed", 1e9]], "sha256": 5}},
    {"origin": {"author": ["human"], "runs": "typed"}},
    {"origin": None},
    "human",
    7,
    ["human"],
    {"origin": {"runs": [["typed"], None, [1, 2], ["program", -3], ["__proto__", 2]]}},
)


def test_forged_and_stale_claims_foreign_messages_and_edited_metadata(server: Server, front: Front) -> None:
    claimed = "claimed = sorted([3])"
    cells = ["x = 1", *(f"edited_{number} = 1" for number in range(len(EDITED))), claimed]
    # In the file from the start, one of them about exactly that text; the others are edited once more while it is open.
    server.write_notebook("bad.ipynb", cells, stored={**dict(enumerate(EDITED, 1)), len(cells) - 1: human(claimed)})
    front.open_lab("bad.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.page.evaluate(HEAR)
    front.insert_cell(0, DROP)
    front.run_to_end(0)
    groups = front.panel.locator(".jg-Group")
    groups.first.wait_for()

    # Metadata that somebody edited: what was in the file stays so, whatever it says, also the other way round.
    for number, edited in enumerate(reversed(EDITED), 2):
        front.page.evaluate(
            """([index, edited]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel
                .setMetadata('jupyter_guard', edited)""",
            [number, edited],
        )
        front.run_to_end(number)
        assert origin(front, number) != "human", edited
    front.run_to_end(len(cells))
    assert origin(front, len(cells)) != "human"

    # A forged claim, and one that was true of the text before a program changed it.
    forged = front.cells.count()
    front.insert_cell(forged, "forged = sorted([3])")
    digest = front.page.evaluate(
        """async text => [...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))]
            .map(byte => byte.toString(16).padStart(2, '0')).join('')""",
        "forged = sorted([3])",
    )
    front.page.evaluate(FORGE, {"sha256": digest, "cellId": cell_id(front, forged)})
    front.run_to_end(forged)
    assert origin(front, forged) == "assistant"
    front.type_cell(1, "typed = sorted([3])")
    front.run_to_end(1)
    assert origin(front, 1) == "human"
    front.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel
            .setSource("typed = sorted([3]); import os; os.listdir('.')")"""
    )
    front.run_to_end(1)
    assert origin(front, 1) == "assistant"

    # Messages that are not ours on our own comm: the list stays, and goes on.
    before = groups.count()
    assert front.page.evaluate(FOREIGN) > 10
    front.page.wait_for_timeout(300)
    assert groups.count() >= before
    front.panel.get_by_role("button", name="Cell 1", exact=False).first.wait_for()
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()

    # The kernel restarts under the panel: what was judged stays on the list, and says so, until its cell runs again.
    before = groups.count()
    front.restart_kernel()
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    earlier = groups.filter(has_text="from before the kernel was restarted")
    earlier.filter(has_text="sales").wait_for()
    assert groups.count() == earlier.count() == before
    front.run_to_end(0)
    groups.filter(has_text="sales").filter(has_not_text="from before the kernel").wait_for()
    assert groups.count() == before

    # With a question open, nobody is asked any more and nothing has run; the next one can be answered as ever.
    (server.root / "restarted.py").write_text("open('restarted.txt', 'a').write('once ')\n")
    last = front.cells.count()
    front.insert_cell(last, ASKED.replace("tabs", "restarted"))
    front.run_cell(last)
    question = front.panel.locator(".jg-Question")
    question.wait_for()
    front.restart_kernel()
    question.wait_for(state="detached")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    assert groups.filter(has_text="sales").count() == 1
    assert not (server.root / "restarted.txt").exists()
    # The focus was in the box for an answer, which is gone.
    front.run_any_cell(last)
    question.wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    front.wait_for_run(last)
    assert (server.root / "restarted.txt").read_text() == "once "


def test_two_tabs_on_one_notebook(server: Server, front: Front) -> None:
    (server.root / "tabs.py").write_text("open('tabs.txt', 'a').write('once ')\n")
    server.write_notebook("tabs.ipynb", ["x = 1", ASKED])
    front.open_lab("tabs.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.known = (WIDGETS_OWN,)
    other = Front(server, front.page.context.new_page())
    other.open_lab("tabs.ipynb")
    other.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()

    front.insert_cell(2, DROP)
    front.run_to_end(2)
    for one in (front, other):
        one.panel.locator(".jg-Group").filter(has_text="sales").wait_for()

    front.run_cell(1)
    here, there = front.panel.locator(".jg-Question"), other.panel.locator(".jg-Question")
    here.wait_for()
    there.wait_for()
    other.page.wait_for_timeout(600)
    other.panel.get_by_role("button", name="Allow once", exact=True).click()
    there.get_by_text("Another page ran this cell").wait_for()
    assert here.is_visible()
    assert not (server.root / "tabs.txt").exists()
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    here.wait_for(state="detached")
    there.wait_for(state="detached")
    front.wait_for_run(1)
    assert (server.root / "tabs.txt").read_text() == "once "

    # The tab that asks is closed: the other one answers.
    front.run_cell(1)
    there.wait_for()
    front.page.goto("about:blank")
    other.page.wait_for_timeout(600)
    other.panel.get_by_role("button", name="Allow once", exact=True).click()
    there.get_by_text("answer here again").wait_for()
    other.page.wait_for_timeout(2000)
    other.panel.get_by_role("button", name="Allow once", exact=True).click()
    there.wait_for(state="detached")
    other.wait_until_idle()
    assert (server.root / "tabs.txt").read_text() == "once once "
    assert not other.errors()
    other.page.close()


def human(text: str) -> dict[str, Any]:
    """All that the guard stores of a cell that a person typed, about exactly that text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    runs = [["typed", len(text)]]
    return {"origin": {"author": "human", "sha256": digest, "runs": runs, "by_people": 1, "started_by": "person"}}


def cell_id(front: Front, index: int) -> Any:
    return front.page.evaluate("index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.id", index)


def origin(front: Front, index: int) -> Any:
    """What the wrapper judged the latest run of a cell as."""
    found = front.page.wait_for_function("id => window.heard[id]", arg=cell_id(front, index))
    value = found.json_value()
    front.page.evaluate("id => { delete window.heard[id]; }", cell_id(front, index))
    return value
