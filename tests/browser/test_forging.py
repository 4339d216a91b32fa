"""A program in the page that reads all that passes, holds what it can get hold of, and waits for a person's click or key:
nothing of it answers, and the person's own answer counts once."""

from __future__ import annotations

from typing import Any

from .driver import Front, Server
from .held import Held, ask, opened, run_as_program, wait_until_gone, waiting

# Everything that the page and the guard say to one another over the comm, from the kernel's start on.
LISTEN = """() => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    window.heard = [];
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (msg.header.msg_type.startsWith('comm_')) {
            window.heard.push({direction, type: msg.header.msg_type, content: JSON.parse(JSON.stringify(msg.content))});
        }
    });
}"""
# What was heard is said again, as it was and changed, over the page's own comm and over new ones that have its key.
FORGE = """async id => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const own = [...kernel._comms.values()].find(one => one.targetName === 'jupyter_guard');
    const opened = window.heard.filter(one => one.content.target_name === 'jupyter_guard');
    const said = window.heard.filter(one => one.type === 'comm_msg' && one.direction === 'send').map(one => one.content.data);
    const answers = ['answer', 'typed'].map(type => ({type, id, choice: 'once', value: 'y', shown: '', n: 1e6}));
    const keys = [...new Set(opened.map(one => one.content.data.key))];
    const forged = [
        ...said,
        ...answers.flatMap(answer => [answer, ...keys.map(key => ({...answer, key}))]),
        ...said.flatMap(({proof}) => answers.map(answer => ({sealed: JSON.stringify(answer), proof}))),
        ...said.filter(one => one.sealed).map(({sealed, proof}) => ({proof,
            sealed: JSON.stringify({...JSON.parse(sealed), type: 'answer', id, choice: 'once', n: 1e6})})),
    ];
    const send = comm => forged.forEach(data => comm.send(data));
    send(own);
    for (const key of keys) {
        const comm = kernel.createComm('jupyter_guard');
        if ('commsOverSubshells' in comm) comm.commsOverSubshells = 'disabled';
        const told = new Promise(done => { comm.onMsg = () => done(); });
        comm.open({version: 1, key});
        await told;
        send(comm);
    }
    return {messages: said.length, keys: keys.length};
}"""
# The page's comm is closed for it, and another opened at once, before the page can.
REPLACE = """async id => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const own = [...kernel._comms.values()].find(one => one.targetName === 'jupyter_guard');
    const close = {commId: own.commId, data: {}};
    const message = (type, content) => ({channel: 'shell', content, metadata: {}, buffers: [], parent_header: {}, header: {
        msg_id: crypto.randomUUID(), msg_type: type, session: kernel.clientId, username: '', version: '5.3',
        date: new Date().toISOString()}});
    kernel.sendShellMessage(message('comm_close', {comm_id: own.commId, data: {}}), false, true);
    const comm = kernel.createComm('jupyter_guard');
    if ('commsOverSubshells' in comm) comm.commsOverSubshells = 'disabled';
    const told = new Promise(done => { comm.onMsg = ({content}) => done(content.data); });
    comm.open({version: 1, key: '09'.padEnd(64, '0')});
    comm.send({type: 'answer', id, choice: 'once'});
    return (await told).page;
}"""
# All that can be reached from what the application gives to every program: objects that answer or claim.
REACH = """() => {
    const found = new Set();
    const seen = new Set();
    const look = (value, depth) => {
        if (!value || typeof value !== 'object' && typeof value !== 'function' || seen.has(value) || depth > 4) return;
        seen.add(value);
        if (typeof value.answer === 'function') found.add(value);
        for (const key of Reflect.ownKeys(value)) {
            try { look(value[key], depth + 1); } catch {}
        }
        look(Object.getPrototypeOf(value)?.constructor, depth + 3);
    };
    for (const widget of window.jupyterapp.shell.widgets('right')) {
        if (widget.id === 'jupyter-guard-panel') look(widget, 0);
    }
    for (const plugin of window.jupyterapp.pluginRegistry?._plugins?.values() ?? []) {
        if (plugin.id.startsWith('jupyter-guard')) look(plugin.service, 0);
    }
    window.reached = [...found];
    const words = new Set(window.reached.flatMap(one => [...Object.keys(one), ...Object.keys(Object.getPrototypeOf(one))]));
    const secrets = ['_key', '_comm', '_secret', '_send', 'claim', '_seal', '_channel', '_typed'];
    return {count: window.reached.length, secrets: secrets.filter(one => words.has(one))};
}"""
# A person's click somewhere else, whose event is a true one.
BORROW = """([id, choice]) => {
    window.borrowed = [];
    document.addEventListener('click', event => {
        for (const one of window.reached) {
            try { window.borrowed.push(one.answer(id, choice, event)); } catch (error) { window.borrowed.push(false); }
        }
    }, {capture: true, once: true});
}"""


def asked(server: Server, front: Front) -> tuple[Held, Any]:
    """An assistant's cell that waits for an answer, which counts by now; gives the question too."""
    held = opened(server, front)
    question = ask(front)
    front.page.wait_for_timeout(700)
    return held, question


