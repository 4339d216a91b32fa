"""What the tests of the collector send to it, and what of it is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.audit import Journal, Link, Record, verify
from jupyter_guard.audit.collector import Collector, Service
from jupyter_guard.audit.journal import read_head
from jupyter_guard.audit.place import journals, read_records
from jupyter_guard.audit.ship import Shipper
from jupyter_guard.audit.store import store_of
from jupyter_guard.terms import Origin, Verdict


def record(number: int, **more: Any) -> Record:
    facts = {
        "time": f"2026-01-01T00:{number:02}:00+00:00", "kernel": "k1", "msg_id": f"m{number}", "sha256": "0" * 64,
        "verdict": Verdict.ALLOW, "would_be": Verdict.ALLOW, "state": "ran", "sentence": "", "origin": Origin.HUMAN,
        "policy": "p", "user": "somebody-else", "number": number, **more,
    }  # fmt: skip
    return Record(**facts)


@contextmanager
def collecting(place: Path, socket: Path) -> Iterator[None]:
    """A collector that keeps in ``place`` what comes over ``socket``, while this holds."""
    collector = Collector(place)
    service = Service(socket, collector)
    thread = threading.Thread(target=service.serve)
    thread.start()
    try:
        yield
    finally:
        service.close()
        thread.join(10)
        collector.close()


def write(folder: Path, kernel: str, *records: Record) -> Path:
    path = folder / f"2026-01-01-{kernel}.jsonl"
    with Journal(path, resume=True) as journal:
        for one in records:
            journal.append(one)
    return path


def ship(folder: Path, place: Path) -> int:
    with store_of(f"unix:{place.parent / 's'}") as store:
        return Shipper(folder, store).once()


def kept(place: Path) -> list[Record]:
    for path in journals(place):
        assert list(verify(path.open("rb"), read_head(path))) == []
    return [one for path in journals(place) for _, one in read_records(path)]


def links(folder: Path, count: int) -> list[Link]:
    path = write(folder, "k1", *(record(number) for number in range(1, count + 1)))
    return [msgspec.json.decode(line, type=Link) for line in path.read_bytes().splitlines()]


def sent(place: Path) -> list[tuple[int, int, tuple[str, ...]]]:
    """Of each record that is kept: the line of its sender's journal, its own number, its evidence."""
    (path,) = journals(place)
    records = [one for _, one in read_records(path)]
    return [(one.received.sequence if one.received else 0, one.number, one.evidence) for one in records]


def found(place: Path) -> list[tuple[int, str, str]]:
    (path,) = journals(place)
    problems = verify(path.open("rb"), read_head(path))
    # The times here are the numbers: what comes late has an earlier one.
    return [(one.line, one.kind, one.message) for one in problems if one.kind != "clock"]
