"""The audit events of this process (PEP 578) -> whoever hears of each: what is compiled, what is done, what is read.

A hook cannot be removed again, and every audited event of the process comes by it, ``id()`` included: one that nobody
hears costs one look-up, and a file that is opened again two more.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC
PATHS_KEPT = 5000
FLAGS_KEPT = 50
# So many paths of earlier cells again, and it is worth having all that are like them at once.
AGAIN = 20

# Who hears which event.
_hearing: dict[str, Any] = {}
# Who hears of events whatever is listened to, and changes nothing.
_noting: dict[str, Any] = {}
# Any digit as 0: of the same length, so that `1.bashrc` says nothing of `.bashrc`.
ZEROED = bytes.maketrans(b"123456789", b"000000000")
# Of a path with half characters.
NO_STEM = b""
# In these digits tell.
TOLD_BY_DIGITS = (b".p0", b".p00", b".pk0")
KEYS_BY_DIGITS = b"id_ed00"


class Settled:
    """What may be opened again without anybody hearing of it: paths; and by their ``stems``, whatever digits they have.

    Of a folder that is written into more is known than its name, so it must be one of ``folders``; ``None``: any.
    """

    def __init__(self, folders: set[str] | None) -> None:
        self.to_read: set[str] = set()
        self.to_write: set[str] = set()
        self.stems_to_read: set[bytes] = set()
        self.stems_to_write: set[bytes] = set()
        self.folders = folders
        # What was ever written, by its folder and stem. That says nothing of whether it may be written again: only that
        # where one of them may, the others may, so that they need not be looked at one by one in each cell.
        self._alike: dict[tuple[str, bytes], set[str]] = {}
        self._alike_kept = self._again = 0

    def may_be_written(self, path: str, stem: bytes) -> bool:
        """Whether one of this stem concerned nobody, in this cell."""
        if stem not in self.stems_to_write:
            return False
        if self.folders is not None:
            folder = path[: path.rfind(os.sep) + 1]
            if folder not in self.folders:
                return False
            alike = self._alike.get((folder, stem))
            if alike is not None and path in alike:
                self._again += 1
                if self._again > AGAIN:
                    self.to_write |= alike
            elif self._alike_kept < PATHS_KEPT:
                self._alike_kept += 1
                self._alike.setdefault((folder, stem), set()).add(path)
        if len(self.to_write) < PATHS_KEPT:
            self.to_write.add(path)
        return True

    def add(self, path: str, is_written: bool) -> None:
        """The same again concerns nobody."""
        stem = _stem(path)
        paths, stems = (self.to_write, self.stems_to_write) if is_written else (self.to_read, self.stems_to_read)
        if len(paths) >= PATHS_KEPT:
            paths.clear()
        if len(stems) >= PATHS_KEPT:
            stems.clear()
        paths.add(path)
        like = stem.lower()
        if stem != NO_STEM and not like.endswith(TOLD_BY_DIGITS) and KEYS_BY_DIGITS not in like:
            stems.add(stem)

    def moved(self) -> None:
        """Names of files may lead elsewhere."""
        self.to_write.clear()
        self._again = 0
        if self.folders is not None:
            self.folders.clear()

    def make_room(self) -> None:
        """A cell begins, or is heard no more: other paths may come again and again."""
        if len(self.to_read) >= PATHS_KEPT:
            self.to_read.clear()
        if len(self.to_write) >= PATHS_KEPT:
            self.to_write.clear()
        if self._alike_kept >= PATHS_KEPT:
            self._alike.clear()
            self._alike_kept = 0

    def fresh(self) -> None:
        """What is written again is another cell's doing."""
        self.make_room()
        self.moved()
        self.stems_to_write.clear()


def _stem(path: str) -> bytes:
    try:
        return path.encode().translate(ZEROED)
    except UnicodeEncodeError:
        return NO_STEM


# While acts are heard of, and while nothing is but files with keys.
_acting, _free = Settled(set()), Settled(None)
_settled = _free
# By the flags with which they are opened, the paths of the one that holds now: the very sets of it.
_known: dict[int, set[str]] = {}

_watching: Any = None
_installed = False
# Says of a thread that the guard itself is at work in it.
inside = threading.local()


