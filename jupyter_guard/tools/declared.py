"""A Python function -> a tool that it declares: its arguments' schema, its effects and limits, and who is asked.

Schemas and validation are msgspec's: it is loaded in every process of the guard already, checks strictly and says where
what is wrong; pydantic would add a tenth of a second to the start of each call and says no more. A declaration is the
tool's word: what it may reach is the policy's (``policy.tooling``), and a declaration only ever narrows that.
"""

from __future__ import annotations

import copy
import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, ParamSpec, TypeVar, overload

import msgspec

from jupyter_guard.policy.checks import size
from jupyter_guard.policy.tooling import ASK, NAME, NAME_SHAPE, condition
from jupyter_guard.policy.tooling import approve as approvals
from jupyter_guard.terms import Kind
from jupyter_guard.tools.errors import ToolArgumentsError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

SECONDS: Final = 60
RESULT: Final = 2**20
MEMORY: Final = 2**30
# What a caller waits for, and what goes through the wrapper, has an end.
MOST_SECONDS: Final = 24 * 3600
MOST_RESULT: Final = 16 * 2**20
# What the room itself is called by: `tools.registry` is no tool.
RESERVED: Final = frozenset(
    (
        "boxing",
        "declared",
        "errors",
        "process",
        "recorder",
        "recording",
        "registry",
        "running",
        "sources",
        "tool",
        "watching",
    )
)
# Nobody is asked about a tool that says it only looks, unless it or the policy wants so.
_UNCHANGING: Final = (bool, int, float, str, bytes, tuple, frozenset)
_HARMLESS: Final = frozenset((Kind.FILE_READ,))
_NO_EFFECTS: Final = frozenset((Kind.UNREAD, Kind.GUARD_TAMPER, Kind.PAGE_SCRIPT))


class Effects(msgspec.Struct, frozen=True):
    """One effect that a tool declares: its kind, and in words on what (``""``: not said)."""

    kind: str
    target: str = ""


class Description(msgspec.Struct, frozen=True):
    """What a tool says of itself. ``schema`` and ``returns`` are JSON schemas, ``approve`` as the policy's key of that
    name; ``source`` is where it was found, ``file`` its module's file.
    """

    name: str
    text: str
    schema: dict[str, Any]
    returns: dict[str, Any] | None
    effects: tuple[Effects, ...]
    approve: tuple[str, ...]
    seconds: int = SECONDS
    result: int = RESULT
    memory: int = MEMORY
    signature: str = "()"
    source: str = ""
    file: str = ""


