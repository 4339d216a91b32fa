"""Compiled databases are loaded only from a file that nobody else can have written and that is whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_guard.scrub.cache import cache_directory, prune, store, stored
from jupyter_guard.scrub.expressions import Databases, Expressions
from jupyter_guard.scrub.patterns import builtin, parse_patterns
from jupyter_guard.scrub.tables import COLUMN

hyperscan = pytest.importorskip("hyperscan")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and owners are POSIX")

PATTERNS = parse_patterns({"acme-badge": {"keywords": ["ACME+"], "shape": "[0-9]{4}"}}, "test")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    expressions = Expressions(PATTERNS)
    store(directory, expressions.name, expressions.compiled().whole)
    return directory / f"scrub-{expressions.name}.db"


def loaded(file: Path) -> Any:
    return stored(file.parent, file.stem.removeprefix("scrub-"))


def test_what_was_stored_is_loaded_and_works(kept: Path) -> None:
    database = loaded(kept)
    seen: list[int] = []
    scratch = hyperscan.Scratch(database)
    database.scan(b"x ACME+1234", match_event_handler=lambda number, *_: seen.append(number), scratch=scratch)
    assert seen == [0]
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0


def test_modes_that_let_others_write_or_read(kept: Path) -> None:
    for mode in (0o644, 0o660, 0o602):
        kept.chmod(mode)
        assert loaded(kept) is None
    kept.chmod(0o600)
    assert loaded(kept) is not None
    kept.parent.chmod(0o770)
    assert loaded(kept) is None


def test_another_owner(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    assert loaded(kept) is None


def test_a_link_to_a_good_file(kept: Path) -> None:
    elsewhere = kept.parent / "elsewhere.db"
    kept.rename(elsewhere)
    kept.symlink_to(elsewhere)
    assert loaded(kept) is None


def test_a_directory_or_a_fifo_in_its_place(kept: Path) -> None:
    kept.unlink()
    assert loaded(kept) is None
    kept.mkdir(mode=0o700)
    assert loaded(kept) is None
    kept.rmdir()
    os.mkfifo(kept, 0o600)
    assert loaded(kept) is None


def test_damage_anywhere(kept: Path) -> None:
    good = kept.read_bytes()
    for at in (0, 25, 60, 70, len(good) // 2, len(good) - 1):
        kept.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert loaded(kept) is None
    for size in (0, 10, 53, 54, len(good) - 1):
        kept.write_bytes(good[:size])
        assert loaded(kept) is None


def test_a_database_of_other_patterns_under_this_name(kept: Path) -> None:
    other = parse_patterns({"acme-badge": {"keywords": ["NONE+"], "shape": "[0-9]{4}"}}, "test")
    expressions = Expressions(other)
    assert expressions.name != Expressions(PATTERNS).name
    store(kept.parent, expressions.name, expressions.compiled().whole)
    kept.write_bytes((kept.parent / f"scrub-{expressions.name}.db").read_bytes())
    assert loaded(kept) is None


def test_a_right_digest_over_what_is_no_database(kept: Path) -> None:
    import hashlib

    name = kept.stem.removeprefix("scrub-")
    magic = kept.read_bytes()[: kept.read_bytes().index(b"\n") + 1]
    for body in (b"\xff" * 64, b""):
        digest = hashlib.sha256(f"{len(name)} {name}".encode() + body).digest()
        kept.write_bytes(magic + digest + body)
    assert loaded(kept) is None


def test_no_file_is_left_where_storing_fails(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o777)
    expressions = Expressions(PATTERNS)
    with pytest.raises(PermissionError, match="open to others"):
        store(tmp_path / "open", expressions.name, expressions.compiled().whole)
    assert list((tmp_path / "open").iterdir()) == []


def test_versions_that_nobody_used_lately_are_thrown_away(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    database = Expressions(PATTERNS).compiled().words
    versions = [f"{number}" * 64 for number in range(7)]
    for age, version in enumerate(versions):
        for part in ("ends", "whole", "words"):
            store(directory, f"{version}-{part}", database)
            os.utime(directory / f"scrub-{version}-{part}.db", (1e9 - age, 1e9 - age))
    (directory / "launch-0.bin").write_bytes(b"another's")
    (directory / ".scrub-abandoned").write_bytes(b"half")
    os.utime(directory / ".scrub-abandoned", (1e9 - 86_400, 1e9 - 86_400))
    # Loading is using.
    assert stored(directory, f"{versions[5]}-ends") is not None
    assert prune(directory, versions[0]) == 3 * 3 + 1
    left = {path.name for path in directory.iterdir()}
    kept_versions = (versions[0], versions[5], versions[1], versions[2])
    assert left == {
        "launch-0.bin",
        *(f"scrub-{v}-{part}.db" for v in kept_versions for part in ("ends", "whole", "words")),
    }
    assert prune(directory, versions[0]) == 0


def test_half_a_file_that_is_being_written_stays(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    store(directory, "a-ends", Expressions(PATTERNS).compiled().words)
    (directory / ".scrub-now").write_bytes(b"half")
    assert prune(directory, "a") == 0
    assert (directory / ".scrub-now").exists()
    directory.chmod(0o777)
    assert prune(directory, "b") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_what_compiles_ends_with_the_process_that_waits_for_it(tmp_path: Path) -> None:
    code = "from jupyter_guard.scrub.engine import prepare; prepare()"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as waiting:
        end = time.monotonic() + 30
        started: list[psutil.Process] = []
        while not started and time.monotonic() < end:
            started = psutil.Process(waiting.pid).children()
        waiting.kill()
    assert started
    assert not psutil.wait_procs(started, timeout=10)[1]
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_where_it_is_kept() -> None:
    assert Path(cache_directory({"XDG_CACHE_HOME": "/var/x"}, "/home/ann")) == Path("/var/x/jupyter_guard")
    assert Path(cache_directory({}, "/home/ann")).is_relative_to("/home/ann")


@pytest.mark.skipif(sys.platform != "linux", reason="who waits for a lock is seen in Linux's /proc/locks")
def test_what_is_compiled_by_another_process_meanwhile_is_not_compiled_again(tmp_path: Path) -> None:
    import fcntl

    directory = tmp_path / "cache"
    directory.mkdir(0o700)
    held = os.open(directory, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    command = [sys.executable, "-P", "-m", "jupyter_guard.scrub.compile", str(directory), str(os.getpid())]
    with subprocess.Popen(command) as process:
        try:
            # -> marks a process that waits: `1: -> FLOCK ADVISORY WRITE PID ...`.
            while not any(str(process.pid) in line.split() for line in Path("/proc/locks").read_text().splitlines()):
                assert process.poll() is None
                time.sleep(0.05)
            assert not os.listdir(directory)
            name, small = Expressions((*builtin(), COLUMN)).name, Expressions(PATTERNS).compiled().words
            for part in Databases._fields:
                store(directory, f"{name}-{part}", small)
            before = {one.name: one.stat().st_ino for one in directory.iterdir()}
            os.close(held)
            assert process.wait(120) == 0
        finally:
            process.kill()
    assert {one.name: one.stat().st_ino for one in directory.iterdir()} == before
