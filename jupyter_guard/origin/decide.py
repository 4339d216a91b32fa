"""A live claim, a stored claim and the kernel's own memory -> one origin.

Only a live claim whose hash fits the code may say ``human``. Everything else can only raise scrutiny.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from jupyter_guard.origin.claim import Claim, marked_author, stored_author
from jupyter_guard.terms import Origin


class Evidence(msgspec.Struct, frozen=True):
    """The origin that counts and, a phrase each, what spoke for it."""

    origin: Origin
    reasons: tuple[str, ...]


def decide_origin(
    code: str,
    metadata: Mapping[str, Any],
    claim: Claim | None = None,
    *,
    from_program: bool = False,
) -> Evidence:
    """Who wrote ``code``.

    ``metadata`` is the request's (the cell's own metadata in it), ``claim`` the latest live claim for this cell,
    ``from_program`` whether the text is one that code in the kernel put into the notebook (``set_next_input``).
    """
    origin, reasons = Origin.UNKNOWN, ["nobody watched this cell being written"]
    if claim is not None and claim.is_about(code):
        origin, reasons = claim.author, [f"the panel saw it being written: {claim.author}"]
    elif claim is not None:
        reasons = ["the panel's claim is about other text"]
    stored = stored_author(metadata)
    if stored is not None and stored > origin:
        origin = stored
        reasons.append(f"the cell's metadata says {stored}")
    marked = marked_author(metadata)
    if marked is not None and marked > origin:
        origin = marked
        reasons.append(f"the cell carries the mark of a tool: {marked}")
    if from_program and origin < Origin.ASSISTANT:
        # Nothing tells which program: code that an assistant ran can call set_next_input as well as a person's.
        origin = Origin.ASSISTANT
        reasons.append("code in the kernel put this text into the notebook")
    return Evidence(origin, tuple(reasons))
