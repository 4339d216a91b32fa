"""What cannot start says so in one readable line, in the log and where a front end looks, and ends with a status."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file

pytestmark = pytest.mark.kernel
COMMAND = [sys.executable, "-P", "-m", "jupyter_guard.kernel"]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Short: socket paths have to fit.
    with tempfile.TemporaryDirectory(prefix="bad-") as name:
        yield Path(name)


class Started:
    """A wrapper that was started by hand, as a manager starts it, and a client that has sent a cell already."""

    def __init__(self, folder: Path, argv: list[str], prefix: tuple[str, ...] = (), **environment: str) -> None:
        self.folder = folder
        place = folder / "kernels" / "broken"
        place.mkdir(parents=True)
        spec = {"argv": argv, "display_name": "broken", "language": "python"}
        (place / "kernel.json").write_text(json.dumps(spec))
        self.file, _ = write_connection_file(str(folder / "kernel-1.json"), ip="127.0.0.1", key=b"k")
        every = {**os.environ, "JUPYTER_PATH": str(folder), "TMPDIR": str(folder), "XDG_RUNTIME_DIR": ""}
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*prefix, *COMMAND, "-f", self.file, "--wrap", "broken"],
                env={**every, **environment},
                stderr=log,
                stdout=log,
            )

    def lines(self) -> list[str]:
        """What the log has from the guard, once the process has ended."""
        self.process.wait(30)
        text = self.log.read_text()
        assert "Traceback" not in text
        return [one for one in text.splitlines() if "jupyter_guard" in one]


def ended(started: Started, seconds: float = 30) -> tuple[int, list[str], list[dict[str, Any]]]:
    """The exit status, the log's lines and what was published, with a cell sent as soon as there was a port."""
    client = BlockingKernelClient(connection_file=started.file)
    client.load_connection_file()
    client.start_channels()
    client.execute("1 + 1")
    published = []
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            try:
                published.append(client.get_iopub_msg(timeout=0.5))
            except Empty:
                if started.process.poll() is not None:
                    break
    finally:
        client.stop_channels()
    return started.process.wait(5), started.lines(), published


SLOW_END = "import time; time.sleep(1.5); raise SystemExit({status})"


@pytest.mark.parametrize(("status", "expected"), [(3, 3), (0, 1)])
def test_a_command_that_ends_before_it_answers(folder: Path, status: int, expected: int) -> None:
    code, lines, published = ended(Started(folder, [sys.executable, "-c", SLOW_END.format(status=status)]))
    assert code == expected
    assert len(lines) == 1
    assert f"did not start: its command ended with exit status {status}" in lines[0]
    texts = [one["content"]["evalue"] for one in published if one["msg_type"] == "error"]
    assert len(texts) == 1
    assert "did not start" in texts[0]
    assert not list(folder.glob("jg-*"))


def test_a_command_that_never_answers_is_given_up(folder: Path) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    code, lines, published = ended(Started(folder, sleeping, JUPYTER_GUARD_START_SECONDS="3"))
    assert code == 1
    assert len(lines) == 1
    assert "has not answered within 3 seconds" in lines[0]
    assert any("within 3 seconds" in one["content"].get("evalue", "") for one in published)
    assert not list(folder.glob("jg-*"))


