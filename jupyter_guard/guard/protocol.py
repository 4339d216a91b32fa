"""What the wrapper and its helper say to each other: typed messages <-> length-prefixed MessagePack.

Cell text travels as UTF-8 bytes with lone surrogates kept, which JSON can carry and MessagePack text cannot.
"""

from __future__ import annotations

import os
import struct
from typing import Final

import msgspec

_LENGTH: Final = struct.Struct(">I")
LARGEST: Final = 256 * 1024 * 1024


# What tells a file from the one that was there before, or from none: when it changed (ns), its inode, its size.
Stamp = tuple[int, int, int]


# A secret that a file or variable holds: its value, the kind that markers show, the name that it has there.
HeldSecret = tuple[bytes, str, bytes]


class Vet(msgspec.Struct, tag="vet", frozen=True):
    """Judge a cell, and with it the ``expressions`` that its request wants evaluated; answered by ``Judged``.

    ``how`` is not empty for code that turned up while a cell ran: an ``"act"`` that it is about to do, ``"text"``
    that it built, a ``"cell"`` within it, the cell as transformers ``"changed"`` it, a file to ``"run"`` in the
    session or a ``"module"`` with names of its own; for what a help or completion request would ``"look"`` at, and
    for a ``"comm"`` message that is to be run; and for a ``"draft"`` that nobody has run yet, or one in a whole
    ``"notebook"``.
    ``path`` is its file, ``cells`` the execution counts and lines on the stack, the innermost first. ``rows`` is what a
    statement touches in a database, -1 for an unknown number, as ``held`` says: in a transaction that waits.
    """

    id: int
    code: bytes
    origin: str = "unknown"
    language: str = "python"
    cell_id: str = ""
    number: int = 0
    expressions: tuple[bytes, ...] = ()
    how: str = ""
    path: str = ""
    cells: tuple[tuple[int, int], ...] = ()
    rows: int | None = None
    held: bool = False


class Tell(msgspec.Struct, tag="tell", frozen=True):
    """Say what the ``"policy"`` is, ``"explain"`` the rule ``rest``, and as JSON what the ``"audit"`` holds about this
    notebook and how to ``"fix"`` what was found in a cell; answered by ``Told``.
    """

    id: int
    what: str
    rest: str = ""


class Told(msgspec.Struct, tag="told", frozen=True):
    """The answer to ``Tell``."""

    id: int
    text: str


class Learn(msgspec.Struct, tag="learn", frozen=True):
    """A cell runs although it was not plainly allowed, or ran before this helper began: remember what it defines."""

    code: bytes
    origin: str = "unknown"
    language: str = "python"


class Standing(msgspec.Struct, tag="standing", frozen=True):
    """The policy in force. ``problems`` is not empty when it could not be read: then every cell is blocked.

    ``patterns`` is the policy's own token formats as JSON. ``files`` are those that it may come from, as they were when
    it was read. ``secrets`` is what the sources in ``known_from`` hold, where a wrapper is told. ``limits`` are names,
    values and who set them. ``privileges`` is what the session may do beyond an ordinary account, for people.
    ``keeps_code``: decisions are kept with the cell's text. ``opened`` says by whom, until when and why nothing is
    stopped for a while. What cells of the origins in ``watched`` do is judged while they run.
    """

    mode: str = "enforce"
    policy: str = ""
    preset: str = ""
    locked: bool = False
    known_from: tuple[str, ...] = ()
    backend: str = "none"
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    files: tuple[tuple[str, Stamp], ...] = ()
    patterns: bytes = b"{}"
    secrets: tuple[HeldSecret, ...] = ()
    limits: tuple[tuple[str, int, str], ...] = ()
    privileges: tuple[str, ...] = ()
    keeps_code: bool = False
    opened: str = ""
    watched: tuple[str, ...] = ("imported", "assistant")


class Judged(msgspec.Struct, tag="judged", frozen=True):
    """The answer to ``Vet``.

    ``item`` is the report as the panel's JSON has it, without what only the wrapper knows. ``cards`` and ``errors``
    hold the MIME bundle and the error content for each state that may follow (``blocked``, ``declined``,
    ``unasked``, ``warned``), as JSON. ``effects`` identifies the effects shown, ``shown`` each of
    them. ``aside`` are paths that it may change, ``None`` when nothing is to be set
    aside for it. ``repeatable`` says that the answer is
    the same for the same cell until another cell is judged or learned or the policy changes.
    """

    id: int
    verdict: str
    would_be: str
    effects: str
    item: bytes
    prompt: str = ""
    cards: dict[str, bytes] = {}
    errors: dict[str, bytes] = {}
    repeatable: bool = False
    shown: tuple[str, ...] = ()
    aside: tuple[str, ...] | None = None


