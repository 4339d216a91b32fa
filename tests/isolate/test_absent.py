"""In a home that a kernel may write to, start-up files that are not there cannot be made, and nothing is left of that."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import absent, bubblewrap
from jupyter_guard.isolate.grants import grants
from jupyter_guard.policy.policy import Isolation
from tests.kernel.front import Front

PLANTED = (
    ".bashrc", ".bash_profile", ".profile", ".zshenv", ".config/fish/config.fish", ".config/autostart/a.desktop",
    ".config/systemd/user/a.service", ".config/environment.d/a.conf", ".config/pip/pip.conf", ".gitconfig",
    ".config/git/config", ".ipython/profile_default/startup/00.py", ".ipython/profile_default/ipython_config.py",
    ".jupyter/jupyter_server_config.py", ".local/share/jupyter/kernels/python3/kernel.json", ".local/bin/python",
    "bin/ls", ".ssh/authorized_keys", ".ssh/config", ".aws/config", ".kube/config", ".docker/config.json", ".vimrc",
    ".Rprofile", ".pam_environment", ".pythonstartup", ".tmux.conf",
)  # fmt: skip
PLANT = """
import os, site
made = []
for one in {names!r} + (site.getusersitepackages() + '/planted.pth', site.getusersitepackages() + '/sitecustomize.py'):
    path = os.path.join(os.path.expanduser('~'), one)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'a') as file:
            file.write('planted')
        made.append(one)
    except OSError:
        pass
    try:
        os.remove(path)
        made.append(one)
    except OSError:
        pass
for one in ('.config', '.ssh', '.local', '.ipython', '.jupyter'):
    try:
        os.rename(one, one + '-away')
        made.append(one)
    except OSError:
        pass
print(made)
"""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works"),
]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("PYTHONUSERBASE", raising=False)
    with tempfile.TemporaryDirectory(prefix=".absent-", dir=Path.home()) as made:
        home = Path(made)
        (home / ".jupyter").mkdir()
        # Nothing but isolation stops a cell.
        (home / ".jupyter" / "jupyter_guard.toml").write_text('version = 1\nmode = "observe"\n')
        yield home


# Nothing of IPython's is there before its first start: it makes its profile in folders that are held in part.
@pytest.fixture(params=["ipython", ".ipython"])
def ipython(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def there(home: Path) -> set[str]:
    kept = {".cache", ".local/state", ".local/share/jupyter", "log", ".config/matplotlib", "ipython"}
    kept |= {f".ipython/profile_default/{one}" for one in ("security", "log", "pid", "db", "history.sqlite")}
    found = (str(one.relative_to(home)) for one in home.rglob("*"))
    return {
        one for one in found if not any(one == k or one.startswith(k + "/") or k.startswith(one + "/") for k in kept)
    }


def test_nothing_can_be_planted_and_nothing_is_left(home: Path, ipython: str) -> None:
    before = there(home)
    with Front(home, "", home=home, ipython=ipython) as front:
        assert front.run(PLANT.format(names=PLANTED)).text == "[]\n"
        # What people do in their home goes on.
        code = "open('mine.csv', 'w').write('a')\nimport os; os.makedirs('new/one')\nopen('.env-of-mine', 'w').close()\nprint(open('mine.csv').read())"
        assert front.run(code).text == "a\n"
        # A second kernel is held by the same files, and its end takes nothing from the first.
        with Front(home, "", home=home, ipython=ipython) as other:
            assert other.run(PLANT.format(names=PLANTED)).text == "[]\n"
        assert front.run(PLANT.format(names=PLANTED)).text == "[]\n"
        # Outside, a person goes on as well.
        (home / ".vimrc").write_text("set number\n")
    assert (home / ".vimrc").read_text() == "set number\n"
    assert there(home) - before - {".vimrc", "mine.csv", "new", "new/one", ".env-of-mine"} == set()


def test_an_empty_file_does_not_take_another_one_s_place(tmp_path: Path) -> None:
    (tmp_path / ".profile").write_text("echo from the profile\n")
    names = [(str(tmp_path / one), False) for one in (".bash_profile", ".bash_login", ".profile")]
    made = absent.make(names, str(tmp_path), str(tmp_path / "cache"), str(tmp_path / "kernel"))
    assert sorted(made) == sorted(str(tmp_path / one) for one in (".bash_profile", ".bash_login"))
    done = subprocess.run(
        ["bash", "--login", "-c", "true"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines().count("from the profile") == 1
    absent.remove(str(tmp_path / "cache"), str(tmp_path / "kernel").__eq__)
    assert (tmp_path / ".bash_login").exists()
    absent.remove(str(tmp_path / "cache"), "another".__eq__)
    assert not (tmp_path / ".bash_login").exists()
    assert (tmp_path / ".profile").read_text() == "echo from the profile\n"


def test_a_folder_that_is_granted_by_name_stays_open(home: Path) -> None:
    (home / ".local" / "lib").mkdir(parents=True)
    isolation = Isolation("auto", (), ("*",), (".", "~/.local/lib"), ("*",), ())
    found = grants(isolation, str(home), {"HOME": str(home)})
    held = found.also_protecting(
        [str(home / ".local" / "lib" / "python3" / "site-packages"), str(home / ".local" / "bin")]
    )
    assert str(home / ".local" / "bin") in held.protected
    assert not any("site-packages" in one for one in held.protected)
