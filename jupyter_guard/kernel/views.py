"""What the wrapper knows -> the view of ``%guard panel``: widgets of the wrapper's own, where there is no panel.

The wrapper speaks the widgets' protocol itself (ipywidgets 8, model versions 2.0.0), so that no code in the kernel has
a hand in it, and clicks come here and go no further. Front ends without widgets show the table beside them.

A click in a page is no proof of a person: scripts can make one. So the buttons answer only where no panel of the
extension is open, which has better proof; where the front end has neither, they are worth what a typed answer is.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.table import panel_table
from jupyter_guard.kernel.request import parse_output

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

VIEWS_KEPT = 3
LISTINGS_KEPT = 20
# Few reports have anything to say, and the table is made anew for each.
ROWS_SOUGHT = 500
# A click counts when the question stood there long enough to be read.
READING_SECONDS = 0.4
VIEW = "application/vnd.jupyter.widget-view+json"
TARGET = "jupyter.widget"
_CONTROLS = {"_model_module": "@jupyter-widgets/controls", "_model_module_version": "2.0.0"}
_VIEWS = {"_view_module": "@jupyter-widgets/controls", "_view_module_version": "2.0.0"}
BUTTONS = {"once": "Allow once", "code": "Allow this code", "refuse": "Refuse"}
ELSEWHERE = "Answer in the guard's panel, which is open: it can tell a person's click from a program's."


class Views:
    """The views that were shown last, all of the same."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._shown: deque[dict[str, str]] = deque(maxlen=VIEWS_KEPT)
        self._question = ""
        self._since = 0.0
        self._listings: deque[str] = deque(maxlen=LISTINGS_KEPT)

    def owns(self, comm_id: str) -> bool:
        """Whether a comm is a widget of ours."""
        return any(comm_id in view.values() for view in self._shown)

    def show(self, request: Execute) -> None:
        """Show a view on a cell."""
        view = {name: os.urandom(16).hex() for name in ("table", *BUTTONS, "row", "box")}
        self._shown.append(view)
        self._note_question()
        states = self._states(view)
        for name, state in states.items():
            content = {"comm_id": view[name], "target_name": TARGET, "data": {"state": state, "buffer_paths": []}}
            self._publish("comm_open", content, request.parent, {"version": "2.1.0"})
        data = {VIEW: {"version_major": 2, "version_minor": 0, "model_id": view["box"]}, **self._table()}
        self._publish("display_data", {"data": data, "metadata": {}, "transient": {}}, request.parent)

    def receive(self, kind: str, comm_id: str, data: Any, parent: bytes) -> None:
        """Take a widget's message from a front end; ``parent`` is its header, which a page knows the answer by."""
        view = next(one for one in self._shown if comm_id in one.values())
        if kind == "comm_close":
            # The page went away; another one may still show it.
            return
        data = data if isinstance(data, dict) else {}
        name = next(name for name, own in view.items() if own == comm_id)
        if data.get("method") == "request_state":
            self._update(comm_id, self._states(view)[name], parent)
        elif data.get("method") == "custom" and name in BUTTONS:
            content = data.get("content")
            if isinstance(content, dict) and content.get("event") == "click":
                self._clicked(name)

    def listing(self, msg_id: str, target: Any) -> None:
        """A front end asks which comms there are: a page that comes later, or whose widgets were not ready yet."""
        if target in (None, "", TARGET):
            self._listings.append(msg_id)

    def listed(self, msg_id: str, content: bytes) -> bytes:
        """The kernel's answer to that, with our widgets in it."""
        if msg_id not in self._listings:
            return content
        self._listings.remove(msg_id)
        answer = parse_output(content)
        comms = answer.get("comms")
        own = {comm_id: {"target_name": TARGET} for view in self._shown for comm_id in view.values()}
        return json.dumps({**answer, "comms": {**(comms if isinstance(comms, dict) else {}), **own}}).encode()

    def with_states(self, content: bytes) -> bytes:
        """What ipywidgets in the kernel answers when a page asks for all widgets at once, with ours in it."""
        answer = parse_output(content)
        data = answer.get("data")
        if not isinstance(data, dict) or data.get("method") != "update_states":
            return content
        states = data.get("states")
        if not isinstance(states, dict):
            return content
        own = {}
        for view in self._shown:
            for name, state in self._states(view).items():
                about = {f"model_{key}": state[f"_model_{key}"] for key in ("name", "module", "module_version")}
                own[view[name]] = {**about, "state": state}
        return json.dumps({**answer, "data": {**data, "states": {**states, **own}}}).encode()

    def refresh(self) -> None:
        """Something that is shown has changed."""
        if not self._shown:
            return
        self._note_question()
        table = self._table()["text/html"]
        for view in self._shown:
            self._update(view["table"], {"value": table})
            for choice in BUTTONS:
                self._update(view[choice], {"disabled": not self._question})

    def _clicked(self, choice: str) -> None:
        if not self._question or time.monotonic() - self._since < READING_SECONDS:
            return
        if self._relay.panel.is_open:
            for view in self._shown:
                self._update(view["table"], {"value": f"<div>{ELSEWHERE}</div>" + self._table()["text/html"]})
            return
        self._relay.asking.answered_by_panel(self._question, choice)

    def _note_question(self) -> None:
        number = next(iter(self._relay.panel.pending), "")
        if number != self._question:
            self._question, self._since = number, time.monotonic()

    def _table(self) -> dict[str, str]:
        panel, standing = self._relay.panel, self._relay.panel.standing
        head = [f"Guarded: policy {standing.preset or standing.policy}, {standing.mode}; isolation {standing.backend}."]
        return panel_table(
            [*head, *standing.problems],
            panel.items(ROWS_SOUGHT),
            panel.redaction_counts,
            panel.pending.get(self._question),
        )

    def _states(self, view: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """The state of each widget, those that others name first."""
        table = {**_widget("HTML"), "value": self._table()["text/html"]}
        states = {"table": table}
        for choice, title in BUTTONS.items():
            style = "danger" if choice == "refuse" else ""
            button = {**_widget("Button"), "description": title, "disabled": not self._question, "button_style": style}
            states[choice] = button
        states["row"] = {**_widget("HBox"), "children": [f"IPY_MODEL_{view[choice]}" for choice in BUTTONS]}
        states["box"] = {**_widget("VBox"), "children": [f"IPY_MODEL_{view[one]}" for one in ("table", "row")]}
        return states

    def _update(self, comm_id: str, state: dict[str, Any], parent: bytes = b"{}") -> None:
        data = {"method": "update", "state": state, "buffer_paths": []}
        self._publish("comm_msg", {"comm_id": comm_id, "data": data}, parent, topic=b"comm-" + comm_id.encode())

    def _publish(
        self, kind: str, content: dict[str, Any], parent: bytes, metadata: Any = None, topic: bytes | None = None
    ) -> None:
        cleaned = self._relay.outgoing.own(kind, json.dumps(content).encode(), "")
        self._relay.publish(kind, cleaned, parent, topic, metadata)


def _widget(name: str) -> dict[str, Any]:
    return {**_CONTROLS, **_VIEWS, "_model_name": f"{name}Model", "_view_name": f"{name}View"}
