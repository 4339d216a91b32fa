"""A target and its value -> a secret in the text, a secret made weakly, a built-in name with a new meaning."""

from __future__ import annotations

import ast
import re

from jupyter_guard.read.python.names import BUILTINS
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.secrets_made import is_secret, weak_generator
from jupyter_guard.read.python.values import Name, Value
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|secret|api_?key|access_?key|auth_?token|token|private_?key)(?:_?confirm(?:ation)?)?\d?$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?i)your|xxx|<.*>|example|dummy|test|changeme|placeholder|\.\.\.|\*\*|^none$|^\s*$|\{|env|todo|[/ ]"
)


def noticed(run: Run, target: ast.expr, source: ast.expr, value: Value) -> None:
    """A secret in the text, or a built-in name that gets another meaning."""
    if type(target) is ast.Name:
        name = target.id
    elif isinstance(target, ast.Attribute):
        name = target.attr
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        name = str(target.slice.value)
    else:
        name = ""
    if type(source) is ast.Constant:
        text = source.value
        if text and isinstance(text, str) and _is_secret(name, text):
            run.note("hard-coded-secret", name, target)
    if name in BUILTINS and type(target) is ast.Name and run.scope.kind == "module":
        for atom in value.atoms:
            entry = run.known(atom.dotted) if type(atom) is Name else None
            if (
                type(atom) is Name
                and atom.dotted != name
                and entry is not None
                and any(act.kinds for act in entry.acts)
            ):
                run.emit(Kind.GUARD_TAMPER, name, node=target, via="=", tags=("alias",), scope=Reach.SESSION)


_PLAIN = frozenset({ast.Constant, ast.Name})


def made_weakly(run: Run, target: ast.expr, source: ast.expr) -> None:
    """A secret that comes from a generator whose numbers can be guessed."""
    if type(source) in _PLAIN:
        return
    name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
    if name and is_secret(name):
        call = weak_generator(run, source, name)
        if call is not None:
            run.note("weak-random", name, call)


def _is_secret(name: str, text: str) -> bool:
    """Whether a text under a secret's name is one: a word may be a password, but no key or token."""
    if len(text) < 3 or not _SECRET_NAME.search(name) or _PLACEHOLDER.search(text):
        return False
    return "pass" in name.lower() or "pwd" in name.lower() or (len(text) >= 6 and not text.isalpha())
