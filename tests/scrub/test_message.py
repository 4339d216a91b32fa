"""Each kind of message without its secrets; with none in it, the very bytes that came."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable
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


HIDDEN = (
    lambda v: f"<p>{v[:7]}<b>{v[7:]}</b></p>",
    lambda v: f"{v[:7]}<span style='color:red'></span><i>{v[7:]}</i>",
    lambda v: f"{v[:3]}<!-- -->{v[3:]}",
    lambda v: f"<u>{v[:4]}</u><u>{v[4:9]}</u><u>{v[9:]}</u>",
    lambda v: "".join(f"&#{ord(c)};" for c in v),
    lambda v: "".join(f"&#x{ord(c):x};" for c in v),
    lambda v: f"<a title='{''.join(f'&#{ord(c)};' for c in v)}'>x</a>",
    lambda v: v[:6] + f"&#{ord(v[6])};" + v[7:],
    lambda v: v[:6] + f"&#x{ord(v[6]):X};&#{ord(v[7])};" + v[8:],
)


@pytest.mark.parametrize("hide", HIDDEN)
@pytest.mark.parametrize("kind", ["display_data", "update_display_data", "execute_result", "comm_msg", "inspect_reply"])
@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml"])
def test_markup_hides_nothing_in_a_message(hide: Callable[[str], str], kind: str, mime: str) -> None:
    known = "".join(["Zq8rT2", "kLm5Xw9", "Pc3Vb7N"])
    token = "".join(["gh", "p_", "x4Kq9TzL2mWv7RbN8cYd", "3FhJ6sPa1GeUoViB"])
    for value, name in ((known, "environment"), (token, "github-token")):
        scrubber = MessageScrubber()
        scrubber.learn(known, "environment")
        data = {"value": hide(value)} if kind == "comm_msg" else {mime: hide(value), "text/plain": "x"}
        raw = json.dumps({"data": data, "metadata": {}}).encode()
        cleaned = scrubber.clean("iopub", kind, "p", b"{}", raw)
        assert cleaned.content is not None
        assert f"[REDACTED:{name}]" in cleaned.content.decode()
        shown = re.sub(r"<[^<>]*>", "", html.unescape(cleaned.content.decode())).replace("\u200b", "")
        assert value[3:-3] not in shown


CUT = (
    lambda v: "-".join(v),
    lambda v: " ".join(v),
    lambda v: ",".join(v),
    lambda v: "\n".join(v),
    lambda v: "\u200b".join(v),
    lambda v: repr(list(v)),
    lambda v: repr(tuple(v)),
    lambda v: json.dumps(list(v)),
)


@pytest.mark.parametrize("cut", CUT)
def test_a_value_cut_up_in_a_whole_text_leaves_no_part(cut: Callable[[str], str]) -> None:
    value = "".join(["Zq8rT2", "kLm5Xw9", "Pc3Vb7N"])
    scrubber = MessageScrubber(KnownValues.of([value]))
    raw = json.dumps({"data": {"text/plain": f"x = {cut(value)} end"}, "metadata": {}}).encode()
    content = scrubber.clean("iopub", "execute_result", "p", b"{}", raw).content
    assert content is not None
    shown = json.loads(content)["data"]["text/plain"]
    assert re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\[REDACTED:[^]]*\]", "", shown)) == "xend"


SPELLED: tuple[Callable[[str], Any], ...] = (
    list,
    lambda v: {"value": list(v), "n": [1, 2]},
    lambda v: [v[at : at + 2] for at in range(0, len(v), 2)],
    lambda v: dict(enumerate(v)),
    lambda v: {f"c{at}": character for at, character in enumerate(v)},
)


@pytest.mark.parametrize("spell", SPELLED)
def test_a_value_spelled_by_a_list_or_an_object_leaves_no_part(spell: Callable[[str], Any]) -> None:
    value = "".join(["Zq8rT2", "kLm5Xw9", "Pc3Vb7N"])
    scrubber = MessageScrubber(KnownValues.of([value]))
    for around in ("ab", ""):
        data = {"application/json": spell(around + value)}
        raw = json.dumps({"data": data, "metadata": {}}).encode()
        cleaned = scrubber.clean("iopub", "display_data", "p", b"{}", raw)
        assert cleaned.content is not None
        shown = "".join(_strings(json.loads(cleaned.content)["data"]))
        assert shown == around + "[REDACTED:known-value]"
        assert [(one.kind, one.count) for one in cleaned.redactions] == [("known-value", 1)]


@pytest.mark.parametrize("spell", SPELLED)
def test_other_lists_of_characters_stay_as_they_are(spell: Callable[[str], Any]) -> None:
    scrubber = MessageScrubber(KnownValues.of(["".join(["Zq8rT2", "kLm5Xw9"])]))
    raw = json.dumps({"data": {"application/json": spell("ordinary, and Zq8 too")}, "metadata": {}}).encode()
    assert scrubber.clean("iopub", "display_data", "p", b"{}", raw).content == raw


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("length", [12, 5_000, 60_000])
def test_a_named_value_goes_whole_whatever_is_in_it(length: int) -> None:
    chance = random.Random(length)
    value = 'Tr0u&"k9 x\nQ2' + "".join(chance.choices("abcdefgXYZ0123456789;&\"'", k=length))
    raw = json.dumps({"data": {"application/json": {"password": value, "user": "ann"}}, "metadata": {}}).encode()
    content = MessageScrubber().clean("iopub", "display_data", "p", b"{}", raw).content
    assert content is not None
    named = json.loads(content)["data"]["application/json"]
    assert named["user"] == "ann"
    assert re.fullmatch(r"\[REDACTED:[a-z-]+\]", named["password"])


@pytest.mark.parametrize("cut", CUT)
def test_a_value_cut_up_in_a_stream_leaves_three_characters_at_most(cut: Callable[[str], str]) -> None:
    value = "".join(["Zq8rT2", "kLm5Xw9", "Pc3Vb7N"])
    for size in (1, 7, 1000):
        scrubber = MessageScrubber(KnownValues.of([value]))
        text = f"x = {cut(value)} end"
        out = []
        for at in range(0, len(text), size):
            raw = json.dumps({"name": "stdout", "text": text[at : at + size]}).encode()
            content = scrubber.clean("iopub", "stream", "p", b"{}", raw).content
            out.append(json.loads(content)["text"] if content is not None else "")
        out += [json.loads(content)["text"] for _, content in scrubber.flush("p")]
        shown = re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\[REDACTED:[^]]*\]", "", "".join(out)))
        assert shown in ("xend", f"x{value[:3]}end")


@pytest.mark.parametrize("bad", [b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\xc3", b"\xff\xed\xb2\x80"])
@pytest.mark.parametrize("kind", ["stream", "display_data", "error", "execute_reply", "comm_msg"])
def test_bytes_that_are_no_text_are_passed_on_and_hide_nothing(bad: bytes, kind: str) -> None:
    shape = {
        "stream": b'{"name":"stdout","text":"%s\\n"}',
        "display_data": b'{"data":{"text/plain":"%s","text/html":"<p>%s</p>"},"metadata":{}}',
        "error": b'{"ename":"E","evalue":"%s","traceback":["%s"]}',
        "execute_reply": b'{"status":"ok","user_expressions":{"x":{"data":{"text/plain":"%s"}}}}',
        "comm_msg": b'{"comm_id":"c","data":{"method":"update","state":{"value":"%s"}}}',
    }[kind]
    for text, shown in ((bad, bad), (VALUE.encode() + b" " + bad, b"[REDACTED:known-value] " + bad)):
        raw, wanted = (shape.replace(b"%s", one) for one in (text, shown))
        for metadata in (b"{}", b'{"file":"' + bad + b'"}'):
            result = MessageScrubber(KnownValues.of([VALUE])).clean("iopub", kind, "p", metadata, raw)
            assert (result.content, result.metadata) == (wanted, metadata)
