"""A finding -> whether a safe rewrite of it is likely, from the text alone: cheap enough to say for every finding."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Final

from jupyter_guard.terms import Finding, Span

LONGEST = 2_000
# The beginnings of the names of what runs SQL, for which it is known how it takes values (PEP 249's paramstyle).
STYLES: Final = {
    "sqlite3.": "?",
    "duckdb.": "?",
    "pyodbc.": "?",
    "psycopg.": "%s",
    "psycopg2.": "%s",
    "pymysql.": "%s",
    "MySQLdb.": "%s",
    "mysql.connector.": "%s",
    "sqlalchemy.": ":",
}
DRIVERS: Final = tuple(STYLES)

# Rewrites that leave something to people: which rows, how long, how often, what a driver makes of a parameter, who
# else has to reach a server, whether a harmless file holds the objects or the code that it was asked for, and to have
# a secret in the environment, without which the code does not run.
OFFERED: Final = frozenset({"JG111", "JG113", "JG302", "JG305", "JG505", "JG603", "JG703", "JG908"})
_SHAPES: Final = {
    # Called by whatever name it was imported as, these are told by what they are.
    "JG111": r"\(",
    "JG112": r"\(",
    "JG113": r"\btrust_remote_code\s*=\s*True\b",
    "JG115": r"\bdebug\s*=\s*True\b",
    "JG116": r"\bresolve_entities\s*=\s*True\b|\bno_network\s*=\s*False\b",
    "JG302": r"(?i)\b(?:delete\s+from|update)\b",
    "JG305": r"\.execute\s*\(",
    "JG502": r"\b(?:verify|ssl|verify_ssl)\s*=\s*False\b|\b_create_unverified_context\s*\(\s*\)",
    "JG505": r"['\"](?:0\.0\.0\.0|::)['\"]|\(\s*(?:''|\"\")\s*,",
    "JG603": r"[\"']",
    "JG703": r"\bwhile\s+(?:True|1)\s*:|\bcount\s*\(\s*\)",
    "JG902": r"\brandom\.\w+\s*\(",
    "JG908": r"\(",
}
_SAFE_MODE: Final = re.compile(r"\bsafe_mode\s*=\s*False\b")
_COMPILED: Final = {rule: re.compile(shape) for rule, shape in _SHAPES.items()}


def is_likely(finding: Finding, code: str) -> bool:
    """Whether ``suggest`` is worth being asked about a finding in ``code``; it may yet know nothing."""
    shape = _COMPILED.get(finding.rule)
    if shape is None or (finding.rule in _CALLABLES and not _CALLABLES[finding.rule] & set(vias(finding))):
        return False
    if finding.rule == "JG111" and any(via.endswith(".load_model") for via in vias(finding)):
        shape = _SAFE_MODE
    if finding.rule == "JG305" and not any(via.startswith(DRIVERS) for via in vias(finding)):
        return False
    return shape.search(_text(code, finding.span)[:LONGEST]) is not None


def is_offered(rule: str, code: str, span: Span, via: tuple[str, ...] = (), seen: Iterable[str] = ()) -> bool:
    """Whether a rewrite of what ``rule`` found at ``span`` is for people to look at, and never made by itself.

    ``via`` are the names of what is called there, ``seen`` the code of other cells of the same notebook.
    """
    if rule == "JG112":
        texts = (code, *seen)
        return any(_REGISTERS.search(text) for text in texts) or _is_loaded_by_another_name(code, span, texts)
    if rule == "JG502" and _VERIFY.search(_text(code, span)):
        return not via or not all(name.partition(".")[0] in _CHECKS_TLS for name in via)
    if rule == "JG116":
        # A harmless document's type may lie elsewhere; and to an older lxml 'internal' is as good as True.
        return "no_network" in _text(code, span) or not _lxml_knows_internal()
    return rule in OFFERED


# Documents may then have tags that the safe loader does not know: PyYAML's and ruamel.yaml's ways to teach them.
_REGISTERS: Final = re.compile(
    r"\bYAMLObject\w*|\byaml_(?:tag|loader|constructors|multi_constructors|implicit_resolvers)\b"
    r"|\badd_(?:multi_)?(?:constructor|representer)\b|\badd_(?:implicit|path)_resolver\b|\bregister_class\b"
)
# Libraries whose `verify` is about certificates. Elsewhere it may ask for anything: a checksum, a second look.
_CHECKS_TLS: Final = frozenset("requests httpx niquests boto3 botocore aiobotocore curl_cffi hvac".split())
_VERIFY: Final = re.compile(r"\bverify\s*=\s*False\b")


_NAMED: Final = re.compile(r"([^\W\d]\w*)\s*\(")
_OTHER_SAFE: Final = re.compile(
    r"\b(?:def|class|as)\s+(?:safe_load(?:_all)?|SafeLoader)\b"
    r"|(?<![.\w])(?:safe_load(?:_all)?|SafeLoader)\s*(?::[^=\n]*)?=(?!=)"
    r"|\bfrom\s+(?!(?:ruamel\.)?yaml\s)\S+\s+import\b[^#\n]*\b(?:safe_load(?:_all)?|SafeLoader)\b"
)


def _is_loaded_by_another_name(code: str, span: Span, texts: Iterable[str]) -> bool:
    """Whether a loader is called by a name from an earlier cell, or a cell knows something else by the safe one's."""
    line = code.split("\n")[span.line - 1] if 0 < span.line <= code.count("\n") + 1 else ""
    named = _NAMED.match(line, span.column)
    if named is None:
        return False
    return not is_imported(code, named[1]) or any(_OTHER_SAFE.search(text) for text in texts)


def is_imported(code: str, name: str) -> bool:
    """Whether the text has a ``from yaml import`` that makes ``name`` known, by a look at the text alone."""
    listed = rf"\([^)]*\b{name}\b|(?:[^\n;#(\\]|\\\n)*\b{name}\b"
    return re.search(rf"\bfrom\s+(?:ruamel\.)?yaml\s+import\s*(?:{listed})", code) is not None


@functools.cache
def _lxml_knows_internal() -> bool:
    """Whether the lxml that is installed here is 5.0 or later, which tells inner entities from others."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return int(version("lxml").partition(".")[0]) >= 5
    except (PackageNotFoundError, ValueError):
        return False


def vias(finding: Finding) -> tuple[str, ...]:
    """The qualified names of what a finding's effects are done by, and of what it is about without any."""
    return tuple(dict.fromkeys(via for via in (*(effect.via for effect in finding.effects), finding.via) if via))


# The rewrites that depend on what is called.
_CALLABLES: Final = {
    "JG111": frozenset({"torch.load", "numpy.load", "keras.models.load_model", "tensorflow.keras.models.load_model"}),
    "JG112": frozenset(
        f"{module}.{kind}load{many}"
        for module in ("yaml", "ruamel.yaml")
        for kind in ("", "unsafe_", "full_")
        for many in ("", "_all")
    ),
}


def _text(code: str, span: Span) -> str:
    """The lines that a span lies on: of an assignment, the name alone is marked."""
    return "\n".join(code.split("\n")[max(span.line - 1, 0) : span.end_line])