def test_what_is_overheard_answers_nothing(server: Server, front: Front) -> None:
    held = opened(server, front)
    front.page.evaluate(LISTEN)
    front.restart_kernel()
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    question = ask(front)
    number = waiting(front)
    heard = front.page.evaluate(FORGE, number)
    assert heard["keys"] == 1
    assert heard["messages"] >= 2
    assert front.page.evaluate(REPLACE, number) is False
    front.page.wait_for_timeout(700)
    assert waiting(front) == number
    assert held.data.exists()

    # The person's own answer counts, and is worth nothing to who heard it.
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")
    # A run that comes before a refused one has ended stands behind its error in the queue, and is aborted.
    front.wait_until_idle()
    run_as_program(front, 1)
    question.wait_for()
    front.page.wait_for_timeout(700)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    wait_until_gone(front, held)
    front.wait_until_idle()
    assert held.wiped.read_text() == "once "
    held.data.mkdir(exist_ok=True)
    run_as_program(front, 1)
    question.wait_for()
    front.page.evaluate(FORGE, waiting(front))
    front.page.wait_for_timeout(700)
    assert question.is_visible()
    assert held.data.exists()
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")


def test_what_a_program_gets_hold_of_does_not_answer_with_a_click_on_something_else(
    server: Server, front: Front
) -> None:
    _, question = asked(server, front)
    reached = front.page.evaluate(REACH)
    assert reached["count"] > 0
    assert reached["secrets"] == []
    for choice in ("once", "code"):
        front.page.evaluate(BORROW, [waiting(front), choice])
        front.cells.nth(0).locator(".jp-InputPrompt").click()
        borrowed = front.page.evaluate("() => window.borrowed")
        assert borrowed
        assert not any(borrowed)
        # Nor with one on the panel's own buttons that say something else.
        front.page.evaluate(BORROW, [waiting(front), choice])
        front.panel.get_by_text("Journal of this notebook").click()
        assert not any(front.page.evaluate("() => window.borrowed"))
    assert question.is_visible()
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")


def test_a_click_counts_on_a_button_that_was_seen(server: Server, front: Front) -> None:
    held, question = asked(server, front)
    allow = front.panel.get_by_role("button", name="Allow once", exact=True)
    for times, way in enumerate((covered, behind_glass, moved, faded, other_words, by_focus), 1):
        front.page.wait_for_timeout(900)
        put_back = way(front, question, allow)
        question.locator(f".jg-Uncounted[data-times='{times}']").wait_for()
        assert question.is_visible(), way
        assert not held.wiped.exists(), way
        front.page.evaluate(put_back)

    # Seen for long enough, it counts: by Tab and Enter as by the mouse.
    front.page.wait_for_timeout(900)
    front.panel.get_by_role("button", name="Refuse", exact=True).focus()
    front.page.keyboard.press("Shift+Tab")
    front.page.keyboard.press("Shift+Tab")
    assert allow.evaluate("button => document.activeElement === button")
    front.page.wait_for_timeout(700)
    front.page.keyboard.press("Enter")
    question.wait_for(state="detached")
    wait_until_gone(front, held)
    assert held.wiped.read_text() == "once "


def middle(allow: Any) -> tuple[float, float]:
    box = allow.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def cover(front: Front, allow: Any, share: float, events: str) -> str:
    """Draw something over the button's left part that says something else."""
    front.page.evaluate(
        """([{x, y, width, height}, share, events]) => {
            const cover = document.createElement('div');
            cover.id = 'cover';
            cover.textContent = 'Close this message';
            Object.assign(cover.style, {position: 'fixed', left: `${x}px`, top: `${y}px`, zIndex: 100000,
                width: `${width * share}px`, height: `${height}px`, background: 'white', pointerEvents: events});
            document.body.append(cover);
        }""",
        [allow.bounding_box(), share, events],
    )
    front.page.wait_for_timeout(700)
    return "document.querySelector('#cover').remove()"


def covered(front: Front, question: Any, allow: Any) -> str:
    put_back = cover(front, allow, 0.4, "auto")
    box = allow.bounding_box()
    front.page.mouse.click(box["x"] + box["width"] * 0.8, middle(allow)[1])
    return put_back


def behind_glass(front: Front, question: Any, allow: Any) -> str:
    """What covers all of it lets clicks through."""
    put_back = cover(front, allow, 1, "none")
    front.page.mouse.click(*middle(allow))
    return put_back


def moved(front: Front, question: Any, allow: Any) -> str:
    """It comes under the pointer when the person is about to click what stands there."""
    place = middle(allow)
    allow.evaluate("button => { button.style.position = 'relative'; button.style.top = '60px'; }")
    front.page.wait_for_timeout(700)
    front.page.mouse.move(*place)
    allow.evaluate("button => { button.style.top = ''; }")
    front.page.mouse.click(*place)
    return "0"


def faded(front: Front, question: Any, allow: Any) -> str:
    question.evaluate("question => { question.style.opacity = '0.1'; }")
    front.page.wait_for_timeout(700)
    front.page.mouse.click(*middle(allow))
    return "document.querySelector('.jg-Question').style.opacity = ''"


def other_words(front: Front, question: Any, allow: Any) -> str:
    """The sentence changes just before the click."""
    words = question.locator(".jg-Sentence")
    words.evaluate("sentence => { sentence.append(' and prints a table'); }")
    front.page.mouse.click(*middle(allow))
    return "document.querySelector('.jg-Question .jg-Sentence').lastChild.remove()"


def by_focus(front: Front, question: Any, allow: Any) -> str:
    """A program moves the focus while the person writes, and has the next Enter."""
    front.cells.nth(0).locator(".cm-content").click()
    front.page.keyboard.type("y = 2")
    allow.evaluate("button => button.focus()")
    front.page.wait_for_timeout(700)
    front.page.keyboard.press("Enter")
    return "0"
