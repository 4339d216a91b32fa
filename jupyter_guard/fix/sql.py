"""SQL in the text of a call -> the same with its values as parameters, or with a condition for somebody to fill in.

Both are offered and not made by themselves: what a driver makes of a parameter, and which rows are meant, is for
people to say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from jupyter_guard.fix.likely import STYLES

CONDITION: Final = " WHERE 1 = 0 /* which rows? */"
_NAME = r"[\w.\"`\[\]]+"
# A whole statement that says of no row that it is not meant; nothing may follow that would come before the condition.
_EVERY_ROW: Final = re.compile(
    rf"\s*(?:DELETE\s+FROM\s+{_NAME}|UPDATE\s+{_NAME}\s+SET\s(?:(?!\b(?:WHERE|FROM|RETURNING|ORDER|LIMIT)\b|--|/\*|;).)+?)"
    r"(?P<end>\s*;?\s*)",
    re.IGNORECASE | re.DOTALL,
)
_PERCENT: Final = re.compile(r"%[sdi]|%%")
_BRACES: Final = re.compile(r"\{(\w*)\}|\{\{|\}\}")
# What stands before a value, and before nothing else: a comparison, or one of these words. After AND there may be a
# whole condition, and after an operator of arithmetic a column.
_BEFORE: Final = re.compile(
    r"(?:[=<>]|\b(?:LIKE|ILIKE|BETWEEN|LIMIT|OFFSET|THEN|ELSE)|\bBETWEEN\s+\S+\s+AND)\s*\Z", re.IGNORECASE
)
_IN_LIST: Final = re.compile(r"\b(?:VALUES|IN)\s*\([^()]*\Z", re.IGNORECASE)
_LISTED: Final = re.compile(r"[(,]\s*\Z")
_AFTER: Final = re.compile(r"\Z|[\s),;]|[=<>+*/-]")

# A text, or an expression whose value comes there.
Part = str | cst.BaseExpression


def with_parameters(call: cst.Call, via: Sequence[str]) -> Iterator[tuple[str, cst.Call]]:
    """``execute(f"... = '{x}'")`` -> ``execute("... = ?", (x,))``, as the driver that ``via`` names writes it."""
    style = next((style for name in via for start, style in STYLES.items() if name.startswith(start)), "")
    if not style or not isinstance(call.func, cst.Attribute) or call.func.attr.value != "execute":
        return
    if len(call.args) != 1 or call.args[0].keyword is not None:
        return
    given = call.args[0].value
    wrapped = given if style == ":" else None
    if wrapped is not None:
        if not (isinstance(wrapped, cst.Call) and len(wrapped.args) == 1 and _called(wrapped) == "text"):
            return
        given = wrapped.args[0].value
    parts = _parts(given)
    found = _bound(parts, style) if parts else None
    if found is None:
        return
    text, values = found
    sql: cst.BaseExpression = cst.parse_expression(_written(text))
    if wrapped is not None and isinstance(wrapped, cst.Call):
        sql = wrapped.with_changes(args=[wrapped.args[0].with_changes(value=sql)])
    if style == ":":
        listed = "{" + ", ".join(f'"{name}": {code}' for name, code in values) + "}"
    else:
        listed = "(" + ", ".join(code for _, code in values) + (",)" if len(values) == 1 else ")")
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    first = call.args[0]
    end = first.comma
    arguments = [
        first.with_changes(value=sql, comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")),
        cst.Arg(cst.parse_expression(listed), comma=end, whitespace_after_arg=first.whitespace_after_arg),
    ]
    yield "Give the values as parameters", call.with_changes(args=arguments)


def with_condition(call: cst.Call, _via: Sequence[str]) -> Iterator[tuple[str, cst.Call]]:
    """``execute("DELETE FROM t")`` -> the same with a condition that holds for no row, until somebody says which."""
    if not call.args:
        return
    given = call.args[0].value
    if isinstance(given, cst.Call) and len(given.args) == 1 and _called(given) == "text":
        inner = given.args[0]
        value = _conditional(inner.value)
        if value is not None:
            given = given.with_changes(args=[inner.with_changes(value=value)])
            yield "Say which rows", call.with_changes(args=[call.args[0].with_changes(value=given), *call.args[1:]])
        return
    value = _conditional(given)
    if value is not None:
        yield "Say which rows", call.with_changes(args=[call.args[0].with_changes(value=value), *call.args[1:]])


def _conditional(value: cst.BaseExpression) -> cst.SimpleString | None:
    if not isinstance(value, cst.SimpleString) or "b" in value.prefix.lower():
        return None
    raw = value.raw_value
    found = _EVERY_ROW.fullmatch(raw)
    if found is None:
        return None
    at = found.start("end")
    return value.with_changes(value=f"{value.prefix}{value.quote}{raw[:at]}{CONDITION}{raw[at:]}{value.quote}")


def _called(call: cst.Call) -> str:
    function = call.func
    if isinstance(function, cst.Attribute):
        return function.attr.value
    return function.value if isinstance(function, cst.Name) else ""


def _parts(value: cst.BaseExpression) -> list[Part] | None:
    """What a text is put together from; ``None`` where that cannot be told."""
    if isinstance(value, cst.SimpleString):
        text = value.evaluated_value
        return [text] if isinstance(text, str) else None
    if isinstance(value, cst.FormattedString):
        return _formatted(value)
    if isinstance(value, cst.ConcatenatedString):
        return _joined(_parts(value.left), _parts(value.right))
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Add):
        return _joined(_parts(value.left) or [_unwrapped(value.left)], _parts(value.right) or [_unwrapped(value.right)])
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Modulo):
        right = value.right
        given = [one.value for one in right.elements] if isinstance(right, cst.Tuple) else [right]
        return _filled(value.left, _PERCENT, given)
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and value.func.attr.value == "format":
        if any(one.star or one.keyword is not None for one in value.args):
            return None
        return _filled(value.func.value, _BRACES, [one.value for one in value.args])
    return None


def _joined(left: list[Part] | None, right: list[Part] | None) -> list[Part] | None:
    return None if left is None or right is None else left + right


def _unwrapped(value: cst.BaseExpression) -> cst.BaseExpression:
    """``str(x)`` is ``x``: a driver writes it out itself."""
    if isinstance(value, cst.Call) and _called(value) == "str" and len(value.args) == 1:
        return value.args[0].value
    return value


def _formatted(value: cst.FormattedString) -> list[Part] | None:
    found: list[Part] = []
    raw = "r" in value.prefix.lower()
    for part in value.parts:
        if isinstance(part, cst.FormattedStringExpression):
            if part.conversion or part.format_spec or part.equal:
                return None
            found.append(_unwrapped(part.expression))
        elif isinstance(part, cst.FormattedStringText):
            text = part.value.replace("{{", "{").replace("}}", "}")
            if not raw and "\\" in text:
                return None
            found.append(text)
    return found


def _filled(
    value: cst.BaseExpression, places: re.Pattern[str], given: Sequence[cst.BaseExpression]
) -> list[Part] | None:
    """The parts of a text with places that are filled in one after the other."""
    text = value.evaluated_value if isinstance(value, cst.SimpleString) else None
    if not isinstance(text, str):
        return None
    found: list[Part] = []
    at = count = 0
    for place in places.finditer(text):
        found.append(text[at : place.start()])
        at = place.end()
        if place[0] in ("%%", "{{", "}}"):
            found.append(place[0][0])
            continue
        if place[0][0] == "{" and place[1] not in ("", str(count)):
            return None
        if count >= len(given):
            return None
        found.append(_unwrapped(given[count]))
        count += 1
    rest = text[at:]
    found.append(rest)
    strange = "%" in rest or any("%" in one for one in found if isinstance(one, str) and one != "%")
    return found if count == len(given) and not (places is _PERCENT and strange) else None


def _bound(parts: Sequence[Part], style: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The SQL with a place for each value, and their names and code; ``None`` where one is no value of SQL's."""
    sql = ""
    values: list[tuple[str, str]] = []
    # What stands between two quotes, while one is open.
    literal: list[Part] | None = None

    def plain(text: str) -> str:
        # With values, a driver that writes %s takes every other % for the beginning of one.
        return text.replace("%", "%%") if style == "%s" else text

    def bind(code: str) -> str:
        name = code if code.isidentifier() else f"value_{len(values) + 1}"
        name = name if name not in {one for one, _ in values} else f"{name}_{len(values) + 1}"
        values.append((name, code))
        return f":{name}" if style == ":" else style

    for at, part in enumerate(parts):
        if isinstance(part, str):
            if "--" in part or "/*" in part or '"' in part or "`" in part or (style == ":" and re.search(r":\w", part)):
                return None
            pieces = part.split("'")
            for number, piece in enumerate(pieces):
                if number:
                    if literal is None:
                        literal = []
                    else:
                        inside = [one for one in literal if one != ""]
                        constant = all(isinstance(one, str) for one in inside)
                        sql += f"'{plain(''.join(map(str, inside)))}'" if constant else bind(_quoted(inside))
                        literal = None
                if literal is not None:
                    literal.append(piece)
                else:
                    sql += plain(piece)
            continue
        if literal is not None:
            literal.append(part)
            continue
        after = next((one for one in parts[at + 1 :] if one != ""), "")
        is_listed = _LISTED.search(sql) and _IN_LIST.search(sql)
        if not (_BEFORE.search(sql) or is_listed) or not isinstance(after, str) or not _AFTER.match(after):
            return None
        sql += bind(_code(part))
    return (sql, values) if literal is None and values else None


def _quoted(inside: Sequence[Part]) -> str:
    """The code of the value that stands between two quotes: an expression, or a text with some in it."""
    if len(inside) == 1:
        return _code(inside[0])
    joined: list[ast.expr] = [
        ast.Constant(one)
        if isinstance(one, str)
        else ast.FormattedValue(ast.parse(_code(one), mode="eval").body, conversion=-1)
        for one in inside
    ]
    return ast.unparse(ast.JoinedStr(joined))


def _code(value: Part) -> str:
    return cst.Module(body=[]).code_for_node(value) if isinstance(value, cst.CSTNode) else repr(value)


def _written(text: str) -> str:
    """A text as people write it: in double quotes, in three where it has several lines."""
    if "\\" in text or '"' in text or not text.replace("\n", "").isprintable():
        return repr(text)
    return f'"""{text}"""' if "\n" in text else f'"{text}"'
