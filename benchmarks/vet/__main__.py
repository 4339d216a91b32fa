"""``python -m benchmarks.vet [DATA]``: recall and false alarms at the same settings, and time a cell."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.vet.cases import Case, notebook_cases, own_cases, read_cases
from benchmarks.vet.measure import (
    Alarms,
    Judged,
    Peer,
    alarms,
    boxed,
    by_category,
    flagged,
    flagged_per_thousand,
    judged,
    peers,
    times,
)
from benchmarks.vet.peers import Unavailable, has_bandit, semgrep
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Verdict

ROOT = Path(__file__).parents[2]
# Of tests/corpus. Who wrote "own" had the rules at hand; each of the others is by somebody who had not read them.
CORPORA = ("independent", "own", "unseen", "unseen2", "unseen3", "unseen4", "unseen5", "unseen6", "unseen7")
# Budgets of GOALS.md, in 1000 benign cells.
BUDGETS = {"human": {"warn": 3.0, "block": 0.3}, "assistant": {"found": 60.0, "confirm": 10.0, "block": 1.0}}


def main() -> None:
    """Print the tables."""
    options = _options()
    policy = Policy.preset(options.preset)
    print(f"policy {options.preset} {policy.hash}; data {options.data}")
    halves = {name: list(own_cases(ROOT / "tests" / "corpus" / name)) for name in CORPORA}
    shared = options.data.exists()
    names = ("examples", "cyberseceval") if shared else ()
    sets = {name: list(read_cases(options.data / f"{name}.jsonl.gz")) for name in names}
    sets |= {f"corpus, {name}": half for name, half in halves.items()}
    cases = [one for group in sets.values() for one in group]
    bad = [case for case in cases if case.label == "bad"]
    near = [case for case in cases if case.label == "good"]
    if shared:
        benign = list(read_cases(options.data / "benign.jsonl.gz"))[:: options.every]
    else:
        print("no such folder: the project's own corpus and the notebooks of its tests are measured")
        benign = list(notebook_cases(ROOT / "tests" / "demo" / "foreign"))
        options.time_every = 1
    for origin in ("assistant", "human"):
        print(f"\n-- settings: {origin} --")
        for name, group in sets.items():
            print(f"  {name}")
            _recall(judged([one for one in group if one.label == "bad"], options.preset, origin), options.list_missed)
        _near(judged(near, options.preset, origin))
        counted = alarms(judged(benign, options.preset, origin))
        _alarms(counted, origin)
        # What lies in a home that is not empty would be another one on each machine.
        with tempfile.TemporaryDirectory(prefix=".vet-", dir=Path.home()) as made:
            (Path(made) / "work").mkdir()
            noted, changed = boxed(benign, options.preset, origin, Path(made))
            print(f"  with isolation, noted as what it will refuse: {counted.per_thousand(noted):.2f} in 1000", end="")
            print(f"; another verdict by that: {changed} cells")
    if not options.only_ours and not has_bandit():
        print("\nbandit is not installed (`pip install --group benchmark` brings it): there is nothing to compare with")
    elif not options.only_ours:
        print("\n-- peers, same cases --")
        for name, peer in peers().items():
            _peer(name, peer, bad, benign)
        # A minute for a thousand cells: a sample is enough to compare.
        some = slice(None, None, options.semgrep_every)
        try:
            _peer("semgrep", lambda cells: semgrep(cells, options.semgrep_rules), bad[some], benign[some])
        except Unavailable as reason:
            print(f"  {'semgrep':14} {reason}")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\n-- processor time a cell, ms: median, p95 (load of {os.cpu_count()} cores: {load}) --")
    taken = times(benign[:: options.time_every])
    for name, (median, p95) in taken.items():
        print(f"  {name:14} {median:8.3f} {p95:8.3f}")
    if len(taken) > 1:
        (median, p95), (their_median, their_p95) = taken.values()
        print(f"  {'ratio':14} {median / their_median:8.2f} {p95 / their_p95:8.2f}")


def _peer(name: str, peer: Peer, bad: list[Case], benign: list[Case]) -> None:
    hits = flagged(bad, peer)
    rate = flagged_per_thousand(benign, peer)
    print(
        f"  {name:14} {sum(hits)}/{len(hits)} bad cases flagged ({100 * sum(hits) / len(hits):.1f}%),"
        f" {rate:.1f} in 1000 benign cells"
    )


def _recall(results: list[Judged], list_missed: bool) -> None:
    print(f"  {'category':42} {'cases':>5} {'found':>6} {'right':>6} {'>=warn':>6} {'>=ask':>6} {'block':>6}")
    for category, group in by_category(results).items():
        _row(category, group)
    _row("all", results)
    if list_missed:
        for result in results:
            if not result.right:
                print(f"    missed {result.case.id} {result.case.category} {sorted(result.rules)}")


def _row(name: str, group: list[Judged]) -> None:
    counts = [
        sum(bool(result.rules) for result in group),
        sum(result.right for result in group),
        *(
            sum(result.verdict >= verdict for result in group)
            for verdict in (Verdict.WARN, Verdict.CONFIRM, Verdict.BLOCK)
        ),
    ]
    print(f"  {name:42} {len(group):5} " + " ".join(f"{100 * count / len(group):5.0f}%" for count in counts))


def _near(results: list[Judged]) -> None:
    hit = [result for result in results if result.verdict > Verdict.ALLOW]
    found = [result for result in results if result.rules]
    print(f"  near-misses: {len(found)}/{len(results)} with a finding, {len(hit)} interrupted")
    for result in found:
        print(f"    {result.case.id} {result.verdict} {sorted(result.rules)}")


def _alarms(counted: Alarms, origin: str) -> None:
    print(f"  benign cells: {counted.cells}; in 1000:", end="")
    for name, count in [("found", counted.found), *((v, counted.verdicts[v]) for v in ("warn", "confirm", "block"))]:
        budget = BUDGETS[origin].get(name)
        print(f"  {name} {counted.per_thousand(count):.2f}" + (f" (<= {budget:g})" if budget else ""), end="")
    print()
    for rule, count in counted.rules.most_common(15):
        print(f"    {rule:32} {counted.per_thousand(count):6.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vet", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=ROOT.parent / "shared" / "data" / "vet")
    parser.add_argument("--preset", default="personal", help="the policy preset (default: personal)")
    parser.add_argument("--every", type=int, default=1, help="take every Nth benign notebook")
    parser.add_argument("--time-every", type=int, default=10, help="time every Nth of those")
    parser.add_argument("--semgrep-rules", type=Path, metavar="DIR", help="a local checkout of semgrep's rules")
    parser.add_argument("--semgrep-every", type=int, default=20, help="give semgrep every Nth case (default: 20)")
    parser.add_argument("--only-ours", action="store_true", help="leave the peers out")
    parser.add_argument("--list-missed", action="store_true", help="name the bad cases that were missed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
