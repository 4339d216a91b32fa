"""A tool's name and arguments from a client -> its answer, whatever is wrong with them said in words."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import anyio
import anyio.to_thread
import msgspec
from msgspec import Meta

from jupyter_guard.mcp import reading
from jupyter_guard.mcp.approved import ApprovedTools
from jupyter_guard.mcp.notebooks import NotebookError, chosen, opened
from jupyter_guard.mcp.reading import ReadingError, apart
from jupyter_guard.mcp.running import LEASE_SECONDS, Caller, Result, run
from jupyter_guard.mcp.servers import Server, running
from jupyter_guard.policy import Policy, PolicyError
from jupyter_guard.scrub import KnownValues, Redaction, with_own
from jupyter_guard.scrub.content import Cleaner

log = logging.getLogger("jupyter_guard")

LONGEST_CODE: Final = 200_000
# Clients kill a server that they have told to end about as soon: https://modelcontextprotocol.io, "Shutdown".
SECONDS_TO_END: Final = 5.0
ENDED: Final = "This server was told to end, so the call was stopped; what it had done by then stays done."
Code = Annotated[str, Meta(min_length=1, max_length=LONGEST_CODE)]


class Vet(msgspec.Struct, forbid_unknown_fields=True):
    """Say what code would do in a notebook, whether the policy lets an assistant's cell do it, and what to do instead.

    Nothing runs. Cells that ran before it can be given, so that names of theirs are known.
    """

    code: Annotated[Code, Meta(description="The cell's text, with magics and shell lines as in IPython.")]
    language: Literal["python", "bash", "sql"] = "python"
    above: Annotated[list[Code], Meta(max_length=200, description="The cells before it, in their order.")] = []


class Explain(msgspec.Struct, forbid_unknown_fields=True):
    """Explain a rule that a finding names: what it finds, why it matters, what to do instead, with examples."""

    rule: Annotated[str, Meta(max_length=100, description="Such as JG301.")]


class Context(msgspec.Struct, forbid_unknown_fields=True):
    """What this organisation allows an assistant's code: rules, paths, hosts, tools. Read it before you write any."""


class RunCell(msgspec.Struct, forbid_unknown_fields=True):
    """Run code on the guarded kernel of a notebook that a person has open, as an assistant's cell.

    Where the policy asks, the call waits until the person answers in the notebook; there is no other way to approve.
    The notebook's own cells are left alone. Outputs come back without secrets.
    """

    code: Annotated[Code, Meta(description="The text to run, as a cell.")]
    notebook: Annotated[str, Meta(max_length=4096, description="Its path; left out, the only guarded one.")] = ""
    kernel_id: Annotated[str, Meta(max_length=200, description="Instead of a path.")] = ""
    timeout_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="How long to wait, for the person's answer too.")
    ] = 300.0


