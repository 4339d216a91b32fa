"""Text -> text without secrets."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from jupyter_guard.scrub.known import KnownValues, Skipped
from jupyter_guard.scrub.message import Cleaned, MessageScrubber
from jupyter_guard.scrub.patterns import with_own
from jupyter_guard.scrub.redaction import Redaction, marker
from jupyter_guard.scrub.stream import Scrubber, scrub

__all__ = [
    "Cleaned",
    "KnownValues",
    "MessageScrubber",
    "Redaction",
    "Scrubber",
    "Skipped",
    "marker",
    "scrub",
    "with_own",
]


class _Room(ModuleType):
    """The package is the function too: ``from jupyter_guard import scrub; scrub(text)`` works, whichever came first."""

    def __call__(self, text: str, known: Any = (), patterns: Any = None) -> str:
        return scrub(text, known, patterns)


sys.modules[__name__].__class__ = _Room
