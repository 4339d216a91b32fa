"""A question about a cell -> a choice, or nobody there to answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from jupyter_guard.guard.approvals import Choice, typed_choice


def can_ask(shell: Any) -> bool:
    """Whether a person can answer now: a terminal on standard input, or a front end that takes input requests.

    Text piped into IPython is not a person: its next line would answer for one.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    try:
        return bool(sys.stdin.isatty())
    except (AttributeError, ValueError):
        return False


def ask(shell: Any, question: str, read: Callable[[str], str]) -> Choice | None:
    """Put ``question`` with ``read`` (``input`` or the kernel's own); ``None`` when nobody can answer.

    An interrupt or an end of file means no, as does any text that is not one of the answers.
    """
    if not can_ask(shell):
        return None
    try:
        return typed_choice(read(question))
    except (EOFError, KeyboardInterrupt):
        return Choice.REFUSE
    except Exception:
        # StdinNotImplementedError, a front end that went away: there was nobody after all.
        return None
