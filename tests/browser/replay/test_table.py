"""The documentation's table of mechanisms says what the tests do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .environments import CHATS, CLASSIC, OLDEST_LAB, SHARED, SWITCH, environment
from .mechanisms import BY_NAME, MECHANISMS, PAGE, with_table


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
    assert len(BY_NAME) == len(MECHANISMS)
    assert set(BY_NAME) <= checked


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
