"""Letters without a digit -> whether they were generated: by how often each pair of them stands in words."""

from __future__ import annotations

import re
from itertools import pairwise

# How often the second letter (column) follows the first (row) in distinct words: 0 for less than a sixteenth of what
# chance would give, and one more each time that doubles. `python -m benchmarks.scrub.letter_pairs` counts.
_PAIRS = """
36762361504767060778533342 53325200430612420441500030 61427206505521720646510040 64347321611432540454422020
64775553513668464887354641 40114400600401510433400020 51317134500424330543400010 61216100500221520334300010
55666560102668751577150304 20003000000000400020200000 30226111400212220242301000 62347221801622630355521040
74227100500352560242310030 62666572623434540477441020 45662441414668550755645320 61336213501622650655400040
00000000000100000000500000 72558351704454740566542050 52637325604433662368622040 73548436822443651766534162
45435330400656250666000000 50006000500000320010000000 50114002400103400331000000 20314100300120040114000220
32333220300334250344121000 30004000200000200000000000
""".split()

UNSAID = (
    "[jqvzJQVZ][bcdfghjkmnqrtvwxyzBCDFGHJKMNQRTVWXYZ]|[b-df-hj-npru-wyzB-DF-HJ-NPRU-WYZ][qxzQXZ]"
    "|[fhjmqvxzFHJMQVXZ][ghjkqwzGHJKQWZ]|[u-xzU-XZ][jkqu-wzJKQU-WZ]"
)
"""Most of the pairs that words do not have, as an expression: the one word in thirty that has one is a name mostly."""

_UNSAID = re.compile(UNSAID)
_TOKENS = re.compile("[A-Za-z]+")
_SHORT, _LONG = 12, 20

# The mean of the table over a text's pairs, which one text of generated letters in a hundred exceeds, and one
# identifier in two hundred does not reach: the fewer letters, the more it must say.
_MOST = {12: 3.3, 16: 3.8, 20: 4.2}


def looks_lettered(text: str, within: int = 64) -> bool:
    """Whether ``text`` is letters drawn by lot: 20 of them, or fewer in which the case changes as no names' does.

    An unsaid pair must be among its first ``within`` characters: engines look for one.
    """
    found = _UNSAID.search(text)
    if found is None or found.end() > within:
        return False
    tokens = _TOKENS.findall(text)
    longest = max(map(len, tokens))
    letters = "".join(tokens)
    many = len(letters)
    if longest < _SHORT or 4 * longest < many or 4 * (len(text) - many) > len(text):
        return False
    if many < _LONG and _changes(letters) < many // 3:
        return False
    if len(set(letters)) < many**0.5 + 4 or 3 * _in_order(letters.lower()) > many:
        return False
    pairs = [_weight(one, two) for token in tokens for one, two in pairwise(token.lower())]
    most = next(limit for size, limit in sorted(_MOST.items(), reverse=True) if many >= size)
    return sum(pairs) <= most * len(pairs)


def _weight(one: str, two: str) -> int:
    return int(_PAIRS[ord(one) - 97][ord(two) - 97])


def _changes(letters: str) -> int:
    return sum(one.isupper() != two.isupper() for one, two in pairwise(letters))


def _in_order(letters: str) -> int:
    """Letters next to each other that follow each other in the alphabet, or are the same."""
    return sum(ord(two) - ord(one) in (0, 1) for one, two in pairwise(letters))
