"""``tools.NAME(...)`` where no guard is outside of this process -> the call, by the policy of the current folder.

Cooperative, as everything in such a process is: whoever runs code here could start the tool's process himself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_guard.policy import load_effective
from jupyter_guard.tools.approved import Call, Registry, Tool, registry
from jupyter_guard.tools.recording import recorder

_records: list[Callable[[Call], None]] = []


def caller(name: str) -> Callable[..., Any]:
    """A function that calls the approved tool ``name``. Raises ``UnknownToolError``."""
    tool = _tools().named(name)

    def call(*args: Any, **kwargs: Any) -> Any:
        from jupyter_guard.tools.errors import ToolArgumentsError

        if args:
            raise ToolArgumentsError(f"{tool.name}{tool.signature}: name its arguments, as in {_example(tool)}")
        if not _records:
            _records.append(recorder("here"))
        return tool.call(kwargs, approve=_asker(), record=_records[0])

    call.__name__, call.__doc__ = tool.name, tool.description
    return call


def names() -> list[str]:
    """The approved tools."""
    return list(_tools())


def _tools() -> Registry:
    return registry(load_effective(Path.cwd()))


def _asker() -> Callable[[str], bool] | None:
    """What asks whoever sits before this session; ``None`` where nobody does."""
    shell = _shell()
    kernel = getattr(shell, "kernel", None)
    read: Callable[[str], str]
    if kernel is not None:
        if not getattr(kernel, "_allow_stdin", False):
            return None
        read = kernel.raw_input
    elif sys.stdin is not None and sys.stdin.isatty():
        read = input
    else:
        # Text piped in is no person: its next line would answer for one.
        return None

    def ask(question: str) -> bool:
        try:
            return read(f"jupyter_guard: this code {question}.\nRun it? [y/N] ").strip().lower() in ("y", "yes")
        except (EOFError, KeyboardInterrupt):
            return False

    return ask


def _shell() -> Any:
    # Not imported for it: where nobody has, there is no session.
    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive is not None else None


def _example(tool: Tool) -> str:
    return f"tools.{tool.name}({', '.join(f'{one}=...' for one in tool.schema.get('properties', {}))})"
