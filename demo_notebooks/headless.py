"""A notebook and a kernel's name -> what each cell put out, and what the guard reported over its comm.

A front end without a face: it sends each cell's metadata with its request, as JupyterLab does, answers questions,
and opens the guard's comm.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager

from jupyter_guard.guard.seal import BASE, BYTES, Seal, x25519

TARGET = "jupyter_guard"
CELL_SECONDS = 300.0


@dataclass
class CellRun:
    """One code cell as it ran: its place among all cells (from 1), its outputs, the questions it put."""

    number: int
    cell: Any
    msg_id: str = ""
    status: str = ""
    outputs: list[Any] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    @property
    def error(self) -> str:
        """The name of the error that ended the cell, or ``""``."""
        return next((str(one.ename) for one in self.outputs if one.output_type == "error"), "")


@dataclass
class NotebookRun:
    """A whole run: its code cells, and the guard's last snapshot (empty under a kernel without a guard)."""

    cells: list[CellRun] = field(default_factory=list)
    snapshot: dict[str, Any] = field(default_factory=dict)


class Headless:
    """A started kernel and the client side of its channels; use it as a context manager.

    A cell says in its metadata (``jupyter_guard_demo.answer``) what to type when it asks; the default is ``y``.
    Raises ``TimeoutError`` when a cell takes longer than ``CELL_SECONDS``, ``RuntimeError`` when the kernel dies.
    """

    def __init__(self, kernel_name: str, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._manager = KernelManager(kernel_name=kernel_name)
        # What the kernel writes to its own terminal is no output of a cell; it is shown when the kernel dies.
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        extra: dict[str, Any] = {"stdout": self._log, "stderr": self._log}
        if environment is not None:
            extra["env"] = environment
        self._manager.start_kernel(cwd=str(folder), **extra)
        self._client = self._manager.client()
        self._client.start_channels()
        self._comm_id = ""
        self._secret = os.urandom(BYTES)
        self._seal = Seal(None)
        self.allow_stdin = True
        self.snapshot: dict[str, Any] = {}

    def __enter__(self) -> Headless:
        try:
            self._client.wait_for_ready(timeout=60)
        except RuntimeError as error:
            text = self._log_text()
            self.__exit__()
            raise RuntimeError(f"{error}\n{text}") from None
        return self

    def __exit__(self, *_exc: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=False)
        self._log.close()

    def open_comm(self, looking_on: bool = False) -> None:
        """Open the guard's comm, as the panel does; or without a key, so that what is typed here counts by itself."""
        self._comm_id = uuid.uuid4().hex
        own = {} if looking_on else {"key": x25519(self._secret, BASE.to_bytes(BYTES, "little")).hex()}
        self._send("comm_open", {"comm_id": self._comm_id, "target_name": TARGET, "data": {"version": 1, **own}})
        if not looking_on:
            self._seal = Seal(self.ask_snapshot().get("key"), self._secret, is_page=True)

    def claim(self, code: str, author: str, sealed: bool = True) -> None:
        """Say over the comm who wrote exactly this text, as a panel does that watched it being written."""
        data = {
            "type": "claim",
            "sha256": hashlib.sha256(code.encode()).hexdigest(),
            "cell_id": "",
            "author": author,
            "shares": {},
            "started_by": "person",
        }
        said = self._seal.sealed(data) if sealed else data
        self._send("comm_msg", {"comm_id": self._comm_id, "data": said})

    def ask_snapshot(self, seconds: float = 20.0) -> dict[str, Any]:
        """The guard's present snapshot; ``{}`` when nothing answers, as under a plain kernel."""
        if not self._comm_id:
            return {}
        self.snapshot = {}
        self._send("comm_msg", {"comm_id": self._comm_id, "data": {"type": "snapshot"}})
        end = time.monotonic() + seconds
        while not self.snapshot and self._comm_id and time.monotonic() < end:
            self._take_iopub(None)
        return self.snapshot

    def run(self, run: CellRun) -> CellRun:
        """Execute one cell and collect all that it causes, until the kernel is idle and has replied."""
        content = {
            "code": run.cell.source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": self.allow_stdin,
            "stop_on_error": False,
        }
        metadata = {**run.cell.metadata, "cellId": run.cell.get("id", "")}
        run.msg_id = self._send("execute_request", content, metadata)
        answer = run.cell.metadata.get("jupyter_guard_demo", {}).get("answer", "y")
        end = time.monotonic() + CELL_SECONDS
        idle = False
        while not (idle and run.status):
            if time.monotonic() > end:
                raise TimeoutError(f"cell {run.number} took longer than {CELL_SECONDS:.0f} s")
            if not self._manager.is_alive():
                raise RuntimeError(f"the kernel died in cell {run.number}\n{self._log_text()}")
            idle = self._take_iopub(run) or idle
            self._take_reply(run)
            self._take_question(run, answer)
        return run

    def _log_text(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:]

    def _send(self, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None = None) -> str:
        message = self._client.session.msg(kind, content, metadata=metadata)
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def _take_iopub(self, run: CellRun | None) -> bool:
        """Take one message; ``True`` when it says that ``run`` is done."""
        try:
            message = self._client.get_iopub_msg(timeout=0.05)
        except Empty:
            return False
        kind, content = message["msg_type"], message["content"]
        if kind in ("comm_msg", "comm_close") and content.get("comm_id") == self._comm_id:
            data = content.get("data", {})
            if kind == "comm_close":
                self._comm_id = ""
            elif data.get("type") == "snapshot":
                self.snapshot = data
            return False
        if run is None or message["parent_header"].get("msg_id") != run.msg_id:
            return False
        if kind == "status":
            return bool(content["execution_state"] == "idle")
        if kind in ("stream", "display_data", "execute_result", "error"):
            _append(run.outputs, nbformat.v4.output_from_msg(message))
        elif kind == "clear_output":
            run.outputs.clear()
        return False

    def _take_reply(self, run: CellRun) -> None:
        try:
            message = self._client.get_shell_msg(timeout=0)
        except Empty:
            return
        if message["parent_header"].get("msg_id") == run.msg_id:
            run.status = message["content"]["status"]

    def _take_question(self, run: CellRun, answer: str) -> None:
        try:
            message = self._client.get_stdin_msg(timeout=0)
        except Empty:
            return
        run.questions.append(message["content"]["prompt"])
        self._client.input(answer)


def _append(outputs: list[Any], output: Any) -> None:
    """Add an output; consecutive text of one stream is one output, as front ends store it."""
    last = outputs[-1] if outputs else None
    if last is not None and output.output_type == "stream" == last.output_type and last.name == output.name:
        last.text += output.text
    else:
        outputs.append(output)


def run_notebook(
    notebook: Any, kernel_name: str, folder: Path, prelude: str = "", environment: dict[str, str] | None = None
) -> NotebookRun:
    """Run all code cells of ``notebook`` in ``folder``; errors do not stop the run. ``prelude`` runs before them."""
    result = NotebookRun()
    with Headless(kernel_name, folder, environment) as front:
        if prelude:
            front.run(CellRun(0, nbformat.v4.new_code_cell(prelude)))
        front.open_comm(looking_on=True)
        for number, cell in enumerate(notebook.cells, 1):
            if cell.cell_type == "code" and cell.source.strip():
                result.cells.append(front.run(CellRun(number, cell)))
        result.snapshot = front.ask_snapshot()
    return result
