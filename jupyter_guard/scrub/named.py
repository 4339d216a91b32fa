"""The name before a value -> whether it says that the value is the credential, and not something about one."""

from __future__ import annotations

import re

from jupyter_guard.scrub.values import UUID, looks_random

LOOK_BEHIND = 64
"""Characters before a keyword that a pattern may look at."""

# What `password_algorithm` and `token_type` hold is written by hand, and short.
_ATTRIBUTES = frozenset(
    "algo algorithm alg policy policies encryption hasher hashers type types length len min max count name names field "
    "fields url uri path file filename format method mode version expiry expires expiration ttl age rounds iterations "
    "cost strength label placeholder regex encoding prompt scheme provider backend".split()
)
_LONGEST_ATTRIBUTE = 24
_IDS = frozenset({"id", "ids", "sessionid", "tokenid", "keyid"})
_NAME = re.compile(r"[\w.-]*\Z", re.ASCII)
_REST = re.compile(r"[\w.-]*", re.ASCII)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# Vault's `secret_id` logs a program in, whatever it is called (developer.hashicorp.com/vault/docs/auth/approle).
_SECRET_IDS = ("secret", "id")

# Tokens that APIs hand out for the next page, for repeating a request, for a badge; and names of secrets in ARNs.
_CURSOR = re.compile(
    r"(?:next|continuation|pagination|page|change|client_?request|creation|idempotency|lifecycle_?action|marker|sync|scroll)"
    r"[_-]?token|\.svg\?token|[0-9]:secret",
    re.IGNORECASE,
)


def no_cursor(_secret: str, match: re.Match[str]) -> bool:
    """No token that only says where to go on, or which request it was."""
    at = match.start()
    return all(found.end() != at for found in _CURSOR.finditer(match.string, max(0, at - LOOK_BEHIND), at))


def no_attribute(secret: str, match: re.Match[str]) -> bool:
    """The name's last word is not what a credential only has (`password_hash_algo`), nor an `id` of a UUID's form."""
    at = match.start()
    before = _NAME.search(match.string, max(0, at - LOOK_BEHIND), at)
    after = _REST.match(match.string, at, match.start("secret"))
    rest = after[0] if after is not None else ""
    words = [word.lower() for word in _WORDS.findall((before[0] if before is not None else "") + rest)]
    if not words:
        return True
    if words[-1] in _IDS:
        return UUID.fullmatch(secret) is None or tuple(words[-2:]) == _SECRET_IDS
    if words[-1] not in _ATTRIBUTES or not _WORDS.search(rest):
        return True
    return len(secret) >= _LONGEST_ATTRIBUTE and looks_random(secret)


def apart(_secret: str, match: re.Match[str]) -> bool:
    """The keyword is a word, or the plural of one, and not the beginning of another: `pass` and no `passed`."""
    return re.match(r"s?(?!\w)", match[0], re.ASCII) is not None
