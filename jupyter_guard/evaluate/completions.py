"""What a model answered, prose with fenced blocks or bare code -> the code in it, by language, and what is left out."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from jupyter_guard.read.python.source import Unreadable, parse
from jupyter_guard.read.segments import segments

PYTHON: Final = frozenset({"python", "python3", "py", "py3", "ipython", "ipython3", "jupyter"})
# Words after a fence -> the reader's language.
OTHERS: Final = {
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), "bash"),
    **dict.fromkeys(("sql", "sqlite", "postgresql", "postgres", "mysql", "tsql", "plpgsql"), "sql"),
}
OTHER_LANGUAGE: Final = "other language"
NO_CODE: Final = "no code"

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\r\n]*)$")
# The end of a block of a model's thinking, where the answer proper begins, may stand behind its last fence.
_THOUGHT = re.compile(r"^([ \t]*(?:`{3,}|~{3,}))[ \t]*</\w+>[ \t]*$", re.MULTILINE)
# One word parses as Python, and is an answer such as "yes" or a refusal.
_WORD = re.compile(r"\s*[^\W\d]\w*\s*\Z")
_STATEMENTS: Final = frozenset({"pass", "break", "continue", "return"})
# Lines that people who write prose hardly begin so: without a fence, such a text is code that does not parse.
_CODE = re.compile(
    r"^\s*(?:import \w|from [\w.]+ import |def \w+\s*\(|class \w+\s*[(:]|@\w|"
    r"(?:for|while|if|with|try|else)\b[^\n]*:\s*$|[\w.\[\]]+ ?[-+*/]?= ?\S)",
    re.MULTILINE,
)


class Block(msgspec.Struct, frozen=True):
    """One piece of code and the language of its reader: ``python``, ``bash`` or ``sql``."""

    code: str
    language: str = "python"


class Code(msgspec.Struct, frozen=True):
    """The code of an answer, in its order, and a kind with a sentence for each part that is none a reader takes."""

    blocks: tuple[Block, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def code_in(answer: str, prompt: str = "") -> Code:
    """The code in ``answer``; ``prompt`` is what it continues, where a benchmark's answers are the rest of a function.

    Every fenced block is a cell of its own. A block without a language counts as Python where no other says that it
    is: otherwise it is what those print. Without a fence the whole is one cell, if it parses, alone or after the
    prompt, or if its lines look like code.
    """
    answer = answer.replace("\r\n", "\n")
    fenced = _fenced(answer)
    if not fenced:
        return _bare(answer, prompt)
    tagged = any(info in PYTHON for info, _ in fenced)
    blocks, left_out = [], []
    for number, (info, code) in enumerate(fenced, 1):
        if not code.strip():
            continue
        if info in PYTHON or (not info and not tagged):
            blocks.append(Block(code))
        elif info in OTHERS:
            blocks.append(Block(code, OTHERS[info]))
        elif info:
            left_out.append((OTHER_LANGUAGE, f"block {number} is {info!r}, which has no reader"))
        else:
            left_out.append((OTHER_LANGUAGE, f"block {number} names no language, as what the others print does"))
    if not blocks:
        left_out.append((NO_CODE, "no block of Python, shell or SQL: counted as an answer without code"))
    return Code(tuple(blocks), tuple(left_out))


def is_python(text: str) -> bool:
    """Whether ``text`` parses as an IPython cell."""
    first = segments(text)[0]
    if first.language != "python":
        return False
    try:
        parse(first.text)
    except Unreadable:
        return False
    return True


def _bare(answer: str, prompt: str) -> Code:
    if not answer.strip():
        return Code(left_out=((NO_CODE, "an empty answer"),))
    # The rest of a function is often Python by itself as well: indented as a whole, it is taken for a cell.
    if prompt and answer[:1] in " \t\n" and is_python(prompt + answer):
        return Code((Block(prompt + answer),))
    is_word = _WORD.match(answer) is not None and answer.strip() not in _STATEMENTS
    if (is_python(answer) and not is_word) or _CODE.search(answer):
        return Code((Block(answer),))
    if prompt and is_python(prompt + answer):
        return Code((Block(prompt + answer),))
    return Code(left_out=((NO_CODE, "prose without a code block: counted as an answer without code"),))


def _fenced(answer: str) -> list[tuple[str, str]]:
    """The language, in lower case, and the text of each fenced block (CommonMark 4.5; any indentation, for lists).

    A block that nothing closes goes on to the end: answers are cut off at a length.
    """
    found: list[tuple[str, str]] = []
    opened: re.Match[str] | None = None
    lines: list[str] = []
    for line in _THOUGHT.sub(r"\1\n", answer).split("\n"):
        fence = _FENCE.match(line.rstrip("\r"))
        if opened is None:
            if fence is not None:
                opened, lines = fence, []
        elif fence is not None and not fence["info"].strip() and _closes(fence["fence"], opened["fence"]):
            found.append((_language(opened["info"]), "\n".join(lines)))
            opened = None
        else:
            indent = opened["indent"]
            lines.append(line.removeprefix(indent) if indent else line)
    if opened is not None:
        found.append((_language(opened["info"]), "\n".join(lines)))
    return found


def _closes(fence: str, opening: str) -> bool:
    return fence[0] == opening[0] and len(fence) >= len(opening)


def _language(info: str) -> str:
    """The first word after a fence: ``python``, ``{python}`` and ``{.python .numberLines}`` are the same."""
    words = info.strip().strip("{}").split()
    return words[0].lstrip(".").partition(",")[0].lower() if words else ""
