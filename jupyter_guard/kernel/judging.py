"""Cells to judge -> answers from the helper process, without ever waiting for it.

A helper that dies, or that chews for too long on a cell, costs that cell (a block with the reason) and is replaced;
the new one is told again what ran before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from jupyter_guard.guard.isolated import VARIABLE
from jupyter_guard.guard.protocol import (
    Aside,
    Call,
    Called,
    Decided,
    Ended,
    Judged,
    Kept,
    Learn,
    SetAside,
    Stamp,
    Standing,
    Tell,
    Told,
    Unpacker,
    Vet,
    pack,
    stamp,
)

log = logging.getLogger("jupyter_guard")

SECONDS_FOR_A_CELL = 30.0
SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 1.0
REPLAYED_BYTES = 4 * 1024 * 1024
STARTS_IN_A_ROW = 3
REPEATED_KEPT = 200
# As in `guard.inner`, which only the helper needs.
PREVIEWS = ("draft", "notebook")


class Judging:
    """The wrapper's end of the helper. ``answered`` takes each answer, ``failed`` a request and why there is none.

    ``standing`` takes the policy in force, at the start and whenever it changed. ``directory`` and what is left of the
    process ``group`` are what the helper removes when it sees us gone. ``kept`` takes word of what the helper has kept;
    ``unkept`` says what a new one must be told to keep, ``achieved`` how the kernel is isolated. ``set_aside`` takes
    word of files, ``called`` of tools, ``lost`` why there will be none.
    """

    def __init__(
        self,
        directory: str,
        answered: Callable[[Judged | Told], None],
        failed: Callable[[Vet | Tell, str], None],
        standing: Callable[[Standing], None],
        group: int = 0,
        kept: Callable[[Kept], None] = lambda _: None,
        unkept: Callable[[], Iterable[Decided]] = lambda: (),
        achieved: Callable[[], str] = str,
        set_aside: Callable[[SetAside], None] = lambda _: None,
        lost: Callable[[str], None] = lambda _: None,
        called: Callable[[Called], None] = lambda _: None,
    ) -> None:
        self._called = called
        self._set_aside, self._all_lost = set_aside, lost
        self._achieved = achieved
        self._kept, self._unkept = kept, unkept
        self._directory, self._group = directory, group
        self._answered, self._failed, self._standing = answered, failed, standing
        self._waiting: deque[tuple[Vet | Tell, Learn | None]] = deque()
        self._ran: deque[Learn] = deque()
        self._ran_bytes = 0
        self._out = bytearray()
        self._deadline = 0.0
        self._fruitless = 0
        self._known = False
        self._repeated: dict[tuple[bytes, str, str], Judged] = {}
        self._files: tuple[tuple[str, Stamp], ...] = ()
        self._process: Any = None
        self.pid = 0
        self.link: socket.socket | None = None

    def start(self) -> None:
        """Start a helper, unless one is there."""
        if self.link is not None:
            return
        self._unpacker = Unpacker()
        self._out.clear()
        if os.name == "nt":
            self._start_on_windows()
        else:
            self._start()
        self._deadline = time.monotonic() + SECONDS_TO_START
        for one in self._ran:
            self._send(one)
        for decided in self._unkept():
            self._send(decided)

    def ask(self, request: Vet) -> None:
        """Have a cell judged; the answer comes through ``answered`` or ``failed``."""
        key = (request.code, request.origin, request.language)
        known = None if self._waiting or request.expressions or request.how else self._repeated.get(key)
        if known is not None and all(stamp(path) == before for path, before in self._files):
            # Nothing has been judged or learned since, so the helper would only say it again.
            self._answered(msgspec.structs.replace(known, id=request.id))
            return
        # The names of a module are its own.
        lasts = request.how not in ("act", "module", "look", "comm", *PREVIEWS)
        self._await(request, Learn(request.code, request.origin, request.language) if lasts else None)

    def ask_words(self, request: Tell) -> None:
        """Have the helper say something; its words come through ``answered`` too."""
        self._await(request, None)

    def _await(self, request: Vet | Tell, learn: Learn | None) -> None:
        self.start()
        self._waiting.append((request, learn))
        if len(self._waiting) == 1 and self._fruitless == 0 and self._known:
            self._deadline = time.monotonic() + SECONDS_FOR_A_CELL
        self._send(request)

    def learn(self, cell: Learn) -> None:
        """Say that a cell which was asked about runs."""
        self.start()
        self._repeated.clear()
        self._keep(cell)
        self._send(cell)

    def set_aside(self, message: Aside) -> None:
        """Have files set aside or brought back; the answer comes through ``set_aside``, a helper's end by ``lost``."""
        self.start()
        self._send(message)

    def call(self, message: Call) -> None:
        """Have a tool called; the answer comes through ``called``, a helper's end by ``lost``."""
        self.start()
        self._send(message)

    def keep(self, decided: Iterable[Decided]) -> None:
        """Have decisions kept. They are among those of ``unkept`` already."""
        if self.link is None:
            self.start()
            return
        for one in decided:
            self._out += pack(one)
        self.write()

    def receive(self) -> None:
        """Take what the helper sent."""
        link = self.link
        if link is None:
            return
        try:
            data = link.recv(1 << 20)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost("the process that judges cells ended")
            return
        try:
            messages = self._unpacker.feed(data)
        except ValueError as error:
            self._lost(f"the process that judges cells cannot be understood ({error})")
            return
        for message in messages:
            if isinstance(message, Standing):
                self._known = True
                self._repeated.clear()
                self._files = message.files
                self._fruitless = 0
                self._deadline = time.monotonic() + SECONDS_FOR_A_CELL
                self._standing(message)
            elif isinstance(message, Judged | Told):
                self._take(message)
            elif isinstance(message, SetAside):
                self._set_aside(message)
            elif isinstance(message, Kept):
                self._kept(message)
            elif isinstance(message, Called):
                self._called(message)

    def _take(self, message: Judged | Told) -> None:
        if not self._waiting or self._waiting[0][0].id != message.id:
            log.warning("an answer about another cell was ignored")
            return
        request, learn = self._waiting.popleft()
        self._deadline = time.monotonic() + SECONDS_FOR_A_CELL
        if isinstance(message, Told) or isinstance(request, Tell) or request.how in PREVIEWS:
            self._answered(message)
            return
        if message.repeatable and not request.expressions and not request.how:
            if len(self._repeated) >= REPEATED_KEPT:
                self._repeated.clear()
            self._repeated[request.code, request.origin, request.language] = message
        else:
            self._repeated.clear()
            if learn is not None and message.verdict in ("allow", "warn"):
                self._keep(learn)
        self._answered(message)

    def check(self) -> float:
        """Replace a helper that takes too long; the seconds until there is something to check again."""
        if self.link is None or not (self._waiting or not self._known):
            return 3600.0
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._lost(f"judging took longer than {SECONDS_FOR_A_CELL:.0f} seconds")
            return 0.0
        return left

    def give_up(self) -> bool:
        """An interrupt came: a cell that is being judged does not run, and the helper starts afresh."""
        if not self._waiting or not self._known:
            return False
        # What nobody runs is not what the interrupt is for.
        for one in [one for one in self._waiting if isinstance(one[0], Vet) and one[0].how in PREVIEWS]:
            self._waiting.remove(one)
            self._failed(one[0], "the judging was interrupted")
        self._lost("the judging was interrupted")
        return True

    @property
    def wants_to_write(self) -> bool:
        """Whether bytes wait for the helper to read."""
        return bool(self._out)

    def write(self) -> None:
        """Send as much as the helper takes now."""
        if self.link is None or not self._out:
            return
        try:
            sent = self.link.send(self._out)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            return  # `receive` sees the end
        del self._out[:sent]

    def stop(self) -> None:
        """Let the helper end by itself, the child having ended; it removes the private directory once more."""
        if self.link is not None:
            with contextlib.suppress(OSError):
                # What is to be kept is among it.
                self.link.settimeout(SECONDS_TO_STOP)
                self.link.sendall(bytes(self._out) + pack(Ended()))
            self._close()

    def _close(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None

    def _send(self, message: Vet | Learn | Tell | Decided | Aside | Call) -> None:
        self._out += pack(message)
        self.write()

    def _keep(self, cell: Learn) -> None:
        self._ran.append(cell)
        self._ran_bytes += len(cell.code)
        while self._ran_bytes > REPLAYED_BYTES:
            self._ran_bytes -= len(self._ran.popleft().code)

    def _lost(self, reason: str) -> None:
        log.warning("%s; a new one is started", reason)
        self._repeated.clear()
        self._end()
        self._fruitless += not self._known
        culprit = self._waiting.popleft()[0] if self._waiting else None
        rest = list(self._waiting)
        if self._fruitless >= STARTS_IN_A_ROW:
            self._waiting.clear()
            self._fruitless = 0
            for request, _ in rest:
                self._failed(request, reason)
        else:
            self.start()
            for request, _ in rest:
                self._send(request)
        if culprit is not None:
            self._failed(culprit, reason)
        self._all_lost(reason)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
        elif self.pid:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(self.pid, 0)
        self.pid = 0
        self._close()

    def _command(self, where: str) -> list[str]:
        # -P: a module in the workspace must not stand in for one of the guard's.
        return [sys.executable, "-P", "-m", "jupyter_guard.guard.helper", where, self._directory, str(self._group)]

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._known = False
        try:
            os.set_inheritable(theirs.fileno(), True)
            command = self._command(str(theirs.fileno()))
            # A session of its own: what kills our process group must leave somebody to clean up.
            environment = {**os.environ, VARIABLE: self._achieved()}
            self.pid = os.posix_spawn(sys.executable, command, environment, setsid=True)
        finally:
            theirs.close()
        ours.setblocking(False)
        self.link = ours

    def _start_on_windows(self) -> None:
        # Not tested: no Windows machine was at hand.
        import secrets
        import subprocess

        token = secrets.token_hex(16)
        self._known = False
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(SECONDS_TO_START)
            host, port = server.getsockname()
            environment = {**os.environ, "JUPYTER_GUARD_HELPER_TOKEN": token}
            self._process = subprocess.Popen(self._command(f"{host}:{port}"), env=environment)
            while self.link is None:
                link, _ = server.accept()
                if link.recv(len(token), socket.MSG_WAITALL) == token.encode():
                    link.setblocking(False)
                    self.link = link
                else:
                    link.close()
