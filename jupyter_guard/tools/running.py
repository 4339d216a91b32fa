"""A request about a tool -> its answer, from a process that is ended when it takes too long, says too much or dies.

The process is not the kernel's and not the guard's: it is started beside both, with the tool's grants and no others.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection
from typing import Final

import msgspec

from jupyter_guard.policy import Policy
from jupyter_guard.policy.policy import Isolation
from jupyter_guard.policy.tooling import ToolGrants
from jupyter_guard.terms import Kind
from jupyter_guard.tools.boxing import NOT_STARTED, Box
from jupyter_guard.tools.process import BEGUN, Answer, Request
from jupyter_guard.tools.watching import CONNECTING, WRITING

# To start Python, load the tool's module and tell: not the tool's own time.
SECONDS_TO_START: Final = 60
# Of what a tool writes to standard error, what is shown when it fails.
_SAID: Final = 2_000
# Beside the result itself: the answer's other fields, each bounded.
_ENVELOPE: Final = 64 * 1024
_MOST_DESCRIBED: Final = 4 * 2**20
_NOTICED: Final = 0.1
_MEMORY: Final = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)


class Ran(msgspec.Struct, frozen=True):
    """The answer, how its process was held (``none``, ``bubblewrap``, ``landlock``) and how long it took."""

    answer: Answer
    backend: str
    seconds: float


def isolation_of(policy: Policy, grants: ToolGrants | None, effects: Collection[str]) -> Isolation:
    """The box of a tool: what it is granted, as far as the effects that it declares need it; ``None``: nothing.

    Of what the policy requires of kernels all counts here too, but ``resources``: a call has its own limits.
    """
    own = policy.isolation
    require = tuple(one for one in own.require if one != "resources")
    none = ToolGrants(own.read, (), (), ())
    given = grants or none
    kinds = {Kind(one) for one in effects}
    return Isolation(
        backend=own.backend,
        require=require,
        read=given.read,
        write=given.write if kinds & WRITING else (),
        hosts=given.hosts if kinds & CONNECTING else (),
        env=given.env,
    )


def run(
    request: Request,
    isolation: Isolation,
    workspace: str,
    seconds: float,
    memory: int,
    stop: threading.Event | None = None,
) -> Ran:
    """Have a request answered. Never raises for what the tool does: ``why`` says it, also ``timeout``, ``died``,
    ``stopped`` and ``unboxed``.
    """
    began = time.monotonic()
    if os.name == "nt":
        return Ran(Answer("unboxed", "approved tools do not run on Windows"), "none", 0.0)
    start = SECONDS_TO_START if request.what == "call" else seconds
    with tempfile.TemporaryDirectory(prefix="jg-tool-") as directory:
        reader, writer = os.pipe()
        box = Box(isolation, memory, directory, os.getpid())
        words = [sys.executable, "-P", "-m", "jupyter_guard.tools.boxing", str(writer)]
        words += [msgspec.json.encode(box).decode(), sys.executable, "-P", "-m", "jupyter_guard.tools.process"]
        with open(reader, "rb") as report, tempfile.TemporaryFile(dir=directory) as asked:
            asked.write(msgspec.json.encode(request))
            asked.seek(0)
            try:
                process = subprocess.Popen(
                    words, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=workspace,
                    pass_fds=[writer], start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                os.close(writer)
                return Ran(Answer("died", f"its process does not start: {error.strerror}"), "none", 0.0)
            os.close(writer)
            try:
                most = (request.most if request.what == "call" else _MOST_DESCRIBED) + _ENVELOPE
                end, out, said = _heard(process, began + start, seconds, most, stop)
            finally:
                _end(process)
            told = _reported(report.read(65536))
    took = time.monotonic() - began
    backend = str(told.get("backend", "none"))
    if "refused" in told or process.returncode == NOT_STARTED:
        return Ran(Answer("unboxed", str(told.get("refused", "its box cannot be made"))), backend, took)
    if end in ("timeout", "start"):
        limit = start if end == "start" else seconds
        what = " to load" if end == "start" else ""
        return Ran(Answer("timeout", f"it took longer than {limit:.0f} seconds{what}, and was ended"), backend, took)
    if end == "stopped":
        return Ran(Answer("stopped", "it was interrupted, and ended"), backend, took)
    if end == "too-large":
        return Ran(
            Answer("too-large", f"it answered with more than {request.most} bytes, and was ended"), backend, took
        )
    try:
        return Ran(msgspec.json.decode(out, type=Answer), backend, took)
    except msgspec.MsgspecError:
        return Ran(Answer("died", _how(process.returncode, said)), backend, took)


def _heard(
    process: subprocess.Popen[bytes], deadline: float, seconds: float, most: int, stop: threading.Event | None
) -> tuple[str, bytes, bytes]:
    """How it ended, what it answered, and the last of what it wrote to standard error.

    ``deadline`` is for its start; once it says that it begins, it has ``seconds``.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    out, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout" if out else "start", b"", bytes(said)
            if stop is not None and stop.is_set():
                return "stopped", b"", bytes(said)
            for key, _ in selector.select(min(left, _NOTICED) if stop is not None else left):
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                    # A process that the tool left may hold standard error open: the answer is all that is waited for.
                    if key.fileobj is process.stdout:
                        return "", bytes(out), bytes(said)
                elif key.fileobj is process.stdout:
                    if not out and data.startswith(BEGUN):
                        deadline = time.monotonic() + seconds
                    out += data
                    if len(out) > most:
                        return "too-large", b"", bytes(said)
                else:
                    said = (said + data)[-_SAID:]
    return "", bytes(out), bytes(said)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process and what it started: in a box of its own, nothing can have left its group unnoticed."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_NOTICED)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _reported(text: bytes) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _how(status: int, said: bytes) -> str:
    # bubblewrap says 128 + N where signal N ended its child.
    number = -status if status < 0 else status - 128 if 128 < status < 193 else 0
    how = f"by signal {number}, as for want of memory" if number in _MEMORY else f"by signal {number}" if number else ""
    how = how or f"with exit status {status}"
    last = said.decode("utf-8", "replace").strip()
    return f"its process ended {how} and gave no result" + (f": {last[-300:]}" if last else "")
