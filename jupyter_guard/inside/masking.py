"""A value that must not be seen -> a known secret of whatever guards this session."""

from __future__ import annotations

import sys
import weakref
from typing import Any, Protocol

# What the guarded kernel's launcher loads into its child (``inside/child/link.py``).
LINK = "_jupyter_guard_link"


class Learner(Protocol):
    """What takes up a secret: the in-process host."""

    def learn(self, value: str, kind: str) -> None:
        """Redact ``value`` from now on."""


_LEARNERS: weakref.WeakSet[Any] = weakref.WeakSet()


def add_learner(learner: Learner) -> None:
    """Have ``learner`` told of masked values; it is forgotten when it dies or is removed."""
    _LEARNERS.add(learner)


def remove_learner(learner: Learner) -> None:
    """Tell ``learner`` nothing more."""
    _LEARNERS.discard(learner)


def learn(value: Any) -> None:
    """Make the text of ``value`` a known secret. Raises ``RuntimeError`` when nothing guards this session."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes | bytearray) else str(value)
    guarded = sys.modules.get(LINK)
    if guarded is not None and guarded.link is not None:
        # In a guarded kernel: the wrapper cleans what leaves this process.
        guarded.link.mask(text, "masked value")
    learners = list(_LEARNERS)
    if not learners and guarded is None:
        raise RuntimeError(
            "mask() has nobody to tell: this session is not guarded. Load the extension (%load_ext jupyter_guard) "
            "or pick the kernel 'Guarded Python'."
        )
    for learner in learners:
        learner.learn(text, "masked value")
