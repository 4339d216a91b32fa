"""A cell that only looks is answered from memory when it comes again, and never when anything has changed since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .front import ASSISTANT, Front


def test_a_changed_policy_counts_for_a_repeated_cell_too(start: Callable[..., Front]) -> None:
    front = start()
    assert [front.run("pass").status for _ in range(3)] == ["ok"] * 3
    Path(front.folder, "jupyter_guard.toml").write_text("version = 1\ntypo = 1\n")
    assert front.run("pass").status == "error"


def test_a_name_that_was_bound_anew_since_is_read_anew(start: Callable[..., Front]) -> None:
    front = start()
    assert [front.run("print(len('rm -rf ~'))", metadata=ASSISTANT).text for _ in range(2)] == ["8\n"] * 2
    assert front.run("from os import system as len", metadata=ASSISTANT).status == "ok"
    assert front.run("print(len('rm -rf ~'))", metadata=ASSISTANT).status == "error"


def test_the_other_origin_is_asked_for_itself(start: Callable[..., Front]) -> None:
    front = start()
    front.run("1 + 1")
    assert front.run("1 + 1", metadata=ASSISTANT).result == "2"