class Declared(Generic[_Given, _Result]):
    """A declared tool: called as the function, its arguments and its result are checked.

    Calling it is no approved call: it runs here, as any function does. A cell calls it as ``tools.NAME(...)``.
    """

    def __init__(self, function: Callable[_Given, _Result], description: Description, arguments: type, gives: Any):
        self._function, self._arguments, self._gives = function, arguments, gives
        self.description = description
        self.__name__, self.__doc__ = description.name, function.__doc__
        self.__module__, self.__wrapped__ = function.__module__, function

    def __call__(self, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        """Run it here. Raises ``ToolArgumentsError`` for arguments of other types than declared."""
        try:
            given = dict(inspect.signature(self._function).bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise ToolArgumentsError(f"{self.description.name}(): {error}") from None
        return self._function(**self.checked(given))  # type: ignore[call-arg]

    def __repr__(self) -> str:
        return f"<tool {self.description.name}{self.description.signature}>"

    def checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function takes them, from JSON values. Raises ``ToolArgumentsError``."""
        name = self.description.name
        try:
            found: Any = msgspec.convert(dict(arguments), self._arguments, strict=True)
        except msgspec.ValidationError as error:
            raise ToolArgumentsError(f"{name}{self.description.signature}: {_plain(error)}") from None
        return {one: getattr(found, one) for one in _names(self._arguments)}

    def result(self, value: Any) -> bytes:
        """Its result as JSON. Raises ``TypeError`` where that is none, or of another type than declared, and
        ``OverflowError`` where it is surely larger than declared: that is seen before it is written out.
        """
        if _is_larger(value, self.description.result):
            raise OverflowError
        try:
            plain = msgspec.to_builtins(value, str_keys=True)
            if self._gives is not inspect.Parameter.empty:
                msgspec.convert(plain, self._gives, strict=True)
            return msgspec.json.encode(plain)
        except msgspec.ValidationError as error:
            raise TypeError(f"its result is not what it declares: {_plain(error)}") from None
        except (TypeError, ValueError) as error:
            raise TypeError(f"its result is no plain value ({error}): return texts, numbers, lists, dicts") from None


@overload
def tool(function: Callable[_Given, _Result], /) -> Declared[_Given, _Result]: ...
@overload
def tool(
    *,
    name: str = ...,
    effects: Iterable[str] = ...,
    approve: str | Iterable[str] | None = ...,
    seconds: int = ...,
    result: int | str = ...,
    memory: int | str = ...,
) -> Callable[[Callable[_Given, _Result]], Declared[_Given, _Result]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    effects: Iterable[str] = (),
    approve: str | Iterable[str] | None = None,
    seconds: int = SECONDS,
    result: int | str = RESULT,
    memory: int | str = MEMORY,
) -> Any:
    """Declare a function as a tool that a policy can approve.

    Every parameter is annotated with a type that JSON can carry (and that ``msgspec`` knows: ``int``, ``str``,
    ``list[str]``, ``Literal["a", "b"]``, ``Annotated[int, msgspec.Meta(ge=1)]``, a dataclass ...); the docstring's
    first paragraph says what it does. ``effects`` are kinds of effect, each with its target where that is fixed:
    ``"file.delete exports/"``. ``approve`` is ``"never"``, ``"ask"`` or conditions on arguments that ask
    (``"amount > 100"``); left out, a tool that declares an effect other than ``file.read`` asks. ``seconds`` is how
    long a call may take, ``result`` how large its JSON may be, ``memory`` what its process may use, as ``"1 MiB"``.

    Raises ``TypeError`` for a function that cannot be a tool and ``ValueError`` for an option that cannot be, when it
    is declared: a tool that is wrong is not found out by its first caller.
    """

    def declare(one: Callable[..., Any]) -> Declared[..., Any]:
        called = name or one.__name__
        if not NAME.match(called) or called in RESERVED:
            reserved = f"; {called!r} is a name of the guard's own" if called in RESERVED else ""
            raise ValueError(f"expected {NAME_SHAPE}, not {called!r}{reserved}")
        arguments, gives, signature = _arguments(one, called)
        schema = _schema(arguments, called, "its parameters")
        declared = tuple(_effect(text) for text in _listed(effects))
        asks = _approve(approve, declared, arguments)
        returned = None if gives is inspect.Parameter.empty else _schema(gives, called, "its result")
        return Declared(
            one,
            Description(
                name=called,
                text=_first_paragraph(one.__doc__ or ""),
                schema=schema,
                returns=returned,
                effects=declared,
                approve=asks,
                seconds=_bounded("seconds", seconds, MOST_SECONDS),
                result=_bounded("result", size(result), MOST_RESULT),
                memory=size(memory),
                signature=signature,
            ),
            arguments,
            gives,
        )

    return declare if function is None else declare(function)


def _arguments(function: Callable[..., Any], name: str) -> tuple[type, Any, str]:
    """A struct with the parameters as its fields, the type of the result, and the signature as people read it."""
    if (
        not inspect.isfunction(function)
        or inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
    ):
        raise TypeError(f"the tool {name!r} must be a plain function, neither async nor a generator")
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise TypeError(f"the types of the tool {name!r} cannot be told: {error}") from None
    signature = inspect.signature(function)
    fields: list[Any] = []
    for one in signature.parameters.values():
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY):
            raise TypeError(f"the tool {name!r} takes `{one}`: its parameters need names that a caller can give")
        if one.name not in hints:
            raise TypeError(f"the parameter {one.name!r} of the tool {name!r} has no type: write `{one.name}: str`")
        kind = hints[one.name]
        if one.default is one.empty:
            fields.append((one.name, kind))
        elif one.default is None or isinstance(one.default, _UNCHANGING):
            fields.append((one.name, kind, one.default))
        else:
            # Its own for each call, as nobody expects of a function, and everybody of a tool.
            own = functools.partial(copy.deepcopy, one.default)
            fields.append((one.name, kind, msgspec.field(default_factory=own)))
    made = msgspec.defstruct(f"{name}_arguments", fields, kw_only=True, forbid_unknown_fields=True)
    for one in signature.parameters.values():
        if one.default is not one.empty:
            try:
                msgspec.convert(msgspec.to_builtins(one.default), hints[one.name])
            except (msgspec.ValidationError, TypeError) as error:
                raise TypeError(
                    f"the default of {one.name!r} of the tool {name!r} is of another type: {error}"
                ) from None
    shown = ", ".join(_parameter(one, hints[one.name]) for one in signature.parameters.values())
    return made, hints.get("return", inspect.Parameter.empty), f"({shown})"


def _parameter(one: inspect.Parameter, kind: Any) -> str:
    """A parameter as people read it: what constrains its type stands in the schema."""
    kind = kind.__origin__ if typing.get_origin(kind) is typing.Annotated else kind
    shown = f"{one.name}: {inspect.formatannotation(kind)}"
    return shown if one.default is one.empty else f"{shown} = {one.default!r}"


def _schema(kind: Any, name: str, what: str) -> dict[str, Any]:
    """The JSON schema of a type; an object's own stands at the top, as callers want it."""
    try:
        schema = dict(msgspec.json.schema(kind))
    except TypeError as error:
        raise TypeError(f"the tool {name!r}: {what} cannot be told in JSON: {str(error).splitlines()[-1]}") from None
    reference = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if reference and set(schema) <= {"$ref", "$defs"}:
        others = {key: value for key, value in schema["$defs"].items() if key != reference}
        own = {key: value for key, value in schema["$defs"][reference].items() if key != "title"}
        # One that holds itself is still referred to.
        kept = schema["$defs"] if f"#/$defs/{reference}" in str(own) else others
        schema = {**own, **({"$defs": kept} if kept else {})}
    return schema


def _effect(text: str) -> Effects:
    kind, _, target = text.strip().partition(" ")
    kinds = [str(one) for one in Kind if one not in _NO_EFFECTS]
    if kind not in kinds:
        raise ValueError(f"{kind!r} is no effect that a tool can declare; there are {', '.join(kinds)}")
    return Effects(kind, target.strip())


def _approve(wanted: str | Iterable[str] | None, effects: tuple[Effects, ...], arguments: type) -> tuple[str, ...]:
    if wanted is None:
        return () if all(one.kind in _HARMLESS for one in effects) else (ASK,)
    asks = approvals(wanted if isinstance(wanted, str) else list(wanted))
    names = _names(arguments)
    for one in asks:
        if one != ASK and condition(one).argument not in names:
            raise ValueError(f"approve = {one!r}: there is no argument {condition(one).argument!r}")
    return asks


def _names(struct: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = struct.__struct_fields__
    return names


def _listed(texts: Iterable[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _bounded(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise ValueError(f"{name} is a whole number of 1 to {most}, not {value!r}")
    return value


def _is_larger(value: Any, most: int) -> bool:
    """Whether a plain value has more than ``most`` characters and elements, of which each is a byte at least."""
    waiting, count = [value], 0
    while waiting and count <= most:
        one = waiting.pop()
        count += 1
        if isinstance(one, str | bytes | bytearray):
            count += len(one)
        elif isinstance(one, Mapping):
            count += len(one)
            waiting += one if len(one) <= most else ()
            waiting += one.values() if len(one) <= most else ()
        elif isinstance(one, list | tuple | set | frozenset):
            count += len(one)
            waiting += one if len(one) <= most else ()
    return count > most


def _first_paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())


def _plain(error: Exception) -> str:
    """Msgspec's words, with an argument's name where it has ``$.name``."""
    return str(error).replace("`$.", "`").replace("object contains unknown field", "there is no argument")
