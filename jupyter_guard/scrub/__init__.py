"""Text -> text without secrets."""

from __future__ import annotations

from jupyter_guard.scrub.known import KnownValues, Skipped
from jupyter_guard.scrub.message import Cleaned, MessageScrubber
from jupyter_guard.scrub.redaction import Redaction, marker
from jupyter_guard.scrub.stream import Scrubber, scrub

__all__ = ["Cleaned", "KnownValues", "MessageScrubber", "Redaction", "Scrubber", "Skipped", "marker", "scrub"]
