"""A cell -> its effects."""

from jupyter_guard.read.session import SessionReader

__all__ = ["SessionReader"]
