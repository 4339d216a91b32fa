"""Reports -> what a person reads in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from jupyter_guard.cli.answers import sentence
from jupyter_guard.cli.cases import BadInput
from jupyter_guard.cli.console import clean, counted, printable, styled
from jupyter_guard.cli.judging import Outcome
from jupyter_guard.cli.offering import Offer, Offers
from jupyter_guard.guard.card import finding_item
from jupyter_guard.terms import Finding, Report, Verdict
from jupyter_guard.terms.own import is_told

MOST_NOTES: Final = 20


class TextReport:
    """Prints outcomes one by one, then a summary. ``verbose``: also cells that are simply allowed."""

    def __init__(self, console: Console, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose
        self._cells: Counter[Verdict] = Counter()
        self._cases = 0
        self._suppressed = 0
        self._policies: set[str] = set()

    def add(self, outcome: Outcome, offers: Offers) -> None:
        """Print what there is to say about a case, and the rewrites that are offered for what is found."""
        self._cases += 1
        headed = False
        for report, line in zip(outcome.reports, outcome.case.lines, strict=True):
            self._cells[report.verdict] += 1
            self._policies.add(report.policy)
            suppressed = sum(bool(finding.suppressed) for finding in report.findings)
            self._suppressed += suppressed
            quiet = report.would_be is Verdict.ALLOW and report.verdict is Verdict.ALLOW and not self._verbose
            if quiet and not suppressed:
                continue
            if not headed:
                self._head(outcome)
                headed = True
            self._cell(report, line, outcome)
        notes = [] if self._verbose else list(_notes(outcome))
        if notes and not headed:
            self._head(outcome)
            headed = True
        for label, said in notes[:MOST_NOTES]:
            self._print(Text.assemble((f"  {label}: ", "dim"), said), 12)
        if len(notes) > MOST_NOTES:
            self._print(Text(f"  notes: {len(notes) - MOST_NOTES} more, which -v shows", "dim"), 12)
        if offers and not headed:
            self._head(outcome)
            headed = True
        for (at, number), offer in offers.items():
            self._offer(offer, outcome.reports[at].findings[number])
        if headed:
            self._console.print()

    def _offer(self, offer: Offer, finding: Finding) -> None:
        how = "--fix makes it" if offer.safe else "read it first"
        self._print(Text.assemble(("  rewrite: ", "dim"), f"{offer.title} ({finding.rule}; {how})"), 12)
        for line in offer.diff.split("\n"):
            style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
            self._console.print(Text(f"    {printable(line)}", style), soft_wrap=True)

    def _head(self, outcome: Outcome) -> None:
        self._console.print(Text(printable(outcome.case.id), "bold underline"), soft_wrap=True)

    def _cell(self, report: Report, line: int, outcome: Outcome) -> None:
        head = Text("  ")
        head.append(f"cell {report.cell.number} " if report.cell.number else "")
        head.append_text(styled(str(report.verdict)))
        if report.would_be != report.verdict:
            head.append(" (enforcing: ").append_text(styled(str(report.would_be))).append(")")
        said = sentence(report)
        head.append(f": {said or 'does nothing that the guard can name'}", "" if said else "dim")
        self._print(head, 2)
        for finding in report.findings:
            if finding.verdict > Verdict.ALLOW or finding.suppressed or self._verbose:
                self._finding(finding, 0 if outcome.case.form == "notebook" else line)

    def _finding(self, finding: Finding, line: int) -> None:
        item = finding_item(finding, clean)
        head = Text.assemble(("    " + finding.rule, "bold"), " ", styled(item["severity"]))
        head.append(f", line {line + finding.span.line - 1 if line else finding.span.line}: {item['message']}")
        self._print(head, 4)
        call = f"{item['replace']} in place of {item['via']}" if finding.replace else ""
        said: tuple[tuple[str, str], ...] = (("Why", item["why"]), ("Instead", item["instead"]), ("Call", call))
        if finding.suppressed:
            said = (("Allowed", f"in the code, because {item['suppressed']}"),)
        elif finding.not_counted:
            said = (*said, ("Comment", f"does not count: {item['not_counted']}"))
        for label, text in (*said, ("Decided by", item["decided_by"])):
            if text:
                self._print(Text.assemble((f"      {label + ':':<12}", "dim"), text), 18)

    def _print(self, text: Text, indent: int) -> None:
        """Lines that wrap, the further ones below the first one's text."""
        plain = len(text.plain) - len(text.plain.lstrip(" "))
        body = text[plain:]
        width = max(40, self._console.width - plain)
        hang = max(0, indent - plain)
        first, *rest = body.wrap(self._console, width) or [Text("")]
        self._console.print(Padding(first, (0, 0, 0, plain), expand=False), soft_wrap=True)
        if rest:
            remainder = body[len(first.plain) :]
            remainder = remainder[len(remainder.plain) - len(remainder.plain.lstrip(" ")) :]
            for more in remainder.wrap(self._console, max(40, width - hang)):
                self._console.print(Padding(more, (0, 0, 0, plain + hang), expand=False), soft_wrap=True)

    def finish(self, problems: list[BadInput], accepted: int) -> None:
        """Print the summary."""
        total = self._cells.total()
        summary = Text(f"{counted(total, 'cell')} in {counted(self._cases, 'case')}: ")
        for number, verdict in enumerate(Verdict):
            summary.append(", " if number else "").append_text(
                styled(f"{self._cells[verdict]:,} {verdict}", str(verdict))
            )
        if accepted:
            summary.append(f"; {counted(accepted, 'finding')} known already")
        if self._suppressed:
            summary.append(f"; {counted(self._suppressed, 'finding')} allowed in the code")
        if problems:
            summary.append("; ").append_text(styled(f"{counted(len(problems), 'input')} not vetted", "wrong"))
        summary.append(f" (policy {', '.join(sorted(self._policies))})" if self._policies else "", "dim")
        self._console.print(summary, soft_wrap=True)


def _notes(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What is allowed and said all the same, a line each: an organisation's own rules, and how cells are written."""
    for report, line in zip(outcome.reports, outcome.case.lines, strict=True):
        for finding in report.findings:
            own = is_told(finding)
            if (own or finding.family == "practice") and finding.verdict is Verdict.ALLOW and not finding.suppressed:
                first = line if outcome.case.form != "notebook" and line else 1
                cell = f"cell {report.cell.number}, " if report.cell.number else ""
                item = finding_item(finding, clean)
                uncounted = f"; its comment does not count: {item['not_counted']}" if finding.not_counted else ""
                said = f"{cell}line {first + finding.span.line - 1}: {item['message']} ({finding.rule}){uncounted}"
                yield "own rule" if own else "practice", said
