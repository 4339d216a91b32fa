"""What can go wrong with a call of a tool, in words for whoever called it."""

from __future__ import annotations


class ToolError(RuntimeError):
    """A tool was not run, or gave no result; the text is for whoever called it. ``why`` is one word for programs."""

    __module__ = "jupyter_guard.tools"
    why = "failed"


class UnknownToolError(ToolError, AttributeError):
    """There is no approved tool of that name; the text names the nearest."""

    __module__ = "jupyter_guard.tools"
    why = "unknown"


class ToolArgumentsError(ToolError, TypeError):
    """The arguments are not those of the tool: which, and what was expected."""

    __module__ = "jupyter_guard.tools"
    why = "arguments"


class ToolRefusedError(ToolError, PermissionError):
    """Somebody who was asked said no, or nobody could be asked."""

    __module__ = "jupyter_guard.tools"
    why = "refused"


class ToolFailedError(ToolError):
    """It gave no result: ``why`` is raised, timeout, too-large, died, undeclared, unboxed, stopped or unusable."""

    __module__ = "jupyter_guard.tools"

    def __init__(self, text: str, why: str = "raised") -> None:
        super().__init__(text)
        self.why = why
