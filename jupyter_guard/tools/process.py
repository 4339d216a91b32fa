"""One request about a tool on standard input -> one answer on standard output, from a process of its own.

``python -P -m jupyter_guard.tools.process``, in the box that ``tools.boxing`` made. Whatever the tool prints goes to
standard error; whatever it does, nobody but this process has to suffer for it.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

import msgspec

from jupyter_guard.tools.declared import Declared, Description
from jupyter_guard.tools.errors import ToolArgumentsError
from jupyter_guard.tools.watching import UndeclaredError, Watch

_SHOWN = 2_000
# Before the answer, when all is loaded and the tool's function begins.
BEGUN = b"\n"
_out = 1


class Request(msgspec.Struct):
    """``what`` is describe, check or call; ``source`` a file, whose ``text`` is what runs, or a module's full name."""

    what: str
    source: str
    name: str = ""
    arguments: msgspec.Raw = msgspec.Raw(b"{}")
    effects: tuple[str, ...] = ()
    most: int = 0
    text: str = ""


class Answer(msgspec.Struct):
    """``why`` is empty for a success, else ``arguments``, ``raised``, ``too-large``, ``undeclared`` or ``unusable``."""

    why: str = ""
    text: str = ""
    tools: tuple[Description, ...] = ()
    result: msgspec.Raw = msgspec.Raw(b"null")


def found(source: str, text: str = "") -> dict[str, Declared[..., Any]]:
    """The tools of a module, by name, in the order in which they stand there."""
    if source.endswith(".py"):
        # Its folder need not be one that a tool may read.
        module = ModuleType("jupyter_guard_tools_" + os.path.basename(source)[:-3])  # noqa: PTH119
        module.__file__ = source
        sys.modules[module.__name__] = module
        exec(compile(text, source, "exec"), module.__dict__)  # noqa: S102 - what the policy approves
    else:
        from importlib import import_module

        module = import_module(source)
    tools: dict[str, Declared[..., Any]] = {}
    for one in vars(module).values():
        if isinstance(one, Declared):
            other = tools.setdefault(one.description.name, one)
            if other is not one:
                raise ValueError(f"two tools are called {one.description.name!r}")
    if not tools:
        raise ValueError(f"there is no @guard.tool in {source}")
    return tools


def answer(request: Request) -> Answer:
    """Describe, check or call."""
    watch = Watch(request.effects) if request.what == "call" else Watch(())
    if request.what == "call":
        sys.addaudithook(watch.seen)
    try:
        tools = found(request.source, request.text)
        if request.what == "describe":
            file = _file_of(request.source)
            made = (
                msgspec.structs.replace(one.description, source=request.source, file=file) for one in tools.values()
            )
            return Answer(tools=tuple(made))
        one = tools.get(request.name)
        if one is None:
            return Answer("unusable", f"{request.source} has no tool {request.name!r} any more")
        arguments = one.checked(msgspec.json.decode(request.arguments, type=dict[str, Any]))
        if request.what == "check":
            return Answer()
        return _called(one, arguments, request.most, watch)
    except ToolArgumentsError as error:
        return Answer("arguments", str(error))
    except UndeclaredError:
        return Answer("undeclared", watch.sentence)
    except (MemoryError, RecursionError) as error:
        return Answer("raised", type(error).__name__)
    except BaseException as error:
        if request.what == "call" and watch.undeclared:
            return Answer("undeclared", watch.sentence)
        return Answer("raised" if request.what == "call" else "unusable", _shown(error))


def _called(one: Declared[..., Any], arguments: dict[str, Any], most: int, watch: Watch) -> Answer:
    # From here on the time is the tool's own.
    os.write(_out, BEGUN)
    value = one.__wrapped__(**arguments)
    if watch.undeclared:
        # It caught what stopped it: that it tried is what counts.
        return Answer("undeclared", watch.sentence)
    try:
        result = one.result(value)
    except OverflowError:
        return Answer("too-large", f"its result has more than the {one.description.result} bytes that are allowed")
    if len(result) > most:
        return Answer("too-large", f"its result has {len(result)} bytes, and {most} are allowed")
    return Answer(result=msgspec.Raw(result))


def _file_of(source: str) -> str:
    name = "jupyter_guard_tools_" + os.path.basename(source)[:-3] if source.endswith(".py") else source  # noqa: PTH119
    return os.path.realpath(str(getattr(sys.modules.get(name), "__file__", "") or ""))


def _shown(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text[:_SHOWN]


def main() -> int:
    """Answer once."""
    # What the tool prints is none of the answer.
    global _out
    _out = os.dup(1)
    os.dup2(2, 1)
    # A cache of bytecode would be a file that the tool does not declare.
    sys.dont_write_bytecode = True
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    try:
        told = msgspec.json.encode(answer(request))
    except MemoryError:
        told = msgspec.json.encode(Answer("raised", "MemoryError"))
    with os.fdopen(_out, "wb") as file:
        file.write(told)
        file.flush()
        # Threads that the tool left, or what it does at exit, are not waited for.
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
