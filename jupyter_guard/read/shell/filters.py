"""Commands that pass text or bytes on -> their output as far as it is known, and what they write."""

from __future__ import annotations

import re
from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.shell.run import base_name, described
from jupyter_guard.read.shell.state import Shell
from jupyter_guard.read.shell.streams import (
    MARKS,
    UNKNOWN,
    Stream,
    plain,
    printed,
    sources,
    translated,
    unescape,
)
from jupyter_guard.read.shell.touched import file_effect
from jupyter_guard.terms import Kind

Special = Callable[[Shell, list[str], Stream, bool], Stream]


def _echo(_shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    rest = words[1:]
    escapes = False
    while rest and re.fullmatch(r"-[neE]+", rest[0]):
        escapes = escapes or "e" in rest[0]
        rest = rest[1:]
    text = " ".join(rest)
    return Stream(unescape(text) if escapes else text)


def _printf(_shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    rest = words[1:]
    return Stream(printed(rest[2:] if rest[:1] == ["-v"] else rest))


def _tee(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    append = any(word in ("-a", "--append") for word in words)
    for path in words[1:]:
        if not path.startswith("-"):
            tags = {"append" if append else "replace"} | sources(stdin.text)
            shell.emit(file_effect(shell, Kind.FILE_WRITE, path, "tee", tags))
            shell.context.wrote(plain(path), stdin.text, stdin.tags, append)
    return stdin


def _tr(_shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    if not stdin.known:
        return stdin
    text = translated(stdin.text, words[1:])
    return Stream(text, stdin.tags | {"obfuscated"}) if text is not None else UNKNOWN


def _cat(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    """Programs that print what they are fed: known text stays known."""
    if any(not word.startswith("-") for word in words[1:]):
        return described(shell, words[0], words[0], words[1:], stdin, seen)
    return stdin


def _base64(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    decodes = any(re.fullmatch(r"-[a-zA-Z]*[dDr][a-zA-Z]*|--decode", word) for word in words[1:])
    out = described(shell, words[0], words[0], words[1:], stdin, seen)
    if decodes:
        return out
    return Stream("".join(dict.fromkeys(MARKS.findall(stdin.text + out.text))) + HOLE, stdin.tags)


def _dd(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    given = dict(word.partition("=")[::2] for word in words[1:])
    if "if" in given:
        shell.emit(file_effect(shell, Kind.FILE_READ, given["if"], "dd"))
    if "of" in given:
        endless = given.get("if", "").startswith(("/dev/zero", "/dev/urandom", "/dev/random")) and "count" not in given
        endless = endless and not given["of"].startswith("/dev/")
        tags = {"replace", "unbounded"} if endless else {"replace"}
        if _size(given.get("bs", "512")) * _size(given.get("count", "0")) > MOST_BYTES:
            tags.add("giant")
        shell.emit(file_effect(shell, Kind.FILE_WRITE, given["of"], "dd", tags))
    return stdin


def _awk(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    """``awk 'BEGIN { system("rm -r x") }'``: the texts of a program that hands some to a shell."""
    program = next((word for word in words[1:] if not word.startswith("-") and "{" in word), "")
    if _TO_SHELL.search(program):
        for found in _AWK_TEXT.finditer(program):
            # A command has words; a format or a message that has some is no program's name.
            parts = found[1].split()
            if len(parts) > 1 and shell.commands.find(base_name(parts[0]), parts[1:]) is not None:
                shell.other("shell", Stream(found[1].replace('\\"', '"')), "awk")
    return described(shell, words[0], words[0], words[1:], stdin, seen)


_TO_SHELL = re.compile(r"\bsystem\s*\(|\|\s*(?:getline\b|&?\s*\")|\bprint\b[^;}]*\|")


_AWK_TEXT = re.compile(r'"((?:[^"\\]|\\.){1,500})"')


MOST_BYTES = 2**40
"""More than the disk of most machines has left."""


_UNITS = {"": 1, "c": 1, "w": 2, "b": 512, "k": 2**10, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,18})([cwbkKMGT]?)(?:i?B)?", text)
    return int(found[1]) * _UNITS[found[2]] if found else 0


FILTERS: dict[str, Special] = {
    "cat": _cat,
    "base64": _base64,
    "base32": _base64,
    "xxd": _base64,
    "dd": _dd,
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
    "echo": _echo,
    "printf": _printf,
    "tee": _tee,
    "tr": _tr,
}
