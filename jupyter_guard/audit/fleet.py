"""Lines of journals -> rows of one PostgreSQL, each once, from which their chains can be checked again.

It needs the extra ``fleet`` (SQLAlchemy and psycopg). A connection is held for a batch and no longer: a thousand
accounts write to one server, which has a few hundred.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import groupby
from typing import Any, Self

import msgspec
import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import ARRAY, insert

from jupyter_guard.audit.chain import Link
from jupyter_guard.audit.check import Problem
from jupyter_guard.audit.erasing import stretches
from jupyter_guard.audit.query import Query, moment
from jupyter_guard.audit.record import Record
from jupyter_guard.audit.store import RefusedError, Row, StoreError
from jupyter_guard.audit.trail import is_telling

log = logging.getLogger("jupyter_guard")

_CONNECT_SECONDS = 10
_ROWS = 1_000
_LOCK = 0x6A67  # any number, the same in every process
_DECODER = msgspec.json.Decoder(Record)
METADATA = sql.MetaData()
RECORDS = sql.Table(
    "jupyter_guard_records",
    METADATA,
    sql.Column("kernel", sql.Text, primary_key=True),
    sql.Column("sequence", sql.BigInteger, primary_key=True),
    sql.Column("previous", sql.Text, nullable=False),
    sql.Column("commitment", sql.Text, nullable=False),
    sql.Column("hash", sql.Text, nullable=False),
    sql.Column("salt", sql.Text, nullable=False),
    # As it was written, not as JSONB would write it: the chain is over these bytes. NULL where it was erased.
    sql.Column("record", sql.Text),
    sql.Column("time", sql.DateTime(timezone=True), index=True),
    sql.Column("origin", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("person", sql.Text, nullable=False, index=True),
    sql.Column("notebook", sql.Text, nullable=False),
    sql.Column("request", sql.Text, nullable=False, index=True),
    sql.Column("rules", ARRAY(sql.Text), nullable=False),
    sql.Column("telling", sql.Boolean, nullable=False),
    sql.Column("kept", sql.DateTime(timezone=True), nullable=False, server_default=sql.func.now()),
)
# What was erased here, and not in the journal that it came from.
ERASURES = sql.Table(
    "jupyter_guard_erasures",
    METADATA,
    sql.Column("kernel", sql.Text, primary_key=True),
    sql.Column("first", sql.BigInteger, primary_key=True),
    sql.Column("last", sql.BigInteger, nullable=False),
    sql.Column("time", sql.DateTime(timezone=True), nullable=False, server_default=sql.func.now()),
    sql.Column("person", sql.Text, nullable=False),
    sql.Column("why", sql.Text, nullable=False),
)
# What each account said that it sent: the last line of each batch, and each line in whose place another one stands.
# It is only ever added to, so that what is taken out of the records, or was put there by another, shows.
SENT = sql.Table(
    "jupyter_guard_sent",
    METADATA,
    sql.Column("kernel", sql.Text, primary_key=True),
    sql.Column("sequence", sql.BigInteger, primary_key=True),
    sql.Column("hash", sql.Text, primary_key=True),
    sql.Column("time", sql.DateTime(timezone=True), nullable=False, server_default=sql.func.now()),
)
_NOTHING: dict[str, Any] = {
    "salt": "", "record": None, "time": None, "rules": [], "telling": False, "origin": "", "state": "", "person": "",
    "notebook": "", "request": "",
}  # fmt: skip


class Fleet:
    """The store at ``url``, ``postgresql://user@host/database`` with what libpq understands behind a ``?``.

    ``damaged`` is told of each row that holds no record: kernel, sequence and why; without it the log is.
    Raises ``StoreError`` from every method when it cannot be reached, and at once where the extra is not installed.
    """

    def __init__(self, url: str, damaged: Callable[[str, int, str], None] | None = None) -> None:
        self._damaged = damaged or self._say_damaged
        try:
            address = sql.make_url(url)
            if address.drivername == "postgresql":
                address = address.set(drivername="postgresql+psycopg")
            self._engine = sql.create_engine(
                address,
                poolclass=sql.pool.NullPool,
                connect_args={"connect_timeout": _CONNECT_SECONDS},
            )
        except ImportError as problem:
            raise StoreError(f"{problem}: pip install 'jupyter_guard[fleet]'") from None
        except sql.exc.ArgumentError:
            # Its own words hold the address, and so perhaps a password.
            raise StoreError("no address of a database: expected postgresql://USER@HOST/DATABASE") from None
        self.name = address.render_as_string(hide_password=True)
        self._ready = False

    def positions(self, kernels: Iterable[str]) -> dict[str, tuple[int, str]]:
        """The last sequence of each kernel that the store has, and its hash."""
        wanted = list(kernels)
        last = (
            sql.select(RECORDS.c.kernel, sql.func.max(RECORDS.c.sequence).label("sequence"))
            .where(RECORDS.c.kernel.in_(wanted))
            .group_by(RECORDS.c.kernel)
            .subquery()
        )
        same = (RECORDS.c.kernel == last.c.kernel) & (RECORDS.c.sequence == last.c.sequence)
        asked = sql.select(RECORDS.c.kernel, RECORDS.c.sequence, RECORDS.c.hash).join(last, same)
        with self._transaction() as connection:
            return {kernel: (sequence, found) for kernel, sequence, found in connection.execute(asked)}

    def add(self, rows: Sequence[Row]) -> dict[str, int]:
        """See ``Store``."""
        if not rows:
            return {}
        mine = {(row.kernel, row.link.sequence): row.link.hash for row in rows}
        last = dict(sorted(mine))
        with self._transaction() as connection:
            counting = connection.execution_options(preserve_rowcount=True)
            added = counting.execute(insert(RECORDS).on_conflict_do_nothing(), [_values(row) for row in rows]).rowcount
            other = sorted(self._others(connection, mine)) if added != len(rows) else []
            sent = sorted({*last.items(), *other})
            told = [{"kernel": name, "sequence": number, "hash": mine[name, number]} for name, number in sent]
            connection.execute(insert(SENT).on_conflict_do_nothing(), told)
        return dict(reversed(other))

    @staticmethod
    def _others(connection: sql.Connection, mine: dict[tuple[str, int], str]) -> Iterator[tuple[str, int]]:
        """Those in whose place another line stands."""
        for kernel, group in groupby(sorted(mine), key=lambda place: place[0]):
            numbers = [sequence for _, sequence in group]
            asked = sql.select(RECORDS.c.sequence, RECORDS.c.hash).where(
                RECORDS.c.kernel == kernel, RECORDS.c.sequence.in_(numbers)
            )
            for sequence, found in connection.execute(asked):
                if mine[kernel, sequence] != found:
                    yield kernel, sequence

    def unmet(self, kernel: str) -> list[Problem]:
        """What was sent of a kernel and is not there, or has another line in its place."""
        same = (RECORDS.c.kernel == SENT.c.kernel) & (RECORDS.c.sequence == SENT.c.sequence)
        asked = (
            sql.select(SENT.c.sequence, RECORDS.c.hash.is_(None))
            .select_from(SENT.outerjoin(RECORDS, same))
            .where(SENT.c.kernel == kernel, RECORDS.c.hash.is_distinct_from(SENT.c.hash))
            .order_by(SENT.c.sequence)
        )
        with self._transaction() as connection:
            return [
                Problem(sequence, f"record {sequence} was sent and is not there: it was removed", "tail")
                if is_gone
                else Problem(sequence, f"another record {sequence} was sent than the one that is there", "changed")
                for sequence, is_gone in connection.execute(asked)
            ]

    def erase(self, kernel: str, sequences: Iterable[int]) -> None:
        """Forget what these records say. Their commitments stay, so that the chain still holds."""
        chosen = sql.update(RECORDS).where(
            RECORDS.c.kernel == kernel, RECORDS.c.sequence.in_(list(sequences)), RECORDS.c.record.is_not(None)
        )
        with self._transaction() as connection:
            connection.execute(chosen.values(_NOTHING))

    def forget(self, query: Query, by: str, why: str) -> int:
        """Erase what passes, but for records of erasures, and note by whom and why; return how many that were."""
        chosen = sql.select(RECORDS.c.kernel, RECORDS.c.sequence).where(*_where(query), RECORDS.c.state != "erased")
        count = 0
        with self._transaction() as connection:
            rows = connection.execute(chosen.order_by(RECORDS.c.kernel, RECORDS.c.sequence).with_for_update()).all()
            for kernel, group in groupby(rows, key=lambda row: str(row[0])):
                sequences = [int(row[1]) for row in group]
                one = sql.update(RECORDS).where(RECORDS.c.kernel == kernel, RECORDS.c.sequence.in_(sequences))
                connection.execute(one.values(_NOTHING))
                told = [
                    {"kernel": kernel, "first": first, "last": last, "person": _text(by), "why": _text(why)}
                    for first, last in stretches(sequences)
                ]
                connection.execute(insert(ERASURES).on_conflict_do_nothing(), told)
                count += len(sequences)
        return count

    def erased(self, kernel: str) -> list[tuple[int, int]]:
        """The stretches of sequences that ``forget`` erased."""
        asked = sql.select(ERASURES.c.first, ERASURES.c.last).where(ERASURES.c.kernel == kernel)
        with self._transaction() as connection:
            return [(first, last) for first, last in connection.execute(asked)]

    def kernels(self) -> list[str]:
        """All kernels that the store has records of, or had any of."""
        both = sql.union(sql.select(RECORDS.c.kernel), sql.select(SENT.c.kernel)).subquery()
        with self._transaction() as connection:
            return list(connection.scalars(sql.select(both.c.kernel).order_by(both.c.kernel)))

    def lines(self, kernel: str) -> Iterator[bytes]:
        """The journal of a kernel, as its lines were."""
        columns = RECORDS.c
        asked = sql.select(
            columns.sequence, columns.previous, columns.commitment, columns.hash, columns.salt, columns.record
        )
        with self._transaction() as connection:
            chosen = asked.where(columns.kernel == kernel).order_by(columns.sequence)
            for *values, text in connection.execution_options(yield_per=_ROWS).execute(chosen):
                line = msgspec.json.encode(Link(*values))
                yield (line[:-1] + b',"record":' + text.encode() + b"}" if text is not None else line) + b"\n"

    def count(self, query: Query) -> int:
        """How many records ``find`` would give."""
        with self._transaction() as connection:
            asked = sql.select(sql.func.count()).select_from(RECORDS).where(*_where(query))
            return int(connection.scalar(asked) or 0)

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """Kernel, sequence and record of all that pass, in the order of time; the ``last`` of them."""
        order = (RECORDS.c.time, RECORDS.c.kernel, RECORDS.c.sequence)
        asked = sql.select(RECORDS.c.kernel, RECORDS.c.sequence, RECORDS.c.record).where(*_where(query))
        with self._transaction() as connection:
            rows: Iterable[Any]
            if last is None:
                rows = connection.execution_options(yield_per=_ROWS).execute(asked.order_by(*order))
            else:
                rows = connection.execute(asked.order_by(*(one.desc() for one in order)).limit(last)).all()[::-1]
            for kernel, sequence, text in rows:
                try:
                    record = _DECODER.decode(text)
                except (msgspec.DecodeError, UnicodeError) as problem:
                    self._damaged(kernel, sequence, str(problem))
                    continue
                yield kernel, sequence, record

    def _say_damaged(self, kernel: str, sequence: int, why: str) -> None:
        log.error(
            "%s, kernel %s, record %d is damaged and left out (%s): `audit verify`", self.name, kernel, sequence, why
        )

    @contextmanager
    def _transaction(self) -> Iterator[sql.Connection]:
        try:
            with self._engine.begin() as connection:
                if not self._ready:
                    _make_tables(connection)
                yield connection
            self._ready = True
        except sql.exc.SQLAlchemyError as problem:
            # The driver's own words: SQLAlchemy's hold the statement with everything in it.
            why = str(getattr(problem, "orig", None) or type(problem).__name__).strip().splitlines()
            kind = RefusedError if isinstance(problem, sql.exc.ProgrammingError) else StoreError
            raise kind(f"{self.name}: {why[0] if why else type(problem).__name__}") from None

    def close(self) -> None:
        """Nothing is held open."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _make_tables(connection: sql.Connection) -> None:
    """Make the tables where there are none; an account that may only add finds them."""
    known = [sql.func.to_regclass(table.name).is_not(None) for table in METADATA.tables.values()]
    if not connection.scalar(sql.select(sql.and_(*known))):
        # Whoever else does so at this moment comes after.
        connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
        METADATA.create_all(connection)


