"""How the child ended -> a reason for people, on whatever waits for it, and the wrapper ending in the same way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import zmq

from jupyter_guard.kernel.lost import Lost, first_line
from jupyter_guard.kernel.request import EXECUTE
from jupyter_guard.kernel.wire import HEADER, MalformedError, parse_header

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

# What has no answer for so long does not start. Front ends give up after 60 seconds, people later.
SECONDS_TO_START = 180.0
SECONDS_FOR_SOMEBODY, SECONDS_TO_SUBSCRIBE = 3.0, 0.5
# Enough for a first line, secrets that begin in it included.
CODE_READ = 10_000
_MEANINGS = {
    "SIGKILL": "it was killed, as the system does when memory runs out",
    "SIGSEGV": "it crashed in compiled code (a segmentation fault)",
    "SIGBUS": "it crashed in compiled code (a bus error)",
    "SIGABRT": "compiled code in it gave up (abort)",
    "SIGILL": "it ran an instruction that this processor does not have",
    "SIGFPE": "it crashed in compiled code (an arithmetic error)",
    "SIGTERM": "it was told to end",
    "SIGXCPU": "it used up its processor time",
    "SIGSYS": "it made a system call that the sandbox does not allow",
}


def reason(status: int, was_the_box: bool = False) -> str:
    """A sentence for an exit code as ``os.waitstatus_to_exitcode`` gives it: negative for a signal.

    ``was_the_box`` says that it is not the kernel's own, but of what it runs in.
    """
    if was_the_box:
        what = f"The kernel died: the box that it runs in was ended from outside it [{_signal_name(-status)}]"
        return f"{what}, and nothing runs without. Restart the kernel; if it happens again, `jupyter guard doctor`."
    if status >= 0:
        return (
            f"The kernel died: its process ended with exit status {status} (os._exit, or a library that ends programs)."
        )
    name = _signal_name(-status)
    meaning = _MEANINGS.get(name, "it was ended by a signal")
    return f"The kernel died: {meaning} [{name}]."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def seconds_to_start() -> float:
    """How long the child may take to answer; ``JUPYTER_GUARD_START_SECONDS`` changes it."""
    try:
        return float(os.environ["JUPYTER_GUARD_START_SECONDS"])
    except (KeyError, ValueError):
        return SECONDS_TO_START


def why_unstarted(status: int, gave_up: bool) -> str:
    """A sentence about a child that ended, or was ended, before it ever answered."""
    if gave_up:
        return f"The kernel did not start: it has not answered within {seconds_to_start():.0f} seconds."
    if status >= 0:
        return f"The kernel did not start: its command ended with exit status {status}; what it said is in the log."
    return reason(status).replace("The kernel died", "The kernel did not start", 1)


def wait_for_somebody(relay: Relay) -> None:
    """Until a front end has come that can be told; a kernel that is refused ends faster than most of them connect."""
    if relay.front.shell.poll(int(SECONDS_FOR_SOMEBODY * 1000)):
        # What it subscribes to comes on another connection.
        relay.front.iopub.poll(int(SECONDS_TO_SUBSCRIBE * 1000))
        relay.front.welcome()


def tell_those_who_wait(relay: Relay, text: str) -> None:
    """Publish why there is no kernel, and put it on the cells that were sent to one."""
    relay.publish("stream", {"name": "stderr", "text": f"jupyter_guard: {text}\n"}, b"{}")
    with contextlib.suppress(zmq.Again):
        while True:
            frames = relay.front.shell.recv_multipart(zmq.NOBLOCK)
            with contextlib.suppress(MalformedError):
                at = relay.front.wire.check(frames, once=True)
                if parse_header(frames[at + HEADER]).msg_type == EXECUTE:
                    content = {"ename": "KernelDied", "evalue": text, "traceback": [f"KernelDied: {text}"]}
                    relay.publish("error", content, frames[at + HEADER])


def what_is_lost(relay: Relay, text: str) -> Lost | None:
    """What the dead child took with it, without secrets; ``None`` when nothing had run."""
    running = [one for one in relay.dispatch.running() if not one.silent]
    executed = relay.dispatch.executed
    if not running and not executed:
        return None
    line = _shown(relay, running[0].code) if running else ""
    # A crash can be faster than the echo, by which the number is known.
    number = (running[0].count or executed + 1) if running and running[0].store_history else 0
    counted = sum(one.store_history and one.count > 0 for one in running)
    return Lost(text, datetime.now(UTC).isoformat(), line, number, max(0, executed - counted))


def _shown(relay: Relay, code: str) -> str:
    content = json.dumps({"ename": "", "evalue": code[:CODE_READ], "traceback": []}).encode()
    return first_line(str(json.loads(relay.outgoing.own("error", content, ""))["evalue"]))


def end_the_same_way(status: int) -> NoReturn:
    """End this process as the child did, so that whoever watches us sees what it would have seen."""
    sys.stdout.flush()
    sys.stderr.flush()
    if status < 0 and os.name != "nt":
        with contextlib.suppress(ImportError, OSError, ValueError):
            import resource

            # The child has left its core already, where cores are wanted.
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-status, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [-status])
        os.kill(os.getpid(), -status)
        time.sleep(1)
        status = 128 - status
    os._exit(status & 0xFF)
