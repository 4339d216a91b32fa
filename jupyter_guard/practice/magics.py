"""A magic's line -> the names of the session that it binds, and whether nobody can tell from its text which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jupyter_guard.read.magic_names import BODY_LANGUAGE
from jupyter_guard.read.segments import Segment

# Line magics after which nobody can tell from the text which names there are.
_FILLS: Final = frozenset({"%run", "%pylab", "%store", "%load", "%rerun", "%recall", "%loadpy", "%sql"})
# Cell magics that give a program their body (IPython's `script_magic`, which all of these are made by).
_SCRIPTS: Final = frozenset("script bash sh zsh dash cmd perl ruby pypy python python2 python3".split())
# Cell magics that bind what their line or their body says and nothing else. Of any other nobody knows.
_TOLD: Final = (
    _SCRIPTS
    | {name for name, language in BODY_LANGUAGE.items() if language in ("python", "shell")}
    | frozenset("bigquery R html HTML javascript js svg SVG latex markdown writefile file node".split())
)
_GETS: Final = re.compile(r"([A-Za-z_]\w*)\s*=?\s*<<")
_SCRIPT_OUTPUT: Final = re.compile(r"(?<!\S)--(?:out|err|proc)(?:=|\s+)(\w+)")
# rpy2's: `-o a,b`, as often as it is wanted.
_FROM_R: Final = re.compile(r"(?<!\S)(?:--output(?:=|\s+)|-o\s*)([\w,]+)")


def bound(segment: Segment) -> tuple[frozenset[str], bool]:
    """Names that a part of a cell binds beside its Python, and whether there may be any others."""
    name = segment.name.lstrip("%")
    if not segment.name.startswith("%"):
        return frozenset(), False
    is_cell = segment.name.startswith("%%")
    fills = name not in _TOLD if is_cell else segment.name in _FILLS
    return frozenset(one for one in _words(name, segment.args, is_cell) if one.isidentifier()), fills


def _words(name: str, args: str, is_cell: bool) -> Iterator[str]:
    if name in ("bigquery", "Rpull") or (name == "capture" and is_cell):
        # One too many, the value of an option, keeps a finding back; one too few would be a wrong finding.
        yield from args.split()
    elif name == "R":
        for one in _FROM_R.findall(args):
            yield from one.split(",")
    elif BODY_LANGUAGE.get(name) == "sql":
        yield from _GETS.findall(args)
    elif is_cell and name in _SCRIPTS:
        yield from _SCRIPT_OUTPUT.findall(args)
