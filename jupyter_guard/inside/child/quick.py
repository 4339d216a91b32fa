"""ipykernel's waits at the end of every cell -> waits only where there is something to wait for.

ipykernel flushes its two streams four times a cell, each time handing over to its publishing thread and back, and then
sleeps half a millisecond in case something was late. Here a flush returns at once when everything written so far has
been sent, which is known exactly; otherwise it is ipykernel's own. That pays for the way through the wrapper.
"""

import os
import select
import sys
import time

# The versions whose streams are built as this file expects; any other is left alone.
KNOWN = ("6", "7")
# Seconds that ipykernel sleeps after each cell; and how often we do, at most, when there is a reason.
LATE = 0.0005
LATEST = 10


def hasten():
    """Change ipykernel's classes, before any stream is made; whether it was done."""
    import ipykernel
    from ipykernel.iostream import IOPubThread, OutStream

    wanted = (
        (OutStream, ("flush", "_flush", "_watch_pipe_fd", "_is_master_process")),
        (IOPubThread, ("_handle_event",)),
    )
    if ipykernel.__version__.split(".")[0] not in KNOWN or os.name == "nt":
        return False
    if not all(hasattr(kind, name) for kind, names in wanted for name in names):
        return False
    _mark(IOPubThread, "_handle_event", "_guard_sends")
    _mark(OutStream, "_flush", "_guard_flushes")
    OutStream._watch_pipe_fd = _watch_pipe_fd
    flush = OutStream.flush

    def flush_if_needed(stream):
        if not _is_through(stream):
            flush(stream)

    flush_if_needed.__name__, flush_if_needed.__doc__ = "flush", flush.__doc__
    OutStream.flush = flush_if_needed
    return True


def sleep_no_more(kernel):
    """Drop the sleep after each cell, unless somebody has set it."""
    if getattr(kernel, "_execute_sleep", None) == LATE:
        kernel._execute_sleep = 0


def pack_quickly(session):
    """Let a session keep its encoder instead of making one for each of a message's four parts."""
    import json

    from jupyter_client import session as sessions

    native, default = getattr(sessions, "json_packer", None), getattr(sessions, "json_default", None)
    if native is None or default is None or session.pack is not native:
        return
    encode = json.JSONEncoder(default=default, ensure_ascii=False, allow_nan=False).encode

    def pack(content):
        try:
            return encode(content).encode("utf8", errors="surrogateescape")
        except (TypeError, ValueError):
            # It has a way with what is no JSON, and says so.
            return native(content)

    session.pack = pack


def _mark(kind, name, flag):
    """Let instances of ``kind`` say in ``flag`` whether they are within method ``name``."""
    method = getattr(kind, name)

    def marked(self, *args):
        setattr(self, flag, True)
        try:
            return method(self, *args)
        finally:
            setattr(self, flag, False)

    setattr(kind, flag, False)
    setattr(kind, name, marked)


def _is_through(stream):
    """Whether everything that was written or published before now has been sent.

    The order of the questions is the way that text takes: what has left one place has arrived at the next, or a flag
    says that it is on its way.
    """
    thread = stream.pub_thread
    if thread is None or stream.echo is not None or not stream._is_master_process():
        return False
    # Older versions have the first only where the second is so.
    if stream._should_watch and stream._fid is not None:
        # Written past Python, as compiled code does: the thread that watches for it gets the time to take it. A process
        # that writes on and on is not waited for.
        for _ in range(LATEST):
            if not select.select([stream._fid], (), (), 0)[0] and not getattr(stream, "_guard_reads", False):
                break
            time.sleep(LATE)
    return not (stream._buffers or stream._guard_flushes or thread._events or thread._guard_sends)


def _watch_pipe_fd(stream):
    """As ipykernel's own, with the reading of a piece and its writing told as one by ``_guard_reads``."""
    from ipykernel.iostream import PIPE_BUFFER_SIZE

    if getattr(stream, "_fid", None) is None:
        return
    try:
        while True:
            select.select([stream._fid], (), ())
            stream._guard_reads = True
            try:
                text = os.read(stream._fid, PIPE_BUFFER_SIZE)
                if not text or not stream._should_watch:
                    return
                stream.write(text.decode(errors="replace"))
                os.write(stream._original_stdstream_copy, text)
            finally:
                stream._guard_reads = False
    except Exception:
        stream._exc = sys.exc_info()
