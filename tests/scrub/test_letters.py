"""Generated values that have no digit, and names and words that are as long."""

from __future__ import annotations

import random
import string

import pytest

from jupyter_guard.scrub import Scrubber, scrub
from jupyter_guard.scrub.letters import looks_lettered

CHANCE = random.Random(41)
ASSIGNED = (
    "api_key={}",
    "API_KEY = '{}'",
    "token: {}",
    '{{"access_token": "{}"}}',
    "client_secret: {}",
    "Authorization: Bearer {}",
    "Authorization: Token {}",
    "Bearer {}",
    "https://api.example/v1?x=1&api_key={}&y=2",
    "x-api-key: {}",
    "session_key={}",
    "requests.get(url, headers={{'Authorization': 'Bearer {}'}})",
)
KINDS = {
    "both cases": (string.ascii_letters, 24),
    "one case": (string.ascii_lowercase, 32),
    "capitals": (string.ascii_uppercase, 32),
    "with signs": (string.ascii_letters + "-_", 40),
}
ORDINARY = (
    "api_key=get_api_key_from_environment",
    "token: XMLHttpRequestEventTarget",
    "token = tokenizer.convert_tokens_to_ids",
    "api_key: Optional[SecretStringFromEnvironment]",
    "Bearer authenticationSchemeHandlerFactory",
    "secret = client.accessSecretVersionRequest",
    "access_key: aws_access_key_identifier",
    "token: abcdefghijklmnopqrstuvwxyz",
    "token=YYYY-MM-DDTHH:MM:SS",
    "token=ACGTTGCAACGTTGCAACGTACGTTTGACA",
    "secret_key: tqdm.dask.TqdmCallback",
    "&token=Donaudampfschifffahrtsgesellschaft",
    "token: konstantynopolitanczykowianeczka",
    "api-key: kubernetes-external-secrets-operator",
)


def lettered(kind: str) -> str:
    """Letters drawn by lot; without a pair that no word has they would not be known, which is one in a hundred."""
    letters, size = KINDS[kind]
    while True:
        value = "".join(CHANCE.choices(letters, k=size))
        if looks_lettered(value):
            return value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ASSIGNED)
def test_generated_letters_are_taken_out(text: str, kind: str) -> None:
    for _ in range(3):
        value = lettered(kind)
        cleaned = scrub(text.format(value))
        assert value not in cleaned
        assert not any(value[at : at + 8] in cleaned for at in range(len(value) - 7))
        cut = CHANCE.randrange(len(text) + len(value))
        whole = text.format(value)
        scrubber = Scrubber()
        assert scrubber.feed(whole[:cut]) + scrubber.feed(whole[cut:]) + scrubber.flush() == cleaned


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_all_generated_letters_look_so(kind: str) -> None:
    letters, size = KINDS[kind]
    chance = random.Random(kind)
    found = sum(looks_lettered("".join(chance.choices(letters, k=size))) for _ in range(1_000))
    assert found >= 950


@pytest.mark.parametrize("text", ORDINARY)
def test_words_and_names_stay(text: str) -> None:
    assert scrub(text) == text


def test_what_engines_look_for_is_in_what_they_are_near() -> None:
    value = lettered("both cases")
    assert looks_lettered("a" * 8 + value, 64)
    assert not looks_lettered("aeio" * 20 + value, 64)
