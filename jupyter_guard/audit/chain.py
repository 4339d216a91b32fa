"""Lines of a journal -> links whose hashes depend on all that came before.

A link's hash covers the previous hash, the sequence and a salted commitment to the record, not the record itself:
when a person's data is erased (record and salt removed), every other line still verifies.

A chain in a file that its subject can write is a check against accidents and carelessness, not tamper evidence: who can
write the file can write a new chain. That needs a collector with a user id of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

import msgspec

from jupyter_guard.audit.record import Record

START = "0" * 64


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. ``salt`` and ``record`` are empty where the record was erased."""

    sequence: int
    previous: str
    commitment: str
    hash: str
    salt: str = ""
    record: Record | None = None

    @classmethod
    def after(cls, previous: str, sequence: int, record: Record, salt: str) -> Link:
        """The link that follows ``previous`` (a hash, ``START`` for the first)."""
        commitment = commit(salt, record)
        return cls(sequence, previous, commitment, hash_of(previous, sequence, commitment), salt, record)

    def erased(self) -> Link:
        """The same link without the record; nobody can guess it back from the commitment without the salt."""
        return Link(self.sequence, self.previous, self.commitment, self.hash)


class Problem(msgspec.Struct, frozen=True):
    """What is wrong at a line, counted from 1."""

    line: int
    message: str


def commit(salt: str, record: Record) -> str:
    """Hex SHA-256 of the salt and the record's canonical JSON."""
    return sha256(salt.encode() + msgspec.json.encode(record, order="deterministic")).hexdigest()


def hash_of(previous: str, sequence: int, commitment: str) -> str:
    """Hex SHA-256 that stands for a link and everything before it."""
    return sha256(f"{previous}:{sequence}:{commitment}".encode()).hexdigest()


def verify(lines: Iterable[bytes], head: tuple[int, str] | None = None) -> Iterator[Problem]:
    """Yield what is wrong in a journal's lines, in order.

    ``head`` is the last sequence and hash as recorded elsewhere; without it a removed tail cannot be seen.
    """
    previous, expected, number = START, 1, 0
    for number, line in enumerate(lines, 1):
        try:
            link = msgspec.json.decode(line, type=Link)
        except msgspec.DecodeError as error:
            yield Problem(number, f"not a whole record ({error})")
            continue
        if link.sequence != expected:
            yield Problem(number, f"sequence {link.sequence} where {expected} was expected")
        if link.previous != previous:
            yield Problem(number, "does not follow the line before it: one was changed, removed or moved")
        if link.hash != hash_of(link.previous, link.sequence, link.commitment):
            yield Problem(number, "its hash does not fit its contents")
        if link.record is not None and link.commitment != commit(link.salt, link.record):
            yield Problem(number, "the record was changed")
        previous, expected = link.hash, link.sequence + 1
    if head is not None and head != (expected - 1, previous):
        yield Problem(number + 1, f"the journal should end with sequence {head[0]}: its tail was removed or replaced")
