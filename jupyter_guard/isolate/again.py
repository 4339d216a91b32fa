"""What the launcher decided last time -> the same box at once, as long as nothing that it was decided from has changed.

Reading the policy and what it needs takes longer than all that bubblewrap or Landlock do. So the launcher leaves a
record of bubblewrap's command line, or of the places that Landlock's rules are made of, with a stamp of everything that
it looked at: the policy's files, each path that the policy or the guard names, the deciding variables, the interpreter,
bubblewrap itself and what the system says of namespaces. The wrapper compares the stamps and becomes the box without a
launcher; on any difference the launcher decides anew. That there is no box is remembered in the same way.

The record is in the guard's cache directory, which no box shows and which only its owner may write. Imports nothing
but what an interpreter has already: the start of a kernel waits for it.
"""

from __future__ import annotations

import marshal
import os
import sys

from jupyter_guard import __version__
from jupyter_guard.isolate import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, NoReturn

_LARGEST = 4 << 20
_DIRECTORY, _FRONT = "\0directory\0", "\0front\0"
# Those whose values the launcher looks at. None holds a secret: they are kept on disk.
_DECIDING = (
    "HOME", "PATH", "TMPDIR", "TEMP", "TMP", "PYTHONPATH", "PYTHONHOME", "IPYTHONDIR", "MPLCONFIGDIR",
    "NUMBA_CACHE_DIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
    "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "PYTHONUSERBASE",
    "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "TRANSFORMERS_CACHE", "TORCH_HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR",
    "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_PLATFORM_DIRS", "JUPYTER_GUARD_POLICY",
    # Those of `knowledge.moved`, which a test compares.
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AZURE_CONFIG_DIR", "BOTO_CONFIG", "CARGO_HOME",
    "CLOUDSDK_CONFIG", "DATABRICKS_CONFIG_FILE", "DOCKER_CONFIG", "GH_CONFIG_DIR", "GNUPGHOME",
    "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN_PATH", "KAGGLE_CONFIG_DIR", "KUBECONFIG", "NETRC",
    "NPM_CONFIG_USERCONFIG", "npm_config_userconfig", "PASSWORD_STORE_DIR", "PGPASSFILE", "PIP_CONFIG_FILE",
    "REGISTRY_AUTH_FILE", "SNOWFLAKE_HOME", "WANDB_CONFIG_DIR",
    "DOCKER_HOST", "CONTAINER_HOST",
)  # fmt: skip
_SYSTEM = (
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/user/max_user_namespaces", "/proc/sys/kernel/random/boot_id",
)  # fmt: skip
_LAUNCH = os.path.join("inside", "child", "launch.py")
_TELLS = "_config."


class Box:
    """A recorded start: bubblewrap's words or Landlock's places, the filter, the variables, what to make and to tell.

    ``backend`` is none where the launcher found none to be wanted, or none to work: then there is nothing to become.
    """

    def __init__(self, words: list[str], program: bytes, environment: dict[str, str], record: dict[str, Any]) -> None:
        self.words = words
        self.program = program
        self.environment = environment
        self.made = tuple(record["made"])
        self.copied = tuple(record["copied"])
        self.linked = tuple(record["linked"])
        self.limits = tuple(record["limits"])
        self.backend = str(record["backend"])
        self.landlock = int(record["landlock"])
        self.places: dict[str, Any] = {}
        self.told = str(record["told"])
        self.withheld = str(record["withheld"])
        self.joins = str(record["joins"])
        self.directory = ""


def whose(command: list[str]) -> str:
    """The interpreter whose record it is; what starts other kernels has the same one, and another record."""
    return command[0] if any(one.endswith(_LAUNCH) for one in command) else f"{command[0]} for others"


def recalled(front: str, directory: str, python: str, environment: Mapping[str, str]) -> Box | None:
    """The box of the last start, or ``None`` when something that it was decided from is another now."""
    path = _path(environment, os.getcwd(), python)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077 or found.st_size > _LARGEST:
            return None
        # Whoever can write it is this user outside every box; what is damaged is no record.
        record = marshal.loads(os.read(handle, _LARGEST))  # noqa: S302
        if record["from"] != _from(record["policies"], record["folders"], directory, python, environment):
            return None
        # Where the box shows nothing of the folder that the connection file is in, no word masks it.
        if record["front"] not in ("", os.path.dirname(front)):
            return None
        if any(_stamp(path) != stamp for path, stamp in record["paths"]):
            return None
        if any(os.path.realpath(link) != target for link, target in record["links"]):
            return None
        base = os.path.dirname(directory)
        beside = [os.path.join(base, one) for one in os.listdir(base) if one.startswith("jg-")]
        beside = [one for one in beside if one != directory]
        words = [_filled(one, directory, front) for one in record["words"]]
        if record["shows"]:
            at = words.index("--chdir")
            words[at:at] = [word for one in beside for word in ("--perms", "0000", "--tmpfs", one)]
        own = {name: _filled(value, directory, front) for name, value in record["variables"].items()}
        kept = variables.granted(record["env"], environment)
        made = Box(words, record["program"], {**kept, **own}, record)
        made.directory, names = directory, variables.withheld(kept, environment)
        made.withheld = with_names(made.withheld, names)
        made.made = tuple(_filled(one, directory, front) for one in made.made)
        made.copied = tuple((one, _filled(target, directory, front)) for one, target in made.copied)
        made.linked = tuple((one, _filled(path, directory, front)) for one, path in made.linked)
        made.places = {
            name: value if isinstance(value, bool) else [_filled(one, directory, front) for one in value]
            for name, value in record["places"].items()
        }
        if made.backend == "landlock":
            made.places["hidden"] += beside
    except (OSError, ValueError, EOFError, TypeError, KeyError, AttributeError):
        # Damaged, or another version's: the launcher writes a new one.
        return None
    finally:
        os.close(handle)
    return made


