"""A backend's name -> a real guarded kernel in it, how long it took to start, and what each probe came to.

The kernel's policy only observes, so that nothing but isolation stops a probe; where a mightier policy stops one
before it runs, its outcome is ``unknown``, never ``blocked``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from queue import Empty
from typing import Any, Literal

import msgspec
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from jupyter_guard.isolate import tree
from jupyter_guard.isolate.scene import Scene

SECONDS_TO_START = 60.0
CELLS = 30
ROUNDS = 3
# What takes longest computes for five seconds; the machine may have other work.
SECONDS_A_PROBE = 30.0
SECONDS_TO_END = 5.0
SECONDS_BETWEEN_LOOKS = 1.0
OPEN, BLOCKED, UNKNOWN = "open", "blocked", "unknown"
_MARK = "jupyter-guard-probe:"
PLANTED = "planted"


class Probe(msgspec.Struct, frozen=True):
    """One try: Python that ends when it succeeded, and the property that has to stop it.

    ``plants`` is a file below the scene's root, ``after`` a ``daemon`` or a ``listener``: what is looked at outside.
    ``fresh`` asks for a kernel of which no probe has had anything yet, where the kernel has limits. One that ``waits``
    for an answer may do so while others do.
    """

    name: str
    group: str
    property: str
    code: str = ""
    machine: str = ""
    plants: str = ""
    after: Literal["", "daemon", "listener"] = ""
    fresh: bool = False
    waits: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """``outcome`` is open, blocked or unknown; ``detail`` is the exception's name, or why nothing is known."""

    name: str
    group: str
    property: str
    outcome: str
    detail: str = ""


class Tried(msgspec.Struct, frozen=True):
    """A kernel that was really started: ``trouble`` says why it was not; ``seconds`` until its first answer,
    ``cell_seconds`` the median of cells that do nothing; ``memory`` in bytes, of all processes before any probe,
    without files that are mapped and with a part of what they share.
    """

    backend: str
    trouble: str = ""
    seconds: float = 0.0
    cell_seconds: float = 0.0
    memory: int = 0
    outcomes: tuple[Outcome, ...] = ()

    def count(self, outcome: str) -> int:
        """How many probes came to it."""
        return sum(one.outcome == outcome for one in self.outcomes)


class Manager(KernelManager):
    """Starts guarded kernels of this very package, installed as a kernel or not."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """What starts one."""
        argv = [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="probed", language="python", interrupt_mode="signal")


def probes() -> tuple[Probe, ...]:
    """Those that this processor has the numbers for."""
    found = (
        msgspec.convert({"name": name, "group": group, **entry}, Probe, strict=True)
        for group, entries in tomllib.loads(_text("probes.toml")).items()
        for name, entry in entries.items()
    )
    return tuple(one for one in found if one.machine in ("", os.uname().machine))


def _text(name: str) -> str:
    return resources.files("jupyter_guard.isolate").joinpath(name).read_text(encoding="utf-8")


def tried(backend: str, chosen: Sequence[Probe] = ()) -> Tried:
    """Start a kernel in ``backend``, run the probes in it, end it. Raises ``OSError`` when decoys cannot be laid."""
    root = Path(tempfile.mkdtemp(prefix="jgp-")).resolve()
    try:
        with Scene(root, backend) as scene, open(root / "log", "w+", encoding="utf-8") as log:
            return _tried(scene, backend, chosen, log)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def compared(backends: Sequence[str], chosen: Sequence[Probe] = (), rounds: int = ROUNDS) -> tuple[Tried, ...]:
    """Each backend tried ``rounds`` times, in turns, so that a busy machine is busy for all; probes run in the last."""
    found: dict[str, list[Tried]] = {one: [] for one in backends}
    for number in range(rounds):
        at = number % len(found)
        for one in (*backends[at:], *backends[:at]):
            if not any(before.trouble for before in found[one]):
                found[one].append(tried(one, chosen if number == rounds - 1 else ()))
    return tuple(median(found[one]) for one in backends)


def median(found: Sequence[Tried]) -> Tried:
    """The medians of what was measured, and the last one's outcomes; the first trouble where there was any."""
    for one in found:
        if one.trouble:
            return one
    return msgspec.structs.replace(
        found[-1],
        seconds=statistics.median(one.seconds for one in found),
        cell_seconds=statistics.median(one.cell_seconds for one in found),
        memory=int(statistics.median(one.memory for one in found)),
    )


