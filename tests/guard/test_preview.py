"""Cells that nobody has run come with what is found apart; a cell that runs does not, and does not wait for ruff."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Ended, Judged, Unpacker, Vet, pack

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
