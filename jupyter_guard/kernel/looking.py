"""Requests that are no cells and yet run code -> the code, and the answer when it may not run.

Measured with IPython 9.18 in both completers: calls in the text before the cursor are not made unless the session was
told to (``Completer.evaluation``), but looking a name up runs properties, ``__getattr__``, ``__dir__``, ``__repr__``,
``__doc__`` and ``_ipython_key_completions_`` of whatever stands there, and contextual help looks at every move of the
cursor. Messages for widgets are data; what some comm handlers evaluate is named like a command.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jupyter_guard.kernel.request import parse_object

INSPECT, COMPLETE = "inspect_request", "complete_request"
LOOKS = frozenset({INSPECT, COMPLETE})
# How far before the cursor what is looked up may begin.
REACH = 4000
CALLS = 3
DEEPEST = 8
_OPENED = {")": "(", "]": "[", "}": "{"}
_KEY = re.compile(r"\[\s*(?:[rRbBuU]{0,2}['\"][^'\"\]]*|[\w.-]*)$")
_COMMANDS = re.compile(
    r"^(?:.*[._/ -])?(?:eval|exec|evaluate|execute|run)(?:[._/ -]?(?:code|cell|python|script|expression|request))?$",
    re.IGNORECASE,
)
_ORDERS = frozenset({"command", "method", "type", "action", "event", "op", "msg_type", "kind", "name"})
_CODES = frozenset({"code", "expression", "expr", "source", "script", "python", "cell", "text"})


def looked_at(kind: str, content: dict[str, Any]) -> tuple[str, ...]:
    """What an inspect or complete request would evaluate, as Python; empty when that is nothing of the user's."""
    code, cursor = content.get("code"), content.get("cursor_pos")
    if not isinstance(code, str):
        return ()
    end = cursor if isinstance(cursor, int) and 0 <= cursor <= len(code) else len(code)
    if kind == COMPLETE:
        return _completed(code[max(0, end - REACH) : end])
    return _inspected(code, end)


def _completed(text: str) -> tuple[str, ...]:
    found = []
    name = trailing(text)
    if "." in name:
        owner = name.rpartition(".")[0]
        if owner and not owner.replace("_", "").isdigit():
            found += [owner, f"({owner}).__dir__()", f"({owner}).__wrapped__"]
    key = _KEY.search(text)
    owner = trailing(text[: key.start()].rstrip()) if key else ""
    if owner:
        found += [owner, f"({owner})._ipython_key_completions_()"]
    return tuple(found)


def _inspected(code: str, end: int) -> tuple[str, ...]:
    while end < len(code) and (code[end].isalnum() or code[end] == "_"):
        end += 1
    text = code[max(0, end - REACH) : end]
    names = [trailing(text).strip(".")]
    at = len(text)
    for _ in range(CALLS):
        # Between the brackets of a call it is the function that is looked up.
        at = _call_before(text, at)
        if at < 0:
            break
        names.append(trailing(text[:at]))
    found = []
    for name in dict.fromkeys(names):
        if name and not name[0].isdigit():
            found += [name, f"({name}).__repr__()", f"({name}).__doc__"]
    return tuple(found)


def trailing(text: str) -> str:
    """The names, calls, subscripts and literals, joined by dots, that ``text`` ends in."""
    at = len(text)
    while at:
        last = text[at - 1]
        if last.isalnum() or last in "_.":
            at -= 1
        elif last in _OPENED:
            opened = _opening(text, at - 1)
            if opened < 0:
                break
            at = opened
        elif last in "'\"":
            opened = text.rfind(last, 0, at - 1)
            if opened < 0:
                break
            at = opened
        else:
            break
    return text[at:]


def _opening(text: str, at: int) -> int:
    """Where the bracket that closes at ``at`` was opened; -1 when nowhere."""
    waiting = []
    for place in range(at, -1, -1):
        mark = text[place]
        if mark in _OPENED:
            waiting.append(_OPENED[mark])
        elif waiting and mark == waiting[-1]:
            waiting.pop()
            if not waiting:
                return place
    return -1


def _call_before(text: str, at: int) -> int:
    """The place of the nearest bracket before ``at`` that is still open; -1 when there is none."""
    depth = 0
    for place in range(at - 1, -1, -1):
        mark = text[place]
        if mark == ")":
            depth += 1
        elif mark == "(":
            if depth == 0:
                return place
            depth -= 1
    return -1


