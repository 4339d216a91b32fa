"""An IPython cell -> its parts by language: Python with line numbers kept, shell, SQL, magics, help, others."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from jupyter_guard.read.lines import HELP, automagic, parses, quoted_call, script_language
from jupyter_guard.read.magic_names import (
    BODY_LANGUAGE,
    PYTHON_LINE_MAGICS,
    SHELL_ALIASES,
    SHELL_LINE_MAGICS,
    SQL_LINE_MAGICS,
    split_options,
)
from jupyter_guard.read.quoting import Quoting, code_end
from jupyter_guard.terms import Span

PLACEHOLDER = "__segment__"
"""In the Python segment, ``__segment__(k)`` stands where ``segments[k]`` runs: as a statement, or as the value in
``x = !cmd``. A reader that meets it reads that segment with the values known at that point."""


# The end of what a program of a `%%script` is fed.
_FED = "END-OF-CELL"


class Segment(msgspec.Struct, frozen=True):
    """One part of a cell.

    ``language`` is ``python``, ``shell``, ``sql``, ``magic`` (a line or cell magic without a text in another
    language), ``help`` or ``other`` (``name`` says which). ``text`` starts at ``line``/``column`` of the cell and is
    the code of that language: for Python the whole module, with a placeholder where another segment runs. ``end`` is
    the exclusive end in the cell. ``name`` is the escape or magic (``!``, ``%run``, ``%%bash``) and ``args`` the rest
    of a magic's line; ``assigns`` is what stands left of ``=`` in ``x = !cmd``. ``expands`` says that IPython replaces
    ``{expr}`` and ``$name`` in the text. ``joined`` says that lines were joined, so that only the whole has a place.
    ``cut`` is how many columns of each line were taken off as the whole cell's indentation.
    """

    language: str
    text: str
    line: int = 1
    column: int = 0
    end_line: int = 1
    end_column: int = 0
    name: str = ""
    args: str = ""
    assigns: str = ""
    expands: bool = False
    joined: bool = False
    cut: tuple[int, ...] = ()

    @property
    def span(self) -> Span:
        """The whole segment's place in the cell."""
        return Span(self.line, self.column, self.end_line, self.end_column)

    def place(self, inner: Span) -> Span:
        """A span of ``text`` as a span of the cell."""
        if self.joined:
            return self.span
        shift = self.line - 1
        return Span(
            inner.line + shift,
            inner.column + (self.column if inner.line == 1 else 0),
            inner.end_line + shift,
            inner.end_column + (self.column if inner.end_line == 1 else 0),
        )


# A cell without any of these is Python, unless it is a single line. Each begins with one known character, which is
# found far faster than what an alternative or `^` begins with.
_HINTS = (
    re.compile(r"\n[ \t\x0c]*(?:[!%?,;/]|>>>|In \[|\.{3,}:)"),
    re.compile(r"=[ \t]*(?:![^=]|%[ \t]*\w)"),
    re.compile(r"\?[ \t]*(?:\n|\Z)"),
)
_NUMBER = re.compile(PLACEHOLDER + r"\((\d+)\)")
MOST_NESTED = 20
"""How deep ``%time %time ...`` is followed."""
_INDENT = re.compile(r"(?:[ \t]*\n)*(?P<indent>[ \t]+)(?=\S)")
_ASSIGN = re.compile(r"=(?!=)[ \t]*(?P<escape>!(?!=)|%(?=[ \t]*[A-Za-z_]))")
_CLASSIC = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)")
_PROMPT = re.compile(r"^(?:(?:(?:\[nav\]|\[ins\])? )?In \[\d+\]: |\s*\.{3,}: ?)")


