"""What the accounts of a machine send over a unix socket -> journals that only the collector's account can write.

Who sends is the kernel's word (SO_PEERCRED), and a record says it whatever it said itself. An account can add to
what is kept of it and to nothing else; nothing is changed or taken back over the socket.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import stat
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from jupyter_guard.audit.chain import Link
from jupyter_guard.audit.check import NOT_FOLLOWING, lines_from
from jupyter_guard.audit.collected import Add, Answer, Positions, receive, send
from jupyter_guard.audit.journal import Journal
from jupyter_guard.audit.place import journal_name, journals, kernel_of
from jupyter_guard.audit.record import Received, Record

log = logging.getLogger("jupyter_guard")

_KERNEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Made once, here, and not by the first two threads at once: see ``place``.
_REQUESTS = msgspec.json.Decoder(Positions | Add)
_OPEN_JOURNALS = 128
# What a database's BIGINT holds.
_LARGEST_SEQUENCE = 1 << 63
_CONNECTIONS = 16
_IDLE_SECONDS = 600.0
_AGAIN_SECONDS = 0.5


class Collector:
    """Keeps journals in ``directory``, one for each account and kernel.

    Raises ``PermissionError`` when somebody else could write there, ``OSError`` when it cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = directory.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
            raise PermissionError(
                f"{directory} has to be a folder of uid {os.geteuid()}'s own that nobody else can write: "
                f"it belongs to uid {about.st_uid}, mode {about.st_mode & 0o7777:04o}"
            )
        self._directory = directory
        self._turn = threading.Lock()
        self._journals: dict[tuple[int, str], Journal] = {}
        self._paths: dict[tuple[int, str], Path] = {}
        # Of the journals that are open.
        self._furthest: dict[tuple[int, str], Received] = {}
        for path in journals(directory):
            uid, _, kernel = kernel_of(path).partition("-")
            if uid.isdigit():
                self._paths[int(uid), kernel] = path

    def answer(self, uid: int, body: bytes) -> Answer:
        """What account ``uid`` is told; a request of another shape is refused."""
        try:
            request = _REQUESTS.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return Answer(error=f"no request: {problem}", refused=True)
        kernels = request.kernels if isinstance(request, Positions) else [request.kernel]
        if strange := [one for one in kernels if not _KERNEL.fullmatch(one)]:
            return Answer(error=f"{strange[0]!r} is no kernel's name", refused=True)
        with self._turn:
            try:
                if isinstance(request, Add):
                    return self._add(uid, request)
                found = ((kernel, self._position(uid, kernel)) for kernel in kernels)
                return Answer({kernel: place for kernel, place in found if place is not None})
            except (OSError, msgspec.DecodeError) as problem:
                log.error("what uid %d sends is not kept: %s", uid, problem)
                return Answer(error=f"it cannot be kept: {problem}")

    def close(self) -> None:
        """Close every journal."""
        with self._turn:
            for journal in self._journals.values():
                journal.close()
            self._journals.clear()
            self._furthest.clear()

    def _position(self, uid: int, kernel: str) -> tuple[int, str] | None:
        if (uid, kernel) not in self._paths:
            return None
        last = self._reached(uid, kernel)
        return (last.sequence, last.hash) if last is not None else None

    def _add(self, uid: int, request: Add) -> Answer:
        if any(not 0 < link.sequence < _LARGEST_SEQUENCE for link in request.links):
            return Answer(error="no request: the lines of a journal are counted from 1", refused=True)
        journal = self._journal(uid, request.kernel)
        # All that was taken is in the file from here on, so that what comes again can be told from what is new.
        if not journal.flush():
            return _full(journal)
        known: set[tuple[int, str]] | None = None
        last = self._reached(uid, request.kernel)
        for link in request.links:
            place = (link.sequence, link.hash)
            if link.record is None or (last is not None and place == (last.sequence, last.hash)):
                continue
            is_late = last is not None and link.sequence <= last.sequence
            if is_late:
                known = (
                    known if known is not None else {(one.sequence, one.hash) for one in _all_received(journal.path)}
                )
                if place in known:
                    continue
            received = Received(uid, datetime.now(UTC).isoformat(), link.sequence, link.hash, is_late)
            journal.append(_as_received(received, link, link.record, last))
            if known is not None:
                known.add(place)
            if not is_late:
                last = self._furthest[uid, request.kernel] = received
        return Answer() if journal.flush() else _full(journal)

    def _reached(self, uid: int, kernel: str) -> Received | None:
        """The furthest line of the sender's journal that is kept."""
        journal, key = self._journal(uid, kernel), (uid, kernel)
        if key not in self._furthest and journal.last is not None and journal.last.received is not None:
            received = journal.last.received
            if received.late:
                received = max(_all_received(journal.path), key=lambda one: (one.sequence, not one.late))
            self._furthest[key] = received
        return self._furthest.get(key)

    def _journal(self, uid: int, kernel: str) -> Journal:
        key = (uid, kernel)
        journal = self._journals.pop(key, None)
        if journal is None:
            day = datetime.now(UTC).date().isoformat()
            path = self._paths.get(key, self._directory / journal_name(day, f"{uid}-{kernel}"))
            journal = Journal(path, resume=True)
            self._paths[key] = path
        # The one that was used last is the last.
        self._journals[key] = journal
        idle = next((one for one, other in self._journals.items() if one != key and not other.waiting), None)
        if len(self._journals) > _OPEN_JOURNALS and idle is not None:
            self._journals.pop(idle).close()
            self._furthest.pop(idle, None)
        return journal


