"""Contexts of systems whose manuals nobody had in mind when the formats were written -> texts with one credential each.

The files have the form of ``unseen3``'s, and its values. At first sight, on the formats of commit 943cc34, 64.4% were
gone (infrastructure 47.6%, applications 72.6%). Since then formats were widened for what they missed, so today's figure
says what is known, not what to expect of the next system; ``held_out.py`` and what others write say that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.scrub.unseen3 import PLACEHOLDER, once, parts, value

SEED = 4711
SYSTEMS = tuple(
    (f"{name}/{context}", template)
    for name in ("infrastructure", "applications")
    for context, template in parts(Path(__file__).parent / f"{name}.txt")
)


def systems(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every context with as many secrets as there are rounds."""
    for turn in range(rounds):
        for name, template in SYSTEMS:
            yield name, *once(name, template, PLACEHOLDER, value, Random(f"{seed}/{turn}/{name}"))
