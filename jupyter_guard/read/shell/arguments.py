"""A command's words -> its flags and operands, and the words that a picker names."""

from __future__ import annotations

import functools
import re

import msgspec

from jupyter_guard.read.shell.commands import Command


class Arguments(msgspec.Struct, frozen=True):
    """A command line taken apart: ``flags`` are (name, value or ``None``) in order."""

    words: list[str]
    flags: list[tuple[str, str | None]]
    operands: list[str]

    def has(self, names: str) -> bool:
        """Whether one of the flags ``-a|--all|-X=re:^DEL`` is given."""
        if not self.flags:
            return False
        return any(self._matches(name, value, one) for one in alternatives(names) for name, value in self.flags)

    @staticmethod
    def _matches(name: str, value: str | None, wanted: str) -> bool:
        wanted_name, equals, wanted_value = wanted.partition("=")
        if name != wanted_name:
            return False
        if not equals:
            return True
        if wanted_value.startswith("re:"):
            return re.search(wanted_value[3:], value or "") is not None
        return value == wanted_value

    def values(self, names: str) -> list[str]:
        """The values given to the flags ``-o|--output``."""
        wanted = alternatives(names)
        return [value for name, value in self.flags if value is not None and name in wanted]


@functools.lru_cache(maxsize=4096)
def alternatives(names: str) -> tuple[str, ...]:
    """``-a|--all`` -> its parts; a ``re:`` value may itself hold ``|`` inside brackets."""
    return tuple(one for one in re.split(r"\|(?=-|\+|$)", names) if one)


@functools.lru_cache(maxsize=1024)
def _known(values: str, flags: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    taking = set(alternatives(values))
    names = set(taking)
    for group in flags:
        for one in alternatives(group):
            name, equals, _ = one.partition("=")
            names.add(name)
            if equals:
                taking.add(name)
    return frozenset(taking), frozenset(names)


_PICKED = re.compile(r"(?:flag|at):(\S+)")
_FLAGS: dict[tuple[int, int], tuple[Command | None, Command | None, frozenset[str], frozenset[str]]] = {}
"""By the identities of the commands, which are held so that no others get them."""
_REMEMBERED = 1024


def _flags(entry: Command | None, parent: Command | None) -> tuple[frozenset[str], frozenset[str]]:
    """The flags that take a value, and all that are known, of a command and the one that it is a part of."""
    key = (id(entry), id(parent))
    known = _FLAGS.get(key)
    if known is not None:
        return known[2], known[3]
    values, groups = "", []
    for one in (entry, parent):
        if one is not None:
            values += "|" + one.values
            groups += [*one.flags, *(name for name in one.also if not name.startswith("re:")), one.needs, one.unless]
            changed = (change.target for change in (*one.also.values(), *one.flags.values()))
            for picker in (one.target, one.wraps, one.script, one.database, one.host, *one.texts, *changed):
                for found in _PICKED.findall(picker):
                    values += "|" + found
    taking, names = _known(values, tuple(groups))
    if len(_FLAGS) >= _REMEMBERED:
        _FLAGS.clear()
    _FLAGS[key] = (entry, parent, taking, names)
    return taking, names


def parse_arguments(words: list[str], entry: Command | None, parent: Command | None = None) -> Arguments:
    """Take ``words`` (without the command's name) apart as ``entry`` says; ``parent`` adds its global flags."""
    taking, names = _flags(entry, parent)
    flags: list[tuple[str, str | None]] = []
    operands: list[str] = []
    at = 0
    stop = bool(entry and entry.wraps.startswith("operand"))
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            operands += words[at:]
            break
        if len(word) < 2 or word[0] not in "-+" or (word[0] == "+" and word not in names):
            operands.append(word)
            if stop and len(operands) > (entry.skip if entry else 0):
                operands += words[at:]
                break
            continue
        name, equals, value = word.partition("=")
        if name in names or word.startswith("--"):
            if equals:
                flags.append((name, value))
            elif name in taking and at < len(words):
                flags.append((name, words[at]))
                at += 1
            else:
                flags.append((name, None))
            continue
        at = _cluster(word, words, at, taking, flags)
    return Arguments(words, flags, operands)


def _cluster(word: str, words: list[str], at: int, taking: frozenset[str], flags: list[tuple[str, str | None]]) -> int:
    """Letters behind one dash, the last of which may take the rest or the next word as its value."""
    for index in range(1, len(word)):
        letter = "-" + word[index]
        if letter in taking:
            rest = word[index + 1 :]
            if not rest and at < len(words):
                rest, at = words[at], at + 1
            flags.append((letter, rest))
            return at
        flags.append((letter, None))
    # As a whole, too: tools with long flags behind one dash (`-auto-approve`).
    flags.append((word.partition("=")[0], word.partition("=")[2] or None))
    return at


def pick(picker: str, arguments: Arguments) -> list[str]:
    """The words that ``picker`` names; `` or `` gives the next choice when there are none."""
    for one in picker.split(" or "):
        found = _pick(one, arguments)
        if found:
            return found
    return []


def _pick(picker: str, arguments: Arguments) -> list[str]:
    operands = arguments.operands
    what, _, detail = picker.partition(":")
    if what == "operands":
        return operands[int(detail) :] if detail else operands
    if what == "operand":
        return operands[int(detail) : int(detail) + 1]
    if what == "last":
        return operands[-1:]
    if what == "but-last":
        return operands[:-1]
    if what == "flag":
        return arguments.values(detail)
    if what == "at":
        return [found[1] for value in arguments.values(detail) if (found := re.search(r"(?:^|=)[@<]([^;]+)", value))]
    if what == "after":
        return arguments.words[arguments.words.index(detail) + 1 :] if detail in arguments.words else []
    if what == "joined":
        return [f"{operands[0]}{detail}{one}" for one in operands[1:]] or operands
    if what == "const":
        return [detail]
    if what == "rest":
        return [" ".join(arguments.words)]
    return []
