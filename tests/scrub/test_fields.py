"""What stands in a field for secrets, in a column or beside a name is taken out of JSON, and nothing else is."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from jupyter_guard.guard.saved import clean_saved
from jupyter_guard.scrub import Cleaned, KnownValues, MessageScrubber
from jupyter_guard.scrub.labels import says_secret

ipywidgets = pytest.importorskip("ipywidgets")
Password, Text, Textarea = ipywidgets.Password, ipywidgets.Text, ipywidgets.Textarea

WORD = "hun" + "ter"
TYPED = "moonlit har" + "bour"
RANDOM = "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=20))


def clean(msg_type: str, content: Any, scrubber: MessageScrubber | None = None) -> Cleaned:
    raw = json.dumps(content).encode()
    return (scrubber or MessageScrubber()).clean("iopub", msg_type, "p", b"{}", raw)


def shown(msg_type: str, content: Any, scrubber: MessageScrubber | None = None) -> Any:
    return json.loads(clean(msg_type, content, scrubber).content or b"")


def in_json(value: Any) -> Any:
    return shown("display_data", {"data": {"application/json": value}, "metadata": {}})["data"]["application/json"]


FIELDS: dict[str, Callable[[str], Any]] = {
    "Password": lambda value: Password(value=value),
    "Password with a label": lambda value: Password(value=value, description="Pick one"),
    "Text, description": lambda value: Text(value=value, description="API key:"),
    "Text, placeholder": lambda value: Text(value=value, placeholder="Paste your HF token here"),
    "Textarea": lambda value: Textarea(value=value, description="GitHub token"),
    "Combobox": lambda value: ipywidgets.Combobox(value=value, description="DB password"),
}
OTHERS: dict[str, Callable[[str], Any]] = {
    "Text": lambda value: Text(value=value, description="Name"),
    "tokens": lambda value: Text(value=value, description="Stop token", placeholder="</s>"),
    "Label": lambda value: ipywidgets.Label(value=value),
    "hint": lambda value: Text(value=value, description="Password hint"),
    "HTML": lambda value: ipywidgets.HTML(value=value),
}


def opened(widget: Any) -> Any:
    return {"comm_id": widget.model_id, "target_name": "jupyter.widget", "data": {"state": widget.get_state()}}


def message(widget: Any, method: str, **state: Any) -> Any:
    return {"comm_id": widget.model_id, "data": {"method": method, "state": state, "buffer_paths": []}}


@pytest.fixture(autouse=True)
def widgets() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_for_secrets_shows_none(name: str) -> None:
    widget, scrubber = FIELDS[name](TYPED), MessageScrubber()
    out = shown("comm_open", opened(widget), scrubber)
    assert out["data"]["state"].pop("value") == "[REDACTED:typed-password]"
    kept = json.loads(json.dumps(opened(widget)["data"]["state"]))
    kept.pop("value")
    assert out["data"]["state"] == kept
    update = message(widget, "update", value=TYPED + "s")
    assert shown("comm_msg", update, scrubber)["data"]["state"] == {"value": "[REDACTED:typed-password]"}
    every = {"comm_id": "c", "data": {"method": "update_states", "states": saved(widget)["state"]}}
    assert TYPED not in json.dumps(shown("comm_msg", every))


@pytest.mark.parametrize("name", OTHERS)
def test_other_fields_show_what_they_have(name: str) -> None:
    widget, scrubber = OTHERS[name](TYPED), MessageScrubber()
    assert not clean("comm_open", opened(widget), scrubber).changed
    assert not clean("comm_msg", message(widget, "update", value=TYPED), scrubber).changed
    assert not clean("comm_msg", message(widget, "echo_update", value=TYPED), scrubber).changed
    assert not clean("stream", {"name": "stdout", "text": f"got {TYPED}\n"}, scrubber).changed


def test_a_field_that_is_called_so_later() -> None:
    widget, scrubber = Text(value="", description="Name"), MessageScrubber()
    clean("comm_open", opened(widget), scrubber)
    clean("comm_msg", message(widget, "update", description="Password"), scrubber)
    assert TYPED not in str(shown("comm_msg", message(widget, "update", value=TYPED), scrubber))


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_typed_is_echoed_as_it_is_and_known_then(name: str) -> None:
    widget, scrubber = FIELDS[name](""), MessageScrubber()
    clean("comm_open", opened(widget), scrubber)
    for size in range(1, len(TYPED) + 1):
        echo = message(widget, "echo_update", value=TYPED[:size])
        assert not clean("comm_msg", echo, scrubber).changed
    out = shown("stream", {"name": "stdout", "text": f"got {TYPED}, moonlit night\n"}, scrubber)
    assert out["text"] == "got [REDACTED:typed-password], moonlit night\n"
    # Also when a changed policy makes another scrubber.
    follows = MessageScrubber(KnownValues(), None, scrubber.fields)
    assert TYPED not in shown("execute_result", {"data": {"text/plain": TYPED}}, follows)["data"]["text/plain"]
    assert TYPED not in str(shown("comm_msg", message(widget, "update", value=TYPED), follows))


def saved(*widgets: Any) -> Any:
    state = {
        one.model_id: {
            "model_name": one._model_name,
            "model_module": one._model_module,
            "model_module_version": one._model_module_version,
            "state": {key: value for key, value in one.get_state().items() if not key.startswith("_")},
        }
        for one in widgets
    }
    return {"version_major": 2, "version_minor": 0, "state": state}


def test_a_notebooks_saved_widgets() -> None:
    fields = [make(TYPED) for make in FIELDS.values()]
    others = [make("kept as it is") for make in OTHERS.values()]
    notebook: dict[str, Any] = {
        "cells": [],
        "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": saved(*fields, *others)}},
    }
    found = clean_saved(notebook, KnownValues())
    assert [(cell, one.kind) for cell, one in found] == [(0, "typed-password")] * len(fields)
    states = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert [states[one.model_id]["state"]["value"] for one in others] == ["kept as it is"] * len(others)
    assert TYPED not in json.dumps(notebook)
    assert clean_saved(notebook, KnownValues()) == []


MODELS: tuple[Callable[[str], Any], ...] = (
    lambda v: {"type": "object", "name": "PasswordInput", "id": "p1", "attributes": {"value": v, "title": "x"}},
    lambda v: {"_model_name": "TextFieldModel", "type": "password", "v_model": v},
    lambda v: {"type": "textbox", "props": {"type": "password", "value": v}},
    lambda v: {"name": "input", "attributes": {"type": "password", "value": v}},
)


@pytest.mark.parametrize("model", MODELS)
def test_fields_of_other_libraries(model: Callable[[str], Any]) -> None:
    assert in_json([model(TYPED)]) == [json.loads(json.dumps(model("[REDACTED:typed-password]")))]


SECRET_LABELS = (
    *("Password:", "OpenAI API key", "accessToken", "Password *", "Token", "X-Api-Key", "DB_PASSWORD", "PIN"),
    *("Enter your password here", "API key (optional)", "Your GitHub personal access token", "Mot de passe", "密码"),
)
OTHER_LABELS = (
    *("Max tokens", "Stop token", "EOS token", "Tokenizer", "Password hint", "Forgot password?", "Key", "Spin"),
    *("Primary key", "next_token", "bypass", "Pattern", "Secret santa", "", "password " * 40, "Name", "Show password"),
)


@pytest.mark.parametrize("label", SECRET_LABELS)
def test_labels_that_ask_for_a_secret(label: str) -> None:
    assert says_secret(label)


@pytest.mark.parametrize("label", OTHER_LABELS)
def test_labels_that_ask_for_something_else(label: str) -> None:
    assert not says_secret(label)


FRAME = pd.DataFrame({"user": ["ann", "bob"], "password": [WORD, "open sesame"], "n": [1, 2]})
TABLES: dict[str, Any] = {
    **{name: json.loads(FRAME.to_json(orient=name)) for name in ("records", "split", "table", "columns", "index")},
    "lists": FRAME.to_dict("list"),
    "tight": FRAME.to_dict("tight"),
    "rows below their names": [list(FRAME.columns), *FRAME.values.tolist()],
    "Plotly": {"header": {"values": list(FRAME.columns)}, "cells": {"values": [list(FRAME[one]) for one in FRAME]}},
    "columns as objects": {"columns": [{"title": one} for one in FRAME], "data": FRAME.values.tolist()},
    "Bokeh": {"type": "map", "entries": [[one, list(FRAME[one])] for one in FRAME]},
}


@pytest.mark.parametrize("name", TABLES)
def test_the_cells_of_secret_columns(name: str) -> None:
    out = json.dumps(in_json(TABLES[name]))
    before = json.dumps(TABLES[name])
    assert WORD not in out
    assert "sesame" not in out
    for marker in ("secret-column", "password"):
        out = out.replace(f'"[REDACTED:{marker}]"', "*")
    assert out == before.replace(f'"{WORD}"', "*").replace('"open sesame"', "*")


ORDINARY: tuple[Any, ...] = (
    {"columns": ["user", "password"], "data": [["ann", None], ["bob", ""]]},
    {"columns": ["user", "password_hash_algorithm"], "data": [["ann", "bcrypt"]]},
    [["user", "ann"], ["passport", "open sesame"]],
    [["password", "username"], ["token", "count"], ["secret", "string"]],
    {"matches": ["password", "password_hash", "passwd_file"], "metadata": {}},
    {"key": "password", "type": "string", "description": "The password to use"},
    [{"label": "Password", "value": "password"}, {"label": "Access token", "value": "access_token"}],
    {"name": "token_count", "value": "many of them"},
    {"name": "password", "value": None, "enabled": True},
    {"type": "password", "name": "login", "placeholder": "Your password"},
    {"properties": {"password": {"type": "string", "title": "Password"}}, "required": ["password", "user"]},
    {"model_name": "ButtonModel", "state": {"description": "Reset password", "tooltip": "Forgot?"}},
    {"secret": ["string", "null"]},
    {"password": {"count": "2", "mean": "1.5"}},
    [{"password": None}, {"password": ""}],
    [["a", "b", "c"], ["password", "open sesame", "z"]],
)


@pytest.mark.parametrize("value", ORDINARY)
def test_ordinary_values_stay(value: Any) -> None:
    assert in_json(value) == value


PAIRS: tuple[Callable[[str], Any], ...] = (
    lambda v: [["password", v], ["user", "ann"]],
    lambda v: [["user", "ann"], ["X-Api-Key", v]],
    lambda v: {"headers": [{"key": "X-Api-Key", "value": v}]},
    lambda v: {"env": [{"Name": "SERVICE_TOKEN", "Value": v}]},
    lambda v: {"field": "api_key", "value": v},
    lambda v: {"variable": "DB_PASSWORD", "val": v},
    lambda v: {"id": 3, "label": "Access token", "content": v},
)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_value_beside_its_name(pair: Callable[[str], Any]) -> None:
    out = json.dumps(in_json(pair(RANDOM)))
    assert RANDOM not in out
    kinds = out.split("[REDACTED:")[1].split("]")[0]
    assert json.loads(out) == json.loads(json.dumps(pair(f"[REDACTED:{kinds}]")))