def _tried(scene: Scene, backend: str, chosen: Sequence[Probe], log: Any) -> Tried:
    manager = Manager(connection_file=str(scene.root / "kernel.json"))
    begun = time.monotonic()
    manager.start_kernel(cwd=str(scene.workspace), env=scene.environment, stdout=log, stderr=log)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS_TO_START)
        seconds = time.monotonic() - begun
        asks = "import os\nprint('held:' + os.environ.get('JUPYTER_GUARD_ISOLATION', 'none'))"
        held = _told(client, asks, "held:", manager)
        if held != backend:
            return Tried(
                backend, _other(backend, held) if held else f"the kernel runs no cell: {last_line(log)}", seconds
            )
        cell = _cell(manager, client)
        processes = tree.Tree(int(getattr(manager.provisioner, "pid", 0))).processes()
        memory = sum(sum(tree.memory_of(one.pid)) for one in processes)
        outcomes = tuple(_outcomes(manager, client, chosen, scene))
    except RuntimeError:
        return Tried(backend, f"the kernel did not start: {last_line(log)}")
    except TimeoutError:
        return Tried(backend, f"the kernel runs no cell: {last_line(log)}")
    finally:
        client.stop_channels()
        with contextlib.suppress(Exception):
            manager.shutdown_kernel()
        manager.cleanup_resources()
    return Tried(backend, "", seconds, cell, memory, _without_a_daemon(outcomes, chosen, scene))


def _other(backend: str, held: str) -> str:
    typed = "`jupyter guard policy explain isolation.require`"
    return f"a kernel that is to have {backend} is held by {held}: a policy above requires more than it gives ({typed})"


def _cell(manager: KernelManager, client: Any) -> float:
    """Seconds that a cell takes which only says that it ran."""
    found = []
    for _ in range(CELLS):
        begun = time.monotonic()
        _told(client, "print('ran:')", "ran:", manager)
        found.append(time.monotonic() - begun)
    return statistics.median(found)


def _outcomes(manager: KernelManager, client: Any, chosen: Sequence[Probe], scene: Scene) -> Iterator[Outcome]:
    _prepare(manager, client, scene)
    told: dict[str, tuple[str, str]] = {}
    groups: set[str] = set()
    for one in chosen:
        if not _is_alone(one) and one.group not in groups:
            groups.add(one.group)
            several = [other for other in chosen if other.group == one.group and not _is_alone(other)]
            told |= _together(manager, client, several, scene)
        planted = Planted(scene.root / one.plants) if one.plants else None
        if one.fresh and scene.has_limits:
            _restart(manager, client, scene)
        outcome, detail = told.get(one.name) or _asked(manager, client, one, scene)
        if planted is not None and outcome != UNKNOWN:
            was = planted.taken_back()
            outcome, detail = (OPEN, "") if was else (BLOCKED, detail or "not outside the box")
        if one.after == "listener" and outcome == OPEN:
            outcome, detail = (OPEN, "") if scene.is_answered() else (BLOCKED, "not outside the box")
        yield Outcome(one.name, one.group, one.property, outcome, detail)


def _is_alone(one: Probe) -> bool:
    """Whether it is looked at outside, or ends what it meets: then it has a cell of its own."""
    return bool(one.plants or one.after) or one.fresh or one.property == "resources"


def _together(
    manager: KernelManager, client: Any, several: Sequence[Probe], scene: Scene
) -> dict[str, tuple[str, str]]:
    """What probes come to that one cell asks, by name; of those that it says nothing clear of, nothing."""
    if len(several) < 2:
        return {}
    if not manager.is_alive():
        _restart(manager, client, scene)
    asks = [(one.code, one.waits) for one in several]
    try:
        text = _printed(client, f"together({_MARK!r}, {asks!r})", manager)
    except TimeoutError:
        _brought_back(manager, client, scene)
        return {}
    found = {}
    for line in text.split(_MARK)[1:]:
        number, outcome, detail = json.loads(line.partition("\n")[0])
        if outcome != UNKNOWN:
            found[several[number].name] = outcome, detail
    return found


