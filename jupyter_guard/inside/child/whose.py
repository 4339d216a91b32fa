"""What this process does -> which of it is a cell's doing, and is put before the guard before it is done.

Not a cell's are what a library does while it is imported and what the kernel does by itself. Where nobody but people
has written anything in the session, nothing is asked but once a cell: `free` answers for the rest of it.
"""

import contextlib
import os
import re
import sys
import sysconfig
import tempfile

WRITING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC
# So many quiet acts in a cell, and it is worth asking whether any in this session would be judged.
MANY = 50
MOST_WRITTEN = 2000
FOLDERS_KEPT = 500
LOOKED_AT = 10000
# A shell's exit status for a program that cannot be run.
CANNOT_EXECUTE = 126
# Read by the guard or run by Python when nobody looks.
DECIDING = ("jupyter_guard.toml", "pyproject.toml", "sitecustomize.py", "usercustomize.py")
# Functions that raise an event of their own and then do it by others.
WHOLE = (os.sep + "shutil.py", os.sep + "tempfile.py")
# Machinery that deletes and starts things on its own account, when no cell is on its stack.
OWN = ("ipykernel", "IPython", "zmq", "tornado", "jupyter_client", "debugpy")
# What a cell knows as `open` (IPython/core/interactiveshell.py).
OPEN = "_modified_open"
# A loop of events calls what it was given: ipykernel's own tasks stand between this file and themselves.
GIVEN = os.path.join("asyncio", "events.py")
# Libraries that open what they are told to, and nothing of their own.
READERS = ("pandas", "numpy", "pyarrow", "polars", "joblib", "fsspec", "yaml", "dotenv")
# What of the standard library reads accounts and calls by itself, and what only hands on a call.
ON_THEIR_OWN = ("netrc.py", "site.py", "mimetypes.py", "platform.py", "ssl.py")
HANDS_ON = ("ctypes", "threading.py", "concurrent", "asyncio", "functools.py", "contextlib.py", "multiprocessing")
# Where secrets may lie; whether they do, the guard knows.
MAY_BE_PRIVATE = re.compile(
    r"(?i)(?:^|/)\.[^./]|secret|credential|token|passw|shadow|environ$|\.(?:pem|key|p12|pfx|kdbx|ovpn|tfstate|tfvars)$"
    r"|htpasswd|wallet|vault|client_|service.account|tnsnames"
)
# What is written there is kept nowhere, or goes where this process prints. Other devices are disks and settings.
DEVICES = frozenset("/dev/" + one for one in "null zero full random urandom tty ptmx stdin stdout stderr".split())
# A library may do these on its own account: only what a cell does itself, or has the standard library do, counts.
DIRECT = frozenset(["os.kill", "os.killpg", "os.putenv", "ctypes.dlopen", "sys.addaudithook", "socket.bind"])
# Nobody else is reached there.
LOOPBACK = ("127.", "localhost", "[::1]")
# Compiled modules lie there that somebody has installed.
INSTALLED = tuple({os.path.realpath(one) + os.sep for one in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
INSTALLS = "-packages" + os.sep
# What these do to a file that is there, of which arguments: undo wants it set aside first. What a function of `shutil`
# does as a whole, and programs, are put before the guard wherever they do it.
CHANGES = {
    "open": (0,), "os.remove": (0,), "os.rmdir": (0,), "os.rename": (0, 1), "os.chmod": (0,), "os.truncate": (0,),
    "shutil.copyfile": (1,),
}  # fmt: skip
# After these a name may lead elsewhere.
MOVES = frozenset(
    ["os.chdir", "os.rename", "os.symlink", "os.link", "os.system", "os.posix_spawn", "subprocess.Popen", "shutil.move"]
)


class Acts:
    """Hears the events of ``translations``, functions that make code of an event and its arguments, "" for none.

    ``kind`` says what part a file's code plays, ``mine`` are the kinds that are the user's. ``ask(code, frame)`` raises
    when the act may not be done, and may return a dictionary: ``free``, no act of this cell is judged; ``asked``, a
    person was asked and allowed it; ``hold``, do it so that it can be taken back, and ask again. ``inside.busy`` is
    true while the guard itself is at work in a thread.
    """

    def __init__(self, kind, mine, ask, inside, translations, workspace):
        self._kind, self._mine, self._ask, self._inside = kind, mine, ask, inside
        self._translations = translations
        # Written into all the time, and nobody is asked about that.
        quiet = (workspace, tempfile.gettempdir(), "/dev/shm", "/dev/pts")  # noqa: S108 (whose files are there does not matter)
        self._quiet = tuple(os.path.realpath(one) + os.sep for one in quiet)
        # Has files set aside before they are changed; says `free` where nothing more of this cell's is wanted.
        self.set_aside, self.about = None, str
        self._aside_about, self._aside, self._is_aside_free = None, set(), False
        self._standard = os.path.abspath(sysconfig.get_paths()["stdlib"]) + os.sep
        self._folders = {}
        self._pid = os.getpid()
        # A file with secrets that somebody let a cell read: what is sent from then on may be its contents.
        self._private = ""
        self._is_free = False
        self._quiet_acts = self._begun = 0
        self._has_asked = False
        # What was written in this cell where nobody asks about it, from wherever in this process.
        self._written = set()
        # Called with whether acts are to be heard; when names of files may lead elsewhere; when a cell begins; for the
        # frame that raised the event which is heard. And the folders where what is written is nobody's business.
        self.listen, self.moved, self.fresh, self.above, self.calm = bool, bool, bool, sys._getframe, set()

    def hearing(self):
        """Who hears which event."""
        heard = dict(dict.fromkeys(self._translations, self._acted), open=self._opened)
        heard["import"] = self._imported
        return heard

    def cell_begins(self):
        """Whoever has written it, nothing is known of what it may do."""
        self._begun += 1
        self._quiet_acts = 0
        self._has_asked = False
        # Somebody may have put links there, or in place of a folder; and what is written again is this cell's doing.
        self._folders.clear()
        self.fresh()
        if self._is_free:
            self._is_free = False
            self.listen(True)

    def take_written(self):
        """What was written since this was asked last; of names that differ in their digits only one."""
        found, self._written = sorted(self._written), set()
        return found

    def _note_written(self, path):
        if len(self._written) < MOST_WRITTEN and isinstance(path, (str, bytes)):
            self._written.add(os.path.abspath(os.fsdecode(path)))

    def _keep(self, event, args, frame):
        """Have what the workspace holds at the paths of an act set aside, once a cell; whether that is wanted.

        Raises where the policy lets nothing go on that cannot be brought back.
        """
        if self.set_aside is None or event not in CHANGES:
            return False
        if self.about() != self._aside_about:
            self._aside_about, self._aside, self._is_aside_free = self.about(), set(), False
        is_part = event[:7] != "shutil." and frame.f_code.co_filename.endswith(WHOLE)
        if self._is_aside_free or is_part or not self._is_mine(frame):
            return not self._is_aside_free
        given = self._translations[event].paths(args)
        given = [given[at] for at in CHANGES[event] if isinstance(given[at], (str, bytes)) and given[at]]
        found = [_place(os.fsdecode(one), event == "open") for one in given]
        new = [one for one in found if one not in self._aside and one.startswith(self._quiet[0])]
        # What is not there yet is the cell's own, whatever it does to it later.
        there = [one for one in new if os.path.lexists(one)]
        if there or (new and not self._aside):
            self._is_aside_free = bool(self.set_aside(there).get("free"))
        self._aside.update(new)
        return not self._is_aside_free

    def put(self, code, frame, about=None):
        """A driver is about to do what ``code`` says. Raises what ``ask`` raises; gives what it gives.

        ``about`` is what the driver can do beside: hold a statement, count its rows.
        """
        if self._is_free or getattr(self._inside, "busy", False):
            return {}
        self._inside.busy = True
        try:
            return self._put(code, frame, about) if self._is_mine(frame) else {}
        finally:
            self._inside.busy = False

    def _opened(self, event, args):
        """Whether the same again concerns nobody."""
        path, _, flags = args
        if self._is_free or not isinstance(flags, int):
            return self._is_free
        if not isinstance(path, str):
            return self._acted(event, args)
        if flags & WRITING:
            self._note_written(path)
            folder, slash, name = path.rpartition(os.sep)
            is_quiet = self._folders.get(folder + slash) and name[:1] not in ("", ".") and name not in DECIDING
            if not is_quiet or os.path.islink(path):
                return self._acted(event, args)
            if self._kept(event, args):
                # The next one has to be heard, too.
                self._noted()
                return False
            if folder + slash not in self.calm and not _has_links(folder + slash or "."):
                self.calm.add(folder + slash)
        elif MAY_BE_PRIVATE.search(path):
            return self._acted(event, args)
        self._noted()
        return True

    def _imported(self, event, args):
        """A module is about to be loaded: the path of a compiled one is told, and that it is nowhere installed."""
        path = args[1] if len(args) > 1 else None
        if not isinstance(path, str) or self._is_free:
            return
        path = os.path.realpath(path)
        is_installed = path.startswith(INSTALLED) or (INSTALLS in path and not path.startswith(self._quiet[0]))
        if not is_installed:
            self._acted(event, (args[0], path))

    def _kept(self, event, args):
        if getattr(self._inside, "busy", False):
            return False
        self._inside.busy = True
        try:
            return self._keep(event, args, self.above())
        finally:
            self._inside.busy = False

    def _noted(self):
        self._quiet_acts += 1
        if not self._has_asked and self._quiet_acts % MANY == 0:
            self._acted("", ())

    def _acted(self, event, args):
        """Put an act before the guard; whether it is none that the guard has to see."""
        if self._is_free or getattr(self._inside, "busy", False):
            return False
        self._inside.busy = True
        try:
            frame = self.above()
            if event != "open" or (isinstance(args[2], int) and args[2] & WRITING):
                self._keep(event, args, frame)
            code = self._code(event, args, frame) if event else ""
            if code:
                try:
                    told = self._put(code, frame, {"folder": _folder(args[2] if event == "subprocess.Popen" else None)})
                except Exception:
                    if event == "os.exec" and os.getpid() != self._pid:
                        # A copy of this process was made to become that program. It must not go on as a kernel.
                        os._exit(CANNOT_EXECUTE)
                    raise
                if told.get("asked") and event == "open" and not args[2] & WRITING:
                    self._private = os.fsdecode(args[0])
                return False
            self._quiet_acts += bool(event)
            # The cell's own only: when its traceback is made, say, nobody may be there to answer any more.
            if not self._has_asked and self._quiet_acts % MANY == 0 and self._is_mine(frame):
                self._has_asked = True
                with contextlib.suppress(Exception):
                    # Nothing is at stake but time.
                    self._put("", frame)
            return code is None
        finally:
            self._inside.busy = False

    def _put(self, code, frame, about=None):
        begun = self._begun
        told = (self._ask(code, frame, about) if about else self._ask(code, frame)) or {}
        if told.get("free") and begun == self._begun:
            self._is_free = True
            self.listen(False)
        return told

    def _code(self, event, args, frame):
        """The act as code; ``""`` for one that nobody has to judge, ``None`` where that is so whoever does it."""
        as_code = self._translations[event]
        if event == "open" and not args[2] & WRITING:
            return as_code(event, args) if self._is_direct(frame, reading=True) else ""
        while event == "import" and frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            # Who imports it is above.
            frame = frame.f_back
        if event in MOVES:
            self._folders.clear()
            self.moved()
        paths = getattr(as_code, "paths", None)
        if paths is not None and event != "open":
            for one in paths(args):
                self._note_written(one)
        if paths is not None and not event.startswith("shutil.") and frame.f_code.co_filename.endswith(WHOLE):
            return ""
        if paths is not None and all(self._is_quiet(one) for one in paths(args)):
            return None
        if not (self._is_direct(frame) if event in DIRECT else self._is_mine(frame)):
            return ""
        if event == "open" and isinstance(args[0], (str, bytes)) and os.path.islink(args[0]):
            # What it leads to is what is written.
            args = (os.path.realpath(args[0]), *args[1:])
        code = as_code(event, args)
        return self._sending(event, code, frame) if self._private and code else code

    def _sending(self, event, code, frame):
        """What is sent after secrets were read, as code that says so."""
        first, _, rest = code.partition("\n")
        if event == "http.client.send" and not any("//" + one in rest for one in LOOPBACK):
            return "%s\nsent = open(%r).read()\n%s, data=sent)" % (first, self._private, rest[:-1])
        if event in ("socket.connect", "socket.sendto") and "create_connection" in rest and self._is_direct(frame):
            return "%s\nfound.sendall(open(%r, 'rb').read())" % (code, self._private)
        return code

    def _is_quiet(self, path):
        """Whether a file lies where cells work, and decides about nothing but itself."""
        if not isinstance(path, str):
            if not isinstance(path, (bytes, os.PathLike)):
                return True
            path = os.fsdecode(path)
        if path in DEVICES:
            return True
        folder, slash, name = path.rpartition(os.sep)
        if not name or name[0] == "." or name in DECIDING:
            # Rare: the whole of it decides.
            folder, name = os.path.split(os.path.abspath(path))
            return bool(name) and name not in DECIDING and name[0] != "." and self._is_quiet_folder(folder)
        found = self._folders.get(folder + slash)
        if found is None:
            if len(self._folders) > FOLDERS_KEPT:
                self._folders.clear()
            found = self._folders[folder + slash] = self._is_quiet_folder(folder + slash)
        if found and os.path.islink(path):
            return self._is_quiet(os.path.realpath(path))
        return found

    def _is_quiet_folder(self, folder):
        folder = os.path.realpath(folder) + os.sep
        if folder == "/proc/%d/fd/" % os.getpid():
            # Links, each of which is looked at by itself.
            return True
        inside = next((one for one in self._quiet if folder.startswith(one)), None)
        return inside is not None and not (os.sep + folder[len(inside) :]).count(os.sep + ".")

    def _is_mine(self, frame):
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                return False
            if self._kind(name) in self._mine:
                return True
            if name.endswith(GIVEN) and frame.f_code.co_name == "_run":
                return True
            if frame.f_code.co_name != OPEN and frame.f_globals.get("__name__", "").partition(".")[0] in OWN:
                return False
            frame = frame.f_back
        # A thread that was given the function itself.
        return True

    def _is_direct(self, frame, reading=False):
        """Whether a cell does it, if by the standard library: no installed library, which has reasons of its own."""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                return False
            if self._kind(name) in self._mine or (name.endswith(GIVEN) and frame.f_code.co_name == "_run"):
                return True
            if (
                not name.startswith("<frozen ")
                and frame.f_code.co_name != OPEN
                and not self._only_hands_on(name, frame, reading)
            ):
                return False
            frame = frame.f_back
        return True

    def _only_hands_on(self, name, frame, reading):
        if not name.startswith(self._standard) or "-packages" + os.sep in name:
            package = frame.f_globals.get("__name__", "").partition(".")[0]
            return (reading and package in READERS) or package.startswith("_jupyter_guard")
        rest = name[len(self._standard) :]
        if frame.f_code.co_name == "_send_signal":
            # A process of its own that multiprocessing ends.
            return False
        return not rest.startswith(ON_THEIR_OWN) if reading else rest.startswith(HANDS_ON)


def _place(path, follow):
    """Where a path leads; its last part is followed by who opens it, and not by who deletes it."""
    if follow:
        return os.path.realpath(path)
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _folder(given):
    """The folder that relative names are looked up in."""
    try:
        return os.path.abspath(os.fsdecode(given or "."))
    except (OSError, TypeError):
        return ""


def _has_links(folder):
    """Whether a folder has links in it, or more than it is worth to look at."""
    try:
        with os.scandir(folder) as found:
            return any(number >= LOOKED_AT or entry.is_symlink() for number, entry in enumerate(found))
    except OSError:
        return True


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
