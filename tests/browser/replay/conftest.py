"""The figures of the replayed mechanisms, printed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ..driver import Front, Server
from .scene import Scene, Score

SCORE = Score()
# JupyterLab's search over the cells, when cells come and go while it is open.
SEARCHS_OWN = "CodeMirrorEditor already set"


@pytest.fixture(scope="session")
def score() -> Score:
    return SCORE


@pytest.fixture(scope="module")
def scene(server: Server, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """One page and one notebook for all tests of a file, each with cells of its own."""
    context = chromium.new_context(viewport={"width": 1360, "height": 1500}, reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    name = f"{request.module.__name__.rpartition('.')[2]}.ipynb"
    server.write_notebook(name, ["loaded = sorted([3, 1, 2])", "loaded_to_edit = sorted([3, 1, 2])"])
    opened = Scene(Front(server, context.new_page()))
    opened.open(name)
    yield opened
    errors = [error for error in opened.front.errors() if SEARCHS_OWN not in error]
    opened.front.shut_kernels_down()
    context.close()
    assert not errors, "errors in the browser's console:\n" + "\n".join(errors)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    lines = SCORE.lines()
    if lines:
        terminalreporter.section("who wrote it, replayed")
        for line in lines:
            terminalreporter.write_line(line)
