"""A connection file and a kernel's name -> the real kernel as a child process, on private endpoints.

Imports next to nothing, not even ``json`` or ``signal``: the child starts first, everything else loads while it does,
and what could be wrong with the front end's connection file is found out then, too.
"""

from __future__ import annotations

import os
import sys

from jupyter_guard.guard.launchers import launcher_at
from jupyter_guard.kernel import boxed, directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
HANDED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "inside", "child")
# What POSIX says it is; the module `signal` takes milliseconds to import.
SIGINT = 2


class CannotStartError(Exception):
    """The kernel cannot start; the text is one sentence for whoever reads the log."""


class Options:
    """The command line: the front end's connection file, what to wrap, and the wrapped kernel's own arguments."""

    def __init__(self, path: str, wrap: str = "", extra: Sequence[str] = ()) -> None:
        self.path = path
        self.wrap = wrap
        self.extra = tuple(extra)
        self._front: dict[str, Any] = {}

    @property
    def front(self) -> dict[str, Any]:
        """The front end's connection, read when it is first asked for. Raises ``CannotStartError``."""
        if not self._front:
            self._front = _connection(self.path)
        return self._front


class Wrapped:
    """What to start: a command line with ``{connection_file}``, and how much we know about it.

    ``python`` is the interpreter when our launcher can stand in for ipykernel's own, or ``""``.
    """

    def __init__(
        self,
        argv: Sequence[str] = (),
        language: str = "python",
        environment: dict[str, str] | None = None,
        python: str = "",
    ) -> None:
        self.argv = tuple(argv)
        self.language = language
        self.environment = environment or {}
        self.python = python

    @property
    def is_ipykernel(self) -> bool:
        """Whether our launcher can stand in for its own."""
        return bool(self.python)


class Child:
    """The running child: its process, its private directory and the connection that only the wrapper uses.

    ``lifeline`` stays open as long as the wrapper lives; ``process`` is there only on Windows. ``link`` is our end of
    the socket on which the child asks about code that it compiles, or ``None``. ``report`` is where the launcher of an
    isolated child says what it achieved, -1 for one that is not. ``log`` is where a kernel that our launcher does not
    know writes past the protocol, -1 for an ipykernel.
    """

    def __init__(
        self,
        pid: int,
        config: dict[str, Any],
        directory: str,
        wrapped: Wrapped,
        lifeline: int = -1,
        process: Any = None,
        link: Any = None,
        report: int = -1,
        log: int = -1,
    ) -> None:
        self._report, self._achieved = report, ""
        self.log = log
        self.pid = pid
        self.config = config
        self.directory = directory
        self.wrapped = wrapped
        self.lifeline = lifeline
        self.process = process
        self.link = link

    def achieved(self) -> str:
        """The launcher's report; waits until the launcher has become the kernel. ``""``: there was no launcher."""
        if self._report >= 0:
            self._achieved, self._report = boxed.achieved(self._report), -1
        return self._achieved


def read_arguments(arguments: Sequence[str]) -> Options:
    """Take ``-f`` and ``--wrap``; all else belongs to the wrapped kernel. Raises ``CannotStartError``."""
    path, wrap, extra = "", "", []
    rest = iter(arguments)
    for one in rest:
        name, equals, value = one.partition("=")
        if name in ("-f", "--f", "--wrap"):
            value = value if equals else next(rest, "")
            if name == "--wrap":
                wrap = value
            else:
                path = value
        else:
            extra.append(one)
    if not path:
        raise CannotStartError(
            "no connection file: it is started by Jupyter, as jupyter_guard.kernel -f CONNECTION_FILE"
        )
    return Options(path, wrap, extra)


