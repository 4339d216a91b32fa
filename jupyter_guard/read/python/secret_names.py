"""The name of an attribute, an item or a variable of the environment -> whether it holds a credential."""

from __future__ import annotations

import ast
import functools
import re

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import Value

SECRET = "~secret"  # noqa: S105 - a mark
"""Something whose name says that it is a credential: it is not to be shown. Sending it is what it is for."""

NAMES = frozenset(
    """
    password passwd secret token access_token refresh_token auth_token bearer_token session_token api_key apikey
    secret_key secret_access_key client_secret private_key connection_string conn_str fernet_key jwt authkey
    SecretString SecretAccessKey SessionToken AccessToken AuthorizationToken
    """.split()
)
# These are words of other trades too: of language, of games, of forms.
_AMBIGUOUS = frozenset({"token", "secret", "password", "jwt"})
_KEEPERS = re.compile(
    r"cred|auth|tok|login|session|account|conf|cfg|settings|secret|vault|conn|url|env|identity|engine|client|\bdb\b|hook"
    r"|^(?:resp|response|res|r|c|s|self|me)$",
    re.IGNORECASE,
)
# A table of numbers or positions by word holds no secrets, whatever the word.
_NUMBERS = re.compile(
    r"(?:count|counter|freq|frequency|frequencies|occurrence|tally|vocab|vocabulary|length|len|score|prob|weight"
    r"|embedding|lookup|index|idx|id|map|rank)s?$|^(?:word|token)2|2id",
    re.IGNORECASE,
)
_VARIABLES = re.compile(
    r"key|token|secret|passw|pwd|credential|auth|private|dsn|conn(?:ection)?_?str"
    r"|(?:database|db|broker|redis|mongo\w*|postgres\w*|pg|mysql|amqp|rabbit\w*|sqlalchemy\w*|celery\w*|jdbc)\w*_(?:url|uri)",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=1024)
def variable(name: str) -> bool:
    """Whether a variable of the environment holds a credential: a database's address has its password in it."""
    return _VARIABLES.search(name) is not None


def attribute(name: str, node: ast.AST | None) -> bool:
    """Whether ``node``, which reads the attribute ``name``, gives a credential. ``name`` is one of ``NAMES``."""
    if name not in _AMBIGUOUS:
        return True
    return isinstance(node, ast.Attribute) and _keeps(node.value)


def item(name: str, node: ast.AST | None) -> bool:
    """Whether ``node``, which reads the item ``name`` of something unknown, gives one: a table may hold words."""
    if name not in _AMBIGUOUS and not name.islower():
        return True
    return isinstance(node, ast.Subscript) and _keeps(node.value)


def _keeps(node: ast.AST) -> bool:
    """Whether what ``node`` is called sounds like something that keeps credentials."""
    name = last_name(node)
    return _KEEPERS.search(name) is not None and _NUMBERS.search(name) is None


def last_name(node: ast.AST) -> str:
    """The name nearest to what is read: ``url`` of ``engine.url.password``."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute):
            return node.attr
        if isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                return node.slice.value
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            return ""


def known_variable(run: Run, key: Value) -> Value | None:
    """What the session itself has put into a variable of the environment."""
    only = key.only()
    found = run.memory.patched.get(f"os.environ[{only.value}]") if only is not None and run.memory.patched else None
    return found.marked(environment(key).marks) if found is not None else None


def environment(key: Value) -> Value:
    """A variable of the environment: a credential when its name says so."""
    only = key.only()
    marks = {"environment"}
    if only is not None and variable(str(only.value)):
        marks.add("credential")
    return Value((), frozenset(marks))
