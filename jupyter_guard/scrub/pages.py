"""HTML -> what is a secret by its place: cells below such a header, a value beside such a label, a field's value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import msgspec

from jupyter_guard.scrub.keywords import lowered
from jupyter_guard.scrub.labels import says_secret
from jupyter_guard.scrub.spans import Found
from jupyter_guard.scrub.tables import EMPTY, KIND, NAMES
from jupyter_guard.scrub.values import stands_for_a_value

_NAME = re.compile("|".join(NAMES), re.IGNORECASE)
_TR = re.compile(r"<tr\b[^<>]{0,1000}>", re.IGNORECASE)
_ROW_END = re.compile(r"</?t(?:r|body|head|foot|able)\b", re.IGNORECASE)
_CELL = re.compile(r"<t([hd])\b[^<>]{0,1000}>((?:[^<]|<(?!/?t[hd]\b))*)</t[hd]\s{0,9}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?%?", re.IGNORECASE)

_WORDS = ("pass", "secret", "token", "key", "cred", "pwd", "pin", "jwt", "wort", "clave", "contrase", "senha")
_LABEL_END = re.compile(
    r"[^<>]{0,40}</(?P<tag>t[hd]|dt|label|legend|b|strong|em|i|span|div|p|code|li|h[1-6])\s{0,9}>", re.IGNORECASE
)
_LONGEST_LABEL = 80
_VALUE = re.compile(
    r"(?P<between>\s{0,200}(?:[:=]\s{0,20})?(?:</?[A-Za-z][^<>]{0,500}>\s{0,200}(?:[:=]\s{0,20})?){0,4})(?P<value>[^<>\s:=][^<>]{0,511})<"
)
_PATH = re.compile(r"""["']?(?:~?/\w|[A-Za-z]:[\\/])""")
_BETWEEN_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")
_ROW_BEFORE = re.compile(
    r"<tr\b[^<>]{0,500}>\s{0,200}<td\b[^<>]{0,500}>(?:\s{0,40}<\w[^<>]{0,200}>){0,2}\s{0,40}\Z", re.IGNORECASE
)
_ROW_AFTER = re.compile(r"(?:\s{0,40}</\w{1,10}>){0,2}\s{0,40}</td\s{0,9}>\s{0,200}</tr", re.IGNORECASE)
_INPUT = re.compile(r"<input\b([^<>]{0,4000})>", re.IGNORECASE)
_WRITTEN = frozenset({"text", "password", "search", "tel", "url"})
"""Fields that somebody writes in; others have what the page says of itself."""

_ATTRIBUTE = re.compile(r"""([\w-]{1,60})\s{0,9}=\s{0,9}(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s"'>]{1,2000}))""")
_FOR = re.compile(
    r"""<label\b[^<>]{0,500}\bfor\s{0,9}=\s{0,9}["']?([\w.:-]{1,100})[^<>]{0,500}>([^<>]{1,80})<""", re.IGNORECASE
)
_LAST_TEXT = re.compile(r"([^<>]{1,80})(?:<[^<>]{0,200}>\s{0,40}){0,3}\Z")


class Labelled(msgspec.Struct, frozen=True):
    """What stands at ``start`` to ``end`` of a page, and what it is called there; ``typed``: in a password's field."""

    start: int
    end: int
    label: str
    value: str
    typed: bool = False


def labelled(source: str) -> Iterator[Labelled]:
    """The values in ``source`` that have a label which asks for a secret, and what stands in fields for passwords."""
    for found in _labels(source):
        begin = source.rfind(">", max(0, found.start() - _LONGEST_LABEL), found.start()) + 1
        label = unescape(source[begin : found.end()].partition("<")[0]).strip()
        value = _VALUE.match(source, found.end()) if begin and says_secret(label) else None
        if value is not None and _belongs(source, begin, label, found["tag"].lower(), value):
            text = value["value"].rstrip()
            if _PATH.match(text):
                # of `PWD`, where somebody works
                continue
            typed = "<textarea" in value["between"].lower() and not stands_for_a_value(text)
            start = value.start("value")
            yield Labelled(start, start + len(text), label.rstrip(" :="), unescape(text), typed)
    if "<input" in source or "<INPUT" in source:
        yield from _inputs(source)


