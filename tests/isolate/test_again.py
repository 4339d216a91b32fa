"""A second start in the same box needs no launcher; whatever the first was decided from may not have changed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from jupyter_guard.isolate import again, bubblewrap
from jupyter_guard.isolate.plan import examine
from jupyter_guard.isolate.variables import granted, is_credential
from tests.formats import put_formats
from tests.kernel.front import Front

POLICY = """
version = 1
mode = "observe"
[isolation]
require = ["files", "network", "processes", "syscalls"]
read = ["*"]
write = ["."]
hosts = []
env = ["*"]
[limits]
open_files = 1024
"""
WORKS = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works")
SEEN = (
    "import os, socket, resource\nprint(os.environ['JUPYTER_GUARD_ISOLATION'], os.getppid(),"
    " resource.getrlimit(resource.RLIMIT_NOFILE)[0], 'HARMLESS_SETTING' in os.environ, 'DEPLOY_TOKEN' in os.environ)"
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home directory with one credential store, and the variables of somebody who deploys."""
    made = Path(tempfile.mkdtemp(prefix="home-"))
    (made / ".jupyter").mkdir()
    (made / ".jupyter" / "jupyter_guard.toml").write_text(POLICY)
    (made / ".aws").mkdir()
    (made / ".aws" / "credentials").write_text("decoy\n")
    monkeypatch.setenv("HARMLESS_SETTING", "1")
    monkeypatch.setenv("DEPLOY_TOKEN", "2")
    put_formats(made)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="front-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def records(home: Path) -> dict[str, int]:
    """Each record, and when it was written."""
    return {str(one): one.stat().st_mtime_ns for one in (home / ".cache/jupyter_guard").glob("launch-*")}


def own_directory(front: Front) -> Path:
    """The private directory of a running kernel."""
    return next(Path(one).parent for one in front.child().cmdline() if "jg-" in one and one.endswith(".json"))


