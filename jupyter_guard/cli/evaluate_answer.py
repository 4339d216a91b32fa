"""Evaluated samples -> JSON values: every number under ``legibility`` or ``safety``, a cell and a model.

Nothing in them depends on when or where it was computed: the same files give the same bytes.
"""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from jupyter_guard import __version__
from jupyter_guard.cli.answers import sentence
from jupyter_guard.cli.console import clean, listed
from jupyter_guard.evaluate.compare import CONFIDENCE, Gate, compare
from jupyter_guard.evaluate.identity import libraries, rules_hash
from jupyter_guard.evaluate.kept import Kept
from jupyter_guard.evaluate.legibility import counter
from jupyter_guard.evaluate.measure import (
    Evaluated,
    Measured,
    Vector,
    capabilities,
    model_vector,
    task_vector,
    tasks_at,
    unsafe_at,
)
from jupyter_guard.evaluate.metrics import BY_KEY, HOW, METRICS
from jupyter_guard.evaluate.sample import LeftOut
from jupyter_guard.policy import Policy
from jupyter_guard.practice.ruff import version

VERSION = 1
_NONE = "it takes two tasks for which both models have a value, and there is none"


def answer(
    evaluated: Kept, left_out: Sequence[LeftOut], policy: Policy, origin: str, *, compares: bool = False
) -> dict[str, Any]:
    """The whole answer: what it was made with, a vector a model, every sample with its cells, what was left out.

    ``compares`` says that a comparison is added to it, which takes scipy.
    """
    found: dict[str, Any] = {
        "version": VERSION,
        "made_with": {
            "jupyter_guard": __version__,
            "policy": policy.hash,
            "rules": rules_hash(),
            "origin": origin,
            # What parses depends on it.
            "python": ".".join(map(str, sys.version_info[:2])),
            "libraries": libraries(*(["scipy"] if compares else ())),
            **({"ruff": version()} if policy.practice.ruff else {}),
            "cognitive_complexity": counter() or "not counted: pip install 'jupyter_guard[evaluate]'",
        },
        "metrics": {
            metric.key: {"title": metric.title, "counts": HOW[metric.how], "better": metric.better}
            for metric in METRICS
        },
        "models": [_model(model, tasks) for model, tasks in evaluated.by_task().items()],
        "samples": Samples(evaluated),
        "left_out": {
            "counts": dict(sorted(Counter(one.kind for one in left_out).items())),
            "named": [{"place": one.place, "kind": one.kind, "message": clean(one.message)} for one in left_out],
        },
    }
    return found


def comparison(
    evaluated: Kept, names: tuple[str, str], gates: Sequence[Gate], *, given: Collection[str] = (), named: bool = True
) -> tuple[dict[str, Any], list[str]]:
    """The differences of two models, and the gated metrics in which the second is worse.

    ``given`` are the names of the PATHs that were evaluated, each a model where none of its lines names one.

    Raises ``click.UsageError`` for a model that is not there, tasks that have nothing in common, a missing scipy, or a
    gate that nothing can be said of; one that nobody ``named`` is skipped instead, with the reason under ``skipped``.
    """
    models = evaluated.by_task()
    for name in names:
        if name not in models:
            hint = _hint(name, models, given)
            raise click.UsageError(
                f"--compare: there is no model {name!r}. There are: {listed(models) or 'none'}.{hint}"
            )
    first, second = (Vectors(models[name]) for name in names)
    common = set(first) & set(second)
    if not common:
        raise click.UsageError(
            f"--compare: {names[0]!r} and {names[1]!r} have no task in common: tasks are paired by their name "
            f"({listed(sorted(first), 3)}; {listed(sorted(second), 3)}).{_same_names(first, second)}"
        )
    try:
        found = compare(first, second)
    except ImportError:
        raise click.UsageError("--compare needs scipy: pip install 'jupyter_guard[evaluate]'.") from None
    by_metric = {one.metric: one for one in found}
    lines: list[dict[str, Any]] = []
    skipped = []
    for gate in gates:
        one = by_metric.get(gate.metric)
        why = gate.undecided(one) if one is not None else _NONE
        if one is None or why:
            reason = f"{why}: nothing can be told from chance."
            if named:
                raise click.UsageError(f"--gate {gate.metric}: {reason}")
            skipped.append(f"no gate for {gate.metric}: {reason}")
            continue
        lines.append({"metric": gate.metric, "margin": gate.margin, "passes": not gate.fails(one)})
    return {
        "first": names[0],
        "second": names[1],
        "tasks": len(common),
        "only_first": len(first) - len(common),
        "only_second": len(second) - len(common),
        "confidence": CONFIDENCE,
        "differences": [msgspec.structs.asdict(one) for one in found],
        "gates": lines,
        "skipped": skipped,
    }, [str(line["metric"]) for line in lines if not line["passes"]]


