"""The answer of an evaluation -> one page of HTML: bars, unsafe@k, a comparison's intervals, the worst cells."""

from __future__ import annotations

import heapq
from collections import Counter
from html import escape
from typing import Any, Final

from jupyter_guard.cli.console import counted
from jupyter_guard.cli.evaluate_text import interval_in_words, number
from jupyter_guard.guard.page import COLORS, MOST, axis, bars, document, dot, drawing, figures, label, stacks
from jupyter_guard.terms import Verdict

_VERDICTS: Final = {"allow": "#7a8794", "warn": "#b7791f", "confirm": "#dd6b20", "block": "#c53030"}
# Up to 5, 15, 30: what linters that count it complain about lies between the last two.
_STEPS: Final = {"0 to 5": 5, "6 to 15": 15, "16 to 30": 30}
_BEYOND: Final = "more than 30"
_DEPTHS: Final = dict(zip((*_STEPS, _BEYOND), _VERDICTS.values(), strict=True))
_STYLE: Final = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 0 2rem; }
.grid h2 { font-size: 0.95rem; margin-top: 1.2rem; } .grid td.name { width: 7rem; } .grid table { table-layout: fixed; }
h2.group { font-size: 1.25rem; } code { overflow-wrap: anywhere; }
"""
_WIDTH, _HEIGHT, _LEFT, _ROW = 620, 220, 230, 22


def page(found: dict[str, Any]) -> str:
    """The page for what ``evaluate_answer.answer`` gives."""
    models = found["models"]
    made = found["made_with"]
    said = {
        "models": f"{len(models):,}",
        "tasks": f"{len({sample['task'] for sample in found['samples']}):,}",
        "samples": f"{len(found['samples']):,}",
        "cells": f"{sum(len(sample['cells']) for sample in found['samples']):,}",
        "left out": f"{sum(found['left_out']['counts'].values()):,}",
    }
    libraries = [f"{name} {version}" for name, version in made["libraries"].items()]
    about = (
        f"jupyter_guard {made['jupyter_guard']}, policy {made['policy']}, rules {made['rules']}, cells by "
        f"{made['origin']}, Python {made['python']}, cognitive complexity: {made['cognitive_complexity']}, "
        f"{', '.join([*libraries, *([made['ruff']] if 'ruff' in made else [])])}."
    )
    parts = [
        figures(said),
        _comparison(found.get("compare")),
        _group(found, "safety", "Safety"),
        stacks("Verdicts on samples", "model", _verdicts(found), _VERDICTS, "samples"),
        _unsafe_at(models),
        _group(found, "legibility", "Legibility"),
        stacks("Cognitive complexity of cells", "model", _depths(found), _DEPTHS, "cells"),
        _worst(found),
        _left_out(found),
    ]
    return document("jupyter_guard: evaluation", "How legible and how safe the code is", about, parts, _STYLE)


def _group(found: dict[str, Any], group: str, title: str) -> str:
    cards = []
    for key, metric in found["metrics"].items():
        own, _, name = key.partition(".")
        if own != group:
            continue
        values = {
            model["model"]: float(value) for model in found["models"] if (value := model[group].get(name)) is not None
        }
        better = f", {metric['better']} is better" if metric["better"] else ""
        card = bars(f"{metric['title']}{better}", "model", values, metric["counts"], number, "(no name)")
        cards.append(f"<div>{card}</div>" if card else "")
    return f'<h2 class="group">{title}</h2><div class="grid">{"".join(cards)}</div>'


def _verdicts(found: dict[str, Any]) -> dict[str, Counter[str]]:
    rows: dict[str, Counter[str]] = {model["model"]: Counter() for model in found["models"]}
    for sample in found["samples"]:
        worst = Verdict.strictest((Verdict(cell["verdict"]) for cell in sample["cells"]), Verdict.ALLOW)
        rows[sample["model"]][str(worst)] += 1
    return rows


def _depths(found: dict[str, Any]) -> dict[str, Counter[str]]:
    rows: dict[str, Counter[str]] = {}
    for sample in found["samples"]:
        for cell in sample["cells"]:
            value = (cell["legibility"] or {}).get("cognitive_complexity")
            if value is not None:
                step = next((name for name, most in _STEPS.items() if value <= most), _BEYOND)
                rows.setdefault(sample["model"], Counter())[step] += 1
    return dict(sorted(rows.items()))


def _of(some: int, every: int) -> str:
    return f" in {some} of {every} tasks" if some < every else ""


def _unsafe_at(models: list[dict[str, Any]]) -> str:
    """Lines over k, one a model, each with its points' values in a title."""
    reach = max((int(k) for model in models for k in model["safety"]["unsafe_at"]), default=0)
    if reach < 2:
        return ""
    across, up = _WIDTH - 90, _HEIGHT - 50
    parts = []
    for tenth in (0, 5, 10):
        y = 15 + up * (1 - tenth / 10)
        parts += [axis(50, y, 50 + across, y), label(44, y + 4, f"{tenth / 10:g}", anchor="end")]
    for k in range(1, reach + 1):
        x = 50 + across * (k - 1) / (reach - 1)
        if k in (1, reach) or reach <= 10:
            parts.append(label(x, _HEIGHT - 12, f"k = {k}", anchor="middle"))
    keys = []
    for at, model in enumerate(models):
        color = COLORS[at % len(COLORS)]
        points = [
            (50 + across * (int(k) - 1) / (reach - 1), 15 + up * (1 - value), k, value)
            for k, value in model["safety"]["unsafe_at"].items()
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        behind = model["safety"]["unsafe_at_tasks"]
        parts += [
            dot(x, y, color, f"{model['model']}, k = {k}: {value:.3f}" + _of(behind[k], model["tasks"]))
            for x, y, k, value in points
        ]
        keys.append(f'<span class="key" style="background:{color}"></span>{escape(model["model"])}')
    return (
        f'<h2>Unsafe at k</h2><p class="soft">How likely at least one of k samples would be asked about or blocked.'
        f"{''.join(keys)}</p>" + drawing(_WIDTH, _HEIGHT, "unsafe at k by model", parts)
    )


def _comparison(about: dict[str, Any] | None) -> str:
    """The differences with their intervals, each drawn on a scale of its own: what counts is the side of zero."""
    if about is None:
        return ""
    parts, rows = [], about["differences"]
    middle = _LEFT + (_WIDTH - _LEFT - 20) / 2
    height = _ROW * len(rows) + 30
    parts += [axis(middle, 5, middle, height - 22), label(middle, height - 6, "no difference", anchor="middle")]
    for at, one in enumerate(rows):
        y = 16 + at * _ROW
        color = _VERDICTS["block"] if one["worse"] else COLORS[2] if one["better"] else _VERDICTS["allow"]
        low, high = (one["difference"] if one[key] is None else one[key] for key in ("low", "high"))
        reach = (_WIDTH - _LEFT - 40) / 2 / (max(abs(low), abs(high), abs(one["difference"])) or 1)
        start, end, mean = (middle + value * reach for value in (low, high, one["difference"]))
        word = "worse" if one["worse"] else "better" if one["better"] else "may be chance"
        why = f": {one['not_estimable']}" if one["not_estimable"] else ""
        said = f"{one['metric']}: {one['difference']:+.3f} ({interval_in_words(one)}{why}), {word}"
        parts.append(label(_LEFT - 10, y + 4, one["metric"], anchor="end"))
        line = f'<line x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}" stroke-width="3"/>'
        # A point alone has no interval, and is hollow.
        point = f'<circle cx="{mean:.1f}" cy="{y}" r="5"'
        drawn = f'{point} fill="none" stroke-width="2"/>' if why else f"{line}{point}/>"
        parts.append(f'<g stroke="{color}" fill="{color}"><title>{escape(said)}</title>{drawn}</g>')
    gates = "".join(
        f"<p>Gate <code>{escape(one['metric'])}</code>, margin {one['margin']:g}: "
        f"<strong>{'passes' if one['passes'] else 'fails'}</strong></p>"
        for one in about["gates"]
    ) + "".join(f'<p class="soft">{escape(one)}</p>' for one in about["skipped"])
    return (
        f'<h2 class="group">{escape(about["second"])} less {escape(about["first"])}</h2>'
        f'<p class="soft">In pairs of {counted(about["tasks"], "task")}, with the {about["confidence"]:.0%} interval '
        "of the mean difference; each on its own scale. Red is worse, green better, grey may be chance.</p>"
        + _not_estimable(rows)
        + drawing(_WIDTH, height, "differences with their intervals", parts)
        + gates
    )


def _not_estimable(rows: list[dict[str, Any]]) -> str:
    reasons: dict[str, list[str]] = {}
    for one in rows:
        if one["not_estimable"]:
            reasons.setdefault(one["not_estimable"], []).append(one["metric"])
    return "".join(
        f'<p class="soft">Hollow, not estimable ({escape(reason)}): {escape(", ".join(metrics))}.</p>'
        for reason, metrics in sorted(reasons.items())
    )


def _worst(found: dict[str, Any]) -> str:
    counts = Counter(cell["verdict"] for sample in found["samples"] for cell in sample["cells"])
    total = counts["confirm"] + counts["block"]
    if not total:
        return ""
    asked = (
        (Verdict(cell["verdict"]).rank, sample, cell)
        for sample in found["samples"]
        for cell in sample["cells"]
        if cell["verdict"] in ("confirm", "block")
    )
    cells = heapq.nsmallest(MOST, asked, key=lambda one: -one[0])
    rows = "".join(
        f"<tr><td>{escape(sample['model'])}</td><td>{escape(sample['task'])}</td><td>{escape(cell['verdict'])}</td>"
        f"<td>{escape(cell['sentence'])}</td></tr>"
        for _, sample, cell in cells
    )
    left = f'<p class="soft">The first {MOST} of {total}.</p>' if total > MOST else ""
    head = "<tr><th>model</th><th>task</th><th>verdict</th><th>what the cell would do</th></tr>"
    return f"<h2>Cells that would be asked about or blocked</h2><table>{head}{rows}</table>{left}"


def _left_out(found: dict[str, Any]) -> str:
    named = found["left_out"]["named"]
    rows = "".join(
        f"<tr><td><code>{escape(one['place'])}</code></td><td>{escape(one['message'])}</td></tr>"
        for one in named[:MOST]
    )
    if not rows:
        return ""
    left = f'<p class="soft">The first {MOST} of {len(named)}.</p>' if len(named) > MOST else ""
    return f"<h2>Left out</h2><table><tr><th>where</th><th>why</th></tr>{rows}</table>{left}"
