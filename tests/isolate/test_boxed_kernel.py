"""A real guarded kernel in bubblewrap: what it reaches, what it does not, and how it dies."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap
from tests.kernel.front import Front
from tests.kernel.test_faithful import debug, goes_on, stopped

POLICY = """
version = 1
[isolation]
require = ["files", "network", "processes", "syscalls"]
read = []
write = ["."]
hosts = []
env = []
"""
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works"),
]


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    folder = tempfile.mkdtemp(prefix="front-")
    with Front(Path(folder), POLICY) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def test_the_workspace_is_writable_and_child_processes_print(front: Front) -> None:
    assert "hi" in front.run("!echo hi; touch mine").text
    assert (front.folder / "mine").stat().st_uid == front.folder.stat().st_uid


def test_the_policy_cannot_be_read(front: Front) -> None:
    assert front.run("open('jupyter_guard.toml').read()").error["ename"] == "PermissionError"


def test_nobody_else_is_seen(front: Front) -> None:
    seen = "sum(one.isdigit() for one in __import__('os').listdir('/proc'))"
    assert int(front.run(seen).result) < 10


def test_nothing_is_reached(front: Front) -> None:
    code = "import socket\ns = socket.socket()\ns.settimeout(2)\ns.connect_ex(('192.0.2.1', 80))"
    assert front.run(code).result != "0"


def test_namespaces_are_refused(front: Front) -> None:
    assert "not permitted" in front.run("!unshare -U true").text


def test_an_interrupt_ends_the_cell_only(front: Front) -> None:
    run = front.send("print('there', flush=True)\nimport time\ntime.sleep(60)")
    while not run.text:
        front.take_published(1)
    front.manager.interrupt_kernel()
    assert front.finish(run).error["ename"] == "KeyboardInterrupt"
    assert front.run("1 + 1").result == "2"


def test_widgets_and_the_debugger_need_no_network_but_the_boxs_own(front: Front) -> None:
    run = front.run("import ipywidgets\nslider = ipywidgets.IntSlider(3)\nslider")
    assert "application/vnd.jupyter.widget-view+json" in run.of("execute_result")[0]["content"]["data"]
    comm_id = front.run("slider.comm.comm_id").result.strip("'")
    data = {"method": "update", "state": {"value": 7}, "buffer_paths": []}
    front.client.shell_channel.send(front.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data}))
    assert front.run("slider.value").result == "7"
    pytest.importorskip("debugpy")
    about, thread, frame = stopped(front)
    found = debug(front, "evaluate", {"expression": "a + 40", "frameId": frame, "context": "repl"})
    assert found["body"]["result"] == "42"
    goes_on(front, about, thread)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_works_where_its_hooks_are_protected() -> None:
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    with Front(folder, POLICY) as front:
        front.run("open('a.txt', 'w').write('x')")
        said = front.run(
            "!git -c user.name=a -c user.email=a@b.c commit -q --allow-empty -m one; git add a.txt; git mv a.txt b.txt"
        )
        assert "fatal" not in said.text
        assert front.run("!git log --oneline; git status --short").text.count("one") == 1
        assert "Device or resource busy" in front.run("!mv .git away").text
    assert (folder / ".git" / "hooks").is_dir()
    shutil.rmtree(folder, ignore_errors=True)


def test_with_everything_writable_start_up_files_are_not_nor_moved_away_with_their_folders() -> None:
    home = Path(tempfile.mkdtemp(prefix="home-", dir="/var/tmp"))
    for name in (".config/fish/config.fish", ".bashrc", ".ssh/config"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("as it was\n")
    (home / ".jupyter").mkdir()
    # Only the box may stop it here.
    policy = 'version = 1\nmode = "observe"\n[isolation]\nbackend = "bubblewrap"\nwrite = ["*"]\n'
    (home / ".jupyter" / "jupyter_guard.toml").write_text(policy)
    work = home / "work"
    work.mkdir()
    with Front(work, "", home=home) as front:
        front.run("import os, shutil; h = os.path.expanduser('~')")
        assert front.run("os.rename(h + '/.config', h + '/.away')").error["ename"] == "OSError"
        assert front.run("open(h + '/.bashrc', 'a')").error["ename"] == "OSError"
        assert front.run("open(h + '/.ssh/config').read()").error["ename"] == "PermissionError"
        # And a person's own files are as they are without a box.
        front.run("open(h + '/new', 'w').write('x'); shutil.move(h + '/new', h + '/.config/new')")
        assert (home / ".config" / "new").read_text() == "x"
    assert (home / ".config" / "fish" / "config.fish").read_text() == "as it was\n"
    shutil.rmtree(home, ignore_errors=True)


def test_a_policy_in_a_file_of_everybody_s_is_read_only() -> None:
    with tempfile.TemporaryDirectory(prefix=".home-", dir=Path.home()) as made:
        home, work = Path(made), Path(made) / "work"
        for one in (work, home / ".jupyter", work / "beside"):
            one.mkdir()
        # Only the box may stop it here.
        (home / ".jupyter" / "jupyter_guard.toml").write_text('version = 1\nmode = "observe"\n')
        table = '[project]\nname = "a"\n[tool.jupyter_guard.deny]\nimports = ["telnetlib"]\n'
        (work / "pyproject.toml").write_text(table)
        (work / "beside" / "pyproject.toml").write_text("[project]\n")
        with Front(work, "", home=home) as front:
            assert front.run("open('pyproject.toml').read()").result == repr(table)
            for code in (
                "open('pyproject.toml', 'w')",
                "import os; os.remove('pyproject.toml')",
                "import os; os.rename('pyproject.toml', 'other')",
                "import os; os.rename('beside/pyproject.toml', 'pyproject.toml')",
            ):
                assert front.run(code).error["ename"] == "OSError", code
            # One that is a project's alone is everybody's.
            assert front.run("open('beside/pyproject.toml', 'w').write('x')").result == "1"
        assert (work / "pyproject.toml").read_text() == table


def test_a_plain_install_has_a_box_in_which_people_work(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(tempfile.mkdtemp(prefix=".home-", dir=Path.home()))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(home / "large"))
    for name in ("work", "data", "large", ".ssh", ".jupyter"):
        (home / name).mkdir()
    # Only the box may stop anything here.
    (home / ".jupyter" / "jupyter_guard.toml").write_text('version = 1\nmode = "observe"\n')
    (home / "data" / "a.csv").write_text("1\n")
    (home / ".ssh" / "id").write_text("decoy\n")
    jupyter = home / ".local" / "share" / "jupyter"
    (jupyter / "runtime").mkdir(parents=True)
    for name in ("runtime/jpserver-1.json", "jupyter_cookie_secret", "notebook_secret", "nbsignatures.db"):
        (jupyter / name).write_text("decoy\n")
    with Front(home / "work", "", home=home) as front:
        run = front.run("import os; h = os.path.expanduser('~'); print(os.environ['JUPYTER_GUARD_ISOLATION'])")
        assert run.text == "bubblewrap\n"
        # What is read anywhere, and written to the workspace and to caches, wherever those are.
        assert front.run("open(h + '/data/a.csv').read()").result == repr("1\n")
        front.run("import pathlib; pathlib.Path(h, '.cache', 'mine').mkdir(); open(h + '/large/model', 'w').close()")
        assert (home / ".cache" / "mine").is_dir()
        assert (home / "large" / "model").exists()
        # Neither is what the next box would come from.
        record = front.run("os.listdir(h + '/.cache/jupyter_guard')")
        assert record.error["ename"] == "PermissionError"
        assert front.run("open(h + '/.ssh/id').read()").error["ename"] == "PermissionError"
        # Nor what the front end and its server are spoken to with, what they sign with, and what is on record.
        (record,) = jupyter.glob("jupyter_guard/audit/*.jsonl")
        assert '"event":"outcome"' in record.read_text()
        own = [Path(front.manager.connection_file), record, *(one for one in jupyter.rglob("*") if one.is_file())]
        for place in [*dict.fromkeys(own), home / ".jupyter" / "jupyter_guard.toml"]:
            assert place.read_bytes()
            assert front.run(f"open({str(place)!r}).read()").error["ename"] == "PermissionError", place
            assert front.run(f"open({str(place)!r}, 'a')").error["ename"] in ("PermissionError", "OSError"), place
        for place in (jupyter / "runtime", record.parent):
            run = front.run(f"os.listdir({str(place)!r})")
            assert [one["content"]["ename"] for one in run.of("error")] == ["PermissionError"], place
        refused = front.run("open(h + '/data/b.csv', 'w')")
        assert refused.error["ename"] == "OSError"
        assert f"jupyter guard policy grant --write {home}/data" in refused.text
    shutil.rmtree(home, ignore_errors=True)


def test_a_device_that_is_named_is_there() -> None:
    named = next((one for one in ("/dev/fuse", "/dev/loop-control", "/dev/hwrng") if os.access(one, os.R_OK)), "")
    if not named:
        pytest.skip("no device is here that could be named")
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    (folder / "home" / ".jupyter").mkdir(parents=True)
    mine = folder / "home" / ".jupyter" / "jupyter_guard.toml"
    for listed, there in (('"*"', "False"), (f'"*", "{named}"', "True")):
        mine.write_text(f"version = 1\n[isolation]\nread = [{listed}]\n")
        with Front(folder, "") as front:
            assert front.run(f"import os; os.path.exists({named!r})").result == there
            if there == "True":
                assert front.run(f"os.close(os.open({named!r}, os.O_RDONLY))").status == "ok"
    shutil.rmtree(folder, ignore_errors=True)
