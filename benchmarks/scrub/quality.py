"""Vectors, contexts of our own and installed packages' files -> what is found, what is missed and what goes in vain.

python -m benchmarks.scrub.quality [FOLDER WITH vectors.jsonl.gz]
"""

from __future__ import annotations

import argparse
import gzip
import json
import sysconfig
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.scrub.contexts import BENIGN, UNSEEN, credentials, unseen
from benchmarks.scrub.held_out import FORMER, HELD_OUT
from benchmarks.scrub.systems import systems
from benchmarks.scrub.unseen3 import benign3, providers3, unseen3
from benchmarks.scrub.unseen4 import benign4, providers4, unseen4
from benchmarks.scrub.unseen5 import benign5, providers5, unseen5
from benchmarks.scrub.unseen6 import benign6, providers6, unseen6
from jupyter_guard.scrub import KnownValues, engine, scrub
from jupyter_guard.scrub.find import secrets_in

LIBRARY = Path(sysconfig.get_paths()["purelib"])
STANDARD = Path(sysconfig.get_paths()["stdlib"])

FILES = {
    "package documents": (LIBRARY, ("METADATA", "*.rst", "*.md", "*.txt"), 12e6),
    "package sources": (LIBRARY, ("*.py",), 25e6),
    "package settings": (LIBRARY, ("*.json", "*.yaml", "*.yml", "*.toml", "*.cfg", "*.ini"), 10e6),
    "package pages": (LIBRARY, ("*.html", "*.js"), 12e6),
    "standard library": (STANDARD, ("*.py",), 12e6),
}
"""Where texts of a kind lie, their names, and how many characters to read at most. Some of them do hold credentials:
examples of their own documentation. The figure is an upper bound."""


def vectors(folder: Path) -> None:
    """The shared vectors, with and without the rows whose labels name no credential (``labels.toml``)."""
    labels = tomllib.loads((Path(__file__).parent / "labels.toml").read_text(encoding="utf-8"))
    wrong = {one for ids in labels.values() for one in ids}
    rows = missed = changed = benign = counted = 0
    left = []
    with gzip.open(folder / "vectors.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            out = scrub(row["text"])
            if row["label"] != "secret":
                benign += 1
                changed += out != row["text"]
                continue
            rows += 1
            still = out == row["text"] or any(secret in out for secret in row["secrets"])
            missed += still
            if row["id"] not in wrong:
                counted += 1
                if still:
                    left.append(row["id"])
    print(f"shared vectors, as labelled: {100 - 100 * missed / rows:.2f}% of {rows}, {missed} missed")
    print(f"  without {len(wrong)} that label no credential: {100 - 100 * len(left) / counted:.2f}% of {counted}")
    print(f"  missed: {' '.join(left)}")
    print(f"  benign rows left untouched: {benign - changed} of {benign}")


def contexts() -> None:
    """Contexts of our own, with values of two seeds."""
    for seed in (11, 977):
        rows = list(credentials(5, seed))
        missed = Counter(name for name, text, value in rows if value in scrub(text))
        print(f"own contexts, seed {seed}: {100 - 100 * missed.total() / len(rows):.2f}% of {len(rows)}")
    for title, some in (
        ("written after the first formats", UNSEEN),
        ("held out once", FORMER),
        ("held out: no format was written for them", HELD_OUT),
    ):
        rows = list(unseen(contexts=some))
        missed = Counter(name for name, text, value in rows if value in scrub(text))
        print(f"contexts {title}: {100 - 100 * missed.total() / len(rows):.2f}% of {len(rows)}")
        for name, count in missed.most_common():
            print(f"  {count} {name!r}")
    others()
    print(f"own benign texts changed: {[text for text in BENIGN if scrub(text) != text]}")


def others() -> None:
    """What other authors wrote without sight of the formats: contexts, made-up providers, look-alikes.

    The formats were widened since for what each set missed, so what counts is its figure at first sight.
    """
    for title, rows, first in (
        ("unseen3, contexts", unseen3(), "65.6%"),
        ("unseen3, made-up providers", providers3(), "80.9%"),
        ("unseen4, contexts", unseen4(), "97.8%"),
        ("unseen4, made-up providers", providers4(), "87.6%"),
        ("unseen5, contexts", unseen5(), "94.4%"),
        ("unseen5, providers", providers5(), "98.7%"),
        ("unseen6, contexts", unseen6(), "91.2%"),
        ("unseen6, providers", providers6(), "96.4%"),
        ("systems' manuals", systems(), "64.4%"),
    ):
        gone = [secret not in scrub(text) for _name, text, secret in rows]
        print(
            f"{title}: {100 * sum(gone) / len(gone):.1f}% of {len(gone)} gone"
            + (f"; at first sight {first}" if first else "")
        )
    for title, texts in (
        ("unseen3", benign3()),
        ("unseen4", benign4()),
        ("unseen5", benign5()),
        ("unseen6", benign6()),
    ):
        same = [scrub(text) == text for _name, text in texts]
        print(f"{title}, look-alikes: {100 * (1 - sum(same) / len(same)):.1f}% of {len(same)} changed")


def files() -> None:
    """False alarms in files of installed packages, by kind of file and of token format."""
    nothing = KnownValues()
    for name, (folder, names, most) in FILES.items():
        found: Counter[str] = Counter()
        size = 0
        for text in _texts(folder, names):
            size += len(text)
            found.update(span.kind for span in secrets_in(text, nothing))
            if size > most:
                break
        million = size / 1e6
        print(f"{name:20}{million:6.1f} MB {found.total():4} {found.total() / million:6.2f}/MB {dict(found)}")


def _texts(folder: Path, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for path in sorted(folder.rglob(name)):
            inside = path.relative_to(folder).parts
            if "jupyter_guard" in inside or "test" in inside or (folder == STANDARD and "site-packages" in inside):
                continue
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="replace")


def main() -> int:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data/scrub"))
    given = parser.parse_args()
    engine.prepare()
    if (given.folder / "vectors.jsonl.gz").exists():
        vectors(given.folder)
    contexts()
    files()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
