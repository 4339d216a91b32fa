"""The in-process host in a real, plain ipykernel: messages, questions, the panel's comm."""

from __future__ import annotations

import copy
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client import BlockingKernelClient
from sessions import DENIED, TOKEN, TOKEN_PARTS, environment

sys.path.insert(0, str(Path(__file__).parents[2] / "demo_notebooks"))

from headless import CellRun, Headless

pytestmark = pytest.mark.kernel

ASKING = """
from jupyter_guard.guard.session import Session
from jupyter_guard.terms import Verdict
import msgspec
vet = Session.vet
def asks(self, code, *args, **kwargs):
    report = vet(self, code, *args, **kwargs)
    return msgspec.structs.replace(report, verdict=Verdict.CONFIRM) if "ASK" in code else report
Session.vet = asks
"""


class Kernel:
    def __init__(self, front: Headless) -> None:
        self.front = front
        self.number = 0

    def run(self, source: str, **metadata: Any) -> CellRun:
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata.update(metadata)
        self.number += 1
        return self.front.run(CellRun(self.number, cell))

    def text(self, run: CellRun) -> str:
        return "\n".join(str(output) for output in run.outputs)


@pytest.fixture
def kernel(folder: Path) -> Iterator[Kernel]:
    with Headless("python3", folder, environment(folder)) as front:
        kernel = Kernel(front)
        loaded = kernel.run("%load_ext jupyter_guard")
        assert loaded.status == "ok", kernel.text(loaded)
        yield kernel


def test_a_blocked_cell_is_an_ordinary_failed_cell_with_a_card(kernel: Kernel) -> None:
    run = kernel.run("x = 1\n" + DENIED)
    assert run.status == "error"
    assert run.error == "CellBlocked"
    card = next(one for one in run.outputs if one.output_type == "display_data")
    assert {"text/plain", "text/html", "application/vnd.jupyter-guard.v1+json"} <= set(card.data)
    assert card.data["application/vnd.jupyter-guard.v1+json"]["findings"][0]["span"]["line"] == 2
    assert kernel.run("x").error == "NameError"
    assert kernel.run("1 + 1").status == "ok"


def test_questions_come_over_stdin(kernel: Kernel) -> None:
    kernel.run(ASKING)
    yes = kernel.run("ASK = 'yes'; ASK")
    assert yes.status == "ok"
    assert len(yes.questions) == 1
    assert yes.questions[0].endswith("[y/N] ")
    no = kernel.run("ASK = 'no'", jupyter_guard_demo={"answer": "n"})
    assert no.error == "CellDeclined"
    assert "'yes'" in kernel.text(kernel.run("globals()['A' + 'SK']"))


def test_no_stdin_means_no(kernel: Kernel) -> None:
    kernel.run(ASKING)
    kernel.front.allow_stdin = False
    run = kernel.run("ASK = 1")
    assert run.error == "CellDeclined"
    assert run.questions == []
    assert "nobody could be asked" in kernel.text(run)


def test_messages_of_every_kind_are_clean(kernel: Kernel) -> None:
    kernel.run(f"t = {TOKEN_PARTS}; import sys, pandas as pd")
    for source in (
        "print('before', t, 'after')",
        "for c in t: print(c, end='', flush=True)",
        "t",
        "pd.DataFrame({'token': [t]})",
        "raise RuntimeError(t)",
        "from IPython.display import HTML, display; display(HTML('<b>' + t + '</b>'))",
        "handle = display(1, display_id=True); handle.update({'t': t})",
        "!printf %s {t}",
        "sys.stderr.write(t + '\\n');",
        "_ = input('type for ' + t)",
    ):
        run = kernel.run(source)
        assert TOKEN not in kernel.text(run) + str(run.questions), source
        assert TOKEN[4:20] not in kernel.text(run) + str(run.questions), source
    assert "before" in kernel.text(kernel.run("print('before', t, 'after')"))
    assert "40" in kernel.text(kernel.run("len(t)"))


def test_text_that_only_begins_like_a_secret_is_shown_in_the_end(kernel: Kernel) -> None:
    begun = "gh" + "p_"
    run = kernel.run("print('gh' + 'p_', end='')")
    assert [one.text for one in run.outputs] == [begun]


def test_the_panel_gets_a_snapshot_and_is_told_that_this_is_cooperative(kernel: Kernel) -> None:
    kernel.front.open_comm()
    blocked = kernel.run(DENIED)
    kernel.run(f"print({TOKEN_PARTS})")
    snapshot = kernel.front.ask_snapshot()
    assert snapshot["version"] == 1
    assert snapshot["guard"]["enforced"] is False
    states = {one["msg_id"]: one["state"] for one in snapshot["reports"]}
    assert states[blocked.msg_id] == "blocked"
    item = next(one for one in snapshot["reports"] if one["msg_id"] == blocked.msg_id)
    assert item["sha256"] == hashlib.sha256(DENIED.encode()).hexdigest()
    assert item["sentence"]
    assert sum(one["count"] for one in snapshot["redactions"] if one["channel"] == "stream") == 1


def test_metadata_can_raise_scrutiny_and_a_live_claim_names_the_author(kernel: Kernel) -> None:
    kernel.front.open_comm()
    kernel.run("a = 1", jupyter_guard={"origin": "assistant"})
    kernel.run("b = 1", jupyter_guard={"origin": "human"})
    kernel.front.claim("c = 1", "human")
    kernel.run("c = 1")
    kernel.front.claim("d = 1", "human", sealed=False)
    kernel.run("d = 1")
    origins = [one["origin"] for one in kernel.front.ask_snapshot()["reports"]]
    assert origins[-4:] == ["assistant", "unknown", "human", "unknown"]


def test_what_another_speaker_says_lowers_nothing(kernel: Kernel) -> None:
    page = kernel.front
    page.open_comm()
    other = beside(page)
    other._client = BlockingKernelClient(connection_file=page._manager.connection_file)
    other._client.load_connection_file()
    other._client.start_channels()
    try:
        other.open_comm()
        page.claim("e = 1", "assistant")
        other.claim("e = 1", "human")
        assert other.ask_snapshot()
        kernel.run("e = 1")
    finally:
        other._client.stop_channels()
    # On the page's own connection, where the page came first.
    program = beside(page)
    program.open_comm()
    program.claim("f = 1", "human")
    kernel.run("f = 1")
    page.claim("g = 1", "human")
    program.claim("g = 1", "assistant")
    kernel.run("g = 1")
    page.claim("h = 1", "human")
    kernel.run("h = 1")
    origins = [one["origin"] for one in page.ask_snapshot()["reports"]]
    assert origins[-4:] == ["assistant", "unknown", "assistant", "human"]


def beside(front: Headless) -> Headless:
    """Who speaks with a key of its own over the same connection."""
    other = copy.copy(front)
    other._secret = os.urandom(32)
    return other


def test_unloading_restores_the_kernel(kernel: Kernel) -> None:
    kernel.run("%unload_ext jupyter_guard")
    run = kernel.run(
        "k = get_ipython().kernel\n"
        "['send' in vars(k.session), 'getpass' in vars(k), 'jupyter_guard' in k.comm_manager.targets,\n"
        " 'run_cell_async' in vars(get_ipython()), len(get_ipython().ast_transformers)]"
    )
    assert run.outputs[0].data["text/plain"] == "[False, False, False, False, 0]"
    assert kernel.run(DENIED).status == "ok"
    assert TOKEN in kernel.text(kernel.run(f"print({TOKEN_PARTS})"))
