"""Files to look through for secrets as pieces of work, and what a worker does with one.

What goes back and into a journal says where a secret stands and of what kind it is, never the secret.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from hashlib import scrypt, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_guard.cli.identity import made_with
from jupyter_guard.corpus import Done, Piece, key_of

if TYPE_CHECKING:
    from jupyter_guard.cli.outputs import InText
    from jupyter_guard.scrub import KnownValues, Redaction
    from jupyter_guard.scrub.patterns import Pattern

    Sought = tuple[KnownValues, tuple[Pattern, ...] | None]
    Taken = list[tuple[int, Redaction]]


class ScrubJob:
    """Looks for secrets: ``known`` values, and token formats, the ``own`` ones of a policy beside those built in."""

    through: tuple[type[Exception], ...] = ()
    made_with = staticmethod(made_with)

    def __init__(self, known: KnownValues, own: Mapping[str, Any], sources: bool) -> None:
        self._known = known
        self._own = own
        self.sources = sources
        self._sought: Sought | None = None
        self.is_secret = bool(known)
        self._about = ("scrub", made_with(), json.dumps(own, sort_keys=True), str(sources), _fingerprint(known))

    def __getstate__(self) -> dict[str, Any]:
        """Without the engines, which each worker makes for itself."""
        return {**self.__dict__, "_sought": None}

    def prepare(self) -> None:
        """Compile the token formats."""
        from jupyter_guard.scrub import with_own
        from jupyter_guard.scrub.engine import prepare

        self._sought = (self._known, with_own(self._own))
        prepare()

    def __call__(self, given: tuple[str, bytes]) -> Done:
        """The result for a file: JSON with what ``cleaned`` says of it, or with an ``error``."""
        assert self._sought is not None
        path, data = given
        try:
            _, found = cleaned(Path(path), data, self._sought, self.sources)
        except ValueError as error:
            found = {"error": str(error)}
        else:
            found = {"changed": False, **found, "variables": []}
        return Done(json.dumps({"file": path, **found}).encode())

    def piece(self, path: str, data: bytes) -> Piece[dict[str, Any]]:
        """A file as a piece of work."""
        key = key_of(*self._about, path, sha256(data).hexdigest())
        return Piece({"file": path}, (path, data), key, len(data))


def cleaned(path: Path, data: bytes, sought: Sought, sources: bool) -> tuple[bytes, dict[str, Any]]:
    """The content without secrets; what was taken out, and what still stands in cells. Raises ``ValueError``."""
    from jupyter_guard.cli.outputs import scrub_notebook, secrets_in_text
    from jupyter_guard.cli.variables import Variables

    if path.suffix != ".ipynb":
        text, taken = _text(data, sought)
        return text, {"redactions": _items(taken), "in_code": [], "variables": []}
    variables = Variables()
    notebook, taken = scrub_notebook(data, *sought, sources=variables if sources else False)
    left = _places(secrets_in_text(notebook, *sought))
    return notebook, {"redactions": _items(taken), "in_code": left, "variables": variables.names}


def _text(data: bytes, sought: Sought) -> tuple[bytes, Taken]:
    from jupyter_guard.scrub import Scrubber

    if b"\0" in data[:8192]:
        raise ValueError("a binary file: expected text or a notebook")
    scrubber = Scrubber(*sought)
    text = data.decode("utf-8", "surrogateescape")
    clean = scrubber.feed(text) + scrubber.flush()
    return clean.encode("utf-8", "surrogateescape"), [(0, one) for one in scrubber.redactions]


def _items(taken: Taken) -> list[dict[str, Any]]:
    counts: Counter[tuple[int, str]] = Counter()
    for cell, redaction in taken:
        counts[cell, redaction.kind] += redaction.count
    return [{"cell": cell, "kind": kind, "count": count} for (cell, kind), count in counts.items()]


def _places(found: list[InText]) -> list[dict[str, Any]]:
    counts = Counter((one.cell, one.line, one.kind) for one in found)
    return [{"cell": cell, "line": line, "kind": kind, "count": n} for (cell, line, kind), n in counts.items()]


def _fingerprint(known: KnownValues) -> str:
    """What tells two sets of known values apart, and is slow to guess values from: it goes into a journal's keys."""
    if not known:
        return ""
    values = "\0".join(known.values()).encode("utf-8", "surrogatepass")
    return scrypt(values, salt=b"jupyter_guard journal", n=1 << 14, r=8, p=1).hex()
