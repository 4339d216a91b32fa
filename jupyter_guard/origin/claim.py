"""What a front end, a notebook file or a kernel says about an author -> checked values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeGuard

import msgspec

from jupyter_guard.terms import Origin

METADATA_KEY = "jupyter_guard"
LONGEST_ID = 1000
SHARES_KEPT = 50
# https://github.com/microsoft/vscode-copilot-chat: how its notebook tools number cells for the model.
AGENT_CELL_ID = "#VSC-"
STARTERS = ("person", "command", "server")
_HASH = re.compile("[0-9a-f]{64}")
# JSON can carry these; UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")


class Claim(msgspec.Struct, frozen=True):
    """A live claim over the panel's own comm, whose key the receiver has checked already.

    ``sha256`` is the hex digest of the code that the claim is about. ``shares`` maps how characters arrived
    (``typed``, ``pasted``, ``completed``, ``program``, ``remote``, ``loaded`` ...) to their share, 0 to 1.
    ``started_by`` is ``"person"``, ``"command"``, ``"server"`` or ``""``.
    """

    sha256: str
    author: Origin = Origin.UNKNOWN
    cell_id: str = ""
    shares: dict[str, float] = {}
    started_by: str = ""

    def is_about(self, code: str) -> bool:
        """Whether the claim was made for exactly this text."""
        return self.sha256 == code_hash(code)


def code_hash(code: str) -> str:
    """Hex SHA-256 of the code in UTF-8; lone surrogates, which JSON can carry, are kept as they are."""
    return sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def read_claim(data: Mapping[str, Any]) -> Claim | None:
    """A claim from the panel's JSON, or ``None`` when it is not one; whether it may be believed is for the caller."""
    author, digest, shares = data.get("author"), data.get("sha256"), data.get("shares")
    if not isinstance(author, str) or author not in set(Origin):
        return None
    if not isinstance(digest, str) or not _HASH.fullmatch(digest):
        return None
    cell_id = data.get("cell_id") or ""
    if not is_id(cell_id):
        # One about no cell would hold for any.
        return None
    started_by = data.get("started_by")
    numbers = list(shares.items())[:SHARES_KEPT] if isinstance(shares, dict) else ()
    return Claim(
        sha256=digest,
        author=Origin(author),
        cell_id=cell_id,
        # Comparing keeps out what is no number, and integers that no float can hold.
        shares={
            str(name): float(share) for name, share in numbers if isinstance(share, int | float) and 0 <= share <= 1
        },
        started_by=started_by if started_by in STARTERS else "",
    )


def is_id(found: object) -> TypeGuard[str]:
    """Whether a cell's or comm's id is text that every part of the guard can hand on; front ends make no others."""
    return isinstance(found, str) and len(found) <= LONGEST_ID and not _SURROGATE.search(found)


def marked_author(metadata: Mapping[str, Any]) -> Origin | None:
    """The author that a tool's own mark in a cell's metadata stands for, or ``None``.

    VS Code's notebook agent names the cells that it makes ``#VSC-`` and a number, which cells that a person adds in VS
    Code do not have. Other front ends' marks (Colab's ``executionInfo``, VS Code's ``cellId``) name no author.
    """
    marks = (metadata.get("id"), metadata.get("cellId"))
    is_agents = any(isinstance(mark, str) and mark.startswith(AGENT_CELL_ID) for mark in marks)
    return Origin.ASSISTANT if is_agents else None


def stored_author(metadata: Mapping[str, Any]) -> Origin | None:
    """The author that a cell's metadata names, or ``None`` when it names nobody.

    The key is ``jupyter_guard.origin``, a word or a table with ``author``. Anything that is there but cannot be
    understood counts as ``unknown``: edited metadata must not pass for a person's.
    """
    own = metadata.get(METADATA_KEY)
    if own is None or (isinstance(own, Mapping) and "origin" not in own):
        return None
    stored = own["origin"] if isinstance(own, Mapping) else own
    if isinstance(stored, Mapping):
        stored = stored.get("author")
    return Origin(stored) if isinstance(stored, str) and stored in set(Origin) else Origin.UNKNOWN
