"""Vectors and ordinary output -> what is found, what is taken out in vain, and how fast, beside other ways to do it.

python -m benchmarks.scrub [FOLDER WITH vectors.jsonl.gz] [--megabytes N for each corpus, 6.5 if not given: 52 in all]
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.scrub.contexts import unseen
from benchmarks.scrub.corpora import CORPORA
from benchmarks.scrub.held_out import HELD_OUT
from benchmarks.scrub.peers import Look, detect_secrets, hyperscan_alone, one_by_one, pieces
from benchmarks.scrub.quality import others
from jupyter_guard.scrub import KnownValues, Scrubber, engine, scrub
from jupyter_guard.scrub.find import secrets_in
from jupyter_guard.scrub.hyper import ByHyperscan
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.views import COMPILED, ESCAPE, without_escapes

SLOW_SAMPLE = 100_000
"""Plain `re` and detect-secrets are so slow that they get only so many characters."""

SIZES = (65_536, 8_192)
"""Characters of a stream's pieces. A kernel sends what was printed within 0.2 s: of a loop that prints all the time some
200,000 to 500,000 characters, of a `!` command 80,000 to 100,000, of a line each millisecond 5,000 to 8,000."""

MESSAGE = "step 45/100 [00:01<00:02, 3.3it/s] loss=0.2231 acc=0.918 lr=1.0e-04 tokens/s=412 ".ljust(199, "-") + "\n"


def recall(folder: Path, peer: Look | None) -> None:
    """The exact secrets gone, by source; benign rows unchanged. Beside it the peer, where it is installed."""
    gone: dict[str, list[tuple[bool, bool]]] = {}
    with gzip.open(folder / "vectors.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            text, secrets, is_secret = row["text"], row["secrets"], row["label"] == "secret"
            answers = [scrub(text)]
            if peer is not None:
                out = text
                for value in sorted(peer(text), key=len, reverse=True):
                    out = out.replace(value, "[REDACTED]")
                answers.append(out)
            good = [
                out != text and not any(secret in out for secret in secrets) if is_secret else out == text
                for out in answers
            ]
            gone.setdefault(f"{row['source']} {row['label']}", []).append((good[0], good[-1]))
            gone.setdefault(f"all {row['label']}", []).append((good[0], good[-1]))
    print(f"{'vectors':24}{'rows':>6}{'right':>9}" + (f"{'detect-secrets':>16}" if peer else ""))
    for name, good in sorted(gone.items()):
        ours, theirs = (100 * sum(one[n] for one in good) / len(good) for n in (0, 1))
        print(f"{name:24}{len(good):6}{ours:8.2f}%" + (f"{theirs:15.2f}%" if peer else ""))


def speed(run: Callable[[str], object], text: str, times: int = 3) -> float:
    """Megabytes a second of the processor's time, the best run."""
    return max(_once(run, text) for _ in range(times))


