r"""Token formats (TOML) -> patterns: where one may be, what it looks like there, and what it must pass.

    ["github-token"]
    keywords = ["ghp_", "gho_"]         # public text that every such token follows
    shape = '[0-9A-Za-z]{36}(?![\\w])'   # read right after the keyword; the group `secret` is what is taken out
    entropy = 3.0                       # bits a character, at least
    checks = ["crc32-base62"]           # names from `jupyter_guard.scrub.checks`
    docs = "https://..."                # where the provider publishes it

Further keys: ``ignore_case`` (the keyword's case does not matter), ``edge`` (default true: no letter or digit directly
before the keyword), ``lead`` (a class of characters and how many must stand before it, ``'[0-9]{3}'``), ``joined``
(default true: what the check sees begins with the keyword), ``generic`` (a label of last resort), ``contains`` (only a
part of what is taken out is the credential: the checks say whether that is a placeholder), ``word`` (a quote before the
word of a command that the secret is in holds it together: ``-u 'ann:two words'``), ``context`` (what comes before the
keyword in an example).

A secret that is longer than its shape, or goes on in its quotes, is taken out to its end all the same: see ``runs``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from jupyter_guard.scrub.checks import CHECKS
from jupyter_guard.scrub.letters import UNSAID
from jupyter_guard.scrub.named import LOOK_BEHIND
from jupyter_guard.scrub.rewrite import CAP
from jupyter_guard.scrub.shape import Shape, ShapeError
from jupyter_guard.scrub.values import entropy, reads_as_prose, stands_for_a_value

_UNQUOTED = r"""\s"'`,;<>(){}\[\]\\"""
"""What ends a value, as part of a class of characters."""

_ASSIGNED = (
    r"""[\w.-]{0,30}(?:&quot;|&#39;|(?:\\{0,3}["'`\])}*]){0,3})?(?:\s?:?\s?(?:[Ss]tring|str|STRING|Final\[str\]))?"""
    r"""(?:(?:["'`]\s{0,3},|\s{0,10}(?:!?={1,3}>?|:{1,3}=?|\?=|\|\|:?|->|<-|>|\s(?:value|content)\s?[:=]))[*]{0,2}\s{0,12})"""
    r"""(?:["']?[Vv]alue["']?\s?[:=]\s?)?(?:(?:chr|[|(&]\w{0,5}|!!str)\s{1,9})?"""
)
PARTS = {
    # What tells a generated value from words, early in it: a digit, or letters that no word has next to each other.
    "<telling>": f"(?:[0-9]|{UNSAID})",
    # A name's rest, what closes its quotes, a type, the sign, and what opens the value: ``api_key": "``, ``KEY ?= '``,
    # ``var key string = "``, ``<key>``, ``"KEY", "``, ``- name: KEY\n  value: ``.
    "<assign>": rf"""{_ASSIGNED}(?:[bfruN]{{0,2}}(?:\\{{0,3}}["'`]){{1,3}}|&quot;|&#39;)?""",
    # The same where the value is in double quotes, or in single ones.
    "<assign-double>": rf"""{_ASSIGNED}[bfruN]{{0,2}}(?:\\{{0,3}}"){{1,3}}""",
    "<assign-single>": rf"""{_ASSIGNED}[bfruN]{{0,2}}(?:\\{{0,3}}'){{1,3}}""",
    # Seven characters or so with a digit, and not numbers alone: of what follows a name, few words and no counts.
    "<chosen>": (
        rf"(?:[0-9]{{1,5}}[^{_UNQUOTED}0-9][^{_UNQUOTED}]{{3,128}}"
        rf"|[^{_UNQUOTED}0-9]{{1,24}}[0-9][^{_UNQUOTED}]{{1,128}})"
    ),
    # The same where a colon, a slash or an at sign stands for a time, a path or an address.
    "<chosen-plain>": (
        rf"(?:[0-9]{{1,5}}[^{_UNQUOTED}0-9:/@-][^{_UNQUOTED}:/@]{{3,64}}"
        rf"|[^{_UNQUOTED}0-9:/@-][^{_UNQUOTED}0-9:/@]{{0,23}}[0-9][^{_UNQUOTED}:/@]{{1,64}})"
    ),
}
"""What shapes may use by name."""

