"""A path -> what the judge makes of the place beyond the readers' tags: accounts, whole trees, harmless corners."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PLACES: Final[dict[str, str]] = {
    # Who is on the machine, how it is set up, and what people did on it.
    "accounts": r"""
        ^/etc/(?:passwd|group|hosts|crontab|fstab|profile|exports|resolv\.conf|ssh(?:/|$)|mysql|postgresql|nginx|apache2
            |security|pam\.d|cron|environment|sudoers|issue\.net)
        |^/var/(?:log|spool|mail|backups)(?:/|$)|^/boot(?:/|$)|^/home/?$|^/etc/?$
        |(?:^|/)\.(?:bash|zsh|python|psql|mysql|sqlite)_history$|^/proc/(?:self|\d+)/cmdline
    """,
    # Somebody else's home directory, unless the session is at home there.
    "root-home": r"^/root(?:/|$)",
    # What a build, a cache or a run of the notebook makes again.
    "rebuilt": r"""
        (?:^|/)(?:_?build|dist|\.?cache|__pycache__|node_modules|\.ipynb_checkpoints|htmlcov|outputs?|out|te?mp|scratch
            |[\w.*-]+\.egg-info|\.?[\w.-]*[._-](?:cache|te?mp)|\.?(?:cache|te?mp|scratch)[._-][\w.-]+|te?mp\d+)/*$
    """,
    "everything": r"^(?:/|/\*|~/?|~/\*|\.|\./|\*|\./\*|/home/?|/home/\*|/root/?|\.\./?|\$HOME/?|\*\*|[A-Z]:[\\/]?)$",
    "readable": r"""
        ^/proc/(?:cpuinfo|meminfo|version|uptime|loadavg|stat|self/status|driver)|^/usr/(?:share|local|lib|include)|^/opt
        |^/etc/(?:os-release|lsb-release|timezone|localtime|fonts|mime\.types|issue$|hostname|ld\.so)
        |^/sys/(?:class|devices)|^/(?:System/)?Library/Fonts|^/$
    """,
    # Where hosted notebooks and clusters keep people's own data.
    "working": r"""
        ^/(?:content|kaggle|workspace|gdrive|dbfs|FileStore|mnt|media|data|datasets?)(?:/|$)
    """,
}

_COMPILED: Final = tuple((name, re.compile(pattern, re.VERBOSE)) for name, pattern in _PLACES.items())


@lru_cache(maxsize=4096)
def places(path: str) -> frozenset[str]:
    """The facets of ``path`` (``accounts``, ``everything``, ``readable``, ``working``); none for an ordinary path."""
    return frozenset(name for name, pattern in _COMPILED if pattern.search(path))
