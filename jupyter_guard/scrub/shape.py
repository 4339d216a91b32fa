r"""A token's shape (a regular expression) -> matchers that also say whether more text could still change the answer.

A shape is read right after its keyword, in three parts: what may stand between (public), the secret (the group
``secret``; without it, all of the shape), and what must follow. Streams need two more answers: could text that follows
change what the shape matches (``open``), and may the secret have begun (``begun``)? Both are regular expressions made
from the shape. Where it says ``c``, the first says ``(?:c|\\Z)``: of the ways in which the shape can match, `re` takes
the first, and if that one stops before the end of the text, no text to come can make it another. So these run at the
speed of `re`, and no answer depends on where a stream was cut.
"""

from __future__ import annotations

import re
from functools import cached_property
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as sre  # type: ignore[attr-defined]

from jupyter_guard.scrub.letters import UNSAID
from jupyter_guard.scrub.rewrite import (
    CAP,
    PLACES,
    Nodes,
    all_of,
    character,
    cut_off,
    either,
    ended_early,
    first_of,
    least_of,
    open_ended,
    prefixes,
    relaxed_all,
    relaxed_or_cut_off,
    tail_of,
    width_of,
)

_LONG_PART = 64


class ShapeError(ValueError):
    """A shape that cannot be used; the message says why."""


_MOST_WAYS = 16_384
"""So often may a text be read at one place; of the built-in shapes none needs more than a tenth of it."""


