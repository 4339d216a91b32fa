"""A call that is dangerous by one of its arguments -> the call without it, or with the safe value.

Each rewrite gives its choices, the best first: where leaving an argument out would lose a remark that stands beside
it, the argument stays, with its safe value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from jupyter_guard.fix import sql
from jupyter_guard.fix.edit import comments_in

Choices = Iterator[tuple[str, cst.Call]]

LOADS = {
    "load": "safe_load",
    "load_all": "safe_load_all",
    "unsafe_load": "safe_load",
    "unsafe_load_all": "safe_load_all",
    "full_load": "safe_load",
    "full_load_all": "safe_load_all",
}
# Loaders that build whatever a document names, in Python and in C.
LOADERS = frozenset({"Loader", "UnsafeLoader", "FullLoader", "CLoader", "CUnsafeLoader", "CFullLoader"})
# What checks certificates where nothing else is said, by the argument that switches it off. A session of requests may
# have been told otherwise before, so that its methods are not among them.
_VERBS = "get options head post put patch delete request".split()
_AIOHTTP = frozenset(
    ["aiohttp.TCPConnector", "aiohttp.request", "aiohttp.ClientSession.ws_connect"]
    + [f"aiohttp.ClientSession.{verb}" for verb in _VERBS]
)
_VERIFIES = {
    "verify": frozenset(
        [f"{library}.{verb}" for library in ("requests", "requests.api", "httpx", "niquests") for verb in _VERBS]
        + [f"httpx.{name}" for name in ("stream", "Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport")]
        + ["boto3.client", "boto3.resource", "boto3.Session.client", "boto3.session.Session.client"]
    ),
    "ssl": _AIOHTTP,
    "verify_ssl": _AIOHTTP,
}


def _yaml(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """``yaml.load(x, Loader=yaml.Loader)`` -> ``yaml.safe_load(x)``."""
    function = call.func
    # One that is called by a name of its own needs an import too: `loads`.
    if not isinstance(function, cst.Attribute) or function.attr.value not in LOADS:
        return
    safe = LOADS[function.attr.value]
    renamed = call.with_changes(func=function.with_changes(attr=cst.Name(safe)))
    loader = position(call, "Loader", 1)
    if loader is None:
        if len(call.args) == 1:
            yield f"Use yaml.{safe}", renamed
        return
    if len(call.args) == 2:
        yield from without(renamed, loader, f"Use yaml.{safe}")
        value = cst.Attribute(value=function.value, attr=cst.Name("SafeLoader"))
        yield "Use yaml.SafeLoader", with_value(call, loader, value)


def _verify(call: cst.Call, via: tuple[str, ...]) -> Choices:
    """``verify=False`` -> left out where that verifies, else ``verify=True``; a context too."""
    if "ssl._create_unverified_context" in via and not call.args and isinstance(call.func, cst.Attribute):
        function = call.func.with_changes(attr=cst.Name("create_default_context"))
        yield "Verify who the far side is", call.with_changes(func=function)
    for name in ("verify", "ssl", "verify_ssl"):
        at = position(call, name)
        if at is not None and _is_name(call.args[at].value, "False"):
            title = "Verify who the far side is"
            if via and _VERIFIES[name].issuperset(via):
                yield from without(call, at, title)
            # `ssl=True` does not verify in older versions: https://github.com/aio-libs/aiohttp/issues/3722
            if name != "ssl":
                yield title, with_value(call, at, cst.Name("True"))


def _weights(call: cst.Call, via: tuple[str, ...]) -> Choices:
    """``torch.load`` with weights only, ``numpy.load`` without pickles, Keras in safe mode: none loads code."""
    if "torch.load" in via:
        if position(call, "pickle_module", 2) is not None:
            # With weights only torch refuses a module of one's own.
            return
        at = position(call, "weights_only")
        if at is None:
            yield "Load weights only", _with_keyword(call, "weights_only", cst.Name("True"))
        elif _is_name(call.args[at].value, "False"):
            yield "Load weights only", with_value(call, at, cst.Name("True"))
    elif any(name.endswith("models.load_model") for name in via):
        # Keras 3 refuses layers that hold Python code in safe mode, and loads all others as before.
        yield from _set("safe_mode", "False", "True", "Refuse layers that hold code")(call, via)
    elif "numpy.load" in via:
        at = position(call, "allow_pickle", 2)
        if at is not None and _is_name(call.args[at].value, "True"):
            yield "Refuse pickles", with_value(call, at, cst.Name("False"))


def _set(keyword: str, dangerous: str, safe: str, title: str) -> Callable[[cst.Call, tuple[str, ...]], Choices]:
    def rewrite(call: cst.Call, _via: tuple[str, ...]) -> Choices:
        at = position(call, keyword)
        if at is not None and _is_name(call.args[at].value, dangerous):
            yield title, with_value(call, at, cst.Name(safe))

    return rewrite


def _bind(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """An address of all interfaces -> this machine's own, which whoever works at it reaches as before.

    In a pair of address and port an empty address means all of them.
    """
    places = _Everywhere()
    local = call.visit(places)
    if places.count == 1 and isinstance(local, cst.Call):
        yield "Listen on this machine only", local


# Both of all interfaces, and this machine's own in their place.
_OWN = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is looked for
_DRAWN = frozenset("random randint randrange choice choices sample uniform getrandbits randbytes".split())


class _Everywhere(cst.CSTTransformer):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def leave_SimpleString(  # noqa: N802 - libcst's name
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        if original_node.raw_value not in _OWN:
            return updated_node
        self.count += 1
        written = f"{original_node.prefix}{original_node.quote}{_OWN[original_node.raw_value]}{original_node.quote}"
        return updated_node.with_changes(value=written)

    def leave_Tuple(self, original_node: cst.Tuple, updated_node: cst.Tuple) -> cst.Tuple:  # noqa: N802
        first = original_node.elements[0].value if len(original_node.elements) == 2 else None
        if not isinstance(first, cst.SimpleString) or first.raw_value or first.prefix:
            return updated_node
        self.count += 1
        address = updated_node.elements[0].with_changes(value=cst.SimpleString(f"{first.quote}127.0.0.1{first.quote}"))
        return updated_node.with_changes(elements=[address, updated_node.elements[1]])


def _secret(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """``random.choice(...)`` -> ``random.SystemRandom().choice(...)``: the same by the system's generator."""
    function = call.func
    if isinstance(function, cst.Attribute) and isinstance(function.value, cst.Name) and function.attr.value in _DRAWN:
        system = cst.Call(func=cst.Attribute(value=function.value, attr=cst.Name("SystemRandom")))
        yield "Draw from the system's generator", call.with_changes(func=function.with_changes(value=system))