def _once(run: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    run(text)
    return len(text) / 1e6 / max(time.process_time() - begun, 1e-9)


def beside(ours: Callable[[str], object], alone: Callable[[str], object] | None, text: str) -> tuple[float, float]:
    """``speed`` of both, in turn: what else the machine does meanwhile then slows down both. 0 for what is missing."""
    best = [0.0, 0.0]
    for _ in range(5):
        for at, run in enumerate((ours, alone)):
            if run is not None:
                best[at] = max(best[at], _once(run, text))
    return best[0], best[1]


def streamed(text: str, size: int) -> None:
    """The text through a scrubber, in pieces of ``size`` characters."""
    scrubber = Scrubber()
    for piece in pieces(text, size):
        scrubber.feed(piece)
    scrubber.flush()


def corpora(megabytes: float, peer: Look | None) -> None:
    """False alarms and speed on each kind of ordinary output."""
    slow, nothing = engine.ByKeyword(builtin()), KnownValues()
    print(
        f"\n{'MB/s':16}{'MB':>6}{'in vain':>9}{'/MB':>7}{'whole':>8}{'of Hyperscan':>14}{'64 KiB':>8}{'of Hyperscan':>14}{'8 KiB':>8}{'of Hyperscan':>14}"
        f"{'by keyword':>12}{'re':>7}" + (f"{'detect-secrets, in vain/MB':>28}" if peer else "")
    )
    total = alarms = 0.0
    scan = hyperscan_alone()
    for name, make in CORPORA.items():
        text = make(int(megabytes * 1e6))
        if not text:
            continue
        found, size = len(secrets_in(text, nothing)), len(text) / 1e6
        total, alarms = total + size, alarms + found
        part = text[:2_000_000]
        measured = [beside(scrub, scan, part)]
        for each in SIZES:
            alone = (lambda t, each=each: [scan(piece) for piece in pieces(t, each)]) if scan is not None else None
            measured.append(beside(lambda t, each=each: streamed(t, each), alone, part))
        sample = text[:SLOW_SAMPLE]
        keyword = speed(
            lambda t: [p.secret(t, at, end) for at, end, p in slow.hits(t, 0, True)], text[: 5 * SLOW_SAMPLE], 2
        )
        line = f"{name:16}{size:6.1f}{found:9}{found / size:7.2f}"
        line += "".join(f"{one:8.0f}{_share(one, other):>14}" for one, other in measured)
        line += f"{keyword:12.1f}{speed(one_by_one, sample, 1):7.2f}"
        if peer is not None:
            line += f"{speed(peer, sample, 1):18.2f}{len(peer(sample)) / (len(sample) / 1e6):10.0f}"
        print(line, flush=True)
    print(f"{'all':16}{total:6.1f}{alarms:9.0f}{alarms / total:7.2f}")


def _share(one: float, other: float) -> str:
    return f"{100 * one / other:.0f}%" if other else "-"


def small_messages() -> None:
    """A message of 200 bytes, and what known values cost."""
    named, scan = hyperscan_alone(by_name=True), hyperscan_alone()
    alone = quick = 0.0
    if named is not None and scan is not None:
        alone, quick = _each(lambda: named(MESSAGE)), _each(lambda: scan(MESSAGE))
        print(f"\n200 bytes: Hyperscan alone {alone:.2f} us, called without names of arguments {quick:.2f} us")
    for count in (0, 10, 100, 1000):
        values = [f"value-{number:05}-{'qwertz'[number % 6]}x{number * 7919 % 9973}" for number in range(count)]
        scrubber = Scrubber(KnownValues.of(values))
        scrubber.feed(MESSAGE)
        ours = _each(lambda one=scrubber: one.feed(MESSAGE))
        print(
            f"200 bytes, {count:4} known values: {ours:.2f} us"
            + (f", {ours / alone:.1f} and {ours / quick:.1f} of Hyperscan alone" if alone else "")
        )


def floors() -> None:
    """What stands below: one call of the binding, and what taking sequences of terminals away costs by itself."""
    fast = engine.engine_for(None)
    if not isinstance(fast, ByHyperscan):
        return
    print(f"\none call of Hyperscan's binding, on one byte: {_each(lambda: fast.full_scan('x')):.2f} us")
    for name in ("progress bars", "tracebacks"):
        cut = list(pieces(CORPORA[name](400_000)))
        alone = _each(lambda cut=cut: [fast.full_scan(piece) for piece in cut], 5) / len(cut)
        bare = _each(lambda cut=cut: [ESCAPE.sub("", piece) for piece in cut], 5) / len(cut)
        ours = _each(lambda cut=cut: [without_escapes(piece) for piece in cut], 5) / len(cut)
        print(
            f"8 KiB of {name}: Hyperscan alone {alone:.1f} us; taking away {sum(map(_escapes, cut)) / len(cut):.0f} "
            f"escape sequences, which must come first, by `re` {bare:.1f} us, as here {ours:.1f} us with what Hyperscan reads"
        )


def _escapes(text: str) -> int:
    return text.count("\x1b")


def _each(run: Callable[[], object], times: int = 5_000) -> float:
    """Microseconds of one call, the best of five runs."""
    best = 1e9
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            run()
        best = min(best, (time.process_time() - begun) / times * 1e6)
    return best


def main() -> int:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data/scrub"))
    parser.add_argument("--megabytes", type=float, default=6.5)
    given = parser.parse_args()
    peer = detect_secrets()
    print(
        f"{len(builtin())} token formats, engine {'Hyperscan' if engine.prepare() else 're'},"
        f" escape sequences taken away by {'the compiled module' if COMPILED else 're'}"
    )
    if peer is None:
        print("detect-secrets is not installed (pip install --group benchmark): left out")
    if (given.folder / "vectors.jsonl.gz").exists():
        recall(given.folder, peer)
    held = [value not in scrub(text) for _name, text, value in unseen(contexts=HELD_OUT)]
    print(f"contexts held out: {100 * sum(held) / len(held):.1f}% of {len(held)} gone")
    others()
    corpora(given.megabytes, peer)
    small_messages()
    floors()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
