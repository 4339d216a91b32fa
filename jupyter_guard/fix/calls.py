"""A call that is dangerous by one of its arguments -> the call without it, or with the safe value.

Each rewrite gives its choices, the best first: where leaving an argument out would lose a remark that stands beside
it, the argument stays, with its safe value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from jupyter_guard.fix.edit import comments_in

Choices = Iterator[tuple[str, cst.Call]]

_LOADS = {
    "load": "safe_load",
    "load_all": "safe_load_all",
    "unsafe_load": "safe_load",
    "unsafe_load_all": "safe_load_all",
    "full_load": "safe_load",
    "full_load_all": "safe_load_all",
}


def _yaml(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """``yaml.load(x, Loader=yaml.Loader)`` -> ``yaml.safe_load(x)``."""
    function = call.func
    # A bare `load` was imported by that name; `safe_load` was not.
    if not isinstance(function, cst.Attribute) or function.attr.value not in _LOADS:
        return
    safe = _LOADS[function.attr.value]
    renamed = call.with_changes(func=function.with_changes(attr=cst.Name(safe)))
    loader = _position(call, "Loader", 1)
    if loader is None:
        if len(call.args) == 1:
            yield f"Use yaml.{safe}", renamed
        return
    if len(call.args) == 2:
        yield from _without(renamed, loader, f"Use yaml.{safe}")
        value = cst.Attribute(value=function.value, attr=cst.Name("SafeLoader"))
        yield "Use yaml.SafeLoader", _with_value(call, loader, value)


def _verify(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """``verify=False`` and its relatives -> left out, which verifies."""
    for name in ("verify", "ssl", "verify_ssl"):
        at = _position(call, name)
        if at is not None and _is_name(call.args[at].value, "False"):
            title = "Verify who the far side is"
            yield from _without(call, at, title)
            yield title, _with_value(call, at, cst.Name("True"))


def _weights(call: cst.Call, via: tuple[str, ...]) -> Choices:
    """``torch.load`` with weights only, ``numpy.load`` without pickles: both refuse what holds code."""
    if "torch.load" in via:
        at = _position(call, "weights_only")
        if at is None:
            yield "Load weights only", _with_keyword(call, "weights_only", "True")
        elif _is_name(call.args[at].value, "False"):
            yield "Load weights only", _with_value(call, at, cst.Name("True"))
    elif "numpy.load" in via:
        at = _position(call, "allow_pickle", 2)
        if at is not None and _is_name(call.args[at].value, "True"):
            yield "Refuse pickles", _with_value(call, at, cst.Name("False"))


def _set(keyword: str, dangerous: str, safe: str, title: str) -> Callable[[cst.Call, tuple[str, ...]], Choices]:
    def rewrite(call: cst.Call, _via: tuple[str, ...]) -> Choices:
        at = _position(call, keyword)
        if at is not None and _is_name(call.args[at].value, dangerous):
            yield title, _with_value(call, at, cst.Name(safe))

    return rewrite


def _bind(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """An address of all interfaces -> this machine's own, which whoever works at it reaches as before."""
    places = _Everywhere()
    local = call.visit(places)
    if places.count == 1 and isinstance(local, cst.Call):
        yield "Listen on this machine only", local


class _Everywhere(cst.CSTTransformer):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def leave_SimpleString(  # noqa: N802 - libcst's name
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        if original_node.raw_value != "0.0.0.0":  # noqa: S104 - what is looked for
            return updated_node
        self.count += 1
        return updated_node.with_changes(value=original_node.value.replace("0.0.0.0", "127.0.0.1"))  # noqa: S104


REWRITES: dict[str, Callable[[cst.Call, tuple[str, ...]], Choices]] = {
    "JG111": _weights,
    "JG112": _yaml,
    "JG113": _set("trust_remote_code", "True", "False", "Run no code of the publisher's"),
    "JG115": _set("debug", "True", "False", "Leave the debugger off"),
    "JG116": _set("resolve_entities", "True", "False", "Fetch nothing that the document names"),
    "JG502": _verify,
    "JG505": _bind,
}


def _position(call: cst.Call, keyword: str, place: int = -1) -> int | None:
    """Which argument is the one of that name, or stands at that place without a name."""
    for at, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == keyword:
            return at
    unnamed = 0 <= place < len(call.args) and call.args[place].keyword is None
    return place if unnamed else None


def _is_name(value: cst.BaseExpression, name: str) -> bool:
    return isinstance(value, cst.Name) and value.value == name


def _with_value(call: cst.Call, at: int, value: cst.BaseExpression) -> cst.Call:
    arguments = list(call.args)
    arguments[at] = arguments[at].with_changes(value=value)
    return call.with_changes(args=arguments)


def _without(call: cst.Call, at: int, title: str) -> Choices:
    """The call without one argument; what stood between the ones around it stays as the next one had it.

    No choice where a remark stands beside the argument: it would seem to be about another one.
    """
    arguments = list(call.args)
    gone = arguments.pop(at)
    if comments_in(cst.Module(body=[]).code_for_node(gone)):
        return
    if at == len(arguments) and arguments:
        # The last one ends as the one that is gone did: with or without a comma, and with the same line break.
        last = arguments[-1]
        arguments[-1] = last.with_changes(comma=gone.comma, whitespace_after_arg=gone.whitespace_after_arg)
    yield title, call.with_changes(args=arguments)


def _with_keyword(call: cst.Call, keyword: str, value: str) -> cst.Call:
    """The call with one more argument at its end, set as the others are."""
    added = cst.Arg(
        keyword=cst.Name(keyword),
        value=cst.Name(value),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    arguments = list(call.args)
    if not arguments:
        return call
    last = arguments[-1]
    if isinstance(last.comma, cst.Comma):
        # One argument a line with a comma after the last: the new one comes on a line of its own.
        between = arguments[-2].comma if len(arguments) > 1 else None
        before = between if isinstance(between, cst.Comma) else cst.Comma(whitespace_after=call.whitespace_before_args)
        arguments[-1] = last.with_changes(comma=before)
        arguments.append(added.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg))
    else:
        between = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        arguments[-1] = last.with_changes(comma=between, whitespace_after_arg=cst.SimpleWhitespace(""))
        arguments.append(added.with_changes(whitespace_after_arg=last.whitespace_after_arg))
    return call.with_changes(args=arguments)
