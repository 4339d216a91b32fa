"""A user's spawner -> what the lock's settings are for him: his folder, his group's policy, where the records are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any


def filled(spawner: Any, text: str, account: str) -> str:
    """A text with the name of the user's folder in the place of ``{username}``."""
    return text.replace("{username}", account or user_folder(spawner))


def records_of(spawner: Any, records: str) -> str:
    """The database of the records, for an administrator of the Hub; nothing for others."""
    return records if spawner.user.admin else ""


def policy_of(spawner: Any, policy: str, groups: Mapping[str, str]) -> str:
    """The policy of the first group that the user is in, else the site's."""
    member = {group.name for group in spawner.user.groups}
    return next((path for name, path in groups.items() if name in member), policy)


def user_folder(spawner: Any) -> str:
    """The name of a user's folder: the Hub's own escaping, so that no name leads out of the place."""
    return str(spawner.user.escaped_name).replace("/", "%2F")


def is_filled(value: Any, text: str) -> bool:
    """Whether ``value`` is what `enforce` leaves in the environment for ``text``, or the same text."""
    if isinstance(value, partial) and value.func is filled:
        return bool(value.keywords.get("text") == text)
    return bool(value == text)


def is_policy(value: Any) -> bool:
    """Whether ``value`` names a policy, as `enforce` does or as an absolute path."""
    if isinstance(value, partial):
        return value.func is policy_of
    return isinstance(value, str) and value.startswith("/")


def is_records(value: Any) -> bool:
    """Whether ``value`` tells administrators alone where the records are, or nobody."""
    return value in (None, "") or (isinstance(value, partial) and value.func is records_of)
