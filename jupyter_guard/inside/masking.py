"""A value that must not be seen -> a known secret of whatever guards this session."""

from __future__ import annotations

import sys
import weakref
from typing import Any, Protocol

# What the hook in a guarded kernel's process hears (``inside/child/questions.py``).
EVENT = "jupyter_guard.ask"


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
    # In a guarded kernel the wrapper cleans what leaves this process.
    answers: list[dict[str, Any]] = []
    sys.audit(EVENT, {"op": "mask", "value": text, "kind": "masked value", "name": ""}, answers)
    if answers and answers[0].get("ok") is not True:
        raise RuntimeError(str(answers[0].get("text", "the guard did not take the value")))
    learners = list(_LEARNERS)
    if not learners and not answers:
        raise RuntimeError(
            "mask() has nobody to tell: this session is not guarded. Load the extension (%load_ext jupyter_guard) "
            "or pick the kernel 'Guarded Python'."
        )
    for learner in learners:
        learner.learn(text, "masked value")
