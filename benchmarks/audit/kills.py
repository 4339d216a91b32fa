"""Writer, shipper and database killed at random moments -> how many records were lost, and how many are there twice.

The writer is the helper's own ``Keeper`` in a process of its own: whatever it did not acknowledge is said again to the
next one, as a kernel's wrapper does. The shipper is the helper's too, over a real PostgreSQL.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.audit.records import record
from benchmarks.audit.server import Server
from jupyter_guard.audit import verify
from jupyter_guard.audit.fleet import Fleet
from jupyter_guard.audit.journal import read_head
from jupyter_guard.audit.place import journals, read_records

NAMES = ("writer", "shipper", "store")


def measure(
    count: int = 10_000, kernels: int = 10, seed: int = 1, most_seconds: float = 100, pause: float = 0.001
) -> dict[str, int]:
    """Write ``count`` records while everything is killed; print and return what became of them.

    ``pause`` are the seconds between two records of one writer.
    """
    chance = random.Random(seed)
    kills: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        audit = Path(folder)
        writer, shipper = _Writer(audit, count, kernels, pause), _Shipper(audit, server.url)
        while writer.acknowledged < count or not all(kills[name] for name in NAMES):
            if time.monotonic() - began > most_seconds:
                raise TimeoutError(
                    f"{writer.acknowledged} of {count} records after {most_seconds:.0f} s: {dict(kills)}"
                )
            time.sleep(chance.uniform(0.2, 1.5))
            name = chance.choices(NAMES, (5, 4, 1))[0]
            if name == "writer" and not writer.kill():
                continue
            if name == "shipper":
                shipper.kill()
            elif name == "store":
                server.kill()
                time.sleep(chance.uniform(0, 0.5))
                server.start()
            kills[name] += 1
        written = [(path, one) for path in journals(audit) for _, one in read_records(path)]
        in_journals = Counter((one.kernel, one.number) for _, one in written)
        broken = sum(bool(list(verify(path.open("rb"), read_head(path)))) for path in journals(audit))
        shipper.close()
        with Fleet(server.url) as store:
            lines = [line for kernel in store.kernels() for line in store.lines(kernel)]
            broken += sum(bool(list(verify(store.lines(kernel)))) for kernel in store.kernels())
    kept = Counter((one["kernel"], one["number"]) for one in (json.loads(line)["record"] for line in lines))
    expected = {(f"k{number % kernels}", number // kernels + 1) for number in range(count)}
    found = {
        "records": count,
        **{f"{name} killed": kills[name] for name in NAMES},
        "lost by the journals": len(expected - in_journals.keys()),
        "twice in the journals": sum(in_journals.values()) - len(in_journals),
        "lost by the store": len(expected - kept.keys()),
        "twice in the store": sum(kept.values()) - len(kept),
        "chains that do not hold": broken,
    }
    for name, number in found.items():
        print(f"{name:<26} {number:>7,}")
    return found


class _Writer:
    """One process that keeps the records of all kernels; a killed one is followed by another."""

    def __init__(self, audit: Path, count: int, kernels: int, pause: float) -> None:
        self.acknowledged = 0
        self._words = (str(audit), str(count), str(kernels), str(pause))
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.audit.kills", *self._words, str(self.acknowledged)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._listen, args=(self._process,))
        self._reader.start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                self.acknowledged = int(line)

    def kill(self) -> bool:
        """Kill it, and start the next one where there is more to write."""
        was_alive = self._process.poll() is None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        if was_alive:
            self._start()
        return was_alive


class _Shipper:
    """One process that ships; a killed one is followed by another."""

    def __init__(self, audit: Path, url: str) -> None:
        self._command = [sys.executable, "-m", "jupyter_guard.audit.ship", str(audit)]
        self._url = url
        self._start()

    def _start(self) -> None:
        # What it says of a store that is away is expected here.
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdin is not None
        self._process.stdin.write(self._url + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """Kill it and start the next one."""
        self._process.kill()
        self._process.communicate()
        self._start()

    def close(self) -> None:
        """Let it ship what is left."""
        self._process.communicate()


def write(audit: str, count: str, kernels: str, pause: str, acknowledged: str) -> None:
    """The writer: say each number that is kept. Its first ones may be there already, as far as nobody heard of it."""
    import msgspec

    from jupyter_guard.guard.keeping import Keeper
    from jupyter_guard.guard.protocol import Decided

    keepers = [Keeper(Path(audit)) for _ in range(int(kernels))]
    for number in range(max(0, int(acknowledged) - 64), int(count)):
        kernel = number % len(keepers)
        facts = msgspec.to_builtins(record(number, f"k{kernel}")) | {"number": number // len(keepers) + 1}
        if keepers[kernel].keep(Decided(number, json.dumps(facts).encode(), b"{}")):
            print(number + 1, flush=True)
        time.sleep(float(pause))


if __name__ == "__main__":
    write(*sys.argv[1:])
