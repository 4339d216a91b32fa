"""``jupyter guard scrub``: what is taken out, and that everything else keeps every byte."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v3, v4

from jupyter_guard.cli.outputs import scrub_notebook
from jupyter_guard.scrub import KnownValues

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
MARK = "[REDACTED:aws-access-key-id]"


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return v4.new_output("stream", name=name, text=text)


def notebook(path: Path, *outputs: nbformat.NotebookNode, code: str = "print(key)") -> bytes:
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(code, outputs=list(outputs))]), path)
    return path.read_bytes()


def test_write_takes_secrets_out_of_every_kind_of_output(run: Run, work: Path) -> None:
    before = notebook(
        work / "n.ipynb",
        stream(f"é 1\nkey {SECRET}\nend\n"),
        v4.new_output("display_data", {"text/plain": f"'{SECRET}'", "application/json": {"a": [SECRET]}}),
        v4.new_output("execute_result", {"text/html": f"<b>{SECRET}</b>\n<i>x</i>"}, execution_count=1),
        v4.new_output("error", ename="E", evalue=SECRET, traceback=["one", f"two {SECRET}"]),
    )
    (work / "n.ipynb").chmod(0o640)
    result = run("scrub", "--write", "n.ipynb")
    assert result.returncode == 0, result.stderr
    after = (work / "n.ipynb").read_text()
    assert SECRET not in after
    # Nothing but the secrets changed, not a space: the file is as nbformat wrote it.
    assert after == before.decode().replace(SECRET, MARK)
    assert stat.S_IMODE((work / "n.ipynb").stat().st_mode) == 0o640
    assert "4 secrets taken out of 1 of 1 file" in result.stdout
    assert [one.name for one in work.iterdir()] == ["n.ipynb"]
    nbformat.validate(nbformat.read(work / "n.ipynb", 4))


def test_a_notebook_without_secrets_keeps_every_byte(run: Run, work: Path) -> None:
    odd = (
        b'{"nbformat":4,\r\n  "nbformat_minor": 5, "metadata": {}, "cells" :[ {"cell_type": "code", "outputs": ['
        b'{"output_type": "stream", "name": "stdout", "text": ["\\u00e9 1e5", "\\ud800"]}], "source": 1e5} ]}\n\n'
    )
    (work / "n.ipynb").write_bytes(odd)
    before = (work / "n.ipynb").stat()
    assert run("scrub", "--write", "n.ipynb").returncode == 0
    assert (work / "n.ipynb").read_bytes() == odd
    assert (work / "n.ipynb").stat().st_ino == before.st_ino


def test_check_changes_nothing_and_counts(run: Run, work: Path) -> None:
    before = notebook(work / "n.ipynb", stream(SECRET), code=f"key = '{SECRET}'")
    notebook(work / "clean.ipynb", stream("hello"))
    result = run("scrub", "--check", ".")
    assert result.returncode == 1
    assert "aws-access-key-id" in result.stdout
    assert "1 secret found in 1 of 2 files" in result.stdout
    assert "secrets in the cells' own text, which stay there: cell 1, line 1" in result.stderr
    assert SECRET not in result.stdout + result.stderr
    assert (work / "n.ipynb").read_bytes() == before
    assert run("scrub", "--check", "clean.ipynb").returncode == 0
    report = json.loads(run("scrub", "--check", "--format", "json", ".").stdout)
    assert report["files"][1]["redactions"] == [{"cell": 1, "kind": "aws-access-key-id", "count": 1}]
    assert report["files"][1]["in_code"] == [{"cell": 1, "line": 1, "kind": "aws-access-key-id", "count": 1}]


def test_a_secret_that_two_outputs_of_a_stream_share(run: Run, work: Path) -> None:
    notebook(work / "n.ipynb", stream("x " + SECRET[:9]), stream("warn\n", "stderr"), stream(SECRET[9:] + " y\n"))
    run("scrub", "--write", "n.ipynb")
    outputs = nbformat.read(work / "n.ipynb", 4).cells[0].outputs
    assert "".join(one.text for one in outputs if one.name == "stdout") == f"x {MARK} y\n"
    assert outputs[1].text == "warn\n"


def test_widget_states_and_old_notebooks(run: Run, work: Path) -> None:
    made = v4.new_notebook(metadata={"widgets": {"s": {"state": {"value": SECRET}}}})
    nbformat.write(made, work / "w.ipynb")
    cell = v3.new_code_cell(
        input="x", outputs=[v3.new_output("pyout", output_text=SECRET, output_html=f"<b>{SECRET}</b>")]
    )
    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=[cell])])
    (work / "old.ipynb").write_text(v3.writes_json(old))
    assert run("scrub", "--write", "w.ipynb", "old.ipynb").returncode == 0
    for name in ("w.ipynb", "old.ipynb"):
        text = (work / name).read_text()
        assert SECRET not in text
        assert "REDACTED" in text


def test_text_files_and_standard_input(run: Run, work: Path) -> None:
    (work / "a.log").write_bytes(b"\xff " + SECRET.encode() + b"\r\n")
    assert run("scrub", "--write", "a.log").returncode == 0
    assert (work / "a.log").read_bytes() == b"\xff " + MARK.encode() + b"\r\n"
    assert run("scrub", stdin=f"a {SECRET} b\n").stdout == f"a {MARK} b\n"
    assert run("scrub", "-", "--check", stdin=SECRET).returncode == 1
    assert run("scrub", "-", "--check", stdin="fine").returncode == 0
    (work / "b.bin").write_bytes(b"\0\1")
    result = run("scrub", "--check", "b.bin", "nowhere.ipynb")
    assert result.returncode == 2
    assert "b.bin: a binary file" in result.stderr
    assert "nowhere.ipynb: there is no such file" in result.stderr


def test_a_stream_is_passed_on_while_it_lasts(work: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_guard", "scrub", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=work
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"first line\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"first line\n"
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def test_known_values_come_from_the_credential_stores(run: Run, work: Path, tmp_path: Path) -> None:
    value = "correct-horse-battery"
    (tmp_path / "home" / ".netrc").write_text(f"machine a login b password {value}\n")
    environment = {"MY_SERVICE_TOKEN": "stapler" + "-0042-xyz"}
    text = f"{value} and {environment['MY_SERVICE_TOKEN']}\n"
    assert run("scrub", stdin=text, env=environment).stdout == (
        "[REDACTED:netrc-credential] and [REDACTED:environment]\n"
    )
    assert run("scrub", "--no-known", stdin=text, env=environment).stdout == text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--write", "--check", "a"), "give one"),
        (("--write",), "no file to write"),
        (("a", "b"), "With several files"),
        (("a", "-"), "stands alone"),
        (("--format", "json", "a"), "give --check or --write"),
    ],
)
def test_usage(run: Run, work: Path, arguments: tuple[str, ...], says: str) -> None:
    for name in "ab":
        (work / name).write_text("x")
    result = run("scrub", *arguments)
    assert result.returncode == 2
    assert says in result.stderr


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    outputs=st.lists(
        st.dictionaries(
            st.sampled_from(["output_type", "text", "data", "traceback", "name"]),
            JSON | st.just("stream") | st.just("error"),
            max_size=4,
        ),
        max_size=3,
    ),
    indent=st.sampled_from([None, 1, 2]),
)
def test_any_outputs_without_secrets_keep_every_byte(outputs: list[object], indent: int | None) -> None:
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "outputs": outputs}]}
    data = json.dumps(made, indent=indent).encode()
    assert scrub_notebook(data, KnownValues()) == (data, [])


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.sampled_from(["a\n", "é\r\n", "b ", SECRET + " ", f" {SECRET}\n", "\x1b[1m"]), max_size=6),
    indent=st.sampled_from([None, 1, 2]),
    ascii_only=st.booleans(),
)
def test_secrets_never_stay_and_the_rest_reads_the_same(lines: list[str], indent: int | None, ascii_only: bool) -> None:
    output = {"output_type": "display_data", "data": {"text/plain": lines}, "metadata": {}}
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "outputs": [output]}]}
    after, _taken = scrub_notebook(json.dumps(made, indent=indent, ensure_ascii=ascii_only).encode(), KnownValues())
    again, nothing = scrub_notebook(after, KnownValues())
    assert SECRET.encode() not in after
    assert (again, nothing) == (after, [])


def test_an_organisation_s_own_formats_from_a_policy(run: Run, work: Path) -> None:
    badge = "ACME+" + "4711-QWERTZ"
    (work / "p.toml").write_text(
        'version = 1\n[scrub.patterns."acme-badge"]\nkeywords = ["ACME+"]\nshape = "[0-9]{4}-[A-Z]{6}"\n'
    )
    (work / "a.log").write_text(f"badge {badge}\n")
    notebook(work / "n.ipynb", stream(f"badge {badge}\n"))
    assert run("scrub", "--write", "--policy", "p.toml", "a.log", "n.ipynb").returncode == 0
    assert (work / "a.log").read_text() == "badge [REDACTED:acme-badge]\n"
    assert badge not in (work / "n.ipynb").read_text()
    (work / "p.toml").write_text('version = 1\n[scrub.patterns.bad]\nkeywords = ["ACME+"]\nshape = "(?:a|a)+"\n')
    refused = run("scrub", "--policy", "p.toml", "a.log")
    assert refused.returncode == 2
    assert "bad" in refused.stderr
    assert "exponential" in refused.stderr