def segments(code: str, defined: Collection[str] = (), *, lenient: bool = False) -> list[Segment]:
    """The parts of ``code`` in the order in which they start; the Python part, if there is any, comes first.

    ``defined`` are the names known in the session: a one-line ``ls -la`` is Python where ``ls`` is a variable.
    ``lenient`` also takes lines such as ``rm -r x`` among others as shell: for cells that do not parse as Python.
    Never raises.
    """
    # IPython takes the first line's indentation off every line that has it.
    indent = _INDENT.match(code.lstrip("\n\r") if code[:1] in "\r\n" else code)
    if indent is not None and (found := _dedented(code, indent[0], defined, lenient)) is not None:
        return found
    return _segments(code, defined, lenient)


def _dedented(code: str, indent: str, defined: Collection[str], lenient: bool) -> list[Segment] | None:
    """The parts of a cell that is indented as a whole, at their places in the cell."""
    lines = code.split("\n")
    cut = tuple(len(indent) if line.startswith(indent) else 0 for line in lines)
    bare = "\n".join(line[columns:] for line, columns in zip(lines, cut, strict=True))
    if _INDENT.match(bare.lstrip("\r\n")):
        return None
    found = []
    for segment in _segments(bare, defined, lenient):
        last = min(segment.end_line, len(cut)) - 1
        if segment.language == "python":
            found.append(msgspec.structs.replace(segment, cut=cut, end_column=segment.end_column + cut[last]))
        else:
            column = segment.column + cut[segment.line - 1]
            found.append(msgspec.structs.replace(segment, column=column, end_column=segment.end_column + cut[last]))
    return found


def _segments(code: str, defined: Collection[str], lenient: bool, depth: int = 0) -> list[Segment]:
    if not _has_hints(code) and not lenient and ("\n" in code.strip("\n") or not automagic(code, defined)):
        return [_python(code)]
    return _Splitter(code, defined, lenient, depth).split()


def _has_hints(code: str) -> bool:
    starts, assigns, asks = _HINTS
    return (
        starts.search("\n" + code) is not None
        or (("!" in code or "%" in code) and assigns.search(code) is not None)
        or ("?" in code and asks.search(code) is not None)
    )


def _python(code: str) -> Segment:
    last = code.rfind("\n")
    return Segment("python", code, 1, 0, code.count("\n") + 1, len(code) - last - 1)


