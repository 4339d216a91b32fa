"""Secrets in notebooks' code, git's clean filter, the pre-commit hook, and files that are broken or being written to."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_guard.cli import scrub as scrub_command
from jupyter_guard.cli import scrub_job
from jupyter_guard.cli.outputs import scrub_notebook
from jupyter_guard.cli.splice import spliced
from jupyter_guard.scrub import KnownValues

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).parents[2]
SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
MARK = "[REDACTED:aws-access-key-id]"
WORD = "Kestrel" + "-4711!"


def notebook(code: str, output: str = "", **cell: object) -> dict[str, object]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": [output]}] if output else []
    made = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": outputs, "source": [code], **cell}
    return {"cells": [made], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


def test_sources_are_changed_only_when_asked_and_check_counts_them(run: Run, work: Path) -> None:
    (work / "n.ipynb").write_text(json.dumps(notebook(f"password = '{WORD}'"), indent=1))
    before = (work / "n.ipynb").read_bytes()
    assert run("scrub", "--write", "n.ipynb").returncode == 0
    assert (work / "n.ipynb").read_bytes() == before
    assert run("scrub", "--check", "n.ipynb").returncode == 1
    assert run("scrub", "--check", "--sources", "n.ipynb").returncode == 1
    assert (work / "n.ipynb").read_bytes() == before
    assert run("scrub", "--write", "--sources", "n.ipynb").returncode == 0
    after = json.loads((work / "n.ipynb").read_text())
    assert after["cells"][0]["source"] == ["import os\n", 'password = os.environ["PASSWORD"]']
    assert run("scrub", "--check", "--sources", "n.ipynb").returncode == 0


def test_every_other_byte_stays() -> None:
    odd = (
        '{"nbformat":4,\r\n  "nbformat_minor": 5, "metadata": {"\\u00e9é": 1e5,  "x":[ ]}, "cells" :[ {"cell_type": "code",'
        f' "outputs": [{{"output_type": "stream", "name": "stdout", "text": ["\\u00e9 1e5 {SECRET}\\n", "\\ud800"]}}],'
        ' "source": "1.50E+3" , "execution_count":1e0} ]}\n\n'
    )
    after, taken = scrub_notebook(odd.encode(), KnownValues())
    assert after.decode() == odd.replace(SECRET, MARK)
    assert len(taken) == 1


@pytest.mark.parametrize("last", [SECRET, "nothing"])
def test_a_key_that_is_there_twice_hides_nothing(last: str) -> None:
    tables = f'"data": {{"text/plain": "{SECRET}"}}, "data": {{"text/plain": "{last}"}}'
    data = (
        f'{{"nbformat": 4, "metadata": {{}}, "cells": [{{"outputs": [{{"output_type": "display_data", {tables}}}]}}]}}'
    )
    after, _ = scrub_notebook(data.encode(), KnownValues())
    assert SECRET.encode() not in after
    assert json.loads(after)["cells"][0]["outputs"][0]["data"] == {"text/plain": last.replace(SECRET, MARK)}


def test_a_list_that_grows_keeps_its_manner() -> None:
    text = '{\n "a": [\n  "x"\n ],\n "b": 1.0\n}'
    assert spliced(text, {"a": ["y", "z"], "b": 1.0}) == '{\n "a": [\n  "y",\n  "z"\n ],\n "b": 1.0\n}'


def test_git_commits_what_the_clean_filter_leaves(run: Run, work: Path) -> None:
    def git(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "HOME": str(work), "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(
            ["git", *words], cwd=work, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    command = f"{shlex.quote(sys.executable)} -m jupyter_guard scrub --name %f -"
    git("init", "-q")
    for key, value in (("clean", command), ("smudge", "cat"), ("required", "true")):
        git("config", f"filter.jupyter-guard.{key}", value)
    (work / ".gitattributes").write_text("*.ipynb filter=jupyter-guard\n")
    (work / "n.ipynb").write_text(json.dumps(notebook("print(key)", f"key {SECRET}\n"), indent=1))
    assert git("add", "n.ipynb").returncode == 0
    staged = git("show", ":n.ipynb").stdout
    assert staged == (work / "n.ipynb").read_text().replace(SECRET, MARK)
    # What is on the disk stays as it is, and a notebook that cannot be read is not committed.
    assert SECRET in (work / "n.ipynb").read_text()
    (work / "broken.ipynb").write_text(f'{{"cells": [ "{SECRET}')
    refused = git("add", "broken.ipynb")
    assert refused.returncode != 0
    assert "not JSON" in refused.stderr
    assert git("ls-files", "broken.ipynb").stdout == ""


@pytest.mark.parametrize(("hook", "status"), [("jupyter-guard-scrub", 1), ("jupyter-guard-scrub-write", 0)])
def test_the_pre_commit_hooks_entries_run(run: Run, work: Path, hook: str, status: int) -> None:
    entries = {}
    name = ""
    for line in (ROOT / ".pre-commit-hooks.yaml").read_text().splitlines():
        key, _, value = line.strip("- ").partition(": ")
        name = value if key == "id" else name
        if key == "entry":
            entries[name] = shlex.split(value)
    assert entries[hook][0] == "jupyter-guard"
    (work / "n.ipynb").write_text(json.dumps(notebook("print(key)", f"key {SECRET}\n"), indent=1))
    (work / "clean.ipynb").write_text(json.dumps(notebook("print(1)", "1\n"), indent=1))
    assert run(*entries[hook][1:], "clean.ipynb").returncode == 0
    assert run(*entries[hook][1:], "n.ipynb", "clean.ipynb").returncode == status
    assert (SECRET in (work / "n.ipynb").read_text()) == bool(status)


def test_a_notebook_that_is_written_to_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook("x", SECRET)))
    newer = json.dumps(notebook("y", SECRET))
    cleaned = scrub_job.cleaned

    def while_another_saves(*given: object) -> object:
        answer = cleaned(*given)  # type: ignore[arg-type]
        path.write_text(newer)
        return answer

    monkeypatch.setattr(scrub_job, "cleaned", while_another_saves)
    result = scrub_command._file(path, (KnownValues(), None), write=True, to_stdout=False, sources=False)
    assert "changed while it was read" in result["error"]
    assert path.read_text() == newer
    assert os.listdir(tmp_path) == ["n.ipynb"]


def test_broken_notebooks_are_named_and_stay(run: Run, work: Path) -> None:
    broken = {"cut.ipynb": '{"cells": [', "list.ipynb": "[]", "empty.ipynb": "", "deep.ipynb": "[" * 200_000}
    for name, text in broken.items():
        (work / name).write_text(text)
    (work / "bytes.ipynb").write_bytes(b'{"cells": "\xff"}')
    result = run("scrub", "--write", *broken, "bytes.ipynb")
    assert result.returncode == 2
    assert all(name in result.stderr for name in (*broken, "bytes.ipynb"))
    assert {name: (work / name).read_text() for name in broken} == broken


def test_one_secret_in_several_forms_of_one_output_counts_once() -> None:
    data = {"text/plain": SECRET, "text/html": f"<b>{SECRET}</b>", "application/json": {"k": SECRET}}
    made = notebook("x", outputs=[{"output_type": "display_data", "metadata": {}, "data": data}])
    _, taken = scrub_notebook(json.dumps(made).encode(), KnownValues())
    assert [(cell, one.kind, one.count) for cell, one in taken] == [(1, "aws-access-key-id", 1)]
