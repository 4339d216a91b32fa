"""Titles, numbers and counts -> one page of HTML that needs nothing else: no script, no font, no server.

The one builder of what the guard reports for people to keep: evaluations, journals, isolation. ``drawing`` and what it
is made of also give a picture on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Final

MOST: Final = 25
# For what is told apart by its place in a list: readable on light and dark, and for most who see few colours.
COLORS: Final = ("#2b6cb0", "#b7791f", "#2f7d4f", "#6b46c1", "#c53030", "#319795", "#7a8794", "#d53f8c")

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1a202c; --paper: #ffffff; --soft: #4a5568; --line: #cbd5e0; --bar: #2b6cb0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e2e8f0; --paper: #171923; --soft: #a0aec0; --line: #4a5568; --bar: #63b3ed; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.soft, td.soft { color: var(--soft); }
dl { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; } dt { color: var(--soft); }
dd { margin: 0; font-size: 1.4rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 0.15rem 0.6rem 0.15rem 0; }
th { font-weight: 600; border-bottom: 1px solid var(--line); } td.number, th.number { text-align: right; width: 5rem; }
td.name { width: 16rem; overflow-wrap: anywhere; }
.bar { height: 0.9rem; background: var(--bar); border-radius: 2px; min-width: 2px; }
.stack { display: flex; height: 0.9rem; } .stack span { min-width: 2px; } .key { display: inline-block; width: 0.8rem;
  height: 0.8rem; border-radius: 2px; margin: 0 0.3rem 0 1rem; vertical-align: -1px; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); } svg .axis { stroke: var(--line); }
"""


def document(title: str, heading: str, said: str, parts: Iterable[str], style: str = "") -> str:
    """The page: ``parts`` are HTML, everything else is text."""
    return (
        "\n".join(
            [
                "<!DOCTYPE html>",
                '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
                f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body>",
                f"<h1>{escape(heading)}</h1>",
                f'<p class="soft">{escape(said)}</p>',
                *parts,
                "</body></html>",
            ]
        )
        + "\n"
    )


def figures(values: Mapping[str, str]) -> str:
    """A few numbers that come first, each below its name."""
    return (
        "<dl>"
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in values.items())
        + "</dl>"
    )


def bars(
    title: str,
    what: str,
    values: Mapping[str, float],
    head: str = "count",
    shown: Callable[[float], str] = lambda value: f"{value:,}",
    unnamed: str = "(none)",
) -> str:
    """A bar for each value, of a length that is its share of the largest; nothing where there are none."""
    if not values:
        return ""
    largest = max(values.values()) or 1
    rows = [
        f'<tr><td class="name">{escape(name or unnamed)}</td>'
        f'<td><div class="bar" style="width:{100 * value / largest:.3f}%"></div></td>'
        f'<td class="number">{escape(shown(value))}</td></tr>'
        for name, value in list(values.items())[:MOST]
    ]
    left = f'<p class="soft">The {MOST} most frequent of {len(values)}.</p>' if len(values) > MOST else ""
    first = f'<tr><th>{escape(what)}</th><th></th><th class="number">{escape(head)}</th></tr>'
    return f"<h2>{escape(title)}</h2><table>{first}{''.join(rows)}</table>{left}"


def stacks(
    title: str, what: str, rows: Mapping[str, Mapping[str, int]], colors: Mapping[str, str], total: str, other: str = ""
) -> str:
    """A bar of segments for each row, the longest for the largest sum; parts in the order of ``colors``.

    Told apart without colour too: each segment has its number in a title, each row its text.
    """
    if not rows:
        return ""
    most = max(sum(counts.values()) for counts in rows.values()) or 1
    known = [*colors, *sorted({part for counts in rows.values() for part in counts} - set(colors))]
    keys = "".join(
        f'<span class="key" style="background:{colors.get(part, other)}"></span>{escape(part)}'
        for part in known
        if any(part in counts for counts in rows.values())
    )
    lines = []
    for name, counts in rows.items():
        segments = "".join(
            f'<span style="width:{100 * counts[part] / most:.3f}%;background:{colors.get(part, other)}" '
            f'title="{escape(part)}: {counts[part]}"></span>'
            for part in known
            if counts.get(part)
        )
        words = ", ".join(f"{counts[part]} {escape(part)}" for part in known if counts.get(part))
        lines.append(
            f'<tr><td class="name">{escape(name)}</td>'
            f'<td><div class="stack" role="img" aria-label="{words}">{segments}</div></td>'
            f'<td class="number">{sum(counts.values()):,}</td></tr>'
        )
    head = f'<tr><th>{escape(what)}</th><th></th><th class="number">{escape(total)}</th></tr>'
    return f'<h2>{escape(title)}</h2><p class="soft">{keys}</p><table>{head}' + "".join(lines) + "</table>"


def drawing(width: int, height: int, name: str, parts: Iterable[str], *, alone: bool = False) -> str:
    """A picture (SVG) of ``parts``, in pixels from its left upper corner; ``alone``: as a file of its own."""
    paper = '<rect width="100%" height="100%" fill="white"/>' if alone else ""
    kind = ' xmlns="http://www.w3.org/2000/svg" font-family="sans-serif"' if alone else ""
    return (
        f'<svg{kind} viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-size="12" role="img" '
        f'aria-label="{escape(name)}">{paper}{"".join(parts)}</svg>'
    )


def label(x: float, y: float, said: str, *, anchor: str = "start", weight: str = "normal") -> str:
    """A text of a drawing, which begins, has its middle or ends at ``x``."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(said)}</text>'


def axis(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line of a drawing that others are read against."""
    return f'<line class="axis" stroke="#cbd5e0" x1="{x:.1f}" x2="{to_x:.1f}" y1="{y:.1f}" y2="{to_y:.1f}"/>'


def bar(x: float, y: float, width: float, color: str) -> str:
    """A bar of a drawing."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="8" fill="{color}"/>'


def dot(x: float, y: float, color: str, title: str) -> str:
    """A point of a drawing, with what it says when it is pointed at."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"><title>{escape(title)}</title></circle>'