def _labels(source: str) -> list[re.Match[str]]:
    """The ends of elements that have one of the words in them, in order, each once."""
    low = lowered(source)
    ends: dict[int, re.Match[str]] = {}
    for word in _WORDS:
        at = low.find(word)
        while at >= 0:
            found = _LABEL_END.match(source, at)
            if found is not None:
                ends.setdefault(found.end(), found)
            at = low.find(word, at + 1)
    return [ends[end] for end in sorted(ends)]


def _belongs(source: str, begin: int, label: str, tag: str, value: re.Match[str]) -> bool:
    """Whether the text that comes next is the label's value: by a colon, or by what the tags between them mean."""
    between = value["between"]
    tags = [one.lower() for one in _BETWEEN_TAG.findall(between)]
    if "tr" in tags or "table" in tags or "ul" in tags:
        return False
    if label.endswith((":", "=")) or ":" in _TAG.sub("", between) or "=" in _TAG.sub("", between):
        return True
    if tag == "label":
        return not {"p", "small", "em", "br", "a", "label", "select", "button"} & set(tags)
    if "td" in tags and tag != "dt":
        alone = _ROW_BEFORE.search(source, max(0, begin - 1_000), begin) and _ROW_AFTER.match(source, value.end() - 1)
        return "th" in (tag, *tags) or bool(alone)
    return tag == "dt" and "dd" in tags


def _inputs(source: str) -> Iterator[Labelled]:
    called = {found[1]: found[2] for found in _FOR.finditer(source)}
    for found in _INPUT.finditer(source):
        values: dict[str, tuple[int, int]] = {}
        for one in _ATTRIBUTE.finditer(source, found.start(1), found.end(1)):
            values.setdefault(one[1].lower(), one.span(one.lastindex or 0))
        text = {name: unescape(source[start:end]) for name, (start, end) in values.items()}
        if not text.get("value"):
            continue
        before = _LAST_TEXT.search(source, max(0, found.start() - 800), found.start())
        labels = [text.get(name, "") for name in ("aria-label", "placeholder", "name", "id", "title")]
        labels += [called.get(text.get("id", ""), ""), unescape(before[1]).strip() if before is not None else ""]
        kind = text.get("type", "text").lower()
        label = next((one for one in labels if says_secret(one)), "password" if kind == "password" else "")
        if label:
            typed = kind in _WRITTEN and not stands_for_a_value(text["value"])
            yield Labelled(*values["value"], label.strip(" :=*"), text["value"], typed)


def html_cells(source: str) -> list[Found]:
    """The contents of the cells below such a header in each table of ``source``; beside it in a frame on its side."""
    if "<t" not in source or not _NAME.search(source):
        return []
    found: list[Found] = []
    columns: set[int] = set()
    width = 0
    numbered = False
    headed = False
    for row in _TR.finditer(source):
        ended = _ROW_END.search(source, row.end())
        cells = list(_CELL.finditer(source, row.end(), ended.start() if ended is not None else len(source)))
        headers = all(cell[1] in "hH" for cell in cells)
        if headers and cells:
            texts = [_shown(cell[2]) for cell in cells]
            named = {at for at, text in enumerate(texts) if text in NAMES}
            if headed and len(cells) == width:
                # What the index is called, below the columns' names; or names of several levels.
                columns = columns | named
            elif named or len(cells) != width or any(texts[1:]):
                columns, width = named, len(cells)
                numbered = len(texts) > 1 and all(text.isdigit() for text in texts[1:])
            headed = True
            continue
        headed = False
        for at in columns & set(range(len(cells))):
            cell = cells[at + len(cells) - width if len(cells) < width else at]
            if _holds(cell[2]):
                found.append(Found(cell.start(2), cell.end(2), KIND, 1))
        if numbered and cells[0][1] in "hH" and _shown(cells[0][2]) in NAMES:
            # A frame on its side: what a row is called was a column.
            beside = [cell for cell in cells[1:] if _holds(cell[2]) and not _NUMBER.fullmatch(_shown(cell[2]))]
            found += [Found(cell.start(2), cell.end(2), KIND, 1) for cell in beside]
    return found


def _shown(content: str) -> str:
    return unescape(_TAG.sub("", content)).strip().lower()


def _holds(content: str) -> bool:
    return content.strip().lower() not in EMPTY and _shown(content) not in EMPTY and "[REDACTED:" not in content
