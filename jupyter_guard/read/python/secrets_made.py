"""What a secret is made with -> the predictable generator, if it is one."""

from __future__ import annotations

import ast
import functools
import re

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import Name
from jupyter_guard.read.python.walking import walk

_SECRET = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase|code)?|pwd|secret|otp|pin_?code|salt|nonce|csrf|session_?(?:id|key|token)"
    r"|(?:auth|access|api|reset|csrf|bearer|refresh|login|verification|invite)_?(?:token|key|code)"
    r"|(?:secret|private|encryption|signing)_?key)s?\d?(?:$|_)",
    re.IGNORECASE,
)
# A token is a word too, wherever language is processed; of letters or digits it is a secret.
_TOKEN = re.compile(r"(?:^|_)tokens?\d?$", re.IGNORECASE)
_MAKES = re.compile(
    r"(?:generate|gen|make|create|new|random|rand|get|build)_?(?:\w*_)?(?:password|passwd|passphrase|secret|token|otp|salt"
    r"|nonce|pin|api_?key|session_?id|code_verifier)(?:_|$)|^(?:otp|passwords?)$",
    re.IGNORECASE,
)
_GENERATORS = re.compile(
    r"(?:random|numpy\.random)\.(?:Random\.)?(?!SystemRandom|Random\b|seed|shuffle)\w+\Z|uuid\.uuid1\Z"
)
_LETTERS = frozenset(
    {"ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "printable", "punctuation"}
)
_NUMBERS = frozenset({"getrandbits", "randbytes", "randint", "randrange", "bytes"})


@functools.lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    return bool(_SECRET.search(name) or _TOKEN.search(name))


@functools.lru_cache(maxsize=4096)
def makes_secret(name: str) -> bool:
    """Whether a function's name says that it makes one."""
    return _MAKES.search(name) is not None


def weak_generator(run: Run, node: ast.AST, name: str) -> ast.expr | None:
    """The call in ``node`` that takes a secret called ``name`` from a predictable generator."""
    found: ast.expr | None = None
    letters = not _TOKEN.search(name) or _SECRET.search(name) is not None
    for one in walk(node):
        if isinstance(one, ast.Attribute) and one.attr in _LETTERS:
            letters = True
        if isinstance(one, ast.Call) and _GENERATORS.match(dotted := dotted_name(run, one.func)):
            found = found or one
            letters = letters or dotted.rpartition(".")[2] in _NUMBERS
    return found if letters else None


def dotted_name(run: Run, node: ast.expr) -> str:
    """The full name of what ``node`` names, as far as imports tell; ``""`` for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    value = run.scope.find(node.id)
    root = next((atom.dotted for atom in value.atoms if type(atom) is Name), "") if value is not None else ""
    if not root and value is None:
        root = {"np": "numpy"}.get(node.id, node.id)
    return ".".join([root, *reversed(parts)]) if root else ""
