"""What lives in the user's process: the IPython extension, its magics and cards."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

# What the guarded kernel's launcher loads into its child (``inside/child``). Not a variable of the environment: that
# would be handed on to processes that nobody guards.
LAUNCHED = "_jupyter_guard_refusal"

_Value = TypeVar("_Value")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext jupyter_guard``: guard this IPython session from inside, and register ``%guard``.

    Raises ``IPython.core.error.UsageError`` when the policy has mistakes: the session is then not guarded, and the
    message says so.
    """
    from jupyter_guard.inside.attach import attach

    attach(shell, in_guarded_kernel=in_guarded_kernel())


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext jupyter_guard``: leave IPython exactly as it was before the extension was loaded."""
    from jupyter_guard.inside.attach import detach

    detach(shell)


def in_guarded_kernel() -> bool:
    """Whether this process is the child of a guarded kernel."""
    return LAUNCHED in sys.modules


def mask(value: _Value) -> _Value:
    """Make ``value`` a known secret from now on, and give it back.

    Its text (``str(value)``, or the text that the bytes spell) is redacted from outputs in every encoding that the
    scrubber knows. Raises ``RuntimeError`` when nothing guards this session: nobody should believe it is masked.
    """
    from jupyter_guard.inside.masking import learn

    learn(value)
    return value
