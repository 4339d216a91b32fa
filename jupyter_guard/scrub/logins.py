"""A user name and a password beside each other -> whether they are somebody's, and none of a template."""

from __future__ import annotations

import re

from jupyter_guard.scrub.values import PLACEHOLDER, stands_for_a_value

_WHOSE = "(?:(?:db|database|my|your|the|pg)[-_]?)?"
_PASSWORD = re.compile(f"{_WHOSE}(?:password|passwd|pass|pwd|pw|token|secret)", re.IGNORECASE)
_USER = re.compile(f"(?:{_WHOSE}(?:user|username|user_name|name|login))?", re.IGNORECASE)
_HOST = re.compile(f"{_WHOSE}(?:host|hostname|host_name|server|address|domain)(?::.*)?", re.IGNORECASE)


def connection(secret: str, _match: re.Match[str]) -> bool:
    """``user:password@host`` with a password that is none of a template."""
    login, _at, host = secret.rpartition("@")
    user, _colon, password = login.partition(":")
    if _PASSWORD.fullmatch(password) and (password.isupper() or (_USER.fullmatch(user) and _HOST.fullmatch(host))):
        return False
    return (
        len(password) >= 2
        and not PLACEHOLDER.search(password)
        and not re.search(r"^[<{$%*\[]|[>}\]]$|^x+$|\*{2,}", password, re.IGNORECASE)
    )


def no_template(secret: str, _match: re.Match[str]) -> bool:
    """No word for a password in capitals, which stands for one: ``https://USER:DB_PASSWORD@HOST``."""
    return not (secret.isupper() and _PASSWORD.fullmatch(secret))


def login_pair(secret: str, _match: re.Match[str]) -> bool:
    """A user name and what follows to a password, which is last and no placeholder."""
    return not stands_for_a_value(re.split(r"[\"'\s]", secret)[-1])
