"""The tables ``[tool.NAME]`` of a policy: what an approved tool is granted beyond code, its limits and who is asked.

A grant here is the policy's word and never the tool's own. What no layer says of a tool is as for code: its grants are
those of ``[isolation]``, its limits what it declares itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from jupyter_guard.policy.checks import size
from jupyter_guard.policy.fields import FIELDS, Field

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
NAME_SHAPE: Final = "a tool's name: a lower-case letter, then letters, digits and underscores"
GRANTS: Final = ("read", "write", "hosts", "env")
ASK: Final = "ask"
_CONDITION: Final = re.compile(
    r"(?P<argument>[A-Za-z_]\w*)\s*(?P<relation>>=|<=|==|!=|>|<)\s*(?P<value>-?\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\")\Z"
)
APPROVE_SHAPE: Final = '"never", "ask", or conditions on arguments such as "amount > 100"'


class Condition(msgspec.Struct, frozen=True):
    """``argument`` compared with ``value``: somebody is asked where that holds."""

    argument: str
    relation: str
    value: float | str


def condition(text: str) -> Condition:
    """``"amount > 100"`` or ``"region == 'eu'"`` taken apart. Raises ``ValueError`` with what was expected."""
    found = _CONDITION.match(text.strip())
    if found is None:
        raise ValueError(APPROVE_SHAPE)
    value = found["value"]
    is_text = value[0] in "'\""
    if is_text and found["relation"] not in ("==", "!="):
        raise ValueError("conditions in which a text is compared by == or !=")
    return Condition(found["argument"], found["relation"], value[1:-1] if is_text else float(value))


def approve(value: Any) -> tuple[str, ...]:
    """When somebody is asked: nothing for never, ``("ask",)`` for always, else conditions, any of which asks."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(one, str) and one for one in words):
        raise ValueError(APPROVE_SHAPE)
    if list(words) == ["never"]:
        return ()
    for one in words:
        if one != ASK:
            condition(one)
    return (ASK,) if ASK in words else tuple(sorted(set(words)))


def _asked_by_either(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return (ASK,) if ASK in (*old, *new) else tuple(sorted({*old, *new}))


def _as(name: str, key: str, meaning: str) -> Field:
    """A key that holds what ``key`` does, and joins as that does."""
    return msgspec.structs.replace(FIELDS[key], key=name, meaning=meaning)


TOOL_FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in [
        _as("read", "isolation.read", "readable for the tool, in place of `isolation.read`"),
        _as("write", "isolation.write", "writable for the tool, in place of `isolation.write`"),
        _as("hosts", "isolation.hosts", "reachable for the tool, in place of `isolation.hosts`"),
        _as("env", "isolation.env", "variables that the tool receives, in place of `isolation.env`"),
        Field("approve", APPROVE_SHAPE, "when somebody is asked, beside what the tool says", approve, _asked_by_either),
        _as("seconds", "limits.cell_seconds", "how long a call may take, where the tool declares more"),
        _as("result", "limits.output", "how large a result may be, where the tool declares more"),
        Field(
            "memory", "a size", "of its process, where the tool declares more", size, FIELDS["limits.output"].tighten
        ),
    ]
}


class ToolSetting(msgspec.Struct, frozen=True):
    """What the layers say of one tool.

    ``values`` are its keys; those of ``narrowed`` were said only by layers that may not widen anything, so that they
    count within ``[isolation]``.
    """

    values: dict[str, Any] = {}
    narrowed: frozenset[str] = frozenset()


def with_table(old: ToolSetting, table: Mapping[str, Any], bounded: Collection[str]) -> ToolSetting:
    """``table`` of the next layer below taken in; its ``bounded`` keys may not go beyond ``[isolation]``."""
    values, narrowed = dict(old.values), set(old.narrowed)
    for key, value in table.items():
        if key in values:
            values[key] = TOOL_FIELDS[key].tighten(values[key], value)
        else:
            values[key] = value
            if key in bounded:
                narrowed.add(key)
    return ToolSetting(values, frozenset(narrowed))


class ToolGrants(msgspec.Struct, frozen=True):
    """What a tool may reach, by entries as in ``[isolation]``; limits and approvals of the policy's, ``None``: none."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    hosts: tuple[str, ...]
    env: tuple[str, ...]
    approve: tuple[str, ...] = ()
    seconds: int | None = None
    result: int | None = None
    memory: int | None = None
    own: bool = False
    """Whether it has grants of its own: then its file must be one that cells cannot write."""


def granted(setting: ToolSetting, isolation: Mapping[str, tuple[str, ...]]) -> ToolGrants:
    """The grants of a tool; ``isolation`` are those of code, by the same keys."""
    values: dict[str, Any] = dict(isolation)
    for key in GRANTS:
        if key in setting.values:
            found = setting.values[key]
            values[key] = TOOL_FIELDS[key].tighten(isolation[key], found) if key in setting.narrowed else found
    rest = {key: setting.values[key] for key in setting.values if key not in GRANTS}
    return ToolGrants(**values, **rest, own=values != dict(isolation))


def placed(values: dict[str, Any], file: str) -> dict[str, Any]:
    """``tools.sources`` with files by their whole paths, from the folder of the policy that names them."""
    if "tools.sources" not in values:
        return values
    folder = Path(file).parent.absolute()
    sources = [
        os.path.normpath(folder / Path(one).expanduser()) if one.endswith(".py") else one
        for one in values["tools.sources"]
    ]
    return {**values, "tools.sources": tuple(sorted(sources))}
