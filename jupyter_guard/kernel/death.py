"""How the child ended -> a reason for people, and the wrapper ending in the same way."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import NoReturn

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


def reason(status: int) -> str:
    """A sentence for an exit code as ``os.waitstatus_to_exitcode`` gives it: negative for a signal."""
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
