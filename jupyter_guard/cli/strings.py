"""Python text -> its comments and its strings, and for each character of a string's value where it is written.

Written by hand because Python's own tokens say other things of f-strings in each version, and their places in syntax
trees are right only from 3.12 on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

_START = re.compile(r"#[^\n]*|((?<!\w)[A-Za-z]{1,2})?('''|\"\"\"|'|\")")
_PREFIXES = frozenset({"", "r", "u", "b", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"})
_ESCAPE = re.compile(r"\\(?:\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}\n]*\}|.)", re.DOTALL)
FIELD = "\ufffc"
"""Stands for a field in a value's text."""
# The rest of a string without fields, by its quote.
_REST = {
    "'": re.compile(r"(?:[^\\'\n]++|\\(?:\r\n|.))*+'", re.DOTALL),
    '"': re.compile(r'(?:[^\\"\n]++|\\(?:\r\n|.))*+"', re.DOTALL),
    "'''": re.compile(r"(?:[^\\']++|\\.|'(?!''))*+'''", re.DOTALL),
    '"""': re.compile(r'(?:[^\\"]++|\\.|"(?!""))*+"""', re.DOTALL),
}
_PLAIN = re.compile(r"[^\\{}'\"\r\n]+")


class UnreadableError(ValueError):
    """A string that does not end, or is no string of Python's."""


class Literal(msgspec.Struct, frozen=True):
    """``code[start:end]`` is a string; ``chunks`` are the places of its text, without an f-string's fields.

    ``within`` is the quote of the f-string in whose field it stands, ``""`` for none.
    """

    start: int
    end: int
    prefix: str
    quote: str
    chunks: tuple[tuple[int, int], ...]
    within: str = ""

    @property
    def has_fields(self) -> bool:
        """Whether it is an f-string, or the like."""
        return bool({"f", "t"} & set(self.prefix))


class Value(msgspec.Struct, frozen=True):
    """What strings that are one say, written one after the other: each character, where, and in which of them.

    An f-string's field counts as one character, in none of them: -1.
    """

    literals: tuple[Literal, ...]
    text: str
    places: tuple[tuple[int, int], ...]
    owners: tuple[int, ...]

    @property
    def start(self) -> int:
        """Where the first string begins."""
        return self.literals[0].start


def read_strings(code: str) -> tuple[list[Literal], list[tuple[int, int]]]:
    """The strings of ``code``, in order, and the places of its comments. Raises ``UnreadableError``."""
    literals: list[Literal] = []
    comments: list[tuple[int, int]] = []
    at = 0
    while found := _START.search(code, at):
        if found[0][0] == "#":
            comments.append(found.span())
            at = found.end()
        else:
            at = _literal(code, found, literals, "", 0)
    return sorted(literals, key=lambda one: one.start), comments


def _literal(code: str, found: re.Match[str], into: list[Literal], within: str, depth: int) -> int:
    """Adds the string that begins with ``found``, and those in its fields; returns where it ends."""
    prefix = (found[1] or "").lower()
    start = found.start()
    if prefix not in _PREFIXES:
        prefix, start = "", found.start(2)
    quote = found[2]
    if depth > 20:
        raise UnreadableError("strings in strings in strings")
    chunks, at = [], found.end()
    begun = at
    fields = "f" in prefix or "t" in prefix
    if not fields:
        rest = _REST[quote].match(code, at)
        if rest is None:
            raise UnreadableError("a string that does not end")
        at = rest.end() - len(quote)
    while not code.startswith(quote, at):
        one = code[at : at + 1]
        if not one or (one == "\n" and len(quote) == 1):
            raise UnreadableError("a string that does not end")
        if one == "\\" and fields and code[at + 1 : at + 2] in ("{", "}"):
            at += 1
        elif one == "\\":
            # `\N{...}` is no field.
            named = _ESCAPE.match(code, at) if "r" not in prefix else None
            at = named.end() if named is not None else at + 2
        elif fields and one in "{}" and code[at + 1 : at + 2] == one:
            at += 2
        elif fields and one == "{":
            chunks.append((begun, at))
            begun = at = _field(code, at + 1, into, quote, depth + 1)
        else:
            plain = _PLAIN.match(code, at)
            at = plain.end() if plain is not None else at + 1
    chunks.append((begun, at))
    end = at + len(quote)
    into.append(Literal(start, end, prefix, quote, tuple(chunks), within))
    return end


