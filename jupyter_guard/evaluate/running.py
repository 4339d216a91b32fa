"""A sample -> whether all of its cells run, each sample in a kernel of its own that the operating system holds.

The box has an empty folder to work in, no network, nothing of the user's, and limits. Its policy only observes:
a cell fails by what it is, not by what the guard thinks of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from jupyter_guard.evaluate.sample import Sample
from jupyter_guard.isolate.probing import Manager, last_line
from jupyter_guard.terms import Cell

SECONDS_TO_START: Final = 60.0
_POLICY: Final = """version = 1
mode = "observe"
[isolation]
require = ["files", "network", "processes", "syscalls"]
read = []
write = ["."]
hosts = []
env = []
[limits]
memory = "2 GiB"
cell_seconds = {seconds}
processes = 128
open_files = 1024
disk = "512 MiB"
output = "16 MiB"
"""
_HELD: Final = "import os\nprint('held:' + os.environ.get('JUPYTER_GUARD_ISOLATION', 'none'))"


class NoBoxError(Exception):
    """No isolated kernel starts on this machine; the message says why. Nothing was run."""


def runs(sample: Sample, seconds: int) -> bool | None:
    """Whether every cell ends without an error within ``seconds``; ``None`` for one with SQL, which needs a database.

    A sample without code does not run. Raises ``NoBoxError``.
    """
    if any(cell.language == "sql" for cell in sample.cells):
        return None
    if not sample.cells:
        return False
    # A short path: sockets are made below it.
    root = Path(tempfile.mkdtemp(prefix="jge-")).resolve()
    try:
        with open(root / "log", "w+", encoding="utf-8") as log:
            return _runs(root, sample.cells, seconds, log)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _runs(root: Path, cells: tuple[Cell, ...], seconds: int, log: Any) -> bool:
    home, work, run = (root / name for name in ("home", "work", "run"))
    settings = home / ".jupyter"
    for folder in (settings, work, run):
        folder.mkdir(parents=True)
    (settings / "jupyter_guard.toml").write_text(_POLICY.format(seconds=seconds), encoding="utf-8")
    manager = Manager(connection_file=str(root / "kernel.json"))
    manager.start_kernel(cwd=str(work), env=_environment(home, settings, run), stdout=log, stderr=log)
    client = manager.client()
    client.start_channels()
    try:
        try:
            client.wait_for_ready(timeout=SECONDS_TO_START)
        except RuntimeError:
            raise NoBoxError(last_line(log)) from None
        said: list[str] = []
        if not _ended_well(client, _HELD, SECONDS_TO_START, said) or "held:none" in "".join(said):
            raise NoBoxError(f"the kernel is not held: {''.join(said).strip() or last_line(log)}")
        return all(_ended_well(client, _as_python(cell), seconds, said) for cell in cells)
    finally:
        client.stop_channels()
        with contextlib.suppress(Exception):
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def _ended_well(client: Any, code: str, seconds: float, said: list[str]) -> bool:
    def heard(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and len(said) < 100:
            said.append(message["content"]["text"])

    try:
        # The kernel's own limit comes first, and says so; what outlives it is not waited for.
        reply = client.execute_interactive(code, allow_stdin=False, timeout=seconds + 10, output_hook=heard)
    except (TimeoutError, RuntimeError):
        # Too long, or the kernel died.
        return False
    return bool(reply["content"]["status"] == "ok")


def _as_python(cell: Cell) -> str:
    return f"%%bash\n{cell.code}" if cell.language == "bash" else cell.code


def _environment(home: Path, settings: Path, run: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_", "IPYTHON"))}
    # Plots are drawn, and no window waits for anybody.
    own = {"HOME": str(home), "TMPDIR": str(run), "XDG_RUNTIME_DIR": "", "JUPYTER_CONFIG_DIR": str(settings)}
    return {**kept, **own, "MPLBACKEND": "agg"}
