"""A cell -> the same with its secrets read from the environment: ``os.environ["NAME"]``, in shell text ``"$NAME"``."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from jupyter_guard.cli.module import Module, own_lines, read_module
from jupyter_guard.cli.shell_words import Edit, shell_edits
from jupyter_guard.cli.strings import FIELD, Literal, UnreadableError, Value, read_strings, values
from jupyter_guard.cli.variables import Variables, password_in
from jupyter_guard.read.lines import script_language
from jupyter_guard.read.magic_names import BODY_LANGUAGE, SHELL_LINE_MAGICS
from jupyter_guard.scrub import KnownValues, marker
from jupyter_guard.scrub.find import secrets_in
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.sources import is_secret_name
from jupyter_guard.scrub.spans import Found

_NAME_BEFORE = re.compile(r"""([A-Za-z_]\w*)\s*(?:["']\s*\]?)?\s*(?::\s*[\w.\[\] |]+)?[=:,(]\s*[({\[]?\s*\Z""")
_CELL_MAGIC = re.compile(r"\s*%%(\S+)([^\n]*)(?:\n|\Z)")
_LINE_MAGIC = re.compile(r"%[ \t]*([\w!.]+)")
_SET = re.compile(r"%(?:env|set_env)[ \t]+(\w+)(?:[ \t]*=[ \t]*|[ \t]+)(?=\S)")
_WORD_GOES_ON = re.compile(r"[A-Za-z0-9+/=_-]*")
_CONTEXT_GOES_ON = re.compile(r"[^\s\"'<>;&@,)}\]]*")
_LOGIN = re.compile(r"://[^\s/@]*:\Z")
# As this module writes it.
_READS = re.compile(r"""(?:\bos|__import__\(["']os["']\))\.environ\[(["'])\w+\1\](?:\.encode\(\))?""")
_LONGEST = 1 << 20
"""Longer strings are data: what is found in them stays, and is named."""
PASSES = 4
"""One string gone, the next may read as its name's value."""

Search = Callable[[str], list[Found]]
Span = tuple[int, int, str]


def literals_replaced(
    code: str,
    known: KnownValues,
    patterns: Sequence[Pattern] | None = None,
    variables: Variables | None = None,
    language: str = "python",
) -> tuple[str, tuple[str, ...]]:
    """``code`` with secrets read from the environment, or masked where they say nothing; and the secrets' kinds.

    Whole strings go, or, of one that begins with something else (a URL, a header), the part that is secret. Python
    that parsed does so after; what would not stays as it is: cells of other languages, SQL, most magics, text for a
    shell that is more than words and quotes.
    """
    if variables is None:
        variables = Variables()
        variables.avoid([code])
    search = _search(known, patterns)
    language, start = _language(code, language)
    if language in ("bash", "shell"):
        edits = shell_edits(code, start, len(code), search(code), variables)
        return _edited(code, edits), tuple(kind for edit in edits for kind in edit.kinds)
    if language != "python":
        return code, ()
    kinds: tuple[str, ...] = ()
    for _ in range(PASSES):
        code, more = _python_replaced(code, start, search, variables)
        kinds += more
        if not more:
            break
    return code, kinds


def _python_replaced(code: str, start: int, search: Search, variables: Variables) -> tuple[str, tuple[str, ...]]:
    module = read_module(code, start)
    if module is None:
        return code, ()
    try:
        edits = _edits(module, search, variables)
    except UnreadableError:
        return code, ()
    edits = _that_parse(code, start, sorted(edits, key=lambda one: one.start))
    return _with_import(module, edits), tuple(kind for edit in edits for kind in edit.kinds)


def hidden_in_strings(
    code: str, known: KnownValues, patterns: Sequence[Pattern] | None = None, language: str = "python"
) -> list[tuple[int, str]]:
    """Where secrets begin that only strings' values show (escapes, strings that are one), and their kinds."""
    language, start = _language(code, language)
    module = read_module(code, start) if language == "python" else None
    if module is None:
        return []
    search = _search(known, patterns)
    try:
        literals, _ = read_strings(module.plain)
    except UnreadableError:
        return []
    return [
        (value.places[first][0], kind)
        for value in values(code, literals, module.strings, lambda group: _says_else(code, group))
        for first, _, kind in _spans(code, value, [], search)
    ]


def without_reads(code: str) -> str:
    """``code`` of the same length in which what is read from the environment looks like no value."""
    return _READS.sub(lambda found: "None".ljust(len(found[0])), code)


def _search(known: KnownValues, patterns: Sequence[Pattern] | None) -> Search:
    return lambda text: secrets_in(without_reads(text), known, patterns=patterns)


def _language(code: str, language: str) -> tuple[str, int]:
    """What a cell is written in, and where that begins."""
    magic = _CELL_MAGIC.match(code)
    if magic is None:
        return language, 0
    spoken = BODY_LANGUAGE.get(magic[1], "")
    return script_language(magic[2]) if spoken == "script" else spoken, magic.end()


def _that_parse(code: str, start: int, edits: list[Edit]) -> list[Edit]:
    """Those of ``edits`` after which the cell is still Python."""
    if not edits or read_module(_edited(code, edits), start) is not None:
        return edits
    kept = [edit for edit in edits if read_module(_edited(code, [edit]), start) is not None]
    return kept if read_module(_edited(code, kept), start) is not None else []


def _edited(code: str, edits: Sequence[Edit]) -> str:
    parts = []
    at = 0
    for edit in edits:
        parts += [code[at : edit.start], edit.written]
        at = edit.end
    return "".join(parts) + code[at:]


def _with_import(module: Module, edits: list[Edit]) -> str:
    first = next((edit.start for edit in edits if edit.reads_os), None)
    if first is None or module.shadows_os or 0 <= module.imports_os < first:
        return _edited(module.code, edits)
    at, written = module.place_for("import os")
    # Never inside of what is replaced: it stands before the first statement that is no import of the future.
    return _edited(module.code, sorted([*edits, Edit(at, at, written)], key=lambda one: (one.start, one.end)))


def _edits(module: Module, search: Search, variables: Variables) -> list[Edit]:
    code = module.code
    secrets = search(code)
    literals, comments = read_strings(module.plain)
    edits: list[Edit] = []
    starts = [one.start for one in secrets]

    def has_one(group: Sequence[Literal]) -> bool:
        at = bisect_left(starts, group[-1].end)
        return (at > 0 and secrets[at - 1].end > group[0].start and _is_short(group)) or _says_else(code, group)

    for value in values(code, literals, module.strings, has_one):
        edits += _of_value(module, value, secrets, search, variables)
    for start, end in own_lines(module, comments):
        inside = [one for one in secrets if one.start < end and one.end > start]
        if not inside:
            continue
        if code[start] == "#":
            edits += [_masked(code, max(one.start, start + 1), min(one.end, end), end, one) for one in inside]
        else:
            edits += _of_own_line(code, start, end, inside, variables, module)
    return edits


def _masked(code: str, start: int, end: int, limit: int, secret: Found) -> Edit:
    quote = code[start - 1]
    close = code.find(quote, end, limit) if quote in "\"'`" else -1
    goes_on = _CONTEXT_GOES_ON if secret.rank == 2 else _WORD_GOES_ON
    found = goes_on.match(code, end, limit) if secret.rank else None
    end = close if close >= 0 else (found.end() if found is not None else end)
    return Edit(start, end, marker(secret.kind), (secret.kind,))


def _of_own_line(
    code: str, start: int, end: int, secrets: list[Found], variables: Variables, module: Module
) -> list[Edit]:
    """IPython's own line: a shell's, a variable that is set, or another magic, which stays."""
    text = code[start:end]
    kinds = tuple(one.kind for one in secrets)
    setting = _SET.match(text)
    if setting is not None and not set("{$\\") & set(text):
        name = variables.set_as(text[setting.end() :].rstrip(), setting[1])
        os_name = module.os_name('"')
        return [Edit(start, end, f'{os_name}.environ["{setting[1]}"] = {os_name}.environ["{name}"]', kinds, True)]
    magic = _LINE_MAGIC.match(text)
    if text[0] == "!" or (magic is not None and magic[1] in SHELL_LINE_MAGICS):
        return shell_edits(code, start + len(magic[0] if magic else "!"), end, secrets, variables, expanded=True)
    return []


def _of_value(module: Module, value: Value, secrets: list[Found], search: Search, variables: Variables) -> list[Edit]:
    spans = _spans(module.code, value, secrets, search)
    if not spans or value.start in module.fixed or any("t" in one.prefix for one in value.literals):
        return []
    if value.start in module.unused:
        return [
            Edit(value.places[start][0], value.places[end - 1][1], marker(kind), (kind,)) for start, end, kind in spans
        ]
    wanted = _name_before(module.code, value.start)
    written = _Written(module, value, [(*span, variables.of(value.text[span[0] : span[1]], wanted)) for span in spans])
    return written.edits()


def _is_short(group: Sequence[Literal]) -> bool:
    return group[-1].end - group[0].start <= _LONGEST


def _says_else(code: str, group: Sequence[Literal]) -> bool:
    """Whether strings say something that does not stand there, and are short enough to look."""
    body = code[group[0].start : group[-1].end]
    return _is_short(group) and (len(group) > 1 or "\\" in body or "{{" in body or "}}" in body)


def _name_before(code: str, at: int) -> str:
    """The name, the key or the argument before a literal."""
    found = _NAME_BEFORE.search(code[code.rfind("\n", 0, at) + 1 : at])
    return found[1] if found is not None else ""


def _spans(code: str, value: Value, secrets: list[Found], search: Search) -> list[Span]:
    """Which characters of a value are secret: never a field's, and as many as belong to it."""
    starts, ends = [one for one, _ in value.places], [one for _, one in value.places]
    lead = code[code.rfind("\n", 0, value.start) + 1 : value.start]
    found = [
        Found(bisect_right(ends, one.start), bisect_left(starts, one.end), one.kind, one.rank)
        for one in secrets
        if ends and one.start < ends[-1] and one.end > starts[0]
    ]
    if _says_else(code, value.literals):
        before = f'{lead}"'
        shown = value.text.replace('"', "'")
        found += [one.moved(-len(before)) for one in search(f'{before}{shown}"') if one.end > len(before)]
    spans: list[Span] = []
    for one in sorted(found, key=lambda one: (one.start, one.rank)):
        for start, end in _runs(value.text, *password_in(value.text, max(0, one.start), min(one.end, len(value.text)))):
            start, end = _widened(value.text, start, end, one.rank, is_secret_name(_name_before(code, value.start)))
            if spans and start < spans[-1][1]:
                start = spans[-1][0]
                spans[-1] = (start, max(end, spans[-1][1]), spans[-1][2])
            else:
                spans.append((start, end, one.kind))
    return spans


def _runs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """``text[start:end]`` without the fields in it."""
    return [(start + one.start(), start + one.end()) for one in re.finditer(f"[^{FIELD}]+", text[start:end])]


def _widened(text: str, start: int, end: int, rank: int, named: bool) -> tuple[int, int]:
    """What belongs to the secret ``text[start:end]``: patterns stop where a line of output would."""
    limit = text.find(FIELD, end)
    limit = len(text) if limit < 0 else limit
    lead = text[text.rfind(FIELD, 0, start) + 1 : start]
    if start == 0 or (named and rank == 2 and not lead.strip(" \t") and lead == text[:start]):
        return 0, limit
    if named and rank == 2 and FIELD not in text and not set(":=/;{") & set(lead):
        # A passphrase: the name before the string says that all of it is one.
        return 0, limit
    quote = text[start - 1]
    close = text.find(quote, end, limit) if quote in "\"'" else -1
    if close >= 0:
        return start, close
    if _LOGIN.search(lead):
        at = re.compile(r"[^\s/\"'?#]*@").match(text, end, limit)
        if at is not None:
            return start, at.end() - 1
    if rank == 2 and ";" in text and "=" in lead:
        line = text.find("\n", end, limit)
        stop = text.find(";", end, limit if line < 0 else line)
        return start, stop if stop >= 0 else (limit if line < 0 else line)
    if rank == 0:
        return start, end
    goes_on = (_CONTEXT_GOES_ON if rank == 2 else _WORD_GOES_ON).match(text, end, limit)
    return start, goes_on.end() if goes_on is not None else end


class _Written:
    """What is written in the place of one value's strings. ``spans`` say which characters, and the variable."""

    def __init__(self, module: Module, value: Value, spans: list[tuple[int, int, str, str]]) -> None:
        self._module = module
        self._code = module.code
        self._value = value
        self._spans = spans
        self._kinds = tuple(kind for _, _, kind, _ in spans)

    def edits(self) -> list[Edit]:
        literals, code = self._value.literals, self._code
        start, end = literals[0].start, literals[-1].end
        if any("b" in one.prefix for one in literals) and not all(
            self._value.text[first:last].isascii() for first, last, _, _ in self._spans
        ):
            return []
        first, last, _, name = self._spans[0]
        if len(literals) == 1 and (first, last) == (0, len(self._value.text)):
            return [Edit(start, end, self._read(name, literals[0]), self._kinds, True)]
        if all(self._within_one_f_string(*span[:2]) for span in self._spans):
            return [
                Edit(
                    self._value.places[first][0],
                    self._value.places[last - 1][1],
                    self._field(name, literals[self._value.owners[first]]),
                    (kind,),
                    True,
                )
                for first, last, kind, name in self._spans
            ]
        parts = [self._parts(number) for number in range(len(literals))]
        written = ""
        for number, several in enumerate(parts):
            between = code[literals[number - 1].end : literals[number].start] if number else ""
            if several:
                written += (f" +{between or ' '}" if written else "") + " + ".join(several)
            elif "#" in between:
                written += between
        bare = sum(map(len, parts)) == 1 and "\n" not in written
        return [Edit(start, end, written if bare else f"({written})", self._kinds, True)]

    def _within_one_f_string(self, first: int, last: int) -> bool:
        owners = set(self._value.owners[first:last])
        return len(owners) == 1 and "f" in self._value.literals[owners.pop()].prefix

    def _read(self, name: str, literal: Literal) -> str:
        quote = literal.quote[0] if literal.within else '"'
        read = f"{self._module.os_name(quote)}.environ[{quote}{name}{quote}]"
        return f"{read}.encode()" if "b" in literal.prefix else read

    def _field(self, name: str, literal: Literal) -> str:
        quote = "'" if literal.quote[0] == '"' else '"'
        return f"{{{self._module.os_name(quote)}.environ[{quote}{name}{quote}]}}"

    def _parts(self, number: int) -> list[str]:
        """The expressions that, added, are what one of the strings says."""
        value, literal = self._value, self._value.literals[number]
        fields = literal.has_fields
        # A field belongs to the string whose text is around it.
        mine = [at for at, owner in enumerate(value.owners) if self._owner(at, owner) == number]
        parts: list[str] = []
        kept = ""
        at = mine[0] if mine else 0
        end = mine[-1] + 1 if mine else 0
        for first, last, _, name in self._spans:
            if last <= at or first >= end:
                continue
            kept += self._source(at, max(first, at))
            if first >= at and fields:
                kept += self._field(name, literal)
            elif first >= at:
                parts += [self._string(literal, kept)] if kept else []
                parts.append(self._read(name, literal))
                kept = ""
            at = min(last, end)
        kept += self._source(at, end)
        return parts + ([self._string(literal, kept)] if kept else [])

    def _owner(self, at: int, owner: int) -> int:
        if owner >= 0:
            return owner
        place = self._value.places[at][0]
        return next(n for n, one in enumerate(self._value.literals) if one.start <= place < one.end)

    def _source(self, start: int, end: int) -> str:
        """What stands in the file for these characters."""
        return self._code[self._value.places[start][0] : self._value.places[end - 1][1]] if start < end else ""

    @staticmethod
    def _string(literal: Literal, source: str) -> str:
        return f"{literal.prefix}{literal.quote}{source}{literal.quote}"
