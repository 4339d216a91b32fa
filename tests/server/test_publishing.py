"""Decisions as Jupyter Events: every record fits its schema, and a real server tells whoever listens."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_events import EventLogger

from jupyter_guard.audit import Approval, Journal, Judged, Record
from jupyter_guard.audit.place import audit_directory
from jupyter_guard.server.publishing import SCHEMAS, event_of
from jupyter_guard.terms import Origin, Severity, Verdict
from jupyter_guard.tools import Call, recorder

from .conftest import TOKEN

SECRET = "AK" + "IAQ3XJ7VNL5TB2ZK4M"
words = st.text(max_size=12)
findings = st.builds(Judged, words, st.sampled_from(list(Severity)), st.sampled_from(list(Verdict)), words, words)
records = st.builds(
    Record,
    time=st.just("2026-01-01T00:00:00.5+00:00"),
    kernel=words, msg_id=words, sha256=words, state=words, sentence=words, policy=words, user=words, server=words,
    notebook=words, cell_id=words, about=words, isolation=words,
    verdict=st.sampled_from(list(Verdict)),
    would_be=st.sampled_from(list(Verdict)),
    origin=st.sampled_from(list(Origin)),
    evidence=st.lists(words, max_size=2).map(tuple),
    code=st.just("CODE"),
    findings=st.lists(findings, max_size=2).map(tuple),
    approvals=st.lists(st.builds(Approval, words, words, words), max_size=2).map(tuple),
    event=st.sampled_from(["decision", "outcome", "opening", "closing", "tool"]),
    redactions=st.dictionaries(words, st.integers(1, 9), max_size=2),
    limits=st.lists(words, max_size=2).map(tuple),
    opened=words,
)  # fmt: skip


@pytest.fixture(scope="module")
def logger() -> EventLogger:
    logger = EventLogger()
    for schema in SCHEMAS.values():
        logger.register_event_schema(schema)

    async def listen(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None: ...

    for schema_id in logger.schemas.schema_ids:
        logger.add_listener(schema_id=schema_id, listener=listen)
    return logger


@given(record=records, sequence=st.integers(1, 10**9))
@settings(max_examples=100, deadline=None)
def test_every_record_fits_its_schema(logger: EventLogger, record: Record, sequence: int) -> None:
    event = event_of(sequence, record)
    assert event is not None
    schema_id, data = event
    schema = logger.schemas.get(schema_id)
    schema.validate(data)
    assert set(data) == set(schema.properties)
    assert "CODE" not in json.dumps(data)


def test_records_of_other_kinds_are_no_events() -> None:
    assert event_of(1, records_example(event="erasure")) is None


def test_a_version_does_not_change() -> None:
    """Who listens relies on it: what is to be different is version 2, beside this one."""
    known = {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in SCHEMAS.items()}
    assert known == {
        "decision": "e0d19c02db37eac7",
        "outcome": "c425a6a5a7430c87",
        "opening": "7c9c2ab4d4fd4244",
        "tool": "4654459b8958e9b6",
    }


def records_example(**more: Any) -> Record:
    facts = {
        "time": "2026-01-01T00:00:00+00:00", "kernel": "k1", "msg_id": "m1", "sha256": "0" * 64, "verdict": Verdict.BLOCK,
        "would_be": Verdict.BLOCK, "state": "blocked", "sentence": "deletes table `sales`", "origin": Origin.ASSISTANT,
        "policy": "p", "user": "ann", "notebook": "/work/sales.ipynb", "number": 1, "code": "CODE",
    }  # fmt: skip
    return Record(**(facts | more))


def test_a_real_server_tells_whoever_listens(url: str, root: Path) -> None:
    from tornado.websocket import websocket_connect

    folder = audit_directory({}, root)
    finding = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "team preset")

    async def heard(count: int) -> list[dict[str, Any]]:
        address = url.replace("http", "ws", 1) + f"/api/events/subscribe?token={TOKEN}"
        link = await websocket_connect(address)
        await asyncio.sleep(2.5)  # the server looks once a second, and what is there by then does not count
        with Journal(folder / "2026-01-01-k1.jsonl") as journal:
            journal.append(records_example(findings=(finding,)))
            journal.append(records_example(event="outcome", state="error", number=2, redactions={"jwt": 2}))
        # As the MCP server writes it, in a journal of its own.
        recorder("mcp", folder)(Call("refund", f"calls `refund(key='{SECRET}')`", "refused", "nobody could be asked"))
        found: list[dict[str, Any]] = []
        while len(found) < count:
            message = await link.read_message()
            assert message is not None
            event = json.loads(message)
            if "jupyter_guard" in event["schema_id"]:
                found.append(event)
        link.close()
        return found

    heard_of = {event["schema_id"].split("/")[-2]: event for event in asyncio.run(asyncio.wait_for(heard(3), 60))}
    decision, outcome, called = (heard_of[name] for name in ("decision", "outcome", "tool"))
    assert decision["schema_id"] == "https://schema.jupyter.org/jupyter_guard/decision/v1"
    assert (decision["sequence"], decision["state"], decision["user"]) == (1, "blocked", "ann")
    assert decision["findings"][0]["rule"] == "JG301"
    assert "CODE" not in json.dumps(decision)
    assert outcome["schema_id"] == "https://schema.jupyter.org/jupyter_guard/outcome/v1"
    assert (outcome["msg_id"], outcome["redactions"]) == ("m1", {"jwt": 2})
    assert called["schema_id"] == "https://schema.jupyter.org/jupyter_guard/tool/v1"
    assert (called["sequence"], called["about"], called["state"], called["msg_id"]) == (1, "refund", "refused", "")
    assert called["kernel"].startswith("mcp")
    assert called["user"]
    assert called["sentence"].endswith("refused: nobody could be asked")
    assert SECRET not in json.dumps(called)
    assert "Traceback" not in (root / "log").read_text()


def emitted(url: str, schema: str, data: dict[str, Any], token: str = TOKEN) -> tuple[int, str]:
    """The status and message of an event that somebody gives to the server."""
    body = json.dumps({"schema_id": schema, "version": "1", "data": data}).encode()
    asked = urllib.request.Request(f"{url}/api/events", body, {"Authorization": f"token {token}"})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as no:
        return no.code, no.read().decode()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_nobody_else_says_what_was_decided(url: str, name: str) -> None:
    status, said = emitted(url, f"https://schema.jupyter.org/jupyter_guard/{name}/v1", {"sequence": 1, "kernel": "k1"})
    assert (status, "by the guard alone" in said) == (403, True)


def test_events_of_others_are_emitted_as_ever(url: str) -> None:
    schema = "https://events.jupyter.org/jupyter_server/contents_service/v1"
    assert emitted(url, schema, {"action": "get", "path": "x"}) == (204, "")
    assert emitted(url, schema, {"action": "no such"})[0] == 400
    assert emitted(url, schema, {"action": "get", "path": "x"}, token="no")[0] in (401, 403)
