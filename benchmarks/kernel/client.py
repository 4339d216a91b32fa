"""A kernel's command line -> a running kernel and a client that does next to nothing besides waiting."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

KERNELS = {
    "plain": ["-m", "ipykernel_launcher"],
    "C-only proxy": ["-m", "benchmarks.kernel.proxy"],
    "guarded": ["-P", "-m", "jupyter_guard.kernel"],
}
LONGEST = 120.0


class Kernel:
    """One running kernel. ``started`` is how long it took until it had answered a ``kernel_info_request``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._directory = tempfile.TemporaryDirectory()
        path, config = write_connection_file(str(Path(self._directory.name, "connection.json")))
        self._session = Session(key=config["key"].encode(), signature_scheme=config["signature_scheme"])
        self._context = zmq.Context()
        begin = time.perf_counter()
        command = [sys.executable, *KERNELS[name], "-f", path, "--HistoryManager.hist_file=:memory:"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.shell = self._connect(zmq.DEALER, config["shell_port"])
        self.iopub = self._connect(zmq.SUB, config["iopub_port"])
        self.iopub.subscribe(b"")
        try:
            self._ready()
        except BaseException:
            self.close()
            raise
        self.started = self._answered - begin

    def _connect(self, kind: int, port: int) -> Any:
        made = self._context.socket(kind)
        made.linger = 0
        made.rcvhwm = 0
        made.reconnect_ivl = 5
        made.connect(f"tcp://127.0.0.1:{port}")
        return made

    def _ready(self) -> None:
        self._session.send(self.shell, "kernel_info_request", {})
        if not self.shell.poll(LONGEST * 1000):
            raise TimeoutError(f"{self.name}: does not answer")
        self.shell.recv_multipart()
        self._answered = time.perf_counter()
        while self.iopub.poll(100):
            self.iopub.recv_multipart()

    def run(self, code: str, silent: bool = False) -> tuple[float, list[list[bytes]]]:
        """Execute; seconds until both reply and ``idle`` are there, and what was published."""
        content = {"code": code, "silent": silent, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self._session.msg("execute_request", content)
        own = message["header"]["msg_id"].encode()
        begin = time.perf_counter()
        self._session.send(self.shell, message)
        published = []
        while True:
            if not self.iopub.poll(LONGEST * 1000):
                raise TimeoutError(f"{self.name}: no idle")
            frames = self.iopub.recv_multipart()
            published.append(frames)
            if b'"idle"' in frames[6][:64] and own in frames[4]:
                break
        if not self.shell.poll(LONGEST * 1000):
            raise TimeoutError(f"{self.name}: no reply")
        self.shell.recv_multipart()
        return time.perf_counter() - begin, published

    def tree(self) -> list[psutil.Process]:
        """The kernel's processes."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def cpu(self) -> float:
        """Processor seconds that all of the kernel's processes have used."""
        total = 0.0
        for one in self.tree():
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                total += times.user + times.system
        return total

    def close(self) -> None:
        """End the kernel."""
        self.process.terminate()
        self.process.wait()
        self.shell.close()
        self.iopub.close()
        self._context.term()
        self._directory.cleanup()
