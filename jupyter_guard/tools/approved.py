"""A policy -> the tools that it approves, each described by itself and granted what the policy says.

No tool's code runs here: its module is loaded in a process of its own, without any grant, to say what it has.
"""

from __future__ import annotations

import difflib
import operator
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from jupyter_guard.policy import Policy
from jupyter_guard.policy.tooling import ASK, condition
from jupyter_guard.tools.declared import Description
from jupyter_guard.tools.errors import ToolArgumentsError, ToolFailedError, ToolRefusedError, UnknownToolError
from jupyter_guard.tools.process import Request
from jupyter_guard.tools.running import SECONDS_TO_START, Ran, isolation_of, run
from jupyter_guard.tools.sources import SECONDS, Source, sources, writable_by_cells

MEMORY_TO_DESCRIBE: Final = 2**30
# Less than judging a cell may take: the first cell that calls a tool waits for it.
SECONDS_TO_DESCRIBE: Final = 20
_KEPT: Final = 4
_NAMED: Final = 8
_LONGEST_SHOWN: Final = 80
_RELATIONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Call(msgspec.Struct, frozen=True):
    """One call for the record: ``sentence`` says it in words, ``why`` is empty for a success, ``approval`` is ``""``
    where nobody was asked, else ``yes`` or ``no``.
    """

    tool: str
    sentence: str
    why: str = ""
    text: str = ""
    approval: str = ""
    seconds: float = 0.0
    backend: str = "none"
    size: int = 0
    effects: tuple[str, ...] = ()


