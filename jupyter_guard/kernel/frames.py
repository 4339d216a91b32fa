"""Whole messages on and off zmq sockets, at a third of the cost of pyzmq's own multipart calls.

Those convert their flags part by part; a cell is some seventy parts, and each relay pays for them twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import zmq
from zmq.backend import Socket, zmq_poll

_MORE, _NOBLOCK, _EVENTS, _IN = (int(one) for one in (zmq.SNDMORE, zmq.NOBLOCK, zmq.EVENTS, zmq.POLLIN))
_send: Any = Socket.send
_recv: Any = Socket.recv
_get: Any = Socket.get

poll: Any = zmq_poll


# A routing id or a topic, the delimiter, the signature and four parts in JSON; what follows are binary buffers.
_PARTS = 7


def receive(sock: Any) -> list[bytes] | None:
    """The next message's frames, or ``None`` when none is there. Buffers are ``zmq.Frame``, which copies nothing."""
    try:
        frame = _recv(sock, _NOBLOCK, False)
    except zmq.Again:
        return None
    # A frame knows whether more follow; to ask the socket costs as much again as to take the next one.
    frames = [frame.bytes]
    while frame.more:
        frame = _recv(sock, 0, False)
        frames.append(frame.bytes if len(frames) < _PARTS else frame)
    return frames


def messages(sock: Any, most: int, most_bytes: int = 1 << 40) -> Iterator[list[bytes]]:
    """The messages that are there: up to ``most``, and no more once they had ``most_bytes`` in their last parts."""
    for _ in range(most):
        frames = receive(sock)
        if frames is None:
            return
        most_bytes -= len(frames[-1])
        yield frames
        if most_bytes <= 0 or not _get(sock, _EVENTS) & _IN:
            return


def send(sock: Any, frames: list[bytes], copy: bool = True) -> None:
    """Send a message; on a router, to a client that is gone, it is dropped as zmq does."""
    last = len(frames) - 1
    for number, frame in enumerate(frames):
        _send(sock, frame, _MORE if number < last else 0, copy)


def offer(sock: Any, frames: list[bytes], copy: bool = True) -> None:
    """Send a message, or raise ``zmq.Again`` when there is no room for it."""
    last = len(frames) - 1
    for number, frame in enumerate(frames):
        _send(sock, frame, _NOBLOCK | _MORE if number < last else _NOBLOCK, copy)
