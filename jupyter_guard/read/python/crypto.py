"""A cell's tree -> secrets from predictable generators, broken hashes, ciphers and initialisation vectors in it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.secrets_made import dotted_name, is_secret, weak_generator
from jupyter_guard.read.python.values import Const, Func
from jupyter_guard.read.python.walking import walk

# Without one of these words there is nothing to look for, and no walk over the tree.
_WORDS = ("hashlib", "Cipher", "ciphers", "AES")
_RANDOM = ("random", "uuid1")
# What the names of secrets have in common: random numbers alone are in half of all notebooks.
_STEMS = ("pass", "pwd", "secret", "otp", "code", "salt", "nonce", "csrf", "session", "token", "key")
_BLOCK_CIPHER = re.compile(r"(?:Crypto|Cryptodome)\.Cipher\.\w+\.new|AES\.new")
_MODES = re.compile(r"(?:cryptography\.hazmat\.primitives\.ciphers\.)?modes\.(?:CBC|CTR|CFB8?|OFB|GCM)")
_BY_NAME = frozenset({"hashlib.new", "hashlib.pbkdf2_hmac"})
_LONGEST = 50
_WEAK = frozenset({"md5", "sha1", "md4", "sha"})
_VECTORS = frozenset({"iv", "IV", "nonce", "initialization_vector", "initial_value"})


def read_crypto(run: Run) -> None:
    """Note what the cell's whole text does with secrets and ciphers, called or not."""
    if not _may_hold_some(run.source.text):
        return
    # Hardly ever asked for, and then perhaps often.
    constants = functools.cache(lambda: _constants(run.source.tree))
    for node in walk(run.source.tree):
        kind = type(node)
        if kind in _GIVING:
            for name, source in _given(node):
                if is_secret(name):
                    _made_weakly(run, name, source)
        if kind is ast.Call:
            _called(run, node, constants)  # type: ignore[arg-type]


_GIVING = frozenset({ast.Assign, ast.AugAssign, ast.AnnAssign, ast.keyword, ast.Dict, ast.Call})


def _may_hold_some(text: str) -> bool:
    holds = text.__contains__
    if any(map(holds, _WORDS)):
        return True
    if not any(map(holds, _RANDOM)):
        return False
    # Other alphabets have letters that count as these.
    lower = text.lower() if text.isascii() else ""
    return not lower or any(stem in lower for stem in _STEMS)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """What a name stands for when it is assigned once in the cell, to something that is not a call's result."""
    found: dict[str, ast.expr | None] = {}
    for node in walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found[name] = None if name in found else node.value
    return {name: value for name, value in found.items() if value is not None}


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names under which ``node`` puts values away, with the values: targets, keywords, keys of a dictionary."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield _target(target), node.value
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)) and node.value is not None:
        yield _target(node.target), node.value
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend"):
        for one in node.args:
            yield _target(node.func.value), one


def _target(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    key = node.slice if isinstance(node, ast.Subscript) else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _made_weakly(run: Run, name: str, source: ast.expr) -> None:
    call = weak_generator(run, source, name)
    if call is None and isinstance(source, ast.Call) and isinstance(source.func, ast.Name):
        # A function of the session that makes it: its own name may say nothing.
        value = run.scope.find(source.func.id)
        bodies = [one.node for one in value.atoms if type(one) is Func] if value is not None else []
        # One function may be called from any number of places: each look into it costs what reading a few calls does.
        run.context.spend(50 * len(bodies))
        bodies = [body for body in bodies if (body.end_lineno or body.lineno) - body.lineno < _LONGEST]
        call = source if any(weak_generator(run, body, name) for body in bodies) else None
    if call is not None:
        run.note("weak-random", name, call)


def _called(run: Run, node: ast.Call, constants: Callable[[], dict[str, ast.expr]]) -> None:
    name = dotted_name(run, node.func)
    if name in _BY_NAME:
        first = node.args[0] if node.args else next((one.value for one in node.keywords if one.arg == "name"), None)
        if isinstance(first, ast.Constant) and str(first.value).lower().replace("-", "") in _WEAK:
            run.note("weak-hash", str(first.value), node)
        return
    vector: ast.expr | None = None
    if _BLOCK_CIPHER.fullmatch(name):
        given = [*node.args[1:], *(one.value for one in node.keywords)]
        if any(isinstance(one, ast.Attribute) and one.attr == "MODE_ECB" for one in given):
            run.note("weak-cipher", "ECB", node)
            return
        vector = node.args[2] if len(node.args) > 2 else None
    elif _MODES.fullmatch(name):
        vector = node.args[0] if node.args else None
    else:
        return
    vector = next((one.value for one in node.keywords if one.arg in _VECTORS), vector)
    if vector is not None and _is_constant(run, vector, constants()):
        run.note("static-iv", "", node)


def _is_constant(run: Run, node: ast.expr, constants: dict[str, ast.expr], depth: int = 0) -> bool:
    """Whether a text or bytes is the same in every run."""
    if depth > 4:
        return False
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (bytes, str, int))
    if isinstance(node, ast.Name):
        if node.id in constants:
            return _is_constant(run, constants[node.id], constants, depth + 1)
        value = run.scope.find(node.id)
        return (
            value is not None and len(value.atoms) == 1 and type(value.atoms[0]) is Const and value.only() is not None
        )
    if isinstance(node, ast.BinOp):
        return all(_is_constant(run, one, constants, depth + 1) for one in (node.left, node.right))
    if isinstance(node, ast.Call) and not node.keywords:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in ("encode", "fromhex"):
            parts = [func.value, *node.args] if func.attr == "encode" else node.args
            return all(_is_constant(run, one, constants, depth + 1) for one in parts)
        if isinstance(func, ast.Name) and func.id in ("bytes", "bytearray"):
            return bool(node.args) and all(_is_constant(run, one, constants, depth + 1) for one in node.args)
    return False
