"""Cells that are being written are judged over the guard's comm, also while the kernel is busy, and leave nothing behind."""

from __future__ import annotations

from typing import Any

from jupyter_guard.kernel.drafts import LONGEST

from .front import Front

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"


def vetted(front: Front, code: Any, **more: Any) -> dict[str, Any]:
    front.tell({"type": "vet", "id": 7, "cell_id": "c", "code": code, **more})
    return front.told("vetted")


def opened(front: Front) -> Front:
    front.open_panel()
    front.told("snapshot")
    return front


def test_a_draft_is_judged_with_what_the_session_knows(front: Front) -> None:
    opened(front).run("import shutil\ntarget = 'records'\ngone = shutil.rmtree")
    answer = vetted(front, "x = 1\ngone(target)", author="assistant")
    item = answer["item"]
    assert (answer["id"], answer["cell_id"]) == (7, "c")
    assert "records" in item["sentence"]
    assert item["origin"] == "assistant"
    assert item["findings"][0]["span"]["line"] == 2


def test_it_is_judged_while_the_kernel_is_busy(front: Front) -> None:
    opened(front)
    with front.busy():
        assert "sales" in vetted(front, DROP, author="assistant")["item"]["sentence"]


def test_what_a_draft_defines_is_forgotten(front: Front) -> None:
    opened(front)
    vetted(front, "from shutil import rmtree as forgotten_soon", author="human")
    assert "delete" not in vetted(front, "forgotten_soon('records')", author="human")["item"]["sentence"]
    # Nor does a new helper believe that it ran.
    front.helper().kill()
    assert "delete" not in vetted(front, "forgotten_soon('records')", author="human")["item"]["sentence"]


def test_a_whole_notebook_is_judged_from_its_first_cell(front: Front) -> None:
    opened(front).run("notebook_path = 'of-the-session'")
    cells = ["import shutil\nremove = shutil.rmtree", "path = 'whole-notebook'", "remove(path)"]
    answers = [vetted(front, code, number=number, author="assistant") for number, code in enumerate(cells, 1)]
    assert "whole-notebook" in answers[2]["item"]["sentence"]
    assert "whole-notebook" not in vetted(front, "remove(path)", author="assistant")["item"]["sentence"]
    assert "of-the-session" not in vetted(front, "open(notebook_path, 'w')", number=1)["item"]["sentence"]


def test_a_claim_about_a_draft_is_no_claim_about_the_cell(front: Front) -> None:
    opened(front)
    code = "draft_only = 1"
    assert vetted(front, code, author="human")["item"]["origin"] == "human"
    front.run(code)
    assert front.told("report")["item"]["origin"] == "unknown"
    stored = {"jupyter_guard": {"origin": {"author": "assistant"}}}
    assert vetted(front, code, author="human", metadata=stored)["item"]["origin"] == "assistant"


def test_without_its_proof_nothing_is_judged(front: Front) -> None:
    opened(front)
    front.tell({"type": "vet", "id": 1, "cell_id": "c", "code": DROP}, sealed=False)
    front.tell({"type": "vet", "id": 2, "cell_id": "c", "code": "y = 1"})
    assert front.told("vetted")["id"] == 2


def test_bad_input_is_answered_with_a_reason_and_the_next_is_judged(front: Front) -> None:
    opened(front)
    for code in (None, 3, ["x"], "x" * (LONGEST + 1)):
        answer = vetted(front, code)
        assert answer["item"] is None
        assert answer["problem"]
    for number in (True, -1, "1", 1 << 40):
        assert vetted(front, "x = 1", number=number)["item"]["verdict"] == "allow"
    assert "unread" in str(vetted(front, "(" * 5000)["item"]["findings"])


def test_of_many_asked_at_once_each_is_answered(front: Front) -> None:
    opened(front)
    for number in range(120):
        message = {"type": "vet", "id": number, "cell_id": f"c{number}", "code": f"v{number} = 1"}
        front.tell(message)
    told = [front.told("vetted") for _ in range(120)]
    assert sorted(one["id"] for one in told) == list(range(120))
    assert [one for one in told if one["item"]]
    assert all(bool(one["item"]) != bool(one["problem"]) for one in told)


def test_the_policy_is_said_in_words(front: Front) -> None:
    opened(front)
    front.tell({"type": "policy", "id": 3})
    answer = front.told("policy")
    assert answer["id"] == 3
    assert "assistant" in answer["text"]