class Shape:
    r"""One shape, parsed when it is first looked into and compiled when it is first needed.

    ``source`` is a regular expression in ASCII mode (``\\w``, ``\\d``, ``\\s`` know ASCII only). ``longest`` is the
    most characters that the whole can span. ``check`` raises ``ShapeError`` for what streams cannot do exactly
    (back-references, look-around wider than a character), for repeats of repeats without bounds, which can take
    exponential time, and for rows of repeats that multiply their work; a shape that was checked before need not be
    parsed for that again.
    """

    def __init__(self, source: str, ignore_case: bool = False) -> None:
        self.source = source
        self._flags = re.ASCII | (re.IGNORECASE if ignore_case else 0)
        self._match: re.Pattern[str] | None = None
        self._open: re.Pattern[str] | None = None
        self._begun: re.Pattern[str] | None = None
        self._long: re.Pattern[str] | None = None

    def check(self) -> Shape:
        """The shape itself, once it is known to be one. Raises ``ShapeError``."""
        # Imported here: what comes with the package was checked before, and a kernel never needs it.
        from jupyter_guard.scrub.ambiguity import ambiguous, shared_out

        if any(map(ambiguous, self._nodes)):
            raise ShapeError("a repeat that can be read in many ways can take exponential time")
        if shared_out([node for part in self._nodes for node in part], CAP) > _MOST_WAYS:
            raise ShapeError(
                "repeats one after the other that can share a text take far longer than it is long; give them bounds"
            )
        return self

    @cached_property
    def _nodes(self) -> tuple[Nodes, Nodes, Nodes]:
        try:
            tree = sre.parse(self.source, self._flags)
        except (re.error, OverflowError, RecursionError) as problem:
            raise ShapeError(f"not a regular expression: {problem}") from None
        nodes: Nodes = list(tree)
        _refuse_slow(nodes, False)
        return _split(nodes)

    @property
    def _before(self) -> Nodes:
        return self._nodes[0]

    @property
    def _secret(self) -> Nodes:
        return self._nodes[1]

    @property
    def _after(self) -> Nodes:
        return self._nodes[2]

    @cached_property
    def longest(self) -> int:
        """The most characters that the whole can span."""
        # A group spans what is in it.
        return sum(width_of(node) for part in self._nodes for node in part)

    @cached_property
    def before_longest(self) -> int:
        """The most characters that can stand before the secret."""
        return sum(width_of(node) for node in self._before)

    @property
    def before_begun(self) -> str:
        """An expression for what stands before the secret, or for its beginning at the end of the text.

        In ASCII mode, whatever the case is. Empty where nothing stands before it.
        """
        before = open_ended(self._before)
        return f"(?i:{before})" if before and self._flags & re.IGNORECASE else before

    @cached_property
    def settles_early(self) -> bool:
        """Whether only one part is long, and nothing must follow it: engines that count to few know it by then."""
        nodes = self._secret + self._after
        long = next((at for at, node in enumerate(nodes) if width_of(node) > _LONG_PART), len(nodes))
        return sum(map(width_of, nodes[:long])) <= _LONG_PART and not least_of(nodes[long + 1 :])

    @cached_property
    def decided_within(self) -> int:
        """So many characters after what stands before the secret, the shortest match ends, if nothing else decides.

        0 where the secret is one repeat: engines then look at its beginning alone.
        """
        if self.secret_is_one_repeat:
            return 0
        nodes = self._secret + self._after
        last = max((at for at, node in enumerate(nodes) if least_of([node])), default=0)
        return sum(map(width_of, nodes[:last])) + (
            least_of([nodes[last]]) if nodes[last][0] is op.MAX_REPEAT else width_of(nodes[last])
        )

    @cached_property
    def secret_is_one_repeat(self) -> bool:
        """Whether it is characters of one kind and no more."""
        return len(self._secret) == 1 and self._secret[0][0] is op.MAX_REPEAT

    @cached_property
    def secret_least(self) -> int:
        """The fewest characters of a secret that is one repeat."""
        return int(self._secret[0][1][0])

    @cached_property
    def tail(self) -> tuple[str, str] | None:
        """The characters that show that a secret goes on where a bound has ended it, and those that it goes on with.

        Both are classes. ``None``: the shape says itself how long a secret is.
        """
        return tail_of(self._secret, _LONG_PART)

    @cached_property
    def goes_long(self) -> bool:
        """Whether something must follow a secret that is, or begins with, one long repeat."""
        if self.tail is None or not self._after or self._secret[0][0] is not op.MAX_REPEAT:
            return False
        high = self._secret[0][1][1]
        return high is not op.MAXREPEAT and high >= _LONG_PART and not least_of(self._secret[1:])

    def match_long(self, text: str, start: int) -> re.Match[str] | None:
        """If the shape ``goes_long``: a match up to its bound where the secret is longer, whatever may follow that."""
        if self._long is None:
            inner = all_of(list(self._secret[0][1][2]))
            most = self._secret[0][1][1]
            self._long = self._compile(f"{all_of(self._before)}(?P<secret>(?:{inner}){{{most}}})(?={inner})")
        return self._long.match(text, start)

    def match(self, text: str, start: int) -> re.Match[str] | None:
        """The match at ``start`` with the group ``secret``, as if ``text`` ended here."""
        if self._match is None:
            self._match = self._compile(self.expression())
        return self._match.match(text, start)

    def expression(self) -> str:
        """The shape as one expression with the group ``secret``."""
        return f"{all_of(self._before)}(?P<secret>{all_of(self._secret)}){all_of(self._after)}"

    @property
    def parts(self) -> tuple[str, str, str]:
        """What may stand before the secret, the secret, and what must follow, as expressions."""
        return all_of(self._before), all_of(self._secret), all_of(self._after)

    def open(self, text: str, start: int, stop: int | None = None) -> bool | None:
        """Whether text that follows ``text[:stop]`` could change what ``match`` says; ``None``: never will it match."""
        stop = len(text) if stop is None else stop
        if self._open is None:
            self._open = self._compile(open_ended(self._before + self._secret + self._after))
        match = self._open.match(text, start, stop)
        return None if match is None else bool(match.end() == stop)

    def begun(self, text: str, start: int) -> bool:
        """Whether a character of ``text`` may belong to a secret, as long as the match is open."""
        if self._begun is None:
            rest = self._secret + self._after
            self._begun = self._compile(rf"{all_of(self._before)}(?!\Z)(?:{prefixes(rest)}|{all_of(rest)})")
        return self._begun.match(text, start) is not None

    def relaxed(self, ends: bool, digit_within: int = -1, most: int = 8) -> str:
        """An expression for engines that read bytes: it matches wherever ``match`` does, and sometimes elsewhere.

        With ``ends`` it also matches where the text ends while the shape is open. ``digit_within`` says that of one
        kind of characters, only secrets with a digit or a pair of letters that no word has among the first so many
        count; then, and with ``digit_within`` 0, the expression ends as early as it can, with no more than ``most`` of
        them. Below 0 it is the whole shape.
        """
        joined = relaxed_or_cut_off if ends else relaxed_all
        if digit_within < 0 or not self.secret_is_one_repeat:
            return joined(ended_early(self._before + self._secret + self._after))
        low, _high, sub = self._secret[0][1]
        inner = relaxed_all(list(sub))
        least = min(low, most)
        cut = cut_off(self._secret[0]) if ends else ""
        if not digit_within:
            return joined(self._before, either(f"(?:{inner}){{{least}}}", cut))
        early = [_times(inner, at) + "[0-9]" + _times(inner, least - 1 - at) for at in range(least)]
        late = f"(?:{inner}){{{least},{digit_within - 1}}}[0-9]"
        return joined(self._before, either(*early, late, _unsaid(inner, digit_within), cut))

    def beginning(self, most: int) -> Nodes:
        """What every match begins with, of no more than ``most`` characters; nothing where the first part is longer."""
        return ended_early(first_of(self._before + self._secret + self._after, most))

    def relaxed_beginning(self, ends: bool, most: int) -> str:
        """``beginning`` as ``relaxed`` says the whole."""
        return (relaxed_or_cut_off if ends else relaxed_all)(self.beginning(most))

    def relaxed_password(self, ends: bool, within: int) -> str:
        """The same for secrets that count only in quotes, or with a sign, a digit or such a pair so early."""
        joined = relaxed_or_cut_off if ends else relaxed_all
        secret, before = self._secret, self._before
        if not self.secret_is_one_repeat or not before or before[-1][0] is not op.MAX_REPEAT:
            return self.relaxed(ends, 0)
        low, _high, items = secret[0][1]
        item = next(iter(items))
        least, most, quote = before[-1][1]
        if len(items) != 1 or item[0] is not op.IN or item[1][0][0] is not op.NEGATE or (least, most) != (0, 1):
            return self.relaxed(ends, 0)
        inside = character(item)
        quoted = relaxed_all(list(quote)) + f"{inside}{{{low}}}"
        sign = "[^\\-A-Za-z_./:" + inside[2:]
        early = "|".join(f"{_times(inside, at)}{sign}{_times(inside, low - 1 - at)}" for at in range(low))
        late = f"{inside}{{{low},{within - 1}}}{sign}"
        unquoted = either(early, late, _unsaid(inside, within), cut_off(secret[0]) if ends else "")
        return joined(before[:-1], either(quoted, joined(before[-1:], unquoted)))

    def _compile(self, source: str) -> re.Pattern[str]:
        return re.compile(source, self._flags)


