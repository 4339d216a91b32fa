"""``vet``, ``scrub --check`` and ``evaluate`` over many notebooks: the same bytes however the work is done."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.cli.console import plain
from jupyter_guard.cli.long_list import LongList, write_document

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COUNT = 60
BROKEN = {"b0.ipynb": '{"cells": [', "b1.ipynb": "[]", "b2.ipynb": ""}
COMMANDS = {
    "vet": ("vet", "c", "--format", "jsonl", "--origin", "assistant", "--policy", "personal"),
    "scrub": ("scrub", "c", "--check", "--format", "json", "--policy", "personal"),
    "evaluate": ("evaluate", "c", "--format", "json", "--policy", "personal"),
}
# Every line of a journal is 64 digits and a result.
LINE = re.compile(rb'\{"key":"[0-9a-f]{64}"')


@pytest.fixture
def corpus(work: Path) -> Path:
    """Notebooks of which each says something else, one nested as deeply as it can be read, and some broken ones."""
    (work / "c").mkdir()
    token = "ghp" + "_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jK5"
    for number in range(COUNT):
        code = [
            f"import shutil\nshutil.rmtree('/srv/{number}')\n",
            f"x{number} = {number}\n" * 12,
            "f(" * 5 + "1" + ")" * 5,
        ]
        output = {"output_type": "stream", "name": "stdout", "text": [f"{token}\n" if number % 10 == 0 else "fine\n"]}
        if number == 7:
            code.append("x = " + "(" * 90 + "1" + ")" * 90 + "\ny = " + "-" * 400 + "1")
        cells = [
            {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [output], "source": one}
            for one in code
        ]
        text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
        (work / "c" / f"n{number:03d}.ipynb").write_text(text)
    for name, text in BROKEN.items():
        (work / "c" / name).write_text(text)
    return work


def start(work: Path, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    home = work.parent / "home"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "NO_COLOR", "FORCE"))}
    return subprocess.Popen(
        [sys.executable, "-m", "jupyter_guard", *words],
        cwd=work,
        env={**kept, "HOME": str(home), "TERM": "xterm"},
        **more,
    )


def wait_for_lines(journal: Path, count: int, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not journal.exists() or len(LINE.findall(journal.read_bytes())) < count:
        assert running.poll() is None, "it was done before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_run_that_was_killed_goes_on_and_says_the_same(run: Run, corpus: Path, name: str) -> None:
    command = COMMANDS[name]
    whole = run(*command)
    assert whole.returncode == 2  # some are broken
    for broken in BROKEN:
        assert f"c/{broken}: " in whole.stderr
    assert "n059.ipynb" in whole.stdout
    journal = corpus / "j"
    with start(
        corpus, *command, "--workers", "2", "--resume", "j", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as first:
        wait_for_lines(journal, 5, first)
        first.send_signal(signal.SIGKILL)
        first.communicate()
    done = len(LINE.findall(journal.read_bytes()))
    assert 5 <= done < COUNT
    again = run(*command, "--workers", "2", "--resume", "j")
    assert again.stdout == whole.stdout
    assert again.returncode == whole.returncode
    assert re.search(rf"{done} of \d+ taken from j", again.stderr)
    # What is kept says nothing of the code, nor any secret.
    assert b"x12 = 12" not in journal.read_bytes()
    assert b"ghp_" not in journal.read_bytes()
    (corpus / "c" / "n003.ipynb").write_text((corpus / "c" / "n010.ipynb").read_text())
    changed = run(*command, "--resume", "j")
    assert changed.stdout == run(*command).stdout != whole.stdout


def test_a_journal_of_other_options_is_not_taken_from(run: Run, corpus: Path) -> None:
    run("vet", "c/n001.ipynb", "--resume", "j")
    assert "taken" in run("vet", "c/n001.ipynb", "--resume", "j").stderr
    for other in (("--origin", "human"), ("--policy", "team"), ("--no-practice",)):
        assert "taken" not in run("vet", "c/n001.ipynb", "--resume", "j", *other).stderr
    assert "taken" not in run("scrub", "--check", "c/n001.ipynb", "--resume", "j").stderr
    assert "taken" in run("scrub", "--check", "c/n001.ipynb", "--resume", "j").stderr
    known = {"MY_API_TOKEN": "hunter2" + "-is-no-secret-9"}
    assert "taken" not in run("scrub", "--check", "c/n001.ipynb", "--resume", "j", env=known).stderr


@pytest.mark.parametrize("command", ["vet", "evaluate"])
def test_a_journal_of_other_tools_is_not_taken_from(run: Run, corpus: Path, command: str) -> None:
    tools = corpus / "ours.py"
    tools.write_text("import jupyter_guard as guard\n\n@guard.tool\ndef one(name: str) -> str:\n    return name\n")
    (corpus / "policy.toml").write_text(f"version = 1\n[tools]\nsources = [{str(tools)!r}]\n")
    words = (command, "c/n001.ipynb", "--policy", str(corpus / "policy.toml"), "--resume", "j")
    run(*words)
    assert "taken" in run(*words).stderr
    tools.write_text(tools.read_text().replace("def one", "def another"))
    assert "taken" not in run(*words).stderr


def test_what_does_not_go_together_is_said(run: Run, corpus: Path) -> None:
    assert "give --check" in run("scrub", "c", "--write", "--resume", "j").stderr
    assert "Give one of the two" in run("vet", "c", "--workers", "2", "--dask", "tcp://x:1").stderr
    assert "no Dask scheduler answers there" in run("vet", "c", "--dask", "tcp://127.0.0.1:1").stderr
    for address in ("nowhere", "tcp://[::1"):
        said = run("vet", "c", "--dask", address).stderr
        assert f"--dask {address}: no Dask scheduler answers there" in said
        assert "Traceback" not in said
    known = {"MY_API_TOKEN": "hunter2" + "-is-no-secret-9"}
    refused = run("scrub", "c", "--check", "--dask", "tcp://10.0.0.1:8786", env=known)
    assert refused.returncode == 2
    assert "--no-known" in refused.stderr
    missing = corpus / "missing"
    missing.mkdir()
    (missing / "distributed.py").write_text("raise ImportError('not installed')\n")
    absent = run("vet", "c", "--dask", "tcp://127.0.0.1:1", env={"PYTHONPATH": str(missing)})
    assert "pip install 'jupyter_guard[dask]'" in absent.stderr
    assert absent.returncode == 2


@pytest.mark.parametrize(("name", "doing"), [("vet", b"vetting"), ("scrub", b"checking"), ("evaluate", b"evaluating")])
def test_the_bar_counts_notebooks(corpus: Path, name: str, doing: bytes) -> None:
    ours, theirs = pty.openpty()
    with start(corpus, *COMMANDS[name], "--workers", "2", stdout=subprocess.DEVNULL, stderr=theirs) as running:
        os.close(theirs)
        said = b"".join(_read(ours))
        assert running.wait(60) == 2
    os.close(ours)
    counts = [int(found) for found in re.findall(rb"(\d+)/63", said)]
    assert counts[0] < counts[-1]
    assert doing in said


def _read(descriptor: int) -> Iterator[bytes]:
    while select.select([descriptor], [], [], 120)[0]:
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:  # the other end was closed
            return
        if not data:
            return
        yield data


def test_half_a_character_is_no_reason_to_stop(run: Run, work: Path) -> None:
    case = (
        '{"id": "a", "cells": ["x = \\"\\ud800\\"; import os; os.remove(\\"/srv/\\ud800\\")"], "origin": "assistant"}\n'
    )
    (work / "c.jsonl").write_text(case)
    (work / "e.jsonl").write_text(
        '{"task": "\\udfff", "model": "\\ud800", "completion": "```python\\nx = \'\\ud800\'\\n```"}\n'
    )
    plainly, kept = (
        run("vet", "c.jsonl", "--policy", "personal", *more) for more in ((), ("--resume", "j", "--workers", "1"))
    )
    assert plainly.stdout == kept.stdout
    assert json.loads(plainly.stdout)["verdict"] == "confirm"
    plainly, kept = (
        run("evaluate", "e.jsonl", "--format", "json", "--policy", "personal", *more)
        for more in ((), ("--resume", "j"))
    )
    assert plainly.stdout == kept.stdout
    assert json.loads(plainly.stdout)["models"][0]["cells"] == 1


@pytest.mark.parametrize("items", [[], [1], [{"a": [1, {"b": "x\ny"}], "c": "\ud800é"}, "z", []]])
def test_a_long_list_is_written_as_json_writes_it(items: list[Any], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    long = LongList()
    for item in items:
        long.add(item)
    assert [*long] == items
    assert len(long) == len(items)
    for document in ({"a": 1, "long": items, "b": {"c": [2]}}, {"long": items}):
        plain(json.dumps(document, indent=1, ensure_ascii=False))
        sys.stdout.flush()
        expected = capfdbinary.readouterr().out
        write_document({**document, "long": long}, "long")
        sys.stdout.flush()
        assert capfdbinary.readouterr().out == expected


@pytest.mark.timeout(900)
def test_a_cluster_says_what_one_process_says_with_a_worker_killed(run: Run, corpus: Path) -> None:
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    whole = {name: run(*command) for name, command in COMMANDS.items()}
    # A machine that is busy takes its time to start a worker again.
    patient = dask.config.set({"distributed.deploy.lost-worker-timeout": "240s"})
    with (
        patient,
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
    ):
        for name, command in COMMANDS.items():
            words = (*command, "--dask", cluster.scheduler_address, "--resume", f"j-{name}")
            with start(corpus, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
                if name == "vet":
                    wait_for_lines(corpus / "j-vet", 3, running)
                    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
                out, said = running.communicate(timeout=600)
            assert out.decode() == whole[name].stdout, said.decode()
            assert running.returncode == whole[name].returncode


def ended(running: subprocess.Popen[bytes]) -> None:
    """End a program that this test started, and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    try:
        running.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(20)


