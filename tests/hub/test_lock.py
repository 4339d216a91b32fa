"""The lock on a real Hub: what a user must still be able to do."""

from __future__ import annotations

import time

import pytest

from tests.hub.user import User, printed, text

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def kernel(user: User) -> str:
    """One for what needs no fresh one."""
    return user.kernel()


def test_every_kernel_is_guarded(user: User) -> None:
    answer = user.ask("GET", "/api/kernelspecs").json()
    assert "python3" in answer["kernelspecs"]
    for spec in answer["kernelspecs"].values():
        assert spec["spec"]["argv"][1:4] == ["-I", "-m", "jupyter_guard.kernel"], spec


def test_a_cell_runs_as_the_user(user: User, kernel: str) -> None:
    owner = user.home.stat().st_uid
    assert owner != 0
    assert text(user.run(kernel, "import os; print(os.getuid(), 6 * 7)")) == f"{owner} 42\n"


def test_a_cell_is_judged(user: User, kernel: str) -> None:
    assert "JG" in printed(user.run(kernel, "import shutil; shutil.rmtree('/home')"))


def test_a_notebook_is_saved_signed_and_exported(user: User, kernel: str) -> None:
    user.notebook("kept.ipynb", "6 * 7")
    assert user.ask("GET", "/api/contents/kept.ipynb").json()["content"]["cells"][0]["source"] == "6 * 7"
    assert user.ask("POST", "/api/contents/kept.ipynb/trust").status_code == 201
    notary = "import os; print(sorted(os.listdir('/var/lib/jupyter_guard/users/visitor/notary')))"
    assert "nbsignatures.db" in text(user.run(kernel, notary))
    for form, part in (("html", "<html"), ("script", "6 * 7"), ("markdown", "6 * 7")):
        answer = user.ask("GET", f"/nbconvert/{form}/kept.ipynb")
        assert answer.status_code == 200, answer.text[:300]
        assert part in answer.text


def test_a_kernel_restarts(user: User) -> None:
    kernel = user.kernel()
    user.run(kernel, "kept = 1")
    assert user.ask("POST", f"/api/kernels/{kernel}/restart").status_code == 200
    assert text(user.run(kernel, "print('kept' in globals())")) == "False\n"


def test_input_history_is_kept(user: User, kernel: str) -> None:
    user.run(kernel, "remembered = 42")
    code = "ip = get_ipython(); ip.history_manager.writeout_cache(); print(ip.history_manager.hist_file)"
    assert "/var/lib/jupyter_guard/users/visitor/ipython/profile_default/history" in text(user.run(kernel, code))


def test_the_journal_names_the_user(user: User, kernel: str) -> None:
    user.run(kernel, "1 + 1")
    code = "import glob, os; print([open(one).read() for one in glob.glob(os.environ['JUPYTER_DATA_DIR'] + '/jupyter_guard/audit/*.jsonl')])"  # fmt: skip
    until = time.monotonic() + 20
    while '"user":"visitor"' not in (told := text(user.run(kernel, code))) and time.monotonic() < until:
        time.sleep(0.5)
    assert '"user":"visitor"' in told


def test_a_record_has_all_that_was_known(user: User) -> None:
    user.notebook("kept-in-full.ipynb", "6 * 7")
    asked = {
        "path": "kept-in-full.ipynb",
        "name": "kept-in-full.ipynb",
        "type": "notebook",
        "kernel": {"name": "python3"},
    }
    kernel = user.ask("POST", "/api/sessions", json=asked).json()["kernel"]["id"]
    answers = user.run(kernel, "__import__('os').mkfifo('/var/tmp/never')", cellId="cell-one")
    request = answers[0]["parent_header"]["msg_id"]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        answer = user.ask("GET", f"/jupyter-guard/decisions/{request}")
        if answer.status_code == 200:
            break
        time.sleep(0.3)
    record = answer.json()["records"][0]
    assert record["sequence"] >= 1
    assert record["time"].endswith("+00:00")
    assert (record["user"], record["server"], record["cell_id"], record["msg_id"]) == (
        user.name,
        "",
        "cell-one",
        request,
    )
    assert record["notebook"].endswith("/kept-in-full.ipynb")
    assert len(record["kernel"]) == 24
    assert record["evidence"]
    assert len(record["sha256"]) == 64
    assert record["code"] is None
    assert (record["verdict"], record["would_be"]) == ("block", "block")
    assert [one["rule"] for one in record["findings"]][:1] == ["JG891"]
    assert (record["approvals"], record["redactions"], record["limits"]) == ([], {}, [])
    assert len(record["policy"]) == 12
    assert record["isolation"] in ("none", "bubblewrap", "landlock", "container")
    assert user.ask("GET", "/jupyter-guard/verify").json()["problems"] == []
    user.ask("DELETE", f"/api/kernels/{kernel}")
