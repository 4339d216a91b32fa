"""Texts that code in the kernel put into the notebook -> whether a cell is one of them.

``set_next_input`` makes a cell that nobody typed. The kernel's reply carries its text, so the wrapper can tell it
again whatever the front end claims.
"""

from __future__ import annotations

from typing import Any

from jupyter_guard.origin import code_hash

KEPT = 10_000


class Ledger:
    """Remembers the last ``KEPT`` texts, by hash, without regard to white space around them."""

    def __init__(self) -> None:
        self._hashes: dict[str, None] = {}

    def note(self, text: str) -> None:
        """Remember one text; an empty one says nothing."""
        if not text.strip():
            return
        digest = code_hash(text.strip())
        self._hashes.pop(digest, None)
        self._hashes[digest] = None
        while len(self._hashes) > KEPT:
            del self._hashes[next(iter(self._hashes))]

    def note_payload(self, payload: Any) -> None:
        """Remember the texts in an ``execute_reply``'s ``payload``, whatever shape it has."""
        for one in payload if isinstance(payload, list) else ():
            if isinstance(one, dict) and one.get("source") == "set_next_input" and isinstance(one.get("text"), str):
                self.note(one["text"])

    def has(self, code: str) -> bool:
        """Whether code in the kernel put this text into the notebook."""
        return bool(self._hashes) and code_hash(code.strip()) in self._hashes