def _parser(call: cst.Call, via: tuple[str, ...]) -> Choices:
    """An XML parser that fetches what a document names -> one that knows what the document itself says, and no more."""
    if not any(name.startswith("lxml.") for name in via):
        return
    changed = call
    for keyword, dangerous, safe in (
        ("resolve_entities", "True", cst.SimpleString("'internal'")),
        ("no_network", "False", cst.Name("True")),
    ):
        at = position(changed, keyword)
        if at is not None and _is_name(changed.args[at].value, dangerous):
            changed = with_value(changed, at, safe)
    if changed is not call:
        yield "Fetch nothing that the document names", changed


def _timeout(call: cst.Call, _via: tuple[str, ...]) -> Choices:
    """``requests.get(url)`` -> ``requests.get(url, timeout=30)``."""
    title = "Wait 30 seconds at most"
    at = position(call, "timeout")
    if at is not None:
        yield title, with_value(call, at, cst.Integer("30"))
    elif not any(_is_name(one.value, "None") and one.keyword is None for one in call.args):
        # One without a name may be the timeout itself.
        yield title, _with_keyword(call, "timeout", cst.Integer("30"))


# Rules whose rewrite is exact only where the cell itself imports this module by its own name.
IMPORTS = {"JG902": "random"}

REWRITES: dict[str, Callable[[cst.Call, tuple[str, ...]], Choices]] = {
    "JG111": _weights,
    "JG112": _yaml,
    "JG113": _set("trust_remote_code", "True", "False", "Run no code of the publisher's"),
    "JG115": _set("debug", "True", "False", "Leave the debugger off"),
    "JG116": _parser,
    "JG302": sql.with_condition,
    "JG305": sql.with_parameters,
    "JG502": _verify,
    "JG505": _bind,
    "JG902": _secret,
    "JG908": _timeout,
}


def position(call: cst.Call, keyword: str, place: int = -1) -> int | None:
    """Which argument is the one of that name, or stands at that place without a name."""
    for at, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == keyword:
            return at
    unnamed = 0 <= place < len(call.args) and call.args[place].keyword is None
    return place if unnamed else None


def _is_name(value: cst.BaseExpression, name: str) -> bool:
    return isinstance(value, cst.Name) and value.value == name


def with_value(call: cst.Call, at: int, value: cst.BaseExpression) -> cst.Call:
    arguments = list(call.args)
    arguments[at] = arguments[at].with_changes(value=value)
    return call.with_changes(args=arguments)


def without(call: cst.Call, at: int, title: str) -> Choices:
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


def _with_keyword(call: cst.Call, keyword: str, value: cst.BaseExpression) -> cst.Call:
    """The call with one more argument at its end, set as the others are."""
    added = cst.Arg(
        keyword=cst.Name(keyword),
        value=value,
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
