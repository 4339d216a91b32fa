"""What a cell held when it last was allowed to run."""

from __future__ import annotations

from jupyter_guard.kernel.allowed import KEPT_BYTES, TEXT_BYTES, AllowedTexts


def test_the_latest_text_of_a_cell_is_told_when_it_is_another() -> None:
    texts = AllowedTexts()
    assert texts.changed("a", "x = 1") is None
    texts.keep("a", "x = 1")
    assert texts.changed("a", "x = 1") is None
    assert texts.changed("a", "x = 2") == "x = 1"
    assert texts.changed("b", "x = 2") is None
    texts.keep("a", "x = 2\ud800")
    assert texts.changed("a", "x = 3") == "x = 2\ud800"


def test_a_cell_without_an_id_or_with_too_long_a_text_is_not_kept() -> None:
    texts = AllowedTexts()
    texts.keep("", "x = 1")
    assert texts.changed("", "x = 2") is None
    texts.keep("a", "short")
    texts.keep("a", "x" * (TEXT_BYTES + 1))
    assert texts.changed("a", "other") is None


def test_the_oldest_are_forgotten_first_and_memory_is_bounded() -> None:
    texts = AllowedTexts()
    fit = KEPT_BYTES // TEXT_BYTES
    for number in range(fit + 2):
        texts.keep(str(number), "x" * TEXT_BYTES)
    assert [number for number in range(fit + 2) if texts.changed(str(number), "") is None] == [0, 1]
