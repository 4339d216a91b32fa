"""What ``jupyter guard isolation`` measured -> a picture (SVG) of times, memory, probes and properties, or a page."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from jupyter_guard.cli.isolation import figures
from jupyter_guard.guard.page import COLORS, bar, document, drawing, label, stacks
from jupyter_guard.policy.fields import PROPERTIES

_ROW, _TOP, _BAR, _LEFT = 44, 56, 130, 120
_COLUMNS = ("start", "cell", "memory", "probes blocked")
_OUTCOMES: Final = {"blocked": COLORS[2], "open": COLORS[4], "unknown": COLORS[6]}


def svg(found: list[dict[str, Any]]) -> str:
    """The picture's text; longer bars are slower, larger, or block more."""
    return _drawn(found, alone=True) + "\n"


def page(found: list[dict[str, Any]]) -> str:
    """The picture on a page, with the probes' outcomes by backend and group."""
    by_backend = {
        one["backend"]: Counter(probe["outcome"] for probe in one["probes"]) for one in found if one["probes"]
    }
    groups = {
        f"{one['backend']}: {group}": Counter(probe["outcome"] for probe in one["probes"] if probe["group"] == group)
        for one in found
        for group in dict.fromkeys(probe["group"] for probe in one["probes"])
    }
    parts = [
        _drawn(found, alone=False),
        stacks("Probes", "backend", by_backend, _OUTCOMES, "probes", COLORS[3]),
        stacks("Probes by what they try", "backend: group", groups, _OUTCOMES, "probes", COLORS[3]),
    ]
    said = "Measured now, on this machine: longer bars are slower, larger, or block more."
    return document("jupyter_guard: isolation", "What each box gives a kernel here", said, parts)


def _drawn(found: list[dict[str, Any]], *, alone: bool) -> str:
    parts = [label(_LEFT + number * (_BAR + 30), 26, title, weight="bold") for number, title in enumerate(_COLUMNS)]
    properties = _LEFT + len(_COLUMNS) * (_BAR + 30)
    parts += [label(properties + number * 80, 26, title, weight="bold") for number, title in enumerate(PROPERTIES)]
    measures = ("start_seconds", "cell_seconds", "memory_bytes")
    most = [max((one[measure] for one in found), default=0) or 1 for measure in measures]
    for line, about in enumerate(found):
        y = _TOP + line * _ROW
        parts.append(label(12, y + 14, about["backend"], weight="bold"))
        if not about["works"]:
            parts.append(label(_LEFT, y + 14, "does not work here"))
            continue
        probes = about["probes"]
        blocked = sum(one["outcome"] == "blocked" for one in probes) / len(probes) if probes else 0
        shares = (*(about[measure] / largest for measure, largest in zip(measures, most, strict=True)), blocked)
        for number, (share, said) in enumerate(zip(shares, figures(about), strict=True)):
            x = _LEFT + number * (_BAR + 30)
            color = COLORS[0] if number < len(measures) else COLORS[2]
            parts += [bar(x, y + 18, share * _BAR, color), label(x, y + 14, said)]
        for number, name in enumerate(PROPERTIES):
            has = name in about["achieved"]
            parts.append(
                label(properties + number * 80, y + 14, "yes" if has else "no", weight="bold" if has else "normal")
            )
    width = properties + len(PROPERTIES) * 80
    return drawing(width, _TOP + _ROW * len(found), "isolation backends on this machine", parts, alone=alone)