def start(watch: Any, noting: Any = None) -> None:
    """Put what is compiled from now on before ``watch``, a ``watch.Watch``; ``noting`` says who else hears of what."""
    global _watching, _installed, _acting, _free
    _watching, _acting, _free = watch, Settled(set()), Settled(None)
    _noting.update(noting or {})
    _hearing.update(_noting)
    _hearing.update({"compile": _compiled, "exec": _executed})
    _hear_opened(_free)
    if watch.acts is not None:
        acts = watch.acts
        acts.listen, acts.moved, acts.calm, acts.above = _listen, _acting.moved, _acting.folders, _above
        acts.fresh = _acting.fresh
        _listen(True)
    if not _installed:
        _installed = True
        sys.addaudithook(_heard)


def stop(watch: Any) -> None:
    """Put nothing before ``watch`` any more; the hook stays, as audit hooks do, and does nothing."""
    global _watching
    if _watching is watch:
        _watching = None
        _hearing.clear()
        _noting.clear()


def _listen(is_on: bool) -> None:
    """Hear acts, or nothing but what is compiled and run."""
    watch = _watching
    if watch is None or watch.acts is None:
        return
    for event, hear in watch.acts.hearing().items():
        note = _noting.get(event)
        if is_on:
            _hearing[event] = hear if note is None else _both(hear, note)
        elif note is not None:
            _hearing[event] = note
        else:
            _hearing.pop(event, None)
    _hear_opened(_acting if is_on else _free)


def _hear_opened(settled: Settled) -> None:
    """Whoever hears of a file that is opened answers ``True`` where the same again concerns nobody."""
    global _settled
    hear = _hearing.get("open")
    if hear is not None:
        _hearing["open"] = _once(hear, settled)
    settled.make_room()
    _settled = settled
    _known.clear()


def _both(hear: Any, note: Any) -> Any:
    def heard(event: str, args: tuple[Any, ...]) -> bool:
        # What may not be done is not noted.
        concerns_none = hear(event, args)
        return note(event, args) is True and concerns_none is True

    return heard


def _once(hear: Any, settled: Settled) -> Any:
    def heard(event: str, args: tuple[Any, ...]) -> None:
        if hear(event, args) is True and type(args[0]) is str and type(args[2]) is int:
            settled.add(args[0], bool(args[2] & WRITING))

    return heard


def _is_alike(path: str, flags: Any) -> bool:
    """Whether the path has the stem of one that concerned nobody."""
    if type(flags) is not int:
        return False
    settled, is_written = _settled, flags & WRITING
    if flags not in _known:
        if len(_known) >= FLAGS_KEPT:
            _known.clear()
        _known[flags] = settled.to_write if is_written else settled.to_read
        if settled is not _settled:
            # Another thread has changed what is heard.
            _known.clear()
            return False
    try:
        # `_stem`, without the call.
        stem = path.encode().translate(ZEROED)
    except UnicodeEncodeError:
        return False
    if is_written:
        return settled.may_be_written(path, stem)
    if stem not in settled.stems_to_read:
        return False
    if len(settled.to_read) < PATHS_KEPT:
        # By its name it is found sooner the next time.
        settled.to_read.add(path)
    return True


# What it needs is in its defaults, and few of those: each name that is looked up, and each that is handed over, counts.
def _heard(
    event: str,
    args: tuple[Any, ...],
    kind: Any = type,
    text: type = str,
    known: dict[int, set[str]] = _known,
) -> None:
    if event == "open":
        # The one event that loops raise by the hundred thousand. A type of somebody's own may say what it equals.
        path, _, flags = args
        if kind(path) is text:
            try:
                if path in known[flags]:
                    return
            except (KeyError, TypeError):
                # Flags for the first time, or none.
                pass
            if _is_alike(path, flags):
                return
    hear = _hearing.get(event)
    if hear is not None:
        hear(event, args)


def _above() -> Any:
    """The frame that raised the event which is being heard."""
    frame: Any = sys._getframe(1)
    while frame.f_code is not _heard.__code__:
        frame = frame.f_back
    return frame.f_back


def _compiled(_event: str, args: tuple[Any, ...]) -> None:
    watch = _watching
    if watch is None or getattr(inside, "busy", False):
        return
    inside.busy = True
    try:
        watch.compiling(args[0], args[1], sys._getframe(2))
    finally:
        inside.busy = False


def _executed(_event: str, args: tuple[Any, ...]) -> None:
    watch = _watching
    if watch is None or getattr(inside, "busy", False):
        return
    inside.busy = True
    try:
        watch.running(args[0], sys._getframe(2))
    finally:
        inside.busy = False
