"""Where credentials are kept (environment, files of tools) -> the values, with names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from jupyter_guard.scrub.known import Skipped

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|KEY|APIKEY|SECRETS?|PASSWORD|PASSWD|PASS|PASSPHRASE|PWD|CREDENTIALS?|AUTH|PAT|DSN|SAS|COOKIE|JWT)S?(?:_|$)"
    r"|SECRET|PASSWORD|PASSWD|TOKEN|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL|CONNECTION_STRING",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(
    r"^(?:PWD|OLDPWD)$|_(?:FILE|PATH|DIR|ID|NAME|URL|USER|TYPE|TTL|LEN|LENGTH)$|SSH_AUTH_SOCK|XAUTHORITY", re.IGNORECASE
)


class Secret(msgspec.Struct, frozen=True):
    """A value, the name it has where it was found, and the kind that markers show."""

    value: str
    name: str
    kind: str


Note = Callable[[Skipped], None]


def read_sources(names: Iterable[str], env: Mapping[str, str], home: Path, note: Note) -> Iterator[Secret]:
    """The secrets in the sources of these names; ``note`` is told what could not be read."""
    for name in names:
        if name == "env":
            yield from from_environment(env)


def from_environment(env: Mapping[str, str]) -> Iterator[Secret]:
    """Variables whose names say that they are secret, and passwords inside URLs."""
    for name, value in env.items():
        if _SECRET_NAME.search(name) and not _NOT_SECRET_NAME.search(name):
            yield Secret(value, name, "environment")
        for password in re.findall(r"://[^\s:/@]*:([^\s/@]+)@", value):
            yield Secret(password, name, "environment")
