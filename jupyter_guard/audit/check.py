"""Lines of a journal -> what is wrong with them, each with its line: changed, cut, twice, moved, missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from jupyter_guard.audit.chain import START, commit, hash_of

# A clock that is kept right by small steps is no jump (seconds).
CLOCK_STEP = 2.0
# What a collector says of a line whose hash of the line before is another than the one it was sent.
NOT_FOLLOWING = "it does not follow what was sent before it"
_NONE = msgspec.Raw(b"")
_TURNS = ("opening", "closing")


class Problem(msgspec.Struct, frozen=True):
    """What is wrong at a line, counted from 1.

    ``kind`` is ``cut``, ``changed``, ``sequence``, ``moved``, ``erased``, ``clock``, ``tail``, ``number`` (of the
    kernel's own count, where the chain itself was made to fit) or ``omitted`` (of what was sent to a collector).
    """

    line: int
    message: str
    kind: str = "changed"


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ``Link`` whose record stays the bytes that were written, whatever version wrote them."""

    sequence: int
    previous: str
    commitment: str
    hash: str
    salt: str = ""
    record: msgspec.Raw = _NONE


class _Sent(msgspec.Struct, frozen=True):
    sequence: int
    late: bool = False


class _Facts(msgspec.Struct, frozen=True):
    """What is looked at of a record."""

    time: str = ""
    uptime: float = 0.0
    erased: tuple[tuple[int, int], ...] = ()
    event: str = ""
    number: int = 0
    evidence: tuple[str, ...] = ()
    received: _Sent | None = None


# Made once, here: see ``place``.
_LINES, _FACTS = msgspec.json.Decoder(_Line), msgspec.json.Decoder(_Facts)


def verify(
    lines: Iterable[bytes], head: tuple[int, str] | None = None, erased: Iterable[tuple[int, int]] = ()
) -> Iterator[Problem]:
    """Yield what is wrong in a journal's lines, in order; what was erased without a record of it comes last.

    ``lines`` end as they do in the file: one without its line feed was cut. ``head`` is the last sequence and hash as
    recorded elsewhere; without it a removed tail cannot be seen. Lines after the one that it names are no problem: a
    writer adds the line first, and may have been ended before it wrote the head. ``erased`` has the stretches of
    sequences whose erasure is told elsewhere.
    """
    return _Check(head, erased).over(lines)


class _Check:
    """One walk over one journal."""

    def __init__(self, head: tuple[int, str] | None, erased: Iterable[tuple[int, int]]) -> None:
        self._head = head
        self._head_line = 0
        # The hash of the line before, None where that cannot be read.
        self._previous: str | None = START
        self._expected = 1
        self._first: dict[int, int] = {}
        self._erased: dict[int, int] = {}
        self._told = list(erased)
        self._clock: tuple[datetime, float] | None = None
        # Of what was sent to a collector: the furthest line, and how many were erased here since.
        self._sent, self._unknown = 0, 0
        # The kernel's own count, and how many records were erased since.
        self._number, self._uncounted = 0, 0

    def over(self, lines: Iterable[bytes]) -> Iterator[Problem]:
        number = 0
        for number, whole in enumerate(lines, 1):
            try:
                line = _LINES.decode(whole)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield Problem(number, f"not a whole record ({error})", "cut")
                self._previous, self._expected = None, self._expected + 1
                self._uncounted += 1
                continue
            yield from self._bytes(number, whole, line)
            yield from self._place(number, line)
            if line.record is not _NONE:
                yield from self._record(number, line.record)
            else:
                self._erased[line.sequence] = number
                self._unknown += 1
                self._uncounted += 1
            self._previous, self._expected = line.hash, line.sequence + 1
            if self._head is not None and (line.sequence, line.hash) == self._head:
                self._head_line = number
        yield from self._end(number)

    @staticmethod
    def _bytes(number: int, whole: bytes, line: _Line) -> Iterator[Problem]:
        if whole[-1:] != b"\n":
            yield Problem(number, "not a whole record (the line does not end)", "cut")
        elif msgspec.json.encode(line) + b"\n" != whole:
            yield Problem(number, "not written as a journal is: the line was changed")
        if line.hash != hash_of(line.previous, line.sequence, line.commitment):
            yield Problem(number, "its hash does not fit its contents: it was changed")
        if bool(line.salt) != (line.record is not _NONE):
            yield Problem(number, "its record or its salt is missing: it was changed")
        elif line.record is not _NONE and line.commitment != commit(line.salt, bytes(line.record)):
            yield Problem(number, "the record was changed")

    def _place(self, number: int, line: _Line) -> Iterator[Problem]:
        first = self._first.setdefault(line.sequence, number)
        if first != number:
            yield Problem(number, f"sequence {line.sequence} again: line {first} has it already", "sequence")
        elif line.sequence > self._expected:
            missing = line.sequence - self._expected
            words = (
                "one record is missing here, or stands"
                if missing == 1
                else f"{missing} records are missing here, or stand"
            )
            yield Problem(
                number, f"sequence {line.sequence} where {self._expected} was expected: {words} elsewhere", "sequence"
            )
        elif line.sequence < self._expected:
            yield Problem(number, f"sequence {line.sequence} where {self._expected} was expected: moved", "sequence")
        if self._previous is not None and line.previous != self._previous:
            yield Problem(number, "does not follow the line before it: one was changed, removed or moved", "moved")

    def _omitted(self, number: int, facts: _Facts) -> Iterator[Problem]:
        """What a collector's record says of the lines that its sender's journal has before it."""
        if facts.received is None:
            return
        sequence, expected = facts.received.sequence, self._sent + 1
        if facts.event == "erasure":
            pass  # the collector's own: it names the furthest line that came before
        elif sequence > expected + self._unknown:
            missing = lines_from(expected + self._unknown, sequence - 1)
            words = "never came: left out, damaged there, or erased there before they were sent"
            yield Problem(number, f"of its sender's journal {missing} {words}", "omitted")
        elif sequence < expected:
            yield Problem(
                number,
                f"line {sequence} of its sender's journal came behind line {self._sent}: late, or another in its place",
                "omitted",
            )
        if NOT_FOLLOWING in facts.evidence:
            yield Problem(number, f"line {sequence} of its sender's journal: {NOT_FOLLOWING}", "omitted")
        self._sent, self._unknown = max(self._sent, sequence), 0

    def _counted(self, number: int, facts: _Facts) -> Iterator[Problem]:
        """What a kernel's own count says: it is within the record, which a chain that was made anew still holds."""
        # Records of erasures and of break-glass have the number of the one before, and other hosts do not count.
        count, received = facts.number, facts.received
        if not count or facts.event == "erasure" or (received is not None and received.late):
            return
        before, self._number = self._number, max(self._number, count)
        missing, self._uncounted = count - before - 1 - self._uncounted, 0
        if received is not None and received.sequence > self._sent + 1 + self._unknown:
            return  # what never came is told by its line in the sender's journal
        said = f"the kernel's own count goes from {before} to {count}"
        if missing > 0:
            words = "one record is" if missing == 1 else f"{missing} records are"
            yield Problem(number, f"{said}: {words} missing before it, and the chain was made to fit", "number")
        elif count < before or (count == before and facts.event not in _TURNS):
            yield Problem(number, f"{said}: it was moved or is there twice, and the chain was made to fit", "number")

    def _record(self, number: int, record: msgspec.Raw) -> Iterator[Problem]:
        try:
            facts = _FACTS.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield Problem(number, "the record has no time that can be read", "clock")
            return
        yield from self._counted(number, facts)
        yield from self._omitted(number, facts)
        try:
            time = datetime.fromisoformat(facts.time)
        except ValueError:
            yield Problem(number, "the record has no time that can be read", "clock")
            return
        self._told += facts.erased
        before, self._clock = self._clock, (time, facts.uptime)
        if before is None:
            return
        try:
            passed = (time - before[0]).total_seconds()
        except TypeError:
            yield Problem(number, f"the time {facts.time} has no time zone, or the one before it has none", "clock")
            return
        # Time since the machine started has no jumps; where it is not recorded only a step back can be seen.
        really = facts.uptime - before[1] if facts.uptime and before[1] else None
        if really is not None and abs(passed - really) > CLOCK_STEP:
            way = "forward" if passed > really else "back"
            yield Problem(
                number, f"the clock jumped {way} by {abs(passed - really):.0f} s before it ({facts.time})", "clock"
            )
        elif really is None and passed < -CLOCK_STEP:
            yield Problem(number, f"the clock jumped back by {-passed:.0f} s before it ({facts.time})", "clock")

    def _end(self, number: int) -> Iterator[Problem]:
        for sequence, line in self._erased.items():
            if not any(first <= sequence <= last for first, last in self._told):
                yield Problem(line, "its record was taken out, and no later record says by whom", "erased")
        if self._head is not None and not self._head_line and self._head != (0, START):
            sequence = self._head[0]
            if sequence in self._first:
                text, line = "is another than the one that was written there", self._first[sequence]
            elif self._previous is None and sequence == self._expected - 1:
                return  # the last line, of which it was said that it cannot be read
            else:
                text, line = "is not there: its tail was removed", number + 1
            yield Problem(line, f"the journal went on to sequence {sequence}, which {text}", "tail")


def lines_from(first: int, last: int) -> str:
    """These lines of a journal, in words."""
    return f"line {first}" if first == last else f"lines {first} to {last}"
