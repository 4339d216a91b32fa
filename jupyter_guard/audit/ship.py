"""The journals of a folder -> a store that all of a fleet write to, in order and each line once.

The journals are the spool: a store that is away costs nothing but time, and where the shipping had come to is
what the store has.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from jupyter_guard.audit.place import journals, kernel_of
from jupyter_guard.audit.store import RefusedError, Row, Store, StoreError, store_of

log = logging.getLogger("jupyter_guard")

BATCH = 1_000
SOON, LATEST = 1.0, 60.0


class _Place(msgspec.Struct):
    """How far a journal was shipped; ``mark`` is what its file looked like then."""

    sequence: int
    hash: str
    offset: int = 0
    inode: int = 0
    mark: tuple[int, int] = (0, 0)


class Shipper:
    """Ships the journals in ``directory`` to ``store``; ``refused`` are those that differ from what it has."""

    def __init__(self, directory: Path, store: Store) -> None:
        self._directory = directory
        self._store = store
        self._places: dict[Path, _Place] = {}
        self.refused: set[Path] = set()

    def once(self) -> int:
        """Ship what is new and return how many lines that were. Raises ``StoreError``; what was shipped stays so."""
        paths = [path for path in journals(self._directory) if path not in self.refused]
        unknown = [path for path in paths if path not in self._places]
        if unknown:
            found = self._store.positions(kernel_of(path) for path in unknown)
            self._places |= {path: _Place(*found.get(kernel_of(path), (0, ""))) for path in unknown}
        rows: list[Row] = []
        reached: dict[Path, _Place] = {}
        count = 0
        for path in paths:
            try:
                for row, place in self._new(path):
                    reached[path] = place
                    if row is not None:
                        rows.append(row)
                    if len(rows) >= BATCH:
                        count += self._add(rows, reached)
                        if path in self.refused:
                            break
            except FileNotFoundError:
                continue  # retention took it away a moment ago
            except OSError as problem:
                if isinstance(problem, StoreError):
                    raise
                self._refuse(path, f"cannot be read: {problem.strerror}")
        return count + self._add(rows, reached)

    def run(self, wait: Callable[[float], bool]) -> None:
        """Ship until ``wait(seconds)`` says that it is time to end, and once more then."""
        pause = SOON
        while True:
            try:
                self.once()
            except StoreError as problem:
                # Not all of a fleet at the same moment.
                pause = min(LATEST, pause * 2) * random.uniform(0.5, 1.0)  # noqa: S311
                log.warning("decisions are kept on this machine until the store can be reached: %s", problem)
            else:
                pause = SOON
            if wait(pause):
                break
        try:
            self.once()
        except StoreError as problem:
            log.warning("decisions stay on this machine until the next kernel ships them: %s", problem)

    def _add(self, rows: list[Row], reached: dict[Path, _Place]) -> int:
        differing = self._store.add(rows)
        count = len(rows)
        self._places |= reached
        for path in [path for path in reached if kernel_of(path) in differing]:
            kernel = kernel_of(path)
            where = differing[kernel]
            self._refuse(path, f"has another record {where} than the store has of {kernel}: somebody put it there")
        rows.clear()
        reached.clear()
        return count

    def _new(self, path: Path) -> Iterator[tuple[Row | None, _Place]]:
        """The lines of a journal that the store does not have, each with the place behind it."""
        known = self._places[path]
        about = path.stat()
        mark = (about.st_size, about.st_mtime_ns)
        if (known.inode, known.mark) == (about.st_ino, mark):
            return
        kernel = kernel_of(path)
        # Another file under the same name is one that was written anew when somebody's records were erased.
        offset = known.offset if known.inode == about.st_ino and about.st_size >= known.offset else 0
        sequence, last, erased = known.sequence, known.hash, list[int]()
        is_from_start = offset == 0
        final: Row | None = None
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                try:
                    row = Row.of(kernel, line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    log.warning("%s: the line that ends at byte %d is no record: `audit verify`", path, offset)
                    continue
                final = row
                if row.link.sequence <= known.sequence:
                    if row.link.sequence == known.sequence and row.link.hash != known.hash:
                        self._store.add([row])  # so that the store too says that there is another
                        self._refuse(path, f"is not what the store has of {kernel} from {known.sequence} on")
                        return
                    if not row.text:
                        erased.append(row.link.sequence)
                    continue
                sequence, last = row.link.sequence, row.link.hash
                yield row, _Place(sequence, last, offset, about.st_ino)
        if is_from_start and known.sequence and (final is None or final.link.sequence < known.sequence):
            self._store.add([final] if final is not None else [])
            ended = final.link.sequence if final is not None else 0
            self._refuse(path, f"ends at {ended}, and the store has {kernel} up to {known.sequence}: `audit verify`")
            return
        if erased:
            try:
                self._store.erase(kernel, erased)
            except RefusedError as problem:
                log.warning("what was erased in %s is still in the store: %s", path, problem)
        # Whole only now: after a failure before this the file is looked at again.
        yield None, _Place(sequence, last, offset, about.st_ino, mark)

    def _refuse(self, path: Path, why: str) -> None:
        self.refused.add(path)
        log.error("%s is not shipped: it %s", path, why)


def main(arguments: list[str]) -> int:
    """``python -m jupyter_guard.audit.ship DIRECTORY``: ship until standard input ends, whose first line is the store.

    The store is no argument, because arguments can be seen by everybody on the machine.
    """
    logging.basicConfig(format="[jupyter_guard] %(message)s")
    # What interrupts a cell is not for this process, and it has less of a hurry than any cell.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
    url = sys.stdin.readline().strip()
    over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        with store_of(url) as store:
            Shipper(Path(arguments[0]), store).run(over.wait)
    except StoreError as problem:
        log.error("decisions stay on this machine: %s", problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
