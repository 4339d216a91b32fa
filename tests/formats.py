"""The token formats, compiled once -> the cache of a home of its own.

A kernel compiles them beside its work. One that ends before that is done has compiled for nothing, and each of the short
ones of a test in a home of its own would begin anew.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_guard.scrub import engine
from jupyter_guard.scrub.cache import cache_directory


def put_formats(home: Path, owner: int | None = None) -> None:
    """Put what all tests share into ``home``, which is ``owner``'s: this process's user's, if that is not said."""
    engine.prepare()
    shared = Path(cache_directory(os.environ, str(Path.home())))
    own = Path(cache_directory({}, str(home)))
    for folder in (own.parent, own):
        if not folder.exists():
            folder.mkdir(mode=0o700)
            _give(folder, owner)
    for file in shared.glob("scrub-*.db"):
        # No copy of the file's mode or owner: it is a file that its owner alone has written.
        with open(os.open(own / file.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            copy.write(file.read_bytes())
        _give(own / file.name, owner)


def _give(path: Path, owner: int | None) -> None:
    if owner is not None:
        os.chown(path, owner, owner)
