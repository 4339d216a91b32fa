"""The in-process host in a real terminal IPython, with somebody typing answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sessions import DENIED, TOKEN, TOKEN_PARTS, environment

pexpect = pytest.importorskip("pexpect", reason="pexpect needs a POSIX terminal")


@pytest.fixture
def terminal(folder: Path) -> Iterator[Any]:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "--no-confirm-exit"],
        cwd=str(folder),
        env=environment(folder),
        encoding="utf-8",
        timeout=60,
        echo=False,
    )
    child.expect(r"In \[1\]: ")
    child.sendline("%load_ext jupyter_guard")
    child.expect("cooperative")
    child.expect(r"In \[2\]: ")
    yield child
    child.close(force=True)


def asks_about_everything(child: Any) -> None:
    child.sendline(
        "from jupyter_guard.guard.session import Session; from jupyter_guard.terms import Verdict; import msgspec"
    )
    child.expect(r"In \[3\]: ")
    child.sendline(
        "vet = Session.vet; Session.vet = lambda *a, **k: "
        "msgspec.structs.replace(vet(*a, **k), verdict=Verdict.CONFIRM)"
    )
    # Replacing the guard's own functions is the first thing that it asks about.
    child.expect(r"Run it\? \[y/N\] ")
    child.sendline("y")
    child.expect(r"In \[4\]: ")


def test_yes_runs_the_cell_and_no_does_not(terminal: Any) -> None:
    asks_about_everything(terminal)
    terminal.sendline("print('first', 6 * 7)")
    terminal.expect(r"Run it\? \[y/N\] ")
    terminal.sendline("y")
    terminal.expect("first 42")
    terminal.expect(r"In \[5\]: ")
    terminal.sendline("print('second', 6 * 7)")
    terminal.expect(r"Run it\? \[y/N\] ")
    terminal.sendline("")
    terminal.expect("CellDeclined")
    assert "second 42" not in terminal.before
    terminal.expect(r"In \[6\]: ")
    terminal.sendline("print('third', 6 * 7)")
    terminal.expect(r"Run it\? \[y/N\] ")
    terminal.sendeof()
    terminal.expect("CellDeclined")
    terminal.expect(r"In \[7\]: ")


def test_a_block_and_a_redaction_on_the_screen(terminal: Any) -> None:
    terminal.sendline(DENIED)
    terminal.expect("stopped this cell before it ran")
    terminal.expect("CellBlocked: this cell")
    terminal.expect(r"In \[3\]: ")
    terminal.sendline(f"print('token', {TOKEN_PARTS}, 'end')")
    terminal.expect(r"token (.*) end")
    assert TOKEN not in terminal.match[1]
    terminal.expect(r"In \[4\]: ")


def test_a_typed_password_is_known_from_then_on(terminal: Any) -> None:
    terminal.sendline("import getpass; typed = getpass.getpass('pass: ')")
    terminal.expect("pass: ")
    terminal.sendline("violet-" + "umbrella-9")
    terminal.expect(r"In \[3\]: ")
    terminal.sendline("print('typed', typed, 'end')")
    terminal.expect(r"Run it\? \[y/N\] ")
    terminal.sendline("y")
    terminal.expect(r"typed (.*) end")
    assert "umbrella" not in terminal.match[1]
