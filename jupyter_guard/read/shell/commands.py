"""``knowledge/shell_*.toml`` -> what each command does with which of its words."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec

from jupyter_guard.terms import Certainty, Kind, Scope
from jupyter_guard.terms.tags import TAGS


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a flag adds: tags (and a scope) to the command's own effects, or with ``does`` an effect more.

    With ``instead`` that effect takes the place of the command's own.
    """

    does: str = ""
    target: str = ""
    tags: tuple[str, ...] = ()
    scope: str = ""
    certainty: str = ""
    unless: str = ""
    reads: str = ""
    instead: bool = False


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry ``["sh:name"]`` or ``["sh:name sub"]``.

    Words are chosen by *pickers*: ``operands``, ``operand:0``, ``operands:1`` (from the second on), ``last``,
    ``but-last``, ``flag:-o|--output``, ``at:-d`` (the file in ``-d @file``), ``after:--``, ``const:text``,
    ``rest`` (all words as written), ``joined:SEP`` (the first operand and each further one: ``host:80``);
    `` or `` between two is a second choice. Flags are named as on the command line, alternatives by ``|``;
    ``-X=re:^DEL`` also looks at the value.

    ``does`` kinds; ``target`` picker of what is touched; ``values`` flags that take a value; ``flags`` what a flag
    changes; ``also`` effects more, keyed by flags or by ``re:`` on the whole command; ``needs`` the effect happens only
    with one of these, ``unless`` only without; ``wraps`` picker of a command that it runs, after ``skip`` words;
    ``reads`` ``language:picker`` of texts in another language (``shell``, ``python``, ``sql``, ``other``); ``script``
    picker of a file that is executed; ``stdin`` the language in which it runs what it is fed when no script is given;
    ``database`` and ``host`` pickers of where its SQL goes (without a ``host`` the database is a file);
    ``decodes`` how it changes the text that flows through; ``gives`` the source of its output; ``passes`` the text fed
    to it comes out again; ``same`` is another entry; ``command`` another command that it is, given the same words;
    ``quiet`` it does nothing worth telling.
    """

    does: str | tuple[str, ...] = ()
    target: str = ""
    tags: tuple[str, ...] = ()
    scope: str = ""
    certainty: str = ""
    reversible: bool = False
    values: str = ""
    flags: dict[str, Change] = {}
    also: dict[str, Change] = {}
    needs: str = ""
    unless: str = ""
    wraps: str = ""
    skip: int = 0
    reads: str | tuple[str, ...] = ()
    script: str = ""
    stdin: str = ""
    decodes: str = ""
    gives: str = ""
    passes: bool = True
    same: str = ""
    command: str = ""
    quiet: bool = False
    database: str = ""
    host: str = ""
    example: str = ""
    near: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """``does`` as a tuple."""
        return (self.does,) if isinstance(self.does, str) else self.does

    @property
    def texts(self) -> tuple[str, ...]:
        """``reads`` as a tuple."""
        return (self.reads,) if isinstance(self.reads, str) else self.reads


class CommandProblem(msgspec.Struct, frozen=True):
    """A mistake in a knowledge file: where, and what was expected."""

    source: str
    key: str
    message: str


class Commands(msgspec.Struct, frozen=True):
    """All known commands; ``patterns`` are those with ``*`` in a subcommand, by program."""

    table: dict[str, Command]
    patterns: dict[str, tuple[tuple[str, Command], ...]]
    parents: frozenset[str]

    def find(self, name: str, operands: list[str]) -> tuple[str, Command, int] | None:
        """The entry for ``name`` with its subcommand words: full name, entry, how many operands it used."""
        if name in self.parents:
            for length in range(min(len(operands), 4), 0, -1):
                full = f"{name} {' '.join(operands[:length])}"
                entry = self.table.get(full)
                if entry is not None:
                    return full, entry, length
            for pattern, entry in self.patterns.get(name, ()):
                for length in range(1, min(len(operands), 6) + 1):
                    if fnmatch.fnmatchcase(f"{name} {' '.join(operands[:length])}", pattern):
                        return f"{name} {' '.join(operands[:length])}", entry, length
        entry = self.table.get(name)
        return None if entry is None else (name, entry, 0)


_PICKER = re.compile(
    r"(?:(?:operands(:\d+)?|operand:\d+|last|but-last|(?:flag|at|after):\S+|const:.*?|rest|joined:\S)(?: or |$))+"
)
_LANGUAGES = ("shell", "python", "sql", "other")
_DECODERS = ("base64", "base32", "hex", "gzip", "bzip2", "rot13", "reverse", "url", "unknown")


def parse_commands(table: Mapping[str, Any], source: str) -> tuple[dict[str, Command], list[CommandProblem]]:
    """Entries by name without ``sh:``, and every mistake (key, kind, tag, picker) with the nearest valid name."""
    entries: dict[str, Command] = {}
    problems: list[CommandProblem] = []
    for name, body in table.items():
        if not name.startswith("sh:"):
            problems.append(CommandProblem(source, name, "a shell command's name starts with 'sh:'"))
            continue
        found = _mistakes(name, body, source)
        problems += found
        if not found:
            try:
                entries[name[3:]] = msgspec.convert(body, Command)
            except msgspec.ValidationError as error:
                problems.append(CommandProblem(source, name, str(error)))
    return entries, problems


def _mistakes(name: str, body: Any, source: str) -> list[CommandProblem]:
    if not isinstance(body, dict):
        return [CommandProblem(source, name, "expected a table")]
    out = [
        CommandProblem(source, f"{name}.{key}", f"unknown key{_nearest(key, Command.__struct_fields__)}")
        for key in body
        if key not in Command.__struct_fields__
    ]
    changes: list[tuple[str, Any, type[msgspec.Struct]]] = [(name, body, Command)]
    for group in ("flags", "also"):
        if isinstance(body.get(group), dict):
            changes += [(f"{name}.{group}.{key}", change, Change) for key, change in body[group].items()]
    for key, change, struct in changes:
        if not isinstance(change, dict):
            out.append(CommandProblem(source, key, "expected a table"))
            continue
        if struct is Change:
            out += [
                CommandProblem(source, f"{key}.{one}", f"unknown key{_nearest(one, Change.__struct_fields__)}")
                for one in change
                if one not in Change.__struct_fields__
            ]
        kinds = change.get("does", ())
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind not in list(Kind):
                out.append(CommandProblem(source, f"{key}.does", f"no such kind {kind!r}{_nearest(kind, list(Kind))}"))
        for tag in change.get("tags", ()):
            if tag not in TAGS:
                out.append(CommandProblem(source, f"{key}.tags", f"no such tag {tag!r}{_nearest(tag, TAGS)}"))
        for field, values in (("scope", list(Scope)), ("certainty", list(Certainty))):
            if change.get(field, values[0]) not in values:
                out.append(CommandProblem(source, f"{key}.{field}", f"expected one of {', '.join(values)}"))
        for field in ("target", "wraps", "script", "database", "host"):
            if change.get(field) and not _PICKER.fullmatch(str(change[field])):
                out.append(CommandProblem(source, f"{key}.{field}", f"no such picker {change[field]!r}"))
        texts = change.get("reads", ())
        for text in [texts] if isinstance(texts, str) else texts:
            language, _, picker = text.partition(":")
            if text and (language not in _LANGUAGES or not _PICKER.fullmatch(picker)):
                out.append(CommandProblem(source, f"{key}.reads", f"expected language:picker, found {text!r}"))
    if body.get("stdin", "shell") not in _LANGUAGES:
        out.append(CommandProblem(source, f"{name}.stdin", f"expected one of {', '.join(_LANGUAGES)}"))
    if body.get("decodes", "base64") not in _DECODERS:
        out.append(CommandProblem(source, f"{name}.decodes", f"expected one of {', '.join(_DECODERS)}"))
    return out


def _nearest(word: str, names: Any) -> str:
    close = difflib.get_close_matches(word, list(names), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


class KnowledgeError(ValueError):
    """A shipped knowledge file has mistakes; all of them are in the message."""


@functools.cache
def builtin_commands() -> Commands:
    """The shipped commands. Raises ``KnowledgeError`` when a file has mistakes (a test reads them all)."""
    entries: dict[str, Command] = {}
    problems: list[CommandProblem] = []
    for file in sorted(resources.files("jupyter_guard.knowledge").iterdir(), key=lambda one: one.name):
        if file.name.startswith("shell_") and file.name.endswith(".toml"):
            found, wrong = parse_commands(tomllib.loads(file.read_text(encoding="utf-8")), file.name)
            problems += [
                CommandProblem(file.name, f"sh:{name}", "described twice") for name in found if name in entries
            ]
            problems += wrong
            entries.update(found)
    for name, entry in entries.items():
        if entry.same and entry.same not in entries:
            problems.append(CommandProblem("shell", f"sh:{name}.same", f"no such command {entry.same!r}"))
    if problems:
        raise KnowledgeError("; ".join(f"{one.source}: {one.key}: {one.message}" for one in problems))
    return index(entries)


def index(entries: Mapping[str, Command]) -> Commands:
    """Entries made ready for look-up. A program that is the same as another has that one's subcommands too."""
    table = {name: entries[entry.same] if entry.same else entry for name, entry in entries.items()}
    for name, entry in entries.items():
        if entry.same and " " not in name:
            for other in [one for one in entries if one.startswith(f"{entry.same} ")]:
                table.setdefault(f"{name} {other.partition(' ')[2]}", table[other])
    patterns: dict[str, list[tuple[str, Command]]] = {}
    for name, entry in table.items():
        if "*" in name:
            patterns.setdefault(name.split(" ")[0], []).append((name, entry))
    return Commands(
        {name: entry for name, entry in table.items() if "*" not in name},
        {name: tuple(found) for name, found in patterns.items()},
        frozenset(name.split(" ")[0] for name in table if " " in name),
    )
