"""The plain values that every other room speaks in: cell, origin, effect, finding, verdict, report."""

from jupyter_guard.terms.cell import Cell, Span
from jupyter_guard.terms.effect import Certainty, Effect, Kind, Scope
from jupyter_guard.terms.finding import Confidence, Finding, Severity
from jupyter_guard.terms.origin import Origin
from jupyter_guard.terms.privilege import Power, Privilege
from jupyter_guard.terms.reading import Observation, Reading
from jupyter_guard.terms.report import Report
from jupyter_guard.terms.verdict import Verdict

__all__ = [
    "Cell",
    "Certainty",
    "Confidence",
    "Effect",
    "Finding",
    "Kind",
    "Observation",
    "Origin",
    "Power",
    "Privilege",
    "Reading",
    "Report",
    "Scope",
    "Severity",
    "Span",
    "Verdict",
]
