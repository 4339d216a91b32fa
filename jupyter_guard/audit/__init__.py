"""What happened -> one record a decision, kept in a chain that shows when a line was changed."""

from jupyter_guard.audit.chain import Link, Problem, verify
from jupyter_guard.audit.journal import Journal
from jupyter_guard.audit.record import Approval, Judged, Record

__all__ = ["Approval", "Journal", "Judged", "Link", "Problem", "Record", "verify"]
