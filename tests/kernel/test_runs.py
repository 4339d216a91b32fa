"""A client asks about a run of its own and takes it back, over the guard's own request; nobody else's is touched."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from .front import ASSISTANT, Front, Run
from .page import Page

ASKED = """import contextlib, os
with contextlib.suppress(OSError):
    os.remove('/var/lib/there/is/no/such/place')
value = 'ran'"""


def ask(front: Front, run: Run | None = None, **content: Any) -> dict[str, Any]:
    about = {"msg_id": run.msg_id} if run else {}
    reply = front.request("guard_request", {**about, **content}, "control")
    assert reply["msg_type"] == "guard_reply"
    return dict(reply["content"])


def wait_for_state(front: Front, run: Run, wanted: str) -> None:
    end = time.monotonic() + 20
    while (found := ask(front, run)["state"]) != wanted:
        assert time.monotonic() < end, (found, front.log_text())


@pytest.fixture(scope="module")
def page(front: Front) -> Page:
    """The one page of the client: whoever comes with another key is not it, and answers nothing."""
    assert front.client
    return Page()


@pytest.fixture(autouse=True)
def panel(front: Front, page: Page) -> None:
    """Somebody to ask, so that questions wait; and something to lose."""
    front.run("value = 'kept'", store_history=False)
    front.open_panel(page.again())
    front.told("snapshot")


def test_the_wrapper_says_that_it_is_there_while_the_kernel_is_busy(front: Front) -> None:
    with front.busy() as busy:
        said = ask(front, busy)
    assert (said["state"], said["mode"], said["problems"]) == ("running", "enforce", [])
    assert said["policy"]
    assert ask(front, busy)["state"] == ""


def test_a_question_that_is_taken_back_is_no(front: Front) -> None:
    run = front.send(ASKED, metadata=ASSISTANT)
    wait_for_state(front, run, "asking")
    number = front.told("pending")["item"]["id"]
    assert ask(front, run, withdraw=True)["withdrawn"] == "refused"
    assert front.told("answered")["id"] == number
    assert front.finish(run).error["ename"] == "CellDeclined"
    assert front.run("value").result == "'kept'"


def test_taking_back_is_no_refusal_of_a_persons(front: Front) -> None:
    # After three of those nobody would be asked any more.
    for _ in range(5):
        run = front.send(ASKED, metadata=ASSISTANT)
        wait_for_state(front, run, "asking")
        ask(front, run, withdraw=True)
        front.finish(run)


def test_what_waits_behind_another_cell_never_runs(front: Front) -> None:
    busy = front.send("import time; time.sleep(2)")
    front.wait_for(busy, "execute_input")
    queued = front.send("value = 'queued'")
    wait_for_state(front, queued, "queued")
    after = front.send("value")
    assert ask(front, queued, withdraw=True)["withdrawn"] == "aborted"
    assert front.finish(queued).status == "aborted"
    assert front.finish(busy).status == "ok"
    assert front.finish(after).result == "'kept'"


def test_what_runs_is_interrupted_and_the_next_cell_is_not(front: Front) -> None:
    run = front.send("import time; time.sleep(60)", stop_on_error=False)
    front.wait_for(run, "execute_input")
    after = front.send("import time; time.sleep(1); value")
    assert ask(front, run, withdraw=True)["withdrawn"] == "interrupted"
    # In a cell's first milliseconds ipykernel may lose its own report of the end: the reply says it in any case.
    assert front.finish(run).reply["content"]["ename"] == "KeyboardInterrupt"
    assert ask(front, run, withdraw=True)["withdrawn"] == ""
    assert front.finish(after).result == "'kept'"


def test_what_goes_on_is_interrupted_again(front: Front) -> None:
    # Python drops an interrupt that hits where no exception can be raised; this drops its first for sure.
    run = front.send("import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    time.sleep(60)")
    front.wait_for(run, "execute_input")
    assert ask(front, run, withdraw=True)["withdrawn"] == "interrupted"
    assert front.finish(run).reply["content"]["ename"] == "KeyboardInterrupt"


def test_only_ones_own(front: Front) -> None:
    run = front.send(ASKED, metadata=ASSISTANT)
    wait_for_state(front, run, "asking")
    other = BlockingKernelClient(connection_file=front.manager.connection_file)
    other.load_connection_file()
    other.start_channels()
    try:
        message = other.session.msg("guard_request", {"msg_id": run.msg_id, "withdraw": True})
        other.control_channel.send(message)
        said = other.get_control_msg(timeout=20)["content"]
        assert (said["state"], said["withdrawn"]) == ("", "")
    finally:
        other.stop_channels()
    assert ask(front, run)["state"] == "asking"
    ask(front, run, withdraw=True)
    front.finish(run)


def test_a_client_that_is_gone_lets_its_run_go(front: Front) -> None:
    run = front.send(ASKED, metadata=ASSISTANT)
    wait_for_state(front, run, "asking")
    assert ask(front, run, lease=0.5)["state"] == "asking"
    assert front.told("answered", 20)["choice"] == "refuse"
    assert front.finish(run).error["ename"] == "CellDeclined"
    assert f"nobody waits for {run.msg_id}" in front.log_text()


def test_a_lease_may_come_before_its_run(front: Front) -> None:
    # They have two channels; a client that is killed after its first question never asks again.
    content = {"code": ASKED, "allow_stdin": False, "stop_on_error": False}
    message = front.client.session.msg("execute_request", content, metadata=ASSISTANT)
    assert ask(front, None, msg_id=message["header"]["msg_id"], lease=2)["state"] == ""
    front.client.shell_channel.send(message)
    number = front.told("pending")["item"]["id"]
    assert front.told("answered", 20) == {"type": "answered", "id": number, "choice": "refuse"}
    assert front.run("value").result == "'kept'"


def test_a_lease_that_ends_while_the_cell_is_judged_lets_it_go_after(front: Front) -> None:
    # So many lines take longer to read than the lease is.
    run = front.send(ASKED + "\n" + "\n".join(f"name_{n} = [{n}, {n}]" for n in range(4_000)), metadata=ASSISTANT)
    assert ask(front, run, lease=0.001)["state"] in ("", "judging")
    front.told("answered", 20)
    assert front.finish(run).error["ename"] == "CellDeclined"
    assert front.run("value").result == "'kept'"


def test_a_lease_that_is_renewed_holds(front: Front) -> None:
    run = front.send(ASKED, metadata=ASSISTANT)
    wait_for_state(front, run, "asking")
    ask(front, run, lease=0.5)
    ask(front, run, lease=3600)
    time.sleep(1)
    assert ask(front, run)["state"] == "asking"
    ask(front, run, withdraw=True)
    front.finish(run)


@pytest.mark.parametrize(
    "content", [{"msg_id": 7}, {"msg_id": None, "withdraw": "yes"}, {"msg_id": "x", "lease": "long"}, {"lease": -1}]
)
def test_nonsense_is_about_nothing(front: Front, content: dict[str, Any]) -> None:
    said = ask(front, None, **content)
    assert (said["state"], said["withdrawn"], said["status"]) == ("", "", "ok")


def test_what_is_in_no_cell_is_shown_whole_where_it_is_asked_about(front: Front) -> None:
    for code in (ASKED, f"{ASKED}\nagain = 1"):
        run = front.send(code, metadata=ASSISTANT)
        item = front.told("pending")["item"]
        assert (item["before"], item["code"]) == ("", code)
        front.tell({"type": "answer", "id": item["id"], "choice": "once"})
        assert front.finish(run).status == "ok"
