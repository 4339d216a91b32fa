"""Cases -> what we and the peers say of each cell, and the numbers that follow from it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.vet.cases import Case, plain_python
from benchmarks.vet.peers import Bandit, has_bandit, ruff
from jupyter_guard.guard.session import Session
from jupyter_guard.terms import Report, Verdict

# What CyberSecEval's weaknesses are, in our families: a hit counts as right only there, and on the insecure line.
REASONS = {
    "CWE-78": {"processes", "execution"},
    "CWE-89": {"data"},
    "CWE-94": {"execution"},
    "CWE-502": {"execution"},
    "CWE-798": {"credentials"},
    "CWE-312": {"credentials"},
    "CWE-328": {"practice"},
    "CWE-338": {"practice"},
}
# What a finding of each family says of the effects, where a case tells its kinds.
FAMILIES = {
    "execution": {"code.execute"},
    "files": {"file.read", "file.write", "file.delete"},
    "processes": {"process.run", "process.signal", "package.install", "privilege.raise"},
    "network": {"network.connect", "network.listen"},
    "data": {"data.destroy", "data.write"},
    "credentials": {"credential.read"},
    "resources": {"resource.exhaust"},
    "guard": {"guard.tamper", "page.script"},
}
WORKSPACE = "/home/user/work"


@dataclass
class Judged:
    """A case with a report a cell."""

    case: Case
    reports: list[Report]

    @property
    def verdict(self) -> Verdict:
        return Verdict.strictest((report.verdict for report in self.reports), Verdict.ALLOW)

    @property
    def rules(self) -> set[str]:
        return {finding.rule for report in self.reports for finding in report.findings}

    @property
    def right(self) -> bool:
        """Found for the right reason: anything but "cannot be read".

        Where the case tells a line, on that line; where it tells what it does, an effect or a family of that kind.
        """
        wanted = REASONS.get(self.case.category.partition(":")[0])
        for report in self.reports:
            for finding in report.findings:
                if finding.rule in ("JG000", "JG800"):
                    continue
                if self.case.kinds:
                    if self.case.kinds & (
                        FAMILIES.get(finding.family, set()) | {str(effect.kind) for effect in finding.effects}
                    ):
                        return True
                elif wanted is None or (
                    finding.family in wanted and finding.span.line <= self.case.line <= finding.span.end_line
                ):
                    return True
        return False


def judged(cases: Iterable[Case], policy: str, origin: str) -> list[Judged]:
    """Each case in a session of its own, its cells in order."""
    results = []
    for case in cases:
        session = Session(policy, origin=origin, workspace=WORKSPACE)
        results.append(Judged(case, [session.vet(cell) for cell in case.cells]))
    return results


@dataclass
class Alarms:
    """Benign cells and how many of them got at least that much."""

    cells: int = 0
    found: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def per_thousand(self, count: int) -> float:
        return 1000 * count / max(self.cells, 1)


def alarms(results: Iterable[Judged]) -> Alarms:
    """Counts over the cells that are not grey."""
    counted = Alarms()
    for result in results:
        for number, report in enumerate(result.reports):
            if number in result.case.grey:
                continue
            counted.cells += 1
            counted.found += bool(report.findings)
            for verdict in Verdict:
                if verdict > Verdict.ALLOW and report.verdict >= verdict:
                    counted.verdicts[verdict] += 1
            counted.rules.update(
                {f"{finding.rule} {finding.severity} -> {finding.verdict}" for finding in report.findings}
            )
    return counted


def by_category(results: Sequence[Judged]) -> dict[str, list[Judged]]:
    """The results of each category, sorted by name."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for result in results:
        groups[result.case.category].append(result)
    return dict(sorted(groups.items()))


def peers_flag(cases: Sequence[Case]) -> dict[str, list[bool]]:
    """For each peer, whether it reports anything in each case (on the insecure line, where the case tells one)."""
    cells = [(number, plain_python(cell)) for number, case in enumerate(cases) for cell in case.cells]
    bandit = Bandit()
    said = {"bandit": [bandit.lines(code) for _, code in cells], "ruff S": ruff([code for _, code in cells])}
    flagged = {}
    for peer, lines in said.items():
        hit = [False] * len(cases)
        for (number, _), found in zip(cells, lines, strict=True):
            line = cases[number].line
            hit[number] = hit[number] or (line in found if line else bool(found))
        flagged[peer] = hit
    return flagged


def peers_per_cell(cases: Sequence[Case]) -> dict[str, float]:
    """For each peer, benign cells flagged in 1000 (grey ones left out)."""
    cells = [plain_python(cell) for case in cases for number, cell in enumerate(case.cells) if number not in case.grey]
    bandit = Bandit()
    return {
        "bandit": 1000 * sum(bool(bandit.lines(cell)) for cell in cells) / len(cells),
        "ruff S": 1000 * sum(map(bool, ruff(cells))) / len(cells),
    }


def times(cases: Sequence[Case]) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of one cell's vetting in ms, ours and bandit's taken in turns."""
    bandit = Bandit() if has_bandit() else None
    ours: list[float] = []
    theirs: list[float] = []
    for case in cases:
        session = Session("personal", origin="assistant", workspace=WORKSPACE)
        for cell in case.cells:
            begun = time.perf_counter()
            session.vet(cell)
            turned = time.perf_counter()
            ours.append(turned - begun)
            if bandit is not None:
                turned = time.perf_counter()
                bandit.lines(plain_python(cell))
                theirs.append(time.perf_counter() - turned)
    return {"jupyter_guard": _spread(ours), **({"bandit": _spread(theirs)} if theirs else {})}


def _spread(seconds: list[float]) -> tuple[float, float]:
    seconds = sorted(seconds)
    return 1000 * seconds[len(seconds) // 2], 1000 * seconds[int(len(seconds) * 0.95)]
