"""A cell -> its effects."""

from jupyter_guard.read.python.reader import SessionReader

__all__ = ["SessionReader"]
