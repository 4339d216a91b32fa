"""An approved tool's name and arguments -> what it returned, or why not; each call is in the journal.

Nobody can be asked here: a call that a person has to approve is made in a cell, where the notebook's page asks.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from jupyter_guard.mcp.reading import ReadingError, policy_at

if TYPE_CHECKING:
    from jupyter_guard.mcp.offered import Answer
    from jupyter_guard.mcp.running import Caller
    from jupyter_guard.tools import Tool
    from jupyter_guard.tools.approved import Call

log = logging.getLogger("jupyter_guard")

HOST: Final = "mcp"
TELL_SECONDS: Final = 2.0
SECONDS_TO_END: Final = 5.0


class ApprovedTools:
    """The tools that the policy of ``folder`` approves, but for those whose names are ``taken``."""

    def __init__(self, folder: str, taken: frozenset[str]) -> None:
        self._folder, self._taken = folder, taken
        self._said: set[str] = set()
        # One journal for all that this server calls.
        self._record: Callable[[Call], None] | None = None
        # Of each call that runs: what stops it, and what says that it is over and on record.
        self._running: set[tuple[threading.Event, threading.Event]] = set()

    def close(self) -> None:
        """End the calls that still run, and wait until that is on record."""
        running = [*self._running]
        for stop, _ in running:
            stop.set()
        for _, over in running:
            over.wait(SECONDS_TO_END)

    def found(self) -> Mapping[str, Tool]:
        """The tools by name, as the policy is now; may take a while. Raises ``PolicyError``."""
        from jupyter_guard.tools import registry

        known = registry(policy_at(self._folder), self._folder)
        clashes = sorted(self._taken & set(known))
        taken = [f"{name}: an approved tool has the name of one of the guard's" for name in clashes]
        for problem in (*known.problems, *taken):
            if problem not in self._said:
                self._said.add(problem)
                log.warning("%s", problem)
        return {name: tool for name, tool in known.items() if name not in self._taken}

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Answer:
        """Call one. Raises ``ReadingError`` for a name that there is not, and ``PolicyError``."""
        from jupyter_guard.mcp.offered import Answer
        from jupyter_guard.tools import ToolError, ToolRefusedError, recorder

        tools = await anyio.to_thread.run_sync(self.found)
        tool = tools.get(name)
        if tool is None:
            raise ReadingError(_unknown(name, [*sorted(self._taken), *tools]))
        self._record = self._record or recorder(HOST)
        try:
            returned = await self._called(tool, arguments, caller, self._record)
        except ToolRefusedError:
            return Answer(_asks(name, arguments, tool.question(arguments)), is_error=True)
        except ToolError as error:
            return Answer(str(error), is_error=True)
        # The protocol wants an object.
        data = returned if isinstance(returned, dict) else {"result": returned}
        return Answer(json.dumps(returned, indent=1, ensure_ascii=False), data)

    async def _called(self, tool: Tool, arguments: dict[str, Any], caller: Caller, record: Any) -> Any:
        stop, over = threading.Event(), threading.Event()
        begin = time.monotonic()
        returned: list[Any] = []

        def work() -> Any:
            self._running.add((stop, over))
            try:
                return tool.call(arguments, None, record, stop)
            finally:
                over.set()
                self._running.discard((stop, over))

        async def wait() -> None:
            try:
                returned.append(await anyio.to_thread.run_sync(work, abandon_on_cancel=True))
            finally:
                # Whoever gave up waiting wants it to end.
                stop.set()
            group.cancel_scope.cancel()

        async def tell() -> None:
            while True:
                await anyio.sleep(TELL_SECONDS)
                if caller.is_gone:
                    stop.set()
                await caller.progress(round(time.monotonic() - begin, 1), 0, f"{tool.name} runs")

        failed: list[BaseException] = []
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(tell)
                await wait()
        except BaseExceptionGroup as several:
            failed = list(several.exceptions)
        if failed:
            raise failed[0]
        return returned[0]


def _asks(name: str, arguments: dict[str, Any], question: str) -> str:
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return (
        f"A person has to approve this call, and nobody can be asked here: it {question}. Make it in their notebook, "
        f"where they are asked: run_cell with the code\n\nfrom jupyter_guard import tools\ntools.{name}({given})"
    )


def _unknown(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(known)}."
    return f"There is no tool {name!r}.{hint}"
