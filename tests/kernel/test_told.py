"""What a panel asks beside judging: the journal of its notebook, and safe rewrites."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .front import ASSISTANT, Front

UNVERIFIED = "import requests\nr = requests.get('https://x.test', verify=False)  # ours"


def told(front: Front, kind: str, **more: Any) -> dict[str, Any]:
    front.tell({"type": kind, "id": 5, **more})
    answer = front.told(kind)
    assert answer["id"] == 5
    return dict(json.loads(answer["text"]))


def opened(front: Front) -> Front:
    front.open_panel()
    front.told("snapshot")
    return front


def test_the_journal_of_the_notebook_is_told(start: Callable[..., Front]) -> None:
    front = opened(start())
    front.run("import telnetlib", metadata={"cellId": "cell-1", **ASSISTANT})
    front.run("kept = 1 + 1")
    records = told(front, "audit", last=10)["records"]
    assert [one["state"] for one in records] == ["blocked", "ran"]
    assert (records[0]["cell_id"], records[0]["origin"], records[0]["rules"]) == ("cell-1", "assistant", ["JG890"])
    assert records[0]["telling"] is True
    assert "kept = 1" not in json.dumps(records)
    # Another helper still knows.
    front.helper().kill()
    front.run("kept + 1")
    assert len(told(front, "audit", last="many")["records"]) == 3


def test_a_safe_rewrite_is_told_and_nothing_of_it_runs(front: Front) -> None:
    opened(front)
    front.tell({"type": "vet", "id": 7, "cell_id": "c", "code": UNVERIFIED})
    finding = front.told("vetted")["item"]["findings"][0]
    assert (finding["rule"], finding["fixable"]) == ("JG502", True)
    via = [one["via"] for one in finding["effects"]]
    fix = told(front, "fix", code=UNVERIFIED, rule=finding["rule"], span=finding["span"], via=via)
    assert fix["code"] == "import requests\nr = requests.get('https://x.test')  # ours"
    assert fix["edits"] == [{"text": "", "span": {"line": 2, "column": 33, "end_line": 2, "end_column": 47}}]


def test_what_the_cells_above_import_counts(front: Front) -> None:
    opened(front)
    above, code = "import yaml as y", "d = y.load(text, Loader=y.Loader)"
    place = {"line": 1, "column": 4, "end_line": 1, "end_column": len(code)}
    about = {"code": code, "rule": "JG112", "span": place, "via": ["yaml.load"]}
    assert told(front, "fix", above=["x = 1", above], **about)["code"] == "d = y.safe_load(text)"
    # What is no text hides what stands above it, and a page that sends none gets no rewrite that nobody can judge.
    for given in ([above, 7], above, None, []):
        assert "problem" in told(front, "fix", above=given, **about)


def test_what_cannot_be_rewritten_says_so(front: Front) -> None:
    opened(front)
    place = {"line": 1, "column": 0, "end_line": 1, "end_column": 5}
    assert "problem" in told(front, "fix", code="x = 1", rule="JG502", span=place, via=[])
    for bad in ({}, {"code": 1}, {"code": "x = 1", "rule": 2, "span": "no", "via": None}):
        assert "problem" in told(front, "fix", **bad)
    # And the helper is there for the next cell.
    assert front.run("print('on')").text == "on\n"
