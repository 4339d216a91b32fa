"""What the wrapper and its helper say to each other arrives whole, whatever the pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.guard.protocol import Judged, Learn, Standing, Unpacker, Vet, pack, to_bytes, to_text

MESSAGES = st.one_of(
    st.builds(
        Vet, id=st.integers(0, 2**31), code=st.binary(max_size=200), expressions=st.tuples(st.binary(max_size=9))
    ),
    st.builds(Learn, code=st.binary(max_size=200)),
    st.builds(Standing, policy=st.text(max_size=20).filter(lambda text: text.isascii())),
    st.builds(
        Judged,
        id=st.integers(0, 9),
        verdict=st.just("allow"),
        would_be=st.just("allow"),
        effects=st.just(""),
        item=st.binary(),
    ),
)


@given(st.lists(MESSAGES, max_size=6), st.integers(1, 50))
def test_messages_survive_any_cutting(messages: list[Vet | Learn | Standing | Judged], size: int) -> None:
    data = b"".join(pack(message) for message in messages)
    unpacker = Unpacker()
    received = [one for at in range(0, len(data), size) for one in unpacker.feed(data[at : at + size])]
    assert received == messages


@given(st.text(alphabet=st.characters()))
def test_text_keeps_lone_surrogates(text: str) -> None:
    assert to_text(to_bytes(text + "\ud800")) == text + "\ud800"


def test_bytes_that_are_no_message_are_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        Unpacker().feed(b"\0\0\0\x02\xff\xff")
    with pytest.raises(ValueError, match="bytes"):
        Unpacker().feed(b"\xff\xff\xff\xff")
