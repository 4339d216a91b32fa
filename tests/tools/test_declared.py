"""A function becomes a tool when it is declared, or says at once why it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import pytest

import jupyter_guard as guard
from jupyter_guard.tools import ToolArgumentsError


@guard.tool(effects=["file.write out/", "network.connect"], approve="amount >= 10")
def pay(order: int, amount: float, to: Literal["card", "bank"] = "card", notes: list[str] = []) -> str:  # noqa: B006
    """Pays an amount
    for an order.

    And more that a prompt does not need.
    """
    notes.append("paid")
    return f"{order}: {amount} to {to}, {len(notes)}"


def test_a_schema_comes_from_the_types() -> None:
    about = pay.description
    assert about.text == "Pays an amount for an order."
    assert about.signature == "(order: int, amount: float, to: Literal['card', 'bank'] = 'card', notes: list[str] = [])"
    assert about.schema["type"] == "object"
    assert about.schema["required"] == ["order", "amount"]
    assert about.schema["additionalProperties"] is False
    assert about.schema["properties"]["to"] == {"enum": ["bank", "card"], "default": "card"}
    assert about.returns == {"type": "string"}
    assert [(one.kind, one.target) for one in about.effects] == [("file.write", "out/"), ("network.connect", "")]


def test_it_stays_a_function_with_checked_arguments() -> None:
    assert pay(7, amount=1.5) == "7: 1.5 to card, 1"
    # The default of one call is not what another has made of it.
    assert pay(7, amount=1.5) == "7: 1.5 to card, 1"
    with pytest.raises(ToolArgumentsError, match=r"Expected `int`, got `str` - at `order`"):
        pay("7", 1.5)  # type: ignore[arg-type]
    with pytest.raises(ToolArgumentsError, match="missing a required argument: 'amount'"):
        pay(7)  # type: ignore[call-arg]


def test_types_with_fields_and_bounds() -> None:
    @dataclass
    class Line:
        item: str
        count: Annotated[int, msgspec.Meta(ge=1)]

    def order(lines: list[Line]) -> int:
        return sum(one.count for one in lines)

    order.__annotations__ = {"lines": list[Line], "return": int}
    made = guard.tool(order)
    assert made.checked({"lines": [{"item": "tea", "count": 2}]})["lines"] == [Line("tea", 2)]
    with pytest.raises(ToolArgumentsError, match=r"Expected `int` >= 1"):
        made.checked({"lines": [{"item": "tea", "count": 0}]})
    assert "$defs" in made.description.schema


async def _waits(a: int) -> int:
    await asyncio.sleep(0)
    return a


def _gives(a: int) -> Any:
    yield a


def _untyped(a, b: int) -> int:  # type: ignore[no-untyped-def]
    return b


def _many(*a: int) -> int:
    return sum(a)


def _any_names(**a: int) -> int:
    return sum(a.values())


def _only(a: int, /) -> int:
    return a


def _strange(a: asyncio.Lock) -> int:
    return 1


def _wrong_default(a: int = "x") -> int:  # type: ignore[assignment]
    return a


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (_waits, "neither async nor a generator"),
        (_gives, "neither async nor a generator"),
        (print, "must be a plain function"),
        (_untyped, "the parameter 'a' of the tool 'untyped' has no type: write `a: str`"),
        (_many, r"takes `\*a: .*`: its parameters need names"),
        (_any_names, r"takes `\*\*a: .*`: its parameters need names"),
        (_only, "its parameters need names"),
        (_strange, "its parameters cannot be told in JSON"),
        (_wrong_default, "the default of 'a' of the tool 'wrong_default' is of another type"),
    ],
)
def test_what_cannot_be_a_tool_says_why(function: Callable[..., Any], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        guard.tool(name=function.__name__.strip("_"))(function)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"name": "Refund"}, "a tool's name"),
        ({"name": "registry"}, "is a name of the guard's own"),
        ({"effects": ["file.deletes"]}, "'file.deletes' is no effect that a tool can declare; there are code.execute"),
        ({"effects": "unread"}, "'unread' is no effect"),
        ({"approve": "sometimes"}, '"never", "ask", or conditions'),
        ({"approve": "total > 3"}, "there is no argument 'total'"),
        ({"approve": "amount > 'x'"}, "in which a text is compared by == or !="),
        ({"seconds": 0}, "seconds is a whole number of 1 to"),
        ({"seconds": True}, "seconds is a whole number of 1 to"),
        ({"result": "1 TiB"}, "result is a whole number of 1 to"),
        ({"memory": "much"}, "a size such as"),
    ],
)
def test_an_option_that_cannot_be_says_why(options: dict[str, Any], why: str) -> None:
    def one(amount: float) -> float:
        return amount

    with pytest.raises((ValueError, TypeError), match=why):
        guard.tool(**options)(one)


@pytest.mark.parametrize(
    ("effects", "asks"), [([], ()), (["file.read"], ()), (["file.write"], ("ask",)), (["network.connect"], ("ask",))]
)
def test_a_tool_that_does_more_than_look_asks_unless_it_says_otherwise(effects: list[str], asks: tuple[str]) -> None:
    def one(amount: float) -> float:
        return amount

    assert guard.tool(effects=effects)(one).description.approve == asks
    assert guard.tool(effects=effects, approve="never")(one).description.approve == ()
