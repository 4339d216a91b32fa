"""A number of chunkings -> how many give another text than the whole. For the night: python -m benchmarks.scrub.chunkings.

    python -m benchmarks.scrub.chunkings [COUNT, 1000000 if not given] [--seed N]

Texts are tokens of every format, tables, known values in every encoding, escapes, pictures and ordinary lines, in and
out of order; they are cut anywhere, or where lines end, as programs print them. Exit 1 on a difference, and the seed with
which it comes again.
"""

from __future__ import annotations

import argparse
import random
import time

from jupyter_guard.scrub import KnownValues, Scrubber, engine, scrub
from jupyter_guard.scrub.encodings import ZERO_WIDTH, forms
from jupyter_guard.scrub.examples import example
from jupyter_guard.scrub.patterns import builtin

KNOWN = ("h4nter-Two!value", "abcabcabd", "line one of it\nand line two", "pin7", "0123456789abcdef")
PARTS = (
    "\x1b[31m", "\x1b[0m", "\x1b]8;;https://x.y\x07", "\x1b[", "\r", "\n", "\r\n", " ", "=", ": ", '"', "\\n", "password", "token",
    "api_key", "gh", "p_", "g", "Bearer ", "://user:", "@host", "-----BEGIN ", "PRIVATE KEY-----", "abcabc", "abd", "h4nter",
    "-Two!value", "line one of it", "and line two", "pin7", " 45%|####  | 45/100", "<b>", "&amp;", "\u200b", "\ud800", "é", "İ",
    "      user  n\npassword     \nhunter    ann  1\n", "user & secret \\\\\nann & abc \\\\\n", "&", "\\\\\n", "  \n",
    "\n  user  password\n0  ann    hunter\n", "0  bob      open\n", "\n| a | secret |\n| 1 | xyz |\n", "\nuser,passwd\nann,b\n", "\n\n",
    "INFO step 3 loss=0.2 tokens/s=412\n", "retry 2 of 9\n", "  7%|━━  | é\n", "2026-01-01 INFO tokenizer ready\n" * 120, "h4-nt\n", "er-Two\n",
    "data:image/png;base64,", "QUJD" * 40, "x" * 500, "y" * 5000, "[db]\nuser = root\npassword = open_", "sesame\n", "curl -u ann:",
    "password='", 'password="', "'", "''", '\\"', "\\", "\\\\", 'token = """', "<password>", "</", ";pwd={", "}", "}}", "mysql -p'", "curl -u 'ann:",
    "&quot;", "password=&quot;", "Xy7&b k9; Q2", "Zq8" * 120, "Bearer " + "a1B" * 3000, "K7 d" * 100,
)  # fmt: skip
CUTS_EACH = 50
ENCODED = tuple(
    dict.fromkeys(
        [form for value in KNOWN for form in forms(value)]
        + [one.join(value) for value in KNOWN for one in (" ", "-", ", ", "\n", "', '", *ZERO_WIDTH) if len(value) > 7]
    )
)
"""Known values as outputs show them: in every encoding, cut up by separators and by what has no width."""


def differences(count: int, seed: int) -> tuple[int, int]:
    """How many chunkings were tried and how many differ."""
    known = KnownValues.of(KNOWN)
    tried = wrong = 0
    while tried < count:
        chance = random.Random(f"{seed} {tried}")
        formats = [example(chance.choice(builtin()), chance)[0] for _ in range(4)]
        text = "".join(chance.choice((*formats, chance.choice(ENCODED), *PARTS)) for _ in range(chance.randrange(1, 9)))
        whole = scrub(text, known)
        ends = [at + 1 for at, character in enumerate(text) if character == "\n"]
        for number in range(CUTS_EACH):
            cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.choice((1, 2, 3, 8, 40))))
            if ends and number % 2:
                cuts = sorted({*chance.sample(ends, chance.randrange(1, len(ends) + 1)), *cuts[: number % 3]})
            scrubber = Scrubber(known)
            pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
            if "".join(map(scrubber.feed, pieces)) + scrubber.flush() != whole:
                wrong += 1
                print(f"differs: seed {seed}, text {tried // CUTS_EACH}, cuts {cuts[:12]}", flush=True)
        tried += CUTS_EACH
    return tried, wrong


def main() -> int:
    """Print the count; the exit code is 1 when there was a difference."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    engine.prepare()
    begun = time.perf_counter()
    tried, wrong = differences(given.count, given.seed)
    print(f"{wrong} differences in {tried:,} chunkings, {time.perf_counter() - begun:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
