"""``%guard panel``: the wrapper's own widgets, a plain table beside them, and buttons that answer where no panel does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .front import ASSISTANT, Front

BLOCKED = "import telnetlib"
ASKED = "exec(open('asked.py').read())"
HOSTILE = "open('<img src=x onerror=alert(1)>', 'w')"


def shown(front: Front) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The display of a new view, and the states of its widgets by their ids."""
    run = front.run("%guard panel")
    assert run.status == "ok", run.reply
    opened = {one["content"]["comm_id"]: one["content"]["data"]["state"] for one in run.of("comm_open")}
    assert all(one["content"]["target_name"] == "jupyter.widget" for one in run.of("comm_open"))
    return run.of("display_data")[0]["content"]["data"], opened


def widget(states: dict[str, dict[str, Any]], key: str, value: str) -> str:
    return next(comm_id for comm_id, state in states.items() if state.get(key) == value)


def send(front: Front, comm_id: str, data: dict[str, Any]) -> None:
    front.client.shell_channel.send(front.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data}))


def click(front: Front, comm_id: str) -> None:
    send(front, comm_id, {"method": "custom", "content": {"event": "click"}})


def updated(front: Front, comm_id: str, key: str, wanted: Callable[[Any], bool]) -> Any:
    """A widget's next state that is as wanted."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        front.take_published(0.1)
        for message in front.comms:
            content = message["content"]
            state = content["data"].get("state", {}) if content.get("comm_id") == comm_id else {}
            if key in state and wanted(state[key]):
                return state[key]
    raise TimeoutError(front.log_text())


def test_it_shows_what_was_found_in_widgets_and_in_a_table(start: Callable[..., Front]) -> None:
    front = start()
    front.run(BLOCKED)
    front.run(HOSTILE, metadata=ASSISTANT)
    data, states = shown(front)
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget(states, "_model_name", "VBoxModel")
    for text in (data["text/html"], data["text/plain"]):
        assert "telnetlib" in text
        assert "JG890" in text
    assert "<img" not in data["text/html"]
    table = widget(states, "_model_name", "HTMLModel")
    assert states[table]["value"] == data["text/html"]
    box = next(state for state in states.values() if state["_model_name"] == "HBoxModel")
    assert len(box["children"]) == 3
    # It is kept current, and a page that comes later is told the state.
    front.run("import telnetlib as again")
    updated(front, table, "value", lambda html: html.count("telnetlib") > data["text/html"].count("telnetlib"))
    message = front.client.session.msg("comm_msg", {"comm_id": table, "data": {"method": "request_state"}})
    front.client.shell_channel.send(message)
    run = front.follow(message)
    end = time.monotonic() + 20
    # A page knows the answer by the message that it answers.
    while time.monotonic() < end and not run.of("comm_msg"):
        front.take_published(0.1)
    assert "telnetlib" in run.of("comm_msg")[0]["content"]["data"]["state"]["value"]


def test_its_buttons_answer_where_no_panel_is_open(start: Callable[..., Front]) -> None:
    front = start()
    (front.folder / "asked.py").write_text("answered = True\n")
    _, states = shown(front)
    once, refuse = (widget(states, "description", title) for title in ("Allow once", "Refuse"))
    for button, status in ((refuse, "error"), (once, "ok")):
        front.comms = []
        run = front.send(ASKED, metadata=ASSISTANT, allow_stdin=True)
        updated(front, once, "disabled", lambda value: value is False)
        # A click that comes too soon was meant for something else.
        click(front, button)
        time.sleep(0.6)
        click(front, button)
        assert front.finish(run).status == status
        updated(front, once, "disabled", lambda value: value is True)


def test_a_click_is_no_answer_while_a_panel_is_open(start: Callable[..., Front]) -> None:
    front = start()
    (front.folder / "asked.py").write_text("answered = True\n")
    front.open_panel()
    _, states = shown(front)
    run = front.send(ASKED, metadata=ASSISTANT, allow_stdin=True)
    number = front.told("pending")["item"]["id"]
    time.sleep(0.6)
    click(front, widget(states, "description", "Allow once"))
    updated(
        front,
        widget(states, "_model_name", "HTMLModel"),
        "value",
        lambda html: "guard&#x27;s panel" in html or "guard's panel" in html,
    )
    front.tell({"type": "answer", "id": number, "choice": "refuse"})
    assert front.finish(run).status == "error"


def test_code_in_the_kernel_can_neither_click_nor_speak_as_the_view(start: Callable[..., Front]) -> None:
    front = start()
    _, states = shown(front)
    table = widget(states, "_model_name", "HTMLModel")
    front.comms = []
    front.run(
        "from ipykernel.comm import Comm\n"
        f"forged = Comm(target_name='jupyter.widget', comm_id={table!r}, data={{'state': {{'value': 'forged'}}}})\n"
        "forged.send({'method': 'update', 'state': {'value': 'forged'}})"
    )
    front.run("print('on')")
    assert "forged" not in str([one["content"] for one in front.comms if one["content"].get("comm_id") == table])
    # Nor does bad input do anything.
    for data in ({}, {"method": "custom"}, {"method": "custom", "content": 7}, {"method": 3}):
        send(front, widget(states, "description", "Allow once"), data)
    assert front.run("print('still on')").text == "still on\n"


def test_a_page_that_comes_later_finds_the_widgets(start: Callable[..., Front]) -> None:
    front = start()
    _, states = shown(front)

    def listed(**about: str) -> set[str]:
        return set(front.request("comm_info_request", about)["content"]["comms"])

    assert set(states) <= listed(target_name="jupyter.widget")
    assert set(states) <= listed()
    assert not listed(target_name="jupyter_guard")
    # And with ipywidgets in the kernel, as its control comm tells all states at once.
    front.run("import ipywidgets\nslider = ipywidgets.IntSlider(value=3)")
    front.comms = []
    content = {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}}
    front.client.shell_channel.send(front.client.session.msg("comm_open", content, metadata={"version": "1.0.0"}))
    send(front, "control", {"method": "request_states"})
    end = time.monotonic() + 20
    told: dict[str, Any] = {}
    while time.monotonic() < end and not told:
        front.take_published(0.1)
        for message in front.comms:
            told = message["content"]["data"].get("states", {}) or told
    assert set(states) < set(told)
    table = widget(states, "_model_name", "HTMLModel")
    assert told[table]["model_name"] == "HTMLModel"
    assert "Nothing to report" in told[table]["state"]["value"]