def not_found(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The reply's content when nothing may be looked up."""
    if kind == COMPLETE:
        at = content.get("cursor_pos")
        at = at if isinstance(at, int) else len(str(content.get("code", "")))
        return {"status": "ok", "matches": [], "cursor_start": at, "cursor_end": at, "metadata": {}}
    return {"status": "ok", "found": False, "data": {}, "metadata": {}}


def debug_texts(content: dict[str, Any]) -> tuple[str, ...]:
    """The texts in a debugger's request that the child would evaluate."""
    arguments = content.get("arguments")
    if not isinstance(arguments, dict):
        return ()
    command = content.get("command")
    found: list[Any] = []
    if command in ("evaluate", "setExpression"):
        found = [arguments.get("expression"), arguments.get("value")]
    elif command == "setVariable":
        found = [arguments.get("value")]
    elif command == "completions":
        # pydevd's completer evaluates what stands before the last dot.
        text, column = str(arguments.get("text", "")), arguments.get("column")
        found = list(_completed(text[: column - 1] if isinstance(column, int) and column > 0 else text))
    elif command == "richInspectVariables":
        name = str(arguments.get("variableName", ""))
        found = [f"{name}.__repr__()", f"{name}._repr_html_()"] if name.isidentifier() else []
    elif command == "copyToGlobals":
        found = [arguments.get("srcVariableName"), f"globals()['{arguments.get('dstVariableName')}']"]
    _conditions(arguments, found, 0)
    return tuple(str(one) for one in found if one)


def _conditions(value: Any, found: list[Any], depth: int) -> None:
    """What breakpoints of any kind evaluate when they are reached."""
    if depth > DEEPEST:
        return
    for one in value if isinstance(value, list) else ():
        _conditions(one, found, depth + 1)
    if isinstance(value, dict):
        found += [value.get("condition"), value.get("hitCondition")]
        if isinstance(value.get("logMessage"), str):
            # Its braces hold expressions.
            found.append("f" + repr(value["logMessage"]))
        for one in value.values():
            _conditions(one, found, depth + 1)


def comm_texts(frame: bytes) -> tuple[str, ...]:
    """The code in a comm message that says of itself that it is to be run: ``{"method": "evaluate", "code": ...}``."""
    if not any(one in frame for one in (b"eval", b"exec", b"run", b"Eval", b"Exec", b"Run", b"\\u")):
        return ()
    found: list[str] = []
    _collect(parse_object(frame).get("data"), found, 0)
    return tuple(dict.fromkeys(found))


def _collect(value: Any, found: list[str], depth: int) -> None:
    if depth > DEEPEST or len(found) > 20:
        return
    if isinstance(value, list):
        for one in value[:1000]:
            _collect(one, found, depth + 1)
        return
    if not isinstance(value, dict):
        return
    if any(
        isinstance(text, str) and key.lower() in _ORDERS and _COMMANDS.match(text[:200]) for key, text in value.items()
    ):
        _codes(value, found, depth)
    for one in value.values():
        _collect(one, found, depth + 1)


def _codes(value: Any, found: list[str], depth: int) -> None:
    """Every text under a name of code, in the order itself or in its arguments."""
    if isinstance(value, dict) and depth <= DEEPEST:
        for key, one in value.items():
            if isinstance(one, str) and key.lower() in _CODES and one.strip():
                found.append(one)
            else:
                _codes(one, found, depth + 1)


def not_passed_on(sentence: str) -> dict[str, Any]:
    """What is published when a comm message is dropped."""
    return {
        "name": "stderr",
        "text": f"jupyter_guard did not pass on a message to a widget or another comm: it {sentence}.\n",
    }


def not_evaluated(asked: dict[str, Any], sentence: str) -> dict[str, Any]:
    """The debugger's reply to a request that may not be evaluated."""
    message = f"jupyter_guard did not let the debugger evaluate this: it {sentence}."
    return {
        "type": "response",
        "request_seq": asked.get("seq", 0),
        "command": asked.get("command", ""),
        "success": False,
        "message": message,
        "body": {"error": {"id": 0, "format": message}},
    }


def sentence_of(item: bytes) -> str:
    """What a judged text does, from the helper's answer."""
    return str(json.loads(item)["sentence"])
