"""What Jupyter's server saves while cells run -> a list that undo looks at: a person's work, and not the cell's.

One line a save, beside the stores of this account; the server writes it, and whoever ends a step reads it.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

NAME, EARLIER = "saved.jsonl", "saved.1.jsonl"
LARGEST = 256 * 1024


def note(base: Path, path: str) -> None:
    """A file was saved. ``base`` is the folder of the stores; without it nobody has set anything aside.

    Raises ``OSError``.
    """
    if not base.is_dir():
        return
    line = json.dumps({"time": time.time(), "path": os.path.realpath(path)}) + "\n"
    handle = os.open(base / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, line.encode())
        is_large = os.fstat(handle).st_size > LARGEST
    finally:
        os.close(handle)
    if is_large:
        os.replace(base / NAME, base / EARLIER)


def since(base: Path, begun: float) -> set[str]:
    """The paths of the files that were saved from ``begun`` on, in seconds since the epoch."""
    found = set()
    for name in (EARLIER, NAME):
        try:
            lines = (base / name).read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                one = json.loads(line)
                if one["time"] >= begun:
                    found.add(str(one["path"]))
            except (ValueError, KeyError, TypeError):
                # The disk was full.
                continue
    return found