def _asked(manager: KernelManager, client: Any, one: Probe, scene: Scene) -> tuple[str, str]:
    """What a probe came to, and its detail. It is asked twice where the first time says nothing about it."""
    code = one.code or f"plant({str(scene.root / one.plants)!r})"
    why = ""
    for _ in range(2):
        if not manager.is_alive():
            # What a probe before had taken may have ended the kernel.
            _restart(manager, client, scene)
        try:
            told = _told(client, f"probe({_MARK!r}, {code!r}, {one.property == 'resources'})", _MARK, manager)
        except TimeoutError:
            # Left to run, it would keep the ones behind it from being asked.
            why = f"no answer within {SECONDS_A_PROBE:.0f} seconds, and none to a second try; "
            why += _brought_back(manager, client, scene)
            continue
        if told:
            outcome, detail = json.loads(told)
            return outcome, detail
        time.sleep(SECONDS_BETWEEN_LOOKS)
        if manager.is_alive():
            return UNKNOWN, "it did not run"
        why = ""
    if not why and one.property == "resources":
        return BLOCKED, "the kernel was ended"
    return UNKNOWN, why or "the kernel ended"


def _brought_back(manager: KernelManager, client: Any, scene: Scene) -> str:
    """What it took to have a kernel that answers; the decoys are as they were."""
    manager.interrupt_kernel()
    try:
        _told(client, "print('ended:1')", "ended:", manager, SECONDS_TO_END)
    except TimeoutError:
        _restart(manager, client, scene)
        return "the kernel was restarted"
    if manager.is_alive():
        scene.mend()
        _prepare(manager, client, scene)
    return "the kernel was interrupted"


def _restart(manager: KernelManager, client: Any, scene: Scene) -> None:
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=SECONDS_TO_START)
    scene.mend()
    _prepare(manager, client, scene)


def _prepare(manager: KernelManager, client: Any, scene: Scene) -> None:
    names = scene.names(manager)
    begins = f"{_text('tries.py')}\nnames = {names!r}\nos.chdir(names['own'])\nprint('ready:1')"
    with contextlib.suppress(TimeoutError):
        _told(client, begins, "ready:", manager)


def _without_a_daemon(outcomes: tuple[Outcome, ...], chosen: Sequence[Probe], scene: Scene) -> tuple[Outcome, ...]:
    """The outcomes, once the kernel has ended: a daemon that ended with it was stopped."""
    left = {one.name for one in chosen if one.after == "daemon"}
    if any(one.name in left and one.outcome == OPEN for one in outcomes) and not scene.has_heartbeat():
        stopped = {"outcome": BLOCKED, "detail": "ended with the kernel"}
        return tuple(msgspec.structs.replace(one, **stopped) if one.name in left else one for one in outcomes)
    return outcomes


class Planted:
    """A file that a probe may write to, as it was before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = path.read_bytes() if path.exists() else None

    def taken_back(self) -> bool:
        """Whether it was written to; it is as it was then."""
        if not self._path.exists() or PLANTED not in self._path.read_text():
            return False
        if self._before is None:
            self._path.unlink()
        else:
            self._path.write_bytes(self._before)
        return True


def _told(client: Any, code: str, mark: str, manager: KernelManager, seconds: float = 0.0) -> str:
    """What a cell printed after ``mark``; ``""`` when it did not, or the kernel ended. Raises ``TimeoutError``."""
    return _printed(client, code, manager, seconds).partition(mark)[2].partition("\n")[0]


def _printed(client: Any, code: str, manager: KernelManager, seconds: float = 0.0) -> str:
    """All that a cell printed, to its end or the kernel's. Raises ``TimeoutError``."""
    asked = client.execute(code)
    end, text = time.monotonic() + (seconds or SECONDS_A_PROBE), ""
    while (left := end - time.monotonic()) > 0:
        try:
            message = client.get_iopub_msg(timeout=min(left, SECONDS_BETWEEN_LOOKS))
        except Empty:
            if not manager.is_alive():
                break
            continue
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        elif message["content"].get("execution_state") == "idle":
            break
    else:
        raise TimeoutError
    return text


def last_line(log: Any) -> str:
    """The last thing that a kernel said in its log, for people."""
    log.seek(0)
    lines = [line for line in log.read().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
