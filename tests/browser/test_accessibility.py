"""Panel, card, badges, lines, hover and status bar: nothing serious that axe-core finds, whatever the theme; roles, live regions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard import vet
from jupyter_guard.guard.card import card

from .driver import Front, Server

AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
LIGHT = "JupyterLab Light"
# The last is the card as it is in front ends without the extension.
OURS = (
    *("#jupyter-guard-panel", ".jg-RenderedCard", ".jg-Effects", ".jg-Badges", ".jg-StatusItem-holder", ".jg-Hover"),
    ".jp-RenderedHTML",
)
DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
FETCH = "import requests\nrates = requests.get('https://rates.example/eur', verify=False).json()"
ASKED = "exec(open('tidy.py').read())"
# What axe is not sure about counts as found. `looked` are the parts whose contrast it could measure.
RUN = """async ours => {
    const found = await axe.run({include: ours.map(one => [one])});
    const serious = [...found.violations, ...found.incomplete]
        .filter(rule => ['serious', 'critical'].includes(rule.impact));
    const measured = found.passes.filter(rule => rule.id === 'color-contrast').flatMap(rule => rule.nodes)
        .map(node => document.querySelector(node.target[0]));
    return {
        serious: serious.flatMap(rule => rule.nodes.map(node =>
            [rule.id, node.html.slice(0, 200), ...[...node.any, ...node.all].map(one => one.message)].join(' | '))),
        looked: ours.filter(one => measured.some(node => node?.closest(one)))
    };
}"""


@pytest.fixture
def light_again(server: Server) -> Iterator[None]:
    yield
    server.request(THEMES, "PUT", {"raw": json.dumps({"theme": LIGHT})})


def change_theme(front: Front, theme: str) -> None:
    front.run_command("apputils:change-theme", {"theme": theme})
    front.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)


def show_everything(server: Server, front: Front) -> None:
    """A page with cards, badges, lines, findings, a secret taken out, the policy, the journal, a diff and a question."""
    (server.root / "tidy.py").write_text("tidied = True\n")
    key = ("AKIA" + "Q3EGR", "Z5YJ7N2WXKP")
    server.write_notebook("access.ipynb", ["x = 1", f"print({key[0]!r} + {key[1]!r})"])
    front.open_lab("access.ipynb", tidy=True)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    html = card(vet(DROP, origin="assistant"), "blocked")["text/html"]
    front.show_output(0, {"text/html": html})
    front.run_to_end(1)
    front.insert_cell(2, DROP)
    front.run_to_end(2)
    front.insert_cell(3, FETCH)
    front.cells.nth(3).locator(".jg-Effects").wait_for()
    front.panel.get_by_role("button", name="Vet all").click()
    front.panel.locator(".jg-Group").nth(1).wait_for()
    front.panel.get_by_text("The policy, and which layer set what").click()
    front.panel.get_by_label("The policy in force").filter(has_text="assistant").wait_for()
    front.panel.get_by_text("Why, and what to do instead").first.click()
    front.panel.get_by_role("button", name="Show a safer version").first.click()
    front.panel.locator(".jg-Safer").wait_for()
    front.panel.get_by_text("Journal of this notebook").click()
    front.panel.locator(".jg-Decision").first.wait_for()
    front.insert_cell(4, ASKED)
    front.run_cell(4)
    front.panel.locator(".jg-Question").wait_for()


def test_no_serious_violation_in_any_theme(server: Server, front: Front, light_again: None) -> None:
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: `make typescript` installs it")
    show_everything(server, front)
    # What is scrolled away counts as hidden, as does all of a page whose body has no height of its own.
    front.page.set_viewport_size({"width": 1360, "height": 3200})
    front.page.add_style_tag(content="body { height: 100vh; }")
    front.page.add_script_tag(path=str(AXE))
    # The toolbar of the selected cell lies over its badge.
    front.select_cell(0)
    for theme in (LIGHT, "JupyterLab Dark", "JupyterLab Dark High Contrast"):
        change_theme(front, theme)
        front.cells.nth(3).locator(".cm-lintRange").first.hover()
        front.page.locator(".jg-Hover").first.wait_for()
        found = front.page.evaluate(RUN, OURS)
        assert not found["serious"], "\n".join([theme, *found["serious"]])
        assert found["looked"] == list(OURS), theme
        front.page.mouse.move(5, 5)
        front.page.locator(".jg-Hover").first.wait_for(state="detached")
    front.interrupt_kernel()


def test_a_question_comes_into_a_live_region_and_into_sight(server: Server, front: Front) -> None:
    (server.root / "tidy.py").write_text("tidied = True\n")
    cells = [DROP.replace("sales", f"sales{number}") for number in range(8)]
    server.write_notebook("heard.ipynb", [*cells, "x = 1"])
    front.open_lab("heard.ipynb", tidy=True)
    assert front.panel.get_attribute("role") == "region"
    assert front.panel.get_attribute("aria-label") == "Guard"
    front.panel.get_by_role("status").filter(has_text="Guarded").wait_for()
    front.panel.get_by_role("button", name="Vet all").click()
    front.panel.locator(".jg-Group").nth(7).wait_for()
    front.panel.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    # A screen reader says only what comes into a region that was there before.
    region: Any = front.panel.locator("[aria-live=assertive]").element_handle()
    assert region.get_attribute("aria-label") == "Waiting for your answer"
    front.insert_cell(9, ASKED)
    front.run_cell(9)
    group = front.panel.get_by_role("group", name="Run this cell?")
    group.wait_for()
    assert region.evaluate("node => node.isConnected && node.querySelector('[role=group]') !== null")
    assert group.evaluate(
        """node => {
            const own = node.getBoundingClientRect(), panel = node.closest('#jupyter-guard-panel').getBoundingClientRect();
            return own.top >= panel.top - 1 && own.top < panel.bottom;
        }"""
    )
    front.page.wait_for_timeout(600)
    group.get_by_role("button", name="Refuse", exact=True).click()
    front.wait_for_run(9)
    front.panel.get_by_role("status").filter(has_text="Cell 10: Not run: it was not allowed").wait_for(state="attached")
