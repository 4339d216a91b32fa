"""Distinct words of installed packages -> how often each letter follows each other one, as `scrub.letters` keeps it.

python -m benchmarks.scrub.letter_pairs
"""

from __future__ import annotations

import math
import random
import re
import string
import sysconfig
from collections import Counter
from itertools import pairwise
from pathlib import Path

from jupyter_guard.scrub.letters import looks_lettered

_FOLDERS = {"purelib": ("*.py", "METADATA", "*.md", "*.json"), "stdlib": ("*.py",)}
_MOST = 25e6
_WORD = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z]{3,40}(?![A-Za-z0-9+/=])")
_NAME = re.compile(r"(?<![\w.=+/~-])[A-Za-z_.=+/~-]{12,64}(?![\w.=+/~-])")


def _found() -> tuple[set[str], set[str]]:
    """Distinct words in lower case, and names without digits that are as long as a token."""
    words: set[str] = set()
    names: set[str] = set()
    for folder, patterns in _FOLDERS.items():
        for pattern in patterns:
            size = 0
            for path in sorted(Path(sysconfig.get_paths()[folder]).rglob(pattern)):
                text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
                if len(text) > 400_000:
                    # Tables and scripts made small, which have no words.
                    continue
                size += len(text)
                words.update(word.lower() for word in _WORD.findall(text))
                names.update(_NAME.findall(text))
                if size > _MOST:
                    break
    return words, names


def _level(share: float) -> int:
    """0 for a pair that is less than a sixteenth as frequent as chance would have it, one more each time it doubles."""
    return min(9, max(0, int(math.log2(share * 32)))) if share >= 1 / 32 else 0


def main() -> None:
    """Print the table, and how much generated letters and names differ by it."""
    words, names = _found()
    pairs = Counter(one + two for word in words for one, two in pairwise(word))
    whole = pairs.total()
    for one in string.ascii_lowercase:
        print("".join(str(_level(676 * pairs[one + two] / whole)) for two in string.ascii_lowercase))
    print(f"{len(words)} words; {sum(map(looks_lettered, names))} of {len(names)} names look generated")
    chance = random.Random(1)
    for title, letters in (("both cases", string.ascii_letters), ("one case", string.ascii_lowercase)):
        for size in (12, 16, 20, 24, 32, 40):
            found = sum(looks_lettered("".join(chance.choices(letters, k=size))) for _ in range(2_000))
            print(f"{size} letters of {title}: {found / 20:.1f}% look generated")


if __name__ == "__main__":
    main()
