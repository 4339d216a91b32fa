"""Evaluations, journals and isolation are drawn by one builder, and what it is given stays text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest

from jupyter_guard.cli import evaluate_page, isolation_picture
from jupyter_guard.guard import audit_page, page

PROBES = [
    {"group": "files <&>", "name": "one", "outcome": "blocked", "property": "files"},
    {"group": "network", "name": "two", "outcome": "open", "property": "network"},
]


def about(backend: str, works: bool = True) -> dict[str, Any]:
    return {
        "backend": backend, "works": works, "achieved": ["files"], "probes": PROBES,
        "start_seconds": 0.5, "cell_seconds": 0.01, "memory_bytes": 60_000_000,
    }  # fmt: skip


def test_the_pages_share_their_parts() -> None:
    for one in (audit_page, evaluate_page, isolation_picture):
        assert one.document is page.document
        assert one.stacks is page.stacks
    assert evaluate_page.drawing is page.drawing is isolation_picture.drawing


def test_a_picture_alone_is_a_file_and_on_a_page_a_part_of_it() -> None:
    found = [about("a <b>"), about("landlock", works=False)]
    alone = ElementTree.fromstring(isolation_picture.svg(found))
    texts = [one.text for one in alone.iter() if one.text]
    assert {"a <b>", "500 ms", "10.0 ms", "60 MB", "1 of 2", "does not work here"} <= set(texts)
    written = isolation_picture.page(found)
    assert (written.count("<svg"), "xmlns" in written, "<b>" in written) == (1, False, False)
    assert "1 blocked, 1 open" in written
    assert "files &lt;&amp;&gt;" in written
    seen: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, _: seen.append(tag)  # type: ignore[method-assign]
    reader.feed(written)
    assert "script" not in seen


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_bars_are_as_long_as_their_shares(share: float) -> None:
    other = {**about("b"), "start_seconds": 0.5 * share}
    drawn = ElementTree.fromstring(isolation_picture.svg([about("a"), other]))
    widths = [float(one.get("width", "0")) for one in drawn.iter() if one.tag.endswith("rect") and one.get("x")]
    assert widths[4] == pytest.approx(widths[0] * share)
