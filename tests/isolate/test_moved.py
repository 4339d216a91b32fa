"""A credential store is kept out of a box, and its values are known, wherever a variable has put it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import again, bubblewrap
from jupyter_guard.isolate.grants import Grants, grants
from jupyter_guard.isolate.variables import granted, has_password
from jupyter_guard.knowledge.moved import MOVES, moved
from jupyter_guard.policy.policy import Isolation
from jupyter_guard.scrub.sources import read_sources

BUBBLEWRAP = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "it works")
# Variable: its value, and a file that has to be out of reach then; the store's name.
MOVED = {
    "HF_HOME": ("hub", "hub/token", "huggingface"),
    "KUBECONFIG": ("first/config:second/config", "second/config", "kube"),
    "AWS_SHARED_CREDENTIALS_FILE": ("aws-keys", "aws-keys", "aws"),
    "AWS_CONFIG_FILE": ("aws-config", "aws-config", "aws"),
    "PGPASSFILE": ("passwords", "passwords", "pgpass"),
    "CLOUDSDK_CONFIG": ("cloud", "cloud/credentials.db", "gcp"),
    "GOOGLE_APPLICATION_CREDENTIALS": ("account.json", "account.json", "gcp"),
    "DOCKER_CONFIG": ("engine", "engine/config.json", "docker"),
    "GNUPGHOME": ("keys", "keys/pubring.kbx", "gnupg"),
    "XDG_CONFIG_HOME": ("settings", "settings/gh/hosts.yml", "gh"),
    "NETRC": ("net", "net", "netrc"),
    "PIP_CONFIG_FILE": ("pip.conf", "pip.conf", ""),
    "NPM_CONFIG_USERCONFIG": ("npm", "npm", "npm"),
}  # fmt: skip


@pytest.fixture
def root() -> Iterator[Path]:
    # Not below /tmp, of which a box has its own.
    with tempfile.TemporaryDirectory(prefix=".moved-", dir=Path.home()) as made:
        (Path(made) / "home").mkdir()
        (Path(made) / "work").mkdir()
        yield Path(made)


def laid(root: Path, variable: str) -> tuple[dict[str, str], Path]:
    value, name, _ = MOVED[variable]
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("decoy\n")
    absolute = os.pathsep.join(str(root / one) for one in value.split(os.pathsep))
    return {"HOME": str(root / "home"), "PATH": os.environ["PATH"], variable: absolute}, root / name


def held(root: Path, environment: dict[str, str], read: tuple[str, ...] = ("*",)) -> Grants:
    return grants(Isolation("auto", (), read=read, write=(".",), hosts=(), env=("*",)), str(root / "work"), environment)


def is_hidden(path: Path, found: Grants) -> bool:
    return any((str(path) + "/").startswith(one + "/") for one in found.hidden)


@pytest.mark.parametrize("variable", MOVED)
def test_a_moved_store_is_hidden_until_it_is_granted(root: Path, variable: str) -> None:
    environment, path = laid(root, variable)
    assert is_hidden(path, held(root, environment))
    store = MOVED[variable][2] or str(path)
    assert not is_hidden(path, held(root, environment, ("*", store)))


@BUBBLEWRAP
def test_it_cannot_be_read_in_a_box(root: Path) -> None:
    environment: dict[str, str] = {}
    paths = []
    for variable in MOVED:
        more, path = laid(root, variable)
        environment |= more
        paths.append(str(path))
    words = bubblewrap.command(held(root, environment), -1)
    done = subprocess.run([*words, "cat", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


@BUBBLEWRAP
def test_another_kernels_directory_that_goes_meanwhile_stops_no_start(root: Path) -> None:
    beside = root / "jg-0123456789ab"
    beside.mkdir()
    policy = Isolation("auto", (), read=("*",), write=(".",), hosts=(), env=("*",))
    found = grants(policy, str(root / "work"), {"HOME": str(root / "home")}, [str(beside)])
    assert is_hidden(beside, found)
    beside.rmdir()
    done = subprocess.run([*bubblewrap.command(found, -1), "ls", str(root)], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["home", "work"]


def test_no_folder_around_the_work_and_no_device_is_hidden(root: Path) -> None:
    (root / "home" / ".netrc").symlink_to("/dev/null")
    environment = {"HOME": str(root / "home"), "GNUPGHOME": str(root), "PIP_CONFIG_FILE": "/dev/null"}
    found = held(root, environment)
    assert not {str(root), "/dev/null"} & set(found.hidden)
    assert any("GNUPGHOME" in one for one in found.problems)


def test_every_variable_decides_whether_a_start_can_be_recalled() -> None:
    assert set(MOVES) <= set(again._DECIDING)


def test_paths_are_looked_at_before_they_are_there(root: Path) -> None:
    looked: list[str] = []
    isolation = Isolation("auto", (), read=("*",), write=(".",), hosts=(), env=("*",))
    grants(isolation, str(root / "work"), {"HOME": str(root / "home"), "NETRC": str(root / "later")}, looked=looked)
    assert str(root / "later") in looked


def test_relative_and_home_paths() -> None:
    assert moved(".netrc", {"NETRC": "here/net"}, "/home/me", "/work") == {"/work/here/net": "NETRC"}
    assert moved(".aws/", {"AWS_CONFIG_FILE": "~/a"}, "/home/me") == {"/home/me/a": "AWS_CONFIG_FILE"}
    assert moved(".awsome", {"AWS_CONFIG_FILE": "~/a", "XDG_CONFIG_HOME": ""}, "/home/me") == {}


def test_values_of_moved_files_are_known(tmp_path: Path) -> None:
    secret = "-".join(("not", "a", "password", "4711"))
    for variable, value, name, text in (
        ("DOCKER_CONFIG", "engine", "docker", f'{{"auths": {{"x": {{"password": "{secret}"}}}}}}'),
        ("XDG_CACHE_HOME", "cache", "huggingface", secret),
        ("KUBECONFIG", "other:one", "kube", f"token: {secret}\n"),
    ):
        file = {"engine": "engine/config.json", "cache": "cache/huggingface/token"}.get(value, "one")
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
        given = {variable: os.pathsep.join(str(tmp_path / one) for one in value.split(":"))}
        found = list(read_sources([name], given, tmp_path / "nobody", lambda _: None))
        assert secret in {one.value for one in found}, variable


def test_an_address_with_a_password_is_withheld_whatever_its_variable_is_called() -> None:
    password = "-".join(("no", "body"))
    given = {"MY_BROKER": f"amqp://me:{password}@host/", "PAGE": "https://host/a:b@c", "HTTPS_PROXY": "http://host:80"}
    assert set(granted(["*"], given)) == {"PAGE", "HTTPS_PROXY"}
    assert "MY_BROKER" in granted(["*", "MY_BROKER"], given)
    assert has_password(f"two: http://a.example/ http://:{password}@b.example")
