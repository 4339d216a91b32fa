"""The guard's comm: answered by the wrapper at any time, told of everything, and believed only with a proof, once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from hashlib import sha256

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session

from jupyter_guard.kernel.claiming import HELD_SECONDS
from jupyter_guard.kernel.panel import PATIENCE_SECONDS

from .front import ASSISTANT, Front

BLOCKED = "import telnetlib"


def test_a_snapshot_is_answered_while_the_kernel_is_busy(front: Front) -> None:
    with front.busy():
        front.open_panel()
        snapshot = front.told("snapshot")
    assert snapshot["version"] == 1
    assert snapshot["guard"]["enforced"] is True
    assert snapshot["guard"]["policy"]


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


def test_a_claim_needs_its_proof_and_the_codes_hash(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")

    def origin(code: str, about: str, *, sealed: bool = True) -> str:
        digest = sha256(about.encode()).hexdigest()
        claim = {"type": "claim", "sha256": digest, "cell_id": "", "author": "human", "shares": {"typed": 1.0}}
        front.tell({**claim, "started_by": "person"}, sealed=sealed)
        front.run(code)
        return str(front.told("report")["item"]["origin"])

    assert origin("a = 1", "a = 1") == "human"
    assert origin("a = 2", "a = 2", sealed=False) == "unknown"
    assert origin("a = 3", "something else") == "unknown"


def test_a_claim_about_one_cell_is_none_about_another_with_the_same_text(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    code = "c = 1"
    claim = {"type": "claim", "sha256": sha256(code.encode()).hexdigest(), "cell_id": "one", "author": "human"}
    front.tell({**claim, "shares": {"typed": 1.0}, "started_by": "person"})

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
    front.tell({**claim, "shares": {"typed": 1.0}, "started_by": "person"})

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
    front.tell({"type": "claim", "sha256": digest, "cell_id": "", "author": "human", "shares": {}})
    front.run(text)
    assert front.told("report")["item"]["origin"] == "assistant"


def test_other_comms_and_comm_info_pass(front: Front) -> None:
    front.run("from ipykernel.comm import Comm\nother = Comm(target_name='other', data={})")
    front.open_panel()
    front.told("snapshot")
    reply = front.request("comm_info_request", {})
    targets = [one["target_name"] for one in reply["content"]["comms"].values()]
    assert targets == ["other"]


ASKED = "exec(open('there-is-no-such-file.py').read())"


def test_what_opens_the_comm_after_the_page_neither_answers_nor_says_human(start: Callable[..., Front]) -> None:
    front = start()
    page = front.open_panel(), front.key
    front.told("snapshot")
    front.open_panel()
    front.told("snapshot")
    run = front.send(ASKED, allow_stdin=False, metadata=ASSISTANT)
    item = front.told("pending")["item"]
    front.tell({"type": "answer", "id": item["id"], "choice": "once"})
    front.tell({"type": "typed", "id": item["id"], "value": "y"})
    code = "said = 1"
    claim = {"type": "claim", "sha256": sha256(code.encode()).hexdigest(), "author": "human"}
    front.tell(claim)
    front.comm_id, front.key = page
    front.tell({"type": "answer", "id": item["id"], "choice": "refuse"})
    assert front.told("answered")["choice"] == "refuse"
    assert front.finish(run).reply["content"]["ename"] == "CellDeclined"
    front.comms = []
    front.run(code)
    assert front.told("report")["item"]["origin"] == "unknown"
    # What raises scrutiny may come from anybody.
    front.open_panel()
    front.told("snapshot")
    front.tell({**claim, "author": "assistant"})
    front.run(code)
    assert front.told("report")["item"]["origin"] == "assistant"


def test_a_page_that_opens_the_comm_again_is_known_by_its_key(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    front.open_panel(front.key.again())
    assert front.told("snapshot")["page"] is True
    code = "said = 1"
    claim = {"type": "claim", "sha256": sha256(code.encode()).hexdigest(), "author": "human"}
    front.tell(claim)
    front.run(code)
    assert front.told("report")["item"]["origin"] == "human"


def test_a_yes_on_stdin_counts_when_the_page_saw_a_person_type_it(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    for value in ("y", "n"):
        run = front.send(f"{ASKED}  # {value}", allow_stdin=True, metadata=ASSISTANT)
        item = front.told("pending")["item"]
        front.client.get_stdin_msg(timeout=20)
        # Any program in the page can send it.
        front.client.input("y")
        time.sleep(0.3)
        front.comms = []
        front.tell({"type": "snapshot"})
        assert [one["id"] for one in front.told("snapshot")["pending"]] == [item["id"]]
        front.tell({"type": "typed", "id": item["id"], "value": value})
        assert front.told("answered")["choice"] == ("once" if value == "y" else "refuse")
        front.finish(run)
        assert (run.reply["content"]["ename"] == "CellDeclined") is (value == "n")
    # Its own question is answered by what is typed next, not by what was left over.
    assert front.run("input('name? ')", "Ada").result == "'Ada'"


@contextlib.contextmanager
def another_client(front: Front) -> Iterator[None]:
    """Everything that is sent meanwhile comes from a client of its own, which knows nothing of the page's comm.

    The clients of a kernel's manager share one session, by which a kernel knows them.
    """
    made = BlockingKernelClient(session=Session(key=front.manager.session.key))
    made.load_connection_file(front.manager.connection_file)
    made.start_channels()
    page = front.client, front.comm_id, front.key
    front.client = made
    try:
        yield
    finally:
        made.stop_channels()
        front.client, front.comm_id, front.key = page


def test_a_page_that_was_reloaded_is_shown_the_question_and_answers_it(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    before = "value = 1"
    front.run(before, metadata={"cellId": "cell-1", **ASSISTANT})
    run = front.send(ASKED, allow_stdin=False, metadata={"cellId": "cell-1", **ASSISTANT})
    item = front.told("pending")["item"]
    assert (item["before"], item["code"]) == (before, ASKED)
    # The page is gone without a word, and its successor is another client.
    with another_client(front):
        front.open_panel()
        assert front.told("snapshot")["pending"] == [item]
        # What pages ask first is answered, though a cell is before it in the queue.
        assert front.request("kernel_info_request", {})["content"]["status"] == "ok"
        time.sleep(PATIENCE_SECONDS + 0.2)
        front.tell({"type": "answer", "id": item["id"], "choice": "refuse"})
        assert front.told("answered")["choice"] == "refuse"
    assert front.finish(run).reply["content"]["ename"] == "CellDeclined"


def test_a_question_is_not_answered_elsewhere_while_its_page_is_there(start: Callable[..., Front]) -> None:
    front = start()
    page = (front.client, front.open_panel(), front.key)
    front.told("snapshot")
    run = front.send(ASKED, allow_stdin=False, metadata=ASSISTANT)
    item = front.told("pending")["item"]
    with another_client(front):
        front.open_panel()
        front.told("snapshot")
        other = front.client, front.comm_id, front.key
        front.client, front.comm_id, front.key = page
        front.told("asked")
        front.tell({"type": "here", "id": item["id"]})
        time.sleep(PATIENCE_SECONDS + 0.2)
        front.client, front.comm_id, front.key = other
        front.tell({"type": "answer", "id": item["id"], "choice": "once"})
        front.told("elsewhere")
    front.tell({"type": "answer", "id": item["id"], "choice": "refuse"})
    assert front.finish(run).reply["content"]["ename"] == "CellDeclined"


def human(front: Front, code: str) -> dict[str, str]:
    """What a page says of a cell that a person wrote and runs."""
    about = {"sha256": sha256(code.encode()).hexdigest(), "cell_id": "cell-1", "started_by": "person"}
    return {"type": "claim", "author": "human", **about}


def test_a_run_by_a_server_waits_a_moment_for_the_pages_word(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    page, code = front.client, "said = 1"
    with another_client(front):
        run = front.send(code, metadata={"cellId": "cell-1"})
        other, front.client = front.client, page
        time.sleep(HELD_SECONDS / 5)
        front.tell(human(front, code))
        front.client = other
        front.finish(run)
    assert front.told("report")["item"]["origin"] == "human"


def test_a_run_of_which_no_page_speaks_in_time_is_nobodys(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    code = "said = 1"
    with another_client(front):
        front.run(code, metadata={"cellId": "cell-1"})
    assert front.told("report")["item"]["origin"] == "unknown"
    # A claim that comes too late is one about the next run.
    front.tell(human(front, code))
    with another_client(front):
        front.run(code, metadata={"cellId": "cell-1"})
    assert front.told("report")["item"]["origin"] == "human"


def test_an_interrupt_refuses_a_run_that_is_held(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    front.run("ready = 1")
    with another_client(front):
        run = front.send("open('held.txt', 'w').close()", metadata={"cellId": "cell-1"})
        time.sleep(HELD_SECONDS / 5)
        front.interrupt()
        front.finish(run)
    assert run.reply["content"]["status"] == "error"
    assert not (front.folder / "held.txt").exists()
