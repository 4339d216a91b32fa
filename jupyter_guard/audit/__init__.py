"""What happened -> one record a decision, kept in a chain that shows when a line was changed."""

from jupyter_guard.audit.chain import Link
from jupyter_guard.audit.check import Problem, verify
from jupyter_guard.audit.journal import Journal
from jupyter_guard.audit.record import Approval, Judged, Record
from jupyter_guard.audit.trail import is_telling, trail

__all__ = ["Approval", "Journal", "Judged", "Link", "Problem", "Record", "is_telling", "trail", "verify"]
