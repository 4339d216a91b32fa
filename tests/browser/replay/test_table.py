"""The documentation's table of mechanisms says what the tests do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .environments import CHATS, CLASSIC, OLDEST_LAB, SHARED, SWITCH, environment
from .mechanisms import BY_NAME, MECHANISMS, PAGE, with_table
from .scene import Score
from .scripts import SCRIPTS


def test_the_page_has_the_table_as_it_is() -> None:
    page = PAGE.read_text()
    assert page == with_table(page), "run: python -m tests.browser.replay.mechanisms"


def test_every_mechanism_has_a_test_and_a_name_of_its_own() -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    checked = set(re.findall(r'score\.check\(\s*"([^"]+)"', tests))
    # The clients that run code are one test with their names as its parameters.
    checked |= set(re.findall(r'^\s+\("([a-z-]+)", \{', tests, re.MULTILINE)) | set(
        re.findall(r'^\s+"([a-z-]+)",$', tests, re.MULTILINE)
    )
    checked |= set(SCRIPTS)
    assert len(BY_NAME) == len(MECHANISMS)
    assert set(BY_NAME) <= checked


def test_what_was_once_called_human_fails_for_good_and_other_failures_may_pass_again() -> None:
    score = Score()
    with pytest.raises(AssertionError, match="insert-cell: judged as human"):
        score.check("insert-cell", "human")
    with pytest.raises(AssertionError, match="insert-cell: judged as human"):
        score.check("insert-cell", "assistant")
    with pytest.raises(AssertionError, match="typed: judged as unknown"):
        score.check("typed", "unknown")
    score.check("typed", "human")
    score.check("set-source", "assistant")
    assert score.lines()[1] == "assistants' insertions called human: 1 of 2"
    assert score.lines()[2] == "human edits escalated: 0 of 1"


@pytest.mark.parametrize("packages", [SHARED, CHATS])
def test_too_few_real_packages_are_a_failure_in_ci(packages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="real packages are left"):
        environment(packages)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        environment(packages)


@pytest.mark.parametrize("packages", [OLDEST_LAB, CLASSIC])
def test_other_environments_may_be_left_out_in_ci(packages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception):
        environment(packages)
