"""One line of a cell -> what IPython makes of it: an automatic magic, a quoted call, the program of a script."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Sequence

from jupyter_guard.read.magic_names import AUTOMAGIC

HELP = re.compile(r"(?:%{0,2}(?!\d)[\w*]+(?:\.(?!\d)[\w*]+|\[-?\d+\])*)\?\??$")
_FIRST_WORD = re.compile(r"[ \t]*([A-Za-z_][\w.]*)(.*)\Z", re.DOTALL)
_KEYWORDS = frozenset(
    "False None True and as assert async await break class continue def del elif else except finally for from global "
    "if import in is lambda nonlocal not or pass raise return try while with yield match case type".split()
)


def automagic(line: str, defined: Collection[str]) -> str:
    """The magic or alias that a one-line cell calls without ``%``, or ``""``."""
    found = _FIRST_WORD.match(line)
    if not found or found[1] not in AUTOMAGIC or found[1] in defined or found[1] in _KEYWORDS:
        return ""
    if line.rstrip().endswith("?") and HELP.fullmatch(line.strip()):
        return ""
    rest = found[2].lstrip()
    if rest[:1] in ("=", ",") or (rest[:1] == "(" and not found[2][:1].isspace()):
        return ""
    return found[1]


_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")


def without_strings(line: str) -> str:
    """The line with ``_`` in the place of every character of its string literals."""
    return _STRING.sub(lambda found: "_" * len(found[0]), line)


def parses(code: str) -> bool:
    """Whether the text is Python; a longer one than 100,000 characters is not tried."""
    if len(code) > 100_000:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<magic>", "exec", 0x400, dont_inherit=True)  # ast.PyCF_ONLY_AST
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError):
        return False
    return True


def quoted_call(text: str) -> str:
    """``/f a b``, ``,f a b`` and ``;f a b`` as the calls that IPython makes of them."""
    escape, (name, _, args) = text[0], text[1:].rstrip().partition(" ")
    if not re.fullmatch(r"[\w.]+", name):
        return text
    if escape == "/":
        return f"{name}({', '.join(args.split())})"
    words: Sequence[str] = args.split() if escape == "," else [args]
    return f"{name}({', '.join(repr(word) for word in words)})"


def script_language(args: str) -> str:
    """What ``%%script [options] program`` reads its body as."""
    words = [word for word in args.split() if not word.startswith("-")]
    names = [re.sub(r"[\d.]+$", "", word.rpartition("/")[2]) for word in words]
    for name in names:
        if name in ("env", "sudo", "nice", "nohup", "timeout", "stdbuf", "time", "false", "true", "exec"):
            continue
        if name in ("bash", "sh", "zsh", "dash", "ksh", "ash"):
            return "shell"
        if name in ("python", "pypy", "ipython"):
            return "other"
        return "other"
    return "other"