@contextmanager
def a_directory(folder: Path, number: int) -> Iterator[Path]:
    """What another kernel's looks like; held, or the guard takes it for one that a dead kernel left."""
    made = folder / f"jg-{number:012}"
    made.mkdir(mode=0o700)
    (made / "connection.json").write_text("{}")
    handle = os.open(made, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield made
    finally:
        os.close(handle)


@pytest.mark.kernel
@WORKS
def test_the_second_start_is_held_as_the_first_and_a_change_is_decided_anew(home: Path, folder: Path) -> None:
    store = f"open({str(home / '.aws' / 'credentials')!r}).read()"
    policy = f"open({str(home / '.jupyter' / 'jupyter_guard.toml')!r}).read()"
    told: list[str] = []
    first: dict[str, int] = {}
    # The first session makes folders that the guard hides, so that the second start decides once more.
    for number in range(3):
        with Front(folder, "", home=home) as front:
            told.append(front.run(SEEN).text)
            assert front.run(store).error["ename"] == "PermissionError"
            assert front.run(policy).error["ename"] == "PermissionError"
            assert front.run("!unshare -U true").text.count("not permitted") == 1
            code = "import socket\ns = socket.socket()\ns.settimeout(2)\ns.connect_ex(('192.0.2.1', 80))"
            assert front.run(code).result != "0"
            assert front.run("open('mine', 'w').write('x')").result == "1"
        first = records(home) if number == 1 else first
    assert len(first) == 1
    assert told[0] == told[1] == told[2]
    assert told[0].split() == ["bubblewrap", "1", "1024", "True", "False"]
    # The third one wrote nothing: it was not the launcher that decided.
    assert records(home) == first
    # A store that comes into being is hidden from the next kernel.
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("decoy\n")
    with Front(folder, "", home=home) as front:
        assert front.run(f"open({str(home / '.kube/config')!r}).read()").error["ename"] == "PermissionError"
    second = records(home)
    assert second != first
    # And so does what the policy says.
    policy = POLICY.replace('read = ["*"]', 'read = ["*", "aws"]')
    (home / ".jupyter" / "jupyter_guard.toml").write_text(policy)
    with Front(folder, "", home=home) as front:
        assert front.run(store).result == repr("decoy\n")
    assert records(home) != second


@pytest.mark.kernel
@pytest.mark.parametrize("backend", ["bubblewrap", "landlock", "none"])
def test_whatever_was_decided_is_remembered(backend: str, home: Path, folder: Path) -> None:
    machine = examine()
    if (backend == "bubblewrap" and machine.bubblewrap) or (backend == "landlock" and machine.landlock < 3):
        pytest.skip(f"no {backend} here")
    policy = f'version = 1\nmode = "observe"\n[isolation]\nbackend = "{backend}"\n[limits]\nopen_files = 1024\n'
    (home / ".jupyter" / "jupyter_guard.toml").write_text(policy)
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("mine = 41\n")
    told: list[str] = []
    first: dict[str, int] = {}
    for number in range(3):
        with ExitStack() as stack:
            # Another kernel beside it, whose directory is another one each time; the last one runs.
            beside = stack.enter_context(Front(folder, "", home=home)) if number == 2 else None
            other = own_directory(beside) if beside else stack.enter_context(a_directory(folder, number))
            front = stack.enter_context(Front(folder, "", home=home))
            code = SEEN.replace("['JUPYTER_GUARD_ISOLATION']", ".get('JUPYTER_GUARD_ISOLATION')")
            told.append(front.run(code.replace("os.getppid()", "mine")).text)
            for place in (home / ".aws" / "credentials", other / "connection.json"):
                run = front.run(f"len(open({str(place)!r}).read())")
                assert bool(run.of("error")) is (backend != "none"), place
            # Under Landlock nothing new is made in a folder around a hidden one, such as the other kernel's.
            if backend != "landlock":
                assert front.run("open('mine', 'w').write('x')").result == "1"
            if beside:
                assert beside.run("mine + 1").result == "42"
        first = records(home) if number == 1 else first
    assert first
    assert told[0] == told[1] == told[2]
    assert told[0].split()[:2] == ["None" if backend == "none" else backend, "41"]
    assert records(home) == first


@pytest.mark.kernel
@WORKS
def test_an_interrupt_and_the_wrappers_end_reach_a_recalled_kernel(home: Path, folder: Path) -> None:
    import psutil

    with Front(folder, "", home=home) as front:
        front.run("1")
    front = Front(folder, "", home=home)
    run = front.send("print('there', flush=True)\nimport time\ntime.sleep(60)")
    while not run.text:
        front.take_published(1)
    front.manager.interrupt_kernel()
    assert front.finish(run).error["ename"] == "KeyboardInterrupt"
    below = psutil.Process(front.pid).children(recursive=True)
    os.kill(front.pid, 9)
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive
    front.close()


def test_a_record_that_others_could_have_written_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    environment = {"HOME": str(folder), "PATH": os.defpath}
    directory, front = str(folder / "jg-0"), str(folder / "kernel.json")
    word = f"{directory}/tmp"

    def kept() -> None:
        again.remember(
            ["bwrap", "--bind", word, word], b"", {"TMPDIR": word}, json.dumps({"backend": "bubblewrap"}), withheld="{}",
            limits=[],
            env=["*"], policies=[], folders=[], paths=[str(folder / "absent")], made=[word], front=front,
            directory=directory, python=sys.executable, environment=environment,
        )  # fmt: skip

    def recalled() -> again.Box | None:
        return again.recalled(front, str(folder / "jg-1"), sys.executable, environment)

    assert recalled() is None
    kept()
    box = recalled()
    assert box is not None
    other = str(folder / "jg-1") + "/tmp"
    assert box.words == ["bwrap", "--bind", other, other]
    assert box.environment["TMPDIR"] == other
    path = next((folder / ".cache" / "jupyter_guard").glob("launch-*"))
    path.chmod(0o644)
    assert recalled() is None
    path.chmod(0o600)
    assert recalled() is not None
    (folder / "absent").touch()
    assert recalled() is None
    (folder / "absent").unlink()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert recalled() is None
    path.unlink()
    path.symlink_to(folder / "elsewhere")
    (folder / "elsewhere").write_bytes(whole)
    (folder / "elsewhere").chmod(0o600)
    assert recalled() is None


@pytest.mark.parametrize(
    "name",
    ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN", "PGPASSWORD", "OPENAI_API_KEY", "DATABASE_URL",
     "SSH_AUTH_SOCK", "GOOGLE_APPLICATION_CREDENTIALS", "KAGGLE_KEY", "my_password", "WANDB_API_KEY"],
)  # fmt: skip
def test_a_star_grants_no_credential_and_its_name_does(name: str) -> None:
    assert is_credential(name)
    assert granted(["*"], {name: "x"}) == {}
    assert granted(["*", name], {name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    "name", ["AWS_PROFILE", "KEYBOARD", "PWD", "OLDPWD", "TOKENIZERS_PARALLELISM", "CUDA_VISIBLE_DEVICES", "MONKEY"]
)
def test_other_variables_come_with_the_star(name: str) -> None:
    assert granted(["*"], {name: "x"}) == {name: "x"}
