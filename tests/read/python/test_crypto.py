"""Secrets from predictable generators, and hashes, ciphers and vectors that hide nothing."""

from __future__ import annotations

import pytest

from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.terms import Cell, Origin

HEAD = "import hashlib, os, random, secrets, string, uuid\nfrom Crypto.Cipher import AES\n"
HAZMAT = "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\n"
LETTERS = "random.choice(string.ascii_letters)"


def noted(code: str) -> set[str]:
    reading = SessionReader(workspace="/home/sam/work", home="/home/sam").read(Cell(HEAD + code, Origin.ASSISTANT))
    return {one.what for one in reading.observations} & {"weak-random", "weak-hash", "weak-cipher", "static-iv"}


@pytest.mark.parametrize(
    "code",
    [
        "user = {'password': random.randint(1000, 9999)}",
        "create(password=str(random.random()))",
        "d['session_id'] = random.getrandbits(64)",
        "d.otp = random.randint(0, 9)",
        f"password = ''\nfor i in range(8):\n    password += {LETTERS}",
        f"password = []\nfor i in range(8):\n    password.append({LETTERS})",
        f"def text(n):\n    return ''.join({LETTERS} for _ in range(n))\napi_key = text(32)",
        "session_token = uuid.uuid1().hex",
        "def later():\n    return dict(salt=random.randbytes(16))",
    ],
)
def test_a_secret_from_a_predictable_generator(code: str) -> None:
    assert noted(code) == {"weak-random"}


@pytest.mark.parametrize(
    "code", ["hashlib.new('md5')", "hashlib.new(name='SHA-1')", "hashlib.pbkdf2_hmac('md5', p, s, 9)"]
)
def test_a_broken_hash_by_its_name(code: str) -> None:
    assert noted(code) == {"weak-hash"}


@pytest.mark.parametrize("code", ["AES.new(key, AES.MODE_ECB)", "AES.new(key, mode=AES.MODE_ECB)"])
def test_a_mode_that_shows_equal_blocks(code: str) -> None:
    assert noted(code) == {"weak-cipher"}


@pytest.mark.parametrize(
    "code",
    [
        "AES.new(key, AES.MODE_CBC, b'0000000000000000')",
        "AES.new(key, AES.MODE_CBC, iv=b'0' * 16)",
        "IV = 'abcdefgh' * 2\ndef f():\n    return AES.new(key, AES.MODE_CBC, IV.encode())",
        "def f():\n    nonce = bytes.fromhex('00' * 16)\n    return AES.new(key, AES.MODE_GCM, nonce=nonce)",
        "AES.new(key, AES.MODE_CBC, bytes(16))",
        HAZMAT + "Cipher(algorithms.AES(key), modes.CBC(b'0' * 16))",
    ],
)
def test_a_vector_that_never_changes(code: str) -> None:
    assert noted(code) == {"static-iv"}


@pytest.mark.parametrize(
    "code",
    [
        "password = secrets.token_urlsafe()",
        "rng = random.SystemRandom()\npassword = rng.choice('ab')",
        "tokens = random.choice(['the', 'a'])",
        "train(seed=random.random(), key=random.random())",
        "def pick(n):\n    return random.choice(n)\nname = pick(3)",
        "hashlib.new('sha256')",
        "hashlib.new(kind)",
        "AES.new(key, AES.MODE_CBC, os.urandom(16))",
        "AES.new(key, AES.MODE_CBC, iv=text[:16])",
        "iv = b'0' * 16\niv = os.urandom(16)\nAES.new(key, AES.MODE_CBC, iv)",
        HAZMAT + "Cipher(algorithms.AES(key), modes.CBC(os.urandom(16)))",
    ],
)
def test_what_only_looks_like_it(code: str) -> None:
    assert noted(code) == set()