def test_the_programs_of_a_cluster_as_they_are_documented(run: Run, corpus: Path) -> None:
    pytest.importorskip("distributed")
    dask = Path(sys.executable).parent / "dask"
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert "\ndask scheduler " in page
    assert "\ndask worker tcp://scheduler:8786 --nthreads 1 " in page
    where = corpus / "scheduler.json"
    # Of the documented command's own accord it listens on every address and on fixed ports.
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where))
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((corpus / "dask.log").open("wb"))

        def begin(*words: str) -> subprocess.Popen[bytes]:
            made = subprocess.Popen([dask, *words], cwd=corpus, stdout=log, stderr=log, start_new_session=True)
            stack.callback(ended, made)
            return made

        scheduler = begin("scheduler", *words)
        deadline = time.monotonic() + 120
        while not (where.exists() and where.stat().st_size):
            assert scheduler.poll() is None, (corpus / "dask.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        address = str(json.loads(where.read_text())["address"])
        assert address.startswith("tcp://")
        begin("worker", address, "--nthreads", "1", "--no-dashboard")
        found = run(*COMMANDS["vet"], "--dask", address)
    whole = run(*COMMANDS["vet"])
    assert found.stdout == whole.stdout, found.stderr
    assert found.returncode == whole.returncode == 2