_QUOTES = ("'", '"', "`")
_PREFIX = re.compile(r"[A-Za-z][\w.$+-]*", re.ASCII)
_ESCAPED = re.compile(r"\\[nrtbf]\Z")
_KEYS = frozenset(
    {
        "keywords",
        "shape",
        "ignore_case",
        "edge",
        "lead",
        "entropy",
        "checks",
        "docs",
        "generic",
        "context",
        "joined",
        "contains",
        "word",
    }
)


class Pattern(msgspec.Struct, frozen=True, eq=False):
    """One token format. ``kind`` is its name and the marker's label."""

    kind: str
    keywords: tuple[str, ...]
    shape: Shape
    ignore_case: bool = False
    edge: bool = True
    lead: re.Pattern[str] | None = None
    entropy: float = 0.0
    checks: tuple[str, ...] = ()
    docs: str = ""
    generic: bool = False
    context: str = ""
    joined: bool = False
    contains: bool = False
    word: bool = False
    goes_with_secret: bool = False
    """The keyword is taken out too: it is a token's own beginning, and no word that stands before one."""

    def may_begin(self, text: str, at: int, end: int) -> bool:
        """Whether the keyword at ``text[at:end]`` stands where one can."""
        if self.lead is not None:
            return self.lead.search(text, max(0, at - LOOK_BEHIND), at) is not None
        return not self.edge or stands_free(text, at)

    def secret(self, text: str, at: int, end: int) -> tuple[int, int] | None:
        """Where the secret after the keyword at ``text[at:end]`` is, as if ``text`` ended where it ends."""
        match = self.shape.match(text, end)
        if match is None and self.may_be_long:
            match = self.shape.match_long(text, end)
            if match is not None and reads_as_prose(match["secret"]):
                return None
        if match is None:
            return None
        start, stop = match.span("secret")
        seen = text[at if self.joined else start : stop]
        if (
            stop == start
            or (not self.contains and stands_for_a_value(text[start:stop]))
            or entropy(text[start:stop]) < self.entropy
        ):
            return None
        if not all(CHECKS[name](seen, match) for name in self.checks):
            return None
        if text[stop - 1] == "\\" and text[stop : stop + 1] in _QUOTES:
            # Of what closes the value, unless its run says otherwise.
            stop -= len(text[start:stop]) - len(text[start:stop].rstrip("\\"))
            if stop == start:
                return None
        return (at if self.goes_with_secret else start), stop

    @property
    def may_be_long(self) -> bool:
        """Whether a secret that is longer than the shape is one all the same, whatever follows it."""
        return self.generic and self.shape.goes_long


def overlong(pattern: Pattern, text: str, end: int) -> bool:
    """Whether what follows the keyword that ends at ``end`` may be a secret that is longer than any shape reaches.

    It was still possible ``CAP`` characters later, and there is more text: nobody can wait for the rest.
    """
    shape = pattern.shape
    return len(text) - end > CAP and shape.longest > CAP and shape.open(text, end, end + CAP) is True


def stands_free(text: str, at: int) -> bool:
    """Whether no letter and no digit stands directly before ``text[at]``, should that be one itself."""
    if at == 0 or not text[at].isalnum() or not _alphanumeric(text[at - 1]):
        return True
    return _ESCAPED.search(text, max(0, at - 2), at) is not None


def _alphanumeric(character: str) -> bool:
    return character.isascii() and character.isalnum()


