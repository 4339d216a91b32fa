"""A refused cell is an ordinary failed cell in every respect that a front end or a user can see."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from .front import Front

BLOCKED = "import telnetlib\nvalue = 'changed'"


@pytest.fixture(autouse=True)
def something_to_lose(front: Front) -> None:
    front.run("value = 'kept'", store_history=False)


def test_nothing_of_a_refused_cell_runs(front: Front) -> None:
    run = front.run(BLOCKED)
    assert run.status == "error"
    assert run.reply["content"]["ename"] == "CellBlocked"
    assert front.run("value").result == "'kept'"


def test_its_messages_come_in_the_order_of_a_failed_cell(front: Front) -> None:
    run = front.run(BLOCKED)
    assert run.kinds == ["status", "execute_input", "display_data", "error", "status"]


def test_its_error_names_the_rule_and_its_card_is_in_three_forms(front: Front) -> None:
    run = front.run(BLOCKED)
    assert "JG890" in run.error["evalue"]
    assert run.error["traceback"]
    data = run.of("display_data")[0]["content"]["data"]
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter-guard.v1+json"}
    assert data["application/vnd.jupyter-guard.v1+json"]["state"] == "blocked"


def test_a_program_is_told_what_the_context_command_says_and_how_its_cell_would_be(front: Front) -> None:
    code = f"{BLOCKED}\nimport yaml\nsettings = yaml.load('a: 1', yaml.UnsafeLoader)"
    told = front.assistant(code).of("display_data")[0]["content"]["data"]["application/vnd.jupyter-guard.v1+json"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
    command = [sys.executable, "-m", "jupyter_guard", "context", "--format", "json"]
    environment = {**kept, "HOME": str(front.folder / "home")}
    done = subprocess.run(command, cwd=front.folder, env=environment, capture_output=True, text=True, check=True)
    assert told["context"] == json.loads(done.stdout)
    assert told["context"]["deny"]["imports"] == ["telnetlib"]
    (rewrite,) = told["rewrites"]
    assert rewrite["code"] == code.replace("load('a: 1', yaml.UnsafeLoader)", "safe_load('a: 1')")
    assert told["findings"][rewrite["finding"]]["rule"] == "JG112"


def test_the_users_own_text_is_echoed_and_kept(front: Front) -> None:
    run = front.run(BLOCKED)
    echoed = run.of("execute_input")[0]["content"]
    assert echoed["code"] == BLOCKED
    assert echoed["execution_count"] == run.count
    assert front.run(f"In[{run.count}]").result == repr(BLOCKED)
    assert front.run(f"print(_i{run.count})").text == BLOCKED + "\n"
    assert front.run(f"%history {run.count}").text == BLOCKED + "\n"
    reply = front.request("history_request", {"hist_access_type": "tail", "n": 50, "output": False, "raw": True})
    texts = [entry[2] for entry in reply["content"]["history"]]
    assert BLOCKED in texts
    assert not [text for text in texts if "_jupyter_guard" in text]


def test_counters_are_native(front: Front) -> None:
    before = front.run("1").count
    assert front.run(BLOCKED).count == before + 1
    assert front.run("1").count == before + 2


def test_what_the_guard_says_belongs_to_the_kernels_session(front: Front) -> None:
    # JupyterLab drops what it has not handled yet when a message of another session comes.
    ran, refused = front.run("6 * 7"), front.run(BLOCKED)
    messages = [ran.reply, *ran.published, refused.reply, *refused.published]
    assert len({one["header"]["session"] for one in messages}) == 1
    assert len({one["header"]["msg_id"] for one in messages}) == len(messages)


def test_a_refused_cell_stops_what_is_queued_behind_it(front: Front) -> None:
    # Only what is there when it fails is aborted: all of them wait behind this one.
    first = front.send("import time; time.sleep(0.5)")
    runs = [front.send(code) for code in (BLOCKED, "value = 'queued'", "value = 'queued too'")]
    front.finish(first)
    statuses = [front.finish(run).status for run in runs]
    assert statuses == ["error", "aborted", "aborted"]
    assert front.run("value").result == "'kept'"


def test_it_stops_nothing_when_errors_are_to_be_passed_over(front: Front) -> None:
    runs = [front.send(code, stop_on_error=False) for code in (BLOCKED, "value = 'queued'")]
    assert [front.finish(run).status for run in runs] == ["error", "ok"]
    assert front.run("value").result == "'queued'"


def test_a_silent_cell_is_judged_too_and_stays_silent(front: Front) -> None:
    run = front.run(BLOCKED, silent=True, store_history=False)
    assert run.status == "error"
    assert "display_data" not in run.kinds
    assert front.run("value").result == "'kept'"


def test_user_expressions_are_judged(front: Front) -> None:
    expression = "__import__('telnetlib')"
    run = front.run("1", user_expressions={"x": expression})
    assert run.status == "error" or run.reply["content"]["user_expressions"]["x"]["status"] == "error"
    assert front.run("import sys; 'telnetlib' in sys.modules", user_expressions={}).result == "False"


def test_execute_on_control_is_judged(front: Front) -> None:
    run = front.send(BLOCKED, channel="control")
    front.finish(run, channel="control")
    assert run.status == "error"
    assert front.run("value").result == "'kept'"


def test_a_subshell_is_judged(front: Front) -> None:
    subshell = front.request("create_subshell_request", {}, "control")["content"]["subshell_id"]
    message = front.client.session.msg("execute_request", {"code": BLOCKED, "silent": False, "store_history": False})
    message["header"]["subshell_id"] = subshell
    front.client.shell_channel.send(message)
    run = front.finish(front.follow(message))
    assert run.status == "error"
    assert front.run("value").result == "'kept'"
    front.request("delete_subshell_request", {"subshell_id": subshell}, "control")


def test_the_debugger_may_not_evaluate_what_a_cell_may_not_run(front: Front) -> None:
    arguments = {"expression": "__import__('telnetlib')", "context": "repl"}
    content = {"type": "request", "seq": 7, "command": "evaluate", "arguments": arguments}
    reply = front.request("debug_request", content, "control")["content"]
    assert reply["success"] is False
    assert reply["request_seq"] == 7
    assert "jupyter_guard" in reply["message"]


def test_the_child_cannot_show_a_card_of_its_own(front: Front) -> None:
    mime = "application/vnd.jupyter-guard.v1+json"
    run = front.run(
        f"from IPython.display import display\ndisplay({{'{mime}': {{'state': 'note'}}, 'text/plain': 'x'}}, raw=True)"
    )
    assert run.of("display_data")[0]["content"]["data"] == {"text/plain": "x"}


def test_the_child_cannot_open_the_guards_comm(front: Front) -> None:
    front.comms.clear()
    code = "from ipykernel.comm import Comm\nc = Comm(target_name='jupyter_guard', data={'type': 'snapshot'})"
    # Somebody allows it; nothing comes of it all the same.
    run = front.run(code, "y")
    assert run.status == "ok"
    assert "comm_open" not in run.kinds
    assert not front.comms
