"""A real collector: who sends is what the system says, and what was sent can only be added to."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from jupyter_guard.audit import Link
from jupyter_guard.audit.collected import LARGEST, Add, Collected, receive, send
from jupyter_guard.audit.collector import Collector
from jupyter_guard.audit.place import journals
from jupyter_guard.audit.ship import Shipper
from jupyter_guard.audit.store import RefusedError, StoreError, store_of
from tests.audit.collecting import found, kept, record, sent, ship, write

pytestmark = pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not say who connects")
NOBODY = 65534


def as_account(uid: int, work: Callable[[], None]) -> int:
    """The exit status of ``work`` in a process of that account."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_each_line_is_kept_once_with_the_name_of_who_sent_it(place: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "mine", "k1", record(1), record(2))
    assert [ship(tmp_path / "mine", place) for _ in range(2)] == [2, 0]
    write(tmp_path / "mine", "k1", record(3))
    assert ship(tmp_path / "mine", place) == 1
    records = kept(place)
    assert [one.number for one in records] == [1, 2, 3]
    import pwd

    assert {one.user for one in records} == {pwd.getpwuid(os.getuid()).pw_name}
    assert records[0].evidence == ("the sender called its user somebody-else",)
    assert records[2].received is not None
    assert (records[2].received.uid, records[2].received.sequence) == (os.getuid(), 3)
    link = msgspec.json.decode(path.read_bytes().splitlines()[2], type=Link)
    assert records[2].received.hash == link.hash
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in place.iterdir())


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to be somebody else")
def test_another_account_can_add_and_do_nothing_else(place: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine", "k1", record(1))
    ship(tmp_path / "mine", place)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
        if folder.name.startswith("pytest-of"):
            break
    (journal,) = journals(place)
    link = Link.after("0" * 64, 1, record(1, sentence="forged", erased=((1, 9),)), "salt")

    def work() -> None:
        with Collected(str(place.parent / "s")) as store:
            assert store.positions(["k1"]) == {}  # of root's kernels it hears nothing
            store._ask(Add("k1", [link]))
            assert store.positions(["k1"]) == {"k1": (1, link.hash)}
        for change in (journal.read_bytes, lambda: journal.write_bytes(b""), journal.unlink, lambda: os.listdir(place)):
            try:
                change()
            except PermissionError:
                continue
            raise AssertionError(change)

    assert as_account(NOBODY, work) == 0
    assert [path.stem.split("-", 3)[-1] for path in journals(place)] == ["0-k1", f"{NOBODY}-k1"]
    forged = kept(place)[1]
    assert (forged.user, forged.sentence, forged.erased) == ("nobody", "forged", ())


def test_nothing_is_changed_or_taken_back_over_the_socket(place: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine", "k1", record(1), record(2))
    ship(tmp_path / "mine", place)
    before = journals(place)[0].read_bytes()
    first = Link.after("0" * 64, 1, record(1, sentence="forged"), "salt")
    with Collected(str(place.parent / "s")) as store:
        store._ask(Add("k1", [first]))
        with pytest.raises(RefusedError, match="forgets nothing"):
            store.erase("k1", [1])
        for name in ("../k1", "a/b", "", "x" * 65, "k\n"):
            with pytest.raises(RefusedError, match="no kernel's name"):
                store._ask(Add(name, [first]))
        store._ask(Add("k1", [Link.after("f" * 64, 3, record(3), "salt")]))
    assert journals(place)[0].read_bytes().startswith(before)
    assert [number for number, _, _ in sent(place)] == [1, 2, 1, 3]
    assert found(place) == [
        (3, "omitted", "line 1 of its sender's journal came behind line 2: late, or another in its place"),
        (4, "omitted", "line 3 of its sender's journal: it does not follow what was sent before it"),
    ]
    assert "its sender had sent line 2 before it" in sent(place)[2][2]
    assert "it does not follow what was sent before it" in sent(place)[3][2]


def test_it_goes_on_when_no_connection_could_be_taken(place: Path, tmp_path: Path) -> None:
    import resource

    write(tmp_path / "mine", "k1", record(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 4, hard))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            while True:
                try:
                    held.append(os.open("/dev/null", os.O_RDONLY))
                except OSError:
                    break
            link.connect(str(place.parent / "s"))
            time.sleep(0.2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in held:
            os.close(one)
    assert ship(tmp_path / "mine", place) == 1


def test_a_connection_that_was_idle_too_long_is_made_anew(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_guard.audit.collector._IDLE_SECONDS", 0.1)
    with Collected(str(place.parent / "s")) as store:
        assert store.positions(["k1"]) == {}
        time.sleep(0.5)
        assert store.positions(["k1"]) == {}


@pytest.mark.parametrize(
    "sent", [b"nonsense", b'{"type":"Erase"}', b'{"type":"Add","kernel":"k","links":[{}]}', b"\xff"]
)
def test_what_is_no_request_is_answered_and_what_is_too_long_is_not(place: Path, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(10)
        link.connect(str(place.parent / "s"))
        link.sendall(len(sent).to_bytes(4, "big") + sent)
        assert b"no request" in receive(link)
        link.sendall((LARGEST + 1).to_bytes(4, "big"))
        assert receive(link) == b""
    assert kept(place) == []


def test_it_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    write(tmp_path / "mine", "k1", record(1))
    command = [
        sys.executable,
        "-m",
        "jupyter_guard",
        "audit",
        "collect",
        "--socket",
        str(tmp_path / "s"),
        "--dir",
        str(tmp_path / "kept"),
    ]

    def started() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert "Collecting" in process.stdout.readline()
        return process

    first = started()
    try:
        assert ship(tmp_path / "mine", tmp_path / "kept") == 1
        again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert again.returncode == 2
        assert "another collector" in again.stderr.replace("\n", " ")
    finally:
        first.kill()
        first.communicate()
    with pytest.raises(StoreError, match="collector at"):
        ship(tmp_path / "mine", tmp_path / "kept")
    write(tmp_path / "mine", "k1", record(2))
    second = started()
    try:
        assert ship(tmp_path / "mine", tmp_path / "kept") == 1
    finally:
        second.terminate()
        second.communicate(timeout=30)
    assert second.returncode == 0
    assert not (tmp_path / "s").exists()
    assert [one.number for one in kept(tmp_path / "kept")] == [1, 2]


def test_many_at_once_lose_nothing(place: Path, tmp_path: Path) -> None:
    count, size = 8, 40

    def work(number: int) -> None:
        write(tmp_path / f"mine{number}", f"k{number}", *(record(one) for one in range(size)))
        for _ in range(3):
            ship(tmp_path / f"mine{number}", place)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(kept(place)) == count * size


@pytest.mark.parametrize("wrong", ["others may write", "a link", "a file"])
def test_a_folder_that_is_not_its_own_is_refused(tmp_path: Path, wrong: str) -> None:
    folder = tmp_path / "kept"
    if wrong == "others may write":
        folder.mkdir()
        folder.chmod(0o777)
    elif wrong == "a link":
        (tmp_path / "real").mkdir()
        folder.symlink_to(tmp_path / "real")
    else:
        folder.write_text("")
    with pytest.raises((PermissionError, FileExistsError)):
        Collector(folder)


def test_a_connection_more_than_an_account_may_have_is_closed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_guard.audit.collector._CONNECTIONS", 2)
    links = []
    try:
        for _ in range(3):
            links.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            links[-1].settimeout(10)
            links[-1].connect(str(place.parent / "s"))
            time.sleep(0.1)
        assert links[2].recv(1) == b""
        send(links[0], Add("k1", []))
        assert receive(links[0])
    finally:
        for link in links:
            link.close()


def test_a_full_disk_is_said_and_loses_nothing(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mine", "k1", *(record(number) for number in range(1, 6)))
    real, room = os.write, 700

    def full(file: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        part = data[: min(room, len(data))]
        room -= len(part)
        return real(file, part)

    with store_of(f"unix:{place.parent / 's'}") as store:
        shipper = Shipper(tmp_path / "mine", store)
        monkeypatch.setattr(os, "write", full)
        for _ in range(2):
            with pytest.raises(StoreError, match="is the disk full"):
                shipper.once()
        room = 10**6
        shipper.once()
    assert [one.number for one in kept(place)] == [1, 2, 3, 4, 5]


def test_its_directory_is_not_the_one_of_the_users_runtime_files() -> None:
    from jupyter_guard.cli.audit_keeping import collect
    from jupyter_guard.hub.settings import RUNTIME

    page = (Path(__file__).parents[2] / "docs/admin/audit.md").read_text()
    # What systemd makes it also removes when the collector stops.
    (directory,) = re.findall(r"^RuntimeDirectory=(.+)$", page, re.MULTILINE)
    (named,) = re.findall(r'^store = "unix:(.+)"$', page, re.MULTILINE)
    (option,) = (one for one in collect.params if one.name == "path")
    assert Path(named) == Path(str(option.default)) == Path("/run", directory, "audit.sock")
    assert Path(RUNTIME) not in (Path("/run", directory), *Path("/run", directory).parents)
    assert Path("/run", directory) not in Path(RUNTIME).parents
