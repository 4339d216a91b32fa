"""A real server to which notebooks come in parts or by another name: what reaches the disk has no secret."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import serving

TOKEN = "t" * 20
SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
TAKEN = "[REDACTED:aws-access-key-id]"
SYNCHRONOUS = "jupyter_server.services.contents.largefilemanager.LargeFileManager"


@pytest.fixture(scope="module", params=["asynchronous", "synchronous"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address and folder of a server, with either kind of Jupyter's managers."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o777)
    config = tmp_path_factory.mktemp("config")
    if request.param == "synchronous":
        text = json.dumps({"ServerApp": {"contents_manager_class": SYNCHRONOUS}})
        (config / "jupyter_server_config.json").write_text(text)
    with serving(home, JUPYTER_CONFIG_DIR=str(config)) as address:
        yield address, home


def ask(server: tuple[str, Path], method: str, path: str, body: object = None) -> Any:
    asked = urllib.request.Request(
        f"{server[0]}/api/contents/{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"token {TOKEN}"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def notebook(output: str) -> str:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}]
    cell = {"cell_type": "code", "id": "a", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": "x"}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False)


def part(number: int, content: bytes, form: str = "base64") -> dict[str, Any]:
    text = base64.b64encode(content).decode() if form == "base64" else content.decode()
    return {"type": "file", "format": form, "chunk": number, "content": text}


def outputs_of(path: Path) -> str:
    saved = json.loads(path.read_text(encoding="utf-8"))
    return "".join(saved["cells"][0]["outputs"][0]["text"])


@pytest.mark.parametrize("form", ["base64", "text"])
def test_a_notebook_in_parts_is_saved_without_secrets(server: tuple[str, Path], form: str) -> None:
    whole = notebook(f"key {SECRET} \u00e4 " + "x" * 3000 + "\n").encode()
    middle = whole.index(SECRET.encode()) + 7
    path = server[1] / f"parts-{form}.ipynb"
    for number, content in ((1, whole[:middle]), (2, whole[middle : middle + 1000])):
        answer = ask(server, "PUT", path.name, part(number, content, form))
        assert (answer["name"], answer["content"]) == (path.name, None)
        # Nothing of it is there before all of it was looked at.
        assert not path.exists()
    ask(server, "PUT", path.name, part(-1, whole[middle + 1000 :], form))
    assert outputs_of(path) == f"key {TAKEN} \u00e4 " + "x" * 3000 + "\n"


def test_parts_take_the_place_of_a_notebook_when_all_are_there(server: tuple[str, Path]) -> None:
    path = server[1] / "there.ipynb"
    path.write_text(notebook("before\n"))
    whole = notebook(SECRET).encode()
    ask(server, "PUT", path.name, part(1, whole[:50]))
    assert outputs_of(path) == "before\n"
    # Begun again, the first attempt is forgotten.
    ask(server, "PUT", path.name, part(1, whole[:60]))
    ask(server, "PUT", path.name, part(-1, whole[60:]))
    assert outputs_of(path) == TAKEN


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (part(2, b"x"), "from its first part on"),
        (part(-1, b"x"), "from its first part on"),
        ({**part(1, b"x"), "type": "notebook"}, "not supported for large file transfer"),
        ({**part(1, b"x"), "format": "json"}, "'text' or 'base64'"),
        ({**part(1, b"x"), "content": "\u00e4"}, "Encoding error"),
        ({**part(1, b"x"), "content": {}}, "No file content"),
        ({**part(1, b"x"), "chunk": "one"}, "an integer"),
    ],
)
def test_what_is_no_part_is_refused_in_words(server: tuple[str, Path], body: dict[str, Any], said: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(server, "PUT", "none.ipynb", body)
    assert refused.value.code == 400
    assert said in json.load(refused.value)["message"]
    assert not (server[1] / "none.ipynb").exists()


def test_other_files_come_in_parts_as_ever(server: tuple[str, Path]) -> None:
    for number, content in ((1, b"a" * 10), (2, b"b" * 10), (-1, SECRET.encode())):
        ask(server, "PUT", "data.bin", part(number, content))
    assert (server[1] / "data.bin").read_bytes() == b"a" * 10 + b"b" * 10 + SECRET.encode()


def test_a_file_that_becomes_a_notebook_loses_its_secrets_first(server: tuple[str, Path]) -> None:
    ask(server, "PUT", "n.txt", {"type": "file", "format": "text", "content": notebook(SECRET)})
    assert SECRET in (server[1] / "n.txt").read_text()
    answer = ask(server, "PATCH", "n.txt", {"path": "renamed.ipynb"})
    assert answer["path"] == "renamed.ipynb"
    assert outputs_of(server[1] / "renamed.ipynb") == TAKEN
    assert not (server[1] / "n.txt").exists()


@pytest.mark.parametrize("content", [b"no notebook", b"\xff\xfe\x00"])
def test_what_is_no_notebook_is_renamed_as_it_is(server: tuple[str, Path], content: bytes) -> None:
    (server[1] / "plain.txt").write_bytes(content)
    ask(server, "PATCH", "plain.txt", {"path": "plain.ipynb"})
    assert (server[1] / "plain.ipynb").read_bytes() == content
    (server[1] / "plain.ipynb").unlink()


def test_what_cannot_be_looked_through_keeps_its_name(server: tuple[str, Path]) -> None:
    (server[1] / "k.txt").write_text(notebook(SECRET))
    policy = server[1] / "jupyter_guard.toml"
    policy.write_text("version = 1\n[scrub.patterns.bad]\nkeywords = ['ACME']\nshape = '(a+)+'\n")
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(server, "PATCH", "k.txt", {"path": "kept.ipynb"})
    finally:
        policy.unlink()
    assert "did not save kept.ipynb" in json.load(refused.value)["message"]
    assert (server[1] / "k.txt").exists()
    assert not (server[1] / "kept.ipynb").exists()


def test_a_copy_has_no_secret_that_a_program_wrote_meanwhile(server: tuple[str, Path]) -> None:
    (server[1] / "c.ipynb").write_text(notebook(SECRET))
    answer = ask(server, "POST", "", {"copy_from": "c.ipynb"})
    assert outputs_of(server[1] / answer["path"]) == TAKEN


def test_a_folder_is_renamed(server: tuple[str, Path]) -> None:
    (server[1] / "folder").mkdir(exist_ok=True)
    assert ask(server, "PATCH", "folder", {"path": "folder.ipynb"})["type"] == "directory"
    (server[1] / "folder.ipynb").rmdir()
