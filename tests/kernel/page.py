"""A page's end of the guard's comm, as the extension has it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jupyter_guard.guard.seal import BASE, BYTES, Seal, x25519
from jupyter_guard.kernel.panel import shown_hash


class Page:
    """A key pair, what the guard's snapshot said its own is, and the questions as they were shown."""

    def __init__(self) -> None:
        self._secret = os.urandom(BYTES)
        self.public = x25519(self._secret, BASE.to_bytes(BYTES, "little")).hex()
        self.seal = Seal(None)
        self._shown: dict[str, str] = {}

    def again(self) -> Page:
        """The same page, before it opens its next comm."""
        page = Page()
        page._secret, page.public = self._secret, self.public
        return page

    def hear(self, data: Mapping[str, Any]) -> None:
        """What the guard says."""
        if data["type"] == "snapshot" and not self.seal.public:
            self.seal = Seal(data["key"], self._secret, is_page=True)
        pending = data["pending"] if data["type"] == "snapshot" else [data["item"]] if data["type"] == "pending" else ()
        self._shown |= {item["id"]: shown_hash(item) for item in pending}

    def sealed(self, data: dict[str, Any]) -> dict[str, Any]:
        """What the page sends; an answer says what was shown, where the test does not."""
        if data.get("type") == "answer":
            data = {"shown": self._shown.get(str(data.get("id")), ""), **data}
        return dict(self.seal.sealed(data)) if self.seal.public else data
