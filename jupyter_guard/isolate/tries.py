"""What a probe's code finds by name in the kernel under test: sent there as text, so Python 3.8 has to be enough."""

# It runs in the kernel, not here, and does on purpose what is warned of.
# mypy: ignore-errors
# ruff: noqa: S102, UP031, SIM117

import contextlib
import ctypes
import json
import mmap
import os
import socket
import threading
import time

_REFUSALS = (1, 13, 38, 95)  # EPERM, EACCES, ENOSYS, EOPNOTSUPP: whatever was asked
SECONDS_HELD = 1.2
# What scene.py knows is sent behind this text.
names = {}
MEGABYTE = b"x" * (1 << 20)


def call(number, *arguments):
    """A system call; raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    found = library.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def reached(number, *arguments):
    """A system call with nonsense: an error about the nonsense means that the call itself is open."""
    try:
        call(number, *arguments)
    except OSError as error:
        if error.errno in _REFUSALS:
            raise


def old_call():
    """Call getpid by the calling convention of 32-bit programs, whose numbers no filter for this one knows."""
    code = bytes.fromhex("b814000000cd80c3")
    memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    assert ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))() == os.getpid()


def connect(family, kind, address):
    """Connect, and hang up."""
    with socket.socket(family, kind) as one:
        one.settimeout(3)
        one.connect(address)


def serve(listener):
    """Answer whoever comes from outside; the port is told in a file."""

    def answer():
        with contextlib.suppress(OSError):
            listener.accept()[0].sendall(b"decoy")

    listener.settimeout(5)
    with open("port", "w") as file:
        file.write(str(listener.getsockname()[1]))
    threading.Thread(target=answer, daemon=True).start()


def child(function):
    """The exit status of a process of its own that runs it."""
    return many(1, function)[0]


def many(count, function):
    """The exit statuses of so many processes that run it at a time."""
    started = []
    for _ in range(count):
        pid = os.fork()
        if not pid:
            try:
                function()
                os._exit(0)
            except BaseException:
                os._exit(1)
        started.append(pid)
    return [os.waitpid(pid, 0)[1] for pid in started]


def multiplied(depth):
    """Two processes that do the same, and so on: 2 ** (depth + 1) - 1 in all at a time."""
    if depth:
        assert not any(many(2, lambda: multiplied(depth - 1)))
    else:
        held(0)


def held(what):
    """Keep it for a moment, in which it would be seen."""
    time.sleep(SECONDS_HELD)
    return what


def searched(place):
    """Whether any file below can be read that is a decoy: what a kernel keeps of its cells names them too."""
    for at, _, names in os.walk(place):
        for one in names:
            with contextlib.suppress(OSError):
                with open(os.path.join(at, one), errors="replace") as file:
                    if file.read() == "decoy\n":
                        return True
    return False


def opened(count):
    """Have so many descriptors at a time, and none of them afterwards: what comes next needs some."""
    handles = []
    try:
        # Those that were opened before it fails are in the list.
        handles.extend(os.dup(0) for _ in range(count))
    finally:
        for one in handles:
            os.close(one)


def small(count):
    """Write so many files of 16 KiB, not so fast that nobody could look."""
    os.mkdir("small")
    for number in range(count):
        with open("small/%d" % number, "wb") as file:
            file.write(MEGABYTE[: 1 << 14])
        if not number % 100:
            time.sleep(0.01)
    time.sleep(0.5)


def filled(handle, megabytes=30):
    """Write so much to a descriptor, not so fast that nobody could look."""
    for _ in range(megabytes):
        os.write(handle, MEGABYTE)
        time.sleep(0.002)
    return handle


def in_memory(beside):
    """Files that lie in memory and have names, which begin as ``beside`` does; they are removed again."""
    made = ["%s-%d" % (beside, n) for n in range(14)]
    try:
        assert not child(lambda: held([filled(os.open(one, os.O_CREAT | os.O_WRONLY)) for one in made]))
    finally:
        for one in made:
            with contextlib.suppress(OSError):
                os.unlink(one)


def daemon():
    """Leave a process that belongs to nobody and goes on writing; it ends by itself some seconds later."""
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        handle, end = os.open("heartbeat", os.O_CREAT | os.O_WRONLY | os.O_APPEND), time.monotonic() + 15
        while time.monotonic() < end:
            os.write(handle, b".")
            time.sleep(0.05)
        os._exit(0)
    end = time.monotonic() + 5
    while not os.path.exists("heartbeat"):
        assert time.monotonic() < end
        time.sleep(0.05)


def plant(path):
    """Put something into a file that somebody runs later."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a") as file:
        file.write("\n#planted\n")


def swapped(link, target, below=""):
    """What is read through a link that turns from something of one's own to ``target`` and back meanwhile."""
    own, end, found = link + "-own", time.monotonic() + 1.5, set()
    plant(own + (below or "/file"))
    own = own if below else own + "/file"

    def turn():
        while time.monotonic() < end:
            for one in (own, target):
                os.symlink(one, link + "-new")
                os.replace(link + "-new", link)

    turning = threading.Thread(target=turn)
    turning.start()
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            with open(link + below) as file:
                found.add(file.read())
        if "decoy\n" in found:
            break
    end = 0
    turning.join()
    return "".join(found)


def came_of(code, is_limit):
    """What came of a probe's code: open, blocked or unknown, and the error's name."""
    known = {name: value for name, value in globals().items() if callable(value) or name in ("ctypes", "os", "socket")}
    stops = (OSError, AssertionError) + ((MemoryError, KeyboardInterrupt) if is_limit else ())
    try:
        exec(code, dict(known, **names))
        return "open", ""
    except stops as error:
        return "blocked", type(error).__name__
    except BaseException as error:
        return "unknown", repr(error)


def probe(mark, code, is_limit):
    """Run a probe's code and print, behind ``mark``, what came of it."""
    print(mark + json.dumps(came_of(code, is_limit)), flush=True)


def together(mark, probes):
    """Run several, each with whether it waits for an answer, which those do at a time; printed with their numbers."""
    waited = {}
    waiting = []
    for number, (code, waits) in enumerate(probes):
        if waits:

            def wait(number=number, code=code):
                waited[number] = came_of(code, False)

            waiting.append(threading.Thread(target=wait))
            waiting[-1].start()
    for number, (code, waits) in enumerate(probes):
        if not waits:
            told = came_of(code, False)
            print(mark + json.dumps((number, *told)), flush=True)
            if "KeyboardInterrupt" in told[1]:
                # Whoever interrupts it asks for the others one by one.
                return
    for one in waiting:
        one.join()
    for number, told in waited.items():
        print(mark + json.dumps((number, *told)), flush=True)
