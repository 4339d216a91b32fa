"""What this process is about to do to files, programs and hosts -> a line of code that does the same.

Reading sees names; a name that is built while a cell runs has none. The audit event of the act has its real arguments,
so the policy that judges ``os.remove(path)`` in a cell judges it here too.
"""

import os
import re
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC
MAY_RUN_CODE = re.compile(r"^(?:LD_|DYLD_|PYTHON|BASH_ENV$|ENV$|PERL5|RUBYOPT|NODE_OPTIONS|JAVA_TOOL|GIT_|PROMPT_COMM)")
SENDS = re.compile(rb"^(POST|PUT|PATCH|DELETE) (\S+) HTTP/")
# Nobody else is reached there.
LOOPBACK = ("127.", "localhost", "::1", "::ffff:127.")


def _call(module, function, *arguments):
    given = ", ".join(repr(os.fsdecode(one) if isinstance(one, bytes) else one) for one in arguments)
    return "import %s\n%s.%s(%s)" % (module, module, function, given)


def _paths(count, *folders):
    """Calls whose first ``count`` arguments are paths; ``folders`` are where descriptors of their folders stand."""

    def as_code(event, args):
        given = paths(args)
        module, _, function = event.partition(".")
        return _call(module, function, *given) if all(given) else ""

    def paths(args):
        return [_full(one, args, folders[at : at + 1]) for at, one in enumerate(args[:count])]

    # Some of these are nobody's business where cells work; the others are wherever they are done.
    as_code.paths = paths
    return as_code


def _everywhere(as_code):
    def also(event, args):
        return as_code(event, args)

    return also


def _full(path, args, folder=()):
    """A path as text, from the folder that it is relative to; ``""`` for what is none."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return ""
    path = os.fsdecode(path)
    handle = args[folder[0]] if folder and folder[0] < len(args) else -1
    if not isinstance(handle, int) or handle < 0 or os.path.isabs(path):
        return path
    try:
        return os.path.join(os.readlink("/proc/self/fd/%d" % handle), path)
    except OSError:
        return path


def _changed(*folders):
    def as_code(event, args):
        path = _full(args[0], args, folders)
        return _call("os", event.partition(".")[2], path, args[1]) if path else ""

    as_code.paths = _paths(1, *folders).paths
    return as_code


def _command(argv):
    words = [os.fsdecode(one) for one in argv]
    if len(words) > 2 and words[1] == "-c" and os.path.basename(words[0]) in ("sh", "bash", "dash", "zsh"):
        return "import subprocess\nsubprocess.run(%r, shell=True)" % words[2]
    return "import subprocess\nsubprocess.run(%r)" % (words,)


def _system(_event, args):
    return "import os\nos.system(%r)" % os.fsdecode(args[0])


def _popen(_event, args):
    argv = args[1]
    return _command([argv] if isinstance(argv, (str, bytes)) else list(argv))


def _spawn(_event, args):
    return _command(list(args[1]))


def _open(_event, args):
    path, _mode, flags = args
    if not isinstance(path, (str, bytes)) or not isinstance(flags, int):
        return ""
    return ("open(%r, 'w')" if flags & WRITING else "found = open(%r)") % os.fsdecode(path)


def _opened(args):
    return args[:1]


_open.paths = _opened


def _killed(event, args):
    return "" if args[1] == 0 else _call("os", event.partition(".")[2], int(args[0]), int(args[1]))


def _set(_event, args):
    key = os.fsdecode(args[0])
    return _call("os", "putenv", key, os.fsdecode(args[1])) if MAY_RUN_CODE.match(key) else ""


def _loaded(_event, args):
    return _call("ctypes", "CDLL", args[0] if isinstance(args[0], (str, bytes)) else None)


def _imported(_event, args):
    # A compiled module; of what it does nothing is heard.
    return _call("ctypes", "CDLL", args[1])


def _hooked(_event, _args):
    return "import sys\nsys.addaudithook(print)"


def _extended(_event, args):
    return "import sqlite3\nsqlite3.connect('a database').load_extension(%r)" % (os.fsdecode(args[1]),)


def _connected(event, args):
    address = args[1]
    if isinstance(address, (str, bytes)):
        return "import socket\nsocket.socket(socket.AF_UNIX).connect(%r)" % os.fsdecode(address)
    if not isinstance(address, tuple) or len(address) < 2 or str(address[0]).startswith(LOOPBACK):
        return ""
    if event == "socket.bind":
        return "import socket\nfound = socket.socket()\nfound.bind(%r)" % (address[:2],)
    return "import socket\nfound = socket.create_connection(%r)" % (address[:2],)


def _requested(_event, args):
    connection, data = args[:2]
    found = SENDS.match(bytes(data[:4096])) if isinstance(data, (bytes, bytearray)) else None
    if found is None:
        return ""
    method, path = (one.decode("latin-1") for one in found.groups())
    scheme = "https" if getattr(connection, "default_port", 80) == 443 else "http"
    if not path.startswith("http"):
        path = "%s://%s:%s%s" % (scheme, connection.host, connection.port, path)
    return "import requests\nfound = requests.%s(%r)" % (method.lower(), path)


def _moved(_event, _args):
    return ""


def _database(_event, _args):
    return ""


def _database_path(args):
    return args[:1]


_database.paths = _database_path


def _ftp(_event, args):
    return "import ftplib\nfound = ftplib.FTP(%r)" % str(args[1])


ACTS = {
    "open": _open,
    # Heard because names of folders lead elsewhere then.
    "os.chdir": _moved,
    "os.remove": _paths(1, 1),
    "os.rmdir": _paths(1, 1),
    "os.rename": _paths(2, 2, 3),
    "os.link": _paths(2, 2, 3),
    "os.symlink": _paths(2, 2, 2),
    "os.chmod": _changed(2),
    "os.truncate": _changed(),
    "os.system": _system,
    "os.posix_spawn": _spawn,
    "os.exec": _spawn,
    "os.kill": _killed,
    "os.killpg": _killed,
    "os.putenv": _set,
    "shutil.rmtree": _everywhere(_paths(1)),
    "shutil.copyfile": _paths(2),
    "shutil.move": _everywhere(_paths(2)),
    "shutil.unpack_archive": _everywhere(_paths(2)),
    "subprocess.Popen": _popen,
    "ctypes.dlopen": _loaded,
    "import": _imported,
    "sys.addaudithook": _hooked,
    # Its statements are put before the guard where they are executed; that it is written to is heard here.
    "sqlite3.connect": _database,
    "sqlite3.load_extension": _extended,
    "socket.connect": _connected,
    "socket.sendto": _connected,
    "socket.bind": _connected,
    "http.client.send": _requested,
    "ftplib.connect": _ftp,
}


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
