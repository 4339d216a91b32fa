"""A question of this process -> the wrapper's answer, over the socket that the wrapper handed to it.

One JSON object a line, both ways: a line that an interrupt tore apart costs that line and no other. Forked processes
share the socket, and take turns by a lock on a file. Nothing said here can loosen anything.
"""

import contextlib
import itertools
import json
import os
import socket
import sys
import threading

BROKEN = "the guard cannot be reached, so code that it has not seen does not run"


class GuardUnreachableError(RuntimeError):
    """The wrapper does not answer: nothing that would need its answer may happen."""

    __module__ = "jupyter_guard"


class Link:
    """The child's end of the socket ``handle``; ``lock`` is a file that nobody else locks."""

    def __init__(self, handle, lock):
        os.set_inheritable(handle, False)
        self._socket = socket.socket(fileno=handle)
        self._numbers = itertools.count(1)
        self._turn = threading.Lock()
        self._lock = -1
        with contextlib.suppress(OSError):
            # Where it cannot be made, forked processes do not take turns; each answer still names its question.
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        self._buffer = b""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self):
        # Another thread may have held it; here that thread is not.
        self._turn = threading.Lock()
        self._buffer = b""

    def ask(self, message):
        """The wrapper's answer to ``message``, a dictionary. Raises ``GuardUnreachableError``."""
        with self._turn:
            number = "%d-%d" % (os.getpid(), next(self._numbers))
            # The first newline ends what an interrupted message may have left unfinished.
            line = "\n" + json.dumps(dict(message, id=number)) + "\n"
            try:
                # A cell can close the file that guards turns as well as the socket.
                with self._locked():
                    self._socket.sendall(line.encode("ascii"))
                    while True:
                        answer = self._line()
                        if isinstance(answer, dict) and answer.get("id") == number:
                            return answer
            except OSError:
                raise GuardUnreachableError(BROKEN) from None

    def _line(self):
        while b"\n" not in self._buffer:
            data = self._socket.recv(65536)
            if not data:
                raise GuardUnreachableError(BROKEN)
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        try:
            return json.loads(line.decode("utf-8"))
        except ValueError:
            return None

    @contextlib.contextmanager
    def _locked(self):
        if self._lock < 0:
            yield
            return
        import fcntl

        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def vet(self, text, about, error):
        """The wrapper's answer when a ``watch.Text`` may run; raise ``error(told)`` with what it says when not."""
        asked = {"op": "vet", "text": text.code, "how": text.how, "path": text.path, "cells": text.cells}
        return self._allowed(dict(asked, about=about, beside=text.about), error)

    def set_aside(self, paths, about, error):
        """The wrapper's answer when what lies at ``paths`` may be changed; raises as ``vet``."""
        return self._allowed({"op": "aside", "about": about, "paths": paths}, error)

    def _allowed(self, message, error):
        for stream in (sys.stdout, sys.stderr):
            # What was printed before belongs above a card or a question.
            with contextlib.suppress(Exception):
                stream.flush()
        answer = self.ask(message)
        if answer.get("ok") is not True:
            unsaid = {"ename": "GuardUnreachableError", "evalue": BROKEN, "traceback": [BROKEN]}
            raise error(answer.get("error") or unsaid)
        return answer
