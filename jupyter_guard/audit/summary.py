"""Records -> how many of what: decisions over time, by origin, rule and user; secrets by kind; what people answered;
what would have been stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from jupyter_guard.audit.record import Record
from jupyter_guard.terms import Verdict

# In the order in which they are shown: from what nobody minds to what was stopped.
STATES = ("ran", "confirmed", "declined", "blocked")
# What somebody said, and not what held from before.
ASKED = ("once", "code", "session", "refuse")
_WOULD = {Verdict.CONFIRM: "asked about", Verdict.BLOCK: "blocked"}


class Summary(msgspec.Struct, frozen=True):
    """Counts of decisions, each mapping the most frequent first.

    ``days`` maps a date (ISO 8601, UTC) to the count of each state, in the order of time. ``secrets`` counts values
    taken out of outputs by kind, ``answers`` what people chose when they were asked, ``limits`` what limits cells hit,
    ``opened`` how often an account was opened (break-glass).
    ``suppressed`` counts by rule the decisions with a finding that a comment in the cell allowed; ``rules`` those with
    any other. ``would`` counts decisions that ran because the policy only observes (or an administrator had opened
    the account) by what enforcing would have made of them, ``would_rules`` and ``would_users`` the rules that were to
    blame and whose cells they were.
    """

    decisions: int
    first: str
    last: str
    days: dict[str, dict[str, int]]
    states: dict[str, int]
    origins: dict[str, int]
    rules: dict[str, int]
    users: dict[str, int]
    notebooks: dict[str, int]
    secrets: dict[str, int]
    answers: dict[str, int]
    limits: dict[str, int]
    suppressed: dict[str, int]
    would: dict[str, int]
    would_rules: dict[str, int]
    would_users: dict[str, int]
    opened: dict[str, int]

    @property
    def approval_rate(self) -> float | None:
        """The share of answers that were no refusal, 0 to 1; ``None`` when nobody was asked."""
        asked = sum(self.answers.values())
        return 1 - self.answers.get("refuse", 0) / asked if asked else None


def summarize(records: Iterable[Record]) -> Summary:
    """Count. An outcome adds what it knows (secrets, limits) and is no decision."""
    days: dict[str, Counter[str]] = {}
    states, origins, rules, users, notebooks, secrets, answers, limits, suppressed = (Counter[str]() for _ in range(9))
    would, would_rules, would_users, opened = (Counter[str]() for _ in range(4))
    first, last, decisions = "", "", 0
    for record in records:
        secrets.update(record.redactions)
        limits.update(record.limits)
        if record.event == "opening":
            opened[record.user] += 1
        if record.event != "decision":
            continue
        decisions += 1
        first = min(first or record.time, record.time)
        last = max(last, record.time)
        days.setdefault(record.time[:10], Counter())[record.state] += 1
        states[record.state] += 1
        origins[str(record.origin)] += 1
        rules.update({finding.rule for finding in record.findings if not finding.was_allowed_in_code})
        suppressed.update({finding.rule for finding in record.findings if finding.was_allowed_in_code})
        users[record.user] += 1
        notebooks[record.notebook] += 1
        if record.verdict < Verdict.CONFIRM <= record.would_be:
            would[_WOULD[record.would_be]] += 1
            would_rules.update({one.rule for one in record.findings if one.verdict >= Verdict.CONFIRM})
            would_users[record.user] += 1
        answers.update(one.choice for one in record.approvals if one.choice in ASKED)
    return Summary(
        decisions,
        first,
        last,
        {day: dict(days[day]) for day in sorted(days)},
        *(
            dict(one.most_common())
            for one in (
                states,
                origins,
                rules,
                users,
                notebooks,
                secrets,
                answers,
                limits,
                suppressed,
                would,
                would_rules,
                would_users,
                opened,
            )
        ),
    )
