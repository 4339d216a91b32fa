"""The offered tools -> a server of the official SDK, in either of its lines: 1.28 and later, and 2.

Assistants that share Jupyter's environment need the first (notebook-intelligence 6.2, jupyter-ai 3.2). Clients of
either line and servers of the other understand each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio

import jupyter_guard
from jupyter_guard.mcp.offered import Answer, Description, Offered

NAME: Final = "jupyter-guard"
INSTRUCTIONS: Final = (
    "Call context before you write code, and vet before you run it. run_cell runs on the notebook that a person has "
    "open; where the policy asks, the person answers there, and you wait. A refusal says what to do instead: do that, "
    "do not try the same again."
)
GONE: Final = "jupyter_guard.gone"
"""In an HTTP request's scope: an event that is set when its client has gone away."""

Tell = Callable[[float, float | None, str], Awaitable[None]]


class _Caller:
    """The client of one call. ``tell`` sends it progress, ``request`` is its HTTP request; either may be none."""

    def __init__(self, tell: Tell | None, request: Any) -> None:
        self._tell = tell
        self._gone = request.scope.get(GONE) if request is not None else None

    @property
    def is_gone(self) -> bool:
        """Whether its HTTP connection is closed: the answer has no other way to it."""
        return self._gone is not None and self._gone.is_set()

    async def progress(self, seconds: float, total: float, message: str) -> None:
        """Tell it, where it asked to be told."""
        if self._tell is not None:
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                # That it does not listen any more is found out otherwise.
                await self._tell(seconds, total or None, message)


def server_of(offered: Offered) -> Any:
    """A low-level server of the SDK's that offers these tools."""
    from mcp.server.lowlevel import Server

    return _first_line(Server, offered) if hasattr(Server, "call_tool") else _second_line(Server, offered)


def _first_line(kind: Any, offered: Offered) -> Any:
    server = kind(NAME, version=jupyter_guard.__version__, instructions=INSTRUCTIONS)

    async def listed() -> list[Any]:
        return [_tool(one) for one in await offered.listed()]

    async def called(name: str, arguments: dict[str, Any]) -> Any:
        context = server.request_context
        token = context.meta.progressToken if context.meta is not None else None
        send, request_id = context.session.send_progress_notification, str(context.request_id)

        async def tell(seconds: float, total: float | None, message: str) -> None:
            await send(token, seconds, total, message, related_request_id=request_id)

        caller = _Caller(tell if token is not None else None, context.request)
        return _result(await offered.call(name, arguments, caller))

    server.list_tools()(listed)
    # Checked by us, in words that say what is wrong.
    server.call_tool(validate_input=False)(called)
    return server


def _second_line(kind: Any, offered: Offered) -> Any:
    from mcp import types

    async def listed(_context: Any, _params: Any) -> Any:
        return types.ListToolsResult(tools=[_tool(one) for one in await offered.listed()])

    async def called(context: Any, params: Any) -> Any:
        caller = _Caller(context.session.report_progress, context.request)
        return _result(await offered.call(params.name, params.arguments or {}, caller))

    return kind(
        NAME,
        version=jupyter_guard.__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=listed,
        on_call_tool=called,
    )


def _tool(one: Description) -> Any:
    from mcp import types

    values = {
        "name": one.name,
        "description": one.text,
        "inputSchema": one.schema,
        "annotations": {"readOnlyHint": one.is_read_only},
    }
    # By their names on the wire, which both lines take.
    return types.Tool.model_validate(values)


def _result(answer: Answer) -> Any:
    from mcp import types

    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}]
    content += [{"type": "image", "mimeType": kind, "data": data} for kind, data in answer.pictures]
    values = {"content": content, "structuredContent": answer.data, "isError": answer.is_error}
    return types.CallToolResult.model_validate(values)
