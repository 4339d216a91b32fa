"""The package's TOML files and a policy's own lines -> one look-up by full dotted name."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from typing import NamedTuple

from jupyter_guard.knowledge.entry import Entry, parse_entries

# Files in the same folder that describe other things than callables; their own readers load them.
_OTHERS = ("places.toml", "magics.toml", "verification.toml")
_SHELL = "shell_"
# A cell asks for the same few hundred names again and again; a hostile one may ask for any number.
_REMEMBERED = 4096


class _Line(NamedTuple):
    """An entry that nobody has asked for yet: a line of one of the package's files."""

    file: str
    text: str

    def parse(self) -> Entry:
        """The entry. Raises ``ValueError`` for a mistake in it."""
        entries, problems = parse_entries(tomllib.loads(self.text), self.file)
        if problems:
            raise ValueError("; ".join(f"{problem.key}: {problem.message}" for problem in problems))
        (entry,) = entries.values()
        return entry


class _Found(dict[str, Entry | None]):
    """What ``look`` found of the names that were asked for last."""

    def __init__(self, look: Callable[[str], Entry | None]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, name: str) -> Entry | None:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[name] = self._look(name)
        return found


class Knowledge:
    """What is known of callables, attributes and classes. Look-ups follow aliases and base classes."""

    def __init__(self, entries: Mapping[str, Entry | _Line]) -> None:
        self._entries = dict(entries)
        # Names are looked up so often that finding one again is a dictionary's work alone.
        self.lookup: Callable[[str], Entry | None] = _Found(self._lookup).__getitem__
        """The entry of a full name, through at most eight aliases and base classes."""
        self.callable: Callable[[str], Entry | None] = _Found(self._callable).__getitem__
        """The entry of a full name; built-in functions go by their own."""
        self._modules = {name.partition(".")[0] for name in entries}
        self._below: dict[str, list[str]] | None = None

    @classmethod
    def builtin(cls) -> Knowledge:
        """What the package ships. An entry is parsed when it is first looked up: a session meets few of them.

        Raises ``ValueError``, then, when one of the package's own files has a mistake.
        """
        return _builtin()

    def extended(self, entries: Mapping[str, Entry]) -> Knowledge:
        """The same, with ``entries`` added or replaced."""
        return Knowledge({**self._entries, **entries}) if entries else self

    def _callable(self, name: str) -> Entry | None:
        if "." in name:
            return self.lookup(name)
        return self.lookup("builtins." + name) or self.lookup(name)

    def _lookup(self, name: str) -> Entry | None:
        if name.partition(".")[0] not in self._modules:
            return None
        for _ in range(8):
            entry = self._entry(name)
            if entry is not None:
                if not entry.alias:
                    return entry
                name = entry.alias
                continue
            renamed = self._renamed(name)
            if renamed is None:
                return None
            name = renamed
        return None

    def _entry(self, name: str) -> Entry | None:
        found = self._entries.get(name)
        if isinstance(found, _Line):
            found = self._entries[name] = found.parse()
        return found

    def knows_module(self, name: str) -> bool:
        """Whether anything at all is known below the top-level module of ``name``."""
        return name.partition(".")[0] in self._modules

    def names(self) -> list[str]:
        """Every name with an entry, sorted."""
        return sorted(self._entries)

    def entries(self) -> list[Entry]:
        """Every entry, parsed."""
        return [entry for name in self._entries if (entry := self._entry(name)) is not None]

    def below(self, module: str) -> list[str]:
        """What a star import from ``module`` may bring: the last part of each known name directly below it."""
        if self._below is None:
            self._below = {}
            for name in self._entries:
                above, _, last = name.rpartition(".")
                self._below.setdefault(above, []).append(last)
        return self._below.get(module, [])

    def _renamed(self, name: str) -> str | None:
        """``name`` with its longest known prefix replaced by that prefix's alias or first base class."""
        prefix = name
        while (dot := prefix.rfind(".")) > 0:
            prefix, rest = name[:dot], name[dot:]
            entry = self._entry(prefix)
            if entry is not None and entry.alias:
                return entry.alias + rest
            if entry is not None:
                for base in entry.bases:
                    if base + rest in self._entries or base in self._entries:
                        return base + rest
        return None


@functools.cache
def _builtin() -> Knowledge:
    entries: dict[str, Entry | _Line] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml") and file.name not in _OTHERS and not file.name.startswith(_SHELL):
            entries |= _lines(file.read_text(encoding="utf-8"), file.name)
    return Knowledge(entries)


def _lines(text: str, file: str) -> dict[str, _Line]:
    """The entries of a file, each on a line of its own. Raises ``ValueError`` for a line that is none."""
    found: dict[str, _Line] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        name, separator, _ = line[1:].partition('" = {')
        if not (line.startswith('"') and separator and line.endswith("}")) or name in found:
            raise ValueError(f"{file}, line {number}: expected one entry, with a name of its own")
        found[name] = _Line(file, line)
    return found
