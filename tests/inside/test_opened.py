"""Files that are called as keys are, and variables that are set or given away, are told; other files are not."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.inside.child import opened
from jupyter_guard.scrub.sources import from_file

Told = list[tuple[str, str, str]]


@pytest.fixture(scope="module", autouse=True)
def _hook() -> None:
    """Audit hooks stay; this one does nothing once nobody is told."""
    hearing = opened.hearing()

    def heard(event: str, args: Any) -> None:
        hear = hearing.get(event)
        if hear is not None:
            hear(event, args)

    sys.addaudithook(heard)


@pytest.fixture
def told() -> Iterator[Told]:
    found: Told = []
    opened.start(lambda value, kind, name: found.append((value, kind, name)))
    yield found
    opened.stop()


@pytest.fixture
def value() -> str:
    return "orchard" + secrets.token_urlsafe(12)


def pem() -> tuple[str, list[str]]:
    body = base64.encodebytes(secrets.token_bytes(180)).decode().split()
    edge = "-----{} " + "PRIVATE" + " KEY-----"
    return "\n".join([edge.format("BEGIN"), *body, edge.format("END"), ""]), body


WAYS: tuple[Callable[[Path], Any], ...] = (
    lambda path: path.read_text(),
    lambda path: path.read_bytes(),
    lambda path: open(str(path)).close(),
    lambda path: os.close(os.open(path, os.O_RDONLY)),
    lambda path: open(os.fsencode(path), "rb").close(),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["server.pem", "id_ed25519", "deploy.key", "id_rsa_work"])
def test_a_key_wherever_it_lies(told: Told, tmp_path: Path, way: Callable[[Path], Any], name: str) -> None:
    text, body = pem()
    (tmp_path / name).write_text(text)
    way(tmp_path / name)
    way(tmp_path / name)
    assert told == [(text, opened.FILE, str(tmp_path / name))]
    assert [one.value.split() for one in from_file(*told[0][2::-2])] == [body]


def test_a_file_that_changed_is_told_again(told: Told, tmp_path: Path, value: str) -> None:
    path = tmp_path / ".env"
    for text in (f"API_TOKEN={value}\n", f"API_TOKEN={value}-new\n"):
        path.write_text(text)
        path.read_text()
    assert [one for one, _, _ in told] == [f"API_TOKEN={value}\n", f"API_TOKEN={value}-new\n"]


FILES: dict[str, Callable[[str], str]] = {
    ".env.production": lambda v: f"DB_USER=ann\nDB_PASSWORD='{v}'\n",
    "secrets.toml": lambda v: f'[db]\nuser = "ann"\npassword = "{v}"\n',
    "credentials": lambda v: f"[default]\naws_access_key_id = AKIA\naws_secret_access_key = {v}\n",
    "team.netrc": lambda v: f"machine host login ann password {v}\n",
    "other.pgpass": lambda v: f"host:5432:db:ann:{v}\n",
    "service-account-lab.json": lambda v: json.dumps({"type": "service_account", "private_key": v}),
    "client_secret_12.json": lambda v: json.dumps({"installed": {"client_id": "x", "client_secret": v}}),
    "app.secrets.yaml": lambda v: f"db:\n  user: ann\n  password: {v}\n  tokens:\n  - api_token: x\n",
}


@pytest.mark.parametrize("name", FILES)
def test_what_such_files_hold(told: Told, tmp_path: Path, value: str, name: str) -> None:
    (tmp_path / name).write_text(FILES[name](value))
    (tmp_path / name).read_text()
    ((text, kind, path),) = told
    assert kind == opened.FILE
    found = [one.value for one in from_file(path, text)]
    assert value in found
    assert "ann" not in found


@pytest.mark.parametrize("name", ["notes.txt", "keys.csv", "monkey.json", "environment.yml", "pipeline.py", "env.json"])
def test_other_files_are_nobodys_business(told: Told, tmp_path: Path, value: str, name: str) -> None:
    (tmp_path / name).write_text(f"password = {value}\n")
    (tmp_path / name).read_text()
    assert told == []


def test_what_is_no_small_file_is_left_alone(told: Told, tmp_path: Path) -> None:
    (tmp_path / "big.key").write_text("x" * (opened.LARGEST_FILE + 1))
    (tmp_path / "big.key").read_text()
    (tmp_path / "folder.pem").mkdir()
    with pytest.raises(IsADirectoryError):
        (tmp_path / "folder.pem").read_text()
    with pytest.raises(FileNotFoundError):
        (tmp_path / "none.pem").read_text()
    os.mkfifo(tmp_path / "pipe.pem")
    # Opened without waiting for somebody who writes.
    os.close(os.open(tmp_path / "pipe.pem", os.O_RDONLY | os.O_NONBLOCK))
    (tmp_path / "written.key").open("w").close()
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\nabc\n")
    (tmp_path / "cert.pem").read_text()
    assert told == []


def test_a_file_is_read_although_it_cannot_be_told(tmp_path: Path) -> None:
    def refuse(*_: str) -> None:
        raise RuntimeError("too many")

    (tmp_path / ".env").write_text("A_TOKEN=abcdefgh\n")
    opened.start(refuse)
    try:
        with pytest.warns(RuntimeWarning, match="is not redacted: too many"):
            assert (tmp_path / ".env").read_text() == "A_TOKEN=abcdefgh\n"
    finally:
        opened.stop()


def test_the_environment(told: Told, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_PASSWORD", value)
    monkeypatch.setenv("MATPLOTLIB_BACKEND", "agg-and-more")
    assert told == [(value, opened.ENVIRONMENT, "WAREHOUSE_PASSWORD")]
    assert os.environ["WAREHOUSE_PASSWORD"] == value


SETTERS: tuple[Callable[[str], Any], ...] = (
    lambda v: os.environ.update({"LAB_TOKEN": v, "LAB_PAGER": "less-and-more"}),
    lambda v: os.environ.setdefault("LAB_TOKEN", v),
    lambda v: os.environb.__setitem__(b"LAB_TOKEN", v.encode()),
    lambda v: os.putenv("LAB_TOKEN", v),
    lambda v: subprocess.run([sys.executable, "-c", ""], env={**os.environ, "LAB_TOKEN": v}, check=True),
    lambda v: subprocess.run([sys.executable, "-c", ""], env={b"LAB_TOKEN": v.encode()}, check=True),
    lambda v: os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {"LAB_TOKEN": v}), 0),
)


@pytest.mark.parametrize("put", SETTERS)
def test_every_way_to_set_or_give_a_variable(
    told: Told, value: str, put: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_TOKEN", "before")
    monkeypatch.delenv("LAB_TOKEN")
    told.clear()
    put(value)
    assert told == [(value, opened.ENVIRONMENT, "LAB_TOKEN")]


def test_a_process_that_is_given_what_we_have_tells_nothing(told: Told) -> None:
    subprocess.run([sys.executable, "-c", ""], env=dict(os.environ), check=True)
    subprocess.run([sys.executable, "-c", ""], check=True)
    assert told == []


def test_nobody_is_told_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: list[Any] = []
    opened.start(lambda *one: found.append(one))
    opened.stop()
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "orchard-" + "lantern-7")
    (tmp_path / ".env").write_text("A_TOKEN=abcdefgh\n")
    (tmp_path / ".env").read_text()
    assert found == []
