"""Rolling it out on a real Hub: groups, a changed policy, break-glass and records, as running servers take them up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_guard.hub.opening import close_account, open_account
from tests.hub.user import User, printed, refused, text

pytestmark = pytest.mark.hub

FIFO = "__import__('os').mkfifo({mark!r})"


@contextmanager
def policy_with(user: User, change: Callable[[str], str]) -> Iterator[None]:
    """The site's policy, changed for a while as an administrator's editor would."""
    file = user.home.parent / "etc/jupyter_guard.toml"
    before = file.read_text()
    file.write_text(change(before))
    try:
        yield
    finally:
        file.write_text(before)


def pids_of(user: User) -> list[str]:
    """The processes of the user's server."""
    owner, found = user.home.stat().st_uid, []
    for entry in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if entry.name.isdigit() and entry.stat().st_uid == owner:
                found += [entry.name] if "jupyterhub.singleuser" in (entry / "cmdline").read_text() else []
    assert found
    return found


def mark_of(user: User, name: str) -> str:
    return str(user.home / name)


def test_a_changed_policy_reaches_running_kernels_at_their_next_cell(user: User) -> None:
    kernel = user.kernel()
    assert text(user.run(kernel, "import os; print(os.getpid() == os.getpgid(0))")) != ""
    denied = "import telnetlib"
    assert not refused(user.run(kernel, denied))
    with policy_with(user, lambda text: text + 'imports = ["telnetlib"]\n'):
        assert refused(user.run(kernel, denied))
    assert not refused(user.run(kernel, denied))
    user.ask("DELETE", f"/api/kernels/{kernel}")


def test_observe_stops_nothing_and_says_what_would_have_been(user: User) -> None:
    kernel, mark = user.kernel(), mark_of(user, "observed")
    with policy_with(user, lambda text: text.replace("version = 1", 'version = 1\nmode = "observe"')):
        answers = user.run(kernel, FIFO.format(mark=mark))
        assert not refused(answers), printed(answers)
        assert Path(mark).is_fifo()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = user.ask("GET", "/jupyter-guard/summary").json()
            if found["would"].get("blocked"):
                break
            time.sleep(0.5)
        assert found["would"]["blocked"] == 1
        assert "JG891" in found["would_rules"]
        assert found["would_users"] == {user.name: 1}
        page = user.ask("GET", "/jupyter-guard/report")
        assert "Would have been stopped" in page.text
    assert refused(user.run(kernel, FIFO.format(mark=mark + "-2")))
    user.ask("DELETE", f"/api/kernels/{kernel}")


def test_break_glass_holds_for_its_time_and_is_on_record(user: User, tmp_path: Path) -> None:
    file, audit = user.home.parent / "etc/jupyter_guard_break_glass.json", tmp_path / "audit"
    kernel, mark = user.kernel(), mark_of(user, "opened")
    assert refused(user.run(kernel, FIFO.format(mark=mark)))
    made = open_account(user.name, timedelta(minutes=5), "an incident at night", file, audit)
    try:
        answers = user.run(kernel, FIFO.format(mark=mark))
        assert not refused(answers), printed(answers)
        assert Path(mark).is_fifo()
        assert user.ask("GET", "/jupyter-guard/policy").json()["opened"] == made.sentence
    finally:
        close_account(user.name, file, audit)
    assert refused(user.run(kernel, FIFO.format(mark=mark + "-2")))
    # And one that ends by itself.
    short = open_account(user.name, timedelta(seconds=6), "once more", file, audit)
    assert not refused(user.run(kernel, FIFO.format(mark=mark + "-3")))
    time.sleep(max(0.0, 6.5))
    assert refused(user.run(kernel, FIFO.format(mark=mark + "-4")))
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = user.ask("GET", "/jupyter-guard/decisions?last=200").json()["records"]
        turns = [(one["event"], one["opened"]) for one in found if one["event"] in ("opening", "closing")]
        if len(turns) >= 4:
            break
        time.sleep(0.5)
    assert turns == [(event, one.sentence) for one in (made, short) for event in ("opening", "closing")]
    through = [one for one in found if one["opened"] and one["event"] == "decision"]
    assert [(one["verdict"], one["would_be"], one["state"]) for one in through] == [("warn", "block", "ran")] * 2
    user.ask("DELETE", f"/api/kernels/{kernel}")
    file.unlink()


