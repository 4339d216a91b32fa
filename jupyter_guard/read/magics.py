"""A magic, a help request or a cell in another language -> its effects, from ``knowledge/magics.toml``."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources

from jupyter_guard.knowledge import Act, Condition, Entry, Slot, parse_entries
from jupyter_guard.read.context import HOLE, Context
from jupyter_guard.read.magic_names import AUTOMAGIC, BODY_LANGUAGE, PYTHON_LINE_MAGICS, SCRIPTS
from jupyter_guard.read.segments import Segment
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

_PACKAGES = frozenset(("%pip", "%conda", "%mamba", "%micromamba", "%uv"))
_ENVIRONMENT = frozenset(("%env", "%set_env"))
_FILES = (Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE)
_TEXT = frozenset(("%%html", "%%HTML", "%%svg", "%%SVG", "%%markdown", "%%latex", "%%javascript", "%%js"))
_SCRIPT = re.compile(r"<\s*script|\bon\w+\s*=|javascript:|<\s*iframe", re.IGNORECASE)
_DRIVES = re.compile(
    r"kernel\s*\.\s*execute|/api/(?:kernels|contents|sessions|terminals)|notebook\s*\.\s*(?:execute|insert)"
    r"|Jupyter\.|IPython\.notebook|jupyterapp|document\.cookie|requestExecute",
    re.IGNORECASE,
)
_RUN_MODULE = re.compile(r"\s*(?:-\S+\s+(?:[^-\s]\S*\s+)?)*?-\w*m\s*([^\W\d][\w.]*)")
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")


def read_magic(segment: Segment, context: Context) -> list[Effect]:
    """The effects of a segment whose language is ``magic``, ``help`` or ``other``.

    A magic that nothing is known of may run anything: ``code.execute`` of unknown certainty. A cell in a language
    without a reader is ``unread``.
    """
    name = segment.name
    if segment.language == "help":
        return []
    if name in _TEXT:
        return _page(segment, context)
    if name.startswith("%%") and (name == "%%script" or name[2:] in SCRIPTS):
        context.starts(_words(segment) if name == "%%script" else [name[2:]])
    if segment.language == "other" or name in ("%%script", "%%bigquery"):
        return [context.effect(Kind.UNREAD, via=name)]
    if name in _PACKAGES:
        from jupyter_guard.read.shell import read_shell

        return list(read_shell(f"{name[1:]} {segment.args}", context))
    if name in _ENVIRONMENT:
        return _environment(segment.args, context)
    entry = _known(name)
    words = _words(segment)
    if name in ("%%writefile", "%%file") and words:
        body = segment.text if segment.text.endswith("\n") else segment.text + "\n"
        context.wrote(words[0], body, append=bool(re.search(r"(?:^|\s)-a\b|--append\b", segment.args)))
    if name == "%run" and (module := _RUN_MODULE.match(segment.args)):
        context.starts([module[1]], "import")
    run: list[Effect] = []
    if name == "%run" and words and (known := context.files.get(context.resolve(words[0]))) and context.python:
        run = list(context.python(known.text, context.with_(origin=max(known.origin, context.origin)).deeper()))
        if HOLE not in known.text and not known.tags:
            # All of it is known: it does what it says.
            return run
    if entry is not None:
        return run + [effect for act in entry.acts for effect in _act(act, segment, context)]
    bare = name.lstrip("%")
    if bare in AUTOMAGIC or bare in BODY_LANGUAGE or bare in PYTHON_LINE_MAGICS or bare in _HARMLESS:
        return []
    return [context.effect(Kind.CODE_EXECUTE, name, via=name, tags=("dynamic",), certainty=Certainty.UNKNOWN)]


def directory_after(name: str, args: str, context: Context) -> str | None:
    """Where relative paths start after a magic that changes the directory, ``HOLE`` when that is not known."""
    if name not in ("%cd", "%pushd", "%popd"):
        return None
    words = [word.strip("'\"") for word in _WORD.findall(args) if word != "-q"]
    if name == "%cd" and not words:
        return context.home
    if name == "%popd" or len(words) != 1 or words[0].startswith("-"):
        return HOLE
    return context.resolve(words[0])


# Magics of well-known extensions that show, format or measure.
_HARMLESS = frozenset(
    (
        *("autoreload", "watermark", "tensorflow_version", "nb_black", "lab_black", "R", "Rpush", "Rpull", "Rdevice"),
        *("mermaid", "manim", "latex", "markdown", "capture", "memit", "mprun", "lprun", "ipytest", "run_pytest"),
        *("aimport", "shortcuts", "theme", "bigquery_stats", "unittest_main", "plantuml", "tikz", "dot", "cache"),
    )
)


def _environment(args: str, context: Context) -> list[Effect]:
    from jupyter_guard.read.shell.state import Shell

    if not args.strip():
        # Alone it shows all of it.
        tags = ("show",)
        return [context.effect(Kind.CREDENTIAL_READ, "the environment", via="%env", scope=Scope.SESSION, tags=tags)]
    name, _, value = args.strip().partition("=" if "=" in args.partition(" ")[0] else " ")
    shell = Shell(context)
    if value.strip() or args.strip().endswith("="):
        # The shell's own picture of which variables decide what programs load.
        shell.environment(name.strip(), value.strip())
    return shell.effects


def _page(segment: Segment, context: Context) -> list[Effect]:
    script = segment.name in ("%%javascript", "%%js")
    if not script and not _SCRIPT.search(segment.text):
        return []
    tags = ("alters-guarded-state",) if _DRIVES.search(segment.text) else ()
    return [context.effect(Kind.PAGE_SCRIPT, "a script in the page", via=segment.name, scope=Scope.SESSION, tags=tags)]


def _act(act: Act, segment: Segment, context: Context) -> list[Effect]:
    words = _words(segment)
    if any(not _fits(one, segment, words) for one in act.when) or any(_fits(one, segment, words) for one in act.unless):
        return []
    target = _slot(act.target, segment, words) or ""
    effects = []
    for kind in act.kinds:
        certainty = min(act.certainty, context.certainty, key=lambda one: one.rank)
        if kind in _FILES and act.scope is None:
            effects.append(context.file(kind, target, via=segment.name, tags=act.tags, certainty=certainty))
            continue
        scope = act.scope or (Scope.REMOTE if "://" in target else Scope.UNKNOWN)
        tags = act.tags | context.path_tags(target) if "://" not in target else act.tags
        effects.append(
            context.effect(
                kind, target, via=segment.name, scope=scope, tags=tags, reversible=act.reversible, certainty=certainty
            )
        )
    return effects


def _words(segment: Segment) -> list[str]:
    return [word.strip("'\"") for word in _WORD.findall(segment.args) if not word.startswith("-")]


def _fits(condition: Condition, segment: Segment, words: list[str]) -> bool:
    value = _slot(condition.slot, segment, words)
    if condition.state:
        return (value is None) == (condition.state == "missing")
    if value is None:
        return False
    return bool(condition.pattern.search(value)) if condition.pattern is not None else value == condition.equals


def _slot(slot: Slot | None, segment: Segment, words: list[str]) -> str | None:
    if slot is None:
        return None
    if slot.constant is not None:
        return slot.constant
    if slot.word == "args":
        return segment.args
    return words[slot.index] if slot.index is not None and slot.index < len(words) else None


def _known(name: str) -> Entry | None:
    entries = magic_entries()
    entry = entries.get(name) or (entries.get(name[1:]) if name.startswith("%%") else None)
    return entries.get(entry.alias) if entry is not None and entry.alias else entry


@functools.cache
def magic_entries() -> dict[str, Entry]:
    """What the package knows of magics, by name with its percent signs. Raises ``ValueError`` for a mistake there."""
    text = resources.files("jupyter_guard.knowledge").joinpath("magics.toml").read_text(encoding="utf-8")
    entries, problems = parse_entries(tomllib.loads(text), "magics.toml")
    if problems:
        raise ValueError("; ".join(f"{problem.key}: {problem.message}" for problem in problems))
    return entries
