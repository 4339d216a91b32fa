"""Credentials in contexts of other tools and providers, with values of a seed; and what only looks like one."""

from __future__ import annotations

import pytest

from benchmarks.scrub.contexts import BENIGN, credentials, unseen
from jupyter_guard.scrub import scrub

# URLs of documentation: a password that is a word is one all the same.
TAKEN_OUT = ("postgresql://",)


@pytest.mark.parametrize("seed", [11, 23])
def test_nearly_every_one_is_taken_out(seed: int) -> None:
    rows = list(credentials(1, seed))
    left = [name for name, text, value in rows if value in scrub(text)]
    assert len(left) <= 0.03 * len(rows), left


def test_names_calls_and_sentences_tell_of_credentials_too() -> None:
    rows = list(unseen())
    left = [name for name, text, value in rows if value in scrub(text)]
    assert len(left) <= 0.05 * len(rows), left


@pytest.mark.parametrize(
    "text",
    [
        "The token is expired since 2026-01-03T00:00:00, key is customer_id_2026_q1",
        "the key is 8799d679_final.parquet, created key column for v1.2.3-alpha4",
        "token used tokenizer.model.v3 and password was reset on 2026-01-01",
        "your password is required, password must be set via https://acme.io/reset?u=1",
        "hash('customer 12'), hash('part-00012.snappy'), verify(model, 'layer_12.weight')",
        "connect('localhost', 5432, 'warehouse_2026'), open('out.csv', 'w', 'utf-8-sig')",
        "session = Session('eu-west-1', 'default', 'profile_2')",
        "df.merge(other, key='customer_2026_identifier'), sorted(x, key='column_12_of_the_table')",
        "access=read_write_execute_2026, cookie=accepted, session: morning_session_2026",
        "pw = 12345678.5, pass: 1/20, code = 404, unlock_code: disabled_2026",
    ],
)
def test_names_calls_and_sentences_of_other_things_stay(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("text", [text for text in BENIGN if not text.startswith(TAKEN_OUT)])
def test_what_only_looks_so_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_type_in_quotes_is_no_password() -> None:
    text = "BasicAuth(username: 'str | bytes', password: 'str | bytes') -> 'None'"
    assert scrub(text) == text