class Description(msgspec.Struct, frozen=True):
    """A tool as it is listed: ``schema`` is the JSON schema of its arguments."""

    name: str
    text: str
    schema: dict[str, Any]
    is_read_only: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What a client gets: a text, the same as JSON values, pictures (type and base64), and whether it is an error."""

    text: str
    data: dict[str, Any] | None = None
    pictures: Sequence[tuple[str, str]] = ()
    is_error: bool = False


_OWN: Final[dict[str, type[msgspec.Struct]]] = {"vet": Vet, "explain": Explain, "context": Context, "run_cell": RunCell}


class Offered:
    """The tools of one server: ``vet``, ``explain``, ``context``, ``run_cell`` and those that the policy approves.

    ``folder`` is whose policy counts; ``runtime`` is Jupyter's runtime folder, where the user's servers are found,
    unless one is given as ``server``. ``lease``: for how many seconds code that was sent goes on without this process.
    """

    def __init__(self, folder: Path, runtime: Path, server: Server | None = None, lease: float = LEASE_SECONDS) -> None:
        self._folder, self._runtime, self._server, self._lease = str(folder), runtime, server, lease
        self._calls: set[anyio.CancelScope] = set()
        self._approved = ApprovedTools(self._folder, frozenset(_OWN))
        self._answering: dict[str, Callable[[Any, Caller], Awaitable[Answer]]] = {
            "vet": self._vet,
            "explain": self._explain,
            "context": self._context,
            "run_cell": self._run_cell,
        }

    def close(self) -> None:
        """End what still runs of it. To be called when the server has ended."""
        self._approved.close()

    async def end(self) -> None:
        """Stop every call: code that runs on a kernel is taken back, what approved tools did is on record."""
        for scope in self._calls:
            scope.cancel()
        with anyio.move_on_after(SECONDS_TO_END):
            while self._calls:
                await anyio.sleep(0.01)
            await anyio.to_thread.run_sync(self.close, abandon_on_cancel=True)

    async def listed(self) -> list[Description]:
        """Every tool that can be called now."""
        own = [
            Description(name, " ".join((kind.__doc__ or "").split()), _schema(kind), name != "run_cell")
            for name, kind in _OWN.items()
        ]
        try:
            tools = await anyio.to_thread.run_sync(self._approved.found)
        except PolicyError as error:
            log.error("the policy cannot be read, so no approved tool is offered: %s", error)
            return own
        approved = [Description(name, _described(tool), dict(tool.schema)) for name, tool in tools.items()]
        return own + approved

    async def call(self, name: str, arguments: Mapping[str, Any], caller: Caller) -> Answer:
        """Answer a call; whatever is wrong is an answer too."""
        with anyio.CancelScope() as scope:
            self._calls.add(scope)
            try:
                return await self._answer_to(name, arguments, caller)
            finally:
                self._calls.discard(scope)
        return Answer(ENDED, is_error=True)

    async def _answer_to(self, name: str, arguments: Mapping[str, Any], caller: Caller) -> Answer:
        try:
            if name in _OWN:
                asked = msgspec.convert(dict(arguments), _OWN[name])
                return await self._answering[name](asked, caller)
            return self._clean(await self._approved.call(name, dict(arguments), caller))
        except msgspec.ValidationError as error:
            return Answer(f"The arguments of {name} are not right: {error}.", is_error=True)
        except PolicyError as error:
            said = f"The guard's policy has mistakes, so nothing is allowed: {'; '.join(map(str, error.problems))}"
            return Answer(said, is_error=True)
        except (NotebookError, ReadingError) as error:
            return Answer(str(error), is_error=True)
        except Exception as error:
            # The client hears of it, and the person who started this server reads where.
            log.exception("the call of %s failed", name)
            return Answer(f"The guard itself failed on this call ({type(error).__name__}: {error}).", is_error=True)

    async def _vet(self, asked: Vet, _: Caller) -> Answer:
        said = await apart(reading.vetted, self._folder, asked.code, asked.language, asked.above)
        return Answer(_indented(said), said)

    async def _explain(self, asked: Explain, _: Caller) -> Answer:
        said = await apart(reading.explained, self._folder, asked.rule)
        return Answer(_indented(said), said)

    async def _context(self, _asked: Context, _: Caller) -> Answer:
        text, said = await apart(reading.described, self._folder)
        return Answer(text, said)

    async def _run_cell(self, asked: RunCell, caller: Caller) -> Answer:
        servers, left_out = ([self._server], []) if self._server else running(self._runtime)
        found, problems = await opened(servers)
        notebook = chosen(found, asked.notebook, asked.kernel_id, [*left_out, *problems])
        result = await run(notebook, asked.code, asked.timeout_seconds, caller, self._lease)
        return self._clean(_answer(result, notebook.path))

    def _clean(self, answer: Answer) -> Answer:
        """The same without secrets: the kernel's guard has looked, and this server knows the values of its own."""
        policy: Policy = reading.policy_at(self._folder)
        known = KnownValues.from_sources(policy.scrub.known_from, os.environ, Path.home())
        found: list[Redaction] = []
        cleaner = Cleaner(known, found, with_own(policy.scrub.patterns))
        return msgspec.structs.replace(answer, text=cleaner.text(answer.text), data=cleaner.value(answer.data))


def _answer(result: Result, path: str) -> Answer:
    outputs = result.outputs
    said = {
        "status": result.status,
        "said": result.said,
        "notebook": path,
        "outputs": outputs.text,
        "guard": outputs.cards,
    }
    text = result.said
    for card in outputs.cards:
        text += "".join(f"\n{_told(finding)}" for finding in card.get("findings", ()))
    if outputs.text:
        text += f"\n\n{outputs.text}"
    return Answer(text, said, tuple(outputs.pictures), is_error=result.status != "ran")


def _told(finding: Mapping[str, Any]) -> str:
    line = finding.get("span", {}).get("line", 1)
    said = f"{finding.get('rule')} (line {line}): {finding.get('message')}"
    instead = finding.get("instead")
    return f"{said} Instead: {instead}" if instead else said


def _described(tool: Any) -> str:
    asks = f" A person is asked: {', '.join(tool.approve).replace('ask', 'always')}." if tool.approve else ""
    does = f" Does: {', '.join(tool.effects)}." if tool.effects else ""
    return f"{tool.description}{does}{asks}".strip()


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a tool's arguments, an object as the protocol wants it."""
    _, parts = msgspec.json.schema_components([kind])
    schema: dict[str, Any] = dict(parts[kind.__name__])
    # It is the tool's, which has it already.
    schema.pop("description", None)
    return schema


def _indented(said: Any) -> str:
    return json.dumps(said, indent=1, ensure_ascii=False)
