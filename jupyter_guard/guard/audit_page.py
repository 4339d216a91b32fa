"""A summary of a journal -> one page of HTML that needs nothing else: no script, no font, no server."""

from __future__ import annotations

from jupyter_guard.audit.summary import STATES, Summary
from jupyter_guard.guard.page import bars, document, figures, stacks

_COLORS = {"ran": "#7a8794", "confirmed": "#2f7d4f", "declined": "#b7791f", "blocked": "#c53030"}
_OTHER = "#6b46c1"


def page(summary: Summary, source: str, chosen: str = "") -> str:
    """The page; ``source`` says where the records come from, ``chosen`` which of them count."""
    first, last = (time[:16].replace("T", " ") for time in (summary.first, summary.last))
    span = f"{first} to {last} UTC" if summary.decisions else "no decisions"
    rate = summary.approval_rate
    asked = sum(summary.answers.values())
    stopped = summary.states.get("blocked", 0) + summary.states.get("declined", 0)
    said = {
        "decisions": f"{summary.decisions:,}",
        "stopped": f"{stopped:,}",
        "asked": f"{asked:,}",
        "allowed when asked": "nobody was asked" if rate is None else f"{rate:.0%}",
        "secrets taken out": f"{sum(summary.secrets.values()):,}",
        "allowed in the code": f"{sum(summary.suppressed.values()):,}",
        "limits hit": f"{sum(summary.limits.values()):,}",
    }
    would = sum(summary.would.values())
    if would:
        said["would have been stopped"] = f"{would:,}"
    colors = {state: _COLORS.get(state, _OTHER) for state in STATES}
    parts = [
        figures(said),
        stacks("Decisions over time", "day", summary.days, colors, "decisions", _OTHER),
        bars("Would have been stopped, had the policy been enforced", "what", summary.would),
        bars("Rules that would have stopped them", "rule", summary.would_rules),
        bars("Whose cells they were", "user", summary.would_users, unnamed="(nobody named)"),
        bars("Who wrote the cells", "origin", summary.origins),
        bars("Rules that found something", "rule", summary.rules),
        bars("Rules whose findings a comment allowed", "rule", summary.suppressed),
        bars("Users", "user", summary.users, unnamed="(nobody named)"),
        bars("Notebooks", "notebook", summary.notebooks, unnamed="(no notebook named)"),
        bars("Secrets taken out of outputs", "kind", summary.secrets),
        bars("What people answered", "answer", summary.answers),
        bars("Limits that cells hit", "limit", summary.limits),
        bars("Accounts opened for a while (break-glass)", "user", summary.opened),
    ]
    about = f"{span}. {source}{'; ' + chosen if chosen else ''}."
    return document(f"jupyter_guard: {span}", "What the guard decided", about, parts)
