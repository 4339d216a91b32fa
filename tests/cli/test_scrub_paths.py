"""Paths that are no ordinary file, folders that cannot be written to, disks that are full: said in a line, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_guard.cli.files import FileError, notebooks_below, read_file, replace

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
MARK = "[REDACTED:aws-access-key-id]"
posix = pytest.mark.skipif(os.name == "nt", reason="no named pipes on Windows")


def notebook(path: Path) -> bytes:
    outputs = [{"output_type": "stream", "name": "stdout", "text": [f"key {SECRET}\n"]}]
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": outputs,
        "source": ["x"],
    }
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, indent=1))
    return path.read_bytes()


@posix
def test_each_path_that_is_no_file_is_named_and_the_others_are_cleaned(run: Run, work: Path) -> None:
    os.mkfifo(work / "pipe.ipynb")
    (work / "circle.ipynb").symlink_to("circle.ipynb")
    (work / "folder.ipynb").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(work / "socket.ipynb"))
        (work / "large.ipynb").touch()
        os.truncate(work / "large.ipynb", (512 << 20) + 1)
        notebook(work / "n.ipynb")
        result = run("scrub", "--write", *sorted(os.listdir(work)), "nowhere.ipynb", "/dev/null")
    assert result.returncode == 2
    said = {line.split(": ")[1]: line for line in result.stderr.splitlines()}
    assert "symbolic links lead in a circle; nothing was read" in said["circle.ipynb"]
    assert "a named pipe, not a file" in said["pipe.ipynb"]
    assert "holds no notebook" in said["folder.ipynb"]
    assert "a socket or a device, not a file; nothing was read" in said["socket.ipynb"]
    assert "larger than 512 MiB; nothing was read" in said["large.ipynb"]
    assert "there is no such file or folder" in said["nowhere.ipynb"]
    assert "a device, not a file; nothing was read" in said["/dev/null"]
    assert MARK in (work / "n.ipynb").read_text()


@posix
def test_in_a_folder_what_is_no_file_is_named_too(run: Run, work: Path) -> None:
    os.mkfifo(work / "pipe.ipynb")
    notebook(work / "n.ipynb")
    result = run("scrub", "--write", ".")
    assert result.returncode == 2
    assert "pipe.ipynb: a named pipe, not a file" in result.stderr
    assert MARK in (work / "n.ipynb").read_text()


@posix
def test_credential_stores_that_cannot_be_read_are_named(run: Run, work: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    os.mkfifo(home / ".netrc")
    (home / ".pgpass").mkdir()
    (home / ".npmrc").symlink_to(".npmrc")
    (home / ".pypirc").write_bytes(b"x" * ((1 << 20) + 1))
    (home / ".git-credentials").write_text("https://a:Kestrel" + "-4711x@example.org\n")
    result = run("scrub", stdin="Kestrel" + "-4711x\n")
    assert result.returncode == 0
    assert result.stdout == "[REDACTED:git-credential]\n"
    for name, said in (
        (".netrc", "a named pipe, not a file"),
        (".pgpass", "a folder, not a file"),
        (".npmrc", "not readable"),
        (".pypirc", "larger than 1 MiB"),
    ):
        line = next(line for line in result.stderr.splitlines() if f"/{name}:" in line)
        assert said in line
        assert line.endswith("the values in it are not looked for")


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who owns nothing here, which is no question for whoever is not root."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A folder that others may look into, as all above it."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


@posix
def test_a_folder_that_cannot_be_written_to_loses_nothing(opened: Path) -> None:
    (opened / "n").write_bytes(b"before")
    opened.chmod(0o555)
    with as_nobody(), pytest.raises(FileError, match=r"no file can be made beside it.*; it is as it was"):
        replace(opened / "n", b"after", before=b"before")
    opened.chmod(0o755)
    assert (opened / "n").read_bytes() == b"before"
    assert os.listdir(opened) == ["n"]


@posix
def test_what_may_not_be_read_is_named(opened: Path) -> None:
    notebook(opened / "m.ipynb")
    notebook(opened / "n.ipynb")
    (opened / "n.ipynb").chmod(0)
    (opened / "closed").mkdir(mode=0)
    problems: list[dict[str, str]] = []
    with as_nobody():
        below = list(notebooks_below(opened, problems))
        with pytest.raises(FileError, match="you may not read it; nothing was read"):
            read_file(opened / "n.ipynb")
    (opened / "closed").chmod(0o755)
    assert [path.name for path in below] == ["m.ipynb", "n.ipynb"]
    assert problems == [{"file": str(opened / "closed"), "error": "you may not read it; nothing below it was read"}]


@posix
def test_a_full_disk_loses_nothing(run: Run, work: Path) -> None:
    import resource

    before = notebook(work / "n.ipynb")

    def hardly_any() -> None:
        # The nearest thing to a full disk that needs no disk of its own: writing stops within the file.
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    result = subprocess.run(
        [sys.executable, "-B", "-m", "jupyter_guard", "scrub", "--write", "--no-known", "n.ipynb"],
        cwd=work, capture_output=True, text=True, check=False, timeout=120, preexec_fn=hardly_any,
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    assert "n.ipynb: not written (File too large); it is as it was" in result.stderr
    assert (work / "n.ipynb").read_bytes() == before
    assert os.listdir(work) == ["n.ipynb"]


def test_what_was_written_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "n"
    path.write_bytes(b"newer")
    with pytest.raises(FileError, match="changed while it was read"):
        replace(path, b"cleaned", before=b"older")
    assert path.read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["n"]


@posix
def test_a_link_stays_one_and_mode_and_owner_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "n", tmp_path / "link"
    path.write_bytes(b"a")
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    path.chmod(0o2640)
    found = path.stat()
    link.symlink_to("n")
    replace(link, b"b", before=b"a")
    assert link.is_symlink()
    assert read_file(path) == b"b"
    now = path.stat()
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (found.st_uid, found.st_gid, 0o2640)