def test_an_account_opens_nothing_for_itself(user: User) -> None:
    kernel = user.kernel()
    content = {
        "version": 1,
        "openings": [
            {
                "user": user.name,
                "opened": "2020-01-01T00:00:00+00:00",
                "until": "2090-01-01T00:00:00+00:00",
                "by": "root",
                "why": "mine",
            }
        ],
    }
    file = user.home.parent / "etc/jupyter_guard_break_glass.json"
    file.write_text(json.dumps(content))
    try:
        # Longer than a day.
        assert refused(user.run(kernel, FIFO.format(mark=mark_of(user, "own"))))
        file.chmod(0o666)
        assert refused(user.run(kernel, FIFO.format(mark=mark_of(user, "own"))))
    finally:
        file.unlink()
    code = "open('/etc/jupyter/jupyter_guard_break_glass.json', 'w')"
    assert "Error" in printed(user.run(kernel, code)) or refused(user.run(kernel, code))
    user.ask("DELETE", f"/api/kernels/{kernel}")


def test_the_policy_of_a_group_holds_from_the_next_start_on(user: User) -> None:
    marked = user.ask("GET", "/jupyter-guard/policy").json()["hash"]
    user.join("staff")
    try:
        user.stop()
        user.start()
        now = user.ask("GET", "/jupyter-guard/policy").json()
        assert now["hash"] != marked
        assert now["set_by"]["deny.imports"] == "hub"
        kernel = user.kernel()
        assert refused(user.run(kernel, "import telnetlib"))
        # The site's own policy stands above it: a group's can only be stricter.
        assert refused(user.run(kernel, FIFO.format(mark=mark_of(user, "of-staff"))))
        assert text(user.run(kernel, "print(6 * 7)")) == "42\n"
    finally:
        user.leave("staff")
        user.stop()
        user.start()
    assert user.ask("GET", "/jupyter-guard/policy").json()["hash"] == marked


@pytest.fixture
def boxed(user: User) -> Iterator[User]:
    """The user in a group whose policy is the one that docs/admin has an administrator write: isolation is required."""
    user.join("boxed")
    try:
        user.stop()
        user.start()
        yield user
    finally:
        user.leave("boxed")
        user.stop()
        user.start()


def test_under_the_locked_preset_a_notebook_runs_saves_exports_and_restarts(boxed: User) -> None:
    policy = boxed.ask("GET", "/jupyter-guard/policy").json()
    assert policy["set_by"]["isolation.require"] == "hub"
    boxed.notebook("boxed.ipynb", "6 * 7")
    asked = {"path": "boxed.ipynb", "name": "boxed.ipynb", "type": "notebook", "kernel": {"name": "raw"}}
    made = boxed.ask("POST", "/api/sessions", json=asked)
    assert made.status_code == 201, made.text
    kernel = made.json()["kernel"]["id"]
    ran = boxed.run(kernel, "kept = 6 * 7\nprint(kept)", cellId="one")
    assert text(ran) == "42\n", printed(ran)
    boxed.notebook("boxed.ipynb", "print(6 * 7)")
    exported = boxed.ask("GET", "/nbconvert/html/boxed.ipynb")
    assert (exported.status_code, "<html" in exported.text) == (200, True)
    assert boxed.ask("POST", f"/api/kernels/{kernel}/restart").status_code == 200
    assert text(boxed.run(kernel, "print('kept' in globals())")) == "False\n"
    # The server is the user's own process, and beyond the box.
    seen = text(boxed.run(kernel, "import os\nprint([one for one in os.listdir('/proc') if one.isdigit()])"))
    request = ran[0]["parent_header"]["msg_id"]
    until = time.monotonic() + 30
    while (found := boxed.ask("GET", f"/jupyter-guard/decisions/{request}")).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.3)
    assert found.json()["records"][0]["isolation"] in ("bubblewrap", "landlock")
    assert seen.startswith("['")
    assert not [pid for pid in pids_of(boxed) if f"'{pid}'" in seen]
    boxed.ask("DELETE", f"/api/kernels/{kernel}")
