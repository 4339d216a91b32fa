"""What an organisation refuses outright (JG890 to JG893), or does not list (JG894, JG897) -> findings."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from jupyter_guard.judge.commands import PROGRAMS, begun, unlisted
from jupyter_guard.judge.loaded import Loaded, loaded
from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Confidence, Effect, Finding, Kind, Observation, Origin, Reading, Severity, Span
from jupyter_guard.terms.deny import Deny
from jupyter_guard.terms.sentence import shown

_WHY = "Your organisation's policy refuses it."
_INSTEAD = "Ask the policy's owner: `jupyter guard policy explain deny` says who that is."

RULES: Final[tuple[Rule, ...]] = tuple(
    Rule(
        id=number,
        title=f"Your organisation's policy refuses this {what}",
        why=_WHY,
        instead=_INSTEAD,
        severity=Severity.CRITICAL,
    )
    for number, what in (
        ("JG890", "import"),
        ("JG891", "call"),
        ("JG892", "SQL"),
        ("JG893", "command"),
        ("JG894", "import, which is not on its list"),
        ("JG897", "command, which is not on its list"),
    )
)
STANDARD: Final = "stdlib"
# They import what they are given by name.
IMPORTERS: Final = frozenset(
    """
    __import__ builtins.__import__ importlib.import_module importlib.__import__ importlib._bootstrap._gcd_import
    imp.load_module importlib.machinery.Loader.load_module importlib.machinery.Loader.exec_module
    """.split()
)
_EXTENSIONS: Final = frozenset({"%load_ext", "%reload_ext"})
# The guard's own, and what is no module.
_ALWAYS: Final = frozenset({"jupyter_guard", "__future__", "builtins"})


def refused(reading: Reading, deny: Deny) -> Iterator[Finding]:
    """A critical finding for each import, call, SQL statement and command that ``deny`` lists."""
    if "*" not in deny.only:
        yield from _unlisted(reading, deny.only)
    if "*" not in deny.only_commands:
        for what, at in unlisted(reading, deny.only_commands):
            yield _finding("JG897", what, at, reading)
    if not (deny.imports or deny.calls or deny.sql or deny.commands):
        return
    for seen in reading.observations:
        if seen.what == "import" and (name := listed(seen.detail, deny.imports)):
            yield _finding("JG890", f"imports `{shown(name)}`", seen, reading)
        elif seen.what == "call" and (name := listed(seen.detail, deny.calls)):
            yield _finding("JG891", f"calls `{shown(name)}`", seen, reading)
        elif seen.what == "sql" and (name := _starts(seen.detail, deny.sql)):
            yield _finding("JG892", f"runs {shown(name)}", seen, reading)
        elif deny.commands and seen.what in PROGRAMS and (name := begun(seen.detail, deny.commands)):
            yield _finding("JG893", f"runs `{shown(name)}`", seen, reading)
    for effect in reading.effects:
        if (run := loaded(effect)) and (name := _is_refused(run, deny.imports)):
            yield _finding("JG890", f"runs the module `{shown(name)}`", effect, reading)
        if effect.kind is not Kind.PROCESS_RUN and (name := listed(effect.via, deny.calls)):
            yield _finding("JG891", f"calls `{shown(name)}`", effect, reading)
        if name := _starts(effect.via, deny.sql):
            yield _finding("JG892", f"runs {shown(name)}", effect, reading)
        if effect.kind is Kind.PROCESS_RUN and (
            name := begun(effect.target, deny.commands) or begun(effect.via, deny.commands)
        ):
            yield _finding("JG893", f"runs `{shown(name)}`", effect, reading)


def is_allowed(module: str, only: frozenset[str]) -> bool:
    """Whether an allow list has ``module``, or something above it; what is relative lies below what was imported."""
    top = module.partition(".")[0]
    own = top in _ALWAYS or not top
    return own or bool(listed(module, only)) or (STANDARD in only and top in sys.stdlib_module_names)


def _unlisted(reading: Reading, only: frozenset[str]) -> Iterator[Finding]:
    """A finding for each import of what ``only`` does not have, and for each whose name nobody knows."""
    statements: defaultdict[Span, dict[str, Observation]] = defaultdict(dict)
    for seen in reading.observations:
        if seen.what == "import":
            statements[seen.span].setdefault(seen.detail, seen)
    for named in statements.values():
        for module, seen in named.items():
            above = any(module.startswith(f"{other}.") for other in named)
            if above or is_allowed(module, only):
                continue
            # `from acme import db` imports `acme` on the way to `acme.db`, which may be what is listed.
            below = [one for one in named if one.startswith(f"{module}.")]
            missing = [one for one in below if not is_allowed(one, only)]
            for one in missing if missing != below else [module]:
                yield _finding("JG894", f"imports `{shown(one)}`", seen, reading)
    for seen in reading.observations:
        if seen.what == "call" and seen.detail in IMPORTERS and seen.span not in statements:
            yield _finding("JG894", "imports a module whose name is not known before it runs", seen, reading)
    for effect in reading.effects:
        if effect.via in _EXTENSIONS and not is_allowed(effect.target, only):
            yield _finding("JG894", f"loads the extension `{shown(effect.target)}`", effect, reading)
        if (run := loaded(effect)) and not _is_listed(run, only):
            what = f"`{shown(effect.target)}`" if effect.target else "a module whose name is not known before it runs"
            yield _finding("JG894", f"runs {what}", effect, reading)


def _is_refused(run: Loaded, refused_names: frozenset[str]) -> str:
    """The one of ``refused_names`` that what is run may be, ``""`` for none."""
    if run.installed:
        return next((found for name in run.names if (found := listed(name, refused_names))), "")
    return next((name for name in run.names if name in refused_names), "")


def _is_listed(run: Loaded, only: frozenset[str]) -> bool:
    """Whether an allow list has what is run. A file that is only called like one of Python's own modules is none."""
    if run.installed:
        return bool(run.names) and all(is_allowed(name, only) for name in run.names)
    return any(listed(name, only) for name in run.names)


def listed(name: str, refused_names: frozenset[str]) -> str:
    """The one of ``refused_names`` that ``name`` is, or lies below (``os.path`` lies below ``os``)."""
    while name:
        if name in refused_names:
            return name
        name = name.rpartition(".")[0]
    return ""


def _starts(text: str, prefixes: frozenset[str]) -> str:
    """The listed prefix, word by word and in any case, that ``text`` starts with."""
    words = _words(text)
    return next((prefix for prefix in sorted(prefixes) if words[: len(_words(prefix))] == _words(prefix)), "")


def _words(text: str) -> list[str]:
    return re.split(r"\s+", text.strip().upper())


def _finding(rule: str, message: str, at: Observation | Effect, reading: Reading) -> Finding:
    return Finding(
        rule=rule,
        family="guard",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message=message,
        span=at.span,
        effects=(at,) if isinstance(at, Effect) else (),
        why=_WHY,
        instead=_INSTEAD,
        origin=Origin.strictest((reading.cell.origin, at.origin), reading.cell.origin),
    )