@pytest.mark.parametrize(
    "argv",
    [
        ["no-such-command", "{connection_file}"],
        ["/no/such/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    ],
)
def test_a_command_that_is_not_there_is_named(folder: Path, argv: list[str]) -> None:
    started = Started(folder, argv)
    lines = started.lines()
    assert started.process.returncode == 1
    assert argv[0] in lines[0]
    assert "No such file" in lines[0]
    assert not list(folder.glob("jg-*"))


def test_an_environment_without_ipykernel_says_so(folder: Path) -> None:
    bare = folder / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    started = Started(folder, [str(bare / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    assert started.process.wait(30) == 1
    text = started.log.read_text()
    assert "No module named" in text
    assert "did not start: its command ended with exit status 1" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("{", "not JSON"),
        ("7", "not a JSON object"),
        ('{"ip": "127.0.0.1"}', "lacks transport"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_a_connection_file_that_cannot_be_used(folder: Path, text: str | bytes | None, words: str) -> None:
    path = folder / "kernel-1.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([*COMMAND, "-f", str(path)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert str(path) in done.stderr


@pytest.mark.parametrize(
    ("change", "words"), [({"transport": "smoke"}, "smoke"), ({"ip": "no such host"}, "no such host")]
)
def test_an_address_that_nobody_can_bind(folder: Path, change: dict[str, str], words: str) -> None:
    path, _ = write_connection_file(str(folder / "kernel-1.json"), ip="127.0.0.1", key=b"k")
    Path(path).write_text(json.dumps({**json.loads(Path(path).read_text()), **change}))
    environment = {**os.environ, "TMPDIR": str(folder), "XDG_RUNTIME_DIR": ""}
    done = subprocess.run([*COMMAND, "-f", path], capture_output=True, text=True, timeout=30, env=environment)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("jg-*"))


def test_a_long_path_for_temporary_files_is_passed_over(folder: Path) -> None:
    long = folder / ("x" * 100)
    long.mkdir()
    client = _client_of(Started(folder, _python(), TMPDIR=str(long), TEMP="", TMP=""))
    assert client is not None
    assert not list(long.glob("jg-*"))


def _python() -> list[str]:
    return [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def _client_of(started: Started) -> BlockingKernelClient:
    """A client of a kernel that works, which it then shuts down."""
    client = BlockingKernelClient(connection_file=started.file)
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.shutdown()
        assert started.process.wait(15) == 0
    finally:
        client.stop_channels()
        started.process.kill()
    return client


def in_own_mounts(options: str, folder: Path) -> tuple[str, ...]:
    """The start of a command that sees a small file system in the place of every temporary directory, or a skip."""
    if Path(sys.executable).absolute().is_relative_to("/tmp") or Path(__file__).is_relative_to("/tmp"):
        pytest.skip("this checkout lies in /tmp itself, which the test hides")
    script = f'mount -t tmpfs -o {options} none "{folder}/small" && mount --bind "{folder}/small" /tmp && exec "$@"'
    (folder / "small").mkdir()
    prefix = ("unshare", "-m", "sh", "-c", script, "sh")
    try:
        done = subprocess.run([*prefix, "true"], capture_output=True, timeout=30)
    except OSError as error:
        pytest.skip(f"no unshare: {error}")
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.decode()[:100]}")
    return prefix


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a file system")
@pytest.mark.parametrize(
    ("options", "words"), [("ro", "Read-only file system"), ("nr_inodes=2", "No space left on device")]
)
def test_no_room_for_the_private_directory_is_one_line(options: str, words: str) -> None:
    # Not below /tmp, which is hidden in there.
    with tempfile.TemporaryDirectory(prefix="bad-", dir="/var/tmp") as name:
        folder = Path(name)
        prefix = in_own_mounts(options, folder)
        small = str(folder / "small")
        started = Started(folder, _python(), prefix, TMPDIR=small, TEMP=small, TMP=small, XDG_RUNTIME_DIR=small)
        lines = started.lines()
        assert started.process.returncode == 1
        assert len(lines) == 1
        assert words in lines[0]


def test_a_server_says_why_a_kernel_does_not_start_and_gives_it_up(folder: Path) -> None:
    pytest.importorskip("jupyter_server")
    place = folder / "kernels" / "broken"
    place.mkdir(parents=True)
    argv = [*COMMAND, "-f", "{connection_file}", "--wrap", "no-such-kernel"]
    (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "broken", "language": "python"}))
    environment = {**os.environ, "JUPYTER_PATH": str(folder), "HOME": str(folder), "TMPDIR": str(folder)}
    environment |= {"JUPYTER_RUNTIME_DIR": str(folder / "run"), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    token = uuid.uuid4().hex
    options = ["--no-browser", "--allow-root", "--port=0", f"--IdentityProvider.token={token}"]
    options += ["--KernelRestarter.time_to_dead=0.2", "--ServerApp.port_retries=50"]
    log = folder / "log"
    with log.open("w") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options], cwd=folder, env=environment, stderr=written
        )
    try:
        address = _wait_for(lambda: re.search(r"(http://127\.0\.0\.1:\d+)/", log.read_text()))[1]

        def ask(method: str, path: str, body: dict[str, str] | None = None) -> Any:
            request = urllib.request.Request(
                address + path,
                method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers={"Authorization": f"token {token}"},
            )
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.loads(reply.read())

        with contextlib.suppress(urllib.error.HTTPError):
            ask("POST", "/api/kernels", {"name": "broken"})
        _wait_for(lambda: "there is no kernel named 'no-such-kernel' to wrap" in log.read_text())
        # It is started again a few times, as any kernel that dies, and then dead or not listed at all.
        _wait_for(lambda: all(one["execution_state"] == "dead" for one in ask("GET", "/api/kernels")))
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(find: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found
