"""Vectors and ordinary output -> what is found, what is taken out in vain, and how fast, beside other ways to do it.

python -m benchmarks.scrub [FOLDER WITH vectors.jsonl.gz] [--megabytes N]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.scrub.corpora import CORPORA
from jupyter_guard.scrub import KnownValues, Scrubber, engine, scrub
from jupyter_guard.scrub.find import secrets_in
from jupyter_guard.scrub.hyper import ByHyperscan
from jupyter_guard.scrub.patterns import builtin

SLOW_SAMPLE = 100_000
"""Plain `re` is so slow that it gets only so many characters."""


def recall(folder: Path) -> None:
    """The exact secrets gone, by source; benign rows unchanged."""
    gone: dict[str, list[bool]] = {}
    with gzip.open(folder / "vectors.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            out = scrub(row["text"])
            if row["label"] == "secret":
                good = out != row["text"] and not any(secret in out for secret in row["secrets"])
            else:
                good = out == row["text"]
            gone.setdefault(f"{row['source']} {row['label']}", []).append(good)
    for name, good in sorted(gone.items()):
        print(f"{name:24} {sum(good):5} of {len(good):5} right  {100 * sum(good) / len(good):6.2f}%")


def one_by_one(text: str) -> int:
    """Every pattern's expression over all of the text."""
    found = 0
    for pattern in builtin():
        keywords = "|".join(map(re.escape, pattern.keywords))
        flags = re.ASCII | (re.IGNORECASE if pattern.ignore_case else 0)
        found += sum(1 for _ in re.finditer(f"(?:{keywords}){pattern.shape.expression()}", text, flags))
    return found


def speed(run: Callable[[str], object], text: str) -> float:
    """Megabytes a second, the better of two runs."""
    return max(_once(run, text) for _ in range(2))


def _once(run: Callable[[str], object], text: str) -> float:
    begun = time.perf_counter()
    run(text)
    return len(text) / 1e6 / (time.perf_counter() - begun)


def stream(text: str) -> Iterator[str]:
    """The text through a scrubber, in pieces of 8 KiB."""
    scrubber = Scrubber()
    for at in range(0, len(text), 8192):
        yield scrubber.feed(text[at : at + 8192])
    yield scrubber.flush()


def main() -> int:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data/scrub"))
    parser.add_argument("--megabytes", type=float, default=2.0)
    given = parser.parse_args()
    print(f"{len(builtin())} token formats, engine {'Hyperscan' if engine.prepare() else 're'}")
    if (given.folder / "vectors.jsonl.gz").exists():
        recall(given.folder)
    fast, slow, nothing = engine.engine_for(None), engine.ByKeyword(builtin()), KnownValues()
    print(
        f"{'corpus':16}{'MB':>6}{'in vain':>9}{'/MB':>7}{'one piece':>11}{'8 KiB':>8}{'Hyperscan':>11}{'by keyword':>12}{'re':>8}  MB/s"
    )
    for name, make in CORPORA.items():
        text = make(int(given.megabytes * 1e6))
        if not text:
            continue
        found = len(secrets_in(text, nothing))
        alone = speed(fast.full_scan, text) if isinstance(fast, ByHyperscan) else 0.0
        whole = speed(lambda t: secrets_in(t, nothing), text)
        pieces = speed(lambda t: sum(map(len, stream(t))), text)
        keyword = speed(
            lambda t: [p.secret(t, at, end) for at, end, p in slow.hits(t, 0, True)], text[: 5 * SLOW_SAMPLE]
        )
        plain = _once(one_by_one, text[:SLOW_SAMPLE])
        size = len(text) / 1e6
        print(
            f"{name:16}{size:6.1f}{found:9}{found / size:7.2f}{whole:11.0f}{pieces:8.0f}{alone:11.0f}{keyword:12.1f}{plain:8.3f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
