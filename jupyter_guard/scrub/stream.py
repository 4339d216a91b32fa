"""Text that arrives in pieces -> the same text without secrets, whatever the pieces.

A keyword that is a label ("password = ") is public: it is passed on at once and never taken out. One that is a token's
own beginning ("ghp_") goes with it, so it is held with what follows. Text is held only while it may be the beginning of
a secret, so that ordinary output waits for nothing. What is taken out depends on the text alone: every keyword is
looked at by itself, and an answer counts once no further text could change it. Escape sequences of terminals are set
aside on the way in and put back on the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, partial

from jupyter_guard.scrub.blobs import BLOB_LOOK_BEHIND, inside_blob
from jupyter_guard.scrub.encodings import decoded, encoded
from jupyter_guard.scrub.engine import ByKeyword, Engine, engine_for
from jupyter_guard.scrub.keywords import Hit
from jupyter_guard.scrub.known import CUT_UP_WINDOW, KnownValues, Matcher
from jupyter_guard.scrub.marks import Marks
from jupyter_guard.scrub.named import LOOK_BEHIND
from jupyter_guard.scrub.patterns import Pattern, overlong
from jupyter_guard.scrub.redaction import Redaction, marker
from jupyter_guard.scrub.rewrite import CAP
from jupyter_guard.scrub.rows import Rows
from jupyter_guard.scrub.runs import Run, add_run, overlong_run, read_runs, run_of
from jupyter_guard.scrub.spans import Found, merged
from jupyter_guard.scrub.tables import COLUMN, EXACT_NAME
from jupyter_guard.scrub.views import ESCAPE, finished_escapes, without_escapes

_CONTEXT = BLOB_LOOK_BEHIND + 2 * LOOK_BEHIND
_CONTEXT_WITH_KNOWN = _CONTEXT + CUT_UP_WINDOW
_MOST_CANDIDATES = 2_000
_TRIMMED_FROM = 4_096
_SHORT = 1_024
_SHORT_LINE = 256
"""A line that goes on is read again from its start while it has no more characters."""


class Scrubber:
    """Takes secrets out of a stream of text.

    ``known`` are values that must never appear; ``patterns`` are the token formats to look for, by default all that
    come with the package. ``redactions`` lists what was taken out so far.
    """

    def __init__(self, known: KnownValues | Iterable[str] = (), patterns: Sequence[Pattern] | None = None) -> None:
        self.redactions: list[Redaction] = []
        self._known = known if isinstance(known, KnownValues) else KnownValues.of(known)
        self._patterns = patterns
        self._done: int = 0
        self._unfinished: str = ""
        self._text: str = ""
        self._engine: Engine | None = None
        self._matcher: Matcher | None = None  # what looked for known values so far
        self._bare: bytes | None = None  # what they are looked for in when they are cut up: its end, where known
        self._before: bytes | None = None  # the end of the text, where known
        self._reset()

    def _reset(self) -> None:
        self._text = ""  # what is held, and before it what patterns may look back at
        self._done = 0  # how much of it was passed on
        self._scanned = 0  # how much of it was searched for keywords
        self._known_from = 0  # from where known values may still end
        self._matcher = None
        self._bare = None
        self._before = None
        self._live: list[Hit] = []
        self._spans: list[Found] = []
        self._marks = Marks()
        self._unfinished = ""
        self._runs: list[Run] = []  # secrets that were found and go on
        self._rows = Rows()
        self._calm = True  # nothing goes on that was begun, but for a keyword's beginning

    @property
    def holds(self) -> bool:
        """Whether text is held back."""
        return bool(self._unfinished) or self._done < len(self._text) or bool(self._marks)

    def feed(self, chunk: str) -> str:
        """What of the text so far can be passed on now, after what was passed on before."""
        if "\x1b" in chunk or self._unfinished:
            return self._feed_marked(chunk)
        if not self._calm:
            return self._emit(self._advance(chunk))
        if chunk[-1:] == "\n" and self._is_line_of_nothing(chunk):
            return chunk
        done, size = self._done, len(self._text)
        hold = self._advance(chunk)
        if not self._calm:
            return self._emit(hold)
        self._done = hold
        # Nothing is to be taken out; the beginning of a keyword may have been held, or be now.
        out = chunk if done == size and hold == len(self._text) else self._text[done:hold]
        if hold >= _TRIMMED_FROM:
            self._trim()
        return out

    def _is_line_of_nothing(self, line: str) -> bool:
        """Takes in ``line`` if nothing begins in it, which is most often so; it need not say yes even then.

        Each step counts for a message of 200 bytes, so everything is asked in the fewest there are: no column's name is
        in two pieces where lines are whole, no keyword that goes with a secret has a line's end in it.
        """
        engine, rows, size, length = self._engine, self._rows, self._scanned, len(line)
        if engine is None or length > _SHORT or not rows.line == size == self._done:
            return False
        raw = line.encode("utf-8", "surrogatepass")
        before = self._before
        if before is None:
            before = self._text[-engine.overlap :].encode("utf-8", "surrogatepass")
        before += raw
        if not engine.nothing_in(before):
            return False
        matcher = self._known.matcher()
        if matcher is not None:
            bare = self._bare if matcher is self._matcher else None
            if bare is None or (bare := matcher.anchors.none_in(line, raw, bare)) is None:
                return False
            self._bare = bare
        self._before = before[-engine.overlap :]
        self._text += line
        size += length
        rows.line = self._scanned = self._done = self._known_from = size
        if size >= _TRIMMED_FROM:
            self._trim()
        return True

    def _feed_marked(self, chunk: str) -> str:
        """``feed`` of what has escape sequences in it, or goes on with one."""
        chunk, self._unfinished = finished_escapes(self._unfinished + chunk)
        size = len(self._text)
        data, others = without_escapes(chunk)
        # What is held and what comes, as it came: so it can go, where nothing in it is to be taken out.
        as_it_is = not self._marks and not self._spans and not (others and "\x1b]" in chunk)
        hold = self._advance(decoded(data), data)
        if as_it_is and not self._spans:
            raw = self._text[self._done : size] + chunk
            if hold == len(self._text):
                # What the sequences are, and where, is nobody's question.
                self._done = hold
                self._trim()
                return raw
            done, rest = self._split(raw, hold)
            self._set_aside(rest, self._done)
            return done + self._emit(hold)
        self._set_aside(chunk, size)
        return self._emit(hold)

    def _advance(self, plain: str, data: bytes | None = None) -> int:
        """Take in ``plain``, ``data`` in UTF-8 if that is known, without sequences; returns from where it is held."""
        scanned = self._scanned
        text = self._text = self._text + plain
        size = len(text)
        self._before = None
        hits: Iterable[Hit] | None = None
        if self._calm:
            engine, rows = self._engine or self._current_engine(), self._rows
            line = rows.line
            begin = -1
            if scanned - line <= _SHORT_LINE:
                # The engine itself sees whether a line is the head of a table, if it sees all of it.
                begin = scanned - engine.overlap
                begin = line if line < begin else max(0, begin)
            hits = engine.hits(text, scanned, False, begin, data)
            if not hits and self._no_known_in(plain):
                self._scanned = self._known_from = size
                hold = engine.beginnings.held(text)
                if begin >= 0:
                    ended = text.rfind("\n", scanned)
                    carriage = text.rfind("\r", max(scanned, ended))
                    if carriage > ended:
                        ended = carriage
                    if ended >= line:
                        rows.line = ended + 1
                else:
                    hold = min(hold, rows.look(text, scanned, False, self._spans))
                    self._calm = not (self._spans or rows.busy)
                return max(self._done, hold)
        hold = self._hold(False, hits)
        self._calm = not (self._live or self._spans or self._marks or self._runs or self._rows.busy) and (
            self._known_from == size
        )
        return hold

    def _no_known_in(self, plain: str) -> bool:
        """Whether no known value begins, goes on or ends in ``plain``; it need not say yes even then."""
        matcher = self._known.matcher()
        if matcher is None:
            return True
        if matcher is not self._matcher or self._bare is None:
            return False
        bare = matcher.anchors.none_in(plain, encoded(plain), self._bare)
        if bare is None:
            return False
        self._bare = bare
        return True

    def _current_engine(self) -> Engine:
        engine = engine_for(self._patterns)
        if not isinstance(engine, ByKeyword):  # none will take over from this one
            self._engine = engine
        return engine

    def _split(self, chunk: str, hold: int) -> tuple[str, str]:
        """What of ``chunk`` surely stands before ``hold``, and the rest, which starts with a sequence."""
        size = len(self._text)
        at = len(chunk)
        while at > 0 and (at == len(chunk) or size - hold > len(ESCAPE.sub("", chunk[at:]))):
            at = max(0, chunk.rfind("\x1b", 0, at))
        self._done = size - len(ESCAPE.sub("", chunk[at:]))
        return chunk[:at], chunk[at:]

    def flush(self) -> str:
        """The rest: the text ends here. What follows is a new text."""
        if self._unfinished:
            size = len(self._text)
            self._text += ESCAPE.sub("", self._unfinished)
            self._set_aside(self._unfinished, size)
        out = self._emit(self._hold(True))
        self._reset()
        return out

    def only(self, text: str) -> str:
        """``feed`` and ``flush`` of a text that is all there is, so that nothing of it waits for what follows."""
        engine, plain, others = self._current_engine(), text, False
        if "\x1b" in text:
            data, others = without_escapes(text)
            shown = cache(partial(decoded, data))
            hits = engine.hits_in_all(data, shown)
            if not hits and self._known.matcher() is None and not (others and "\x1b]" in text):
                # So it is most often; what the text is without its sequences is nobody's question then.
                return text
            plain = shown()
        else:
            hits = list(engine.hits(text, 0, True))
        if 2 * len(hits) > _MOST_CANDIDATES:  # a stream may give up on so many
            return self.feed(text) + self.flush()
        self._text = plain
        hold = self._hold(True, hits)
        if self._spans or (others and "\x1b]" in text):
            if plain is not text:
                self._set_aside(text, 0)
            text = self._emit(hold)
        self._reset()
        return text

    def _set_aside(self, text: str, size: int) -> None:
        """Note the sequences in ``text``, the rest of which begins at ``size``."""
        self._calm = False
        self._marks.set_aside(text, size, lambda said: scrub(said, self._known, self._patterns))

    def _hold(self, final: bool, hits: Iterable[Hit] | None = None) -> int:
        """From where the text is not passed on yet. What is to be taken out is noted.

        ``hits`` are what the engine says of the text that is new, if it was asked before.
        """
        text = self._text
        size = hold = len(text)
        engine = self._engine or self._current_engine()
        scanned = self._scanned
        candidates: Iterable[Hit] = ()
        if scanned < size:
            candidates = engine.hits(text, scanned, final) if hits is None else hits
        if self._live:
            candidates = [*self._live, *candidates]
            self._live = []
        for hit in candidates:
            at, end, pattern = hit
            if pattern is COLUMN:
                if EXACT_NAME.match(text, at):
                    self._rows.named.append(at)
                continue
            shape = pattern.shape
            if size - end > CAP and overlong(pattern, text, end):
                self._spans.append(Found(end, end + CAP, pattern.kind, 1))
                add_run(self._runs, overlong_run(pattern.kind, end + CAP))
                continue
            # What is further from the end than it reaches is decided: asking that too takes longer than the match.
            still_open = False if final or size - end > shape.longest + 1 else shape.open(text, end)
            if still_open is None and not pattern.may_be_long:
                continue
            if still_open:
                self._live.append(hit)
                if pattern.goes_with_secret:
                    hold = min(hold, at)
                elif shape.begun(text, end):
                    hold = min(hold, end)
                continue
            place = pattern.secret(text, at, end)
            if place is not None and not inside_blob(text, at, place[1]):
                self._spans.append(Found(*place, pattern.kind, 2 if pattern.generic else 1))
                add_run(self._runs, run_of(pattern, text, *place))
        if len(self._live) > _MOST_CANDIDATES:
            self._give_up_on_candidates(hold)
        hold = hold if final else min(hold, engine.beginnings.held(text))
        matcher = self._known.matcher()
        if matcher is None:
            self._known_from = size
        elif (held := self._look_for_known(matcher, text, scanned, final)) < hold:
            hold = held
        if (held := self._rows.look(text, scanned, final, self._spans)) < hold:
            hold = held
        self._scanned = size
        if self._runs and (held := read_runs(self._runs, text, final, self._spans)) < hold:
            hold = held
        # A candidate is held from its keyword on; what was passed on when it had not begun was no part of it.
        return max(self._done, hold)

    def _give_up_on_candidates(self, hold: int) -> None:
        """Far more beginnings than any honest text has: better a gap than a leak or a stall."""
        self._spans.append(Found(hold, len(self._text), "too-many-candidates", 2))
        self._live = []

    def _look_for_known(self, matcher: Matcher, text: str, scanned: int, final: bool) -> int:
        size = len(text)
        if matcher is not self._matcher:
            # What was learnt since may have begun in what was looked at before.
            self._matcher, self._bare = matcher, None if scanned else b""
        elif self._known_from >= scanned and not final and self._no_known_in(text[scanned:]):
            self._known_from = size
            return size
        spans, held = matcher.look(text, self._known_from, scanned, final)
        self._spans.extend(spans)
        self._known_from = held
        self._bare = matcher.bare_end(text) if held == size else None
        return held

    def _emit(self, hold: int) -> str:
        text = self._text
        if not self._spans and not self._marks:
            out = text[self._done : hold]
            self._done = hold
            self._trim()
            return out
        groups = merged(self._spans)
        for group in reversed(groups):
            if group.start < hold < group.end:
                # What goes on from what was passed on as a marker goes now, whatever may begin inside it.
                hold = group.start if group.start >= self._done and hold < group.named_until else group.end
        out_parts: list[str] = []
        at = self._done
        waiting: list[Found] = []
        for group in groups:
            if group.start >= hold and group.end > hold:
                waiting.append(group)
                continue
            if group.start >= self._done:
                out_parts.append(self._marks.between(text, at, group.start))
                out_parts.append(marker(group.kind))
                self.redactions.append(Redaction(group.kind))
            out_parts.append(self._marks.until(group.end - 1))
            at = max(at, group.end)
        out_parts.append(self._marks.between(text, at, hold))
        # What a sequence at the very end does is not held: a colour is reset at once.
        out_parts.append(self._marks.until(hold))
        self._done = hold
        self._spans = [span for span in self._spans if span.end > hold] if waiting else []
        self._trim()
        return "".join(out_parts)

    def _trim(self) -> None:
        size = len(self._text)
        if size < _TRIMMED_FROM:
            return
        keep = size - (_CONTEXT if self._matcher is None and not self._known else _CONTEXT_WITH_KNOWN)
        keep = min(keep, self._done)
        if self._calm:
            # There is nothing else to move, which for a piece of ordinary output is worth asking.
            keep = min(keep, self._rows.keep(size))
            if keep > 0:
                self._text = self._text[keep:]
                self._done -= keep
                self._scanned = self._known_from = size - keep
                self._rows.moved(-keep)
            return
        keep = min(keep, self._known_from, self._rows.keep(size))
        keep = min([keep, *(run.at for run in self._runs)]) if self._runs else keep
        for at, _end, _pattern in self._live:
            keep = min(keep, at - BLOB_LOOK_BEHIND)
        if keep <= 0:
            return
        self._text = self._text[keep:]
        self._done -= keep
        self._scanned -= keep
        self._known_from -= keep
        if self._live:
            self._live = [(at - keep, end - keep, pattern) for at, end, pattern in self._live]
        if self._spans:
            self._spans = [span.moved(-keep) for span in self._spans]
        self._marks.moved(-keep)
        self._rows.moved(-keep)
        for run in self._runs:
            run.moved(-keep)


def scrub(text: str, known: KnownValues | Iterable[str] = (), patterns: Sequence[Pattern] | None = None) -> str:
    """``text`` without patterned and known secrets; a marker ``[REDACTED:<kind>]`` stands for each."""
    return Scrubber(known, patterns).only(text)
