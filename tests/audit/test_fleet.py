"""A real PostgreSQL, started here: whatever is killed, each line of each journal is there once, and its chain holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from benchmarks.audit.server import Server, programs
from jupyter_guard.audit import Judged, Link, Record, verify
from jupyter_guard.audit.query import Query
from jupyter_guard.terms import Origin, Severity, Verdict
from tests.audit.collecting import write

pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")
sql = pytest.importorskip("sqlalchemy")
pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")

from jupyter_guard.audit.fleet import METADATA, Fleet  # noqa: E402
from jupyter_guard.audit.ship import Shipper  # noqa: E402
from jupyter_guard.audit.store import StoreError  # noqa: E402
from jupyter_guard.server.audit_routes import _verified  # noqa: E402

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, kernel: str = "k1", **more: object) -> Record:
    facts: dict[str, object] = {
        "time": (START + timedelta(minutes=number)).isoformat(), "kernel": kernel, "msg_id": f"m{number}",
        "sha256": "0" * 64, "verdict": Verdict.ALLOW, "would_be": Verdict.ALLOW, "state": "ran", "sentence": "\u2713 reads",
        "origin": Origin.HUMAN, "policy": "p", "user": "ann", "notebook": "/work/sales.ipynb", "number": number, **more,
    }  # fmt: skip
    return Record(**facts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def store(server: Server) -> Iterator[Fleet]:
    with Fleet(server.url) as store:
        store.kernels()
        yield store
        METADATA.drop_all(store._engine)


def test_each_line_is_there_as_it_was_written(store: Fleet, tmp_path: Path) -> None:
    odd = "na\x00me 'o\" \\ \u2028 \U0001f600"
    one = write(tmp_path, "k1", record(1), record(2, user=odd, notebook=odd, msg_id=odd))
    two = write(tmp_path, "k2", *(record(number, "k2") for number in range(3)))
    assert Shipper(tmp_path, store).once() == 5
    assert store.kernels() == ["k1", "k2"]
    for kernel, path in (("k1", one), ("k2", two)):
        assert b"".join(store.lines(kernel)) == path.read_bytes()
        assert list(verify(store.lines(kernel))) == []


def test_only_what_is_new_is_shipped_and_nothing_twice(store: Fleet, tmp_path: Path) -> None:
    shipper = Shipper(tmp_path, store)
    assert shipper.once() == 0
    path = write(tmp_path, "k1", record(1), record(2))
    assert [shipper.once(), shipper.once()] == [2, 0]
    with path.open("ab") as file:
        file.write(b'{"sequence":3,')
    assert shipper.once() == 0  # a line that is not whole yet
    write(tmp_path, "k1", record(3))
    write(tmp_path, "k2", record(1, "k2"))
    assert shipper.once() == 2
    # Another process, which knows only what the store has.
    assert Shipper(tmp_path, store).once() == 0
    assert store.count(Query()) == 4


def test_two_at_once_ship_each_line_once(store: Fleet, tmp_path: Path) -> None:
    first, second = Shipper(tmp_path, store), Shipper(tmp_path, store)
    write(tmp_path, "k1", record(1))
    assert (first.once(), second.once()) == (1, 0)
    write(tmp_path, "k1", record(2), record(3))
    assert (first.once(), second.once()) == (2, 2)  # the second does not know yet, and the store does not mind
    assert [number for _, number, _ in store.find(Query())] == [1, 2, 3]


def test_while_the_store_is_away_the_journal_waits(server: Server, store: Fleet, tmp_path: Path) -> None:
    shipper = Shipper(tmp_path, store)
    write(tmp_path, "k1", record(1))
    assert shipper.once() == 1
    server.kill()
    write(tmp_path, "k1", record(2), record(3))
    with pytest.raises(StoreError, match="postgresql"):
        shipper.once()
    server.start()
    assert shipper.once() == 2
    assert [number for _, number, _ in store.find(Query())] == [1, 2, 3]


def test_what_the_store_has_otherwise_is_not_written_over(
    store: Fleet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a", "k1", record(1), record(2))
    Shipper(tmp_path / "a", store).once()
    write(tmp_path / "b", "k1", record(1), record(2, sentence="forged"), record(3))
    write(tmp_path / "b", "k2", record(1, "k2"))
    assert Shipper(tmp_path / "b", store).once() == 1
    assert "not what the store has of k1" in caplog.text
    assert b"forged" not in b"".join(store.lines("k1"))


def test_what_was_erased_in_the_journal_is_erased_in_the_store(store: Fleet, tmp_path: Path) -> None:
    path = write(tmp_path, "k1", record(1), record(2), record(3))
    shipper = Shipper(tmp_path, store)
    shipper.once()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = msgspec.json.encode(msgspec.json.decode(lines[1], type=Link).erased()) + b"\n"
    path.with_suffix(".new").write_bytes(b"".join(lines))
    path.with_suffix(".new").replace(path)
    write(tmp_path, "k1", record(4, event="erasure", erased=((2, 2),)))
    for shipping, new in ((shipper, 1), (Shipper(tmp_path, store), 0)):
        assert shipping.once() == new
        assert b"".join(store.lines("k1")) == path.read_bytes()
        assert list(verify(store.lines("k1"))) == []
    assert store.count(Query(users=("ann",))) == 3


GRANTS = re.findall(r"^GRANT INSERT.*;$", (Path(__file__).parents[2] / "docs/admin/audit.md").read_text(), re.MULTILINE)


def test_an_account_that_may_only_add_is_enough_to_ship_and_cannot_erase(
    store: Fleet, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with store._engine.begin() as connection:
        connection.execute(sql.text("DROP ROLE IF EXISTS guard"))
        connection.execute(sql.text("CREATE ROLE guard LOGIN"))
        for statement in GRANTS:
            connection.execute(sql.text(statement))
    path = write(tmp_path, "k1", record(1), record(2))
    whole = path.read_bytes()
    with Fleet(server.url.replace("postgres@", "guard@")) as narrow:
        assert Shipper(tmp_path, narrow).once() == 2
        lines = whole.splitlines(keepends=True)
        path.write_bytes(lines[0] + msgspec.json.encode(msgspec.json.decode(lines[1], type=Link).erased()) + b"\n")
        assert Shipper(tmp_path, narrow).once() == 0
        # What others did is none of its business: whoever runs cells has the same account of the database.
        with pytest.raises(StoreError, match="permission denied"):
            list(narrow.find(Query()))
        with pytest.raises(StoreError, match="permission denied"):
            list(narrow.lines("k1"))
        for table in METADATA.tables:
            for words in (f"DELETE FROM {table}", f"UPDATE {table} SET kernel = ''"):
                with pytest.raises(StoreError, match="permission denied"), narrow._transaction() as connection:
                    connection.execute(sql.text(words))
    assert "still in the store" in caplog.text
    assert b"".join(store.lines("k1")) == whole
    with store._engine.begin() as connection:
        connection.execute(sql.text("DROP OWNED BY guard"))
        connection.execute(sql.text("DROP ROLE guard"))


def test_a_removed_tail_is_found_and_so_is_a_whole_kernel_that_is_gone(
    store: Fleet, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "audit"
    write(folder, "k1", record(1), record(2), record(3))
    write(folder, "k2", record(1, "k2"))
    Shipper(folder, store).once()
    assert run("verify", "--store", server.url, home=tmp_path).returncode == 0
    with store._engine.begin() as connection:
        connection.execute(sql.text("DELETE FROM jupyter_guard_records WHERE sequence = 3 OR kernel = 'k2'"))
    found = run("verify", "--store", server.url, home=tmp_path)
    assert (found.returncode, found.stdout) == (1, "2 journals, 2 records: 2 damaged.\n")
    assert "kernel k1: record 3: record 3 was sent and is not there: it was removed" in found.stderr
    assert "kernel k2: record 1: record 1 was sent and is not there: it was removed" in found.stderr
    # An administrator's server says the same.
    monkeypatch.setenv("JUPYTER_GUARD_STORE", server.url)
    journals, problems = _verified()
    assert journals == 2
    assert [(one["journal"], one["line"], one["kind"]) for one in problems] == [
        ("kernel k1", 3, "tail"),
        ("kernel k2", 1, "tail"),
    ]


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("ahead", [0, 3])
def test_what_another_put_in_the_place_of_a_line_is_said_in_the_log_and_by_verify(
    store: Fleet, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, is_new: bool, ahead: int
) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    path = write(mine, "k1", record(1))
    shipper = Shipper(mine, store)
    shipper.once()
    # A colleague who may insert goes on with the chain.
    other.mkdir()
    (other / path.name).write_bytes(path.read_bytes())
    write(other, "k1", *(record(number, sentence="forged") for number in range(2, 4 + ahead)))
    assert Shipper(other, store).once() == 2 + ahead
    assert list(verify(store.lines("k1"))) == []
    write(mine, "k1", record(2), record(3))
    shipper = Shipper(mine, store) if is_new else shipper
    shipper.once()
    assert shipper.refused == {path}
    assert "k1" in caplog.text
    assert any(
        words in caplog.text for words in ("somebody put it there", "not what the store has", "the store has k1")
    )
    found = run("verify", "--store", server.url, home=tmp_path)
    assert found.returncode == 1
    assert "was sent than the one that is there" in found.stderr


def test_a_row_that_is_no_record_is_named_and_the_rest_is_shown(
    store: Fleet, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "audit", "k1", record(1), record(2), record(3))
    Shipper(tmp_path / "audit", store).once()
    with store._engine.begin() as connection:
        connection.execute(sql.text("UPDATE jupyter_guard_records SET record = '{\"time\": 1' WHERE sequence = 2"))
    assert [number for _, number, _ in store.find(Query())] == [1, 3]
    assert "kernel k1, record 2 is damaged" in caplog.text
    for words in (("list", "--all"), ("report", str(tmp_path / "page.html")), ("export",)):
        done = run(*words, "--store", server.url, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "kernel k1: record 2 is damaged, left out" in done.stderr.replace("\n", " ")
    assert run("export", "--store", server.url, home=tmp_path).stdout.count("\n") == 2
    assert "kernel k1: record 2" in run("verify", "--store", server.url, home=tmp_path).stderr


def test_records_are_found(store: Fleet, tmp_path: Path) -> None:
    finding = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes", "preset")
    write(tmp_path, "k2", record(2, "k2", user="bo", state="blocked", findings=(finding,), origin=Origin.ASSISTANT))
    write(tmp_path, "k1", record(1), record(3, notebook="/work/100%.ipynb", msg_id="x_3"))
    Shipper(tmp_path, store).once()
    for query, numbers in (
        (Query(), [1, 2, 3]),
        (Query(rules=("JG301", "JG1")), [2]),
        (Query(users=("ann",)), [1, 3]),
        (Query(origins=("assistant",)), [2]),
        (Query(states=("ran",)), [1, 3]),
        (Query(notebook="0%"), [3]),
        (Query(request="_3"), [3]),
        (Query(telling=True), [2]),
        (Query(since=START + timedelta(minutes=2)), [2, 3]),
        (Query(until=START + timedelta(minutes=2)), [1]),
    ):
        assert [one.number for _, _, one in store.find(query)] == numbers, query
        assert store.count(query) == len(numbers)
    assert [one.number for _, _, one in store.find(Query(), last=2)] == [2, 3]


def test_a_url_that_is_none_and_a_server_that_is_not_there_are_said_without_the_password() -> None:
    with pytest.raises(StoreError, match="expected postgresql://"):
        Fleet("no url")
    word = "hun" + "ter2"
    with Fleet(f"postgresql://ann:{word}@/db?host=/not/there") as store, pytest.raises(StoreError) as told:
        store.kernels()
    assert word not in str(told.value)


def run(*words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), "COLUMNS": "200", **environment}
    command = [sys.executable, "-m", "jupyter_guard", "audit", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_commands_work_on_a_store_as_on_a_folder(store: Fleet, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write(folder, "k1", record(1), record(2, state="blocked", sentence="deletes table `sales`"))
    write(folder, "k2", msgspec.structs.replace(record(3, "k2", user="bo"), number=1))
    sent = run("ship", "--dir", str(folder), "--store", server.url, home=tmp_path)
    assert (sent.returncode, "3 records sent" in sent.stdout) == (0, True), sent.stderr
    for words in (("export",), ("export", "--user", "bo"), ("list", "--all", "--format", "json"), ("list",)):
        of_folder = run(*words, "--dir", str(folder), home=tmp_path)
        of_store = run(*words, home=tmp_path, JUPYTER_GUARD_STORE=server.url)
        assert of_folder.stdout
        assert of_store.stdout == of_folder.stdout
    assert "kernel k1, record 2" in run("show", "m2", "--store", server.url, home=tmp_path).stdout
    report = run("report", str(tmp_path / "page.html"), "--store", server.url, home=tmp_path)
    assert "3 decisions" in report.stdout
    verified = run("verify", "--store", server.url, home=tmp_path)
    assert (verified.returncode, verified.stdout) == (0, "2 journals, 3 records: none damaged.\n")
    with store._engine.begin() as connection:
        connection.execute(sql.text("UPDATE jupyter_guard_records SET record = replace(record, 'blocked', 'allowed')"))
    verified = run("verify", "--store", server.url, home=tmp_path)
    assert verified.returncode == 1
    assert "kernel k1: record 2: the record was changed" in verified.stderr


def test_records_are_erased_in_the_store_and_its_chains_hold(store: Fleet, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write(folder, "k1", record(1), record(2, user="bo"), record(3), record(4))
    write(folder, "k2", msgspec.structs.replace(record(5, "k2", user="bo"), number=1))
    kept = run("retain", "--dir", str(folder), "--days", "1", "--sent-to", server.url, home=tmp_path)
    assert kept.returncode == 1
    assert kept.stderr.count("does not have all of it") == 2
    Shipper(folder, store).once()
    erased = run("erase", "--user", "ann", "--why", "they asked", "--yes", "--store", server.url, home=tmp_path)
    assert (erased.returncode, erased.stdout) == (0, "3 records erased.\n"), erased.stderr
    assert b"ann" not in b"".join(store.lines("k1"))
    assert store.erased("k1") == [(1, 1), (3, 4)]
    assert Shipper(folder, store).once() == 0  # the journal that still has them brings nothing back
    assert store.count(Query()) == 2
    assert run("verify", "--store", server.url, home=tmp_path).returncode == 0
    with store._engine.begin() as connection:
        connection.execute(sql.text("UPDATE jupyter_guard_records SET record = NULL, salt = '' WHERE kernel = 'k2'"))
    on_the_quiet = run("verify", "--store", server.url, home=tmp_path)
    assert "kernel k2: record 1: its record was taken out" in on_the_quiet.stderr
    retained = run("retain", "--dir", str(folder), "--days", "1", "--sent-to", server.url, home=tmp_path)
    assert (retained.returncode, retained.stdout) == (0, "5 records erased.\n"), retained.stderr


def test_a_store_that_is_away_is_an_error_with_words(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    write(tmp_path / "audit", "k1", record(1))
    for words in (("list",), ("verify",), ("ship", "--dir", str(tmp_path / "audit"))):
        failed = run(*words, "--store", "postgresql://ann@/db?host=/not/there", home=tmp_path)
        assert failed.returncode == 2
        assert "/not/there" in failed.stderr
        assert "Traceback" not in failed.stderr
    assert "expected postgresql://" in run("ship", "--store", "mysql://a/b", home=tmp_path).stderr
