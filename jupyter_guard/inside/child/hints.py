"""A cell that failed for want of a grant -> one line below its error: the command that grants it.

Run by path, in whatever environment the kernel has. The launcher leaves in the kernel's private directory what is kept
out of the box and which of it the layers above let the person grant; nothing of it is a secret.
"""

import errno
import json
import os
import re
import shlex
import site
import subprocess
import sys
import tempfile

FILE, REFUSED = "withheld.json", "refused.txt"
COMMAND = "jupyter guard policy grant"
DEEPEST = 20
# As clients of databases quote it: .../.s.PGSQL.5432, .../mysqld.sock.
SOCKET = re.compile(r"/(?:var/)?run/[\w./@-]*(?:\.s\.PGSQL\.\d+|\.sock(?:et)?)\b")
LONGEST = 10_000
# As CUDA's and HIP's runtimes say it (cudaErrorDevicesUnavailable, cudaErrorMemoryAllocation, cudaErrorNoDevice, ...).
GPU_BUSY = re.compile(r"(?:CUDA|HIP)-capable device\(?s?\)? (?:is|are|is/are) busy or unavailable", re.I)
GPU_FULL = re.compile(r"(?:CUDA|HIP)(?: error:)? out of memory", re.I)
GPU_ABSENT = re.compile(r"no (?:CUDA|HIP|ROCm)[- ]capable (?:device|GPU)|No CUDA GPUs|Found no NVIDIA driver", re.I)


def start(shell, connection):
    """Explain failed cells from now on, where there is a box that keeps something out."""
    try:
        with open(os.path.join(os.path.dirname(connection), FILE), encoding="utf-8") as file:
            withheld = json.load(file)
    except (OSError, ValueError):
        return

    refused = Refused(os.path.join(os.path.dirname(connection), REFUSED))

    def explain(result):
        error = getattr(result, "error_in_exec", None)
        lines = explained(error, withheld) if error is not None else _of_commands(result, shell, withheld)
        lines += refused.new(error)
        if lines:
            # What the cell printed comes first.
            sys.stdout.flush()
        for line in lines:
            sys.stderr.write("jupyter_guard: %s\n" % line)
        if lines:
            # Only then: what a cell printed is published in the order in which ipykernel flushes it.
            sys.stderr.flush()

    shell.events.register("post_run_cell", explain)


class Refused:
    """What the way out of a box refused (``isolate.proxy``), which its clients may not say: a line each in a file."""

    def __init__(self, path):
        self._path, self._read = path, 0

    def new(self, error):
        """What came since the last cell and is not in its error."""
        try:
            if os.path.getsize(self._path) <= self._read:
                return []
            with open(self._path, encoding="utf-8") as file:
                file.seek(self._read)
                text = file.read()
                self._read = file.tell()
        except OSError:
            return []
        shown = str(error)[:LONGEST]
        lines = [one.partition(": ")[2] for one in text.splitlines()]
        return list(dict.fromkeys("refused: " + one for one in lines if one and one not in shown))


def explained(error, withheld):
    """Lines about an exception and what it came from; each grant once."""
    lines = []
    for _ in range(DEEPEST):
        if error is None:
            break
        line = _of(error, withheld)
        if line and line not in lines:
            lines.append(line)
        error = error.__cause__ or error.__context__
    return lines


def _of_commands(result, shell, withheld):
    """Lines about a command that failed and raised nothing: the last one of the cell, where that installs packages."""
    status = shell.user_ns.get("_exit_code")
    cell = getattr(getattr(result, "info", None), "raw_cell", None)
    if not isinstance(cell, str) or not isinstance(status, int) or not status:
        return []
    lines = [_of_install(one, withheld) for one in cell.splitlines() if one.lstrip()[:1] in ("!", "%")]
    return [one for one in lines if one][:1]


def _of(error, withheld):
    if isinstance(error, subprocess.CalledProcessError):
        return _of_install(error.cmd, withheld)
    named = withheld["errors"].get(type(error).__name__)
    if named:
        return _told("the credentials of %s are kept from this kernel" % named[0], *named)
    if isinstance(error, KeyError) and error.args and error.args[0] in withheld["names"]:
        name = error.args[0]
        return _told("the variable %s is kept from this kernel" % name, name, withheld["variables_refused"])
    text = str(error)[:LONGEST]
    line = _of_socket(text, withheld) or _of_gpu(text, withheld)
    if line:
        return line
    if isinstance(error, OSError):
        for path in (error.filename, error.filename2):
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if isinstance(path, str):
                line = _about(error.errno, os.path.abspath(path), withheld)
                if line:
                    return line
    return ""


