from __future__ import annotations

import pytest

from jupyter_guard.read.literals import secrets_in

FORMS = {
    "aws key": "AK" + "IA" + "ABCDEFGH12345678",
    "google key": "AI" + "za" + "B" * 35,
    "github token": "gh" + "p_" + "a1" * 18,
    "hugging face token": "hf" + "_" + "aB3" * 11,
    "github token ": "github" + "_pat_" + "a1" * 31,
    "google token": "ya" + "29." + "a1" * 12,
    "gitlab token": "gl" + "pat-" + "a1" * 10,
    "slack token": "xo" + "xb-" + "a1" * 8,
    "model key": "s" + "k-" + "a1" * 20,
    "stripe key": "r" + "k_live_" + "a1" * 12,
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize(("name", "secret"), FORMS.items())
def test_well_known_forms_are_found_where_they_stand(name: str, secret: str) -> None:
    ((found, span),) = secrets_in(f"x = 1\nk = '{secret}'")
    assert found == name.strip()
    assert (span.line, span.column, span.end_column) == (2, 5, 5 + len(secret))


@pytest.mark.parametrize("text", ["AKIA", "hf_hub_download('a')", "x = 'sk-learn'", "-----BEGIN PUBLIC KEY-----"])
def test_words_that_only_look_alike_are_not(text: str) -> None:
    assert list(secrets_in(text)) == []
