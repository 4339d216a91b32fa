"""A rule of an organisation's own, as plain values that the judge can use without knowing the policy."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms.finding import Finding, Severity

FAMILY = "organisation"


class OwnRule(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation wants written otherwise, and how.

    ``calls`` are full names (``pandas.read_sql``), found through aliases and cells; ``imports`` modules, with all below
    them; ``match`` is the text of a libcst matcher, ``""`` for none. ``replace`` pairs names of ``calls`` with those of
    what is to be called in their place. ``bad`` cells must be found and ``good`` ones must
    not; cells of one example that run one after the other are separated by a line ``# %%``.
    """

    id: str
    title: str
    why: str
    instead: str
    severity: Severity
    calls: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    match: str = ""
    replace: tuple[tuple[str, str], ...] = ()
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The same for all of them."""
        return FAMILY


def is_told(finding: Finding) -> bool:
    """Whether a finding of an organisation's own rule is for every report, also where the policy stops nothing: from
    medium on, which a rule is unless it says otherwise. Below that it is for whoever wants all that was found.
    """
    return finding.family == FAMILY and finding.severity.rank >= Severity.MEDIUM.rank
