"""A scripted assistant inserts and runs a destructive cell, and tries to answer for the person in every way there is."""

from __future__ import annotations

from .driver import Front, Server
from .held import CODE, ask, opened, run_as_program, wait_until_gone, waiting

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


def test_it_is_held_whatever_it_tries_and_what_a_person_says_is_done(server: Server, front: Front) -> None:
    held = opened(server, front)
    front.page.evaluate(BY_STDIN)
    question = ask(front)
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
    assert held.data.exists()
    assert not held.wiped.exists()

    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")
    front.output(1).locator(".jg-Card").wait_for()
    front.wait_until_idle()
    assert held.data.exists()

    run_as_program(front, 1)
    question.wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    wait_until_gone(front, held)
    front.wait_until_idle()
    assert held.wiped.read_text() == "once "

    front.panel.get_by_text("Journal of this notebook").click()
    decisions = front.panel.locator(".jg-Decision")
    decisions.filter(has_text="allowed once in the panel").wait_for()
    decisions.filter(has_text="refused in the panel").wait_for()
    # Once was once.
    held.data.mkdir()
    run_as_program(front, 1)
    question.wait_for()
    assert held.data.exists()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")


def test_a_person_answers_at_the_prompt_and_a_program_does_not(server: Server, front: Front) -> None:
    held = opened(server, front)
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
        assert held.data.exists()
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
    wait_until_gone(front, held)
