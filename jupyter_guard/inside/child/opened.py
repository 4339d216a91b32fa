"""Files that are called as keys and credentials are, and variables of the environment -> known secrets from then on.

Run by path, in whatever environment the kernel has. A file is told when it is opened, wherever it lies; a variable when
this process sets it, or gives it to another. Whoever is told decides by the name what is a secret.
"""

from __future__ import annotations

import functools
import os
import re
import stat
import threading
import warnings
from typing import Any

SHORTEST = 4
_MAY_NAME = re.compile("pass|secret|token|key|cred|auth|pwd|pw$|dsn|pat|sas|cookie|jwt", re.IGNORECASE)

ENVIRONMENT = "environment"
FILE = "credential file"

LARGEST_FILE = 64 * 1024
MOST_FILES = 500
# Only to tell quickly what is none of them: every file that is opened comes by.
_ENDS = frozenset(
    "pem key ppk p8 pk8 asc env pgpass netrc npmrc pypirc toml yaml yml json ini cfg txt PEM KEY JSON".split()
)
_BEGINS = ("id_", "_netrc", ".env", "credentials", ".credentials", "kubeconfig")

_KEY_FILE = re.compile(
    r".*\.(?:pem|key|ppk|p8|pk8|asc|env|pgpass|netrc|npmrc|pypirc)"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)\w*|_netrc|\.env(?:\.[\w.-]+)?|\.?credentials(?:\.[a-z]+)?|kaggle\.json|kubeconfig"
    r"|.*secrets?\.(?:toml|ya?ml|json|ini|env|cfg|txt)"
    r"|.*(?:service[_-]?account|credentials?|client[_-]?secret|api[_-]?keys?).*\.(?:json|ya?ml|toml|ini|cfg)",
    re.IGNORECASE,
)

# Nearly everything has none of these; what does is looked at closely.
_MAY_BE_KEY = re.compile(
    r"secret|account|cred|client|key|kube|kaggle|id_|rc|pass|env|\.(?:pem|ppk|p8|pk8|asc)", re.IGNORECASE
)

_learn: Any = None
_files: set[Any] = set()
_inside = threading.local()


def start(learn: Any) -> None:
    """Call ``learn(value, kind, name)`` from now on; of a file the value is all of it. What it raises is a warning."""
    global _learn
    _learn = learn
    _files.clear()
    if not getattr(os.putenv, "_guard_reads", False):
        _watch_environment()


def stop() -> None:
    """Tell nobody any more; what was changed stays so and does nothing."""
    global _learn
    _learn = None


def hearing() -> Any:
    """Who hears which audit event: of files that are opened, and of variables that are given to other processes."""
    return {"open": _opened, "subprocess.Popen": _given, "os.posix_spawn": _given, "os.exec": _given}


def _opened(_event: str, args: Any) -> bool:
    """A file is about to be opened for reading: what is called as keys are is read first, and told.

    Whether its name is none of these.
    """
    path, mode = args[0], args[1]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str) or _learn is None:
        return False
    name = path[path.rfind(os.sep) + 1 :]
    if name[name.rfind(".") + 1 :] not in _ENDS and not name.startswith(_BEGINS):
        return True
    if not _MAY_BE_KEY.search(name) or not _KEY_FILE.fullmatch(name):
        return True
    if not getattr(_inside, "busy", False) and (mode is None or "r" in mode or "+" in mode):
        _read(path)
    return False


def _read(path: str) -> None:
    _inside.busy = True
    try:
        found = os.stat(path)
        which = (path, found.st_mtime_ns, found.st_size)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE or which in _files:
            return
        if len(_files) < MOST_FILES:
            _files.add(which)
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            text = file.read(LARGEST_FILE)
        if "PRIVATE KEY" in text or not path.endswith((".pem", ".key", ".asc")):
            _told(text, FILE, path)
    except (OSError, ValueError):
        # Whoever opens it is told the same by Python.
        return
    finally:
        _inside.busy = False


def _given(_event: str, args: Any) -> None:
    """A process is about to be started: the variables that are not this process's own, by their names."""
    given = args[-1]
    if not isinstance(given, dict) or _learn is None:
        return
    for name, value in list(given.items()):
        key, text = os.fsdecode(name), os.fsdecode(value)
        if os.environ.get(key) != text and _may_be_secret(key, text):
            _told(text, ENVIRONMENT, key)


def _may_be_secret(name: str, value: str) -> bool:
    return len(value) >= SHORTEST and (_MAY_NAME.search(name) is not None or "://" in value)


def _told(value: str, kind: str, name: str) -> None:
    """Tell, of something that cannot be undone any more, or that is somebody else's to do."""
    try:
        _learn(value, kind, name)
    except RuntimeError as refused:
        warnings.warn("jupyter_guard: %s is not redacted: %s" % (name, refused), RuntimeWarning, stacklevel=4)


def _watch_environment() -> None:
    function = os.putenv

    @functools.wraps(function)
    def putenv(name: Any, value: Any) -> None:
        function(name, value)
        key, text = os.fsdecode(name), os.fsdecode(value)
        if _learn is not None and _may_be_secret(key, text):
            # It is set by now, and whoever set it cannot undo that.
            _told(text, ENVIRONMENT, key)

    made: Any = putenv
    made._guard_reads = True
    # `os.environ` calls it by this name (Lib/os.py, `_Environ.__setitem__`).
    os.putenv = made
