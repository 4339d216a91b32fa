"""A judged cell -> the card that people read: a MIME bundle, a prompt, an error.

Every text in it is scrubbed, made printable and cut to size, in this order, before it is laid out; the HTML escapes
it on top. The HTML also works in untrusted notebooks: JupyterLab's sanitiser keeps classes, ``details`` and inline
styles with literal colours, and drops style tags, scripts, roles and ``var()``. So colours are half-transparent
tints over whatever the theme draws, and the classes let the lab extension refine them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from textwrap import fill
from typing import Any, Literal

from jupyter_guard.terms import Cell, Effect, Finding, Origin, Report, Verdict

State = Literal["blocked", "declined", "asked", "warned", "note"]
Clean = Callable[[str], str]

MIME = "application/vnd.jupyter-guard.v1+json"
WIDTH = 96
MAX_FINDINGS = 8
MAX_EFFECTS = 12
MAX_TEXT = 500
MAX_SENTENCE = 1500
NO_SENTENCE = "does nothing that the guard can name"
ANSWER_WAS_NO = "whoever is asked: run the cell again and answer y"
WITHHELD = "[not shown: the scrubber failed on it]"

_TITLES: dict[str, str] = {
    "blocked": "jupyter_guard stopped this cell before it ran",
    "declined": "jupyter_guard did not run this cell: it was not allowed",
    "asked": "jupyter_guard asks before this cell runs",
    "warned": "jupyter_guard let this cell run, with a warning",
    "note": "jupyter_guard took a note of this cell",
}
_ERROR_NAMES = {"blocked": "CellBlocked", "declined": "CellDeclined"}
# Mid tones that keep a contrast of 3:1 or more with both white and JupyterLab's dark background: enough for
# lines, not for text.
_ACCENTS = {"blocked": "211,66,66", "declined": "211,66,66", "asked": "200,120,20", "warned": "200,120,20"}
_CALM = "70,130,190"
_AUTHORS = {
    Origin.HUMAN: "written by a person",
    Origin.UNKNOWN: "nobody watched it being written",
    Origin.IMPORTED: "imported code",
    Origin.ASSISTANT: "written by an assistant",
}
_WHO = {
    "site": "the administrator of this machine: the site policy decides it",
    "hub": "the administrator of this JupyterHub: the hub policy decides it",
    "user": "you: change that key in your jupyter_guard.toml (jupyter guard policy show names the file)",
    "project": "whoever keeps this project's jupyter_guard.toml, within what the layers above it allow",
    "built": "nobody: a guard that fails does not let code through",
}
_WHO_PRESET = "you, unless a site or hub policy says otherwise: write a jupyter_guard.toml (jupyter guard policy init)"

# C0 and C1 controls, bidirectional overrides and isolates, invisible spaces and joiners, line and paragraph
# separators, lone surrogates: each could hide, reorder or forge what a reader sees, or cannot be encoded.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_BACKTICKED = re.compile("`([^`]+)`")
_SPACES = re.compile(r"\s+")
# What is cut off before scrubbing can hide the rest of a secret that begins before the cut: as much again is
# dropped from the scrubbed text. Keys in PEM form are the longest secrets, about 3,300 characters.
_BEFORE_SCRUBBING = 24_000
_MARGIN = 8_000


def card(
    report: Report,
    state: State,
    who: str = "",
    clean: Clean | None = None,
    *,
    about: str = "",
    advice: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The MIME bundle that shows ``report``: ``text/plain``, ``text/html`` and ``MIME`` (a JSON-able dictionary).

    ``who`` says who can allow the cell; left empty, it follows from the policy layer that decided, or, for a declined
    cell, from the answer. ``clean`` takes secrets out of a text, for hosts that know values which a pattern cannot; the
    default is ``jupyter_guard.scrub.scrub``. ``about`` is what was judged, as a subject of sentences, where that is not
    the cell but something that it does. ``advice`` is for a program that wrote the cell (``guard.advising``), and in
    the JSON alone.
    """
    view = {**payload(report, state, who, clean, about=about), **advised(report, advice, clean)}
    return {"text/plain": _plain(view), "text/html": _html(view), MIME: view}


