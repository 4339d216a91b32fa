"""A finding -> whether a safe rewrite of it is likely, from the text alone: cheap enough to say for every finding."""

from __future__ import annotations

import re
from typing import Final

from jupyter_guard.terms import Finding, Span

LONGEST = 2_000

_SHAPES: Final = {
    "JG111": r"\.load\s*\(",
    "JG112": r"\.(?:unsafe_|full_)?load(?:_all)?\s*\(",
    "JG113": r"\btrust_remote_code\s*=\s*True\b",
    "JG115": r"\bdebug\s*=\s*True\b",
    "JG116": r"\bresolve_entities\s*=\s*True\b",
    "JG502": r"\b(?:verify|ssl|verify_ssl)\s*=\s*False\b",
    "JG505": r"['\"]0\.0\.0\.0['\"]",
    "JG603": r"[\"']",
}
_COMPILED: Final = {rule: re.compile(shape) for rule, shape in _SHAPES.items()}


def is_likely(finding: Finding, code: str) -> bool:
    """Whether ``suggest`` is worth being asked about a finding in ``code``; it may yet know nothing."""
    shape = _COMPILED.get(finding.rule)
    if shape is None or (finding.rule in _CALLABLES and not _CALLABLES[finding.rule] & set(vias(finding))):
        return False
    return shape.search(_text(code, finding.span)[:LONGEST]) is not None


def vias(finding: Finding) -> tuple[str, ...]:
    """The qualified names of what a finding's effects are done by."""
    return tuple(dict.fromkeys(effect.via for effect in finding.effects if effect.via))


# The rewrites that depend on what is called.
_CALLABLES: Final = {"JG111": frozenset({"torch.load", "numpy.load"})}


def _text(code: str, span: Span) -> str:
    """The lines that a span lies on: of an assignment, the name alone is marked."""
    return "\n".join(code.split("\n")[max(span.line - 1, 0) : span.end_line])
