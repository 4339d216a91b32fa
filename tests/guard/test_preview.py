"""Cells that nobody has run come with what is found apart; a cell that runs does not, and does not wait for ruff."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Ended, Judged, Learn, Unpacker, Vet, pack

CODE = b"import requests\nfrom os import *\nrequests.get(url)\nl = 1"


def rules(judged: Judged) -> list[str]:
    return [one["rule"] for one in json.loads(judged.item)["findings"] if one["family"] == "practice"]


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.chdir(tmp_path)
    return Pipeline(tmp_path)


def test_a_draft_has_notes_and_the_cell_when_it_runs_has_none(pipeline: Pipeline) -> None:
    draft = pipeline.judge(Vet(1, CODE, "assistant", how="draft"))
    assert (rules(draft), draft.verdict) == (["JG907", "JG908"], "allow")
    assert rules(pipeline.judge(Vet(2, CODE, "assistant"))) == []
    # Whether a draft's names are defined is for the session to say, not for this.
    assert rules(pipeline.judge(Vet(3, b"gone + 1", "assistant", how="draft"))) == []


def test_a_whole_notebook_is_known_cell_by_cell(pipeline: Pipeline) -> None:
    def ask(number: int, code: bytes) -> list[str]:
        return rules(pipeline.judge(Vet(number, code, "human", how="notebook", number=number, path="tab")))

    assert [ask(1, b"x = 1"), ask(2, b"y = x + gone"), ask(3, b"y + 1")] == [[], ["JG910"], []]
    # From the first cell on it is another run.
    assert [ask(1, b"z = 1"), ask(2, b"y")] == [[], ["JG910"]]


PANDAS = b"import pandas as pd\ndf = pd.DataFrame()"
VALUES = b"values = df.values"


def linted(pipeline: Pipeline, request: Vet) -> list[str]:
    pipeline.judge(request)
    lint = pipeline.lint(request)
    assert lint is not None
    return [one["message"][:5] for one in json.loads(lint().item)["findings"] if one["rule"] == "JG914"]


def test_a_draft_is_linted_below_the_cells_that_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ruff")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\n[practice]\nruff = ["PD", "S113"]\n')
    pipeline = Pipeline(tmp_path)
    draft = Vet(1, VALUES, "human", cell_id="b", how="draft")
    assert linted(pipeline, draft) == []
    pipeline.judge(Vet(2, PANDAS, "human", cell_id="a"))
    assert linted(pipeline, draft) == ["PD011"]
    # What the same cell held when it ran last is not above it, and a cell that was refused is not there.
    assert linted(pipeline, Vet(3, VALUES, "human", cell_id="a", how="draft")) == []
    pipeline.judge(Vet(4, b"x = 1", "human", cell_id="a"))
    pipeline.judge(Vet(5, PANDAS + b"\nimport shutil; shutil.rmtree('/home')", "assistant", cell_id="c"))
    assert linted(pipeline, draft) == []
    # Once it was allowed it is.
    pipeline.learn(Learn(PANDAS, "assistant"))
    assert linted(pipeline, draft) == ["PD011"]
    # What a rule of the guard's says is not said twice.
    wait = b"import requests\nrequests.get('https://a.b')"
    assert linted(pipeline, Vet(6, wait, "human", cell_id="d", how="draft")) == []


def test_a_whole_notebook_is_linted_below_its_own_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ruff")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\n[practice]\nruff = ["PD"]\n')
    pipeline = Pipeline(tmp_path)

    def ask(number: int, code: bytes) -> list[str]:
        return linted(
            pipeline, Vet(number, code, "human", cell_id=str(number), how="notebook", number=number, path="t")
        )

    assert [ask(1, PANDAS), ask(2, VALUES)] == [[], ["PD011"]]
    assert [ask(1, b"x = 1"), ask(2, VALUES)] == [[], []]


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are handed over by number")
def test_ruff_answers_beside_what_judges_cells(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\n[practice]\nruff = ["E741", "F"]\n')
    private = tmp_path / "jg-private"
    private.mkdir()
    ours, theirs = socket.socketpair()
    ours.settimeout(60)
    command = [sys.executable, "-P", "-m", "jupyter_guard.guard.helper", str(theirs.fileno()), str(private), "0"]
    helper = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=tmp_path)
    theirs.close()
    try:
        # The draft's answer waits for a program, and the cell's does not wait for the draft's.
        ours.sendall(pack(Vet(1, CODE, "assistant", how="draft")) + pack(Vet(2, b"x = 1", "assistant")))
        unpacker, found = Unpacker(), dict[int, Judged]()
        while len(found) < 2:
            data = ours.recv(1 << 16)
            assert data
            found |= {one.id: one for one in unpacker.feed(data) if isinstance(one, Judged)}
        assert rules(found[1]) == ["JG907", "JG908", "JG914"]
        assert rules(found[2]) == []
        ours.sendall(pack(Ended()))
        assert helper.wait(30) == 0
    finally:
        ours.close()
        helper.kill()
        helper.wait(10)
