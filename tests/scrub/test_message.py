"""Each kind of message without its secrets; with none in it, the very bytes that came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_guard.scrub import KnownValues, MessageScrubber

VALUE = "h4nter" + "-Two!value"


def cleaned(msg_type: str, content: Any, **more: Any) -> Any:
    scrubber = MessageScrubber(KnownValues.of([VALUE]))
    return scrubber.clean("iopub", msg_type, "p", b"{}", json.dumps(content).encode(), **more)


CONTENTS = {
    "display_data": {"data": {"text/plain": VALUE, "text/html": f"<b>{VALUE[:5]}</b>{VALUE[5:]}"}, "metadata": {}},
    "update_display_data": {"data": {"application/json": {"a": [VALUE]}}, "metadata": {}, "transient": {}},
    "execute_result": {"data": {"image/svg+xml": f"<svg><text>{VALUE}</text></svg>"}, "metadata": {}},
    "error": {"ename": "E", "evalue": VALUE, "traceback": [f"\x1b[31m{VALUE[:9]}\x1b[0m{VALUE[9:]}"]},
    "execute_reply": {
        "status": "ok",
        "payload": [{"text": VALUE}],
        "user_expressions": {"x": {"data": {"text/plain": VALUE}}},
    },
    "inspect_reply": {"found": True, "data": {"text/plain": VALUE}},
    "complete_reply": {"matches": [f"'{VALUE}'"]},
    "history_reply": {"history": [[1, 1, VALUE]]},
    "comm_open": {"comm_id": "c", "data": {"state": {"value": VALUE}}},
    "comm_msg": {"comm_id": "c", "data": {"method": "update", "state": {"value": VALUE}}},
    "input_request": {"prompt": f"{VALUE}? ", "password": False},
    "debug_reply": {"body": {"variables": [{"name": "x", "value": repr(VALUE)}]}},
    "execute_input": {"code": f"x = '{VALUE}'"},
    "something_new": {"anything": VALUE},
}


@pytest.mark.parametrize("msg_type", CONTENTS)
def test_a_known_value_leaves_by_no_channel(msg_type: str) -> None:
    result = cleaned(msg_type, CONTENTS[msg_type])
    text = result.content.decode()
    assert VALUE not in text
    assert VALUE not in text.replace("\\u001b[0m", "").replace("</b>", "")
    assert result.changed
    assert {redaction.channel for redaction in result.redactions} == {msg_type}
    assert json.loads(text).keys() == CONTENTS[msg_type].keys()


@pytest.mark.parametrize("msg_type", [*CONTENTS, "stream"])
def test_a_clean_message_stays_as_it_is(msg_type: str) -> None:
    raw = (
        b'{"name": "stdout",  "text": "caf\xc3\xa9 \\u001b[1m 45%|## | token_count=3\\n", "data": {"text/plain": "1"}}'
    )
    result = MessageScrubber(KnownValues.of([VALUE])).clean("iopub", msg_type, "p", b'{ "a":1}', raw, [b"\x00\x01"])
    assert (result.content, result.metadata, list(result.buffers), result.changed) == (
        raw,
        b'{ "a":1}',
        [b"\x00\x01"],
        False,
    )


def test_a_value_printed_in_two_messages() -> None:
    scrubber = MessageScrubber(KnownValues.of([VALUE]))

    def say(text: str) -> bytes | None:
        content = json.dumps({"name": "stdout", "text": text}).encode()
        return scrubber.clean("iopub", "stream", "p", b"{}", content).content

    assert json.loads(say("a " + VALUE[:8]) or b"")["text"] == "a "
    assert json.loads(say(VALUE[8:] + " !") or b"")["text"] == "[REDACTED:known-value] !"
    assert say(VALUE[:8]) is None
    assert [json.loads(content)["text"] for _, content in scrubber.flush("p")] == [VALUE[:8]]
    assert scrubber.flush("p") == []


def test_buffers_keep_their_length_and_echoes_their_text() -> None:
    update = {"comm_id": "c", "data": {"method": "update", "state": {}}}
    assert list(cleaned("comm_msg", update, buffers=[f"..{VALUE}..".encode()]).buffers) == [
        b".." + b"*" * len(VALUE) + b".."
    ]
    echo = {"comm_id": "c", "data": {"method": "echo_update", "state": {"value": VALUE}}}
    assert not cleaned("comm_msg", echo).changed


def test_escaped_letters_hide_nothing() -> None:
    raw = b'{"data": {"text/plain": "' + "".join(f"\\u{ord(c):04x}" for c in VALUE).encode() + b'"}}'
    result = MessageScrubber(KnownValues.of([VALUE])).clean("iopub", "display_data", "p", b"{}", raw)
    assert json.loads(result.content or b"")["data"]["text/plain"] == "[REDACTED:known-value]"


def test_cells_under_a_secret_column() -> None:
    html = "<table><tr><th></th><th>user</th><th>password</th></tr><tr><th>0</th><td>ann</td><td>bcd</td></tr></table>"
    data = json.loads(cleaned("display_data", {"data": {"text/html": html}}).content)["data"]
    assert data["text/html"] == html.replace("bcd", "[REDACTED:secret-column]")
