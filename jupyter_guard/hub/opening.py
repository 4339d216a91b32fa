"""An administrator's word -> an account whose cells are let through for a while, on record before it holds."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from jupyter_guard.audit import Journal, Record
from jupyter_guard.audit.place import SUFFIX, journal_name
from jupyter_guard.guard import opened
from jupyter_guard.guard.opened import LONGEST, Opening
from jupyter_guard.hub.settings import STATE
from jupyter_guard.terms import Origin, Verdict

AUDIT = Path(STATE, "audit")
# With the machine's name: the journals of several go to one store, where two of the same name would be one.
KERNEL = f"break-glass-{re.sub(r'[^A-Za-z0-9_.-]', '_', socket.gethostname())[:48] or 'host'}"


def open_account(user: str, span: timedelta, why: str, file: Path = opened.FILE, audit: Path = AUDIT) -> Opening:
    """Let the cells of ``user`` through for ``span``, beginning now. A running kernel takes it up at its next cell.

    Raises ``ValueError`` for a span of more than a day or none, a missing reason or user; ``OSError`` where the file or
    the journal cannot be written, and then nothing is opened; ``OpenedError`` for a file that is not in order.
    """
    if not timedelta(0) < span <= LONGEST:
        raise ValueError(f"it has to last more than nothing and at most {LONGEST.total_seconds() / 3600:.0f} hours")
    if not user.strip() or not why.strip():
        raise ValueError("whose cells, and why, has to be said")
    with _turn(audit):
        now = opened.now()
        made = Opening(user, now.isoformat(), (now + span).isoformat(), _who(), why.strip())
        kept = tuple(one for one in opened.openings(file) if one.user != user and one.holds(now))
        _tell(made, "opening", audit)
        opened.write((*kept, made), file)
    return made


def close_account(user: str, file: Path = opened.FILE, audit: Path = AUDIT) -> Opening | None:
    """End what is open for ``user``; what that was, ``None`` where nothing was. Raises as ``open_account``."""
    with _turn(audit):
        now = opened.now()
        found = opened.openings(file)
        open_now = [one for one in found if one.user == user and one.holds(now)]
        if not open_now:
            return None
        # First the end, then its record: what is closed stays so where no record can be written.
        opened.write(tuple(one for one in found if one.user != user and one.holds(now)), file)
        _tell(open_now[-1], "closing", audit)
    return open_now[-1]


@contextmanager
def _turn(audit: Path) -> Iterator[None]:
    """One after the other, so that nobody writes over what another opened or closed meanwhile.

    The folder is what is held: only root may open it, and a full disk hinders nobody. Where it cannot be had no opening
    can be told either, and an end does not wait for it.
    """
    handle = -1
    try:
        with suppress(OSError, ImportError):
            import fcntl

            audit.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(audit, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _tell(made: Opening, event: str, audit: Path) -> None:
    audit.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = opened.now()
    known = sorted(audit.glob(f"*-{KERNEL}{SUFFIX}"))
    path = known[-1] if known else audit / journal_name(now.date().isoformat(), KERNEL)
    with Journal(path, resume=True) as journal:
        journal.append(
            Record(
                time=now.isoformat(),
                kernel=KERNEL,
                msg_id="",
                sha256="",
                verdict=Verdict.ALLOW,
                would_be=Verdict.ALLOW,
                state={"opening": "opened", "closing": "closed"}[event],
                sentence=made.sentence if event == "opening" else f"closed by {_who()} ({made.sentence})",
                origin=Origin.UNKNOWN,
                policy="",
                user=made.user,
                event=event,
                opened=made.sentence,
            )
        )
        if journal.waiting:
            raise OSError(28, f"no room to write {path}")


def _who() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()
