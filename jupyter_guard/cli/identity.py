"""What the results of this installation depend on, in words."""

from __future__ import annotations

import sys
from functools import cache

from jupyter_guard import __version__
from jupyter_guard.evaluate.identity import libraries, rules_hash


@cache
def made_with(*more: str) -> str:
    """The release, a hash of its rules, Python (what parses depends on it) and libraries, those in ``more`` too."""
    python = ".".join(map(str, sys.version_info[:2]))
    said = ", ".join(f"{name} {version}" for name, version in libraries(*more).items())
    return f"jupyter_guard {__version__} (rules {rules_hash()}), Python {python}, {said}"
