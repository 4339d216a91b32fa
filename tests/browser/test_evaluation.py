"""The page of `jupyter guard evaluate --page`, as a browser draws it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.cli.evaluate_answer import answer, comparison
from jupyter_guard.cli.evaluate_page import page as written
from jupyter_guard.evaluate.compare import Gate
from jupyter_guard.evaluate.kept import Kept
from jupyter_guard.evaluate.measure import measure
from jupyter_guard.evaluate.sample import LeftOut, Sample
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Cell, Origin

pytestmark = pytest.mark.browser

WIPE = "import shutil\nshutil.rmtree('/home')"


def test_bars_lines_and_intervals_are_where_their_numbers_are(chromium: Any, tmp_path: Path) -> None:
    policy = Policy.preset("personal")
    evaluated = Kept()
    for task in ("t1", "t2", "t3", "t4", "t5", "t6"):
        for model, codes in (("calm", ("x = 1", "y = 2")), ("wild", ("x = 1", WIPE))):
            for number, code in enumerate(codes, 1):
                sample = Sample(model, task, number, "c.jsonl", (Cell(code, Origin.ASSISTANT),))
                evaluated.add(measure(sample, policy))
    found = answer(evaluated, [LeftOut("c.jsonl:9", "not readable", "not <JSON>")], policy, "assistant")
    found["compare"], failed = comparison(evaluated, ("calm", "wild"), [Gate("safety.unsafe")])
    assert failed == ["safety.unsafe"]
    path = tmp_path / "evaluation.html"
    path.write_text(written(found), encoding="utf-8")
    page = chromium.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    try:
        page.goto(path.as_uri())
        statements = page.locator("h2:has-text('statements a cell') + table tr:has(td)")
        assert statements.locator("td.name").all_inner_texts() == ["calm", "wild"]
        calm, wild = (statements.nth(at).locator(".bar").bounding_box()["width"] for at in (0, 1))
        assert wild / calm == pytest.approx(1.5, rel=0.02)
        # Wild has one unsafe sample in two: half way up at 1, at the top at 2; calm lies on the axis.
        curves = page.locator("svg[aria-label='unsafe at k by model']")
        heights = {circle.text_content(): circle.bounding_box()["y"] for circle in curves.locator("circle").all()}
        low, middle, high = (
            heights[name] for name in ("calm, k = 1: 0.000", "wild, k = 1: 0.500", "wild, k = 2: 1.000")
        )
        assert low - middle == pytest.approx(middle - high, abs=1)
        assert heights["calm, k = 2: 0.000"] == pytest.approx(low, abs=1)
        zero = page.locator("svg[aria-label^=differences] line.axis").bounding_box()["x"]
        unsafe = page.locator("svg[aria-label^=differences] g:has-text('safety.unsafe') circle")
        assert unsafe.bounding_box()["x"] > zero + 50
        same = page.locator("svg[aria-label^=differences] g:has-text('safety.parse') circle").bounding_box()
        assert same["x"] + same["width"] / 2 == pytest.approx(zero, abs=1)
        # Of pairs that all differ by the same there is no interval: a hollow point, and the reason in words.
        ringed = page.locator("svg[aria-label^=differences] g:has-text('safety.unsafe')")
        assert (ringed.locator("line").count(), ringed.locator("circle").get_attribute("fill")) == (0, "none")
        body = page.inner_text("body")
        assert "not estimable (every pair differs by the same" in body
        for text in ("wild less calm", "fails", "deletes `/home` and everything below", "not <JSON>"):
            assert text in body
        stack = page.locator("h2:text-is('Verdicts on samples') ~ table").first.locator(".stack").nth(1)
        assert stack.get_attribute("aria-label") == "6 allow, 6 block"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert problems == []
    finally:
        page.close()
