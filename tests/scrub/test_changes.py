"""What was put in which place, and texts cut where they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.scrub.changes import Change, changes, cut_alike, kinds_in

PIECES = st.lists(st.tuples(st.text("ab[\n", max_size=3), st.booleans()), max_size=5)


@given(PIECES)
def test_what_stays_and_what_was_written_are_the_text_after(pieces: list[tuple[str, bool]]) -> None:
    before = "".join(text + ("S3CRET" if secret else "") for text, secret in pieces)
    after = before.replace("S3CRET", "[REDACTED:kind]")
    made = changes(before, after)
    # Two in a row are one change.
    assert [before[one.start : one.end] for one in made] == re.findall("(?:S3CRET)+", before)
    assert [kinds_in(one.written) for one in made] == [["kind"] * n for n in map(_count, made, [before] * len(made))]


def _count(change: Change, before: str) -> int:
    return before[change.start : change.end].count("S3CRET")


@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_other_changes_are_one_from_the_first_to_the_last(before: str, after: str) -> None:
    made = changes(before, after)
    assert len(made) == (before != after)
    for one in made:
        assert before[: one.start] + one.written + before[one.end :] == after


@pytest.mark.parametrize(
    ("pieces", "after", "expected"),
    [
        (["a ", "KEY b"], "a [REDACTED:k] b", ["a ", "[REDACTED:k] b"]),
        (["a K", "EY b"], "a [REDACTED:k] b", ["a [REDACTED:k]", " b"]),
        (["K", "E", "Y"], "[REDACTED:k]", ["[REDACTED:k]", "", ""]),
        (["a", "b"], "ab", ["a", "b"]),
        ([], "", []),
    ],
)
def test_a_text_is_cut_where_it_was(pieces: list[str], after: str, expected: list[str]) -> None:
    assert cut_alike(pieces, after) == expected


def test_more_than_markers_is_one_change() -> None:
    assert changes("x KEY y KEY z", "x [REDACTED:k]! y [REDACTED:k]! z") == [
        Change(2, 11, "[REDACTED:k]! y [REDACTED:k]!")
    ]
