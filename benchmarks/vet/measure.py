"""Cases -> what we and the peers say of each cell, and the numbers that follow from it."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.vet.cases import Case, plain_python
from benchmarks.vet.peers import Bandit, Lines, has_bandit, ruff
from jupyter_guard.guard.foreseen import RULE as FORESEEN
from jupyter_guard.guard.foreseen import Box
from jupyter_guard.guard.isolated import Isolated, granted
from jupyter_guard.guard.session import Session
from jupyter_guard.policy import Policy
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


def boxed(cases: Sequence[Case], policy: str, origin: str, home: Path) -> tuple[int, int]:
    """In the box that bubblewrap makes of the policy for a kernel in the folder ``work`` of a home: how many of the
    cells that are not grey have a note about it, and how many have another verdict by that.
    """
    box = _box(Policy.preset(policy), str(home / "work"), str(home))
    noted = changed = 0
    pairs = zip(judged(cases, policy, origin, home), judged(cases, policy, origin, home, box), strict=True)
    for one, other in pairs:
        for number, (bare, held) in enumerate(zip(one.reports, other.reports, strict=True)):
            if number not in one.case.grey:
                noted += any(finding.rule == FORESEEN for finding in held.findings)
                changed += bare.verdict != held.verdict
    return noted, changed


def judged(
    cases: Iterable[Case], policy: str, origin: str, home: Path | None = None, box: Box | None = None
) -> list[Judged]:
    """Each case in a session of its own, its cells in order; with a ``home``, in its folder ``work``."""
    results = []
    workspace = str(home / "work") if home else WORKSPACE
    for case in cases:
        session = Session(policy, origin=origin, workspace=workspace, home=str(home) if home else None)
        session.box = box
        results.append(Judged(case, [session.vet(cell) for cell in case.cells]))
    return results


def _box(policy: Policy, workspace: str, home: str) -> Box:
    held = Isolated("bubblewrap", ("files",), granted=granted(policy.isolation))
    return Box(held, policy, workspace, {**os.environ, "HOME": home})


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


Peer = Callable[[Sequence[str]], list[Lines]]


def peers() -> dict[str, Peer]:
    """The peers that are installed with the benchmark, by name: cells in, the lines that each reports out."""
    bandit = Bandit()
    return {"bandit": lambda cells: [bandit.lines(cell) for cell in cells], "ruff S": ruff}


def flagged(cases: Sequence[Case], peer: Peer) -> list[bool]:
    """Whether a peer reports anything in each case (on the insecure line, where the case tells one)."""
    cells = [(number, plain_python(cell)) for number, case in enumerate(cases) for cell in case.cells]
    hit = [False] * len(cases)
    for (number, _), found in zip(cells, peer([code for _, code in cells]), strict=True):
        line = cases[number].line
        hit[number] = hit[number] or (line in found if line else bool(found))
    return hit


def flagged_per_thousand(cases: Sequence[Case], peer: Peer) -> float:
    """Benign cells in 1000 in which a peer reports anything (grey ones left out)."""
    cells = [plain_python(cell) for case in cases for number, cell in enumerate(case.cells) if number not in case.grey]
    return 1000 * sum(map(bool, peer(cells))) / max(len(cells), 1)


def times(cases: Sequence[Case], runs: int = 3) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of one cell's vetting in ms, ours and bandit's taken in turns.

    A cell's time is the least that it took in ``runs`` sessions, in processor time of this thread: what other
    programs do on the machine meanwhile counts for neither.
    """
    bandit = Bandit() if has_bandit() else None
    clock = time.thread_time
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for _ in range(runs):
        ours.append([])
        theirs.append([])
        for case in cases:
            session = Session("personal", origin="assistant", workspace=WORKSPACE)
            for cell in case.cells:
                begun = clock()
                session.vet(cell)
                ours[-1].append(clock() - begun)
                if bandit is not None:
                    plain = plain_python(cell)
                    begun = clock()
                    bandit.lines(plain)
                    theirs[-1].append(clock() - begun)
    least = {"jupyter_guard": ours, **({"bandit": theirs} if bandit is not None else {})}
    return {name: _spread([min(each) for each in zip(*taken, strict=True)]) for name, taken in least.items()}


def _spread(seconds: list[float]) -> tuple[float, float]:
    seconds = sorted(seconds)
    return 1000 * seconds[len(seconds) // 2], 1000 * seconds[int(len(seconds) * 0.95)]
