"""Approved tools: functions that a policy lets be called, each in a process of its own with its own grants.

``@guard.tool`` declares one; ``registry(policy)`` gives those that are approved. In a cell, ``tools.NAME(...)`` calls
one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_guard.tools.approved import Call, Registry, Tool, registry
    from jupyter_guard.tools.declared import tool
    from jupyter_guard.tools.errors import (
        ToolArgumentsError,
        ToolError,
        ToolFailedError,
        ToolRefusedError,
        UnknownToolError,
    )
    from jupyter_guard.tools.recording import recorder

__all__ = [
    "Call",
    "Registry",
    "Tool",
    "ToolArgumentsError",
    "ToolError",
    "ToolFailedError",
    "ToolRefusedError",
    "UnknownToolError",
    "recorder",
    "registry",
    "tool",
]

_ROOMS = {
    "Call": "approved",
    "Registry": "approved",
    "Tool": "approved",
    "ToolArgumentsError": "errors",
    "ToolError": "errors",
    "ToolFailedError": "errors",
    "ToolRefusedError": "errors",
    "UnknownToolError": "errors",
    "recorder": "recording",
    "registry": "approved",
    "tool": "declared",
}


def __getattr__(name: str) -> Any:
    # Lazily: a kernel imports this to call a tool, and needs none of it for that.
    room = _ROOMS.get(name)
    if room is not None:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{room}"), name)
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _called_by_name(name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_names()})


def _called_by_name(name: str) -> Any:
    """What calls the approved tool ``name``: through the guard that is outside of this process, where there is one."""
    import sys

    inside = sys.modules.get("_jupyter_guard_calling")
    if inside is not None:
        return getattr(inside.tools, name)
    from jupyter_guard.tools.here import caller

    return caller(name)


def _names() -> list[str]:
    import sys

    inside = sys.modules.get("_jupyter_guard_calling")
    if inside is not None:
        return list(dir(inside.tools))
    from jupyter_guard.tools.here import names

    return names()
