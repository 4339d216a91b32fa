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
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from jupyter_guard.audit.chain import Link
from jupyter_guard.audit.collected import Add, Answer, Positions, receive, send
from jupyter_guard.audit.journal import Journal
from jupyter_guard.audit.place import journal_name, journals, kernel_of
from jupyter_guard.audit.record import Received, Record

log = logging.getLogger("jupyter_guard")

_KERNEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Made once, here, and not by the first two threads at once: see ``place``.
_REQUESTS = msgspec.json.Decoder(Positions | Add)
_OPEN_JOURNALS = 128
_CONNECTIONS = 16
_IDLE_SECONDS = 600.0


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

    def _position(self, uid: int, kernel: str) -> tuple[int, str] | None:
        if (uid, kernel) not in self._paths:
            return None
        last = self._journal(uid, kernel).last
        return (last.received.sequence, last.received.hash) if last is not None and last.received else None

    def _add(self, uid: int, request: Add) -> Answer:
        journal = self._journal(uid, request.kernel)
        for link in request.links:
            last = journal.last.received if journal.last is not None else None
            if link.record is not None and (last is None or link.sequence > last.sequence):
                journal.last = _received(uid, link, link.record, last)
                journal.append(journal.last)
        if not journal.flush():
            return Answer(error=f"{journal.waiting} records wait to be written: is the disk full?")
        return Answer()

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
            except OSError:
                return
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


def _received(uid: int, link: Link, record: Record, last: Received | None) -> Record:
    """The record as the collector keeps it: whose it is, and what was erased here, is not the sender's to say."""
    user = _name(uid)
    evidence = record.evidence
    if record.user not in ("", user):
        evidence += (f"the sender called its user {record.user}",)
    if last is not None and link.sequence == last.sequence + 1 and link.previous != last.hash:
        evidence += ("it does not follow what was sent before it",)
    received = Received(uid, datetime.now(UTC).isoformat(), link.sequence, link.hash)
    return msgspec.structs.replace(record, user=user, evidence=evidence, erased=(), received=received)


def _peer(link: socket.socket) -> int:
    _, uid, _ = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(uid)


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
