"""Lines of a journal -> links whose hashes depend on all that came before.

A link's hash covers the previous hash, the sequence and a salted commitment to the record, not the record itself:
when a person's data is erased (record and salt removed), every other line still verifies.

A chain in a file that its subject can write is a check against accidents and carelessness, not tamper evidence: who can
write the file can write a new chain. That needs a collector with a user id of its own.
"""

from __future__ import annotations

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
        commitment = commit(salt, msgspec.json.encode(record, order="deterministic"))
        return cls(sequence, previous, commitment, hash_of(previous, sequence, commitment), salt, record)

    def erased(self) -> Link:
        """The same link without the record; nobody can guess it back from the commitment without the salt."""
        return Link(self.sequence, self.previous, self.commitment, self.hash)


def commit(salt: str, record: bytes) -> str:
    """Hex SHA-256 of the salt and the record as it is written."""
    return sha256(salt.encode() + record).hexdigest()


def hash_of(previous: str, sequence: int, commitment: str) -> str:
    """Hex SHA-256 that stands for a link and everything before it."""
    return sha256(f"{previous}:{sequence}:{commitment}".encode()).hexdigest()
