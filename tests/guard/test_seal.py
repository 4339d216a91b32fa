"""Messages of a comm: opened once, by the end that they are for, as they were sent; X25519 as others compute it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.guard.seal import BASE, BYTES, Seal, x25519

KEY = st.binary(min_size=BYTES, max_size=BYTES)
BASE_POINT = BASE.to_bytes(BYTES, "little")


def ends() -> tuple[Seal, Seal]:
    """A page's end and the guard's, which have agreed."""
    secret = os.urandom(BYTES)
    guard = Seal(x25519(secret, BASE_POINT).hex())
    return Seal(guard.public, secret, is_page=True), guard


@given(KEY, KEY)
def test_it_is_the_curve_that_others_compute(own: bytes, other: bytes) -> None:
    peer = X25519PrivateKey.from_private_bytes(other)
    public = x25519(own, BASE_POINT)
    assert public == X25519PrivateKey.from_private_bytes(own).public_key().public_bytes_raw()
    shared = x25519(own, peer.public_key().public_bytes_raw())
    assert shared == peer.exchange(X25519PublicKey.from_public_bytes(public))


def test_the_iterated_vector_of_the_standard() -> None:
    # RFC 7748, section 5.2: after 1 and after 1,000 rounds.
    scalar = point = BASE_POINT
    for count in range(1000):
        scalar, point = x25519(scalar, point), scalar
        if count == 0:
            assert scalar.hex() == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert scalar.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


def test_a_message_is_opened_once_and_in_its_order() -> None:
    page, guard = ends()
    first, second = page.sealed({"a": 1}), page.sealed({"a": 2})
    assert guard.opened(first) == {"a": 1, "n": 1}
    assert guard.opened(second) == {"a": 2, "n": 2}
    assert guard.opened(second) is None
    assert guard.opened(first) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda one: {**one, "sealed": one["sealed"].replace("once", "code")},
        lambda one: {**one, "proof": one["proof"][:-1] + ("0" if one["proof"][-1] != "0" else "1")},
        lambda one: {**one, "proof": None},
        lambda one: {**one, "proof": "\ud800"},
        lambda one: {**one, "sealed": {"choice": "once", "n": 1}},
        lambda one: {"choice": "once", "n": 1},
    ],
)
def test_a_message_that_was_changed_is_not_opened(change: Any) -> None:
    page, guard = ends()
    sealed = page.sealed({"choice": "once"})
    assert guard.opened(change(sealed)) is None
    assert guard.opened(sealed) is not None


def test_what_the_guard_says_does_not_pass_for_the_pages_nor_anothers_for_either() -> None:
    page, guard = ends()
    assert guard.opened(guard.sealed({"a": 1})) is None
    assert page.opened(guard.sealed({"a": 1})) is not None
    other, _ = ends()
    assert guard.opened(other.sealed({"a": 1})) is None
    assert guard.is_theirs("text", page.proof("text"))
    assert not guard.is_theirs("text", guard.proof("text"))


@pytest.mark.parametrize("theirs", [None, 7, "", "f" * 63, "F" * 64, "0" * 64, "01" + "0" * 62, "g" * 64])
def test_without_a_key_that_is_one_nothing_is_opened(theirs: Any) -> None:
    # 0 and 1 are points of small order: whatever the secret is, the key would be known.
    guard = Seal(theirs)
    assert guard.public == ""
    assert guard.opened(Seal(theirs, is_page=True).sealed({"a": 1})) is None
