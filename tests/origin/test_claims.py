from __future__ import annotations

from jupyter_guard.origin import Claim, Claims
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
