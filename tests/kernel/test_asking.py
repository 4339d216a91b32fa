"""A cell that the policy asks about waits for an answer on stdin or in the panel; nobody there means no."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest

from .front import ASSISTANT, Front

# `personal` asks about a file that an assistant's code deletes outside the workspace, and stops what takes more.
ASKED = """import contextlib, os
with contextlib.suppress(OSError):
    os.remove('/var/lib/there/is/no/such/place')
value = 'ran'"""


@pytest.fixture(autouse=True)
def something_to_lose(front: Front) -> None:
    front.run("value = 'kept'", store_history=False)


def test_yes_runs_it(front: Front) -> None:
    run = front.assistant(ASKED + " # yes", "y")
    assert run.status == "ok"
    assert len(run.questions) == 1
    assert run.questions[0].endswith("[y/N] ")
    assert "JG" in run.questions[0]
    assert front.run("value").result == "'ran'"


def test_no_refuses_it(front: Front) -> None:
    run = front.assistant(ASKED + " # no", "")
    assert run.reply["content"]["ename"] == "CellDeclined"
    assert front.run("value").result == "'kept'"


def test_nobody_there_refuses_it_at_once_and_says_so(front: Front) -> None:
    run = front.assistant(ASKED + " # nobody")
    assert run.reply["content"]["ename"] == "CellDeclined"
    assert "nobody could be asked" in "\n".join(run.reply["content"]["traceback"])
    assert front.run("value").result == "'kept'"


def test_an_answer_reaches_as_far_as_it_says(front: Front) -> None:
    once = ASKED + " # once"
    front.assistant(once, "y")
    assert front.assistant(once, "n").questions
    code = ASKED + " # this code"
    front.assistant(code, "code")
    assert not front.assistant(code, "n").questions
    assert front.assistant(code + "!", "n").questions


def test_an_interrupt_means_no(front: Front) -> None:
    run = front.send(ASKED + " # interrupt", metadata=ASSISTANT, allow_stdin=True)
    front.client.get_stdin_msg(timeout=20)
    front.interrupt()
    front.finish(run)
    assert run.reply["content"]["ename"] == "CellDeclined"
    # The front end may still answer the question that is gone: it is not the next cell's answer.
    front.client.input("y")
    assert front.run("value").result == "'kept'"


def test_the_panel_can_answer_and_a_late_answer_on_stdin_is_swallowed(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    run = front.send(ASKED, metadata=ASSISTANT, allow_stdin=True)
    item = front.told("pending")["item"]
    assert item["prompt"].endswith("[y/N] ")
    front.tell({"type": "answer", "id": item["id"], "choice": "once"}, sealed=False)
    front.tell({"type": "answer", "id": item["id"], "choice": "once"})
    assert front.told("answered")["choice"] == "once"
    front.finish(run)
    assert run.status == "ok"
    front.client.input("late")
    asked = front.run("input('name? ')", "Ada")
    assert asked.result == "'Ada'"


def test_with_a_panel_and_without_stdin_it_waits_for_the_panel(start: Callable[..., Front]) -> None:
    front = start()
    front.open_panel()
    front.told("snapshot")
    run = front.send(ASKED, metadata=ASSISTANT, allow_stdin=False)
    item = front.told("pending")["item"]
    # Everything else goes on meanwhile.
    assert psutil.Process(front.pid).is_running()
    front.tell({"type": "answer", "id": item["id"], "choice": "refuse"})
    assert front.finish(run).reply["content"]["ename"] == "CellDeclined"


# Two files that are not there: what would be done to them is judged all the same. One is shown, the other's name is built.
SHOWN, UNSHOWN = "/var/lib/there/is/no/such/place", "/var/lib/there/is/none/either"
BUILT = (
    ASKED
    + """
for path in others:
    with contextlib.suppress(OSError):
        getattr(os, name)(path)
value = 'all of it ran'"""
)


def test_a_target_outside_what_was_shown_stops_and_is_asked_about_again(front: Front) -> None:
    (front.folder / "others").write_text(f"remove {SHOWN} {UNSHOWN}")
    front.run("name, *others = open('others').read().split()")
    run = front.send(BUILT, metadata=ASSISTANT, allow_stdin=True)
    first = front.client.get_stdin_msg(timeout=30)["content"]["prompt"]
    front.client.input("y")
    second = front.client.get_stdin_msg(timeout=30)["content"]["prompt"]
    front.client.input("n")
    front.finish(run)
    assert (SHOWN in first, UNSHOWN in first) == (True, False)
    # What was shown is not asked about again, by whatever name it is done.
    assert (f"deletes `{UNSHOWN}`" in second, SHOWN in second) == (True, False)
    assert run.error["ename"] == "CellDeclined"
    assert front.run("value").result == "'ran'"
    both = front.assistant(BUILT + " # both", "y")
    assert (both.status, len(both.questions)) == ("ok", 2)
    assert front.run("value").result == "'all of it ran'"


def test_what_an_allowed_assistant_defined_stays_an_assistants(front: Front) -> None:
    defined = "\nimport shutil\ndef tidy(place): shutil.rmtree(place)"
    assert front.assistant(ASKED + defined, "y").status == "ok"
    # Written by nobody known it would be asked about; what runs is the assistant's.
    assert front.run("tidy('/srv/there-is-no-such-place')").error["ename"] == "CellBlocked"
