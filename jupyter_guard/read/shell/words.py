"""A shell word as written -> the words that the shell would make of it, with marks where they are not known."""

from __future__ import annotations

import re
from typing import Protocol

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.shell.streams import MARKS, unescape

MAX_WORDS = 256


class Surroundings(Protocol):
    """What expansion needs to know of the shell that it happens in."""

    def variable(self, name: str) -> str | None:
        """A variable's value, marks included; ``None`` when nothing sets it."""

    def substitute(self, command: str) -> str:
        """The output of a command in ``$(..)``, backticks or ``<(..)``."""

    def set(self, name: str, value: str) -> None:
        """Assign, for ``${name:=value}``."""

    def spend(self, steps: int) -> None:
        """Count work."""


def expand(raw: str, shell: Surroundings) -> list[str]:
    """All words of ``raw``: braces, quotes, variables, substitutions, splitting. Globs stay as they are."""
    if _PLAIN.fullmatch(raw):
        return [raw]
    out: list[str] = []
    for one in braces(raw):
        out.extend(_Word(one, shell).fields())
        if len(out) > MAX_WORDS:
            break
    return out[:MAX_WORDS]


def expand_text(raw: str, shell: Surroundings) -> str:
    """``raw`` as one text without splitting, as the body of a here-document or an assignment's value."""
    return "".join(_Word(raw, shell).quoted(0, "")[0])


def assigned(raw: str, shell: Surroundings) -> str:
    """The value of an assignment: expanded, not split."""
    return " ".join(_Word(raw, shell, split=False).fields())


