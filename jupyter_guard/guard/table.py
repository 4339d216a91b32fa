"""Reports, secrets taken out and an open question -> a plain table of them, as HTML and as text.

For front ends without the panel. The HTML works in untrusted notebooks too: no style sheet, no script, every value
escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jupyter_guard.guard.card import marked

ROWS = 30
_STATES = {
    "blocked": "stopped",
    "declined": "not allowed",
    "asked": "waits for an answer",
    "confirmed": "ran, allowed",
    "ran": "ran",
}
_CELL = "padding:2px 10px 2px 0;text-align:left;vertical-align:top;line-height:1.4"


def panel_table(
    head: Sequence[str],
    reports: Iterable[Mapping[str, Any]],
    redactions: Mapping[str, int],
    question: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """``text/html`` and ``text/plain``: the lines of ``head``, the question, the latest reports that say something.

    ``reports`` and ``question`` are as the panel's JSON has them, the latest last; ``redactions`` counts by kind.
    """
    rows = [_row(one) for one in reports if one["findings"] or one["state"] != "ran"][-ROWS:][::-1]
    secrets = ", ".join(f"{count} {kind}" for kind, count in sorted(redactions.items()))
    return {"text/html": _html(head, rows, secrets, question), "text/plain": _plain(head, rows, secrets, question)}


def _row(report: Mapping[str, Any]) -> tuple[str, str, str, str]:
    state = str(report["state"])
    if state == "ran" and report["verdict"] == "warn":
        state = "ran, with a warning"
    found = [
        f"{one['rule']} ({one['severity']}, line {one['span']['line']}): {one['message']}" for one in report["findings"]
    ]
    return str(report.get("time", ""))[11:19], _STATES.get(state, state), str(report["sentence"]), "; ".join(found)


def _html(
    head: Sequence[str], rows: Sequence[tuple[str, ...]], secrets: str, question: Mapping[str, Any] | None
) -> str:
    parts = [f"<div>{marked(line)}</div>" for line in head]
    if question is not None:
        parts.append(
            f'<div style="border-left:4px solid rgb(200,120,20);padding:4px 10px;margin:6px 0">'
            f"<b>Waiting for an answer:</b> this cell {marked(str(question['sentence']))}."
            f"<div>{marked(_row(question)[3])}</div></div>"
        )
    titles = "".join(f'<th style="{_CELL}">{title}</th>' for title in ("UTC", "State", "What it does", "Found"))
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{marked(value)}</td>' for value in row) + "</tr>" for row in rows
    )
    parts.append(f"<table><tr>{titles}</tr>{body}</table>" if rows else "<div>Nothing to report so far.</div>")
    if secrets:
        parts.append(f"<div>Secrets taken out: {marked(secrets)}</div>")
    return f'<div class="jp-guard-panel">{"".join(parts)}</div>'


def _plain(
    head: Sequence[str], rows: Sequence[tuple[str, ...]], secrets: str, question: Mapping[str, Any] | None
) -> str:
    lines = list(head)
    if question is not None:
        lines.append(f"Waiting for an answer: this cell {question['sentence']}. {_row(question)[3]}")
    lines += [
        f"  {time}  {state:<20} {sentence}" + (f"  [{found}]" if found else "") for time, state, sentence, found in rows
    ]
    if not rows:
        lines.append("  Nothing to report so far.")
    if secrets:
        lines.append(f"Secrets taken out: {secrets}")
    return "\n".join(lines)