class PatternError(ValueError):
    """Token formats that cannot be used: ``problems`` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_patterns(table: dict[str, Any], source: str, *, checked: bool = False) -> tuple[Pattern, ...]:
    """The patterns in a TOML table. Raises ``PatternError`` with everything that is wrong in it.

    The shapes of a table that was ``checked`` before are not parsed until they are needed.
    """
    problems: list[str] = []
    patterns = []
    for kind, entry in table.items():
        try:
            patterns.append(_pattern(kind, entry))
            if not checked:
                patterns[-1].shape.check()
        except (ShapeError, ValueError, TypeError) as problem:
            problems.append(f"{source}: token format {kind!r}: {problem}")
    if problems:
        raise PatternError(problems)
    return tuple(patterns)


def _pattern(kind: str, entry: Any) -> Pattern:
    if not isinstance(entry, dict):
        raise TypeError("not a table")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", kind):
        raise ValueError("a kind is lower-case letters, digits, dots and dashes")
    unknown = set(entry) - _KEYS
    if unknown:
        raise ValueError(f"no such key: {', '.join(sorted(unknown))}")
    keywords = entry.get("keywords")
    if not isinstance(keywords, list) or not keywords or not all(isinstance(w, str) and len(w) >= 2 for w in keywords):
        raise ValueError("keywords must be a list of texts of two characters or more")
    if any(len(word) > LOOK_BEHIND for word in keywords):
        raise ValueError(f"a keyword is longer than {LOOK_BEHIND} characters")
    if any(not word.isascii() and (entry.get("ignore_case") or not entry.get("generic")) for word in keywords):
        # Engines that read bytes know the case of ASCII only.
        raise ValueError("a keyword beyond ASCII is for generic formats without ignore_case")
    if any(not c.isprintable() or c in '"\\' for word in keywords for c in word):
        raise ValueError("a keyword may not have characters that JSON escapes")
    shape = entry.get("shape")
    if not isinstance(shape, str):
        raise TypeError("shape is missing")
    unnamed = [name for name in entry.get("checks", []) if name not in CHECKS]
    if unnamed:
        raise ValueError(f"no such check: {', '.join(unnamed)}; there are: {', '.join(sorted(CHECKS))}")
    for name, part in PARTS.items():
        shape = shape.replace(name, part)
    ignore_case = bool(entry.get("ignore_case", False))
    read = Shape(shape, ignore_case)
    # Without the group the whole is the secret. Asking the shape would mean parsing it.
    right_after = "(?P<secret>" not in shape or shape.startswith("(?P<secret>")
    begins_with_keyword = right_after and not (ignore_case or "lead" in entry or entry.get("generic"))
    return Pattern(
        kind=kind,
        keywords=tuple(word.lower() if ignore_case else word for word in keywords),
        shape=read,
        ignore_case=ignore_case,
        edge=bool(entry.get("edge", True)),
        lead=re.compile(f"(?:{entry['lead']})\\Z", re.ASCII) if "lead" in entry else None,
        entropy=float(entry.get("entropy", 0.0)),
        checks=tuple(entry.get("checks", ())),
        docs=str(entry.get("docs", "")),
        generic=bool(entry.get("generic", False)),
        context=str(entry.get("context", "")),
        joined=bool(entry.get("joined", False)),
        contains=bool(entry.get("contains", False)),
        word=bool(entry.get("word", False)),
        goes_with_secret=begins_with_keyword and entry.get("edge", True) and all(map(_PREFIX.fullmatch, keywords)),
    )


@cache
def builtin() -> tuple[Pattern, ...]:
    """The token formats that come with the package."""
    import tomllib

    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "knowledge", "tokens")
    found: list[Pattern] = []
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".toml")):
        with open(os.path.join(folder, name), "rb") as file:
            # The tests check them: parsing 350 expressions would take longer than all the rest.
            found.extend(parse_patterns(tomllib.load(file), name, checked=True))
    return distinct(found)


def with_own(table: Mapping[str, Any], source: str = "policy") -> tuple[Pattern, ...] | None:
    """The built-in token formats and an organisation's, from `[scrub.patterns]` of the policy; ``None`` without any.

    Raises ``PatternError`` with everything that is wrong in them. Keep what this returns: engines are made for it.
    """
    if not table:
        return None
    return distinct([*builtin(), *parse_patterns(dict(table), source)])


def distinct(patterns: Iterable[Pattern]) -> tuple[Pattern, ...]:
    """``patterns``, of which no two have one kind. Raises ``PatternError``."""
    seen: dict[str, Pattern] = {}
    problems = [f"token format {p.kind!r} is there twice" for p in patterns if seen.setdefault(p.kind, p) is not p]
    if problems:
        raise PatternError(problems)
    return tuple(seen.values())
