"""A command line that cannot work ends with one readable line, and nothing is left running or lying about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard.kernel.child import CHANNELS, CannotStartError, find, read_arguments
from jupyter_guard.kernel.death import reason
from jupyter_guard.kernel.directories import sweep

CONFIG = {"ip": "127.0.0.1", "transport": "tcp", "key": "k", **{f"{one}_port": 0 for one in CHANNELS}}


def test_arguments_that_are_not_ours_are_the_wrapped_kernels(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(CONFIG))
    options = read_arguments(["-f", str(path), "--wrap=other", "--HistoryManager.hist_file=:memory:", "--debug"])
    assert options.wrap == "other"
    assert options.extra == ("--HistoryManager.hist_file=:memory:", "--debug")


@pytest.mark.parametrize(
    ("text", "words"), [(None, "cannot be read"), ("{", "not JSON"), ('{"ip": "x"}', "lacks transport")]
)
def test_a_connection_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "c.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CannotStartError, match=words) as caught:
        assert read_arguments(["-f", str(path)]).front
    assert str(path) in str(caught.value)


def test_a_kernel_that_does_not_exist_is_named() -> None:
    with pytest.raises(CannotStartError, match="no-such-kernel"):
        find("no-such-kernel")


@pytest.mark.kernel
def test_a_taken_port_is_one_line_and_an_exit(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = tmp_path / "c.json"
        path.write_text(json.dumps({**CONFIG, "shell_port": taken.getsockname()[1]}))
        done = subprocess.run(
            [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", str(path)],
            env={**os.environ, "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": ""},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert "is not free" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("jg-*"))


def test_reasons_are_sentences() -> None:
    assert "SIGSEGV" in reason(-11)
    assert "exit status 7" in reason(7)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is swept there")
def test_only_left_behind_directories_of_our_own_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "jupyter_guard.kernel.directories._places", lambda: [str(tmp_path), str(tmp_path / "not-there")]
    )
    names = ("jg-0123456789ab", "jg-ffffffffffff", "jg-index", "jg-0123456789xy", "0123456789ab", "jg-0123456789abc")
    for name in names:
        (tmp_path / name).mkdir()
        if name != "jg-ffffffffffff":
            os.utime(tmp_path / name, (1, 1))
    sweep()
    # The second one is young: its wrapper may not have locked it yet.
    assert {one.name for one in tmp_path.iterdir()} == set(names[1:])