def _values(row: Row) -> dict[str, Any]:
    link, record = row.link, row.link.record
    values: dict[str, Any] = {
        "kernel": row.kernel, "sequence": link.sequence, "previous": link.previous, "commitment": link.commitment,
        "hash": link.hash, "salt": link.salt, "record": row.text or None, "time": None, "origin": "", "state": "",
        "person": "", "notebook": "", "request": "", "rules": [], "telling": False,
    }  # fmt: skip
    if record is not None:
        values |= {
            "time": moment(record),
            "origin": str(record.origin),
            "state": _text(record.state),
            "person": _text(record.user),
            "notebook": _text(record.notebook),
            "request": _text(record.msg_id),
            "rules": sorted({_text(one.rule) for one in record.findings}),
            "telling": is_telling(record),
        }
    return values


def _text(text: str) -> str:
    """PostgreSQL's texts hold no NUL; in the record itself it is escaped."""
    return text.replace("\0", "\ufffd")


def _where(query: Query) -> list[sql.ColumnElement[bool]]:
    columns = RECORDS.c
    parts: list[sql.ColumnElement[bool]] = [columns.record.is_not(None)]
    for column, words in (
        (columns.origin, query.origins),
        (columns.state, query.states),
        (columns.person, query.users),
    ):
        if words:
            parts.append(column.in_(words))
    if query.rules:
        parts.append(columns.rules.overlap(list(query.rules)))
    if query.since:
        parts.append(columns.time >= query.since.astimezone(UTC))
    if query.until:
        parts.append(columns.time < query.until.astimezone(UTC))
    if query.notebook:
        parts.append(sql.func.strpos(columns.notebook, query.notebook) > 0)
    if query.request:
        parts.append(columns.request.endswith(query.request, autoescape=True))
    if query.telling:
        parts.append(columns.telling)
    return parts
