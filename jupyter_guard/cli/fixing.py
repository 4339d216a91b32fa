"""A notebook's or script's bytes -> the same with every safe rewrite made that makes a finding go; all else stays."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Final

import msgspec

from jupyter_guard.cli.cases import BadInput, Case, Source, case_from, content_of, decoded
from jupyter_guard.cli.judging import Judge, folder_of
from jupyter_guard.cli.notebooks import parse_notebook
from jupyter_guard.cli.splice import spliced
from jupyter_guard.fix import Fix, is_likely, suggest
from jupyter_guard.fix.imported import seen_with
from jupyter_guard.fix.likely import vias
from jupyter_guard.guard.saved import as_saved, cells_of
from jupyter_guard.terms import Finding, Origin, Report, Span

_MOST_ROUNDS: Final = 200
FORMS: Final = ("notebook", "python")
# A finding by its cell, rule and place, and the text in which it had that place.
Tried = tuple[int, str, Span, str]


class Made(msgspec.Struct, frozen=True):
    """One rewrite that was made: the cell's number (0: the only one), the line in it, the rule and what it did."""

    cell: int
    line: int
    rule: str
    title: str


def fixed(source: Source, judge: Judge, origin: Origin | None) -> tuple[bytes, bytes, list[Made]] | BadInput:
    """What the file holds, what it would hold with the rewrites made, and these, in the order of the text."""
    data = content_of(source)
    if isinstance(data, BadInput):
        return data
    name = Path(source.path).as_posix()
    case = case_from(data, name, source.form, origin)
    if isinstance(case, BadInput):
        return case
    codes, made = _rewritten(case, judge)
    if not made:
        return data, data, []
    after = _in_notebook(data, case, codes) if source.form == "notebook" else _in_script(data, case, codes)
    if isinstance(after, str):
        return BadInput(name, f"nothing in it was fixed: {after}")
    return data, after, sorted(made, key=lambda one: (one.cell, one.line))


def _rewritten(case: Case, judge: Judge) -> tuple[list[str], list[Made]]:
    """Each cell's text with the rewrites made, one at a time, each judged before it is kept."""
    made: list[Made] = []
    tried: set[Tried] = set()
    reports = judge.vet(case).reports
    for _ in range(_MOST_ROUNDS):
        found = _next(case, reports, tried)
        if found is None:
            break
        at, finding, fix = found
        cells = list(case.cells)
        cells[at] = msgspec.structs.replace(cells[at], code=fix.code)
        changed = msgspec.structs.replace(case, cells=tuple(cells))
        after = judge.vet(changed).reports
        tried.add((at, finding.rule, finding.span, case.cells[at].code))
        if is_better(reports, after, at, finding.rule):
            made.append(Made(case.cells[at].number, finding.span.line, finding.rule, fix.title))
            case, reports = changed, after
    return [cell.code for cell in case.cells], made


def _next(case: Case, reports: tuple[Report, ...], tried: set[Tried]) -> tuple[int, Finding, Fix] | None:
    seen = [cell.code for cell in case.cells]
    for at, report in enumerate(reports):
        code = case.cells[at].code
        if case.cells[at].language != "python":
            continue
        for finding in report.findings:
            known: Tried = (at, finding.rule, finding.span, code)
            if known in tried or not is_likely(finding, code):
                continue
            fix = suggest(
                code, finding.rule, finding.span, vias(finding), seen_with(finding.rule, seen, folder_of(case))
            )
            if fix is not None and fix.safe:
                return at, finding, fix
            tried.add(known)
    return None


def is_better(before: tuple[Report, ...], after: tuple[Report, ...], at: int, rule: str) -> bool:
    """Whether one finding of the rule is gone from that cell, and no cell is worse than it was."""

    def count(report: Report) -> int:
        return sum(finding.rule == rule for finding in report.findings)

    no_worse = all(
        new.would_be <= old.would_be and {one.rule for one in new.findings} <= {one.rule for one in old.findings}
        for old, new in zip(before, after, strict=True)
    )
    return no_worse and count(after[at]) < count(before[at])


def _in_notebook(data: bytes, case: Case, codes: list[str]) -> bytes | str:
    """The file with the cells' new texts, or why it stays as it is."""
    before = parse_notebook(data)
    after = copy.deepcopy(before)
    cells = cells_of(after)
    for cell, code in zip(case.cells, codes, strict=True):
        if code != cell.code:
            table = cells[cell.number - 1]
            key = "source" if "source" in table else "input"
            table[key] = as_saved(table[key], code)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        return mark + spliced(data.decode("utf-8-sig"), after).encode("utf-8")
    except RecursionError:
        return "it is nested too deeply"


def _in_script(data: bytes, case: Case, codes: list[str]) -> bytes | str:
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    text, encoding = decoded(data, case.form)
    carried = text.count("\r\n")
    if carried and carried < text.count("\n"):
        return "some of its lines end with a carriage return and some do not"
    lines = text.replace("\r\n", "\n").split("\n")
    starts = [sum(len(one) + 1 for one in lines[: line - 1]) for line in case.lines]
    text = "\n".join(lines)
    for start, cell, code in reversed(list(zip(starts, case.cells, codes, strict=True))):
        text = text[:start] + code + text[start + len(cell.code) :]
    if carried:
        text = text.replace("\n", "\r\n")
    try:
        return mark + text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return f"a rewrite does not go into its encoding, {encoding}"
