"""What a command touches, named by a word: a file by its path, a host, a package -> its effect and marks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jupyter_guard.read.shell.streams import (
    plain,
    sources,
)
from jupyter_guard.terms import Certainty, Effect, Kind

if TYPE_CHECKING:
    from jupyter_guard.read.shell.state import Shell

_ONE_ADDRESS = re.compile(r"(?:\w+://)?(?:localhost|(?!0\.0\.0\.0)\d+(?:\.\d+){3}|\[?::1\]?)(?:[:/]|$)", re.IGNORECASE)


_METADATA = re.compile(
    r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|100\.100\.100\.200|fd00:ec2::254"
)


def file_effect(
    shell: Shell, kind: Kind, path: str, via: str, tags: Iterable[str] = (), certainty: Certainty = Certainty.CERTAIN
) -> Effect:
    """A file effect of a shell word: its globs, sources and self-made places considered."""
    tags = set(tags) | sources(path)
    if path == "/dev/null":
        # What goes there is gone, whatever it was.
        tags = {tag for tag in tags if not tag.startswith("from:")}
    context = shell.context
    path = plain(path)
    resolved = context.resolve(path)
    if any(char in path for char in "*?[") or resolved in (context.workspace, context.workspace + "/."):
        tags.add("bulk")
    if kind is not Kind.FILE_READ and (
        resolved in shell.made or any(resolved.startswith(one + "/") for one in shell.made)
    ):
        tags.add("self-made")
    effect = context.file(kind, path, via=via, tags=tags, certainty=certainty)
    if effect.kind is not Kind.CREDENTIAL_READ and "show" in effect.tags:
        effect = context.file(kind, path, via=via, tags=tags - {"show"}, certainty=certainty)
    return effect


def network_tags(target: str) -> set[str]:
    """What an address or URL says about itself."""
    return set(_network_tags(target[:4096]))


@functools.lru_cache(maxsize=256)
def _network_tags(target: str) -> tuple[str, ...]:
    tags = []
    if _METADATA.search(target):
        tags.append("metadata-service")
    if re.match(r"(?:http|ftp|telnet)://", target, re.IGNORECASE):
        tags.append("cleartext")
    return tuple(tags)


def package_tags(target: str) -> set[str]:
    """What a package's name says: pinned or not, from where."""
    if "://" in target or target.startswith(("git+", "git@")):
        return {"remote-code", *({"unpinned"} if not re.search(r"@[0-9a-f]{7,40}\b", target) else set())}
    if target.startswith((".", "/", "~")) or target.endswith(
        (".whl", ".tar.gz", ".txt", ".zip", ".yml", ".yaml", ".deb")
    ):
        return set()
    return set() if re.search(r"==|===|=\d|@\d", target) else {"unpinned"}
