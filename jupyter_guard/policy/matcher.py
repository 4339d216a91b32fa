"""The text of a ``match`` in an organisation's rule -> a libcst matcher.

The text is read, not run: names of libcst's matchers, with texts and numbers. libcst is loaded only when one is made.
"""

from __future__ import annotations

import ast
from typing import Any, Final

EXPECTED: Final = "expected a libcst matcher"
_FUNCTIONS: Final = frozenset({"DoNotCare", "ZeroOrMore", "ZeroOrOne", "AtLeastN", "AtMostN", "MatchRegex"})
_CHOICES: Final = frozenset({"OneOf", "AllOf", "DoesNotMatch"})


def matcher(text: str) -> tuple[Any, frozenset[str]]:
    """The matcher, and the names without which it matches nothing. Raises ``ValueError`` that says what it is not."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"it does not parse ({error})") from None
    if not isinstance(tree, ast.Call):
        raise ValueError('such as Call(func=Name("eval"))')
    words: set[str] = set()
    made = _built(tree, words)
    return made, frozenset(words)


def _built(node: ast.expr, words: set[str] | None) -> Any:
    """A node's value. ``words`` collects the names without which nothing matches; ``None`` where there is a choice."""
    from libcst import matchers

    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_built(one, words) for one in node.elts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd):
        sides = [_built(node.left, None), _built(node.right, None)]
        return (matchers.OneOf if isinstance(node.op, ast.BitOr) else matchers.AllOf)(*sides)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return matchers.DoesNotMatch(_built(node.operand, None))
    if not isinstance(node, ast.Call):
        raise ValueError(
            f"no {ast.unparse(node)[:60]!r} in a matcher: names of matchers, texts, numbers, lists, | and ~"
        )
    name = _name(node.func)
    found = getattr(matchers, name, None)
    is_node = isinstance(found, type) and issubclass(found, matchers.BaseMatcherNode)
    if found is None or (not is_node and name not in _FUNCTIONS | _CHOICES):
        raise ValueError(f"libcst.matchers has no matcher {(name or ast.unparse(node.func))[:60]!r}")
    below = None if name in _FUNCTIONS | _CHOICES else words
    arguments = [_built(one, below) for one in node.args]
    named = {one.arg: _built(one.value, below) for one in node.keywords if one.arg is not None}
    if len(named) < len(node.keywords):
        raise ValueError("no ** in a matcher")
    if name == "Name" and words is not None:
        words.update(one for one in (*arguments[:1], named.get("value")) if isinstance(one, str))
    try:
        return found(*arguments, **named)
    except Exception as error:
        raise ValueError(f"{name}: {error}") from None


def _name(node: ast.expr) -> str:
    """``Call``, ``m.Call`` and ``matchers.Call`` are the same."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("m", "matchers"):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
