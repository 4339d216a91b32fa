"""Credentials in contexts of other tools and providers, with values of a seed; and what only looks like one."""

from __future__ import annotations

import pytest

from benchmarks.scrub.contexts import BENIGN, credentials
from jupyter_guard.scrub import scrub

# URLs of documentation: a password that is a word is one all the same.
TAKEN_OUT = ("postgresql://",)


@pytest.mark.parametrize("seed", [11, 23])
def test_nearly_every_one_is_taken_out(seed: int) -> None:
    rows = list(credentials(1, seed))
    left = [name for name, text, value in rows if value in scrub(text)]
    assert len(left) <= 0.03 * len(rows), left


@pytest.mark.parametrize("text", [text for text in BENIGN if not text.startswith(TAKEN_OUT)])
def test_what_only_looks_so_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_type_in_quotes_is_no_password() -> None:
    text = "BasicAuth(username: 'str | bytes', password: 'str | bytes') -> 'None'"
    assert scrub(text) == text
