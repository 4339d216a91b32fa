"""What a cell writes past Python is shown, scrubbed, and not copied to the log of whoever started the kernel; what a
kernel that is not ours writes past the protocol reaches that log without secrets."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.front import GUARDED, Front

pytestmark = pytest.mark.kernel

VALUE = "".join(["Zq8rT2", "kLm5Xw9", "Pc3Vb7N"])
WAYS = {
    "a shell": "import os; os.system('echo $MYAPP_TOKEN')",
    "a descriptor": "import os; os.write(1, os.environ['MYAPP_TOKEN'].encode() + b'\\n')",
    "the other descriptor": "import os; os.write(2, os.environ['MYAPP_TOKEN'].encode() + b'\\n')",
    "a file of the system": "import os; open('/dev/stdout', 'w').write(os.environ['MYAPP_TOKEN'] + '\\n')",
    "Python's first stream": "import os, sys; print(os.environ['MYAPP_TOKEN'], file=sys.__stdout__, flush=True)",
}


def grant(folder: Path) -> None:
    """Let the kernel have the variable, which a box keeps out otherwise."""
    mine = folder / "home" / ".jupyter" / "jupyter_guard.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text('version = 1\n[isolation]\nenv = ["*", "MYAPP_TOKEN"]\n')


def test_the_log_holds_nothing_that_a_cell_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYAPP_TOKEN", VALUE)
    # ipykernel does not look at descriptors within pytest.
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    grant(tmp_path)
    with Front(tmp_path) as front:
        for name, code in WAYS.items():
            shown = front.run(code).text
            assert "[REDACTED:environment]" in shown, name
        front.run("import os; os.system('echo to be seen')")
        front.run("import subprocess, sys; subprocess.run('echo $MYAPP_TOKEN', shell=True, stdout=sys.stdout)")
        front.run("import os, sys; os.write(sys.stdout.fileno(), os.environ['MYAPP_TOKEN'].encode())")
        front.run("import logging, os; logging.getLogger('traitlets').error(os.environ['MYAPP_TOKEN'])")
        assert VALUE not in front.log_text()
        assert "to be seen" not in front.log_text()


def test_with_capturing_off_nothing_that_a_cell_wrote_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYAPP_TOKEN", VALUE)
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    grant(tmp_path)
    with Front(tmp_path, argv=[*GUARDED, "--IPKernelApp.capture_fd_output=False"]) as front:
        for name, code in WAYS.items():
            assert front.run(code).status == "ok", name
        assert front.run("print('still here')").text == "still here\n"
        assert VALUE not in front.log_text()
        assert "what cells write past Python is not shown" in front.log_text()


Foreign = Callable[..., Front]


@pytest.fixture
def foreign(start: Callable[..., Front], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Foreign:
    """``foreign(argv, language)``: a guarded kernel around one that is started with ``argv``."""
    monkeypatch.setenv("MYAPP_TOKEN", VALUE)

    def begin(argv: list[str], language: str, before: str = "") -> Front:
        place = tmp_path / "kernels" / "foreign"
        place.mkdir(parents=True)
        spec = {"argv": [*argv, "-f", "{connection_file}"], "display_name": "f", "language": language}
        Path(place, "kernel.json").write_text(json.dumps(spec))
        path = f"os.environ['JUPYTER_PATH'] = {str(tmp_path)!r}"
        launch = f"import os, sys; {before} {path}; os.execv(sys.argv[1], sys.argv[1:])"
        return start(argv=[sys.executable, "-c", launch, *GUARDED, "--wrap", "foreign"])

    return begin


# ipykernel behind a command line of its own, which writes to its descriptors as other languages' kernels do.
UNCAUGHT = (
    "import sys; from ipykernel.kernelapp import launch_new_instance;"
    "launch_new_instance([*sys.argv[1:], '--IPKernelApp.capture_fd_output=False'])"
)


def in_log(front: Front, text: str) -> str:
    """The log, once ``text`` is in it."""
    end = time.monotonic() + 20
    while True:
        log = (front.folder / "log").read_bytes().decode("latin-1")
        if text in log:
            return log
        assert time.monotonic() < end, log[-2000:]
        time.sleep(0.05)


def test_another_kernels_own_output_reaches_the_log_without_secrets(foreign: Foreign) -> None:
    front = foreign([sys.executable, "-c", UNCAUGHT], "python")
    for code in WAYS.values():
        front.run(code)
    front.run("import os; os.write(2, b'\\xff\\x00 garbage \\x1b[31m\\n')")
    front.run("import os; os.write(1, b'the last line\\n')")
    log = in_log(front, "the last line")
    assert VALUE not in log
    assert log.count("[REDACTED:environment]") >= 3
    assert "\xff\x00 garbage \x1b[31m\n" in log


def test_a_flood_of_it_stops_nothing(foreign: Foreign) -> None:
    front = foreign([sys.executable, "-c", UNCAUGHT], "python")
    run = front.run("import os\nfor i in range(2000): os.write(2, b'x' * 1000 + b'\\n')\nos.write(1, b'the end\\n')")
    assert run.status == "ok"
    assert in_log(front, "the end").count("x" * 1000) == 2000


def test_a_log_that_nobody_reads_stops_nothing(foreign: Foreign) -> None:
    unread = "reader, writer = os.pipe(); os.set_inheritable(reader, True); os.dup2(writer, 2);"
    front = foreign([sys.executable, "-c", UNCAUGHT], "python", unread)
    front.run("import os\nfor i in range(2000): os.write(2, b'x' * 1000 + b'\\n')")
    assert front.run("1 + 1").result == "2"


def test_why_a_kernel_does_not_start_is_in_the_log(foreign: Foreign) -> None:
    code = "import os, sys; sys.exit('no such thing: ' + os.environ['MYAPP_TOKEN'])"
    with pytest.raises(RuntimeError, match=r"no such thing: \[REDACTED:environment\]"):
        foreign([sys.executable, "-c", code], "python")


@pytest.mark.skipif(importlib.util.find_spec("bash_kernel") is None, reason="bash_kernel is not installed")
def test_a_real_kernel_of_bash(foreign: Foreign) -> None:
    front = foreign([sys.executable, "-m", "bash_kernel"], "bash")
    assert "[REDACTED:environment]" in front.run("echo $MYAPP_TOKEN").text
    # It catches what its cells print: these descriptors are its own process's. The guard asks about that.
    front.run("echo $MYAPP_TOKEN > /proc/$PPID/fd/2; echo the last line > /proc/$PPID/fd/2", answer="y")
    log = in_log(front, "the last line")
    assert VALUE not in log
    assert "[REDACTED:environment]" in log