def _of_socket(text, withheld):
    """A line about a local server's socket that a client's message names and the box does not have, or ``""``."""
    if not withheld.get("sockets"):
        return ""
    for path in SOCKET.findall(text[:LONGEST]):
        place = os.path.dirname(os.path.realpath(path))
        if _is_within(place, "/run") and place != "/run" and not os.path.isdir(place):
            what = "%s is not there: /run is this kernel's own, and sockets of local servers are kept from it" % path
            return _told(what, "--write " + place, withheld["write_refused"])
    return ""


def _of_gpu(text, withheld):
    """A line about a GPU that is busy, full or not shown, or ``""``."""
    if GPU_BUSY.search(text) or GPU_FULL.search(text):
        what = "is busy: another process has it for itself" if GPU_BUSY.search(text) else "has no memory left"
        return (
            "the GPU %s. It is not the box that keeps it from this kernel; `nvidia-smi` (or `rocm-smi`) in a terminal "
            "says whose it is. End that, or choose another one: CUDA_VISIBLE_DEVICES" % what
        )
    gpus = withheld.get("gpus")
    if gpus and GPU_ABSENT.search(text):
        return _told(
            "the GPU (%s) is kept from this kernel" % ", ".join(gpus), " ".join(gpus), withheld["read_refused"]
        )
    return ""


def _about(number, path, withheld):
    real = os.path.realpath(path)
    for place, (name, refused) in withheld["paths"].items():
        if any(one == place or one.startswith(place + "/") for one in (path, real)):
            return _told("%s is kept from this kernel" % place, name, refused) if name else ""
    is_refused = number in (errno.EACCES, errno.EPERM)
    if is_refused and withheld.get("closed") and os.path.isfile(real) and os.access(real, os.R_OK):
        # Landlock refuses at opening only; the file's mode lets it be read.
        what = "%s was put there after this kernel started" % path
        if any(_is_within(real, one) for one in withheld["closed"]):
            return _told("%s, and it is kept from it" % what, path, withheld["read_refused"])
        return "%s, beside places where credentials are: restart the kernel to read it" % what
    if _is_within(real, withheld["workspace"]):
        return ""
    if number == errno.EROFS or (is_refused and withheld["reads_all"] and not withheld["writes_all"]):
        place = path if os.path.isdir(path) else os.path.dirname(path)
        return _told("%s is not writable for this kernel" % place, "--write " + place, withheld["write_refused"])
    if number == errno.ENOENT:
        for place in withheld["temporary"]:
            if _is_within(real, place):
                what = "%s is this kernel's own: what other programs keep there is kept from it" % place
                return _told(what, "--write " + place, withheld["write_refused"])
    if not withheld["reads_all"] and (is_refused or number == errno.ENOENT):
        what = "%s is not among what this kernel may read, if it is there" % path
        return _told(what, path, withheld["read_refused"])
    return ""


def _of_install(command, withheld):
    """A line about a command that installs packages where nothing may be written, or ``""``."""
    try:
        words = shlex.split(command) if isinstance(command, str) else [os.fspath(one) for one in command]
    except (TypeError, ValueError):
        return ""
    if "install" not in words or not any(os.path.basename(one.lstrip("!%")) in ("pip", "pip3") for one in words):
        return ""
    places = [one for one in _targets(words) if not _takes(one)]
    if not places:
        return ""
    if places == [sys.prefix]:
        what = "packages cannot be installed in %s, which is not writable for this kernel" % sys.prefix
        return _told(what, "packages", withheld["write_refused"])
    make = "" if all(map(os.path.isdir, places)) else "--make "
    what = "packages cannot be installed in %s, which is not writable for this kernel" % " and ".join(places)
    return _told(what, "--write %s%s" % (make, " ".join(places)), withheld["write_refused"])


def _targets(words):
    """The folders in which pip would put packages."""
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in ("-t", "--target", "--prefix", "--root"):
            return [os.path.abspath(value if equals else "".join(words[at + 1 : at + 2]))]
    if "--user" in words or (site.ENABLE_USER_SITE and not _takes(sys.prefix)):
        base = site.getuserbase()
        return [os.path.join(base, "lib"), os.path.join(base, "bin")]
    return [sys.prefix]


def _takes(folder):
    """Whether a file can be made there, or in the nearest folder that exists: what Landlock refuses is only tried."""
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _told(what, name, refused):
    if refused:
        return "%s by the policy: %s" % (what, refused)
    return "%s by the policy. To grant it, and restart: %s %s" % (what, COMMAND, name)


def _is_within(path, folder):
    return path == folder or path.startswith(folder.rstrip("/") + "/")
