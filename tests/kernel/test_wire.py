"""Frames that are not signed, not complete or not new are refused."""

from __future__ import annotations

import contextlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.kernel.wire import DELIMITER, MalformedError, Wire, parse_header

WIRE = Wire(b"key")


def test_a_signed_message_is_taken_once() -> None:
    wire = Wire(b"key")
    frames = [b"client", *wire.message("status", {})]
    assert wire.check(frames, once=True) == 1
    assert wire.check(frames) == 1
    with pytest.raises(MalformedError, match="sent before"):
        wire.check(frames, once=True)


@pytest.mark.parametrize("part", [2, 3, 4, 5, 6])
def test_a_changed_part_is_refused(part: int) -> None:
    frames = [b"client", *WIRE.message("status", {})]
    frames[part] += b" "
    with pytest.raises(MalformedError, match="wrong signature"):
        WIRE.check(frames)


@given(
    st.binary(min_size=1, max_size=200), st.sampled_from(["sha256", "sha1", "sha512", "md5"]), st.binary(max_size=50)
)
def test_signatures_are_those_that_clients_make(key: bytes, digest: str, content: bytes) -> None:
    frames = [DELIMITER, b"", b"{}", b"{}", b"{}", content]
    Wire(key, f"hmac-{digest}").sign(frames, 0)
    assert frames[1] == hmac.new(key, b"".join(frames[2:]), digest).hexdigest().encode()


@given(st.lists(st.one_of(st.just(DELIMITER), st.binary(max_size=20)), max_size=9))
def test_no_frames_do_more_than_being_refused(frames: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        WIRE.check(frames)


@given(st.binary(max_size=60))
def test_no_header_does_more_than_being_refused(frame: bytes) -> None:
    with contextlib.suppress(MalformedError):
        parse_header(frame)
