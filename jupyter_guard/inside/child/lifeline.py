"""A parent process that ends -> this process ends too, however the parent died."""

import ctypes
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1


def hold(parent, pipe):
    """Die with process ``parent``; ``pipe`` is a descriptor that reads end-of-file when it is gone, or ``None``.

    Linux does it by itself, also across ``exec``. Elsewhere a thread waits on the pipe.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It was gone before we asked to be told.
            os._exit(1)
    elif pipe is not None:
        threading.Thread(target=_wait, args=(pipe,), daemon=True).start()


def _wait(pipe):
    while os.read(pipe, 1):
        pass
    os._exit(1)
