"""A TOML table about a callable, an attribute or a class -> an ``Entry``, or what is wrong with the table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from jupyter_guard.terms import Certainty, Kind, Scope
from jupyter_guard.terms.tags import TAGS

LANGUAGES = ("sql", "shell", "argv", "python")
TAINTS = ("network", "file", "user", "environment", "credential", "model", "database")
_SLOT = re.compile(
    r"(?:arg:(?P<index>\d+)(?:/(?P<name>\w+))?|kw:(?P<kw>\w+)|(?P<word>self|args)|const:(?P<const>.+))\Z"
)


class Problem(msgspec.Struct, frozen=True):
    """A mistake in a table: the key (dotted, from the table's name on) and, in words, what was expected."""

    key: str
    message: str


class Slot(msgspec.Struct, frozen=True):
    """Where a call carries something.

    ``arg:0/path`` is a position with the name under which it may be given too, ``kw:path`` a name only, ``self`` what
    the receiver was made with, ``args`` all positional arguments together, ``const:TEXT`` the text itself.
    """

    index: int | None = None
    name: str = ""
    word: str = ""
    constant: str | None = None

    @classmethod
    def parse(cls, text: str) -> Slot:
        """Raises ``ValueError`` with what was expected."""
        found = _SLOT.match(text)
        if found is None:
            raise ValueError(f"{text!r} is no argument: expected arg:N, arg:N/name, kw:name, self, args or const:TEXT")
        index = found["index"]
        return cls(
            index=None if index is None else int(index),
            name=found["name"] or found["kw"] or "",
            word=found["word"] or "",
            constant=found["const"],
        )


class Condition(msgspec.Struct, frozen=True):
    """What an argument must be: ``equals``, matching ``pattern``, or in the ``state`` missing, unknown or of a type.

    In the state ``type`` the pattern is for the full name of the class that the argument is, or is an object of.
    """

    slot: Slot
    equals: bool | int | float | str | None = None
    pattern: re.Pattern[str] | None = None
    state: str = ""


class Act(msgspec.Struct, frozen=True):
    """One thing that a call does, under its conditions. See ``docs/reference/knowledge.md`` for the fields."""

    kinds: tuple[Kind, ...] = ()
    target: Slot | None = None
    tags: frozenset[str] = frozenset()
    reversible: bool = False
    scope: Scope | None = None
    certainty: Certainty = Certainty.CERTAIN
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    language: str = ""
    text: Slot | None = None
    returns: str = ""
    gives: str = ""
    sink: tuple[Slot, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """What is known of one name. ``acts`` are the table's own act and its variants, in order."""

    name: str
    acts: tuple[Act, ...] = ()
    cleans: bool = False
    calls: tuple[Slot, ...] = ()
    bases: tuple[str, ...] = ()
    alias: str = ""
    example: str = ""
    near: str = ""

    @property
    def returns(self) -> str:
        """The type of the result, where no condition decides it."""
        for act in self.acts:
            if act.returns and not act.when:
                return act.returns
        return ""


class _Act(msgspec.Struct, forbid_unknown_fields=True):
    does: str | list[str] = []
    target: str = ""
    recursive: bool = False
    tags: list[str] = []
    reversible: bool = False
    scope: str = ""
    certainty: str = "certain"
    when: dict[str, bool | int | float | str] = {}
    unless: dict[str, bool | int | float | str] = {}
    reads: str = ""
    returns: str = ""
    gives: str = ""
    sink: list[str] = []


class _Table(_Act, forbid_unknown_fields=True):
    variants: list[dict[str, Any]] = []
    cleans: bool = False
    calls: str | list[str] = []
    bases: list[str] = []
    alias: str = ""
    example: str = ""
    near: str = ""


def parse_entries(table: Mapping[str, Any], source: str) -> tuple[dict[str, Entry], list[Problem]]:
    """All entries of a file's or policy's tables, and everything that is wrong with the others.

    ``source`` names the file for nobody but the reader of a problem; an entry with a problem is left out.
    """
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for name, raw in table.items():
        parsed, wrong = _entry(name, raw)
        problems += [Problem(problem.key, f"{problem.message} (in {source})") for problem in wrong]
        if parsed is not None and not wrong:
            entries[name] = parsed
    return entries, problems


def _entry(name: str, raw: Any) -> tuple[Entry | None, list[Problem]]:
    if not isinstance(raw, Mapping):
        return None, [Problem(name, f'expected a table such as {{ does = "file.delete" }}, not {raw!r}')]
    problems = list(_unknown_keys(name, raw, _Table))
    table = _converted(name, raw, _Table, problems)
    if table is None:
        return None, problems
    acts = [_act(name, table, problems)]
    for number, variant in enumerate(table.variants):
        key = f"{name}.variants[{number}]"
        problems += _unknown_keys(key, variant, _Act)
        converted = _converted(key, variant, _Act, problems)
        if converted is not None:
            acts.append(_act(key, converted, problems))
    calls = [table.calls] if isinstance(table.calls, str) else table.calls
    return (
        Entry(
            name=name,
            acts=tuple(acts),
            cleans=table.cleans,
            calls=tuple(_slot(f"{name}.calls", text, problems) for text in calls),
            bases=tuple(table.bases),
            alias=table.alias,
            example=table.example,
            near=table.near,
        ),
        problems,
    )


def _unknown_keys(name: str, raw: Mapping[str, Any], kind: type[msgspec.Struct]) -> Iterable[Problem]:
    known = kind.__struct_fields__
    for key in raw:
        if key not in known:
            yield Problem(f"{name}.{key}", f"unknown key {key!r}{_nearest(key, known)}")


def _converted(name: str, raw: Mapping[str, Any], kind: type[Any], problems: list[Problem]) -> Any:
    known = {key: value for key, value in raw.items() if key in kind.__struct_fields__}
    try:
        return msgspec.convert(known, kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        problems.append(Problem(name + where.strip("`").removeprefix("$"), message))
        return None


def _act(name: str, table: _Act, problems: list[Problem]) -> Act:
    words = [table.does] if isinstance(table.does, str) else table.does
    language, _, text = table.reads.partition(":")
    if table.reads:
        _member(f"{name}.reads", language, LANGUAGES, problems)
    if table.gives:
        _member(f"{name}.gives", table.gives, TAINTS, problems)
    for tag in table.tags:
        _member(f"{name}.tags", tag, TAGS, problems)
    kinds = [word for word in words if _member(f"{name}.does", word, [*Kind], problems)]
    scope = table.scope and _member(f"{name}.scope", table.scope, [*Scope], problems)
    certain = _member(f"{name}.certainty", table.certainty, [*Certainty], problems)
    return Act(
        kinds=tuple(Kind(word) for word in kinds),
        target=_slot(f"{name}.target", table.target, problems) if table.target else None,
        tags=frozenset(table.tags) | ({"recursive"} if table.recursive else set()),
        reversible=table.reversible,
        scope=Scope(table.scope) if scope else None,
        certainty=Certainty(table.certainty) if certain else Certainty.CERTAIN,
        when=tuple(_conditions(f"{name}.when", table.when, problems)),
        unless=tuple(_conditions(f"{name}.unless", table.unless, problems)),
        language=language,
        text=_slot(f"{name}.reads", text, problems) if table.reads else None,
        returns=table.returns,
        gives=table.gives,
        sink=tuple(_slot(f"{name}.sink", text, problems) for text in table.sink),
    )


def _conditions(
    name: str, wanted: Mapping[str, bool | int | float | str], problems: list[Problem]
) -> Iterable[Condition]:
    for place, value in wanted.items():
        slot = _slot(name, place, problems)
        if value in ("missing", "unknown") and isinstance(value, str):
            yield Condition(slot, state=value)
        elif isinstance(value, str) and value.startswith(("re:", "type:")):
            kind, _, pattern = value.partition(":")
            try:
                yield Condition(slot, pattern=re.compile(pattern), state="type" if kind == "type" else "")
            except re.error as error:
                problems.append(Problem(f"{name}.{place}", f"not a regular expression: {error}"))
        else:
            yield Condition(slot, equals=value)


def _slot(name: str, text: str, problems: list[Problem]) -> Slot:
    try:
        return Slot.parse(text)
    except ValueError as error:
        problems.append(Problem(name, str(error)))
        return Slot()


def _member(name: str, word: str, known: Iterable[str], problems: list[Problem]) -> bool:
    names = [str(one) for one in known]
    if word in names:
        return True
    expected = _nearest(word, names) or f"; expected one of {', '.join(names)}"
    problems.append(Problem(name, f"unknown value {word!r}{expected}"))
    return False


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""
