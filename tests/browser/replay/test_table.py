"""The documentation's table of mechanisms says what the tests do."""

from __future__ import annotations

import re
from pathlib import Path

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
