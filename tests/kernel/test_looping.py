"""An assistant that tries the same again and again is told so, and a person is asked about it once more, not each time."""

from __future__ import annotations

from collections.abc import Callable

from .front import ASSISTANT, Front

ASKED = """import contextlib, os
with contextlib.suppress(OSError):
    os.remove('/var/lib/there/is/no/such/place')
'ran'"""


def tried(front: Front, number: int, answer: str) -> tuple[int, str, str]:
    """How many questions a try caused, the question, and the end of its error."""
    run = front.assistant(f"{ASKED} # {number}", answer)
    content = run.reply["content"]
    return len(run.questions), "".join(run.questions), content.get("traceback", ["ran"])[-1]


def test_after_three_refusals_the_person_is_asked_once_more(start: Callable[..., Front]) -> None:
    front = start()
    for number in range(3):
        questions, _, told = tried(front, number, "n")
        assert questions == 1
        assert ("refused 3 times" in told) == (number == 2)
    questions, question, told = tried(front, 3, "n")
    assert (questions, "tried this 3 times" in question, question.endswith("[y/N] ")) == (1, True, True)
    assert "without a question" in told
    for number in range(4, 8):
        questions, _, told = tried(front, number, "y")
        assert questions == 0
        assert f"refused {number + 1} times" in told


def test_a_yes_ends_the_count(start: Callable[..., Front]) -> None:
    front = start()
    for number in range(3):
        tried(front, number, "n")
    assert tried(front, 3, "y")[0] == 1
    questions, question, told = tried(front, 4, "n")
    assert (questions, "times" in question, "times" in told) == (1, False, False)


def test_what_a_cell_tries_in_a_loop_is_asked_about_four_times(start: Callable[..., Front]) -> None:
    front = start()
    (front.folder / "names").write_text("os killpg")
    front.run("import importlib\nm, f = open('names').read().split()")
    code = """
told = []
for _ in range(30):
    try:
        getattr(importlib.import_module(m), f)(2**22 + 1, 9)
    except Exception as error:
        told.append(type(error).__name__)
len(told), set(told)
"""
    run = front.assistant(code, "n")
    assert run.result == "(30, {'CellDeclined'})"
    assert len(run.questions) == 4
    # Who answered the last one knows.
    assert len(run.of("display_data")) == 3


def test_what_is_blocked_is_said_to_be_in_vain(start: Callable[..., Front]) -> None:
    front = start()
    for number in range(4):
        run = front.run(f"import shutil\nshutil.rmtree('/nowhere/at/all') # {number}", metadata=ASSISTANT)
        assert ("trying again changes nothing" in run.error["traceback"][-1]) == (number >= 2)


def test_people_may_try_as_often_as_they_like(start: Callable[..., Front]) -> None:
    # Asked about whoever wrote it.
    front = start(policy='version = 1\n[origin.unknown]\ncritical = "confirm"\n')
    for number in range(5):
        run = front.run(f"import shutil\nshutil.rmtree('/nowhere/at/all') # {number}", "n")
        assert len(run.questions) == 1
        assert "in this session" not in run.error["traceback"][-1]
