"""What callables, commands and token formats do and look like, as data."""

from jupyter_guard.knowledge.entry import Act, Condition, Entry, Problem, Slot, parse_entries
from jupyter_guard.knowledge.load import Knowledge

__all__ = ["Act", "Condition", "Entry", "Knowledge", "Problem", "Slot", "parse_entries"]
