"""A user's name -> the folders of his server: what is loaded belongs to root, what is written belongs to him."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jupyter_guard.hub.settings import RUNTIME, STATE

# What Jupyter and IPython write beneath folders from which they also load: these parts are the user's, the rest root's.
_OWN = (
    "data/jupyter_guard",
    "ipython/profile_default/db",
    "ipython/profile_default/history",
    "ipython/profile_default/log",
    "ipython/profile_default/pid",
    "ipython/profile_default/security",
    "lab/settings",
    "lab/workspaces",
    "notary",
)
_ROOTS = ("data", "data/kernels", "lab")
_PROFILE_ROOTS = ("ipython/profile_default", "ipython/profile_default/startup")
_PROFILE = """# Written by jupyter_guard before each start. Nothing of a user's own is loaded before the guard watches.
c.HistoryManager.hist_file = {history!r}
"""


def make_ready(folder: str, account: str) -> None:
    """Make the folders of ``account`` (a name in the system's password database), or put their owners right.

    Raises ``KeyError`` when there is no such account, ``OSError`` where a folder cannot be made or is a symbolic link.
    """
    import pwd

    user = pwd.getpwnam(account)
    for path in (STATE, f"{STATE}/config", f"{STATE}/share", f"{STATE}/users", RUNTIME):
        _directory(path, 0, 0, 0o755)
    # Jupyter writes this mark where it finds none, and stops where it may not write.
    Path(STATE, "config/migrated").touch()
    base = f"{STATE}/users/{folder}"
    _directory(base, 0, 0, 0o755)
    for name in _ROOTS:
        _directory(f"{base}/{name}", 0, 0, 0o755)
    # IPython wants to write here; the sticky bit keeps what is root's in its place.
    _directory(f"{base}/ipython", 0, user.pw_gid, 0o1770)
    for name in _PROFILE_ROOTS:
        _directory(f"{base}/{name}", 0, 0, 0o755)
    for name in _OWN:
        _directory(f"{base}/{name}", user.pw_uid, user.pw_gid, 0o700)
    _directory(f"{RUNTIME}/{folder}", user.pw_uid, user.pw_gid, 0o700)
    # IPython writes it where it finds none.
    Path(base, "ipython/profile_default/startup/README").touch()
    profile = Path(base, "ipython/profile_default/ipython_kernel_config.py")
    text = _PROFILE.format(history=f"{base}/ipython/profile_default/history/history.sqlite")
    if not profile.exists() or profile.read_text() != text:
        profile.write_text(text)


def _directory(path: str, uid: int, gid: int, mode: int) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    # Through the descriptor: what is a link by now is not followed.
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        now = os.fstat(handle)
        if (now.st_uid, now.st_gid) != (uid, gid):
            os.fchown(handle, uid, gid)
        if stat.S_IMODE(now.st_mode) != mode:
            os.fchmod(handle, mode)
    finally:
        os.close(handle)