def become(box: Box, command: list[str], at: int, parent: int, report: int) -> NoReturn:
    """Become the box, in a process that was forked for it; ``command[at]`` is where the kernel's parent is named."""
    import _signal  # type: ignore[import-not-found]

    try:
        # bubblewrap stays between the wrapper and the kernel, in the group that is interrupted.
        stays = box.backend == "bubblewrap"
        _signal.signal(_signal.SIGINT, _signal.SIG_IGN if stays else _signal.SIG_DFL)
        os.setsid()
        for path in box.made:
            os.makedirs(path, 0o700, exist_ok=True)
        leave(box.directory, box.withheld)
        if box.joins:
            from jupyter_guard.isolate.absent import join

            join(box.joins, box.directory)
        if box.copied or box.linked:
            from jupyter_guard.isolate.private import copy, link

            for source, target in box.copied:
                copy(source, target)
            link(box.linked)
        if box.limits:
            import resource

            for which, most in box.limits:
                hard = resource.getrlimit(which)[1]
                most = most if hard < 0 else min(most, hard)
                resource.setrlimit(which, (most, most))
        if box.backend == "landlock":
            from jupyter_guard.isolate import landlock

            landlock.die_with(parent)
            landlock.restrict(landlock.Places(**box.places), box.landlock)
            if box.program:
                landlock.load_filter(box.program)
            os.write(report, box.told.encode())
            os.close(report)
            os.execvpe(command[0], command, box.environment)  # noqa: S606
        words = list(box.words)
        if box.program:
            handle = os.memfd_create("filter", 0)
            os.write(handle, box.program)
            os.lseek(handle, 0, os.SEEK_SET)
            words[words.index("--seccomp") + 1] = str(handle)
        os.write(report, box.told.encode())
        os.close(report)
        if os.getppid() != parent:
            os._exit(1)
        os.execve(words[0], [*words, *command[:at], "1", *command[at + 1 :]], box.environment)  # noqa: S606
    except BaseException as error:
        os.write(2, f"jupyter_guard: isolation failed: {error}\n".encode())
    os._exit(1)


def remember(
    words: list[str],
    program: bytes,
    own_variables: dict[str, str],
    told: str,
    *,
    backend: str = "bubblewrap",
    places: Mapping[str, bool | Iterable[str]] | None = None,
    landlock: int = 0,
    withheld: str,
    limits: Iterable[tuple[int, int]],
    env: Iterable[str],
    policies: Iterable[str],
    folders: Iterable[str],
    paths: Iterable[str],
    made: Iterable[str],
    copied: Iterable[tuple[str, str]] = (),
    linked: Iterable[tuple[str, str]] = (),
    joins: str = "",
    front: str,
    directory: str,
    python: str,
    environment: Mapping[str, str],
) -> None:
    """Keep what was decided. Does nothing where the record cannot be kept, or could not be filled in again.

    ``words`` are bubblewrap's, ``places`` what Landlock's are made with; what is absent does not hold this kernel.
    """
    base = os.path.dirname(directory)
    # Other kernels' directories are others at the next start.
    words = _without(words, {one for one in words if _is_beside(one, directory)})
    policies, folders = sorted(policies), sorted(folders)
    named = {*paths, *words[:1]}
    looked = [(one, _stamp(one)) for one in sorted(named) if not one.startswith(base + "/jg-") and one != front]
    # Other kernels' directories are others at the next start.
    held = {
        name: value
        if isinstance(value, bool)
        else [_emptied(one, directory, front) for one in value if not _is_beside(one, directory)]
        for name, value in (places or {}).items()
    }
    record = {
        "from": _from(policies, folders, directory, python, environment),
        "front": "" if any(front in one for one in (*words, *_texts(places or {}))) else os.path.dirname(front),
        "backend": backend,
        "shows": _shows(words, base),
        "places": held,
        "landlock": landlock,
        "copied": [(one, _emptied(target, directory, front)) for one, target in copied],
        "linked": [(one, _emptied(path, directory, front)) for one, path in linked],
        "joins": joins,
        "policies": policies,
        "folders": folders,
        "paths": looked,
        "links": [(one, os.path.realpath(one)) for one, _ in looked if os.path.realpath(one) != one],
        "words": [_emptied(one, directory, front) for one in words],
        "program": program,
        "variables": {name: _emptied(value, directory, front) for name, value in own_variables.items()},
        "env": sorted(env),
        "made": [_emptied(one, directory, front) for one in made],
        "limits": [tuple(one) for one in limits],
        "told": told,
        "withheld": withheld,
    }
    path = _path(environment, os.getcwd(), python)
    try:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        beside = f"{path}.{os.getpid()}"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(marshal.dumps(record))
        os.replace(beside, path)
    except OSError:
        # Nothing is lost but the time that it would have saved.
        return


