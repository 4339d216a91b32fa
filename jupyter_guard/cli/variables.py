"""Secrets of a notebook's cells -> the environment variables that they are to be read from."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A program that reads its secret there would find something else.
_TAKEN = frozenset(
    "PATH HOME USER USERNAME LOGNAME SHELL LANG LANGUAGE PWD OLDPWD TERM TMPDIR TEMP TMP HOSTNAME DISPLAY EDITOR PAGER "
    "MAIL TZ COLUMNS LINES IFS ENV UID EUID PPID RANDOM SECONDS LINENO PS1 PYTHONPATH PYTHONHOME VIRTUAL_ENV "
    "LD_LIBRARY_PATH LD_PRELOAD HTTP_PROXY HTTPS_PROXY NO_PROXY JPY_PARENT_PID B R U F".split()
)
_READ = re.compile(r"""environ(?:\.get\(|\[)\s*["'](\w+)["'](?!\s*\]\s*=(?!=))|getenv\(\s*["'](\w+)|\$\{?(\w+)""")

_LOGIN = re.compile(r"://[^\s/@:]*:([^\s/]+)@")


class Variables:
    """One notebook's: a secret that stands in it twice has one variable, two secrets never have the same."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._taken = set(_TAKEN)

    def avoid(self, texts: Iterable[str]) -> None:
        """What these cells read from the environment stands for something else."""
        for text in texts:
            self._taken |= {next(filter(None, found.groups()), "") for found in _READ.finditer(text)}

    @property
    def names(self) -> list[str]:
        """Those given so far."""
        return list(dict.fromkeys(self._of.values()))

    def of(self, secret: str, wanted: str) -> str:
        """The variable of ``secret``; a new one is called as ``wanted`` says, a name in a program."""
        if secret not in self._of:
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wanted)
            name = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").upper()
            self._of[secret] = self._free(name if name and not name[0].isdigit() else "SECRET")
        return self._of[secret]

    def set_as(self, secret: str, name: str) -> str:
        """The variable of ``secret``, which the cell itself sets as ``name``."""
        if name in self._of.values() and self._of.get(secret) != name:
            return self.of(secret, name)
        return self._of.setdefault(secret, name)

    def _free(self, name: str) -> str:
        taken = self._taken | set(self._of.values())
        if name in _TAKEN:
            name = f"{name}_SECRET"
        number = 1
        free = name
        while free in taken:
            number += 1
            free = f"{name}_{number}"
        return free


def password_in(text: str, start: int, end: int) -> tuple[int, int]:
    """Of a URL, if ``text[start:end]`` is one or its end, the password: who and where are no secrets."""
    for found in _LOGIN.finditer(text):
        first, last = found.span(1)
        if found.start() <= start <= first and last <= end and "=" not in text[last:end]:
            return first, last
    return start, end