class Decided(msgspec.Struct, tag="decided", frozen=True):
    """What became of a cell, or of its output, to be kept; now and then answered by ``Kept``.

    ``facts`` is the wrapper's part as JSON (fields of ``audit.Record``), ``item`` the report as ``Judged`` had it,
    empty for an outcome.
    """

    id: int
    facts: bytes
    item: bytes = b""


class Kept(msgspec.Struct, tag="kept", frozen=True):
    """All up to the ``Decided`` with this id is kept."""

    id: int


class Call(msgspec.Struct, tag="tool", frozen=True):
    """The kernel's code calls the tool ``name`` with ``arguments``, JSON (``"call"``), wants a ``"list"`` of them, or
    was interrupted (``"stop"`` what has this id). ``allowed``: whoever was asked said yes. Answered by ``Called``.
    """

    id: int
    what: str
    name: str = ""
    arguments: bytes = b"{}"
    origin: str = "unknown"
    number: int = 0
    allowed: bool = False


class Called(msgspec.Struct, tag="called", frozen=True):
    """The answer to ``Call``: ``body`` is its result, JSON; or ``why`` there is none, with a ``text`` for whoever
    called; or ``judged`` asks somebody first. ``sentence`` is the call in words, ``backend`` how its process was held.
    """

    id: int
    why: str = ""
    text: str = ""
    body: bytes = b""
    judged: Judged | None = None
    sentence: str = ""
    seconds: float = 0.0
    backend: str = "none"


class Ended(msgspec.Struct, tag="ended", frozen=True):
    """The kernel ended and was waited for: its process group is nobody's, and soon perhaps somebody else's."""


class Aside(msgspec.Struct, tag="aside", frozen=True):
    """Set aside what a cell may change (``"begin"``, with the ``paths`` that reading foresaw), and what it is about to
    change beside (``"more"``), keep what it did change (``"finish"``, with the ``paths`` that it is known to have
    written), or say or ``"undo"`` that, as ``rest`` puts it; with ``over``, also over newer work. Answered by
    ``SetAside``.
    """

    id: int
    what: str
    msg_id: str = ""
    number: int = 0
    origin: str = "unknown"
    code: bytes = b""
    paths: tuple[str, ...] = ()
    rest: str = ""
    over: bool = False


class SetAside(msgspec.Struct, tag="set-aside", frozen=True):
    """The answer to ``Aside``: a ``text`` to show, or what was ``judged`` of going on; of a cell that has ended what it
    ``changed``, each as ``Judged.shown`` has effects. ``partial``: of a cell that runs, not all that it may change is
    set aside, so what it is about to change is to be said.
    """

    id: int
    text: str = ""
    judged: Judged | None = None
    changed: tuple[str, ...] = ()
    partial: bool = False


Message = Vet | Learn | Tell | Decided | Ended | Aside | Standing | Judged | Told | Kept | SetAside | Call | Called
_decoder: Final = msgspec.msgpack.Decoder(Message)
_encoder: Final = msgspec.msgpack.Encoder()


def stamp(path: str) -> Stamp:
    """A file as it is now."""
    # For every cell, so without a path object, which costs as much again.
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return 0, 0, -1
    return found.st_mtime_ns, found.st_ino, found.st_size


def pack(message: Message) -> bytes:
    """One message with its length before it."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class Unpacker:
    """Bytes as they arrive -> the messages that are complete. Raises ``ValueError`` for bytes that are none."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Add ``data``; the messages that it completes."""
        buffer = self._buffer
        buffer += data
        messages: list[Message] = []
        at = 0
        while len(buffer) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, at)
            if length > LARGEST:
                raise ValueError(f"a message of {length} bytes")
            end = at + _LENGTH.size + length
            if len(buffer) < end:
                break
            try:
                messages.append(_decoder.decode(memoryview(buffer)[at + _LENGTH.size : end]))
            except msgspec.MsgspecError as error:
                raise ValueError(str(error)) from None
            at = end
        del buffer[:at]
        return messages


def to_bytes(code: str) -> bytes:
    """Cell text for the wire."""
    return code.encode("utf-8", "surrogatepass")


def to_text(code: bytes) -> str:
    """Cell text from the wire; a last character that was cut is dropped."""
    try:
        return code.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        return code[: error.start].decode("utf-8", "surrogatepass")