def _connection(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise CannotStartError(f"the connection file {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise CannotStartError(f"the connection file {path} is not JSON") from None
    if not isinstance(found, dict):
        raise CannotStartError(f"the connection file {path} is not a JSON object")
    missing = [key for key in ("ip", "transport", *(f"{one}_port" for one in CHANNELS)) if key not in found]
    if missing:
        raise CannotStartError(f"the connection file {path} lacks {', '.join(missing)}")
    return found


def start(options: Options) -> Child:
    """Start the wrapped kernel. Raises ``CannotStartError``."""
    wrapped = find(options.wrap)
    try:
        directory = directories.make()
    except OSError as error:
        raise CannotStartError(str(error)) from None
    try:
        return _start(options, wrapped, directory)
    except OSError as error:
        directories.remove(directory)
        raise CannotStartError(f"the wrapped kernel does not start: {error}") from None


def find(name: str) -> Wrapped:
    """What ``--wrap NAME`` means; ``""`` and a missing ``python3`` are the ipykernel beside us."""
    spec = _kernelspec(name) if name else None
    if spec is None:
        if name not in ("", "python3"):
            raise CannotStartError(f"there is no kernel named {name!r} to wrap (jupyter kernelspec list names them)")
        return Wrapped(python=sys.executable)
    argv = [str(one) for one in spec.get("argv") or ()]
    if not argv or "jupyter_guard.kernel" in argv:
        raise CannotStartError(
            f"the kernel {name!r} cannot be wrapped: " + ("no command" if not argv else "it is guarded")
        )
    environment = {str(key): str(value) for key, value in (spec.get("env") or {}).items()}
    python = argv[0] if launcher_at(argv) > 0 else ""
    if python in ("python", "python3"):
        python = sys.executable
    return Wrapped(argv, str(spec.get("language", "")).lower(), environment, python)


def _kernelspec(name: str) -> dict[str, Any] | None:
    import json

    if name.startswith("%7B"):
        # A locked server hands the spec over itself (`guard.install.packed`).
        text = name.replace("%7D", "}").replace("%7B", "{").replace("%25", "%")
        try:
            return dict(json.loads(text))
        except (TypeError, ValueError):
            raise CannotStartError("the kernelspec on the command line is not a JSON object") from None
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("kernels"):
        path = os.path.join(folder, name, "kernel.json")
        if os.path.isfile(path):
            try:
                with open(path, encoding="utf-8") as file:
                    return dict(json.load(file))
            except OSError as error:
                raise CannotStartError(f"the kernelspec {path} cannot be read: {error.strerror}") from None
            except (TypeError, ValueError):
                raise CannotStartError(f"the kernelspec {path} is not a JSON object") from None
    return None


def abandon(child: Child) -> None:
    """End a child that nobody can reach."""
    if child.process is not None:
        child.process.kill()
    else:
        os.kill(child.pid, 9)
        os.waitpid(child.pid, 0)
    directories.remove(child.directory)


def _start(options: Options, wrapped: Wrapped, directory: str) -> Child:
    config = _private_config(wrapped, directory)
    path = f"{directory}/connection.json"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_as_json(config))
    environment = {**os.environ, **wrapped.environment, "JUPYTER_GUARD_KERNEL": "1"}
    if os.name == "nt":
        return _start_on_windows(_command(options, wrapped, path, -1, ""), environment, config, directory, wrapped)
    environment["JPY_PARENT_PID"] = str(os.getpid())
    reader, writer = os.pipe()
    ours, theirs = _link(wrapped)
    report = told = log = written = -1
    try:
        if sys.platform != "linux":
            os.set_inheritable(reader, True)
        link = f"{theirs.fileno()}:{directory}/link" if theirs is not None else ""
        command = _command(options, wrapped, path, -1 if sys.platform == "linux" else reader, link)
        if sys.platform == "linux":
            boxed.find(command[0])
            report, told = os.pipe()
            box = boxed.recalled(options.path, directory, command, environment)
            if box is not None and box.backend != "none":
                pid = boxed.become(box, told, command)
                return Child(pid, config, directory, wrapped, lifeline=writer, link=ours, report=report)
            if box is not None:
                os.write(told, box.told.encode())
            else:
                os.set_inheritable(told, True)
                command = boxed.command(told, options.path, directory, command)
        # Its own session: the manager interrupts our whole process group; the child's turn is when it is ready. And
        # interrupts work in it whatever we ignore.
        redirected: list[tuple[int, ...]] = []
        if not wrapped.is_ipykernel:
            log, written = os.pipe()
            os.set_blocking(log, False)
            redirected = [(os.POSIX_SPAWN_DUP2, written, one) for one in (1, 2)]
        pid = os.posix_spawnp(
            command[0], command, environment, setsid=True, setsigdef=[SIGINT], file_actions=redirected
        )
    finally:
        for one in (reader, told, written):
            if one >= 0:
                os.close(one)
        if theirs is not None:
            theirs.close()
    return Child(pid, config, directory, wrapped, lifeline=writer, link=ours, report=report, log=log)


def _link(wrapped: Wrapped) -> tuple[Any, Any]:
    """Two ends of a socket, the second one for the child; nothing for a kernel that would not know what it is."""
    if not wrapped.is_ipykernel:
        return None, None
    # `socket` itself is imported later: the child starts first.
    import _socket

    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    ours.setblocking(False)
    os.set_inheritable(theirs.fileno(), True)
    return ours, theirs


def _command(options: Options, wrapped: Wrapped, path: str, pipe: int, link: str) -> list[str]:
    extra = list(options.extra)
    if not wrapped.is_ipykernel:
        argv = [one.replace("{connection_file}", path) for one in wrapped.argv]
        return [
            sys.executable,
            "-I",
            "-S",
            os.path.join(HANDED, "become.py"),
            str(os.getpid()),
            str(pipe),
            *argv,
            *extra,
        ]
    launch = [os.path.join(HANDED, "launch.py"), str(os.getpid()), str(pipe), link or "-1"]
    argv = list(wrapped.argv) or [wrapped.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    at = launcher_at(argv)
    replaced = [wrapped.python, *argv[1:at], *launch, *argv[at + 2 :]]
    return [one.replace("{connection_file}", path) for one in replaced] + extra


def _as_json(config: dict[str, Any]) -> str:
    texts = [one for one in config.values() if isinstance(one, str)]
    if all(one.isascii() and one.isprintable() and not {'"', "\\"} & set(one) for one in texts):
        # Importing `json` takes as long as all else that happens before the child starts.
        values = (f'"{key}": "{one}"' if isinstance(one, str) else f'"{key}": {one}' for key, one in config.items())
        return f"{{{', '.join(values)}}}"
    import json

    return json.dumps(config)


def _private_config(wrapped: Wrapped, directory: str) -> dict[str, Any]:
    config: dict[str, Any] = {"signature_scheme": "hmac-sha256"}
    if wrapped.is_ipykernel and os.name != "nt":
        # Nobody else can enter the directory, so signing between us and the child would buy nothing.
        ports = {f"{one}_port": number for number, one in enumerate(CHANNELS, 1)}
        return {**config, "transport": "ipc", "ip": f"{directory}/k", "key": "", **ports}
    ports = dict(zip((f"{one}_port" for one in CHANNELS), _free_ports(len(CHANNELS)), strict=True))
    return {**config, "transport": "tcp", "ip": "127.0.0.1", "key": os.urandom(24).hex(), **ports}


def _free_ports(count: int) -> list[int]:
    import socket

    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def _start_on_windows(
    command: list[str], environment: dict[str, str], config: dict[str, Any], directory: str, wrapped: Wrapped
) -> Child:
    # The interrupt event and the parent's handle in the environment are inherited, so interrupts reach the child
    # itself. Not tested: no Windows machine was at hand.
    import subprocess

    process = subprocess.Popen(command, env=environment, close_fds=False)
    return Child(process.pid, config, directory, wrapped, process=process)
