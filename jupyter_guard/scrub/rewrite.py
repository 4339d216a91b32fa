"""A parsed regular expression's nodes -> expressions: as they were, cut off, begun, and for engines of bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any

CAP = 65_536
"""No part of a shape repeats more often: a stream holds at most so many characters for one candidate."""

_ENOUGH = 20
"""So many repeats tell a token from text; asking engines to count further makes them large and slow."""

_ANY_BYTE = r"[\x00-\xff]"

_BEYOND_ASCII = r"[\xc2-\xf4][\x80-\xbf]{1,3}"
"""A character in UTF-8."""

_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}
PLACES = {op.AT_BOUNDARY: r"\b", op.AT_NON_BOUNDARY: r"\B", op.AT_END: r"\Z", op.AT_END_STRING: r"\Z"}

Nodes = list[tuple[Any, Any]]


def all_of(nodes: Nodes) -> str:
    """The regular expression that ``nodes`` were parsed from, or one that means the same."""
    return "".join(_one(node) for node in nodes)


def _one(node: tuple[Any, Any]) -> str:
    kind, value = node
    if kind in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
        return character(node)
    if kind is op.AT:
        return str(PLACES[value])
    if kind is op.SUBPATTERN:
        return f"(?:{all_of(list(value[3]))})"
    if kind is op.BRANCH:
        return "(?:" + "|".join(all_of(list(branch)) for branch in value[1]) + ")"
    if kind is op.ASSERT:
        return f"(?={all_of(list(value[1]))})"
    if kind is op.ASSERT_NOT:
        return f"(?!{all_of(list(value[1]))})"
    low, high, sub = value
    high = CAP if high is op.MAXREPEAT else high
    return f"(?:{all_of(list(sub))}){{{low},{high}}}" + ("?" if kind is op.MIN_REPEAT else "")


def character(node: tuple[Any, Any]) -> str:
    """One character, or a class of them."""
    kind, value = node
    if kind is op.ANY:
        return r"[^\n]"
    if kind is op.LITERAL:
        return re.escape(chr(value))
    if kind is op.NOT_LITERAL:
        return f"[^{_in_class(value)}]"
    parts = []
    for inner, content in value:
        if inner is op.NEGATE:
            parts.append("^")
        elif inner is op.LITERAL:
            parts.append(_in_class(content))
        elif inner is op.RANGE:
            parts.append(f"{_in_class(content[0])}-{_in_class(content[1])}")
        else:
            parts.append(_CATEGORIES[content])
    return f"[{''.join(parts)}]"


def _in_class(code: int) -> str:
    return re.escape(chr(code)) if code < 128 else chr(code)


def open_ended(nodes: Nodes) -> str:
    """``nodes``, except that every character may be missing at the end of the text. The order of choices is kept."""
    return "".join(_open_one(node) for node in nodes)


def _open_one(node: tuple[Any, Any]) -> str:
    kind, value = node
    if kind is op.SUBPATTERN:
        return f"(?:{open_ended(list(value[3]))})"
    if kind is op.BRANCH:
        return "(?:" + "|".join(open_ended(list(branch)) for branch in value[1]) + ")"
    if kind not in (op.MAX_REPEAT, op.MIN_REPEAT):
        return rf"(?:{_one(node)}|\Z)"
    low, high, sub = value
    high = CAP if high is op.MAXREPEAT else high
    inner = list(sub)
    lazy = "?" if kind is op.MIN_REPEAT else ""
    if high == 0:
        return ""
    if len(inner) > 1 or inner[0][0] not in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
        return f"(?:{open_ended(inner)}){{{low},{high}}}{lazy}"
    whole = f"{character(inner[0])}{{{low},{high}}}{lazy}"
    cut_off = rf"{character(inner[0])}{{0,{high - 1}}}\Z"
    return f"(?:{whole}|{cut_off})" if lazy else f"(?:{cut_off}|{whole})"


def prefixes(nodes: Nodes) -> str:
    """What a text may end in the middle of: every proper beginning of ``nodes``, up to the end of the text."""
    out = "(?!)"
    for node in reversed(nodes):
        out = f"(?:{_beginnings(node)}|{_one(node)}{out})"
    return out


def _beginnings(node: tuple[Any, Any]) -> str:
    kind, value = node
    if kind is op.SUBPATTERN:
        return prefixes(list(value[3]))
    if kind is op.BRANCH:
        return "(?:" + "|".join(prefixes(list(branch)) if list(branch) else r"\Z" for branch in value[1]) + ")"
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        _low, high, sub = value
        high = CAP if high is op.MAXREPEAT else high
        if high == 0:
            return r"\Z"
        inner = list(sub)
        return f"(?:{all_of(inner)}){{0,{high - 1}}}{prefixes(inner)}"
    return r"\Z"


def relaxed(node: tuple[Any, Any]) -> str:
    """An expression for engines that read bytes and look around no corner: it matches wherever ``node`` does."""
    kind, value = node
    if kind in (op.ASSERT, op.ASSERT_NOT, op.AT):
        return ""
    if kind is op.SUBPATTERN:
        return "(?:" + "".join(relaxed(sub) for sub in value[3]) + ")"
    if kind is op.BRANCH:
        return "(?:" + "|".join("".join(relaxed(sub) for sub in branch) for branch in value[1]) + ")"
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, sub = value
        inner = _relaxed_character(sub[0]) if _single(sub) else "".join(relaxed(part) for part in sub)
        return f"(?:{inner}){{{min(low, _ENOUGH)},{_upper(high, list(sub))}}}"
    if _ascii_only([node]) or (kind is op.IN and value[0][0] is not op.NEGATE) or kind is op.LITERAL:
        return _relaxed_character(node)
    # A character of four bytes is four of these.
    return f"{character(node)}{{1,4}}"


def _upper(high: Any, nodes: Nodes) -> str:
    """The most repeats, in bytes; nothing where they would be too many to count."""
    if high is op.MAXREPEAT or high > 64:
        return ""
    if _ascii_only(nodes):
        return str(high)
    # A character can be four bytes. Without a bound, what stands long before would be reported again and again.
    return str(4 * high) if high <= _ENOUGH + 4 and len(nodes) == 1 else ""


def relaxed_all(nodes: Nodes, rest: str = "") -> str:
    """What ``relaxed`` says of ``nodes``, one after the other, then ``rest``."""
    return "".join(relaxed(node) for node in nodes) + rest


def relaxed_or_cut_off(nodes: Nodes, rest: str = "") -> str:
    """The same; or any beginning of ``nodes`` up to the end of the text.

    ``rest`` must match at the end of the text, as what this returns does: so a character that may be missing need not
    be written twice, once as it is and once cut off.
    """
    out = rest
    for node in reversed(nodes):
        out = _then(node, out)
    return out


def _then(node: tuple[Any, Any], rest: str) -> str:
    kind, value = node
    if kind in (op.ASSERT, op.ASSERT_NOT, op.AT):
        return rest
    if kind is op.SUBPATTERN:
        return relaxed_or_cut_off(list(value[3]), rest)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, inner = value
        if high == 0:
            return rest
        if low == 0 and (not rest or _single(inner)):
            return relaxed(node) + rest
    return either(cut_off(node), relaxed(node) + rest)


def either(*expressions: str) -> str:
    """An expression that matches what one of ``expressions`` does; empty ones are left out."""
    return f"(?:{'|'.join(filter(None, expressions))})"


def cut_off(node: tuple[Any, Any]) -> str:
    """Any beginning of ``node``, the empty one too, up to the end of the text, and some text that is none."""
    kind, value = node
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, inner = value
        if 1 in (low, high) and _single(inner):
            return r"\z"
    elif kind is not op.BRANCH:
        return r"\z"
    # Only which characters it has: their order makes engines twice as large, and the end of a text is one place only.
    return rf"{_any_of([node])}*\z"


def _single(nodes: Iterable[tuple[Any, Any]]) -> bool:
    kinds = [kind for kind, _ in nodes]
    return len(kinds) == 1 and kinds[0] in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)


def _any_of(nodes: Nodes) -> str:
    """A class with every character that ``nodes`` may match."""
    classes = set(_classes(nodes))
    if len(classes) == 1:
        return classes.pop()
    if any(one.startswith("[^") or one == _ANY_BYTE for one in classes):
        return _ANY_BYTE
    return "[" + "".join(sorted(one[1:-1] for one in classes)) + "]"


def _classes(nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        kind, value = node
        if kind is op.SUBPATTERN:
            yield from _classes(list(value[3]))
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _classes(list(branch))
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            yield from _classes(list(value[2]))
        elif kind not in (op.ASSERT, op.ASSERT_NOT, op.AT):
            negated = kind is op.NOT_LITERAL or (kind is op.IN and value[0][0] is op.NEGATE)
            if not negated and not _ascii_only([node]):
                yield _ANY_BYTE
            else:
                yield f"[{character(node)}]" if kind is op.LITERAL else character(node)


def tail_of(nodes: Nodes, least: int) -> tuple[str, str] | None:
    """The class of the last part of ``nodes`` that may repeat ``least`` times, and one with what may follow it too.

    ``None``: there is none at their end, how often is fixed, or it depends on which of several ways was taken.
    """
    rest: Nodes = []
    for node in reversed(nodes):
        kind, value = node
        if kind is op.AT or kind in (op.ASSERT, op.ASSERT_NOT):
            continue
        rest.append(node)
        if kind is op.BRANCH:
            tails = {tail_of(list(branch), least) for branch in value[1]}
            return tails.pop() if len(tails) == 1 and len(rest) == 1 else None
        if kind is op.SUBPATTERN:
            return tail_of(list(value[3]), least) if len(rest) == 1 else None
        if kind not in (op.MAX_REPEAT, op.MIN_REPEAT):
            return None
        low, high, inner = value
        if _single(inner):
            if low == high:
                return None
            if high is op.MAXREPEAT or high >= least:
                first, all_ = _any_of([node]), _any_of(rest)
                # What may stand between the lines of a key is between words too.
                return first, first if all_ == _ANY_BYTE or r"\s" in all_ else all_
            if low:
                return None
        elif low:
            return None
    return None


def _relaxed_character(node: tuple[Any, Any]) -> str:
    if _ascii_only([node]):
        return character(node)
    kind, value = node
    if kind is op.LITERAL:
        return _bytes_of(value)
    if kind is not op.IN or value[0][0] is op.NEGATE:
        return character(node)
    within = "".join(character((op.IN, [one]))[1:-1] for one in value if _ascii_only([(op.IN, [one])]))
    beyond = []
    for inner, content in value:
        if inner is op.LITERAL and content > 127:
            beyond.append(_bytes_of(content))
        elif inner is op.RANGE and content[1] > 127:
            within += f"{_in_class(content[0])}-\\x7f" if content[0] < 128 else ""
            beyond.append(_BEYOND_ASCII)
        elif inner is op.CATEGORY and not _ascii_only([(op.IN, [(inner, content)])]):
            within += _CATEGORIES[content]
            beyond.append(_BEYOND_ASCII)
    return either(f"[{within}]" if within else "", *dict.fromkeys(beyond))


def _bytes_of(code: int) -> str:
    return "".join(f"\\x{byte:02x}" for byte in chr(code).encode("utf-8", "surrogatepass"))


def _ascii_only(nodes: Nodes) -> bool:
    for kind, value in nodes:
        if kind is op.LITERAL:
            if value > 127:
                return False
        elif kind is op.IN:
            if value[0][0] is op.NEGATE:
                return False
            for inner, content in value:
                if (inner is op.LITERAL and content > 127) or (inner is op.RANGE and content[1] > 127):
                    return False
                if inner is op.CATEGORY and content in (
                    op.CATEGORY_NOT_DIGIT,
                    op.CATEGORY_NOT_SPACE,
                    op.CATEGORY_NOT_WORD,
                ):
                    return False
        elif kind is op.SUBPATTERN:
            if not _ascii_only(list(value[3])):
                return False
        elif kind is op.BRANCH:
            if not all(_ascii_only(list(branch)) for branch in value[1]):
                return False
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            if not _ascii_only(list(value[2])):
                return False
        elif kind in (op.NOT_LITERAL, op.ANY):
            return False
    return True


def least_of(nodes: Nodes) -> int:
    """The fewest characters that match ``nodes``."""
    least = 0
    for kind, value in nodes:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            least += 1
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least += value[0] * least_of(list(value[2]))
        elif kind is op.SUBPATTERN:
            least += least_of(list(value[3]))
        elif kind is op.BRANCH:
            least += min(least_of(list(branch)) for branch in value[1])
    return least


def width_of(node: tuple[Any, Any]) -> int:
    """The most characters that can match ``node``."""
    kind, value = node
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        high = CAP if value[1] is op.MAXREPEAT else int(value[1])
        return high * sum(width_of(sub) for sub in value[2])
    if kind is op.SUBPATTERN:
        return sum(width_of(sub) for sub in value[3])
    if kind is op.BRANCH:
        return max(sum(width_of(sub) for sub in branch) for branch in value[1])
    return 0 if kind is op.AT else 1


def first_of(nodes: Nodes, most: int) -> Nodes:
    """The first of ``nodes``, of no more than ``most`` characters: what every match begins with."""
    out: Nodes = []
    for node in nodes:
        kind, value = node
        if kind is op.SUBPATTERN:
            inner = list(value[3])
            if width_of(node) > most:
                return out + first_of(inner, most)
            out += inner
        elif width_of(node) <= most:
            out.append(node)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, _high, inner = value
            times = min(low, most // max(1, width_of((op.SUBPATTERN, (None, 0, 0, inner)))))
            return [*out, (op.MAX_REPEAT, (times, times, inner))] if times else out
        else:
            return out
        most -= width_of(node)
    return out


def ended_early(nodes: Nodes) -> Nodes:
    """``nodes`` without what may be missing at their end, for engines that report every end: the first is enough."""
    out = list(nodes)
    while out and not least_of(out[-1:]):
        out.pop()
    if out and out[-1][0] in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, _high, inner = out[-1][1]
        enough = min(low, _ENOUGH)
        out[-1] = (op.MAX_REPEAT, (enough, enough, inner))
    return out
