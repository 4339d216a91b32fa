"""A real helper process: answers in order, a lost helper costs one cell, and the next one knows what ran before."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_guard.guard.protocol import Judged, Learn, Standing, Tell, Told, Vet
from jupyter_guard.kernel import judging
from jupyter_guard.kernel.judging import Judging

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the helper is spawned")
POLICY = "version = 1\n[deny]\nimports = ['telnetlib']\n"
SECONDS = 60.0


class Desk:
    """The relay's part: asks, and notes what comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: dict[int, str] = {}
        self.failures: dict[int, str] = {}
        self.standings: list[Standing] = []
        (folder / "private").mkdir()
        self.judging = Judging(str(folder / "private"), self._answered, self._failed, self.standings.append)

    def _answered(self, answer: Judged | Told) -> None:
        self.answers[answer.id] = answer.verdict if isinstance(answer, Judged) else answer.text

    def _failed(self, request: Vet | Tell, reason: str) -> None:
        self.failures[request.id] = reason

    def until(self, condition: Callable[[], object]) -> None:
        """Do what the relay's loop does until something is so."""
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, (self.answers, self.failures)
            self.judging.check()
            self.judging.write()
            link = self.judging.link
            if link is not None and select.select([link], [], [], 0.05)[0]:
                self.judging.receive()

    def ask(self, number: int, code: str, origin: str = "unknown") -> None:
        self.judging.ask(Vet(id=number, code=code.encode(), origin=origin))

    def verdict(self, number: int, code: str, origin: str = "unknown") -> str:
        self.ask(number, code, origin)
        self.until(lambda: number in self.answers or number in self.failures)
        return self.answers.get(number) or self.failures[number]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    (tmp_path / "jupyter_guard.toml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    for name in ("JUPYTER_GUARD_POLICY", "JUPYTER_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    one = Desk(tmp_path)
    yield one
    one.judging.stop()


def test_answers_come_in_order_with_the_policy_that_they_are_by(desk: Desk) -> None:
    for number in range(20):
        desk.ask(number, "import telnetlib" if number % 5 == 0 else f"x{number} = 1")
    desk.until(lambda: len(desk.answers) == 20)
    assert list(desk.answers) == list(range(20))
    assert {number for number, verdict in desk.answers.items() if verdict == "block"} == {0, 5, 10, 15}
    assert desk.standings[0].mode == "enforce"
    assert not desk.failures


def test_a_killed_helper_costs_the_cell_that_it_had_and_no_other(desk: Desk) -> None:
    assert desk.verdict(1, "x = 1") == "allow"
    first = desk.judging.pid
    os.kill(first, signal.SIGSTOP)
    for number in (2, 3, 4):
        desk.ask(number, f"x = {number}")
    os.kill(first, signal.SIGKILL)
    desk.until(lambda: len(desk.answers) + len(desk.failures) == 4)
    assert list(desk.failures) == [2]
    assert "ended" in desk.failures[2]
    assert {desk.answers[number] for number in (3, 4)} == {"allow"}
    assert desk.judging.pid != first


def test_the_next_helper_knows_what_ran_before(desk: Desk) -> None:
    assert desk.verdict(1, "from shutil import rmtree as tidy; where = '/srv/precious'") == "allow"
    desk.judging.learn(Learn(b"again = tidy", "assistant"))
    dangerous = "again(where)"
    before = desk.verdict(2, dangerous, "assistant")
    assert before in ("confirm", "block")
    first = desk.judging.pid
    os.kill(first, signal.SIGKILL)
    desk.until(lambda: desk.judging.pid != first)
    assert desk.verdict(3, dangerous, "assistant") == before


def test_an_interrupt_gives_up_the_cell_that_is_judged(desk: Desk) -> None:
    assert not desk.judging.give_up()
    assert desk.verdict(1, "x = 1") == "allow"
    os.kill(desk.judging.pid, signal.SIGSTOP)
    desk.ask(2, "x = 2")
    assert desk.judging.give_up()
    assert "interrupted" in desk.failures[2]
    assert desk.verdict(3, "x = 3") == "allow"


def test_a_helper_that_takes_too_long_is_replaced(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.verdict(1, "x = 1") == "allow"
    monkeypatch.setattr(judging, "SECONDS_FOR_A_CELL", 0.3)
    os.kill(desk.judging.pid, signal.SIGSTOP)
    desk.ask(2, "x = 2")
    desk.until(lambda: 2 in desk.failures)
    assert "longer than" in desk.failures[2]
    monkeypatch.undo()
    desk.judging.learn(Learn(b"x = 1"))
    monkeypatch.chdir(desk.folder)
    assert desk.verdict(3, "x = 3") == "allow"


def test_helpers_that_never_start_block_everything_with_a_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    for number in range(4):
        desk.ask(number, f"x = {number}")
    desk.until(lambda: len(desk.failures) == 4)
    assert not desk.answers
    assert all("ended" in one for one in desk.failures.values())


def test_the_helper_cleans_up_behind_a_wrapper_that_is_gone(desk: Desk) -> None:
    assert desk.verdict(1, "x = 1") == "allow"
    private = desk.folder / "private"
    desk.judging.stop()
    end = time.monotonic() + 20
    while private.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not private.exists()
