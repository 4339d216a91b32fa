"""Pieces come back in order whoever works; a worker that dies takes one piece with it at most."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from jupyter_guard.corpus import Crew, CrewError, Done, Journal, JournalError, Lost, Piece, hire, key_of, results
from jupyter_guard.corpus.crew import FEW
from jupyter_guard.corpus.run import MOST_BYTES, MOST_LOST_IN_A_ROW, MOST_WAITING


def numbers(*given: int | None, size: int = 0) -> Iterator[Piece[int]]:
    for at, one in enumerate(given):
        yield Piece(at, one, key_of("number", str(one)), size)


def values(crew: Crew, pieces: Iterator[Piece[int]], journal: Journal | None = None) -> list[str | None]:
    found = []
    with crew:
        for at, (about, result) in enumerate(results(pieces, crew, journal)):
            assert about == at
            said = result.value.decode() if isinstance(result, Done) else result.reason if result else None
            found.append(said)
    return found


@pytest.mark.parametrize("workers", [None, 1, 2])
def test_results_come_in_order_and_what_there_is_nothing_to_do_for_stays_in_its_place(
    jobs: ModuleType, workers: int | None
) -> None:
    given = [*range(20), None, *range(20, 25)]
    expected = [None if one is None else str(2 * one) for one in given]
    assert values(hire(jobs.Doubling(), 26, workers), numbers(*given)) == expected


def test_as_many_work_as_there_are_cores_but_for_a_few_pieces(jobs: ModuleType) -> None:
    with hire(jobs.Where(), FEW) as crew:
        assert crew.workers == len(os.sched_getaffinity(0))
        ((_, elsewhere),) = results([Piece(0, 0)], crew)
    with hire(jobs.Where(), FEW - 1) as crew:
        assert crew.workers == 1
        ((_, here),) = results([Piece(0, 0)], crew)
    assert isinstance(elsewhere, Done)
    assert elsewhere.value != str(os.getpid()).encode()
    assert here == Done(str(os.getpid()).encode())


def test_one_piece_kills_its_worker_and_every_other_is_done(jobs: ModuleType) -> None:
    found = values(hire(jobs.Doubling(), 40, 2), numbers(*range(15), -1, *range(15, 30)))
    assert found.pop(15) == Lost("the process that worked on it died, twice: did it run out of memory?").reason
    assert found == [str(2 * one) for one in range(30)]


def test_many_in_a_row_that_kill_their_workers_end_the_run(jobs: ModuleType) -> None:
    with pytest.raises(CrewError, match=f"{MOST_LOST_IN_A_ROW} in a row were lost"):
        values(hire(jobs.Doubling(), 40, 1), numbers(1, *[-1] * MOST_LOST_IN_A_ROW, 2))


@pytest.mark.parametrize("workers", [None, 1])
def test_a_job_that_fails_loses_the_piece_and_what_it_lets_through_ends_the_run(
    jobs: ModuleType, workers: int | None
) -> None:
    found = values(hire(jobs.Doubling(), 3, workers), numbers(1, -3, 2))
    assert found == ["2", "the guard itself failed on it: ValueError: odd", "4"]
    with pytest.raises(LookupError, match="the same for all"):
        values(hire(jobs.Doubling(), 3, workers), numbers(1, -2, 2))


def test_calls_may_go_as_deep_wherever_a_piece_is_done(jobs: ModuleType) -> None:
    def below(levels: int) -> list[str | None]:
        return below(levels - 1) if levels else values(hire(jobs.Depth(), 1), numbers(0))

    here = values(hire(jobs.Depth(), 1), numbers(0))
    assert below(100) == here
    assert values(hire(jobs.Depth(), 1, 1), numbers(0)) == here


def test_no_more_is_read_than_is_worked_on(jobs: ModuleType) -> None:
    taken = given = most = 0

    def counted() -> Iterator[Piece[int]]:
        nonlocal taken, most
        for piece in numbers(*range(3000)):
            taken += 1
            most = max(most, taken - given)
            yield piece

    with hire(jobs.Doubling(), 3000, 2) as crew:
        for _ in results(counted(), crew):
            given += 1
    assert given == 3000
    assert most <= MOST_WAITING


def test_large_pieces_wait_until_there_is_room(jobs: ModuleType) -> None:
    taken = given = most = 0

    def counted() -> Iterator[Piece[int]]:
        nonlocal taken, most
        for piece in numbers(*range(20), size=MOST_BYTES // 2):
            taken += 1
            most = max(most, taken - given)
            yield piece

    with hire(jobs.Doubling(), 20, 4) as crew:
        for _ in results(counted(), crew):
            given += 1
    assert given == 20
    assert most <= 5  # two that are worked on, and those that are done


def test_an_earlier_run_is_gone_on_from(jobs: ModuleType, tmp_path: Path) -> None:
    expected = [str(2 * one) for one in range(10)]
    with Journal(tmp_path / "j") as journal:
        assert values(hire(jobs.Doubling(), 7), numbers(*range(7)), journal) == expected[:7]
    data = (tmp_path / "j").read_bytes()
    assert data.count(b"\n") == 6  # 5 is not lasting
    (tmp_path / "j").write_bytes(data + b'{"key": "cut of')
    with Journal(tmp_path / "j") as journal:
        # Whoever works now would not survive what is in the journal already.
        assert values(hire(jobs.Doubling(), 10, 2), numbers(*range(10)), journal) == expected
        assert journal.taken == 6
    assert (tmp_path / "j").read_bytes().startswith(data)


def test_a_lost_piece_is_tried_again_the_next_time(jobs: ModuleType, tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        values(hire(jobs.Doubling(), 40, 1), numbers(1, -1, 2), journal)
    assert (tmp_path / "j").read_bytes().count(b"\n") == 2


def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path) -> None:
    for text, said in (("no journal\n", "line 1 is no journal's"), ("no journal", "the file is no journal")):
        (tmp_path / "j").write_text(text)
        with pytest.raises(JournalError, match=said), Journal(tmp_path / "j"):
            pass
        assert (tmp_path / "j").read_text() == text
    with pytest.raises(JournalError, match="directory"), Journal(tmp_path):
        pass


def test_two_runs_do_not_write_to_one_journal(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j"),
        pytest.raises(JournalError, match="another run writes to it"),
        Journal(tmp_path / "j"),
    ):
        pass


def test_no_part_of_a_key_can_be_taken_for_two() -> None:
    assert len({key_of("a", "b"), key_of("ab"), key_of("a", "b", ""), key_of("", "a", "b"), key_of("\ud800")}) == 5


def test_workers_end_with_the_process_that_made_them_however_it_ends(jobs: ModuleType, tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(str(jobs.__file__)).parent)!r})
from {jobs.__name__} import Where
from jupyter_guard.corpus import Piece, hire, results
if __name__ == "__main__":
    with hire(Where(), 99, 2) as crew:
        for _, result in results([Piece(0, 0.3), Piece(1, 0.3), Piece(2, 60), Piece(3, 60)], crew):
            print(result.value.decode(), flush=True)
"""
    script = tmp_path / "made.py"
    script.write_text(code)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        pids = {int(made.stdout.readline()), int(made.stdout.readline())}
        made.send_signal(signal.SIGKILL)
    waited = time.monotonic() + 30
    while any(map(_lives, pids)) and time.monotonic() < waited:
        time.sleep(0.05)
    assert not [pid for pid in pids if _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