class Tool:
    """An approved tool. ``schema`` is the JSON schema of its arguments, an object's."""

    def __init__(self, description: Description, policy: Policy, workspace: str, text: str = "") -> None:
        self._policy, self._workspace, self._text = policy, workspace, text
        self._grants = grants = policy.tool(description.name)
        self.name, self.description = description.name, description.text
        self.schema, self.returns = description.schema, description.returns
        self.effects = tuple(dict.fromkeys(one.kind for one in description.effects))
        self.declared = description.effects
        self.signature, self.source = description.signature, description.source
        asks = {*description.approve, *grants.approve}
        self.approve: tuple[str, ...] = (ASK,) if ASK in asks else tuple(sorted(asks))
        self.seconds = min(description.seconds, grants.seconds or description.seconds)
        self.result = min(description.result, grants.result or description.result)
        self.memory = min(description.memory, grants.memory or description.memory)

    def __repr__(self) -> str:
        return f"<approved tool {self.name}{self.signature}>"

    @property
    def isolation(self) -> Any:
        """What its process is granted, as in a policy's ``[isolation]``."""
        return isolation_of(self._policy, self._grants, self.effects)

    def sentence(self, arguments: Mapping[str, Any]) -> str:
        """The call in words: ``calls the approved tool `refund(order=7)`, which ...``."""
        from jupyter_guard.terms.sentence import shown

        given = ", ".join(f"{name}={shown(repr(value), _LONGEST_SHOWN)}" for name, value in arguments.items())
        does = ", ".join(f"{one.kind} {one.target}".strip() for one in self.declared) or "nothing beyond its result"
        return f"calls the approved tool `{self.name}({shown(given, 4 * _LONGEST_SHOWN)})`, which declares {does}"

    def question(self, arguments: Mapping[str, Any]) -> str:
        """What somebody is asked before this call; ``""`` where nobody need be."""
        asks = next((one for one in self.approve if one == ASK or self._holds(one, arguments)), "")
        if not asks:
            return ""
        because = "it always asks" if asks == ASK else f"it asks where {asks}"
        return f"{self.sentence(arguments)}; {because}"

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raises ``ToolArgumentsError`` where they are not its arguments, ``ToolFailedError`` where it cannot tell."""
        self._raise(self.answered("check", arguments))

    def answered(self, what: str, arguments: Mapping[str, Any], stop: threading.Event | None = None) -> Ran:
        """Have its process ``check`` the arguments, or ``call`` it; nobody is asked here. Never raises for a tool."""
        try:
            packed = msgspec.json.encode(dict(arguments))
        except (TypeError, ValueError) as error:
            from jupyter_guard.tools.process import Answer

            return Ran(Answer("arguments", f"{self.name}{self.signature}: no JSON values ({error})"), "none", 0.0)
        calls = what == "call"
        request = Request(what, self.source, self.name, msgspec.Raw(packed), self.effects, self.result, self._text)
        isolation = self.isolation if calls else isolation_of(self._policy, None, ())
        return run(
            request,
            isolation,
            self._workspace,
            self.seconds if calls else SECONDS_TO_START,
            self.memory,
            stop,
        )

    def call(
        self,
        arguments: Mapping[str, Any],
        approve: Callable[[str], bool] | None = None,
        record: Callable[[Call], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Any:
        """Its result, as JSON values.

        It runs in a process of its own, with its own grants, for at most ``seconds``. ``approve`` is put the question
        where there is one; without it the answer is no. ``record`` is told of the call, whatever came of it; ``stop``
        ends it when it is set. Raises ``ToolArgumentsError``, ``ToolRefusedError`` and ``ToolFailedError``.
        """
        tell = record or (lambda _: None)
        about = Call(self.name, self.sentence(arguments), effects=self.effects)
        question = self.question(arguments)
        if question:
            # Nobody is asked about what cannot be.
            checked = self.answered("check", arguments)
            if checked.answer.why:
                tell(msgspec.structs.replace(about, why=checked.answer.why, text=checked.answer.text))
                self._raise(checked)
            if approve is None or not approve(question):
                said = "nobody could be asked" if approve is None else "it was not allowed"
                tell(msgspec.structs.replace(about, why="refused", text=said, approval="no"))
                raise ToolRefusedError(f"{self.name} did not run: {said}. It {question}")
        ran = self.answered("call", arguments, stop)
        tell(
            msgspec.structs.replace(
                about,
                why=ran.answer.why,
                text=ran.answer.text,
                approval="yes" if question else "",
                seconds=round(ran.seconds, 3),
                backend=ran.backend,
                size=len(bytes(ran.answer.result)),
            )
        )
        self._raise(ran)
        return msgspec.json.decode(ran.answer.result)

    def _holds(self, text: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a condition asks: also where it cannot be told."""
        asks = condition(text)
        if asks.argument in arguments:
            value = arguments[asks.argument]
        else:
            value = self.schema.get("properties", {}).get(asks.argument, {}).get("default")
        if isinstance(asks.value, str):
            return not isinstance(value, str) or _RELATIONS[asks.relation](value, asks.value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return _RELATIONS[asks.relation](value, asks.value)

    def _raise(self, ran: Ran) -> None:
        why, text = ran.answer.why, ran.answer.text
        if why == "arguments":
            raise ToolArgumentsError(text)
        if why:
            raise ToolFailedError(f"{self.name} failed: {text}", why)


class Registry(Mapping[str, Tool]):
    """The approved tools by name. ``problems`` says what of the policy's sources gives none, and why."""

    def __init__(self, tools: Mapping[str, Tool], problems: tuple[str, ...] = ()) -> None:
        self._tools = dict(tools)
        self.problems = problems

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def named(self, name: str) -> Tool:
        """The tool of that name. Raises ``UnknownToolError``, which names the nearest."""
        if name in self._tools:
            return self._tools[name]
        raise UnknownToolError(f"there is no approved tool {name!r}.{nearest(name, self)}")


def nearest(name: str, tools: Mapping[str, Tool]) -> str:
    """The nearest tool to a name, with how it is called, as a sentence that stands behind another one."""
    if not tools:
        why = tools.problems[:3] if isinstance(tools, Registry) else ()
        return f" No tool is approved here{'' if not why else ': ' + '; '.join(why)}."
    # By name first, then by what the words of a name are about: `delete_files` is near `purge_files`.
    near = difflib.get_close_matches(name.rpartition(".")[2].lower(), list(tools), 1, 0.55)
    if near:
        return f" The nearest is tools.{near[0]}{tools[near[0]].signature}: {tools[near[0]].description}"
    names = [f"tools.{one}" for one in sorted(tools)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" There are: {', '.join(names[:_NAMED])}{more}."


_lock: Final = threading.Lock()
_known: Final[dict[tuple[Any, ...], Registry]] = {}


def registry(policy: Policy, workspace: str | Path | None = None) -> Registry:
    """The tools that ``policy`` approves for notebooks in ``workspace`` (default: the current folder).

    Each source is loaded once in a process of its own, and again when its file or the policy has changed. Never raises
    for a tool that is wrong: ``problems`` says what.
    """
    place = str(Path(workspace or Path.cwd()).absolute())
    problems: list[str] = []
    found = sources(policy.tools.sources, place, problems)
    with _lock:
        # What modules hold is not looked at: theirs live for a minute.
        minute = 0.0 if all(one.text for one in found) else time.monotonic() // SECONDS
        key = (policy.hash, place, tuple(found), minute)
        known = _known.get(key)
        if known is None:
            while len(_known) >= _KEPT:
                del _known[next(iter(_known))]
            known = _known[key] = _made(policy, place, found, problems)
    return known


def _made(policy: Policy, workspace: str, found: list[Source], problems: list[str]) -> Registry:
    tools: dict[str, Tool] = {}
    twice: set[str] = set()
    approved = policy.tools.approved
    for source, described in zip(found, _all_described(policy, workspace, found, problems), strict=True):
        for one in described:
            if "*" not in approved and one.name not in approved:
                continue
            if one.name in tools:
                twice.add(one.name)
            tools[one.name] = Tool(one, policy, workspace, source.text)
    for name in sorted(twice):
        # Which one was approved nobody can say.
        problems.append(f"two sources have a tool {name!r}, so neither is approved")
        del tools[name]
    problems += [
        f"tools.approved: no source has a tool {one!r}" for one in approved if one not in ("*", *tools, *twice)
    ]
    return Registry(tools, tuple(problems))


def _all_described(
    policy: Policy, workspace: str, found: list[Source], problems: list[str]
) -> list[tuple[Description, ...]]:
    """The tools of each source; a cell may wait for all of them, so they are asked at once."""
    if len(found) < 2:
        return [_described(policy, workspace, one, problems) for one in found]
    from concurrent.futures import ThreadPoolExecutor

    told: list[list[str]] = [[] for _ in found]
    with ThreadPoolExecutor(len(found)) as threads:
        described = list(threads.map(lambda one, said: _described(policy, workspace, one, said), found, told))
    problems += [text for said in told for text in said]
    return described


def _described(policy: Policy, workspace: str, source: Source, problems: list[str]) -> tuple[Description, ...]:
    request = Request("describe", source.where, text=source.text)
    isolation = isolation_of(policy, None, ())
    ran = run(request, isolation, workspace, SECONDS_TO_DESCRIBE, MEMORY_TO_DESCRIBE)
    if ran.answer.why:
        problems.append(f"tools.sources: {source.name} gives no tools: {ran.answer.text}")
        return ()
    tools = ran.answer.tools
    file = source.where if source.text else tools[0].file
    if not file or writable_by_cells(file, policy.isolation, workspace):
        place = file or "its file"
        problems.append(
            f"tools.sources: {source.name} is not approved: cells can write {place}, and with it the tool. Keep it "
            "outside of what isolation.write grants"
        )
        return ()
    return tools
