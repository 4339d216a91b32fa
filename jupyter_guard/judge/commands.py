"""Commands that a cell runs, and lists of how command lines begin -> which of them are on one, and which are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jupyter_guard.terms import Effect, Kind, Observation, Reading
from jupyter_guard.terms.sentence import shown

UNKNOWN: Final = "…"
# A command as it is written, and what else it is called: `pip` of `python -m pip` and `pip3`.
PROGRAMS: Final = ("program", "program-name")
# Where machines keep programs: what lies elsewhere under the name of one is another one.
_PROGRAMS: Final = re.compile(r"(?:/usr(?:/local)?|/opt/(?:conda|homebrew))?/s?bin/(?=[^/]+$)")
# What a shell does itself, and what starts nothing; what it writes is an effect. Not `eval`, `exec`, `source`.
_BUILTIN: Final = frozenset(
    ": [ [[ break cd continue declare dirs echo exit export false getopts hash jobs let local popd printf pushd pwd "
    "read readonly return set shift shopt test times true type typeset umask unset wait".split()
)


def begun(text: str, beginnings: frozenset[str]) -> str:
    """The one of ``beginnings`` that a command line begins with: in any case, wherever the program lies, and with
    flags between its words (``git --no-pager push`` begins with ``git push``); ``""`` for none.
    """
    words = text.upper().split()
    if not words:
        return ""
    words[0] = words[0].rpartition("/")[2]
    for one in sorted(beginnings):
        wanted = one.upper().split()
        if wanted and (words[: len(wanted)] == wanted or _begins(words, wanted)):
            return one
    return ""


def _begins(words: list[str], wanted: list[str]) -> bool:
    """Whether ``words`` are ``wanted`` first, but for flags, each with a word after it or without."""
    if words[0] != wanted[0]:
        return False
    # Places in `wanted` that may come next; a flag's own word may or may not be its value.
    places = {1}
    after_flag = False
    for word in words[1:]:
        if len(wanted) in places:
            return True
        moved = {place + 1 for place in places if wanted[place] == word}
        if word.startswith("-") or after_flag:
            moved |= places
        after_flag = word.startswith("-") and "=" not in word
        places = moved
    return len(wanted) in places


def is_listed(text: str, only: frozenset[str]) -> bool:
    """Whether a command line begins as one of ``only``, word for word, or is one that a shell carries out itself."""
    words = text.split()
    if not words:
        return False
    words[0] = _PROGRAMS.sub("", words[0])
    wanted = (one.split() for one in only)
    return words[0] in _BUILTIN or any(one and words[: len(one)] == one for one in wanted)


def unlisted(reading: Reading, only: frozenset[str]) -> Iterator[tuple[str, Observation | Effect]]:
    """What a cell runs that ``only`` does not have, in words, and what of it nobody knows before it runs."""
    known = set()
    for seen in reading.observations:
        if seen.what == "program-variable":
            yield f"changes `{shown(seen.detail)}`, by which a listed command may start something else", seen
        if seen.what == PROGRAMS[0]:
            known.add(seen.span)
            if seen.detail.startswith(UNKNOWN):
                yield "runs a command whose name is not known before it runs", seen
            elif not is_listed(seen.detail, only):
                yield f"runs `{shown(seen.detail)}`", seen
    for effect in reading.effects:
        is_text = effect.via == "sh" or effect.via.startswith("%%")
        if effect.kind is Kind.UNREAD and is_text:
            yield "runs commands that cannot be read", effect
        elif effect.kind is Kind.PROCESS_RUN and {"dynamic", "shell"} <= effect.tags and effect.via != "sh":
            yield "runs a command line that is put together of texts which are not known", effect
        elif effect.kind is Kind.PROCESS_RUN and effect.span not in known and not is_listed(effect.target, only):
            what = f"`{shown(effect.target)}`" if effect.target else "a command whose name is not known before it runs"
            yield f"runs {what}", effect
