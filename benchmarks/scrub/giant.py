"""One line of hundreds of megabytes through a stream -> its speed, and that no more than a little of it is kept.

    python -m benchmarks.scrub.giant [MEGABYTES, 200 if not given]

Exit 1 when the process grew by more than 32 MB or a secret at the end of the line came through.
"""

from __future__ import annotations

import argparse
import resource
import time

from jupyter_guard.scrub import Scrubber, engine

PIECE = 65_536
MOST_GROWTH_KIB = 32 * 1024
LINES = {
    "letters": "abcdefgh ",
    "base64": "aGVsbG8gd29ybGQ",
    "almost tokens": "token: ghp_ ",
    "colours": "\x1b[31m=\x1b[0m",
}


def main() -> int:
    """Print a line for each kind of line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("megabytes", nargs="?", type=int, default=200)
    given = parser.parse_args()
    engine.prepare()
    token = "ghp_" + "Zt7qP4vLw9sXk2Hd8mN3cB6yA1fG5jR0uE2w"
    failed = False
    for name, unit in LINES.items():
        piece = unit * (PIECE // len(unit))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        scrubber = Scrubber()
        begun = time.perf_counter()
        for _ in range(given.megabytes * 1_000_000 // len(piece)):
            scrubber.feed(piece)
        end = scrubber.feed(f" {token}\n") + scrubber.flush()
        took = time.perf_counter() - begun
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        failed |= token in end or grown > MOST_GROWTH_KIB
        print(
            f"{name:14} {given.megabytes / took:7.1f} MB/s, grown by {grown / 1024:.1f} MiB, token {'LEFT' if token in end else 'gone'}"
        )
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
