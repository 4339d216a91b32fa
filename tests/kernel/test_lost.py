"""The manager's own restart brings a working kernel, which says once what the dead one took with it."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.ioloop import AsyncIOLoopKernelManager
from jupyter_client.kernelspec import KernelSpec
from traitlets.config import Config

from jupyter_guard.kernel.lost import LONGEST_LINE, Lost, first_line, leave, note_for, sentence, take

from .front import GUARDED

SECRET = "AK" + "IA" + "QYLPMN5HHHFPZAM2"
SIGSEGV = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


class Manager(AsyncIOLoopKernelManager):
    """What Jupyter Server runs: a manager that restarts a kernel which it finds dead."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=GUARDED, display_name="guarded", language="python")


class Session:
    """One kernel that is restarted when it dies, and one client that stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = Config()
        config.KernelRestarter.time_to_dead = 0.5
        # The client stays: a kernel that dies young would get new ports.
        config.KernelRestarter.random_ports_until_alive = False
        self.manager = Manager(config=config, connection_file=str(folder / "kernel-1.json"))

    async def begin(self) -> None:
        environment = {**os.environ, "TMPDIR": str(self.folder), "XDG_RUNTIME_DIR": "", "HOME": str(self.folder)}
        await self.manager.start_kernel(cwd=str(self.folder), env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=60)

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid or 0)

    async def run(self, code: str, until: str = "idle", **options: Any) -> list[dict[str, Any]]:
        """What a cell published, up to a status or a kind of message."""
        about = self.client.execute(code, **options)
        seen: list[dict[str, Any]] = []
        while True:
            message = await self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == about:
                seen.append(message)
                if until in (message["content"].get("execution_state"), message["msg_type"]):
                    return seen

    async def restarted(self, before: int) -> None:
        """Wait for the manager to have replaced the kernel with this process."""
        for _ in range(600):
            if self.pid not in (0, before) and await self.manager.is_alive():
                break
            await asyncio.sleep(0.05)
        assert self.pid not in (0, before)
        await self.client.wait_for_ready(timeout=60)

    async def snapshot(self) -> dict[str, Any]:
        """What a panel that opens now is told first."""
        content = {"comm_id": "c1", "target_name": "jupyter_guard", "data": {"version": 1, "key": "k"}}
        self.client.shell_channel.send(self.client.session.msg("comm_open", content))
        while True:
            message = await self.client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == "c1":
                return dict(message["content"]["data"])


@asynccontextmanager
async def session() -> AsyncIterator[Session]:
    # Short: socket paths have to fit.
    with tempfile.TemporaryDirectory(prefix="lost-", ignore_cleanup_errors=True) as name:
        one = Session(Path(name))
        await one.begin()
        try:
            yield one
        finally:
            one.client.stop_channels()
            if one.manager.has_kernel:
                await one.manager.shutdown_kernel(now=False)


def text(messages: list[dict[str, Any]]) -> str:
    return "".join(one["content"]["text"] for one in messages if one["msg_type"] == "stream")


@pytest.mark.kernel
def test_the_next_kernel_says_once_what_was_lost() -> None:
    async def scenario() -> None:
        async with session() as one:
            await one.run("a = 1")
            await one.run("b = 2")
            pid = one.pid
            died = await one.run(f"\n# key {SECRET}\n{SIGSEGV}", until="error")
            assert "SIGSEGV" in died[-1]["content"]["evalue"]
            await one.restarted(pid)
            problems = (await one.snapshot())["guard"]["problems"]
            # What runs without being seen does not use it up.
            await one.run("1", silent=True)
            said = await one.run("print('a' in globals())")
            assert [m["msg_type"] for m in said] == ["status", "execute_input", "stream", "stream", "status"]
            assert "SIGSEGV" in text(said)
            assert "2 executed cells" in text(said)
            assert "[3]" in text(said)
            assert "# key" in text(said)
            assert SECRET not in text(said)
            assert text(said).endswith("False\n")
            assert text(said).startswith(problems[-1])
            assert text(await one.run("print(1)")) == "1\n"
            assert not list(one.folder.glob(".*.lost"))

    asyncio.run(scenario())


@pytest.mark.kernel
def test_two_deaths_in_a_row_and_one_between_cells() -> None:
    async def scenario() -> None:
        async with session() as one:
            pid = one.pid
            # Between cells nothing is running, and still something is lost.
            await one.run("import os, threading; threading.Timer(0.5, os._exit, [9]).start()")
            await one.restarted(pid)
            pid = one.pid
            # Dies before any cell has told it: the first loss is not forgotten.
            await one.run("import os; os._exit(8)", until="error")
            await one.restarted(pid)
            said = text(await one.run("print(1)"))
            assert "status 8" in said
            assert "os._exit(8)" in said

    asyncio.run(scenario())


@pytest.mark.kernel
def test_what_somebody_asked_for_leaves_no_note() -> None:
    async def scenario() -> None:
        async with session() as one:
            await one.run("a = 1")
            await one.manager.restart_kernel()
            await one.client.wait_for_ready(timeout=60)
            assert text(await one.run("print(1)")) == "1\n"
            await one.manager.shutdown_kernel()
            assert not list(one.folder.glob(".*.lost"))

    asyncio.run(scenario())


def test_a_note_is_private_read_once_and_for_one_kernel(tmp_path: Path) -> None:
    file, other = str(tmp_path / "kernel-1.json"), str(tmp_path / "kernel-2.json")
    Path(file).touch()
    Path(other).touch()
    lost = Lost("it was killed", "2026-01-02T03:04:05+00:00", "x = 1", 3, 2)
    leave(file, lost)
    assert stat.S_IMODE(Path(note_for(file)).stat().st_mode) == 0o600
    assert take(other) is None
    assert take(file) == lost
    assert take(file) is None


def test_a_note_that_nobody_can_come_for_is_removed(tmp_path: Path) -> None:
    leave(str(tmp_path / "kernel-gone.json"), Lost("x", ""))
    assert take(str(tmp_path / "kernel-1.json")) is None
    assert not list(tmp_path.iterdir())


def test_somebody_elses_file_of_such_a_name_stays(tmp_path: Path) -> None:
    theirs = tmp_path / ".property.lost"
    theirs.write_text("an umbrella")
    theirs.chmod(0o600)
    assert take(str(tmp_path / "kernel-1.json")) is None
    assert theirs.read_text() == "an umbrella"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes")
def test_a_note_that_others_could_have_written_is_not_believed(tmp_path: Path) -> None:
    file = str(tmp_path / "kernel-1.json")
    leave(file, Lost("x", ""))
    Path(note_for(file)).chmod(0o666)
    assert take(file) is None
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("{}")
    Path(note_for(file)).symlink_to(elsewhere)
    assert take(file) is None
    assert elsewhere.exists()
    Path(note_for(file)).write_text("no JSON")
    Path(note_for(file)).chmod(0o600)
    assert take(file) is None


def test_words_are_bounded_and_printable() -> None:
    assert first_line("\n  \n\tx = '\x1b[31m'\ny") == "x = ' [31m'"
    assert len(first_line("x" * 10_000)) == LONGEST_LINE + 3
    said = sentence(Lost("The kernel died: it crashed.", "no time", "x = 1", 0, 1))
    assert said.splitlines() == [
        "This kernel was started in place of one that died: it crashed.",
        "The cell that was running begins: x = 1",
        "The variables of 1 executed cell are gone.",
    ]
