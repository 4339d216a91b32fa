"""A variable of the environment -> whether it decides which program, or what code, a command starts."""

from __future__ import annotations

import re
from typing import Final

# By their names or how these begin.
_STEERS: Final = re.compile(
    r"PATH$|LD_|DYLD_|PYTHON|GIT_|BASH_|ENV$|IFS$|SHELL$|PERL|RUBY|NODE_|JAVA_|_JAVA_|R_|CONDA_|PIP_|UV_|NPM_|SSH_"
    r"|(?:.*_)?(?:PAGER|EDITOR|BROWSER|ASKPASS)$|VISUAL$|LESS(?:OPEN|CLOSE)$|HOME$|XDG_|TAR_OPTIONS$|CDPATH$",
    re.IGNORECASE,
)
# https://docs.python.org/3/using/cmdline.html#environment-variables: these load nothing.
_HARMLESS: Final = frozenset(
    {"PYTHONHASHSEED", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8"}
)


# What is done with warnings; a filter may also name a class, whose module is imported.
_ACTIONS: Final = frozenset({"ignore", "default", "always", "once", "module", "error"})


def steers(name: str, value: str = "") -> bool:
    """Whether a program that is started with another ``name`` may be, or run, something else."""
    if name == "PYTHONWARNINGS" and value in _ACTIONS:
        return False
    return name not in _HARMLESS and _STEERS.match(name) is not None
