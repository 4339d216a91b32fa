"""Shell text and the places of its secrets -> the same text with variables in their place."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from jupyter_guard.cli.variables import Variables, password_in
from jupyter_guard.scrub import marker
from jupyter_guard.scrub.spans import Found

# A document, a command in a command, a quoted text of another kind: what is quoted how after these is not followed.
_TOO_MUCH = re.compile(r"<<|`|\$\(|\$'|\$\"")
_NAME_BEFORE = re.compile(
    r"(?:--([A-Za-z][\w-]*)[= \t]|([A-Za-z_][\w-]*)[ \t]*[=:])[ \t]*[\"']?(?:Bearer|Basic|token)?[ \t]*\Z",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[\s'\"`;&|<>()@$]")


class Edit(msgspec.Struct, frozen=True):
    """``code[start:end]`` becomes ``written``. ``reads_os``: it says ``os``."""

    start: int
    end: int
    written: str
    kinds: tuple[str, ...] = ()
    reads_os: bool = False


def shell_edits(
    code: str, start: int, end: int, secrets: Sequence[Found], variables: Variables, expanded: bool = False
) -> list[Edit]:
    """Edits by which ``code[start:end]``, read by a POSIX shell, takes its secrets from the environment.

    ``expanded``: IPython looks for ``{`` and ``$`` in it first. Secrets that cannot be taken out without reading more
    of the shell's language than quotes are left.
    """
    limit = _TOO_MUCH.search(code, start, end)
    if expanded and ("{" in code[start:end] or "$" in code[start:end]):
        return []
    quotes = _quotes(code, start, limit.start() if limit is not None else end)
    edits: list[Edit] = []
    for secret in secrets:
        first, last = password_in(code, max(secret.start, start), min(secret.end, end))
        if first >= last or last - start > len(quotes) or (edits and first < edits[-1].end):
            continue
        state = quotes[first - start]
        if code[last : last + 1] != "@":
            last = _word_end(code, last, start + len(quotes), secret.rank)
        if state == "#":
            edits.append(Edit(first, last, marker(secret.kind), (secret.kind,)))
            continue
        if set(quotes[first - start : last - start]) != {state} or "\n" in code[first:last]:
            continue
        text = code[first:last]
        name = variables.of(text if state == "'" else re.sub(r"\\(.)", r"\1", text), _wanted(code, start, first))
        before, after = code[first - 1 : first], code[last : last + 1]
        if state and before == after == state:
            edits.append(Edit(first - 1, last + 1, f'"${name}"', (secret.kind,)))
            continue
        written = {"": f'"${name}"', "'": f"'\"${name}\"'"}.get(state) or f"${name}"
        if state == '"' and re.match(r"\w", after):
            written += '""'
        edits.append(Edit(first, last, written, (secret.kind,)))
    return edits


def _quotes(code: str, start: int, end: int) -> list[str]:
    """For each character, the quote that it stands in, ``#`` in a comment, ``""`` in neither."""
    out: list[str] = []
    state = ""
    at = start
    while at < end:
        one = code[at]
        if state == "#":
            state = "" if one == "\n" else state
            out.append(state)
        elif one == "\\" and state != "'":
            out += [state, state]
            at += 1
        elif one == state:
            state = ""
            out.append(state)
        elif not state and one in "\"'":
            out.append(state)
            state = one
        elif not state and one == "#" and (at == start or code[at - 1] in " \t\n;"):
            state = "#"
            out.append(state)
        else:
            out.append(state)
        at += 1
    return out[: end - start]


def _word_end(code: str, last: int, end: int, rank: int) -> int:
    """Where the secret ends: found by what stands before it, it goes to the word's end."""
    if rank < 2:
        return last
    found = _ENDS.search(code, last, end)
    return found.start() if found is not None else end


def _wanted(code: str, start: int, at: int) -> str:
    line = code[max(start, code.rfind("\n", 0, at) + 1) : at]
    found = _NAME_BEFORE.search(line)
    return (found[1] or found[2]) if found is not None else ""
