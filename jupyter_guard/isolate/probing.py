"""A backend's name -> a real guarded kernel in it, how long it took to start, and what each probe came to.

The kernel's policy only observes, so that nothing but isolation stops a probe; where a mightier policy stops one
before it runs, its outcome is ``unknown``, never ``blocked``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from queue import Empty
from typing import Any

import msgspec
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from jupyter_guard.isolate.scene import Scene

SECONDS_TO_START = 60.0
SECONDS_A_PROBE = 15.0
OPEN, BLOCKED, UNKNOWN = "open", "blocked", "unknown"
_MARK = "jupyter-guard-probe:"
_RUNNER = """
import ctypes, json, os, socket
def _call(number, *arguments):
    library = ctypes.CDLL(None, use_errno=True)
    found = library.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found
def _connect(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(3)
        one.connect(address)
def _child(function):
    pid = os.fork()
    if not pid:
        try:
            function()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(pid, 0)[1]
def _probe(mark, code, names):
    try:
        exec(code, dict(names, ctypes=ctypes, os=os, socket=socket, call=_call, connect=_connect, child=_child))
        told = "open", ""
    except (OSError, AssertionError) as error:
        told = "blocked", type(error).__name__
    except BaseException as error:
        told = "unknown", repr(error)
    print(mark + json.dumps(told), flush=True)
"""


class Probe(msgspec.Struct, frozen=True):
    """One try: Python that ends when it succeeded, and the property that has to stop it."""

    name: str
    group: str
    property: str
    code: str
    machine: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """``outcome`` is open, blocked or unknown; ``detail`` is the exception's name, or why nothing is known."""

    name: str
    group: str
    property: str
    outcome: str
    detail: str = ""


class Tried(msgspec.Struct, frozen=True):
    """A kernel that was really started: ``trouble`` says why it was not; ``seconds`` until its first answer."""

    backend: str
    trouble: str = ""
    seconds: float = 0.0
    outcomes: tuple[Outcome, ...] = ()

    def count(self, outcome: str) -> int:
        """How many probes came to it."""
        return sum(one.outcome == outcome for one in self.outcomes)


class _Manager(KernelManager):
    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="probed", language="python", interrupt_mode="signal")


def probes() -> tuple[Probe, ...]:
    """Those that this processor has the numbers for."""
    text = resources.files("jupyter_guard.isolate").joinpath("probes.toml").read_text(encoding="utf-8")
    found = (
        Probe(name, group, **entry) for group, entries in tomllib.loads(text).items() for name, entry in entries.items()
    )
    return tuple(one for one in found if one.machine in ("", os.uname().machine))


def tried(backend: str, chosen: Sequence[Probe] = ()) -> Tried:
    """Start a kernel in ``backend``, run the probes in it, end it. Raises ``OSError`` when decoys cannot be laid."""
    root = Path(tempfile.mkdtemp(prefix="jgp-")).resolve()
    try:
        with Scene(root, backend) as scene, open(root / "log", "w+", encoding="utf-8") as log:
            return _tried(scene, backend, chosen, log)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _tried(scene: Scene, backend: str, chosen: Sequence[Probe], log: Any) -> Tried:
    manager = _Manager(connection_file=str(scene.root / "kernel.json"))
    begun = time.monotonic()
    manager.start_kernel(cwd=str(scene.workspace), env=scene.environment, stdout=log, stderr=log)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS_TO_START)
        seconds = time.monotonic() - begun
        held = _told(client, "import os\nprint('held:' + os.environ.get('JUPYTER_GUARD_ISOLATION', 'none'))", "held:")
        if held != backend:
            said = held or "it ran no cell: " + _last_line(log)
            return Tried(backend, f"the kernel is held by something else ({said})", seconds)
        _told(client, _RUNNER, "nothing")
        names = scene.names(manager.connection_file, int(getattr(manager.provisioner, "pid", 0)))
        return Tried(backend, "", seconds, tuple(_outcomes(client, chosen, names)))
    except RuntimeError:
        return Tried(backend, f"the kernel did not start: {_last_line(log)}")
    finally:
        client.stop_channels()
        with contextlib.suppress(Exception):
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def _outcomes(client: Any, chosen: Sequence[Probe], names: dict[str, Any]) -> Iterator[Outcome]:
    for one in chosen:
        told = _told(client, f"_probe({_MARK!r}, {one.code!r}, {names!r})", _MARK)
        outcome, detail = json.loads(told) if told else (UNKNOWN, "it did not run, or did not answer in time")
        yield Outcome(one.name, one.group, one.property, outcome, detail)


def _told(client: Any, code: str, mark: str) -> str:
    """What a cell printed after ``mark``; ``""`` when it did not, in time."""
    asked = client.execute(code)
    end, text = time.monotonic() + SECONDS_A_PROBE, ""
    while (left := end - time.monotonic()) > 0:
        try:
            message = client.get_iopub_msg(timeout=left)
        except Empty:
            break
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        elif message["content"].get("execution_state") == "idle":
            break
    return text.partition(mark)[2].partition("\n")[0]


def _last_line(log: Any) -> str:
    log.seek(0)
    lines = [line for line in log.read().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
