"""The guard's comm: answered by the wrapper at any time, told of everything, and believed only with its key."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from .front import Front

BLOCKED = "import telnetlib"


def test_a_snapshot_is_answered_while_the_kernel_is_busy(front: Front) -> None:
    busy = front.send("import time; time.sleep(2)")
    front.wait_for(busy, "execute_input")
    begin = time.monotonic()
    front.open_panel()
    snapshot = front.told("snapshot", 5)
    assert time.monotonic() - begin < 1.5
    assert snapshot["version"] == 1
    assert snapshot["guard"]["enforced"] is True
    assert snapshot["guard"]["policy"]
    front.finish(busy)


def test_reports_and_redactions_are_told_and_kept(front: Front) -> None:
    front.open_panel()
    front.told("snapshot")
    run = front.run(BLOCKED, metadata={"cellId": "cell-7"})
    item = front.told("report")["item"]
    assert (item["msg_id"], item["cell_id"], item["state"]) == (run.msg_id, "cell-7", "blocked")
    assert item["sha256"] == sha256(BLOCKED.encode()).hexdigest()
    assert item["findings"][0]["rule"] == "JG890"
    secret = "AK" + "IA" + "QYLPMN5HHHFPZAM2"
    printed = front.run(f"print('AK' + {secret[2:]!r})", metadata={"cellId": "cell-8"})
    assert secret not in printed.text
    redaction = front.told("redaction")["item"]
    assert redaction["count"] == 1
    front.tell({"type": "snapshot"})
    snapshot = front.told("snapshot")
    assert BLOCKED not in str(snapshot["guard"])
    assert [one["msg_id"] for one in snapshot["reports"]][-2:] == [run.msg_id, printed.msg_id]
    assert snapshot["redactions"]


def test_a_claim_needs_the_key_and_the_codes_hash(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")

    def origin(code: str, key: str, about: str) -> str:
        digest = sha256(about.encode()).hexdigest()
        claim = {"type": "claim", "sha256": digest, "cell_id": "", "author": "human", "shares": {"typed": 1.0}}
        front.tell({**claim, "started_by": "person", "key": key})
        front.run(code)
        return str(front.told("report")["item"]["origin"])

    assert origin("a = 1", front.key, "a = 1") == "human"
    assert origin("a = 2", "wrong", "a = 2") == "unknown"
    assert origin("a = 3", front.key, "something else") == "unknown"


def test_a_claim_about_one_cell_is_none_about_another_with_the_same_text(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    code = "c = 1"
    claim = {"type": "claim", "sha256": sha256(code.encode()).hexdigest(), "cell_id": "one", "author": "human"}
    front.tell({**claim, "shares": {"typed": 1.0}, "started_by": "person", "key": front.key})

    def origin(cell_id: str) -> str:
        front.run(code, metadata={"cellId": cell_id})
        return str(front.told("report")["item"]["origin"])

    assert origin("one") == "human"
    assert origin("another") == "unknown"


def test_a_claim_is_no_word_about_a_second_run_that_names_no_cell(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    code = "d = 1"
    claim = {"type": "claim", "sha256": sha256(code.encode()).hexdigest(), "cell_id": "one", "author": "human"}
    front.tell({**claim, "shares": {"typed": 1.0}, "started_by": "person", "key": front.key})

    def origin() -> str:
        front.run(code)
        return str(front.told("report")["item"]["origin"])

    # A server that runs cells drops their ids; a program that runs the same text afterwards has none either.
    assert origin() == "human"
    assert origin() == "unknown"


def test_a_cell_that_code_put_into_the_notebook_is_no_persons(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    text = "b = 1 + 1"
    front.run(f"get_ipython().set_next_input({text!r})")
    front.told("report")
    digest = sha256(text.encode()).hexdigest()
    front.tell({"type": "claim", "sha256": digest, "cell_id": "", "author": "human", "shares": {}, "key": front.key})
    front.run(text)
    assert front.told("report")["item"]["origin"] == "assistant"


def test_other_comms_and_comm_info_pass(front: Front) -> None:
    front.run("from ipykernel.comm import Comm\nother = Comm(target_name='other', data={})")
    front.open_panel()
    front.told("snapshot")
    reply = front.request("comm_info_request", {})
    targets = [one["target_name"] for one in reply["content"]["comms"].values()]
    assert targets == ["other"]
