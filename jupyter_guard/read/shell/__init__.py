"""Shell text -> effects."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_guard.read.context import BudgetSpent, Context
from jupyter_guard.read.shell.run import run
from jupyter_guard.read.shell.state import Shell
from jupyter_guard.read.shell.streams import EMPTY, Stream
from jupyter_guard.read.shell.walk import read_text
from jupyter_guard.terms import Effect, Kind

__all__ = ["read_argv", "read_shell"]


def read_shell(text: str, context: Context, stdin: str = "", *, seen: bool = True) -> list[Effect]:
    """What the commands in ``text``, fed ``stdin``, would do. Never raises: what takes too much work is ``unread``.

    ``seen`` says that what they print ends in the cell's output.
    """
    shell = Shell(context)
    try:
        read_text(shell, text, Stream(stdin) if stdin else EMPTY, seen=seen)
    except (BudgetSpent, RecursionError):
        shell.emit(context.effect(Kind.UNREAD, via="sh"))
    return shell.effects


def read_argv(words: Sequence[str], context: Context, stdin: str = "", *, seen: bool = True) -> list[Effect]:
    """What one command, given word by word and read by no shell, would do."""
    shell = Shell(context)
    try:
        run(shell, list(words), Stream(stdin) if stdin else EMPTY, seen=seen)
    except (BudgetSpent, RecursionError):
        shell.emit(context.effect(Kind.UNREAD, via=words[0] if words else "sh"))
    return shell.effects
