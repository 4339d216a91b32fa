"""``%load_ext`` and ``%unload_ext`` -> a host that guards the session, or a sentence where a kernel guards it."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from jupyter_guard.inside.magics import GuardMagics, register, unregister

if TYPE_CHECKING:
    from jupyter_guard.inside.host import Host

HOSTED = (
    "jupyter_guard guards this session from inside: cells are judged before they run and secrets leave outputs "
    "(policy {policy}).\nIt is cooperative, no wall: code that runs here could switch it off. It cannot clean what "
    "other processes write\nstraight to the terminal. The kernel 'Guarded Python' works from outside. "
    "%guard says more."
)
ALREADY = "This kernel is guarded from outside already: nothing to load. %guard says how."

_MAGICS: weakref.WeakKeyDictionary[Any, GuardMagics] = weakref.WeakKeyDictionary()


def attach(shell: Any, in_guarded_kernel: bool) -> None:
    """Guard ``shell``, or say why there is nothing to do; a second call changes nothing.

    Raises ``UsageError`` when the policy has mistakes: nothing is guarded then.
    """
    if shell in _MAGICS:
        return
    if in_guarded_kernel:
        # It has brought its own %guard.
        print(ALREADY)
        return
    host = _host(shell)
    host.attach()
    magics = GuardMagics(shell, host)
    print(HOSTED.format(policy=host.pipeline.standing.policy))
    register(shell, magics)
    _MAGICS[shell] = magics


def detach(shell: Any) -> None:
    """Undo ``attach``; a shell that is not guarded is left alone."""
    magics = _MAGICS.pop(shell, None)
    if magics is None:
        return
    unregister(shell, magics)
    from jupyter_guard.inside.masking import remove_learner

    remove_learner(magics.host)
    magics.host.detach()


def _host(shell: Any) -> Host:
    from jupyter_guard.guard.pipeline import Pipeline
    from jupyter_guard.inside.host import Host
    from jupyter_guard.inside.masking import add_learner

    pipeline = Pipeline(Path.cwd())
    if pipeline.standing.problems:
        problems = "\n".join(pipeline.standing.problems)
        raise UsageError(f"jupyter_guard did not load, so this session is not guarded:\n{problems}")
    host = Host(shell, pipeline)
    add_learner(host)
    return host
