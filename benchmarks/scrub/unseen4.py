"""A second set of contexts to scrub and texts to leave alone, whose writer had not seen the patterns.

The form is that of ``unseen3.py``: ``=== name``, then lines with one placeholder (``CONTEXTS``), any number (``BENIGN_CONTEXTS``)
or one shape between ``<<`` and ``>>`` (``PROVIDERS``). The texts stand in ``tests/scrub/unseen4``. A rule bent to one of them makes
the number worthless.

``python -m benchmarks.scrub.unseen4`` prints how many are gone and which are not; ``--show`` prints what came out of each of those.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.scrub.unseen3 import PLACEHOLDER, SEED, SHAPE, load, once, shaped, value
from jupyter_guard.scrub import scrub

FOLDER = Path(__file__).parents[2] / "tests" / "scrub" / "unseen4"

CONTEXTS = load("code", "wire", "said", folder=FOLDER)
BENIGN_CONTEXTS = load("benign_values", "benign_words", folder=FOLDER)
PROVIDERS = load("providers", folder=FOLDER)


def unseen4(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every context with as many secrets as there are rounds."""
    for turn in range(rounds):
        for name, template in CONTEXTS:
            yield name, *once(name, template, PLACEHOLDER, value, Random(f"{seed}/{turn}/{name}"))


def providers4(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every made-up provider with as many tokens as there are rounds."""
    for turn in range(rounds):
        for name, template in PROVIDERS:
            yield name, *once(name, template, SHAPE, shaped, Random(f"{seed}/{turn}/{name}"))


def benign4(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """``(context, text)``: every look-alike; one without a placeholder comes in the first round only."""
    for turn in range(rounds):
        for name, template in BENIGN_CONTEXTS:
            text = PLACEHOLDER.sub(partial(value, rng=Random(f"{seed}/{turn}/{name}")), template)
            if turn == 0 or text != template:
                yield name, text


def main() -> None:
    """Print the shares, and what is left or was changed in vain, with the number of rounds in which it was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrub.unseen4", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print what came out of each miss, once a context")
    show = parser.parse_args().show
    for title, rows in (("contexts", list(unseen4())), ("made-up providers", list(providers4()))):
        out = [(name, scrub(text), secret) for name, text, secret in rows]
        _print(title, "gone", len(rows), [(name, text) for name, text, secret in out if secret in text], show)
    same = [(name, text, scrub(text)) for name, text in benign4()]
    _print("look-alikes", "unchanged", len(same), [(name, new) for name, text, new in same if new != text], show)


def _print(title: str, good: str, total: int, missed: list[tuple[str, str]], show: bool) -> None:
    print(f"unseen4, {title}: {100 * (1 - len(missed) / total):.1f}% of {total} {good}")
    texts = dict(reversed(missed))
    for name in sorted(texts):
        print(f"  {sum(one == name for one, _ in missed)} {name}" + (f": {texts[name]!r}" if show else ""))


if __name__ == "__main__":
    main()
