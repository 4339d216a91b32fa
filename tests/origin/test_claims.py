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
