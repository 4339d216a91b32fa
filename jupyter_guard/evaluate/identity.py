"""What an evaluation depends on beside its policy: a hash of the guard's own files, and the versions of libraries."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

ROOMS: Final = (
    "evaluate", "fix", "guard", "isolate", "judge", "knowledge", "policy", "practice", "read", "scrub", "terms",
)  # fmt: skip
_ENDINGS: Final = (".py", ".toml")
# The parsers of the other languages, and what own rules and rewrites are made with.
_LIBRARIES: Final = ("libcst", "sqlglot", "tree-sitter", "tree-sitter-bash")


@functools.cache
def rules_hash() -> str:
    """Twelve hex digits over every room that a judgement or a number comes from, the same wherever its files are."""
    digest = sha256()
    for room in ROOMS:
        for name, file in _files(resources.files(f"jupyter_guard.{room}"), room):
            digest.update(f"{name}\0".encode())
            digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]


def libraries(*more: str) -> dict[str, str]:
    """The versions of what is installed of the libraries that every evaluation asks, and of ``more``."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in sorted((*_LIBRARIES, *more)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{path}/{one.name}"
        if one.is_dir():
            if one.name != "__pycache__":
                yield from _files(one, name)
        elif one.name.endswith(_ENDINGS):
            yield name, one