_PLAIN = re.compile(r"[\w./:=@%+,^-]*")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|([0-9@*#?$!-]))")


class _Word:
    """One pass over a word; ``done`` are finished fields, ``field`` the one being built (``None``: not begun)."""

    def __init__(self, raw: str, shell: Surroundings, *, split: bool = True) -> None:
        self.raw = raw
        self.shell = shell
        self.split = split
        self.done: list[str] = []
        self.field: list[str] | None = None

    def fields(self) -> list[str]:
        raw, at = self.raw, 0
        if raw.startswith("~"):
            found = re.match(r"~(?=/|$)", raw)
            if found:
                self._put(self.shell.variable("HOME") or "~")
                at = 1
        while at < len(raw):
            self.shell.spend(1)
            char = raw[at]
            if char == "\\":
                if raw[at + 1 : at + 2] != "\n":
                    self._put(raw[at + 1 : at + 2])
                at += 2
            elif char == "'":
                end = raw.find("'", at + 1)
                end = len(raw) if end < 0 else end
                self._put(raw[at + 1 : end])
                at = end + 1
            elif char == '"':
                text, at = self.quoted(at + 1, '"')
                self._put("".join(text))
            elif raw.startswith("$'", at):
                found = re.compile(r"\$'((?:\\.|[^'\\])*)'?", re.DOTALL).match(raw, at)
                assert found is not None
                self._put(unescape(found[1]))
                at = found.end()
            elif raw.startswith('$"', at):
                at += 1
            elif char == "$" or char == "`":
                value, at = self._dollar(at)
                self._spread(value)
            elif raw.startswith(("<(", ">("), at):
                end = closing(raw, at + 1)
                self._put(self.shell.substitute(raw[at + 2 : end]) or HOLE)
                at = end + 1
            else:
                found = re.compile(r"[^\\'\"$`<>]+|.", re.DOTALL).match(raw, at)
                assert found is not None
                self._put(found[0])
                at = found.end()
        if self.field is not None:
            self.done.append("".join(self.field))
        return self.done

    def quoted(self, at: int, end: str) -> tuple[list[str], int]:
        """Double-quoted text from ``at``: its parts, and the index after the closing quote (``""``: none)."""
        raw = self.raw
        out: list[str] = []
        while at < len(raw):
            self.shell.spend(1)
            char = raw[at]
            if end and char == end:
                return out, at + 1
            if char == "\\" and at + 1 < len(raw):
                following = raw[at + 1]
                out.append({"\n": ""}.get(following, following) if following in '"\\$`\n' else "\\" + following)
                at += 2
            elif char in "$`":
                value, at = self._dollar(at)
                out.append(value)
            else:
                found = re.compile(r"[^\\\"$`]+|.", re.DOTALL).match(raw, at)
                assert found is not None
                out.append(found[0])
                at = found.end()
        return out, at

    def _put(self, text: str) -> None:
        if self.field is None:
            self.field = []
        self.field.append(text)

    def _spread(self, value: str) -> None:
        """An unquoted expansion: white space in it, or what ``IFS`` says, separates words."""
        if not self.split:
            self._put(value)
            return
        between = self.shell.variable("IFS")
        pieces = re.split(f"[{re.escape(between)}]+", value) if between else [value]
        if value == "":
            return
        for number, piece in enumerate(pieces):
            if number and self.field is not None:
                self.done.append("".join(self.field))
                self.field = None
            if piece:
                self._put(piece)

    def _dollar(self, at: int) -> tuple[str, int]:
        """The value of the expansion that starts at ``at`` and the index after it."""
        raw, shell = self.raw, self.shell
        if raw[at] == "`":
            end = at + 1
            while end < len(raw) and raw[end] != "`":
                end += 2 if raw[end] == "\\" else 1
            return shell.substitute(re.sub(r"\\([`\\$])", r"\1", raw[at + 1 : end])), end + 1
        if raw.startswith("$((", at):
            end = closing(raw, at + 1)
            if raw[end - 1 : end] == ")":
                return _arithmetic(raw[at + 3 : end - 1], shell), end + 1
        if raw.startswith("$(", at):
            end = closing(raw, at + 1)
            return shell.substitute(raw[at + 2 : end]), end + 1
        if raw.startswith("${", at):
            end = closing(raw, at + 1)
            return self._parameter(raw[at + 2 : end]), end + 1
        found = _VARIABLE.match(raw, at)
        if not found:
            return "$", at + 1
        value = shell.variable(found[1] or found[2])
        return (HOLE if value is None else value), found.end()

    def _parameter(self, body: str) -> str:
        """``${body}``."""
        shell = self.shell
        if body.startswith("#") and len(body) > 1:
            return HOLE
        found = re.match(r"(!?)([A-Za-z_]\w*|[0-9@*#?$!-])(\[[^\]]*\])?", body)
        if not found:
            return HOLE
        name, rest = found[2] + (found[3] or "").replace("[@]", "").replace("[*]", ""), body[found.end() :]
        value = shell.variable(name)
        if found[1]:
            value = None if value is None or MARKS.search(value) else shell.variable(value)
        operator = re.match(r":?[-=+?]", rest)
        if operator:
            other = expand_text(rest[operator.end() :], shell) if rest[operator.end() :] else ""
            if operator[0][-1] == "+":
                return other if value else ""
            if not value:
                if operator[0][-1] == "=":
                    shell.set(name, other)
                # Nothing in the text sets it, so the default is what is known.
                return other if operator[0][-1] in "-=" else HOLE
            return value
        if value is None:
            return HOLE
        return _cut(value, rest, shell)


def _cut(value: str, rest: str, shell: Surroundings) -> str:
    """Substring, case, prefix, suffix and replacement operators of ``${name...}``."""
    if not rest:
        return value
    if MARKS.search(value):
        return value
    found = re.fullmatch(r":\s*(-?\d+)(?:\s*:\s*(-?\d+))?", rest)
    if found:
        start = int(found[1])
        start = max(len(value) + start, 0) if start < 0 else start
        if found[2] is None:
            return value[start:]
        return value[start : start + int(found[2])] if int(found[2]) >= 0 else value[start : int(found[2])]
    if rest in ("^^", "^", ",,", ",", "@U", "@L", "@E", "@Q", "@P"):
        return {
            "^^": value.upper(),
            "^": value[:1].upper() + value[1:],
            ",,": value.lower(),
            "@U": value.upper(),
            ",": value[:1].lower() + value[1:],
            "@L": value.lower(),
            "@E": unescape(value),
        }.get(rest, value)
    found = re.match(r"(##?|%%?)", rest)
    if found:
        pattern = expand_text(rest[found.end() :], shell)
        return _trim(value, pattern, found[0])
    if rest.startswith("/"):
        everywhere = rest.startswith("//")
        pattern, _, new = rest[1 + everywhere :].partition("/")
        pattern, new = expand_text(pattern, shell), expand_text(new, shell)
        return re.sub(_globbed(pattern), lambda _: new, value, count=0 if everywhere else 1) if pattern else value
    return HOLE


def _trim(value: str, pattern: str, operator: str) -> str:
    regex = re.compile(_globbed(pattern), re.DOTALL)
    ends = range(len(value) + 1)
    if operator[0] == "#":
        for end in ends if operator == "#" else reversed(ends):
            if regex.fullmatch(value, 0, end):
                return value[end:]
    else:
        for start in reversed(ends) if operator == "%" else ends:
            if regex.fullmatch(value, start):
                return value[:start]
    return value


def _globbed(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern[:200])


def _arithmetic(body: str, shell: Surroundings) -> str:
    text = re.sub(r"\$?\b([A-Za-z_]\w*)", lambda found: shell.variable(found[1]) or "0", body)
    if len(text) <= 40 and re.fullmatch(r"[\d\s+\-*/%()]+", text) and "**" not in text:
        try:
            return str(int(eval(text.replace("/", "//"), {"__builtins__": {}})))  # noqa: S307 - digits and operators only
        except (SyntaxError, ArithmeticError, ValueError, TypeError):
            pass
    return HOLE


def closing(raw: str, at: int) -> int:
    """The index of the bracket that closes the one at ``at``, quotes and nesting respected; the end when none does."""
    opened = raw[at]
    closer = {"(": ")", "{": "}"}[opened]
    depth = 0
    while at < len(raw):
        char = raw[at]
        if char == "\\":
            at += 2
            continue
        if char == "'":
            end = raw.find("'", at + 1)
            at = len(raw) if end < 0 else end + 1
            continue
        if char == '"':
            at += 1
            while at < len(raw) and raw[at] != '"':
                if raw.startswith("$(", at):
                    at = closing_flat(raw, at + 1)
                at += 2 if raw[at : at + 1] == "\\" else 1
        elif char == opened:
            depth += 1
        elif char == closer:
            depth -= 1
            if not depth:
                return at
        at += 1
    return len(raw)


def closing_flat(raw: str, at: int) -> int:
    """Like ``closing`` for round brackets, blind to quotes: used inside quotes, where recursion could be deep."""
    depth = 0
    for index in range(at, len(raw)):
        if raw[index] == "(":
            depth += 1
        elif raw[index] == ")":
            depth -= 1
            if not depth:
                return index
    return len(raw)


def braces(raw: str) -> list[str]:
    """Brace expansion: ``{a,b}c`` -> ``ac``, ``bc``; ``{1..3}``. At most ``MAX_WORDS`` results."""
    if "{" not in raw or "}" not in raw:
        return [raw]
    todo = [raw]
    out: list[str] = []
    rounds = 0
    while todo:
        one = todo.pop(0)
        rounds += 1
        parts = _first_brace(one) if rounds <= MAX_WORDS and len(out) + len(todo) < MAX_WORDS else None
        if parts is None:
            out.append(one)
        else:
            before, choices, after = parts
            todo[:0] = [before + choice + after for choice in choices[:MAX_WORDS]]
    return out


def _first_brace(raw: str) -> tuple[str, list[str], str] | None:
    at = 0
    while at < len(raw):
        char = raw[at]
        if char == "\\":
            at += 2
            continue
        if char in "'\"":
            end = raw.find(char, at + 1)
            at = len(raw) if end < 0 else end + 1
            continue
        if char == "$" and raw[at + 1 : at + 2] in ("{", "("):
            at = closing(raw, at + 1) + 1
            continue
        if char == "{":
            end = closing(raw, at)
            if end < len(raw):
                choices = _choices(raw[at + 1 : end])
                if choices:
                    return raw[:at], choices, raw[end + 1 :]
        at += 1
    return None


def _choices(body: str) -> list[str]:
    found = re.fullmatch(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?", body)
    if found:
        start, stop, step = int(found[1]), int(found[2]), abs(int(found[3] or 1)) or 1
        numbers = range(start, stop + 1, step) if start <= stop else range(start, stop - 1, -step)
        return [str(number) for number in numbers[:MAX_WORDS]]
    found = re.fullmatch(r"(\w)\.\.(\w)", body)
    if found:
        low, high = sorted((ord(found[1]), ord(found[2])))
        return [chr(code) for code in range(low, high + 1)][:MAX_WORDS]
    pieces, depth, last, at = [], 0, 0, 0
    while at < len(body):
        char = body[at]
        if char == "\\":
            at += 2
            continue
        if char in "'\"":
            end = body.find(char, at + 1)
            at = len(body) if end < 0 else end
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == "," and not depth:
            pieces.append(body[last:at])
            last = at + 1
        at += 1
    return [*pieces, body[last:]] if pieces else []