class _Splitter:
    """Walks over the lines once; ``out`` keeps the Python text line by line, ``found`` the other segments."""

    def __init__(self, code: str, defined: Collection[str], lenient: bool, depth: int = 0) -> None:
        self.lines = code.split("\n")
        self.defined = defined
        self.lenient = lenient
        self.depth = depth
        self.found: list[Segment] = []
        self.out: list[str] = []
        self.quoting = Quoting()

    def split(self) -> list[Segment]:
        self._strip_prompts()
        at = self._cell_magics(0)
        body = self.lines[at:]
        if at < len(self.lines) and not at and self._one_line():
            name = automagic(next(line for line in body if line.strip()), self.defined)
            if name:
                row = next(i for i, line in enumerate(body) if line.strip())
                self.out.extend("" for _ in range(row))
                self._escaped(row, len(body[row]) - len(body[row].lstrip()), "%", automagic=True)
                at = row + 1
        while at < len(self.lines):
            at = self._line(at)
        text = "\n".join(self.out)
        if not text.strip() and not self.found:
            return [_python("\n".join(self.lines))]
        return [_python(text), *self.found]

    def _one_line(self) -> bool:
        return sum(1 for line in self.lines if line.strip()) == 1

    def _strip_prompts(self) -> None:
        # Prompts that were copied along are blanked, which keeps columns.
        first = next((line for line in self.lines if line.strip()), "")
        for pattern in (_CLASSIC, _PROMPT):
            if pattern.match(first):
                self.lines = [pattern.sub("", line) for line in self.lines]

    def _cell_magics(self, at: int) -> int:
        """Handle the ``%%`` lines at the top; the number of lines that are dealt with."""
        while True:
            row = at
            while row < len(self.lines) and (not self.lines[row].strip() or self.lines[row].lstrip().startswith("#")):
                row += 1
            if row >= len(self.lines):
                return at
            line = self.lines[row]
            stripped = line.lstrip()
            if not stripped.startswith("%%") or re.match(r"%%\w+\?", stripped):
                return at
            name, _, args = stripped[2:].rstrip().partition(" ")
            name = name.strip()
            language = BODY_LANGUAGE.get(name, "magic")
            if language == "script":
                language = script_language(args)
            if language == "python":
                self.out.extend("" for _ in range(at, row))
                self._add(Segment("magic", "", row + 1, 0, row + 1, len(line), f"%%{name}", args.strip()), "")
                setup = split_options(name, args) if name in PYTHON_LINE_MAGICS else ""
                if setup.strip() and parses(setup):
                    self.out[-1] += f"; {setup.strip()}"
                at = row + 1
                continue
            self.out.extend("" for _ in range(at, row))
            body = "\n".join(self.lines[row + 1 :])
            end = (len(self.lines), len(self.lines[-1]))
            fed = name == "script" and re.search(r"\s-\w*c\s", args) is not None
            if fed or (name in ("!", "sx", "system") and args.strip()):
                # What a command of its own is fed, or what follows the first line.
                body = f"{args.strip()} <<'{_FED}'\n{body}\n{_FED}" if fed else args.strip() + "\n" + body
                self._add(
                    Segment("shell", body, row + 1, line.find(args.strip()), *end, f"%%{name}", args, joined=True), ""
                )
            elif language == "sql" and row + 1 < len(self.lines):
                self._add(Segment("sql", body, row + 2, 0, *end, f"%%{name}", args.strip(), expands=True), "")
            elif row + 1 >= len(self.lines):
                self._add(Segment("magic", "", row + 1, 0, *end, f"%%{name}", args.strip()), "")
            else:
                self._add(Segment(language, body, row + 2, 0, *end, f"%%{name}", args.strip()), "")
            self.out.extend("" for _ in range(row + 1, len(self.lines)))
            return len(self.lines)

    def _line(self, at: int) -> int:
        """Handle the line at index ``at`` (and those it is continued on); the index after them."""
        line = self.lines[at]
        if self.quoting.open:
            self.quoting.scan(line)
            self.out.append(line)
            return at + 1
        indent = len(line) - len(line.lstrip(" \t\x0c"))
        first = line[indent : indent + 1]
        if first and first in "!%?":
            return self._escaped(at, indent, first)
        if first and first in ",;/" and len(line) > indent + 1:
            self.out.append(line[:indent] + quoted_call(line[indent:]))
            return at + 1
        stripped = line.rstrip()
        if stripped.endswith("?") and code_end(line) == len(stripped) and HELP.search(stripped[indent:]):
            self._add(Segment("help", stripped[indent:], at + 1, indent, at + 1, len(stripped), "?"), line[:indent])
            return at + 1
        if "=" in line and (self._assigned(at, line, indent)):
            return at + self._taken
        if self.lenient and first and not parses(line.strip()) and automagic(line, self.defined):
            return self._escaped(at, indent, "%", automagic=True)
        return self._plain(at)

    def _plain(self, at: int) -> int:
        """A logical line of Python that backslashes may continue."""
        while True:
            continued = self.quoting.scan(self.lines[at])
            self.out.append(self.lines[at])
            at += 1
            if not continued or self.quoting.open or at >= len(self.lines):
                return at

    def _assigned(self, at: int, line: str, indent: int) -> bool:
        before, seen = Quoting(), 0
        for found in _ASSIGN.finditer(line):
            if found.start() and line[found.start() - 1] in "=!<>+-*/%&|^@:~":
                continue
            # Each part of the line is looked at once, however many of these there are.
            if not before.scan(line[seen : found.start()] + "\\"):
                return False
            seen = found.start()
            if before.open:
                continue
            start = found.start("escape")
            left = line[indent : found.start()].strip()
            self._taken = self._escaped(at, start, line[start], assigns=left) - at
            return True
        return False

    def _escaped(self, at: int, start: int, escape: str, *, assigns: str = "", automagic: bool = False) -> int:
        """Take the escaped command that begins at column ``start`` of line ``at``."""
        last = at
        while self.lines[last].endswith("\\") and last + 1 < len(self.lines):
            last += 1
        text = self.lines[at][start:]
        if last > at:
            pieces = [text, *self.lines[at + 1 : last + 1]]
            text = " ".join([*(piece.rstrip()[:-1] for piece in pieces[:-1]), pieces[-1].rstrip()])
        # A stray carriage return is white space to IPython, which strips the line.
        text = text.rstrip()
        lead = self.lines[at][:start]
        place = (at + 1, start, last + 1, len(self.lines[last].rstrip()))
        joined = last > at
        if automagic:
            text = "%" + text
        if escape == "!":
            width = 2 if text.startswith("!!") and not assigns else 1
            self._add(
                Segment(
                    "shell",
                    text[width:],
                    at + 1,
                    start + width,
                    *place[2:],
                    name=text[:width],
                    assigns=assigns,
                    expands=True,
                    joined=joined,
                ),
                lead,
            )
        elif escape == "?" or (text.endswith("?") and HELP.search(text) and not automagic):
            self._add(Segment("help", text, *place, "?"), lead)
        else:
            self._magic(text, place, lead, assigns, joined, automagic)
        self.out.extend("" for _ in range(at, last))
        return last + 1

    def _magic(
        self, text: str, place: tuple[int, int, int, int], lead: str, assigns: str, joined: bool, automagic: bool
    ) -> None:
        found = re.match(r"%+[ \t]*(\S*)[ \t]*", text)
        name, args = (found[1], text[found.end() :]) if found else ("", "")
        column = place[1] + (found.end() if found else 0) - automagic
        inner = (place[0], column, *place[2:])
        label = f"%{name}"
        if name in SHELL_ALIASES:
            whole = f"{name} {args}".rstrip()
            here = (place[0], place[1] + (0 if automagic else 1), *place[2:])
            self._add(Segment("shell", whole, *here, label, args, assigns, expands=True, joined=joined), lead)
        elif name in SHELL_LINE_MAGICS:
            self._add(Segment("shell", args, *inner, label, args, assigns, expands=True, joined=joined), lead)
        elif name in SQL_LINE_MAGICS:
            self._add(Segment("sql", args, *inner, label, args, assigns, expands=True, joined=joined), lead)
        elif name in PYTHON_LINE_MAGICS and (code := split_options(name, args).strip()):
            self._timed(code, text, place, lead, bool(assigns))
        else:
            self._add(Segment("magic", "", *place, label, args, assigns, expands=True, joined=joined), lead)

    def _timed(self, code: str, text: str, place: tuple[int, int, int, int], lead: str, value: bool) -> None:
        """``%time stmt`` and its like: IPython reads the statement as a cell of its own, so it may be a command too."""
        if self.depth > MOST_NESTED:
            # Left as it is this does not parse, and so is unread.
            self.out.append(lead + text)
            return
        python, *inner = _segments(code, self.defined, False, self.depth + 1)
        if not inner:
            self._inline(code, text, lead, value)
            return
        before = len(self.found)
        self.found += [
            msgspec.structs.replace(
                one, line=place[0], column=place[1], end_line=place[2], end_column=place[3], joined=True
            )
            for one in inner
        ]
        self.out.append(lead + _NUMBER.sub(lambda found: f"{PLACEHOLDER}({int(found[1]) + before})", python.text))

    def _inline(self, code: str, text: str, lead: str, value: bool) -> None:
        """``%time stmt`` is the statement itself, at its own columns where the grammar allows."""
        gap = max(len(text) - len(code), 0)
        if value:
            self.out.append(lead + " " * gap + code)
        elif gap >= 2 and parses("0;" + code):
            self.out.append(lead + "0;" + " " * (gap - 2) + code)
        else:
            self.out.append(lead + code)

    def _add(self, segment: Segment, lead: str) -> None:
        self.found.append(segment)
        # The Python segment itself will be number 0.
        self.out.append(f"{lead}{PLACEHOLDER}({len(self.found)})")
