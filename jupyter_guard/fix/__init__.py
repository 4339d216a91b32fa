"""A finding and the code it is about -> the rewrite that keeps what the code is for, as edits of its text.

Only what is exact: on input that was harmless the rewritten code does what it did, and what made the finding is gone.
libcst is loaded when somebody asks for a rewrite, never while cells are judged.
"""

from jupyter_guard.fix.edit import Edit, Fix, applied
from jupyter_guard.fix.likely import is_likely
from jupyter_guard.fix.suggest import suggest

__all__ = ["Edit", "Fix", "applied", "is_likely", "suggest"]
