"""Ordinary notebooks, run as an assistant's with nobody to ask -> how many were stopped or asked about, and when.

``python -m benchmarks.runtime.benign``; with a path, the notebooks of a ``.jsonl`` file beside ours: an object a line,
``{"id", "cells": [...]}``. They run as they are, so give it only what you would run.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.runtime.ordinary import NOTEBOOKS
from benchmarks.runtime.session import Session, session


def disturbed(kernel: Session, cells: tuple[str, ...]) -> dict[str, list[str]]:
    """What the guard had to say about a notebook, and what failed without it."""
    found: dict[str, list[str]] = {"before": [], "while": [], "warned": [], "failed": []}
    for code in cells:
        outcome = kernel.assistant(code)
        for card in outcome.cards:
            refused = card["state"] in ("blocked", "declined")
            if refused or card["about"]:
                place = "warned" if not refused else "while" if card["about"] else "before"
                found[place].append(f"{card['about']} {card['sentence']}".strip())
        if outcome.error and not outcome.refusals:
            found["failed"].append(f"{outcome.error}: {outcome.said[:200]}")
    return found


def main(arguments: list[str]) -> int:
    """Run and report."""
    notebooks = dict(NOTEBOOKS)
    for path in arguments:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            given = json.loads(line)
            notebooks[given["id"]] = tuple(given["cells"])
    with tempfile.TemporaryDirectory(prefix="benign-", dir=Path.home()) as base:
        home, work = Path(base) / "home", Path(base) / "home" / "work"
        work.mkdir(parents=True)
        with session(work, home, patience=120) as kernel:
            found = {name: disturbed(kernel, cells) for name, cells in notebooks.items()}
    print(f"{len(found)} ordinary notebooks, {sum(map(len, notebooks.values()))} cells, as an assistant's")
    for place, words in (
        ("while", "stopped or asked about while they ran"),
        ("before", "stopped or asked about before they ran"),
        ("warned", "warned of while they ran"),
        ("failed", "that failed by themselves"),
    ):
        hit = {name: one[place] for name, one in found.items() if one[place]}
        print(f"notebooks {words}: {len(hit)} of {len(found)}")
        for name, texts in hit.items():
            for text in texts:
                print(f"  {name}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
