"""An approval reaches as far as it says, and no further."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.approvals import Approvals, Choice, typed_choice
from jupyter_guard.guard.ledger import Ledger


def test_once_and_refuse_are_not_remembered() -> None:
    approvals = Approvals()
    approvals.remember(Choice.ONCE, "code", "effects")
    approvals.remember(Choice.REFUSE, "code", "effects")
    assert not approvals.allow("code", "effects")


def test_this_code_is_bound_to_the_effects_that_were_shown() -> None:
    approvals = Approvals()
    approvals.remember(Choice.CODE, "code", "effects")
    assert approvals.allow("code", "effects")
    assert not approvals.allow("other code", "effects")
    assert not approvals.allow("code", "other effects")


def test_this_session_is_bound_to_the_effects() -> None:
    approvals = Approvals()
    approvals.remember(Choice.SESSION, "code", "effects")
    assert approvals.allow("other code", "effects")
    assert not approvals.allow("code", "other effects")


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("y", Choice.ONCE), (" YES ", Choice.ONCE), ("code", Choice.CODE), ("session", Choice.SESSION),
        ("", Choice.REFUSE), ("n", Choice.REFUSE), ("yess", Choice.REFUSE), ("\x04", Choice.REFUSE),
    ],
)  # fmt: skip
def test_only_plain_words_mean_yes(typed: str, choice: Choice) -> None:
    assert typed_choice(typed) is choice


def test_the_ledger_knows_texts_that_a_program_put_into_the_notebook() -> None:
    ledger = Ledger()
    ledger.note_payload([{"source": "set_next_input", "text": "a = 1\n"}, {"source": "page"}, 3])
    ledger.note_payload("nonsense")
    assert ledger.has("  a = 1")
    assert not ledger.has("a = 2")
    assert not ledger.has("")
