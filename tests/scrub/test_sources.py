"""Credentials are found in every file they are kept in; what cannot be read is noted by name."""

from __future__ import annotations

import ast
import base64
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from jupyter_guard.scrub import KnownValues, Skipped, scrub
from jupyter_guard.scrub.sources import SOURCES, from_environment, read_sources

VALUE = "Zt7" + "-qP4v_Lw9" + "sXk2"
BODY = "\n".join(("MIIE" + "vQIBADANBgkqhkiG9w0" * 3)[:64] for _ in range(3))
PEM = f"-----BEGIN {'PRIVATE'} KEY-----\n{BODY}\n-----END {'PRIVATE'} KEY-----\n"
FILES = {
    "dotenv": (".env", f"DEBUG=1\nexport API_TOKEN='{VALUE}'\n"),
    "aws": (".aws/credentials", f"[default]\naws_access_key_id = AB\naws_secret_access_key = {VALUE}\n"),
    "netrc": (".netrc", f"machine a.example login me password {VALUE}\n"),
    "pgpass": (".pgpass", f"host:5432:db:me:{VALUE}\n"),
    "pip": (".config/pip/pip.conf", f"[global]\nindex-url = https://me:{VALUE}@pypi.example/simple\n"),
    "npm": (".npmrc", f"//registry.example/:_authToken={VALUE}\n"),
    "pypi": (".pypirc", f"[pypi]\nusername = __token__\npassword = {VALUE}\n"),
    "git": (".git-credentials", f"https://me:{VALUE}@git.example\n"),
    "huggingface": (".cache/huggingface/token", VALUE),
    "kaggle": (".kaggle/kaggle.json", json.dumps({"username": "me", "key": VALUE})),
    "docker": (
        ".docker/config.json",
        json.dumps({"auths": {"r.example": {"auth": base64.b64encode(f"me:{VALUE}".encode()).decode()}}}),
    ),
    "kube": (".kube/config", f"users:\n- name: me\n  user:\n    token: {VALUE}\n"),
    "gcp": (".config/gcloud/application_default_credentials.json", json.dumps({"client_secret": VALUE})),
    "azure": (".azure/msal_token_cache.json", json.dumps({"AccessToken": {"x": {"secret": VALUE}}})),
    "databricks": (".databrickscfg", f"[DEFAULT]\nhost = https://x\ntoken = {VALUE}\n"),
    "snowflake": (".snowflake/connections.toml", f'[a]\npassword = "{VALUE}"\n'),
    "mysql": (".my.cnf", f"[client]\npassword={VALUE}\n"),
    "cargo": (".cargo/credentials.toml", f'[registry]\ntoken = "{VALUE}"\n'),
    "gh": (".config/gh/hosts.yml", f"github.com:\n    oauth_token: {VALUE}\n"),
    "wandb": (".config/wandb/settings", f"[default]\napi_key = {VALUE}\n"),
}


def test_there_is_an_example_of_every_source() -> None:
    assert set(FILES) | {"ssh"} == set(SOURCES)


@pytest.mark.parametrize("source", FILES)
def test_a_value_in_its_file_never_appears(tmp_path: Path, source: str) -> None:
    name, text = FILES[source]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    known = KnownValues.from_sources([source], {}, tmp_path)
    assert known.skipped == [] or all(VALUE not in note.name + note.reason for note in known.skipped)
    assert scrub(f"it is <{VALUE}>", known) == f"it is <[REDACTED:{source}-credential]>"


def test_the_settings_beside_a_notebook_are_read_wherever_the_server_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "work" / "notebooks"
    folder.mkdir(parents=True)
    (folder / ".env").write_text(f"DB_PASSWORD={VALUE}\n")
    monkeypatch.chdir(folder)
    known = KnownValues.from_sources(["dotenv"], {"PWD": str(tmp_path)}, tmp_path / "home")
    assert VALUE not in scrub(f"row {VALUE}", known)


def test_private_keys_whole_and_by_the_line(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_text(PEM)
    (tmp_path / ".ssh" / "id_ed25519.pub").write_text("ssh-ed25519 AAAA public")
    known = KnownValues.from_sources(["ssh"], {}, tmp_path)
    line = BODY.split("\n")[1]
    assert line not in scrub(f"line: {line}!", known)
    assert "public" in scrub("ssh-ed25519 AAAA public", known)


def test_the_environment_by_name_and_by_url() -> None:
    env = {
        "MY_API_KEY": VALUE,
        "DATABASE_URL": f"x://u:{VALUE[::-1]}@h/d",
        "PATH": "/usr/bin",
        "KEYBOARD": "qwertz",
        "TOKEN_FILE": "/x/yyyyyyy",
    }
    assert {secret.value for secret in from_environment(env)} == {VALUE, VALUE[::-1]}


@pytest.mark.skipif(os.name == "nt", reason="no fifos on Windows")
def test_what_cannot_be_read_is_noted_by_name_only(tmp_path: Path) -> None:
    (tmp_path / ".netrc").mkdir()
    os.mkfifo(tmp_path / ".pgpass")
    (tmp_path / ".my.cnf").write_bytes(b"password=" + b"a" * (1 << 21))
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_text("{not json " + VALUE)
    notes = []
    assert list(read_sources(["netrc", "pgpass", "mysql", "kaggle", "nowhere"], {}, tmp_path, notes.append)) == []
    assert [Path(note.name).name for note in notes] == [".netrc", ".pgpass", ".my.cnf", "kaggle.json", "nowhere"]
    assert all(VALUE not in note.name + note.reason for note in notes)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="modes of files are POSIX")
def test_a_file_that_may_not_be_read_is_noted_and_the_next_is_read() -> None:
    home = Path(tempfile.mkdtemp())
    try:
        home.chmod(0o755)
        (home / ".netrc").write_text(f"machine a login b password {VALUE[::-1]}\n")
        (home / ".netrc").chmod(0)
        (home / ".pgpass").write_text(f"h:5432:d:u:{VALUE}\n")
        (home / ".pgpass").chmod(0o644)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            # Root may read everything, so an ordinary user reads.
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                notes: list[Skipped] = []
                values = [one.value for one in read_sources(["netrc", "pgpass"], {}, home, notes.append)]
                said = repr(([Path(note.name).name for note in notes], values, [note.reason for note in notes]))
                os.write(writing, said.encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            names, values, reasons = ast.literal_eval(answer.read())
        os.waitpid(child, 0)
    finally:
        shutil.rmtree(home)
    assert names == [".netrc"]
    assert values == [VALUE]
    assert not any(VALUE[::-1] in reason for reason in reasons)
