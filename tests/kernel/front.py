"""A guarded kernel under test: started by the manager that Jupyter uses, driven message by message."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from .page import Page

GUARDED = [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
SECONDS = 30.0
POLICY = """
version = 1
[deny]
imports = ["telnetlib"]
"""
# What the policy above makes of code whose author is known to be an assistant.
ASSISTANT = {"jupyter_guard": {"origin": "assistant"}}


class Manager(KernelManager):
    """Starts a guarded kernel whatever is installed."""

    argv: list[str] = GUARDED

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=list(self.argv), display_name="guarded", language="python", interrupt_mode="signal")


class PlainManager(KernelManager):
    """Starts plain ipykernel, to compare with."""

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="plain", language="python")


class Run:
    """What one execute request caused: its reply, what was published, the questions that were put."""

    def __init__(self, msg_id: str) -> None:
        self.msg_id = msg_id
        self.reply: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []
        self.questions: list[str] = []
        self.idle = False

    @property
    def status(self) -> str:
        return str(self.reply["content"]["status"])

    @property
    def count(self) -> int:
        return int(self.reply["content"]["execution_count"])

    @property
    def kinds(self) -> list[str]:
        return [one["msg_type"] for one in self.published]

    @property
    def text(self) -> str:
        """Everything that was printed."""
        return "".join(one["content"]["text"] for one in self.published if one["msg_type"] == "stream")

    @property
    def result(self) -> str:
        return "".join(one["content"]["data"]["text/plain"] for one in self.of("execute_result"))

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.of("error")[0]["content"])

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.published if one["msg_type"] == kind]


class Front:
    """One running kernel and one client of it. ``folder`` is its working directory and, unless named, holds its HOME."""

    def __init__(
        self,
        folder: Path,
        policy: str = POLICY,
        plain: bool = False,
        argv: list[str] | None = None,
        home: Path | None = None,
        ipython: str = "ipython",
    ) -> None:
        self.folder = folder
        self.comms: list[dict[str, Any]] = []
        self.runs: dict[str, Run] = {}
        home = home or folder / "home"
        home.mkdir(exist_ok=True)
        if policy:
            (folder / "jupyter_guard.toml").write_text(policy)
        self.manager = PlainManager() if plain else Manager()
        if argv is not None:
            self.manager.argv = argv
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
        self.log = open(folder / "log", "w+")  # noqa: SIM115
        environment |= {"HOME": str(home), "TMPDIR": str(folder), "XDG_RUNTIME_DIR": "", "JUPYTER_GUARD_LOG": "INFO"}
        environment["IPYTHONDIR"] = str(home / ipython)
        self.manager.start_kernel(cwd=str(folder), env=environment, stdout=self.log, stderr=self.log)
        self.client = self.manager.client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=60)
        except RuntimeError as error:
            raise RuntimeError(self.log_text()) from error

    def __enter__(self) -> Front:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.client.stop_channels()
        with contextlib.suppress(Exception):
            self.manager.shutdown_kernel(now=False)
        self.manager.cleanup_resources()
        self.log.close()

    def log_text(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def pid(self) -> int:
        """The wrapper's process."""
        return int(self.manager.provisioner.pid)

    def child(self) -> psutil.Process:
        """The real kernel's process."""
        return next(one for one in psutil.Process(self.pid).children() if any("launch.py" in w for w in one.cmdline()))

    def helper(self) -> psutil.Process:
        """The process that judges."""
        return next(one for one in psutil.Process(self.pid).children() if "jupyter_guard.guard.helper" in one.cmdline())

    def send(self, code: str, *, metadata: dict[str, Any] | None = None, channel: str = "shell", **content: Any) -> Run:
        """Send an execute request and wait for nothing."""
        body = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
            **content,
        }
        message = self.client.session.msg("execute_request", body, metadata=metadata)
        getattr(self.client, f"{channel}_channel").send(message)
        return self.follow(message)

    def follow(self, message: dict[str, Any]) -> Run:
        """What will come back for a request that was sent."""
        run = Run(message["header"]["msg_id"])
        self.runs[run.msg_id] = run
        return run

    def take_published(self, timeout: float) -> dict[str, Any] | None:
        """Take one published message and put it where it belongs."""
        try:
            message = self.client.get_iopub_msg(timeout=timeout)
        except Empty:
            return None
        run = self.runs.get(message["parent_header"].get("msg_id"))
        if run is not None:
            run.published.append(message)
            run.idle = run.idle or message["content"].get("execution_state") == "idle"
        elif message["msg_type"].startswith("comm_"):
            self.comms.append(message)
        return dict(message)

    def request(self, kind: str, content: dict[str, Any], channel: str = "shell") -> dict[str, Any]:
        """Send any request and wait for its reply."""
        message = self.client.session.msg(kind, content)
        getattr(self.client, f"{channel}_channel").send(message)
        get = self.client.get_shell_msg if channel == "shell" else self.client.get_control_msg
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(Empty):
                reply = get(timeout=1)
                if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                    return dict(reply)
        raise TimeoutError(self.log_text())

    def run(self, code: str, answer: str | None = None, **options: Any) -> Run:
        """Execute and wait until it is done; ``answer`` is typed whenever something is asked."""
        run = self.send(code, allow_stdin=answer is not None, **options)
        return self.finish(run, answer)

    def assistant(self, code: str, answer: str | None = None, **options: Any) -> Run:
        """The same for code that says it is an assistant's."""
        return self.run(code, answer, metadata=ASSISTANT, **options)

    def finish(self, run: Run, answer: str | None = None, seconds: float = SECONDS, channel: str = "shell") -> Run:
        """Collect until both the reply and ``idle`` are there."""
        end = time.monotonic() + seconds
        get = self.client.get_shell_msg if channel == "shell" else self.client.get_control_msg
        while not (run.idle and run.reply):
            if time.monotonic() > end:
                raise TimeoutError(f"{run.kinds} {bool(run.reply)}\n{self.log_text()}")
            self.take_published(0.01)
            with contextlib.suppress(Empty):
                message = get(timeout=0)
                about = self.runs.get(message["parent_header"].get("msg_id"))
                if about is not None:
                    about.reply = message
            with contextlib.suppress(Empty):
                message = self.client.get_stdin_msg(timeout=0)
                run.questions.append(message["content"]["prompt"])
                if answer is not None:
                    self.client.input(answer)
        return run

    def wait_for(self, run: Run, wanted: str, seconds: float = SECONDS) -> None:
        """Wait until a kind of message about a run has been published."""
        end = time.monotonic() + seconds
        while wanted not in run.kinds:
            if time.monotonic() > end:
                raise TimeoutError(self.log_text())
            self.take_published(0.1)

    @contextlib.contextmanager
    def busy(self) -> Iterator[Run]:
        """A cell that goes on until the block is left: what is answered inside was answered while the kernel was busy."""
        run = self.send("import os, time\nwhile not os.path.exists('go-on'):\n    time.sleep(0.02)\nos.remove('go-on')")
        self.wait_for(run, "execute_input")
        try:
            yield run
        finally:
            (self.folder / "go-on").touch()
            self.finish(run)

    def interrupt(self) -> None:
        """As the stop button does."""
        os.killpg(os.getpgid(self.pid), signal.SIGINT)

    # --- the guard's comm

    def open_panel(self, page: Page | None = None) -> str:
        """Open the guard's comm as a panel does, of a new page or one; the snapshot is among the comm messages then."""
        self.comms = []
        self.comm_id, self.key = uuid.uuid4().hex, page or Page()
        data = {"version": 1, "key": self.key.public}
        content = {"comm_id": self.comm_id, "target_name": "jupyter_guard", "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_open", content))
        return self.comm_id

    def tell(self, data: dict[str, Any], *, sealed: bool = True) -> dict[str, Any]:
        """Send something on the guard's comm, with the page's proof; gives what was sent."""
        if sealed and not self.key.seal.public:
            self.key.hear(self._peek("snapshot"))
        data = self.key.sealed(data) if sealed else data
        content = {"comm_id": self.comm_id, "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))
        return data

    def close_panel(self) -> None:
        """Close the comm as the panel's page does: nobody else can."""
        content = {"comm_id": self.comm_id, "data": self.key.sealed({"type": "close"})}
        self.client.shell_channel.send(self.client.session.msg("comm_close", content))

    def told(self, kind: str, seconds: float = SECONDS) -> dict[str, Any]:
        """The next message of a type on the guard's comm."""
        found = self._peek(kind, seconds)
        self.comms = [one for one in self.comms if one["content"]["data"] is not found]
        self.key.hear(found)
        return found

    def _peek(self, kind: str, seconds: float = SECONDS) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in self.comms:
                data: dict[str, Any] = message["content"]["data"]
                if message["content"].get("comm_id") == self.comm_id and data["type"] == kind:
                    return data
            self.take_published(0.1)
        raise TimeoutError(self.log_text())


def without_private_directories(folder: Path) -> bool:
    """Whether nothing of a kernel that had this TMPDIR is left."""
    return not list(folder.glob("jg-*"))
