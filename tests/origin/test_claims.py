from __future__ import annotations

import math

import pytest

from jupyter_guard.origin import Claim, Claims, read_claim
from jupyter_guard.terms import Origin

CODE = "a" * 64


def claims(*given: tuple[str, Origin], kept: int = 10) -> Claims:
    made = Claims(kept)
    for cell_id, author in given:
        made.keep(Claim(sha256=CODE, author=author, cell_id=cell_id))
    return made


def author(found: Claim | None) -> Origin | None:
    return None if found is None else found.author


def test_a_person_speaks_for_one_cell() -> None:
    made = claims(("one", Origin.HUMAN))
    assert author(made.about(CODE, "one")) is Origin.HUMAN
    assert made.about(CODE, "another") is None
    assert made.about("b" * 64, "one") is None


def test_two_cells_with_the_same_text_keep_their_own_authors() -> None:
    made = claims(("assistants", Origin.ASSISTANT), ("persons", Origin.HUMAN))
    assert author(made.about(CODE, "assistants")) is Origin.ASSISTANT
    assert author(made.about(CODE, "persons")) is Origin.HUMAN


def test_scrutiny_follows_the_text_into_another_cell() -> None:
    assert author(claims(("one", Origin.ASSISTANT)).about(CODE, "another")) is Origin.ASSISTANT
    assert author(claims(("one", Origin.IMPORTED)).about(CODE, "another")) is Origin.IMPORTED


def test_a_run_or_a_claim_without_a_cell_goes_by_the_text() -> None:
    assert author(claims(("one", Origin.HUMAN)).about(CODE)) is Origin.HUMAN
    assert author(claims(("", Origin.HUMAN)).about(CODE, "one")) is Origin.HUMAN


def test_the_latest_claim_about_a_cell_counts() -> None:
    assert author(claims(("one", Origin.HUMAN), ("one", Origin.IMPORTED)).about(CODE, "one")) is Origin.IMPORTED


def test_the_oldest_claims_are_forgotten() -> None:
    made = claims(("one", Origin.HUMAN), ("two", Origin.HUMAN), ("three", Origin.HUMAN), kept=2)
    assert made.about(CODE, "one") is None
    assert author(made.about(CODE, "three")) is Origin.HUMAN


def test_a_person_speaks_for_one_run_that_names_no_cell() -> None:
    made = claims(("one", Origin.HUMAN))
    made.used(CODE)
    assert made.about(CODE) is None
    assert author(made.about(CODE, "one")) is Origin.HUMAN
    # Who runs it again says so again.
    made.keep(Claim(sha256=CODE, author=Origin.HUMAN, cell_id="one"))
    assert author(made.about(CODE)) is Origin.HUMAN


def test_what_raises_scrutiny_is_not_used_up() -> None:
    made = claims(("one", Origin.ASSISTANT))
    made.used(CODE)
    assert author(made.about(CODE)) is Origin.ASSISTANT


def test_a_run_that_names_no_cell_is_the_strictest_of_those_with_its_text() -> None:
    made = claims(("assistants", Origin.ASSISTANT), ("persons", Origin.HUMAN))
    assert author(made.about(CODE)) is Origin.ASSISTANT
    assert author(made.about(CODE, "persons")) is Origin.HUMAN


def test_what_was_used_is_forgotten_with_the_claims() -> None:
    made = claims(("one", Origin.HUMAN), kept=2)
    for number in range(10):
        made.used(f"{number:064}")
    made.used(CODE)
    assert made.about(CODE) is None
    assert len(made._used) <= 3


def said(made: Claims, speaker: bytes, author: Origin, cell_id: str = "one", may_lower: bool = True) -> None:
    made.keep(Claim(sha256=CODE, author=author, cell_id=cell_id), speaker, may_lower)


@pytest.mark.parametrize("order", [(b"page", b"other"), (b"other", b"page")])
@pytest.mark.parametrize("cell_id", ["one", "another", ""])
def test_nobody_lowers_what_another_said(order: tuple[bytes, bytes], cell_id: str) -> None:
    made = Claims()
    for speaker in order:
        if speaker == b"page":
            said(made, speaker, Origin.ASSISTANT)
        else:
            said(made, speaker, Origin.HUMAN, cell_id)
    for place in ("one", "another", ""):
        assert author(made.about(CODE, place)) is Origin.ASSISTANT


def test_who_said_it_may_lower_it() -> None:
    made = Claims()
    said(made, b"page", Origin.ASSISTANT)
    said(made, b"page", Origin.HUMAN)
    assert author(made.about(CODE, "one")) is Origin.HUMAN


def test_of_many_by_one_name_none_lowers_what_another_said() -> None:
    made = Claims()
    said(made, b"beside", Origin.ASSISTANT, may_lower=False)
    said(made, b"beside", Origin.IMPORTED, may_lower=False)
    assert author(made.about(CODE, "one")) is Origin.ASSISTANT


def test_one_who_says_much_makes_nobody_elses_words_forgotten() -> None:
    made = Claims(kept=5, speakers=3)
    said(made, b"page", Origin.ASSISTANT)
    for number in range(100):
        made.keep(Claim(sha256=f"{number:064}", author=Origin.HUMAN, cell_id="one"), b"other")
    said(made, b"other", Origin.HUMAN)
    assert author(made.about(CODE, "one")) is Origin.ASSISTANT
    for number in range(10):
        said(made, b"%d" % number, Origin.HUMAN)
    assert len(made._said) == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"author": []},
        {"author": {}},
        {"author": 7},
        {"sha256": []},
        {"sha256": "short"},
        {"sha256": "A" * 64},
        {"cell_id": ["c"]},
        {"cell_id": 7},
        {"cell_id": "\ud800"},
        {"cell_id": "c" * 100_000},
    ],
)
def test_what_is_no_claim_is_none(odd: dict[str, object]) -> None:
    whole = {"author": "human", "sha256": CODE, "cell_id": "one"}
    assert read_claim(whole) is not None
    assert read_claim({**whole, **odd}) is None


def test_shares_are_numbers_from_nothing_to_all() -> None:
    odd = {"huge": 10**400, "more": 1.5, "less": -1, "none": math.nan, "all": math.inf, "text": "1", "list": []}
    claim = read_claim({"author": "human", "sha256": CODE, "shares": {**odd, "typed": 1, "pasted": 0.5}})
    assert claim is not None
    assert claim.shares == {"typed": 1.0, "pasted": 0.5}
    many = read_claim({"author": "human", "sha256": CODE, "shares": {str(one): 0 for one in range(10_000)}})
    assert many is not None
    assert len(many.shares) < 100
