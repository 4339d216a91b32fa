"""Notebooks that a program saves through a real server: its cells are marked, a page's are not."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_guard.origin import decide_origin
from jupyter_guard.server.writers import is_from_page, is_saved_by_program, mark_changed, notebook_at
from jupyter_guard.terms import Origin

TOKEN = "t" * 20
PAGE = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}


def notebook(*sources: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "execution_count": None,
            "metadata": dict(metadata or {}),
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def save(url: str, name: str, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
    body = json.dumps({"type": "notebook", "format": "json", "content": content}).encode()
    headers = {"Authorization": f"token {TOKEN}", **(headers or {})}
    asked = urllib.request.Request(f"{url}/api/contents/{name}", body, headers, method="PUT")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status in (200, 201)


def authors(root: Path, name: str) -> list[Any]:
    cells = json.loads((root / name).read_text())["cells"]
    return [cell["metadata"].get("jupyter_guard", {}).get("origin", {}).get("author") for cell in cells]


def test_what_a_program_changes_is_an_assistants_and_what_it_leaves_is_not(url: str, root: Path) -> None:
    save(url, "w.ipynb", notebook("a = 1", "b = 2"), PAGE)
    assert authors(root, "w.ipynb") == [None, None]
    save(url, "w.ipynb", notebook("a = 1", "import os; os.remove('x')", "c = 3"))
    assert authors(root, "w.ipynb") == [None, "assistant", "assistant"]
    assert "2 of its cells are marked" in (root / "log").read_text()
    # A page that saves it again leaves the marks, which came with the file.
    save(url, "w.ipynb", json.loads((root / "w.ipynb").read_text()), PAGE)
    assert authors(root, "w.ipynb") == [None, "assistant", "assistant"]


def test_a_whole_notebook_of_a_programs_is_its_own(url: str, root: Path) -> None:
    claim = {"jupyter_guard": {"origin": {"author": "human"}, "kept": 1}}
    save(url, "new.ipynb", notebook("x = 1", "", metadata=claim))
    assert authors(root, "new.ipynb") == ["assistant", "human"]
    metadata = json.loads((root / "new.ipynb").read_text())["cells"][0]["metadata"]
    assert metadata["jupyter_guard"]["kept"] == 1
    assert decide_origin("x = 1", metadata).origin is Origin.ASSISTANT


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
FAR = "http://lab.example:8888"


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({"Sec-Fetch-Site": "same-origin", "User-Agent": CHROME}, True),
        # A page by plain http on another machine: browsers say no more than this.
        ({"Origin": FAR, "User-Agent": CHROME}, True),
        ({"Referer": f"{FAR}/lab", "User-Agent": CHROME}, True),
        ({"Origin": "http://10.0.0.7:8888", "User-Agent": CHROME}, True),
        # What websocket-client and other clients send.
        ({"Origin": FAR}, False),
        ({"Origin": FAR, "User-Agent": "python-requests/2.32"}, False),
        ({"User-Agent": CHROME}, False),
        ({}, False),
        # Chromium's websocket says no more than this, and a client's less.
        ({"Origin": "http://localhost:8888", "Upgrade": "websocket", "User-Agent": CHROME}, True),
        ({"Origin": "http://localhost:8888", "Upgrade": "websocket"}, False),
        # There a browser would have said it.
        ({"Origin": "https://lab.example", "User-Agent": CHROME}, False),
        ({"Origin": "http://localhost:8888", "User-Agent": CHROME}, False),
        ({"Origin": "http://127.0.0.1:8888", "User-Agent": CHROME}, False),
        ({"Origin": "http://[::1]:8888", "User-Agent": CHROME}, False),
        ({"Origin": "http://[", "User-Agent": CHROME}, False),
    ],
)
def test_an_address_alone_is_no_browser(headers: dict[str, str], is_page: bool) -> None:
    line = RequestStartLine("PUT", "/api/contents/a.ipynb", "HTTP/1.1")
    request = HTTPServerRequest(headers=HTTPHeaders({"Host": "lab", **headers}), start_line=line)
    assert is_from_page(request) is is_page
    assert is_saved_by_program(request) is not is_page


def test_a_program_that_says_where_it_comes_from_is_one_all_the_same(url: str, root: Path) -> None:
    save(url, "origin.ipynb", notebook("a = 1"), {"Origin": url})
    assert authors(root, "origin.ipynb") == ["assistant"]


def test_a_file_that_is_no_notebook_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("[1, ")
    (tmp_path / "b.ipynb").write_text("[]")
    assert notebook_at(tmp_path / "a.ipynb") is notebook_at(tmp_path / "b.ipynb") is notebook_at(tmp_path) is None


CELLS = st.lists(
    st.fixed_dictionaries(
        {
            "cell_type": st.sampled_from(["code", "markdown"]),
            "source": st.sampled_from(["", "a", "b", ["a", "b"], "c\n"]),
        },
        optional={"metadata": st.sampled_from([{}, {"jupyter_guard": 7}])},
    )
    | st.none()
)


@given(CELLS, CELLS)
def test_nothing_is_lowered_and_only_what_is_new_is_marked(before: list[Any], after: list[Any]) -> None:
    def texts(cells: list[Any]) -> list[str]:
        return ["".join(cell["source"]) for cell in cells if cell and cell["cell_type"] == "code"]

    after = json.loads(json.dumps(after))
    expected = sum(
        bool("".join(cell["source"]).strip()) and "".join(cell["source"]) not in texts(before) and "metadata" in cell
        for cell in after
        if cell and cell["cell_type"] == "code"
    )
    assert mark_changed({"cells": after}, {"cells": before}) == expected
    marked = [cell for cell in after if cell and isinstance((cell.get("metadata") or {}).get("jupyter_guard"), dict)]
    assert len(marked) == expected
    assert all(cell["metadata"]["jupyter_guard"]["origin"]["author"] == "assistant" for cell in marked)