def _times(inner: str, count: int) -> str:
    # Hyperscan refuses a repeat of zero.
    return f"(?:{inner}){{{count}}}" if count else ""


def _unsaid(inner: str, within: int) -> str:
    return f"(?:{inner}){{0,{within - 2}}}(?:{UNSAID})"


def _split(nodes: Nodes) -> tuple[Nodes, Nodes, Nodes]:
    groups = [at for at, (kind, value) in enumerate(nodes) if kind is op.SUBPATTERN and value[0] is not None]
    if len(groups) > 1:
        raise ShapeError("more than one group; only `secret` may be one")
    if not groups:
        return [], nodes, []
    at = groups[0]
    return nodes[:at], list(nodes[at][1][3]), nodes[at + 1 :]


def _refuse_slow(nodes: Nodes, inside_unbounded: bool) -> None:
    for kind, value in nodes:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            low, high, sub = value
            if kind is op.POSSESSIVE_REPEAT:
                raise ShapeError("possessive repeats hide what could still match")
            if high is not op.MAXREPEAT and high > CAP:
                raise ShapeError(f"a repeat of more than {CAP}")
            unbounded = high is op.MAXREPEAT
            if unbounded and inside_unbounded:
                raise ShapeError("an unbounded repeat inside an unbounded repeat can take exponential time")
            if unbounded and least_of(list(sub)) == 0:
                raise ShapeError("an unbounded repeat of what may be empty can take exponential time")
            _refuse_slow(list(sub), inside_unbounded or unbounded or (high > 64 and len(list(sub)) > 1 and low != high))
        elif kind is op.SUBPATTERN:
            if value[1] or value[2]:
                raise ShapeError("flags inside the shape; use `ignore_case`")
            _refuse_slow(list(value[3]), inside_unbounded)
        elif kind is op.BRANCH:
            for branch in value[1]:
                _refuse_slow(list(branch), inside_unbounded)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            direction, sub = value
            if direction < 0 or len(list(sub)) != 1 or next(iter(sub))[0] not in (op.IN, op.LITERAL, op.NOT_LITERAL):
                raise ShapeError("look-around must be ahead, and one character wide")
        elif kind is op.AT:
            if value not in PLACES:
                raise ShapeError("a shape is read in the middle of a text: no ^ and no \\A")
        elif kind not in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            raise ShapeError(f"not usable in a shape: {str(kind).lower()}")
