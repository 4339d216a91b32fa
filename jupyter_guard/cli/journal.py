"""A long run's reports -> a file from which the next run takes them, so that it goes on where this one stopped."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import click
import msgspec

from jupyter_guard import __version__
from jupyter_guard.cli.cases import Case
from jupyter_guard.cli.judging import Outcome
from jupyter_guard.terms import Cell, Report


class Entry(msgspec.Struct, frozen=True):
    """The reports of one case; of the code only its hash, in ``key``."""

    key: str
    reports: tuple[Report, ...]


_decoder = msgspec.json.Decoder(Entry)


class Journal:
    """Reports by case, version and policy; a case that changed, or another policy, is judged again.

    A context manager. A last line that was cut off is dropped. Raises ``click.UsageError`` for a file that is something
    else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Entry] = {}
        self.taken = 0

    def __enter__(self) -> Self:
        whole = self._read()
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise click.UsageError(f"--resume {self._path}: {error.strerror}") from None
        os.ftruncate(descriptor, whole)
        os.lseek(descriptor, 0, os.SEEK_END)
        self._file = os.fdopen(descriptor, "wb")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def recall(self, case: Case, policy: str) -> Outcome | None:
        """What an earlier run made of the case, if it is the same case under the same policy."""
        entry = self._known.get(_key(case, policy))
        if entry is None or len(entry.reports) != len(case.cells):
            return None
        self.taken += 1
        pairs = zip(entry.reports, case.cells, strict=True)
        return Outcome(case, tuple(msgspec.structs.replace(report, cell=cell) for report, cell in pairs))

    def keep(self, outcome: Outcome, policy: str) -> None:
        """Write a case's reports down, at once."""
        bare = tuple(msgspec.structs.replace(report, cell=Cell("")) for report in outcome.reports)
        line = msgspec.json.encode(msgspec.to_builtins(Entry(_key(outcome.case, policy), bare), str_keys=True))
        self._file.write(line + b"\n")
        self._file.flush()

    def _read(self) -> int:
        if not self._path.exists():
            return 0
        data = self._path.read_bytes()
        whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
            try:
                entry = _decoder.decode(line)
            except (msgspec.MsgspecError, ValueError) as error:
                raise click.UsageError(f"--resume {self._path}: line {number} is no journal's: {error}") from None
            self._known[entry.key] = entry
        if data and not whole:
            raise click.UsageError(f"--resume {self._path}: the file is no journal")
        return whole


def _key(case: Case, policy: str) -> str:
    parts = [
        __version__,
        policy,
        case.id,
        *(part for one in case.cells for part in (one.origin, one.language, one.code)),
    ]
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
