"""Credentials in contexts of other tools and providers, with values of a seed; and what only looks like one."""

from __future__ import annotations

import pytest

from benchmarks.scrub.contexts import BENIGN, credentials, unseen
from benchmarks.scrub.systems import systems
from jupyter_guard.scrub import scrub

# An URL of documentation: a password that is a word is one all the same, unless all of it is words of templates.
TAKEN_OUT = ("postgresql://scott:",)


@pytest.mark.parametrize("seed", [11, 23])
def test_nearly_every_one_is_taken_out(seed: int) -> None:
    rows = list(credentials(1, seed))
    left = [name for name, text, value in rows if value in scrub(text)]
    assert len(left) <= 0.03 * len(rows), left


def test_names_calls_and_sentences_tell_of_credentials_too() -> None:
    rows = list(unseen())
    left = [name for name, text, value in rows if value in scrub(text)]
    assert len(left) <= 0.05 * len(rows), left


def test_settings_and_commands_of_many_systems_tell_of_credentials() -> None:
    rows = list(systems(2))
    left = [name for name, text, value in rows if value in scrub(text)]
    assert len(left) <= 0.12 * len(rows), left


@pytest.mark.parametrize(
    "text",
    [
        "passed 3 tests in TestRunner2024, bypass=Value2024x, compass: North2024East",
        "user: see Chapter12 of the manual, use Qwen2.5-7B as the tokenizer, uses Python3.11 to log in",
        "secret: the Model2024B of the vault; password policy: PasswordMustHave8Characters",
        "arn:aws:secretsmanager:us-west-2:123456789012:secret:MyDatabaseSecret-a1b2c3",
        "from langchain_community.retrievers import BM25Retriever",
        "tokenizer = AutoTokenizer.from_pretrained('HuggingFaceH4/zephyr-7b-alpha')",
        "git clone git@acme.io:Team2024/repo.git && scp ann@acme.io:Data2024/x .",
        "util.addListener(session, 'frameError', onHttp2FrameError); deepskyblue: '#00bfff'; pin : 2014-12-18",
        "LEGACY_PASSTHROUGH = 'LEGACY_PASSTHROUGH'",
        "  password           your password if your server wants one\n  patch              path to an external prg2\n",
        "code: 2026-01-03, serial: 12-34, licence: Apache-2.0, activation: relu6",
        "password: must-be-changed-at-login, secretName: billing-api-tls-cert",
        "public_key = 'MCowBQYDK2VwAyEA', sort_key: user/2024/part-0001",
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