def payload(
    report: Report, state: State, who: str = "", clean: Clean | None = None, *, about: str = ""
) -> dict[str, Any]:
    """What a card says, as plain JSON values: all strings are clean, printable and bounded, and not yet escaped."""
    tidy = _tidier(clean)
    findings = _weighty_first(report.findings)
    # What a cell builds or imports stands somewhere else, where nothing can be rewritten.
    cell = None if about else report.cell
    return {
        "version": 1,
        "state": state,
        "verdict": str(report.verdict),
        "would_be": str(report.would_be),
        "origin": str(report.cell.origin),
        "cell": report.cell.number,
        "about": tidy(about),
        "sentence": tidy(report.sentence, MAX_SENTENCE).rstrip(".") or NO_SENTENCE,
        "findings": [_finding(finding, tidy, cell) for finding in findings[:MAX_FINDINGS]],
        "more": max(0, len(findings) - MAX_FINDINGS),
        "problems": [tidy(problem) for problem in report.problems[:MAX_FINDINGS]],
        "policy": tidy(report.policy),
        "who": tidy(who or (ANSWER_WAS_NO if state == "declined" else who_can_allow(report))),
    }


def advised(report: Report, advice: Mapping[str, Any] | None, clean: Clean | None = None) -> dict[str, Any]:
    """What a refusal says besides to a program: the ``context``, and ``rewrites``, whole cells as they would be."""
    if not advice:
        return {}
    places = {(one.rule, one.span): at for at, one in enumerate(_weighty_first(report.findings)[:MAX_FINDINGS])}
    scrubbed = clean or _scrub
    rewrites = [
        {"finding": places[about], "code": scrubbed(code)}
        for about, code in advice["rewrites"].items()
        if about in places and len(code) <= _BEFORE_SCRUBBING
    ]
    return {"context": advice["context"], "rewrites": rewrites}


def finding_item(finding: Finding, clean: Clean | None = None, cell: Cell | None = None) -> dict[str, Any]:
    """One finding as the panel's and the card's JSON has it, clean, printable and bounded.

    Without its ``cell`` nobody can tell whether there may be a rewrite.
    """
    return _finding(finding, _tidier(clean), cell)


def who_can_allow(report: Report) -> str:
    """Who may let this cell run, from the policy layer behind its strictest finding."""
    deciding = _deciding(report.findings)
    if deciding is None:
        return _WHO_PRESET
    layer = re.split(r"[ :]", deciding.decided_by, maxsplit=1)[0]
    return _WHO.get(layer, _WHO_PRESET)


def prompt(report: Report, clean: Clean | None = None, *, about: str = "") -> str:
    """The question put to whoever may allow the cell: the sentence, each rule with its line, ending in ``[y/N] ``."""
    view = payload(report, "asked", clean=clean, about=about)
    lines = [f"jupyter_guard: {_subject(view)} {view['sentence']}."]
    asking = [item for item in view["findings"] if item["verdict"] not in ("allow", "warn")] or view["findings"]
    lines += [f"  {item['rule']} ({item['severity']}), {_where(item)}: {item['message']}" for item in asking[:3]]
    if len(asking) > 3 or view["more"]:
        lines.append(f"  and {len(asking) - min(3, len(asking)) + view['more']} more findings")
    return "\n".join(lines) + "\nRun it? [y/N] "


def error(
    report: Report, state: State, who: str = "", clean: Clean | None = None, *, about: str = ""
) -> dict[str, Any]:
    """The reply of a cell that did not run, as the protocol's error content: ``ename``, ``evalue``, ``traceback``."""
    from jupyter_guard.terms.sentence import NOTHING

    view = payload(report, state, who, clean, about=about)
    rules = ", ".join(dict.fromkeys(item["rule"] for item in view["findings"]))
    # What stopped it may be no effect at all, an import or a team's own rule: then that is what there is to say.
    nothing = view["sentence"] == NOTHING and view["findings"]
    said = view["findings"][0]["message"] if nothing else view["sentence"]
    value = f"{_subject(view)} {said}" + (f" ({rules})" if rules else "")
    return {"ename": _ERROR_NAMES.get(state, "CellStopped"), "evalue": value, "traceback": _traceback(view, value)}


