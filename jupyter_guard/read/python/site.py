"""One call -> its arguments by the slots that the knowledge names, and whether its conditions hold."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_guard.knowledge import Condition, Slot
from jupyter_guard.read.python.classes import library_bases
from jupyter_guard.read.python.fold import path_texts, shown
from jupyter_guard.read.python.values import (
    ANYTHING,
    Class,
    Const,
    Func,
    Inst,
    Map,
    Name,
    Obj,
    Seq,
    Unknown,
    Value,
    derived,
    join,
    partial,
)


class Site:
    """One call: the full name that is called, its arguments, and what the receiver was made with.

    ``open`` says that further arguments are given that the reader does not see (``*args``, ``**kwargs``); ``printed``
    is what a command that the call runs gives away.
    """

    __slots__ = ("args", "kwargs", "marks", "name", "node", "open", "origin", "owner", "printed")

    def __init__(
        self,
        name: str,
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST | None,
        *,
        owner: Value | None = None,
        open_: bool = False,
        callee: Value = ANYTHING,
    ) -> None:
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.node = node
        self.owner = owner
        self.open = open_
        self.marks = callee.marks
        self.origin = callee.origin
        self.printed: frozenset[str] = frozenset()

    def take(self, slot: Slot) -> Value | None:
        """The argument in ``slot``; ``None`` when it is not given."""
        if slot.index is not None and slot.index < len(self.args) and not slot.word and slot.constant is None:
            return self.args[slot.index]
        if slot.constant is not None:
            return Value((Const(slot.constant),))
        if slot.word == "self":
            return self.made()
        if slot.word == "args":
            return Value((Seq(self.args),))
        if slot.index is not None and slot.index < len(self.args):
            return self.args[slot.index]
        return self.kwargs.get(slot.name) if slot.name else None

    def made(self) -> Value:
        """What the receiver was made with."""
        if self.owner is None:
            return ANYTHING
        found = [atom.made for atom in self.owner.atoms if type(atom) is Inst and atom.made is not None]
        found += [
            Value((Const(atom.path),)) for atom in self.owner.atoms if type(atom) is Unknown and atom.path[:1].isalpha()
        ]
        return join(found).marked(self.owner.marks) if found else derived(self.owner)


def arg(site: Site, index: int, name: str = "") -> Value:
    """An argument, or ``ANYTHING`` when it is not given."""
    if index < len(site.args):
        return site.args[index]
    return site.kwargs.get(name, ANYTHING)


def holds(site: Site, condition: Condition) -> bool:
    """Whether an argument is what a condition asks for."""
    value = site.take(condition.slot)
    if value is None:
        if condition.state == "missing":
            return not site.open
        return condition.state == "unknown" and site.open
    if condition.state == "missing":
        return False
    if condition.state == "unknown":
        return not value.atoms or any(
            partial(atom.value)
            if type(atom) is Const
            else type(atom) not in (Name, Seq, Map, Func, Class, Obj) or (type(atom) is Name and atom.owner is not None)
            for atom in value.atoms
        )
    for atom in value.atoms:
        if type(atom) is Class:
            # A class of the session is to its caller what the library classes are that it is built on, all of them.
            text: str | None = " ".join(library_bases(atom)) or None
        else:
            text = (_class_name(atom) or "") if condition.state == "type" else described(atom)
        if condition.pattern is not None:
            if text is not None and condition.pattern.search(text):
                return True
        elif type(atom) is Const:
            wanted = condition.equals
            if atom.value == wanted and isinstance(atom.value, bool) == isinstance(wanted, bool):
                return True
        elif text is not None and text == condition.equals:
            return True
    return False


def _class_name(atom: Any) -> str | None:
    return atom.dotted if type(atom) is Name else atom.type if type(atom) is Inst else None


def described(atom: Any, depth: int = 0) -> str | None:
    """The text of an argument that patterns are searched in; ``None`` for what has none."""
    if type(atom) is Const:
        return shown(atom.value)
    if type(atom) is Name:
        return str(atom.dotted)
    if type(atom) is Inst and (atom.made is not None or atom.attrs):
        held = [one.only() for one in (atom.attrs or {}).values()]
        set_later = [one.value for one in held if one is not None and isinstance(one.value, str)]
        return " ".join([*(path_texts(atom.made) if atom.made is not None else ()), *set_later])
    if depth > 4:
        return ""
    if type(atom) is Map:
        inner = ", ".join(f"{key}: {_described(value, depth)}" for key, value in atom.items.items())
        return "{" + inner + (", …" if atom.rest is not None else "") + "}"
    if type(atom) is Seq:
        return "[" + ", ".join(_described(value, depth) for value in atom.items) + "]"
    return None


def _described(value: Value, depth: int) -> str:
    return "|".join(described(atom, depth + 1) or "…" for atom in value.atoms) or "…"
