"""Guards a Jupyter session while people and assistants write code in it.

``vet(code)`` and ``Session`` say what code would do and whether the policy lets it; ``scrub(text)`` and ``Scrubber``
take secrets out of text; ``mask(value)`` makes a value a known secret; ``%load_ext jupyter_guard`` guards any IPython.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = [
    "Policy",
    "Scrubber",
    "Session",
    "load_ipython_extension",
    "mask",
    "scrub",
    "tool",
    "unload_ipython_extension",
    "vet",
]

# The guarded kernel's child starts after this import and before any other: not even ``typing`` is worth the wait.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_guard.guard.session import Session, vet
    from jupyter_guard.inside import load_ipython_extension, mask, unload_ipython_extension
    from jupyter_guard.policy import Policy
    from jupyter_guard.scrub import Scrubber, scrub
    from jupyter_guard.tools import tool

_ROOMS = {
    "Policy": "jupyter_guard.policy",
    "Scrubber": "jupyter_guard.scrub",
    "Session": "jupyter_guard.guard.session",
    "load_ipython_extension": "jupyter_guard.inside",
    "mask": "jupyter_guard.inside",
    "scrub": "jupyter_guard.scrub",
    "tool": "jupyter_guard.tools",
    "tools": "jupyter_guard.tools",
    "unload_ipython_extension": "jupyter_guard.inside",
    "vet": "jupyter_guard.guard.session",
}


def __getattr__(name: str) -> Any:
    # Each entry point loads only its own room: a kernel start pays for what it imports.
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module 'jupyter_guard' has no attribute {name!r}")
    from importlib import import_module

    loaded = import_module(room)
    # `scrub` is the name of a room as well; the room can be called.
    value = loaded if room == f"{__name__}.{name}" else getattr(loaded, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "jupyter_guard.server"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-guard"}]