def _traceback(view: dict[str, Any], value: str) -> list[str]:
    lines = [f"{_ERROR_NAMES.get(view['state'], 'CellStopped')}: {value}"]
    lines += [f"  {_where(item)}: {item['message']}" for item in view["findings"][:3]]
    return [*lines, f"  Who can allow it: {view['who']}"]


def escape(text: str) -> str:
    """``text`` for HTML."""
    # Imported here: its tables of names are a third of a megabyte, and few processes that import this show a card.
    from html import escape as escaped

    return escaped(text)


def _tidier(clean: Clean | None) -> Callable[..., str]:
    """A function from any text to one that may be shown: without secrets, printable, at most ``limit`` long."""
    if clean is None:
        clean = _scrub

    def tidy(text: str, limit: int = MAX_TEXT) -> str:
        if not text:
            return ""
        cut = len(text) > _BEFORE_SCRUBBING
        try:
            shown = clean(text[:_BEFORE_SCRUBBING])
        except Exception:
            return WITHHELD
        if cut:
            shown = shown[: max(0, len(shown) - _MARGIN)]
        shown = _UNPRINTABLE.sub(_spelled_out, _SPACES.sub(" ", shown)).strip()
        return shown[: limit - 1] + "…" if cut or len(shown) > limit else shown

    return tidy


def _scrub(text: str) -> str:
    from jupyter_guard.scrub import scrub

    return scrub(text)


def _spelled_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _weighty_first(findings: tuple[Finding, ...]) -> list[Finding]:
    return sorted(findings, key=lambda one: (-one.verdict.rank, -one.severity.rank, one.span.line, one.rule))


def _deciding(findings: tuple[Finding, ...]) -> Finding | None:
    weighty = _weighty_first(findings)
    return next((one for one in weighty if one.verdict > Verdict.ALLOW and one.decided_by), None)


def _finding(finding: Finding, tidy: Callable[..., str], cell: Cell | None = None) -> dict[str, Any]:
    # Imported here: the wrapper imports this module for a name, and judges nothing.
    from jupyter_guard.fix.likely import is_likely, is_offered, vias

    span = finding.span
    fixable = offered = False
    if cell is not None and cell.language == "python":
        likely = is_likely(finding, cell.code)
        # What an organisation wants in its place is never made by itself: arguments may mean something else there.
        offered = bool(finding.replace) or (likely and is_offered(finding.rule, cell.code, span, vias(finding)))
        fixable = likely and not offered
    return {
        "rule": tidy(finding.rule),
        "family": tidy(finding.family),
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "message": tidy(finding.message),
        "why": tidy(finding.why),
        "instead": tidy(finding.instead),
        "span": {
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        },
        "verdict": str(finding.verdict),
        "decided_by": tidy(finding.decided_by),
        "origin": str(finding.origin),
        "fixable": fixable,
        "offered": offered,
        "effects": [_effect(effect, tidy) for effect in finding.effects[:MAX_EFFECTS]],
        **({"via": tidy(finding.via)} if finding.via else {}),
        **({"replace": tidy(finding.replace)} if finding.replace else {}),
        **({"suppressed": tidy(finding.suppressed)} if finding.suppressed else {}),
        **({"not_counted": tidy(finding.not_counted)} if finding.not_counted else {}),
    }


def _effect(effect: Effect, tidy: Callable[..., str]) -> dict[str, Any]:
    return {
        "kind": str(effect.kind),
        "target": tidy(effect.target),
        "scope": str(effect.scope),
        "reversible": effect.reversible,
        "certainty": str(effect.certainty),
        "via": tidy(effect.via),
        "tags": sorted(tidy(tag) for tag in effect.tags),
    }


def _where(item: dict[str, Any]) -> str:
    first, last = item["span"]["line"], item["span"]["end_line"]
    return f"line {first}" if last <= first else f"lines {first}-{last}"


def _subject(view: dict[str, Any]) -> str:
    return str(view["about"] or "this cell")


def _title(view: dict[str, Any]) -> str:
    title = _TITLES.get(view["state"], _TITLES["note"])
    if view["would_be"] != view["verdict"] and Verdict(view["would_be"]) > Verdict.WARN:
        asked = "asked about" if view["would_be"] == "confirm" else "stopped"
        title = f"jupyter_guard only watches here: enforcing, it would have {asked} this cell"
    if view["about"]:
        title = title.replace("this cell", "part of this cell")
    return f"{title} (cell {view['cell']})" if view["cell"] else title