class Service:
    """A collector's socket at ``path``; accounts of this machine may connect to it.

    Raises ``OSError`` where it cannot be made, also where the system does not say who connects.
    """

    def __init__(self, path: Path, collector: Collector) -> None:
        if not hasattr(socket, "SO_PEERCRED"):
            raise OSError("this system does not tell who connects to a socket (SO_PEERCRED): a collector needs Linux")
        self._path, self._collector = path, collector
        self._from: Counter[int] = Counter()
        self._turn = threading.Lock()
        self._closed = threading.Event()
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if path.is_socket():
            with (
                contextlib.suppress(ConnectionRefusedError),
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other,
            ):
                other.connect(str(path))
                raise FileExistsError(f"another collector listens at {path}")
            path.unlink()  # of one that was killed
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._socket.listen(128)

    def serve(self) -> None:
        """Answer until ``close``."""
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError as problem:
                if self._closed.is_set():
                    return
                # Too many open files, no memory: what is sent waits at its sender's until there is room again.
                log.error("no connection can be taken: %s", problem)
                self._closed.wait(_AGAIN_SECONDS)
                continue
            uid = _peer(link)
            with self._turn:
                too_many = self._from[uid] >= _CONNECTIONS
                if not too_many:
                    self._from[uid] += 1
            if too_many:
                link.close()
                continue
            threading.Thread(target=self._talk, args=(link, uid), daemon=True).start()

    def close(self) -> None:
        """Take no more connections, and remove the socket."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _talk(self, link: socket.socket, uid: int) -> None:
        try:
            with link:
                link.settimeout(_IDLE_SECONDS)
                while body := receive(link):
                    send(link, self._collector.answer(uid, body))
        except (OSError, ValueError) as problem:
            log.info("uid %d: %s", uid, problem)
        finally:
            with self._turn:
                self._from[uid] -= 1


def _as_received(received: Received, link: Link, record: Record, last: Received | None) -> Record:
    """The record as the collector keeps it: whose it is, and what was erased here, is not the sender's to say."""
    user = _name(received.uid)
    evidence = record.evidence
    if record.user not in ("", user):
        evidence += (f"the sender called its user {record.user}",)
    expected = 1 if last is None else last.sequence + 1
    if link.sequence > expected:
        evidence += (f"of its sender's journal {lines_from(expected, link.sequence - 1)} did not come before it",)
    elif link.sequence < expected:
        evidence += (f"its sender had sent line {expected - 1} before it",)
    elif last is not None and link.previous != last.hash:
        evidence += (NOT_FOLLOWING,)
    return msgspec.structs.replace(record, user=user, evidence=evidence, erased=(), received=received)


class _Line(msgspec.Struct):
    class Inner(msgspec.Struct):
        received: Received | None = None

    record: Inner | None = None


_RECEIVED = msgspec.json.Decoder(_Line)


def _all_received(path: Path) -> Iterator[Received]:
    """Of which lines of its sender's journal the records in ``path`` are. Raises ``OSError``."""
    with path.open("rb") as file:
        for line in file:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                found = _RECEIVED.decode(line).record
                if found is not None and found.received is not None:
                    yield found.received


def _full(journal: Journal) -> Answer:
    return Answer(error=f"{journal.waiting} records wait to be written: is the disk full?")


def _peer(link: socket.socket) -> int:
    _, uid, _ = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(uid)


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