def with_names(withheld: str, names: Iterable[str]) -> str:
    """JSON of an object, with the names of variables that are kept back."""
    listed = ", ".join(f'"{one}"' for one in names)
    return f'{withheld[:-1]}, "names": [{listed}]}}'


def leave(directory: str, withheld: str) -> None:
    """Put what is kept out of the box where the kernel finds it. Raises ``OSError``."""
    with open(os.path.join(directory, "withheld.json"), "w", encoding="utf-8") as file:
        file.write(withheld)


def _from(policies: list[str], folders: list[str], directory: str, python: str, environment: Mapping[str, str]) -> Any:
    """Everything but single paths that a decision comes from."""
    workspace = os.getcwd()
    package = os.path.dirname(os.path.abspath(__file__))
    return (
        (__version__, sys.version, os.geteuid(), os.getegid(), tuple(sys.path)),
        tuple(_stamp(os.path.join(package, one), whole=True) for one in sorted(os.listdir(package))),
        (workspace, os.path.dirname(directory), python, os.path.realpath(python)),
        tuple(environment.get(one) for one in _DECIDING),
        tuple((one, _stamp(one, whole=True), _stamp(one, whole=True, follow=False)) for one in policies),
        tuple((one, _stamp(one, whole=True)) for one in folders),
        tuple(sorted(one for one in os.listdir(workspace) if one.startswith("jupyter") and _TELLS in one)),
        tuple(_read(one) for one in _SYSTEM),
        # A container shares all of the above with its machine.
        (_stamp("/"), _stamp("/proc/self/ns/user")),
        # The filter names it.
        os.sched_getscheduler(0),
    )


def _stamp(path: str, whole: bool = False, follow: bool = True) -> tuple[int, ...] | None:
    """What is at a path; ``whole`` also says whether its content is still the same."""
    try:
        found = os.stat(path, follow_symlinks=follow)
    except (OSError, ValueError):
        return None
    same = (found.st_dev, found.st_ino, found.st_mode & 0o170000)
    return (*same, found.st_mode, found.st_uid, found.st_size, found.st_mtime_ns, found.st_ctime_ns) if whole else same


def _path(environment: Mapping[str, str], workspace: str, python: str) -> str:
    # As `scrub.cache.cache_directory` has it, which the launcher hides from every box.
    home = environment.get("HOME") or os.path.expanduser("~")
    base = environment.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(base, "jupyter_guard", f"launch-{hash_of(workspace + chr(0) + python):016x}.bin")


def hash_of(text: str) -> int:
    """A short name for a text, the same in every process (FNV-1a); what it names is compared in full."""
    found = 0xCBF29CE484222325
    for one in text.encode("utf-8", "surrogateescape"):
        found = (found ^ one) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def _texts(places: Mapping[str, bool | Iterable[str]]) -> list[str]:
    return [one for value in places.values() if not isinstance(value, bool) for one in value]


def _emptied(word: str, directory: str, front: str) -> str:
    return word.replace(directory, _DIRECTORY).replace(front, _FRONT)


def _filled(word: str, directory: str, front: str) -> str:
    return word.replace(_DIRECTORY, directory).replace(_FRONT, front)


def _is_beside(path: str, directory: str) -> bool:
    """Whether it is another kernel's private directory."""
    return path.startswith(os.path.join(os.path.dirname(directory), "jg-")) and not path.startswith(directory)


def _shows(words: list[str], place: str) -> bool:
    """Whether a box shows the machine's files at ``place``: the last mount around it decides."""
    shown = False
    for at, word in enumerate(words):
        target = {"--tmpfs": at + 1, "--bind": at + 2, "--ro-bind": at + 2}.get(word)
        if target is not None and (place + "/").startswith(words[target].rstrip("/") + "/"):
            shown = word != "--tmpfs"
    return shown


def _without(words: list[str], paths: set[str]) -> list[str]:
    """``words`` without those that mask one of ``paths``: ``--perms MODE --tmpfs PATH``, ``--ro-bind SOURCE PATH``."""
    found: list[str] = []
    for one in words:
        if one in paths:
            if found[-1] == "--tmpfs":
                del found[-3:]
            elif len(found) > 1 and found[-2] in ("--ro-bind", "--bind"):
                del found[-2:]
            continue
        found.append(one)
    return found