_IN_FIELD = re.compile(r"[()\[\]{}:!]|((?<!\w)[A-Za-z]{1,2})?('''|\"\"\"|'|\")")


def _field(code: str, at: int, into: list[Literal], quote: str, depth: int) -> int:
    """Where the field ends whose inside begins at ``at``."""
    if depth > 20:
        raise UnreadableError("fields in fields in fields")
    open_brackets = 0
    while found := _IN_FIELD.search(code, at):
        one = found[0]
        at = found.end()
        if found[2]:
            at = _literal(code, found, into, quote, depth + 1)
        elif one in "([{":
            open_brackets += 1
        elif one in ")]" or (one == "}" and open_brackets):
            open_brackets -= 1
        elif one == "}":
            return at
        elif one == ":" and not open_brackets:
            return _spec(code, at, into, quote, depth)
    raise UnreadableError("a field that does not end")


def _spec(code: str, at: int, into: list[Literal], quote: str, depth: int) -> int:
    """Where the field ends whose format begins at ``at``."""
    while at < len(code):
        if code[at] == "}":
            return at + 1
        at = _field(code, at + 1, into, quote, depth + 1) if code[at] == "{" else at + 1
    raise UnreadableError("a field that does not end")


def values(
    code: str,
    literals: list[Literal],
    wholes: list[tuple[int, int]],
    wanted: Callable[[Sequence[Literal]], bool] = lambda _literals: True,
) -> Iterator[Value]:
    """What the strings say that are ``wanted``: each character takes some memory.

    ``wholes`` are the places of those that are one, in order; in fields, each is its own.
    """
    at = 0
    for literal in literals:
        if literal.within and wanted([literal]):
            yield _value(code, [literal])
    outside = [literal for literal in literals if not literal.within]
    for start, end in wholes:
        while at < len(outside) and outside[at].start < start:
            at += 1
        first = at
        while at < len(outside) and outside[at].end <= end:
            at += 1
        if first < at and wanted(outside[first:at]):
            yield _value(code, outside[first:at])


def _value(code: str, group: list[Literal]) -> Value:
    text: list[str] = []
    places: list[tuple[int, int]] = []
    owners: list[int] = []
    for number, literal in enumerate(group):
        for index, (start, end) in enumerate(literal.chunks):
            if index:
                text.append(FIELD)
                places.append((literal.chunks[index - 1][1], start))
                owners.append(-1)
            for one, first, last in _characters(code, start, end, literal):
                text.append(one)
                places.append((first, last))
                owners.append(number)
    return Value(tuple(group), "".join(text), tuple(places), tuple(owners))


def _characters(code: str, start: int, end: int, literal: Literal) -> Iterator[tuple[str, int, int]]:
    at = start
    raw = "r" in literal.prefix
    while at < end:
        found = _ESCAPE.match(code, at, end) if code[at] == "\\" and not raw else None
        if found is not None and not (literal.has_fields and found[0][1] in "{}"):
            for one in _decoded(found[0]):
                yield one, at, found.end()
            at = found.end()
        elif literal.has_fields and code[at] in "{}":
            yield code[at], at, at + 2
            at += 2
        else:
            yield code[at], at, at + 1
            at += 1


def _decoded(escape: str) -> str:
    try:
        return str(ast.literal_eval(f'"{escape}"'))
    except (SyntaxError, ValueError):
        return escape
