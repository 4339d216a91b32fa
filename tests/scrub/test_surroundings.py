"""Credentials in brackets, frames, codes and URLs, and phrases; and what stands there that is none."""

from __future__ import annotations

import random
import re
import string
import uuid

import pytest

from jupyter_guard.scrub import Scrubber, scrub

CHANCE = random.Random(59)
TOKEN_PLACES = (
    "token ({})",
    "token <{}> expired",
    "api_key <{}>",
    "secret [{}]",
    "api key ({}) revoked",
    "key {} was accepted",
    "the key '{}' has been revoked",
    "│ api_token │ {} │",
    "┃ secret_key  ┃ {}  ┃ 2026 ┃",
    "║ API KEY ║ {} ║",
    " api_token | {} ",
    "the api_key {} is in use",
    "my_acme_live_{}",
    "ACME_LIVE_{}",
)
PASSWORD_PLACES = (
    "│ password │ {} │",
    "WIFI:S:home;T:WPA;P:{};;",
    "WIFI:T:WPA;S:my\\;home;P:{};H:true;;",
)
LOGIN_PLACES = (
    "postgresql://ann:{}@db.host/shop",
    "redis://:{}@cache:6379/0",
    "https://ann:{}@git.example.org/x.git",
    "https://ann:{}@localhost:8080/",
)
LOGINS = tuple(
    a + b
    for a, b in (("p4ss/", "w0rd!x"), ("p@ss", "w0rd9"), ("Winter/", "2024@home"), ("a@b", "@c9x"), ("x9", "/y@z"))
)
PHRASES = (
    "correct horse " + "battery staple",
    "the horse ate " + "my battery in march",
    "one ring to find " + "them all tonight",
    "Seven Blue Whales " + "Of The North",
)
PHRASE_PLACES = (
    'passphrase = "{}"',
    "password: '{}'",
    '{{"password": "{}"}}',
    'the passphrase is "{}"',
    'PASSPHRASE="{}"',
    "passphrase: |\n  {}\n",
)
UUID = str(uuid.UUID(int=0x5BD8B3C05C6F4D6E9A6C8B1F2E3D4C5B))
ORDINARY = (
    "Pass 1: loss=0.3",
    "Pass 12: loss=0.31 acc=0.99",
    "Second pass (loss=0.12)",
    "pass: epoch=3",
    "passwd:x:1001:1001:Password Manager,,,:/home/passwd:/bin/bash",
    "passwd:x:1001:1001::/home/passwd:/usr/sbin/nologin",
    "passwd:*:19000:0:99999:7:::",
    "password_hash_algo=bcrypt",
    "password_hash_algo=argon2id",
    "password_hash_algorithm: pbkdf2_sha256",
    "password_encryption = scram-sha-256",
    "password_hasher = 'argon2'",
    "password_algo: PBKDF2WithHmacSHA256",
    "password_policy=strong16",
    f"token_id={UUID}",
    f"tokenId: {UUID}",
    f'"sessionId": "{UUID}"',
    f"session_id={UUID}",
    f"sessionid={UUID}",
    f"credential_id={UUID}",
    f"api_key_id={UUID}",
    "password: !vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          6238\n",
    "api_key: !vault |",
    "password: !Ref DBPassword",
    "postgresql://USER:PASSWORD@HOST/DB",
    "postgresql://user:password@host/db",
    "mysql://USERNAME:PASSWORD@HOSTNAME:3306/DATABASE",
    "postgresql://DB_USER:DB_PASSWORD@DB_HOST/DB_NAME",
    "mongodb://USER:PWD@HOST",
    "https://USER:TOKEN@git.example.org/x",
    "password (PBKDF2-SHA256)",
    "token (RFC6750)",
    "secret [AES256-GCM]",
    "passphrase (at least 8 characters)",
    "key 5f3a9c0d1e2b4a6978c0d1e2f3a4b5c6 was not found, the index is not valid",
    "key user_2024_part_0001_of_the_table is invalid",
    "│ token_count │ 1234567 │",
    "│ secret_name │ billing-api-tls │",
    "│ key │ customer_id │",
    "WIFI:S:cafe;T:nopass;P:;;",
    "redis://cache:6379/0?email=ann@example.org",
    "git+ssh://github.com:acme/tools2@v1.2",
    "https://registry:5000/team/app@sha256",
    "password: 'enter the password of the account'",
    'passphrase = "used to unlock the private key"',
    '"password": "must be at least eight characters"',
    "my_model_test_results_of_the_last_run_2024",
)


def token(size: int) -> str:
    return "".join(CHANCE.choices(string.ascii_letters + string.digits, k=size - 2)) + "7k"


@pytest.mark.parametrize("text", TOKEN_PLACES)
def test_tokens_are_taken_out(text: str) -> None:
    for size in (24, 32, 40):
        value = token(size)
        assert value not in scrub(text.format(value))


@pytest.mark.parametrize("text", PASSWORD_PLACES)
def test_passwords_are_taken_out(text: str) -> None:
    for _ in range(3):
        value = "Tulip" + token(6) + "!"
        assert value not in scrub(text.format(value))


@pytest.mark.parametrize("password", LOGINS)
@pytest.mark.parametrize("text", LOGIN_PLACES)
def test_no_part_of_a_password_in_a_url_is_left(text: str, password: str) -> None:
    whole = text.format(password)
    cleaned = scrub(whole)
    left = re.sub(r"\[REDACTED:[a-z-]+\]", " ", cleaned)
    assert not any(password[at : at + 3] in left for at in range(len(password) - 2))
    for cut in range(0, len(whole), 3):
        scrubber = Scrubber()
        assert scrubber.feed(whole[:cut]) + scrubber.feed(whole[cut:]) + scrubber.flush() == cleaned


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("text", PHRASE_PLACES)
def test_phrases_may_have_words_of_any_sentence(text: str, phrase: str) -> None:
    assert phrase not in scrub(text.format(phrase))


def test_what_logs_in_is_taken_out_whatever_it_is_called() -> None:
    assert UUID not in scrub(f"secret_id: {UUID}")
    assert token(32) not in scrub(f"api_key_name={token(32)}")
    assert UUID not in scrub(f"api_key={UUID}")


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_word_in_angle_brackets_is_a_placeholder_and_letters_at_random_are_none() -> None:
    value = "Tr0u&k9;Zq4(W2" + "<]tL<jZDLNP>x"
    assert value not in scrub(f"api_key = '{value}' # end\n")
    for kept in ("api_key = 'a81f-<YOUR_KEY>-x93'\n", "api_key = 'k9-<your-token>-7Q'\n"):
        assert scrub(kept) == kept
