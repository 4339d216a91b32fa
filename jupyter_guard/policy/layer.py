"""One TOML file -> a layer: its keys, checked, each with its line; or every mistake in it at once."""

from __future__ import annotations

import difflib
import functools
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.knowledge import Entry, parse_entries
from jupyter_guard.policy.fields import FIELDS, PATTERN_FIELDS, RULE_FIELDS, Field
from jupyter_guard.policy.locate import line_of, lines_of_keys
from jupyter_guard.policy.matcher import EXPECTED, matcher
from jupyter_guard.policy.own import ID, ID_SHAPE, OWN_FIELDS, missing, own_rule
from jupyter_guard.policy.tooling import NAME, NAME_SHAPE, TOOL_FIELDS, placed
from jupyter_guard.terms.own import OwnRule

LARGEST = 1 << 20
_RULE = re.compile(rf"JG\d{{3}}\Z|{ID.pattern}")
_KIND = re.compile(r"[a-z0-9][a-z0-9.-]*\Z")


class PolicyProblem(msgspec.Struct, frozen=True):
    """A mistake: file, line (0: the whole file), dotted key and, in words, what was expected."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class PolicyError(ValueError):
    """A policy with mistakes; ``problems`` has all of them."""

    def __init__(self, problems: Iterable[PolicyProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Layer(msgspec.Struct, frozen=True):
    """One file's say.

    ``name`` is ``"personal preset"``, ``site``, ``hub``, ``user`` or ``project``. ``values`` maps dotted keys to
    checked values, ``rules``, ``patterns`` and ``tools`` their entries' keys, ``own`` an organisation's own rules,
    ``lines`` each dotted key to its line.
    """

    name: str
    file: str = ""
    values: dict[str, Any] = {}
    rules: dict[str, dict[str, Any]] = {}
    patterns: dict[str, dict[str, Any]] = {}
    knowledge: dict[str, Entry] = {}
    lines: dict[str, int] = {}
    own: dict[str, OwnRule] = {}
    tools: dict[str, dict[str, Any]] = {}


def preset_names() -> tuple[str, ...]:
    """The presets that the package ships, the mildest first."""
    return ("personal", "team", "locked")


def preset_text(name: str) -> str:
    """A preset's TOML. Raises ``ValueError`` for a name that is none."""
    if name not in preset_names():
        raise ValueError(f"no preset {name!r}; there are {', '.join(preset_names())}")
    return resources.files(__package__).joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")


@functools.cache
def preset_layer(name: str) -> Layer:
    """A preset as the layer below which all others stand."""
    return parse_layer(preset_text(name), f"{name} preset", f"{name} (preset)")


