"""Python text -> a tree that is safe to walk -> the effects of running it in a session's names."""

from __future__ import annotations

import ast
import warnings

from jupyter_guard.read.context import BudgetSpent, Context
from jupyter_guard.read.interpret.calls import call_function
from jupyter_guard.read.interpret.machine import Machine
from jupyter_guard.read.interpret.statements import execute
from jupyter_guard.read.interpret.values import UNKNOWN
from jupyter_guard.terms import Certainty, Effect, Kind

DEEPEST_NESTING = 90
LONGEST = 2_000_000
_OPEN, _CLOSE = "([{", ")]}"


class Unparsable(Exception):  # noqa: N818 - the text's fault, not an error of ours
    """Python text that gives no tree; the message says why."""


def parse(text: str) -> ast.Module:
    """The tree of ``text``. Raises ``Unparsable`` for text that does not parse or would exhaust the parser's stack."""
    if len(text) > LONGEST:
        raise Unparsable(f"it is longer than {LONGEST:,} characters")
    if "\0" in text:
        raise Unparsable("it contains a null byte")
    if nesting(text) > DEEPEST_NESTING:
        raise Unparsable(f"its brackets nest more than {DEEPEST_NESTING} deep")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise Unparsable(f"line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise Unparsable(str(error) or type(error).__name__) from None


def nesting(text: str) -> int:
    """The deepest nesting of brackets or run of prefix operators, counted without parsing; strings count as text."""
    depth = deepest = 0
    for character in text:
        if character in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
        elif character in _CLOSE and depth:
            depth -= 1
    return deepest


def run_module(it: Machine, tree: ast.Module, text: str) -> None:
    """Run a whole tree, then, as a mere possibility, the functions that nothing called. Raises ``BudgetSpent``."""
    it.lines = text.split("\n")
    try:
        execute(it, tree.body)
        _run_uncalled(it)
    except RecursionError:
        raise BudgetSpent from None


def _run_uncalled(it: Machine) -> None:
    before, context = it.certainty, it.context
    it.certainty = Certainty.UNKNOWN
    it.context = context.with_(tags=context.tags | {"possible"})
    try:
        for function in list(it.defined):
            if not function.called:
                names = [argument.arg for argument in function.node.args.args]
                call_function(it, function, [UNKNOWN] * len(names), {}, function.node)
    finally:
        it.certainty, it.context = before, context


def run_text(it: Machine, text: str, context: Context) -> list[Effect]:
    """The effects of Python text that the code itself runs (``exec``), in the session's own names."""
    try:
        tree = parse(text)
    except Unparsable:
        return [context.effect(Kind.CODE_EXECUTE, via="exec", tags=("dynamic",))]
    inner = Machine(it.top, context, it.knowledge, it.cell, it.segment)
    inner.site = context.span
    inner.origins = [context.origin]
    inner.certainty = it.certainty
    try:
        inner.lines = text.split("\n")
        execute(inner, tree.body)
    except (BudgetSpent, RecursionError):
        inner.emit([context.effect(Kind.UNREAD, via="exec")])
    return list(inner.effects.values())
