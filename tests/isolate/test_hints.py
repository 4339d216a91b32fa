"""What a cell fails for want of says the one command that grants it, and that command works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, landlock
from tests.kernel.front import Front

HAS = {
    "bubblewrap": bubblewrap.trouble(),
    "landlock": "" if landlock.version() >= landlock.FILES else "no Landlock that holds files",
}
POLICY = """version = 1
mode = "observe"
[isolation]
backend = "{backend}"
read = ["*"]
write = ["."]
hosts = ["*"]
env = ["*"]
"""


@pytest.fixture(params=list(HAS))
def home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if HAS[request.param]:
        pytest.skip(HAS[request.param])
    # Not below /tmp, of which a box of namespaces has its own.
    made = Path(tempfile.mkdtemp(prefix=".home-", dir=Path.home()))
    for name in (".jupyter", ".aws", "notes"):
        (made / name).mkdir()
    (made / ".aws" / "credentials").write_text("decoy\n")
    (made / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend=request.param))
    monkeypatch.setenv("DEPLOY_TOKEN", "a-decoy")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="front-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def typed(text: str, home: Path) -> None:
    """Type the command that stands in a cell's output."""
    command = text.rstrip().rpartition("restart: ")[2].splitlines()[0].split()
    assert command[:4] == ["jupyter", "guard", "policy", "grant"]
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_guard", *command[2:]],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.kernel
def test_a_refused_access_names_the_command_and_the_command_grants_it(
    home: Path, folder: Path, request: pytest.FixtureRequest
) -> None:
    wanted = {
        f"open({str(home / '.aws' / 'credentials')!r}).read()": "grant aws",
        "import os\nos.environ['DEPLOY_TOKEN']": "grant DEPLOY_TOKEN",
        f"open({str(home / 'notes' / 'new')!r}, 'w').write('x')": f"grant --write {home / 'notes'}",
    }
    # Beside the folder of the kernel, of which a box of namespaces has another one around it.
    beside = folder.with_name(f"{folder.name}-beside")
    if "bubblewrap" in (home / ".jupyter" / "jupyter_guard.toml").read_text():
        beside.write_text("of another program")
        request.addfinalizer(beside.unlink)
        wanted[f"open({str(beside)!r}).read()"] = f"grant --write {folder.parent}"
    with Front(folder, "", home=home) as front:
        runs = {command: front.run(code) for code, command in wanted.items()}
    for command, run in runs.items():
        assert run.error
        assert run.text.count("jupyter guard policy") == 1, run.text
        assert run.text.rstrip().endswith(command)
        typed(run.text, home)
    with Front(folder, "", home=home) as front:
        for code in wanted:
            run = front.run(code)
            assert not run.of("error"), run.error
            assert "jupyter guard policy" not in run.text


@pytest.mark.kernel
def test_other_errors_say_nothing_of_grants(home: Path, folder: Path) -> None:
    with Front(folder, "", home=home) as front:
        for code in ("1 / 0", "open('absent')", "{}['x']", f"open({str(home / 'absent')!r})"):
            run = front.run(code)
            assert run.error
            assert "policy" not in run.text


@pytest.mark.kernel
def test_where_a_layer_above_decides_it_is_named_with_its_line(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nread = ["*"]\n')
    with Front(folder, "", home=home) as front:
        run = front.run(f"open({str(home / '.aws' / 'credentials')!r}).read()")
    assert "jupyter guard policy grant" not in run.text
    assert f"the project policy ({folder / 'jupyter_guard.toml'}:3)" in run.text


@pytest.mark.kernel
def test_a_local_servers_socket_that_the_box_has_not_is_told_of(home: Path, folder: Path) -> None:
    says = "connection to server on socket {path!r} failed: No such file or directory"
    place = "/run/jg-no-such-server"
    with Front(folder, "", home=home) as front:
        held = front.run("import os; os.environ['JUPYTER_GUARD_ISOLATION']").result
        there = front.run(f"raise RuntimeError({says.format(path='/nowhere/.s.PGSQL.5432')!r})")
        lacks = [
            front.run(f"raise RuntimeError({says.format(path=place + name)!r})")
            for name in ("/.s.PGSQL.5432", "/mysqld.sock")
        ]
    assert "policy grant" not in there.text
    for run in lacks:
        assert run.error["ename"] == "RuntimeError"
        assert (f"jupyter guard policy grant --write {place}\n" in run.text) is ("bubblewrap" in held)
