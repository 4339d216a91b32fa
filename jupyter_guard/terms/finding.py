"""A named judgement on effects or on the shape of code."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms.cell import Span
from jupyter_guard.terms.effect import Effect
from jupyter_guard.terms.ordered import Ordered
from jupyter_guard.terms.origin import Origin
from jupyter_guard.terms.verdict import Verdict


class Severity(Ordered):
    """How bad it is when the finding is right. ``NOTE`` is shown in the panel only."""

    NOTE = "note"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(Ordered):
    """How sure the rule is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Finding(msgspec.Struct, frozen=True):
    """One judgement of one rule.

    ``rule`` is ``JGnnn``, ``family`` the word for its hundred (``files``, ``data`` ...). ``message`` says what
    would happen to what, ``why`` why that matters, ``instead`` what to do. ``origin`` is the strictest one behind
    the effects. ``verdict`` and ``decided_by`` are filled in by the policy (``allow`` and ``""`` before that);
    ``decided_by`` is the policy layer and key, as ``site: origin.assistant.critical``. ``suppressed`` is the reason
    that a comment beside it gives for allowing it; after the policy decided, only where that counted. ``not_counted``
    says of a comment that was meant to allow it why it did not. ``via`` is the full name of the call that a finding
    without effects is about, and ``replace`` that of what an organisation wants called in its place.
    """

    rule: str
    family: str
    severity: Severity
    confidence: Confidence
    message: str
    span: Span
    effects: tuple[Effect, ...] = ()
    why: str = ""
    instead: str = ""
    origin: Origin = Origin.UNKNOWN
    verdict: Verdict = Verdict.ALLOW
    decided_by: str = ""
    suppressed: str = ""
    not_counted: str = ""
    via: str = ""
    replace: str = ""