def _parts(item: dict[str, Any]) -> list[tuple[str, str]]:
    """The labelled lines under a finding: why, instead, what to call and the policy key that decided, if any."""
    author = _AUTHORS.get(item["origin"], "")
    decided = f"{item['decided_by']} ({author})" if item["decided_by"] and author else item["decided_by"]
    call = f"`{item['replace']}` in place of `{item['via']}`" if item.get("replace") else ""
    parts = [("Why", item["why"]), ("Instead", item["instead"]), ("Call", call), ("Decided by", decided)]
    if item.get("not_counted"):
        parts.append(("Comment", f"does not count: {item['not_counted']}"))
    return [(label, text) for label, text in parts if text]


def _plain(view: dict[str, Any]) -> str:
    lines = [_title(view), _wrapped(_capital(_subject(view)) + " ", view["sentence"] + ".", 2)]
    for item in view["findings"]:
        lines.append(_wrapped(f"{item['rule']} {item['severity']}, {_where(item)}: ", item["message"], 2))
        lines += [_wrapped(f"{label + ':':<12}", text, 6) for label, text in _parts(item)]
    if view["more"]:
        lines.append(f"  and {view['more']} more findings")
    lines += [_wrapped("Not read: ", problem, 2) for problem in view["problems"]]
    if view["state"] in ("blocked", "declined", "asked"):
        lines.append(_wrapped("Who can allow it: ", view["who"], 2))
    return "\n".join(lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _wrapped(label: str, text: str, indent: int) -> str:
    return fill(
        label + text,
        width=WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_on_hyphens=False,
    )


def marked(text: str) -> str:
    """Escaped text in which names between backticks are set as code."""
    return _BACKTICKED.sub(r"<code>\1</code>", escape(text))


def _html(view: dict[str, Any]) -> str:
    accent = _ACCENTS.get(view["state"], _CALM)
    state = escape(view["state"])
    body = [
        f'<div style="font-weight:600">{escape(_title(view))}</div>',
        f'<div class="jp-guard-sentence" style="margin:4px 0">'
        f"{marked(_capital(_subject(view)))} {marked(view['sentence'])}.</div>",
    ]
    for item in view["findings"]:
        parts = "".join(
            f'<div><span style="font-weight:600">{label}:</span> {marked(text)}</div>' for label, text in _parts(item)
        )
        body.append(
            f'<details class="jp-guard-finding"{" open" if item is view["findings"][0] else ""}>'
            f'<summary style="cursor:pointer"><code>{escape(item["rule"])}</code> '
            f'<span style="border-bottom:2px solid rgb({accent});font-weight:600">{escape(item["severity"])}</span>, '
            f"{_where(item)}: {marked(item['message'])}</summary>"
            f'<div style="margin:2px 0 6px 18px">{parts}</div></details>'
        )
    if view["more"]:
        body.append(f"<div>and {view['more']} more findings</div>")
    body += [f"<div>Not read: {escape(problem)}</div>" for problem in view["problems"]]
    if view["state"] in ("blocked", "declined", "asked"):
        body.append(f'<div style="margin-top:4px">Who can allow it: {escape(view["who"])}</div>')
    return (
        f'<div class="jp-guard-card jp-guard-{state}" style="border-left:4px solid rgb({accent});'
        f'background-color:rgba({accent},0.08);padding:8px 12px;margin:4px 0;line-height:1.45">{"".join(body)}</div>'
    )


def with_happened(card: bytes, words: str) -> bytes:
    """A card's bundle with how what the cell did was not what was foreseen, which is known when it has ended."""
    import json

    bundle = json.loads(card)
    bundle["text/plain"] += f"\n{words}"
    inner, _, _ = bundle["text/html"].rpartition("</div>")
    bundle["text/html"] = f'{inner}<div class="jp-guard-happened" style="margin-top:4px">{marked(words)}</div></div>'
    bundle[MIME]["happened"] = words
    return json.dumps(bundle).encode()
