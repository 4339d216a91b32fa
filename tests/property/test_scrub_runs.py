"""A secret goes to its last character, however long it is, whatever is in its quotes, wherever the text is cut."""

from __future__ import annotations

import random
import re
import string
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.scrub import KnownValues, Scrubber, engine, find, stream
from jupyter_guard.scrub.engine import ByKeyword, Engine
from jupyter_guard.scrub.find import clean_text
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.tables import COLUMN

LETTERS = string.ascii_letters + string.digits
LONGEST = 20_000
BEGINNING = "Tr0u&k9;Zq4(W2"


class Place(NamedTuple):
    """What stands around a value, and what may not be in it as it is; an escape for the quote, where there is one."""

    before: str
    after: str
    without: str = ""
    escaped: str = ""


BARE = (
    Place("x password=", " end\n"),
    Place("DB_PASSWORD: ", "\nend\n"),
    Place("run --password ", " --verbose\n"),
    Place("mysql -u root -p", " shop\n"),
    Place("Server=x;Pwd=", ";Port=1\n"),
)
BARE_TOKENS = (
    Place("api_key=", " end\n"),
    Place("export MY_TOKEN=", "\nend\n"),
    Place("{'Authorization': 'Bearer ", "', 'x': 1}\n"),
    Place("GET /x?access_token=", "&x=1\n"),
)
QUOTED = (
    Place("api_key = '", "' # end\n", "'", "''"),
    Place('api_key = "', '" # end\n', '"', '\\"'),
    Place("password = '", "'\nuser = 'ann'\n", "'", "\\'"),
    Place('{"password": "', '", "user": "ann"}\n', '"', '\\"'),
    Place('"{\\"secret\\": \\"', '\\", \\"user\\": \\"ann\\"}"\n', '"', '\\\\\\"'),
    Place("password: '", "'\nuser: ann\n", "'", "''"),
    Place('secret: "', '"\nuser: ann\n', '"', '\\"'),
    Place('api_token = """', '"""\nuser = 1\n', '"', '\\"'),
    Place("mysql -u root -p'", "' shop\n", "'\""),
    Place('sshpass -p "', '" ssh ann@h\n', "'\"", '\\"'),
    Place("curl -u 'ann:", "' https://x.example\n", "'\":"),
    Place("run --password '", "' --verbose\n", "'"),
    Place("CREATE USER ann IDENTIFIED BY '", "';\n", "'", "''"),
    Place("<password>", "</password> end\n", "<>&"),
    Place("Driver=x;Uid=ann;Pwd={", "};Port=1\n", "{}", "}}"),
)


@pytest.fixture(scope="module")
def engines() -> list[Engine]:
    pytest.importorskip("hyperscan")
    assert engine.prepare()
    return [ByKeyword((*builtin(), COLUMN)), engine.engine_for(None)]


def bare_value(length: int, seed: int) -> str:
    return ("aK3x9Qz7bW2m8Yt5" + "".join(random.Random(seed).choices(LETTERS, k=length)))[:length]


def quoted_value(length: int, seed: int, place: Place) -> str:
    """Letters, digits, signs, now and then a blank or an escaped quote."""
    chance = random.Random(seed)
    allowed = [c for c in LETTERS + string.punctuation if c not in place.without + "\\`"]
    beginning = "".join(c for c in BEGINNING if c not in place.without)
    parts = [beginning]
    size = len(beginning)
    while size < length:
        parts.append("".join(chance.choices(allowed, k=chance.randrange(12, 60))))
        parts.append(chance.choice((" ", place.escaped, "")) + chance.choice(LETTERS))
        size += sum(map(len, parts[-2:]))
    return "".join(parts)[:length].rstrip("\\'\"} ") + "x"


def in_pieces(text: str, size: int) -> str:
    scrubber = Scrubber()
    return "".join(scrubber.feed(text[at : at + size]) for at in range(0, len(text), size)) + scrubber.flush()


def check(place: Place, value: str, size: int, engines: list[Engine]) -> None:
    """Nothing but the value goes, all of it, cut or whole, by either engine."""
    text = place.before + value + place.after
    expected = re.compile(re.escape(place.before) + r"\[REDACTED:[a-z0-9.-]+\]" + re.escape(place.after))
    answers = set()
    for one in engines:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(find, "engine_for", lambda _patterns, one=one: one)
            patch.setattr(stream, "engine_for", lambda _patterns, one=one: one)
            answers.add(in_pieces(text, size))
            answers.add(clean_text(text, KnownValues(), []))
    assert len(answers) == 1, answers
    assert expected.fullmatch(answers.pop())


LENGTHS = st.one_of(st.integers(16, 300), st.integers(16, LONGEST), st.sampled_from([256, 257, 512, 4096, 4097, 8193]))
SIZES = st.one_of(st.integers(1, 12), st.integers(13, 9000))


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(BARE), length=st.integers(8, LONGEST), size=SIZES, seed=st.integers(0, 10**6))
def test_a_password_goes_to_the_end_of_its_characters(
    engines: list[Engine], place: Place, length: int, size: int, seed: int
) -> None:
    check(place, bare_value(length, seed), size, engines)


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(BARE_TOKENS), length=LENGTHS, size=SIZES, seed=st.integers(0, 10**6))
def test_a_token_goes_to_the_end_of_its_characters(
    engines: list[Engine], place: Place, length: int, size: int, seed: int
) -> None:
    check(place, bare_value(length, seed), size, engines)


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(QUOTED), length=LENGTHS, size=SIZES, seed=st.integers(0, 10**6))
def test_a_quoted_value_goes_to_what_closes_it(
    engines: list[Engine], place: Place, length: int, size: int, seed: int
) -> None:
    check(place, quoted_value(length, seed, place), size, engines)