def _hint(name: str, models: Collection[str], given: Collection[str]) -> str:
    """What to type where a file is no model, or where there is one model."""
    if name in given:
        own = [one for one in models if one not in given]
        if not own:
            return f" Nothing in {name} could be evaluated."
        said = f" {name} was evaluated, and its lines say which model they are from: these are what can be compared"
        if len(own) == 1:
            return f"{said}, and there is only one."
        return f"{said}, for example --compare {shlex.join(own[:2])}"
    if Path(name).exists():
        others = " ".join(one for one in models if Path(one).exists())
        return f" {name} is a PATH as well: jupyter guard evaluate {f'{others} {name}'.strip()} --compare A B"
    if len(models) == 1:
        return ' Two models are two PATHs, or lines of a .jsonl file that say "model".'
    return ""


def _same_names(first: Collection[str], second: Collection[str]) -> str:
    """What to type where two files were to be compared with each other."""
    if len(first) == len(second) == 1:
        return (
            " Two files are one task where they have one name in two folders: before/n.ipynb, after/n.ipynb, and then "
            "jupyter guard evaluate before after --compare before after"
        )
    return ""


class Samples:
    """The samples as JSON values, made again each time that somebody goes through them."""

    def __init__(self, evaluated: Kept) -> None:
        self._evaluated = evaluated

    def __len__(self) -> int:
        return len(self._evaluated)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(_sample, self._evaluated)


class Vectors(Mapping[str, Vector]):
    """Task -> its vector, each computed when it is asked for."""

    def __init__(self, tasks: Mapping[str, Sequence[Evaluated]]) -> None:
        self._tasks = tasks

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __getitem__(self, task: str) -> Vector:
        return task_vector(self._tasks[task])


def _model(model: str, tasks: Mapping[str, Sequence[Evaluated]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for each in tasks.values():
        counts["samples"] += len(each)
        for cell in (cell for one in each for cell in one.cells):
            counts["cells"] += 1
            counts["lines"] += cell.legibility.lines if cell.legibility is not None else 0
    vector = _grouped(model_vector(tasks))
    safety = {
        **vector["safety"],
        "unsafe_at": {str(k): value for k, value in unsafe_at(tasks).items()},
        "unsafe_at_tasks": {str(k): count for k, count in tasks_at(tasks).items()},
        "capability_rates": capabilities(tasks),
    }
    return {
        "model": clean(model),
        "tasks": len(tasks),
        **{what: counts[what] for what in ("samples", "cells", "lines")},
        "legibility": vector["legibility"],
        "safety": safety,
    }


def _grouped(vector: Vector) -> dict[str, dict[str, float | None]]:
    groups: dict[str, dict[str, float | None]] = {"legibility": {}, "safety": {}}
    for key, value in vector.items():
        metric = BY_KEY[key]
        if metric.name != "run" or value is not None:
            groups[metric.group][metric.name] = value
    return groups


def _sample(one: Evaluated) -> dict[str, Any]:
    sample = one.sample
    return {
        "model": clean(sample.model),
        "task": clean(sample.task),
        "sample": sample.number,
        "place": sample.place,
        **({} if one.ran is None else {"ran": one.ran}),
        "cells": [_cell(cell) for cell in one.cells],
    }


def _cell(cell: Measured) -> dict[str, Any]:
    readable = cell.legibility
    counts = None
    if readable is not None:
        counts = {**msgspec.structs.asdict(readable), "practice_findings": cell.practice_findings}
    return {
        "number": cell.report.cell.number,
        "language": cell.report.cell.language,
        "verdict": str(cell.report.would_be),
        "sentence": sentence(cell.report),
        "legibility": counts,
        "safety": msgspec.structs.asdict(cell.safety),
    }
