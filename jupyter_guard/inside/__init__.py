"""What lives in the user's process: the IPython extension, its magics and cards."""

from __future__ import annotations

import os
from typing import Any, TypeVar

# The guarded kernel sets it for its child; there, vetting and scrubbing happen outside this process already.
KERNEL_MARKER = "JUPYTER_GUARD_KERNEL"

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
    return os.environ.get(KERNEL_MARKER) == "1"


def mask(value: _Value) -> _Value:
    """Make ``value`` a known secret from now on, and give it back.

    Its text (``str(value)``, or the text that the bytes spell) is redacted from outputs in every encoding that the
    scrubber knows. Raises ``RuntimeError`` when nothing guards this session: nobody should believe it is masked.
    """
    from jupyter_guard.inside.masking import learn

    learn(value)
    return value
