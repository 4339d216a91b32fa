"""What scripts in the page do: to a person's cell at a person's key, as if the person had done it; in a chat."""

from __future__ import annotations

from typing import NamedTuple

# The text that scripts put at the end of a cell.
PUT = "; print(sorted([3, 1, 2]))"


class Script(NamedTuple):
    """``body`` runs while the key is handled, with the cell's ``view`` and the text to ``put``."""

    typed: str
    body: str
    source: str
    key: str = "ArrowLeft"


AT_END = "view.dispatch({selection: {anchor: view.state.doc.length}});"
LINE = "view.contentDOM.querySelector('.cm-line')"
BRINGS = "const data = new DataTransfer(); data.setData('text/plain', put);"
INIT = "bubbles: true, cancelable: true"

SCRIPTS = {
    "exec-insert": Script(
        "value_exec = 1", f"{AT_END} document.execCommand('insertText', false, put);", f"value_exec = 1{PUT}"
    ),
    "exec-cut": Script(
        "value_cut = sorted([3, 1, 2])[:1]",
        """const end = view.state.doc.length;
        view.dispatch({selection: {anchor: end - 4, head: end}}); document.execCommand('cut');""",
        "value_cut = sorted([3, 1, 2])",
    ),
    "dom-written": Script("value_dom = 1", f"{LINE}.append(put);", f"value_dom = 1{PUT}"),
    "paste-event": Script(
        "value_paste = 1",
        f"""{AT_END} {BRINGS}
        view.contentDOM.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: data, {INIT}}}));""",
        f"value_paste = 1{PUT}",
    ),
    "drop-event": Script(
        "value_drop = 1",
        f"""{BRINGS} const {{right: clientX, top: clientY}} = view.coordsAtPos(view.state.doc.length);
        view.contentDOM.dispatchEvent(new DragEvent('drop', {{dataTransfer: data, clientX, clientY, {INIT}}}));""",
        f"value_drop = 1{PUT}",
    ),
    "composition-event": Script(
        "value_composed = 1",
        f"""const fire = event => view.contentDOM.dispatchEvent(event);
        fire(new CompositionEvent('compositionstart', {{data: '', {INIT}}}));
        fire(new InputEvent('beforeinput', {{inputType: 'insertCompositionText', data: put, {INIT}}}));
        {LINE}.append(put);
        fire(new InputEvent('input', {{inputType: 'insertCompositionText', data: put, {INIT}}}));
        fire(new CompositionEvent('compositionend', {{data: put, {INIT}}}));""",
        f"value_composed = 1{PUT}",
    ),
    "typed-at-a-key": Script(
        "value_between = 1",
        """view.dispatch({changes: {from: view.state.doc.length, insert: put}, userEvent: 'input.type',
            selection: {anchor: view.state.doc.length + put.length}});""",
        f"value_between = 1{PUT}#",
        key="#",
    ),
    "typed-behind-a-key": Script(
        "value_behind = 1",
        """view.contentDOM.addEventListener('input', () => view.dispatch({userEvent: 'input.type',
            changes: {from: view.state.doc.length - 1, insert: put}}), {once: true});""",
        f"value_behind = 1{PUT}#",
        key="#",
    ),
    "completion-command": Script(
        "value_name = ",
        f"""{AT_END} view.dispatch(view.state.replaceSelection('globals()'));
        window.jupyterapp.commands.execute('completer:select-notebook');""",
        "value_name = globals()",
    ),
    "line-key": Script(
        "first = sorted([3])\nsecond = sorted([1])",
        """const [one, other] = [1, 2].map(number => view.state.doc.line(number));
        view.dispatch({changes: [{from: 0, to: one.to + 1}, {from: other.to, insert: '\\n' + one.text}],
            userEvent: 'move.line'});""",
        "second = sorted([1])\nfirst = sorted([3])",
    ),
}

# A chat as assistants show it in a side panel, with the button that copies an answer; ``COPY`` is how it does.
CHAT = """const chat = document.createElement('div');
    chat.className = 'jp-chat-message';
    chat.style = 'position: fixed; left: 40px; top: 4px; z-index: 9999; background: white; white-space: pre';
    const text = document.createElement('code'); text.textContent = argument;
    const button = document.createElement('button'); button.textContent = 'Copy the answer';
    button.onclick = COPY;
    chat.append(text, button); document.body.append(chat);"""
WAYS_TO_COPY = {
    "chat-button": "() => navigator.clipboard.writeText(argument)",
    "chat-button-items": """() => navigator.clipboard.write(
        [new ClipboardItem({'text/plain': new Blob([argument], {type: 'text/plain'})})])""",
    "chat-button-helper": """() => {
        const field = document.createElement('textarea'); field.value = argument; document.body.append(field);
        field.select(); document.execCommand('copy'); field.remove(); }""",
    "chat-button-event": """() => {
        const fill = event => { event.clipboardData.setData('text/plain', argument); event.preventDefault(); };
        document.addEventListener('copy', fill); document.execCommand('copy');
        document.removeEventListener('copy', fill); }""",
}
