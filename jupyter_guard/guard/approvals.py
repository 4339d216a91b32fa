"""Answers to questions about cells -> which later cells need not be asked about again.

An approval is bound to the code's hash and to the effects that were shown. It lives as long as the kernel.
"""

from __future__ import annotations

from enum import StrEnum


class Choice(StrEnum):
    """``ONCE``: this run. ``CODE``: this code in this notebook. ``SESSION``: whatever has exactly these effects."""

    REFUSE = "refuse"
    ONCE = "once"
    CODE = "code"
    SESSION = "session"


# What may be typed at the prompt; anything else, an empty line too, means no.
TYPED = {"y": Choice.ONCE, "yes": Choice.ONCE, "code": Choice.CODE, "session": Choice.SESSION}


def typed_choice(text: str) -> Choice:
    """The choice that an answer at the prompt makes."""
    return TYPED.get(text.strip().lower(), Choice.REFUSE)


class Approvals:
    """The answers of one kernel's people that are still good."""

    def __init__(self) -> None:
        self._codes: set[tuple[str, str]] = set()
        self._effects: set[str] = set()

    def remember(self, choice: Choice, sha256: str, effects: str) -> None:
        """Keep an answer for as far as it reaches; ``ONCE`` and ``REFUSE`` reach no further."""
        if choice is Choice.CODE:
            self._codes.add((sha256, effects))
        elif choice is Choice.SESSION:
            self._effects.add(effects)

    def allow(self, sha256: str, effects: str) -> bool:
        """Whether a cell with this hash and these effects has been allowed before."""
        return (sha256, effects) in self._codes or effects in self._effects
