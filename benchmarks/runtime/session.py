"""A guarded kernel for a benchmark: cells of a person's and an assistant's, and what came of each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

SECONDS = 60
# A cell that takes longer is interrupted: a twin waits for nothing, a notebook imports large libraries.
PATIENCE = 10
CARD = "application/vnd.jupyter-guard.v1+json"


@dataclass
class Outcome:
    """What a cell did: its error, its result, the guard's cards about it and the seconds it took."""

    error: str = ""
    said: str = ""
    result: str = ""
    cards: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def refusals(self) -> list[dict[str, Any]]:
        """The cards that say that something did not run."""
        return [one for one in self.cards if one.get("state") in ("blocked", "declined")]


class Session:
    """One kernel and its client."""

    def __init__(self, client: Any, manager: KernelManager, patience: float) -> None:
        self._client, self._manager, self._patience = client, manager, patience

    def person(self, code: str) -> Outcome:
        """Run a person's cell."""
        return self._run(code, {})

    def assistant(self, code: str) -> Outcome:
        """Run a cell that says of itself that an assistant wrote it."""
        return self._run(code, {"jupyter_guard": {"origin": "assistant"}})

    def _run(self, code: str, metadata: dict[str, Any]) -> Outcome:
        client, outcome = self._client, Outcome()
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": False}
        message = client.session.msg("execute_request", content, metadata=metadata)
        began = time.perf_counter()
        client.shell_channel.send(message)
        number = message["header"]["msg_id"]
        self._await(number)
        outcome.seconds = time.perf_counter() - began
        for found in self._published(number):
            kind, told = found["msg_type"], found["content"]
            if kind == "error":
                outcome.error, outcome.said = told["ename"], told["evalue"]
            elif kind == "execute_result":
                outcome.result = told["data"].get("text/plain", "")
            elif CARD in told.get("data", {}):
                outcome.cards.append(told["data"][CARD])
        return outcome

    def _await(self, number: str) -> None:
        """Return when a reply is there, interrupting what never ends."""
        for seconds in (self._patience, SECONDS):
            try:
                while self._client.get_shell_msg(timeout=seconds)["parent_header"].get("msg_id") != number:
                    pass
                return
            except Empty:
                self._manager.interrupt_kernel()
        raise RuntimeError("a cell neither ended nor could be interrupted")

    def _published(self, number: str) -> Iterator[dict[str, Any]]:
        """What arrives until the kernel is idle again; cards of earlier cells' late doings are among it."""
        while True:
            try:
                found = self._client.get_iopub_msg(timeout=SECONDS)
            except Empty:
                return
            yield found
            is_status = found["msg_type"] == "status" and found["parent_header"].get("msg_id") == number
            if is_status and found["content"]["execution_state"] == "idle":
                return


@contextmanager
def session(work: Path, home: Path, patience: float = PATIENCE, kernel: str = "guarded-python") -> Iterator[Session]:
    """A kernel whose home folder is ``home``; it ends as kernels do when they are shut down."""
    environment = {**os.environ, "HOME": str(home), "JUPYTER_DATA_DIR": str(home / ".data")}
    manager = KernelManager(kernel_name=kernel)
    with open(home / "kernel.log", "a") as log:
        manager.start_kernel(cwd=str(work), env=environment, stdout=log, stderr=log)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=SECONDS)
            yield Session(client, manager, patience)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=False)
