"""Where journals lie on this machine, whose they are, and what is in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from jupyter_guard.audit.chain import Link
from jupyter_guard.audit.record import Record

SUFFIX = ".jsonl"
# Made once, here: two threads that decode a type for the first time at once can end the process (msgspec 0.22.0).
_LINKS = msgspec.json.Decoder(Link)


def audit_directory(env: Mapping[str, str], home: Path) -> Path:
    """The folder of this account's journals, below Jupyter's data folder as ``jupyter_core`` finds it."""
    if env.get("JUPYTER_DATA_DIR"):
        base = Path(env["JUPYTER_DATA_DIR"])
    elif sys.platform == "darwin":
        base = home / "Library" / "Jupyter"
    elif sys.platform == "win32":
        base = Path(env.get("APPDATA") or home / "AppData" / "Roaming") / "jupyter"
    else:
        base = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
    return base / "jupyter_guard" / "audit"


def account_of(env: Mapping[str, str]) -> str:
    """Whose cells these are: the Hub's name of the user, or the system's."""
    named = env.get("JUPYTERHUB_USER")
    if named:
        return named
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def journals(directory: Path) -> list[Path]:
    """The journals in ``directory``, the oldest first; empty when there is no such folder."""
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)
    except OSError:
        return []


def journal_name(day: str, kernel: str) -> str:
    """The file name of a kernel's journal, begun on ``day`` (ISO 8601)."""
    return f"{day}-{kernel}{SUFFIX}"


def kernel_of(path: Path) -> str:
    """The kernel whose journal lies at ``path``."""
    return path.stem.split("-", 3)[-1]


def read_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Sequence and record of every line that can be read and was not erased. Raises ``OSError``."""
    with path.open("rb") as file:
        for line in file:
            link = link_of(line)
            if link is not None and link.record is not None:
                yield link.sequence, link.record


def link_of(line: bytes) -> Link | None:
    """One line of a journal, or ``None`` for what is none or only a part of one."""
    try:
        return _LINKS.decode(line)
    except msgspec.DecodeError:
        return None