def read_layer(path: Path, name: str, *, owned_by_root: bool = False) -> Layer:
    """A layer from a file; of a ``pyproject.toml`` its table ``tool.jupyter_guard``.

    Raises ``PolicyError`` with every mistake. With ``owned_by_root`` the file must belong to root, be no symbolic link
    and be writable by nobody else.
    """
    try:
        if owned_by_root:
            _check_owner(path)
        if path.stat().st_size > LARGEST:
            raise PolicyError([PolicyProblem(str(path), 0, "", "larger than 1 MiB: this is no policy")])
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError([PolicyProblem(str(path), 0, "", f"not UTF-8: {error}")]) from None
    except OSError as error:
        raise PolicyError([PolicyProblem(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    return parse_layer(text, name, str(path), table=("tool", "jupyter_guard") if path.name == "pyproject.toml" else ())


def _first(text: str, error: tomllib.TOMLDecodeError) -> str:
    """Where a table that stands twice stands first, for people; ``""`` for any other mistake."""
    found = re.match(r"Cannot declare \((.+)\) twice", str(error))
    if not found:
        return ""
    name = ".".join(re.findall(r"'([^']*)'", found[1]))
    lines = enumerate(text.splitlines(), 1)
    first = next((number for number, line in lines if line.partition("#")[0].strip() == f"[{name}]"), 0)
    return f"; [{name}] is there in line {first} already: write its keys below that line" if first else ""


def parse_layer(text: str, name: str, file: str, table: tuple[str, ...] = ()) -> Layer:
    """A layer from TOML text. Raises ``PolicyError`` with every mistake; ``file`` is for the messages."""
    try:
        content: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        problem = PolicyProblem(
            file, int(found[1]) if found else 0, "", f"not valid TOML: {error}{_first(text, error)}"
        )
        raise PolicyError([problem]) from None
    except RecursionError:
        raise PolicyError([PolicyProblem(file, 0, "", "not valid TOML: nested too deeply")]) from None
    for part in table:
        content = content.get(part, {}) if isinstance(content, Mapping) else {}
    reader = _Reader(file, lines_of_keys(text), table)
    layer = reader.layer(name, content)
    if reader.problems:
        # Otherwise a matcher is made where it is used: that loads libcst, which the kernel's wrapper does without.
        reader.check_matchers(content)
        raise PolicyError(sorted(reader.problems, key=lambda problem: problem.line))
    return layer


def _check_owner(path: Path) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise PolicyError([PolicyProblem(str(path), 0, "", "a symbolic link: the site's policy must be the file")])
    if found.st_uid != 0:
        raise PolicyError([PolicyProblem(str(path), 0, "", f"belongs to uid {found.st_uid}: it must belong to root")])
    if found.st_mode & 0o022:
        message = "others may write it: take that right away (chmod go-w)"
        raise PolicyError([PolicyProblem(str(path), 0, "", message)])


class _Reader:
    def __init__(self, file: str, lines: dict[tuple[str, ...], int], table: tuple[str, ...]) -> None:
        self.file = file
        self.problems: list[PolicyProblem] = []
        self._lines = lines
        self._table = table

    def layer(self, name: str, content: Any) -> Layer:
        values: dict[str, Any] = {}
        rules: dict[str, dict[str, Any]] = {}
        patterns: dict[str, dict[str, Any]] = {}
        knowledge: dict[str, Entry] = {}
        own: dict[str, OwnRule] = {}
        tools: dict[str, dict[str, Any]] = {}
        for path, value in _leaves(content):
            key = ".".join(path)
            if key in FIELDS:
                self._keep(values, key, path, value, FIELDS[key])
            elif path == ("rules",):
                rules = self._named(path, value, RULE_FIELDS, _RULE, 'a rule such as "JG301"')
            elif path == ("scrub", "patterns"):
                patterns = self._named(
                    path, value, PATTERN_FIELDS, _KIND, "a name of lower-case letters, digits, dots and dashes"
                )
                self._check_patterns(patterns, value)
            elif path == ("own",):
                own = self._own(path, value)
            elif path == ("tool",):
                tools = self._named(path, value, TOOL_FIELDS, NAME, NAME_SHAPE)
            elif path == ("knowledge",):
                knowledge = self._knowledge(value)
            else:
                self._unknown(path, [*FIELDS, "rules", "own", "tool", "knowledge", "scrub.patterns"])
        # A person's own may be empty. An administrator's that is was cut off, or is being written at this moment.
        if (content or name in ("site", "hub")) and "version" not in content and not self._table:
            self._problem(("version",), 'missing: the first line should be "version = 1"')
        lines = {".".join(path): number for path, number in self._lines.items()}
        values = placed(values, self.file)
        return Layer(name, self.file, values, rules, patterns, knowledge, lines, own, tools)

    def _keep(self, into: dict[str, Any], key: str, path: tuple[str, ...], value: Any, field: Field) -> None:
        try:
            into[key] = field.check(value)
        except ValueError as error:
            hint = ""
            if isinstance(value, str):
                near = difflib.get_close_matches(value, re.findall(r'"(\w+)"', str(error)), 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
            self._problem(path, f"expected {error}, not {_shown(value)}{hint}")

    def _named(
        self, path: tuple[str, ...], value: Any, fields: Mapping[str, Field], name_shape: re.Pattern[str], what: str
    ) -> dict[str, dict[str, Any]]:
        named: dict[str, dict[str, Any]] = {}
        if not isinstance(value, Mapping):
            self._problem(path, f"expected a table, not {_shown(value)}")
            return named
        for name, table in value.items():
            place = (*path, name)
            if not name_shape.match(name):
                self._problem(place, f"expected {what}")
            elif not isinstance(table, Mapping):
                self._problem(place, f"expected a table with {', '.join(fields)}, not {_shown(table)}")
            else:
                kept: dict[str, Any] = {}
                for key, one in table.items():
                    if key in fields:
                        self._keep(kept, key, (*place, key), one, fields[key])
                    else:
                        self._unknown((*place, key), [".".join((*place, field)) for field in fields])
                named[name] = kept
        return named

    def _own(self, path: tuple[str, ...], value: Any) -> dict[str, OwnRule]:
        before = len(self.problems)
        tables = self._named(path, value, OWN_FIELDS, ID, ID_SHAPE)
        for name, table in tables.items():
            lacks = missing({**value[name], **table})
            if lacks:
                self._problem((*path, name), f"expected {lacks}")
        return {name: own_rule(name, table) for name, table in tables.items()} if len(self.problems) == before else {}

    def check_matchers(self, content: Any) -> None:
        """Adds the problems of the rules' matchers."""
        own = content.get("own") if isinstance(content, Mapping) else None
        for name, table in own.items() if isinstance(own, Mapping) else ():
            text = table.get("match") if isinstance(table, Mapping) else None
            if isinstance(text, str) and text.strip() and ID.match(name):
                try:
                    matcher(text)
                except ValueError as error:
                    self._problem(("own", name, "match"), f"{EXPECTED}: {error}")

    def _check_patterns(self, patterns: dict[str, dict[str, Any]], value: Mapping[str, Any]) -> None:
        for name, table in patterns.items():
            missing = [key for key in ("keywords", "shape") if key not in table and key not in value.get(name, {})]
            if missing:
                self._problem(("scrub", "patterns", name), f"expected {' and '.join(missing)}")

    def _knowledge(self, value: Any) -> dict[str, Entry]:
        if not isinstance(value, Mapping):
            self._problem(("knowledge",), f"expected a table, not {_shown(value)}")
            return {}
        entries, problems = parse_entries(value, Path(self.file).name)
        for problem in problems:
            named = next((name for name in value if problem.key.startswith(name)), problem.key)
            rest = problem.key[len(named) :].strip(".").split("[")[0].split(".")
            self._problem(("knowledge", named, *[part for part in rest if part]), problem.message)
        return entries

    def _unknown(self, path: tuple[str, ...], known: Sequence[str]) -> None:
        # A misspelt table is like a table, not like one of the keys in it.
        names = dict.fromkeys(".".join(one.split(".")[: len(path)]) for one in known)
        near = difflib.get_close_matches(".".join(path), [*names, *known], 1, cutoff=0.7)
        hint = f"; did you mean {near[0]!r}?" if near else "; jupyter guard policy explain lists the keys"
        self._problem(path, f"unknown key{hint}")

    def _problem(self, path: tuple[str, ...], message: str) -> None:
        line = line_of(self._lines, (*self._table, *path))
        self.problems.append(PolicyProblem(self.file, line, ".".join(path), message))


def _leaves(content: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], Any]]:
    """The keys of the fixed tables, and whole tables whose keys are free or that should be no tables."""
    for key, value in content.items():
        here = (*path, key)
        known_table = any(field.startswith(".".join(here) + ".") for field in FIELDS)
        if isinstance(value, Mapping) and known_table and here != ("rules",):
            yield from _leaves(value, here)
        else:
            yield here, value


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
