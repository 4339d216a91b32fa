"""SQL text -> the texts inside it that run as well (dynamic SQL, blocks, templates), and the files it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_guard.read.context import HOLE

# Statements whose literals are SQL themselves.
_RUNS_TEXT = re.compile(
    r"\A\s*(?:execute\s+immediate\b|exec(?:ute)?\s*(?:\(|(?:sys\.)?sp_executesql\b)|prepare\s+[\w\"`]+\s+from\b"
    r"|execute\s+(?=n?')|declare\s+@?\w+[^'=]*=\s*(?=n?')|set\s+@\w+\s*=\s*(?=n?'))|\b(?:dblink(?:_exec|_send_query|_open)?|pg_background_launch|query_to_xml|dbms_sql\.parse"
    r"|openquery|ts_stat|run_query|statement_exec)\s*\(",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"\s*(?:do\b|begin\b(?!\s*(?:;|\Z|transaction|work|tran\b))|declare\b)", re.IGNORECASE)
_LITERAL = re.compile(r"\$(\w*)\$(.*?)\$\1\$|'((?:''|[^'])*)'", re.DOTALL)
# What stands between the statements of a block.
_SEAM = re.compile(
    r";|\b(?:begin|then|else|loop|do|exception|atomic)\b|\b(?:end\s+(?:if|loop|case)|end)\b", re.IGNORECASE
)
_VERB = re.compile(
    r"\s*(?:drop|truncate|delete|update|merge|alter|grant|revoke|create|insert|replace|copy|exec|execute|call|with|set"
    r"|perform|select)\b",
    re.IGNORECASE,
)
_DYNAMIC = re.compile(
    r"\s*(?:execute|exec)\b(?!\s+(?:immediate|procedure|function)\b)\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_JOINED = re.compile(r"(?:format|concat|quote_ident|quote_literal)\s*\(|\|\||\+|%[sIL]", re.IGNORECASE)
MOST_PIECES = 200


def inner_texts(statement: str) -> Iterator[str]:
    """The SQL texts that ``statement`` runs besides itself; ``HOLE`` stands where a part is put in at run time."""
    if _RUNS_TEXT.search(statement):
        yield from _literals(statement)
    elif _BLOCK.match(statement):
        whole = _LITERAL.search(statement) if re.match(r"\s*do\b", statement, re.IGNORECASE) else None
        yield from _pieces((whole[2] or (whole[3] or "").replace("''", "'")) if whole else statement)


def _literals(statement: str) -> Iterator[str]:
    texts = [(found[2] or (found[3] or "").replace("''", "'"), found.end()) for found in _LITERAL.finditer(statement)]
    for number, (text, end) in enumerate(texts[:MOST_PIECES]):
        if _VERB.match(text):
            following = statement[end : end + 40].lstrip()
            yield text + (HOLE if not number and following.startswith(("||", "+")) else "")


def _pieces(block: str) -> Iterator[str]:
    masked = _LITERAL.sub(lambda found: "_" * len(found[0]), block)
    cuts = [0, *(edge for found in _SEAM.finditer(masked) for edge in found.span()), len(block)]
    for start, end in list(zip(cuts[::2], cuts[1::2], strict=False))[:MOST_PIECES]:
        piece = block[start:end].strip()
        dynamic = _DYNAMIC.match(piece)
        if dynamic is not None:
            literal = _LITERAL.search(dynamic["rest"])
            if literal is None:
                yield piece
                continue
            text = literal[2] or (literal[3] or "").replace("''", "'")
            put_in = bool(_JOINED.search(dynamic["rest"])) and "%" not in text
            yield re.sub(r"%\d*\$?[sIL]", HOLE, text) + (HOLE if put_in else "")
        elif _VERB.match(piece) and not re.match(r"\s*(?:select\b.*\binto\b|perform\b)", piece, re.IGNORECASE):
            yield piece


_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"\{%-?.*?-?%\}|\{\{.*?\}\}", re.DOTALL)
_QUIET_CALL = re.compile(r"\{\{-?\s*(?:config|docs|log|print|debug|return|exceptions\.\w+)\s*\(", re.IGNORECASE)
_DESTROYS = re.compile(
    r"\b(?P<name>(?:adapter\.)?(?:drop|truncate|delete|purge|wipe)_\w+)\s*\(\s*(?:'(?P<one>[^']*)'|\"(?P<other>[^\"]*)\")?",
    re.IGNORECASE,
)
_QUERIES = re.compile(
    r"(?:\b(?:run_query|statement|query|execute)\s*\(|\b(?:pre|post)[_-]hook['\"]?\s*[=:]\s*\[?)"
    r"\s*(?:'([^']*)'|\"([^\"]*)\")",
    re.IGNORECASE,
)


def without_template(text: str) -> tuple[str, list[str], list[tuple[str, str]]]:
    """``text`` as a template engine leaves it; SQL that its tags run; macros by name and argument that destroy.

    An expression puts in text that is not known; a control tag (``{% if %}``) and a setting put in none.
    """
    if "{%" not in text and "{{" not in text and "{#" not in text:
        return text, [], []
    text = _COMMENT.sub(" ", text)
    queries: list[str] = []
    macros: list[tuple[str, str]] = []

    def put(found: re.Match[str]) -> str:
        tag = found[0]
        if not re.match(r"\{%-?\s*macro\b", tag):
            queries.extend(
                one or other for one, other in _QUERIES.findall(tag)[:MOST_PIECES] if _VERB.match(one or other)
            )
            macros.extend((call["name"], call["one"] or call["other"] or "") for call in _DESTROYS.finditer(tag))
        return " " if tag.startswith("{%") or _QUIET_CALL.match(tag) else HOLE

    return _TAG.sub(put, text), queries, macros[:MOST_PIECES]


_FILES = re.compile(
    r"\b(?:read_\w+|\w+_scan|sniff_csv|parquet_\w+|glob|st_read)\s*\(\s*\[?\s*'(?P<call>[^'\n]+)'"
    r"|\b(?:from|join)\s+'(?P<place>[^'\n]*[/.][^'\n]*)'",
    re.IGNORECASE,
)


def files_read(text: str) -> list[str]:
    """The paths of files that a query reads as tables (``read_csv('a.csv')``, ``FROM 'a.parquet'``)."""
    if "'" not in text:
        return []
    found = (one["call"] or one["place"] for one in _FILES.finditer(text))
    return list(dict.fromkeys(path for path in found if " " not in path))[:MOST_PIECES]
