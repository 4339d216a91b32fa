"""What the wrapper says of a tool that the kernel's code calls -> the call, in a thread of the helper, and its answer.

Judging goes on meanwhile. Whether the tool is approved, whether its arguments are its own and whether somebody is to be
asked is found out here, outside of the process that calls; the tool itself runs in a process of its own.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.guard.protocol import Call, Called, Judged
from jupyter_guard.terms import Cell, Confidence, Effect, Finding, Kind, Origin, Report, Severity, Span, Verdict

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy
    from jupyter_guard.tools import Tool

log = logging.getLogger("jupyter_guard")

LARGEST_ARGUMENTS = 4 * 2**20


class Calls:
    """The calls under way. ``send`` takes each answer, from another thread."""

    def __init__(self, workspace: str, send: Callable[[Called], None]) -> None:
        self._workspace, self._send = workspace, send
        self._stops: dict[int, threading.Event] = {}

    def take(self, request: Call, policy: Policy | None) -> None:
        """Begin it, or end one that is under way."""
        if request.what == "stop":
            stop = self._stops.get(request.id)
            if stop is not None:
                stop.set()
            return
        stop = self._stops[request.id] = threading.Event()
        threading.Thread(target=self._work, args=(request, policy, stop), name="tool", daemon=True).start()

    def _work(self, request: Call, policy: Policy | None, stop: threading.Event) -> None:
        try:
            if policy is None:
                answer = Called(request.id, why="refused", text="the policy cannot be read, so no tool is approved")
            elif request.what == "list":
                answer = self._listed(request, policy)
            else:
                answer = self._called(request, policy, stop)
        except Exception as error:
            log.exception("the guard failed on a tool")
            answer = Called(request.id, why="failed", text=f"the guard failed on it: {type(error).__name__}: {error}")
        finally:
            self._stops.pop(request.id, None)
        try:
            self._send(answer)
        except OSError:
            # The wrapper is gone, and with it whoever waits.
            return

    def _listed(self, request: Call, policy: Policy) -> Called:
        from jupyter_guard.tools import registry

        found = registry(policy, self._workspace)
        tools = {
            one.name: {"call": f"tools.{one.name}{one.signature}", "text": one.description} for one in found.values()
        }
        return Called(request.id, body=json.dumps({"tools": tools, "problems": found.problems}).encode())

    def _called(self, request: Call, policy: Policy, stop: threading.Event) -> Called:
        from jupyter_guard.tools import UnknownToolError, registry

        try:
            tool = registry(policy, self._workspace).named(request.name)
        except UnknownToolError as error:
            return Called(request.id, why="unknown", text=str(error))
        arguments = _arguments(request.arguments)
        if arguments is None:
            return Called(request.id, why="arguments", text=f"{tool.name}{tool.signature}: arguments by their names")
        sentence = tool.sentence(arguments)
        question = "" if request.allowed else tool.question(arguments)
        if question:
            checked = tool.answered("check", arguments)
            if checked.answer.why:
                return Called(request.id, why=checked.answer.why, text=checked.answer.text, sentence=sentence)
            judged = asking(request, tool, question, policy)
            if judged.verdict == "confirm":
                return Called(request.id, judged=judged, sentence=sentence)
        ran = tool.answered("call", arguments, stop)
        text = ran.answer.text
        if ran.answer.why and ran.answer.why != "arguments":
            text = f"{tool.name} failed: {text}"
        return Called(
            request.id,
            why=ran.answer.why,
            text=text,
            body=b"" if ran.answer.why else bytes(ran.answer.result),
            sentence=sentence,
            seconds=round(ran.seconds, 3),
            backend=ran.backend,
        )


def asking(request: Call, tool: Tool, question: str, policy: Policy) -> Judged:
    """The question about a call, as about a cell; under ``mode = "observe"`` it stops nothing."""
    from jupyter_guard.guard.pipeline import answer
    from jupyter_guard.judge import RULES
    from jupyter_guard.judge.tooling import ASKS

    origin = Origin(request.origin)
    rule, span = RULES[ASKS], Span(1, 0, 1, 0)
    effects = tuple(
        Effect(Kind(one.kind), one.target, origin=origin, via=f"jupyter_guard.tools.{tool.name}")
        for one in tool.declared
    )
    verdict = Verdict.CONFIRM if policy.mode == "enforce" else Verdict.WARN
    finding = Finding(
        rule=rule.id,
        family=rule.family,
        severity=rule.severity or Severity.HIGH,
        confidence=Confidence.HIGH,
        message=question.rpartition("; ")[2] + f" (`tools.{tool.name}`)",
        span=span,
        effects=effects,
        why=rule.why,
        instead=rule.instead,
        origin=origin,
        verdict=verdict,
        decided_by=f"tool {tool.name}: approve",
    )
    report = Report(
        cell=Cell(f"tools.{tool.name}(...)", origin, number=request.number),
        verdict=verdict,
        would_be=Verdict.CONFIRM,
        sentence=question.rpartition("; ")[0],
        findings=(finding,),
        effects=effects,
        policy=policy.hash,
    )
    return answer(request.id, report)


def _arguments(packed: bytes) -> dict[str, Any] | None:
    if len(packed) > LARGEST_ARGUMENTS:
        return None
    try:
        return msgspec.json.decode(packed, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None


def calls(send: Callable[[Called], None]) -> Calls:
    """For the notebooks of the current folder."""
    return Calls(str(Path.cwd()), send)
