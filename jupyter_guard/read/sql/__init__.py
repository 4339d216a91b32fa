"""SQL text -> effects."""

from jupyter_guard.read.sql.reader import read_sql

__all__ = ["read_sql"]
