"""A summary of a journal -> one page of HTML that needs nothing else: no script, no font, no server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from jupyter_guard.audit.record import Record
from jupyter_guard.audit.summary import STATES, Summary
from jupyter_guard.guard.page import bars, document, figures, stacks

_COLORS = {"ran": "#7a8794", "confirmed": "#2f7d4f", "declined": "#b7791f", "blocked": "#c53030"}
_OTHER = "#6b46c1"
_HINTS = {"since": "7d", "until": "2026-01-31", "rule": "JG301"}


def page(summary: Summary, source: str, chosen: str = "", form: str = "", parts: Iterable[str] = ()) -> str:
    """The page; ``source`` says where the records come from, ``chosen`` which of them count. ``form`` is the first of
    its HTML, ``parts`` are the last.
    """
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
    shown = [
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
    return document(f"jupyter_guard: {span}", "What the guard decided", about, [form, *shown, *parts])


def view(summary: Summary, source: str, chosen: Mapping[str, str], records: Sequence[Record]) -> str:
    """The page as a server shows it: with a form that chooses, and the last decisions that say something."""
    said = ", ".join(f"{name} {value}" for name, value in chosen.items() if value)
    inputs = "".join(
        f'<label>{escape(name)} <input name="{escape(name)}" value="{escape(value)}" '
        f'placeholder="{_HINTS.get(name, "")}"></label> '
        for name, value in chosen.items()
    )
    form = f'<form method="get">{inputs}<button type="submit">Show</button></form>'
    return page(summary, source, said, form, [_table(records)])


def _table(records: Sequence[Record]) -> str:
    if not records:
        return "<h2>Decisions that say something</h2><p>None.</p>"
    columns = ("time", "user", "notebook", "state", "origin", "rules", "what", "by whom", "request")
    head = "".join(f"<th>{one}</th>" for one in columns)
    rows = []
    for one in reversed(records):
        rules = " ".join(dict.fromkeys(found.rule for found in one.findings))
        what = one.sentence or ", ".join(f"{count} {kind} taken out" for kind, count in one.redactions.items())
        by = ", ".join(f"{each.choice} by {each.by or each.channel}" for each in one.approvals)
        cells = (
            one.time[:19].replace("T", " "), one.user, one.notebook.rpartition("/")[2], one.state, str(one.origin),
            rules, what, by, one.msg_id[-12:],
        )  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in cells) + "</tr>")
    return (
        f"<h2>Decisions that say something, the last {len(rows)}</h2>"
        f'<table class="records"><tr>{head}</tr>{"".join(rows)}</table>'
    )
