"""A real server that saves notebooks: what reaches the disk has no secret in its outputs."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

TOKEN = "t" * 20
SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"


def ask(address: str, body: object = None) -> Any:
    asked = urllib.request.Request(
        address,
        data=None if body is None else json.dumps(body).encode(),
        method="GET" if body is None else "PUT",
        headers={"Authorization": f"token {TOKEN}"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def notebook(output: str) -> dict[str, object]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}]
    cell = {"cell_type": "code", "id": "a", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": "x"}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_a_saved_notebook_has_no_secret_and_says_so_in_the_log(url: str, root: Path) -> None:
    body = {"type": "notebook", "format": "json", "content": notebook(f"key {SECRET}\n")}
    ask(f"{url}/api/contents/n.ipynb", body)
    text = (root / "n.ipynb").read_text()
    assert SECRET not in text
    assert "key [REDACTED:aws-access-key-id]" in text
    assert "saved n.ipynb without 1 aws-access-key-id" in (root / "log").read_text()
    assert SECRET not in json.dumps(ask(f"{url}/api/contents/n.ipynb"))


def test_metadata_and_attachments_are_cleaned_and_code_is_the_authors_own(url: str, root: Path) -> None:
    content = notebook("fine\n")
    cell = {
        "cell_type": "markdown",
        "id": "b",
        "metadata": {"note": f"x {SECRET}"},
        "attachments": {"a.txt": {"text/plain": SECRET}},
        "source": f"the key {SECRET}",
    }
    content |= {"cells": [cell], "metadata": {"papermill": {"parameters": {"key": SECRET}}}}
    ask(f"{url}/api/contents/m.ipynb", {"type": "notebook", "format": "json", "content": content})
    saved = json.loads((root / "m.ipynb").read_text())
    assert json.dumps(saved).count(SECRET) == 1
    assert SECRET in "".join(saved["cells"][0]["source"])
    assert saved["cells"][0]["metadata"] == {"note": "x [REDACTED:aws-access-key-id]"}


def test_a_notebook_without_secrets_is_saved_as_it_is(url: str, root: Path) -> None:
    content = notebook("nothing here\n")
    ask(f"{url}/api/contents/clean.ipynb", {"type": "notebook", "format": "json", "content": content})
    saved = json.loads((root / "clean.ipynb").read_text())
    assert "".join(saved["cells"][0]["outputs"][0]["text"]) == "nothing here\n"
    assert saved["cells"][0]["source"] in ("x", ["x"])


def test_what_cannot_be_looked_through_is_not_written(url: str, root: Path) -> None:
    (root / "jupyter_guard.toml").write_text(
        "version = 1\n[scrub.patterns.bad]\nkeywords = ['ACME']\nshape = '(a+)+'\n"
    )
    body = {"type": "notebook", "format": "json", "content": notebook(SECRET)}
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(f"{url}/api/contents/refused.ipynb", body)
    finally:
        (root / "jupyter_guard.toml").unlink()
    assert refused.value.code == 500
    assert "did not save refused.ipynb" in json.load(refused.value)["message"]
    assert not (root / "refused.ipynb").exists()


@pytest.mark.parametrize("form", ["text", "base64"])
def test_a_notebook_that_is_sent_as_a_file_is_one(url: str, root: Path, form: str) -> None:
    def sent(content: str) -> str:
        return base64.b64encode(content.encode()).decode() if form == "base64" else content

    body = {"type": "file", "format": form, "content": sent(json.dumps(notebook(f"key {SECRET} \u00e4\n")))}
    ask(f"{url}/api/contents/file-{form}.ipynb", body)
    saved = json.loads((root / f"file-{form}.ipynb").read_text(encoding="utf-8"))
    assert "".join(saved["cells"][0]["outputs"][0]["text"]) == "key [REDACTED:aws-access-key-id] \u00e4\n"
    # What a program saves is marked, whatever it calls it.
    assert saved["cells"][0]["metadata"]["jupyter_guard"]


@pytest.mark.parametrize("content", ["no JSON \u00e4", "[1]", '"x"', "[" * 100_000])
def test_a_file_that_is_no_notebook_stays_as_it_is(url: str, root: Path, content: str) -> None:
    ask(f"{url}/api/contents/none.ipynb", {"type": "file", "format": "text", "content": content})
    assert (root / "none.ipynb").read_text(encoding="utf-8") == content
