"""An IPython session -> the same session, guarded from inside until it is detached.

Cooperative: whatever runs in this process can reach the guard as well as its own data. It keeps careless code from
doing harm; it is no wall against code that wants to get around it. The guarded kernel works from another process.
"""

from __future__ import annotations

import builtins
import functools
import getpass
import inspect
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jupyter_guard.guard.approvals import Choice
from jupyter_guard.guard.ledger import Ledger
from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Judged
from jupyter_guard.inside.ask import ask
from jupyter_guard.inside.child import hook, opened, vaults, watch
from jupyter_guard.inside.gate import CellStopped, Gate, Run, current_run, enter, leave
from jupyter_guard.inside.messages import CleanSend
from jupyter_guard.inside.panel import Panel
from jupyter_guard.inside.patches import Patches
from jupyter_guard.inside.streams import CleanStream
from jupyter_guard.origin import decide_origin
from jupyter_guard.scrub import KnownValues, Redaction, scrub
from jupyter_guard.scrub.sources import from_environment, from_file
from jupyter_guard.terms import Origin

# What failed stands on the card; without a handler, Python would print the log into the cell's output as well.
logging.getLogger("jupyter_guard").addHandler(logging.NullHandler())


class Host:
    """Guards one ``InteractiveShell``, in a terminal or in an ipykernel.

    ``counts`` says how many cells ended how, ``redactions`` how many secrets of each kind left outputs, ``last_card``
    is the text of the card shown last.
    """

    def __init__(self, shell: Any, pipeline: Pipeline) -> None:
        self.shell = shell
        self.pipeline = pipeline
        self.known = KnownValues.from_sources(pipeline.standing.known_from, dict(os.environ), Path.home())
        self.counts: Counter[str] = Counter()
        self.redactions: Counter[str] = Counter()
        self.last_card = ""
        self.gate = Gate(shell, pipeline, self.ask, self.show, self.record)
        self.kernel = getattr(shell, "kernel", None)
        # The gate looks after the cells itself.
        self._watch = watch.Watch(shell, self.gate.meet, self._request, cells=False, workspace=str(pipeline.workspace))
        self.panel = Panel(self)
        self._patches = Patches()
        self._streams: list[CleanStream] = []
        self._ledger = Ledger()

    def attach(self) -> None:
        """Begin to guard."""
        shell, put = self.shell, self._patches.put
        self._run_cell_async = put(shell, "run_cell_async", self._wrapped_run_cell(shell.run_cell_async))
        self._run_ast_nodes = put(shell, "run_ast_nodes", self._wrapped_run_nodes(shell.run_ast_nodes))
        self._user_expressions = put(shell, "user_expressions", self._guarded_expressions)
        self._set_next_input = put(shell, "set_next_input", self._noted_next_input)
        self._keep_gate_last()
        hook.start(self._watch, opened.hearing())
        vaults.start(self._learn_read)
        opened.start(self._learn_read)
        if self.kernel is None:
            self._clean_streams()
        else:
            put(self.kernel.session, "send", CleanSend(self.kernel, self.known, self._redacted_in_message))
            self._getpass = put(self.kernel, "getpass", self._learning_getpass)
        self.panel.attach()

    def detach(self) -> None:
        """Stop guarding; everything that was replaced is as it was. The audit hook stays, and does nothing."""
        hook.stop(self._watch)
        vaults.stop()
        opened.stop()
        self.release()
        self.panel.detach()
        self._patches.restore()
        self._streams.clear()
        _remove(self.shell.ast_transformers, self.gate)

    def learn(self, value: str, kind: str) -> None:
        """Redact ``value`` from now on."""
        self.known.learn(value, kind)

    def _learn_read(self, value: str, kind: str, name: str = "") -> None:
        """A value that this process has read; of a variable of the environment, its name decides, and of a file."""
        if kind == opened.FILE:
            for secret in from_file(name, value):
                self.known.learn(secret.value, secret.kind, registered=False, name=secret.name)
            return
        if kind != opened.ENVIRONMENT:
            self.known.learn(value, kind)
            return
        for secret in from_environment({name: value}):
            self.known.learn(secret.value, secret.kind)

    def ask(self, question: str) -> Choice | None:
        """Put a question to whoever sits before this session; ``None`` when nobody does."""
        self.release()
        read: Callable[[str], str] = input if self.kernel is None else self.kernel.raw_input
        return ask(self.shell, scrub(question, known=self.known), read)

    def show(self, bundle: dict[str, Any]) -> None:
        """Display a card."""
        self.release()
        self.last_card = str(bundle["text/plain"])
        self.shell.display_pub.publish(data=bundle)

    def record(self, judged: Judged, state: str, run: Run, code: str) -> None:
        """Keep how a judged cell went on, and tell the panel."""
        self.counts[state] += 1
        self.counts["warned"] += state == "ran" and judged.verdict == "warn"
        self.panel.report(judged, state, self._request_id(), run.cell_id, code)

    def release(self) -> None:
        """Let go of text that is held because it might begin a secret."""
        for stream in self._streams:
            stream.release()

    def _wrapped_run_cell(self, original: Callable[..., Any]) -> Callable[..., Any]:
        takes = inspect.signature(original)

        # The signature is kept: ipykernel asks it what the shell accepts.
        @functools.wraps(original)
        async def run_cell_async(*args: Any, **kwargs: Any) -> Any:
            given = takes.bind_partial(*args, **kwargs).arguments
            self._keep_gate_last()
            token = enter(self._run(given))
            try:
                return await original(*args, **kwargs)
            finally:
                leave(token)
                self.release()

        return run_cell_async

    def _run(self, given: dict[str, Any]) -> Run:
        raw = str(given.get("raw_cell", ""))
        cell_id = str(given.get("cell_id") or "")
        outer = current_run()
        origin = Origin.UNKNOWN
        if outer is not None:
            origin = Origin.strictest((outer.origin, origin), origin)
        else:
            claim = self.panel.claim_for(raw, cell_id, self._request())
            from_program = self._ledger.has(raw)
            origin = decide_origin(raw, self._metadata(), claim, from_program=from_program).origin
        return Run(
            raw=raw,
            silent=bool(given.get("silent", False)),
            origin=origin,
            cell_id=cell_id,
            number=int(self.shell.execution_count) if given.get("store_history") else 0,
        )

    def _wrapped_run_nodes(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # The last step before the code is compiled: a cell whose gate was taken out of the list, or moved before
        # another transformer, is judged here.
        @functools.wraps(original)
        async def run_ast_nodes(nodelist: Any, cell_name: str, *args: Any, **kwargs: Any) -> bool:
            run = current_run()
            gates = self.shell.ast_transformers
            if run is None or not run.judged or not gates or gates[-1] is not self.gate:
                import ast

                try:
                    self.gate.check(ast.Module(list(nodelist), []))
                except CellStopped as stopped:
                    result = kwargs.get("result")
                    if result is not None:
                        result.error_before_exec = stopped
                    self.shell.showtraceback((type(stopped), stopped, None))
                    return True
            return bool(await original(nodelist, cell_name, *args, **kwargs))

        return run_ast_nodes

    def _guarded_expressions(self, expressions: dict[str, str]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for name, expression in expressions.items():
            run = Run(str(expression), silent=True, judged=True, origin=Origin.UNKNOWN)
            try:
                self.gate.admit(run, run.raw)
            except CellStopped as stopped:
                answers[name] = {
                    "status": "error",
                    "ename": type(stopped).__name__,
                    "evalue": str(stopped),
                    "traceback": list(stopped.lines),
                }
            else:
                answers.update(self._user_expressions({name: expression}))
        return answers

    def _noted_next_input(self, text: str, replace: bool = False) -> None:
        self._ledger.note(text)
        self._set_next_input(text, replace)

    def _keep_gate_last(self) -> None:
        gates = self.shell.ast_transformers
        if not gates or gates[-1] is not self.gate:
            _remove(gates, self.gate)
            gates.append(self.gate)

    def _clean_streams(self) -> None:
        for name in ("stdout", "stderr"):
            stream = CleanStream(getattr(sys, name), self.known, self._redacted)
            self._patches.put(sys, name, stream)
            self._streams.append(stream)
        out, err = self._streams
        out.before_write, err.before_write = err.release, out.release
        self._input = self._patches.put(builtins, "input", self._released_input)
        self._getpass = self._patches.put(getpass, "getpass", self._learning_getpass)

    def _released_input(self, prompt: object = "", /) -> str:
        # What the cell printed before it asks belongs above the question.
        self.release()
        return str(self._input(prompt))

    def _learning_getpass(self, *args: Any, **kwargs: Any) -> str:
        self.release()
        typed = str(self._getpass(*args, **kwargs))
        self.known.learn(typed, "typed password")
        return typed

    def _redacted(self, redactions: Iterable[Redaction]) -> None:
        for one in redactions:
            self.redactions[one.kind] += one.count

    def _redacted_in_message(self, redactions: Iterable[Redaction], request: str) -> None:
        found = list(redactions)
        self._redacted(found)
        self.panel.redaction(found, request)

    def _metadata(self) -> dict[str, Any]:
        return dict(self._request().get("metadata") or {})

    def _request_id(self) -> str:
        return str((self._request().get("header") or {}).get("msg_id", ""))

    def _request(self) -> dict[str, Any]:
        if self.kernel is None:
            return {}
        return self.kernel.get_parent("shell") or {}


def _remove(items: list[Any], item: Any) -> None:
    # By identity: transformers may define equality as they like.
    items[:] = [one for one in items if one is not item]
