"""Credentials that only their surroundings give away, and ordinary text with the same surroundings."""

from __future__ import annotations

import base64
import random
import string

import pytest

from jupyter_guard.scrub import scrub

CHANCE = random.Random(11)
RANDOM = "".join(CHANCE.choice(string.ascii_letters + string.digits) for _ in range(26)) + "7k"
SAID = "sesame" + "22x"


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LEAKS = {
    "curl -u": (f"curl -u ann:{SAID} https://x.example", SAID),
    "curl with other options": (f"curl -sS -X POST --user 'ann:{SAID}' https://x.example", SAID),
    "curl with a key for a name": (f"curl https://x.example -u {RANDOM}: -d a=b", RANDOM),
    "docker config": (
        f'{{"auths": {{"r.example": {{"auth": "{base64_of("me:open" + SAID)}"}}}}}}',
        base64_of("me:open" + SAID),
    ),
    "basic without digits": (f"Authorization: Basic {base64_of('me:opensesame')}", base64_of("me:opensesame")),
    "basic by itself": (f"header was basic {base64_of('me:opensesame')}\n", base64_of("me:opensesame")),
    "an unknown provider's live key": (f"using acme_live_{RANDOM}", RANDOM),
    "an unknown provider's secret key": (f"client = Acme('zorg_sk_{RANDOM}')", RANDOM),
    "a webhook": (f"POST https://hooks.acme.example/hooks/{RANDOM} 200", RANDOM),
    "a webhook in parts": (f"https://chat.example/webhook/T02ABC9X/{RANDOM}", RANDOM),
    "settings": ("[db]\nuser = root\npassword = open_sesame\nport = 3306\n", "open_sesame"),
    "settings, one line": ("password = open_sesame", "open_sesame"),
    "settings as YAML": ("user: root\npassword: open-sesame\n", "open-sesame"),
    "words in quotes": ("user = 'ann'\npassword = \"open sesame\"\n", "open sesame"),
    "netrc": (f"machine h.example login me password {SAID}\n", SAID),
    "mysql": (f"mysql -u root -p{SAID} shop", SAID),
    "sshpass": (f"sshpass -p {SAID} ssh me@h.example", SAID),
    "docker login": (f"docker login -u me -p {SAID} r.example", SAID),
    "a secret with signs": ('jwt:\n  secret: "development#product"\n', "development#product"),
    "kubernetes": (f"data:\n  extra: {base64_of('admin:sesame')}\n", base64_of("admin:sesame")),
    "connection string of an example host": (f"postgres://ann:{SAID}@db.example.com/shop", SAID),
}
ORDINARY = (
    "curl -u user https://x.example",
    "curl -u <user:password> https://x.example",
    "Basic information about the authors",
    '{"auth": "oauth2", "author": "ann:bob"}',
    "tests/my_test_function_with_a_long_name.py::test_live_results_are_shown",
    "s3://bucket/raw_data_prod_20240101/part-00000.parquet",
    "/srv/repo/.git/hooks/prepare-commit-msg.sample",
    "src/hooks/useLocalStorageState.ts",
    "password = get_password()",
    "user = args.user\npassword = args.password\n",
    "x = f(1)\npassword = other_name\n",
    "username: str\npassword: str\n",
    "password = user_password\n",
    'self.get_argument("password", default="")',
    "data:\n  name: production\n  replicas: 3\n",
    "mysql -u root -p",
    "tokenizer = M2M100Tokenizer.from_pretrained",
    "the password is required",
)


@pytest.mark.parametrize("name", LEAKS)
def test_it_is_taken_out(name: str) -> None:
    text, secret = LEAKS[name]
    cleaned = scrub(text)
    assert secret not in cleaned
    assert "[REDACTED:" in cleaned


@pytest.mark.parametrize("text", ORDINARY)
def test_it_stays(text: str) -> None:
    assert scrub(text) == text
