"""Hidden places that somebody outside has put something at -> masked again, in the kernel's own view of the files.

Linux takes a mask away with the name that it lies on (``isolate.renewed``, which lists the places that nothing else
keeps closed). Whoever made a user namespace may enter it and the mounts in it (user_namespaces(7)): a process that is
forked for it does, and masks what it finds unmasked there. Where that fails, the kernel is ended: it does not go on
with a store in its sight.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import struct
from typing import TYPE_CHECKING, Any

from jupyter_guard.isolate import tree
from jupyter_guard.kernel import signals

if TYPE_CHECKING:
    import zmq

    from jupyter_guard.kernel.relay import Relay

log = logging.getLogger("jupyter_guard")
# sys/inotify.h, sched.h, linux/nsfs.h, sys/mount.h
_CREATE, _MOVED_TO, _ONLY_FOLDERS, _OPENED = 0x100, 0x80, 0x01000000, 0x800 | 0x80000
_NEW_USER, _NEW_MOUNTS, _OWNER_OF = 0x10000000, 0x00020000, 0xB701
_BIND, _REMOUNT, _READ_ONLY, _NO_DEVICES = 4096, 32, 1, 4
_EVENT = struct.Struct("iIII")
_READ = 1 << 16
# What file systems' times may be behind by.
CLOCK_SECONDS = 0.1


class Masks:
    """The masks of one kernel; ``fd`` tells that something was put somewhere, -1 for a kernel that needs none.

    ``death`` says why the kernel was ended.
    """

    def __init__(self, relay: Relay, poller: zmq.Poller) -> None:
        self.fd = -1
        self.death = ""
        self._relay = relay
        self._poller = poller
        self._places: list[str] = []
        self._folders: dict[int, str] = {}

    def follow(self) -> None:
        """The kernel has started: watch from now on."""
        if self.fd >= 0:
            return
        with contextlib.suppress(ValueError):
            self._places = json.loads(self._relay.child.achieved() or "{}").get("masks", [])
        if not self._places:
            return
        self.fd = _call("inotify_init1", _OPENED)
        self._poller.register(self.fd, 1)
        self._watch()
        made = os.stat(f"{self._relay.child.directory}/connection.json").st_mtime - CLOCK_SECONDS
        if any(os.path.isdir(one) and os.stat(one).st_mtime > made for one in self._folders.values()):
            # Something was put there since the box was made, maybe at one of the places.
            self._mask()

    def ready(self) -> None:
        """Something was put into a folder that is watched."""
        if any(self._concerns(folder, name) for folder, name in self._put()):
            self._watch()
            self._mask()

    def _concerns(self, folder: str, name: str) -> bool:
        path = f"{folder}/{name}"
        return not name or any(one == path or one.startswith(path + "/") for one in self._places)

    def _put(self) -> list[tuple[str, str]]:
        found = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.fd, _READ):
                at = 0
                while at < len(data):
                    number, _, _, length = _EVENT.unpack_from(data, at)
                    name = data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
                    # Without one, some were too many to be told.
                    found.append((self._folders.get(number, ""), os.fsdecode(name)))
                    at += _EVENT.size + length
        return found

    def _watch(self) -> None:
        """Watch each folder around the places, as far as it is there."""
        for one in {_nearest(place) for place in self._places}:
            with contextlib.suppress(OSError):
                number = _call("inotify_add_watch", self.fd, os.fsencode(one), _CREATE | _MOVED_TO | _ONLY_FOLDERS)
                self._folders[number] = one

    def _mask(self) -> None:
        # What this user may not read is no secret of his, and no mask is made for it.
        places = [one for one in self._places if os.access(one, os.R_OK)]
        if not places:
            return
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                os.write(writer, json.dumps(_masked(self._relay.child.pid, places)).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as file:
            told = json.loads(file.read() or b'{"failed": "it ended without a word"}')
        os.waitpid(pid, 0)
        for one in told.get("masked", ()):
            log.warning("%s was put there while a kernel ran: it is hidden from it", one)
        if "failed" in told and tree.read(f"/proc/{self._relay.child.pid}/stat"):
            self.death = (
                f"The kernel was ended: something was put at a place that is hidden from it, and could not be hidden "
                f"({told['failed']}). Files are kept, its variables are gone; restart it."
            )
            log.error("%s", self.death)
            signals.send(self._relay.child.pid, signals.KILL)


def _masked(box: int, places: list[str]) -> dict[str, Any]:
    """In a process of its own, which ends with it: enter the box and mask what is not; what was."""
    done: list[str] = []
    try:
        # bubblewrap itself stays outside; what it has started is inside.
        inside = next(iter(tree.children(box, 1)))
        mounts = os.open(f"/proc/{inside}/ns/mnt", os.O_RDONLY)
        _call("setns", _call("ioctl", mounts, _OWNER_OF), _NEW_USER)
        _call("setns", mounts, _NEW_MOUNTS)
        for one in places:
            if _is_masked(one):
                continue
            if os.path.isdir(one):
                _call("mount", b"none", os.fsencode(one), b"tmpfs", 0, b"mode=0000")
            else:
                _call("mount", b"/dev/null", os.fsencode(one), b"", _BIND, 0)
                _call("mount", b"", os.fsencode(one), b"", _REMOUNT | _BIND | _READ_ONLY | _NO_DEVICES, 0)
            done.append(one)
    except (OSError, StopIteration) as error:
        return {"masked": done, "failed": str(error) or "the box is gone"}
    return {"masked": done}


def _is_masked(path: str) -> bool:
    """Whether nothing can be read there: as in a box, or because nothing is there."""
    try:
        found = os.stat(path)
    except OSError:
        return True
    if stat.S_ISDIR(found.st_mode):
        return not stat.S_IMODE(found.st_mode) and found.st_dev != os.stat(os.path.dirname(path)).st_dev
    return not stat.S_ISREG(found.st_mode)


def _nearest(path: str) -> str:
    while not os.path.isdir(path := os.path.dirname(path)):
        pass
    return path


def _call(name: str, *arguments: Any) -> int:
    # A kernel without such places never needs it.
    import ctypes

    found = int(getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return found
