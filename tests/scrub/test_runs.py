"""How far a secret goes on once it is known: to what closes it, to the end of its line or its characters, no further."""

from __future__ import annotations

import random
import re
import string

import pytest

from jupyter_guard.scrub import KnownValues, Scrubber, scrub
from jupyter_guard.scrub.find import clean_text
from jupyter_guard.scrub.rewrite import CAP

LETTERS = string.ascii_letters + string.digits
VALUE = "Tr0u" + "&k9;Zq"


def in_pieces(text: str, size: int) -> str:
    scrubber = Scrubber()
    return "".join(scrubber.feed(text[at : at + size]) for at in range(0, len(text), size)) + scrubber.flush()


def without_kinds(text: str) -> str:
    return re.sub(r"\[REDACTED:[a-z0-9.-]+\]", "#", text)


def everywhere(text: str) -> str:
    """What is left of ``text``, with ``#`` for each marker; the same however it is read."""
    whole = scrub(text)
    assert clean_text(text, KnownValues(), []) == whole
    for size in (1, 7, 100, 4096):
        assert in_pieces(text, size) == whole
    return without_kinds(whole)


CLOSED = {
    "a doubled quote": (f"api_key = '{VALUE}''x y' z\n", "api_key = '#' z\n"),
    "an escaped quote": (f'api_key = "{VALUE}\\" x" z\n', 'api_key = "#" z\n'),
    "a backslash before the quote": (f'api_key = "{VALUE}\\\\" z\n', 'api_key = "#" z\n'),
    "another quote": (f'api_key = "{VALUE}\'x" z\n', 'api_key = "#" z\n'),
    "a few characters with a quote": ('{"password": "a\\"b", "n": 1}\n', '{"password": "#", "n": 1}\n'),
    "JSON in JSON": (
        f'"{{\\"password\\": \\"{VALUE} x\\", \\"n\\": 1}}"\n',
        '"{\\"password\\": \\"#\\", \\"n\\": 1}"\n',
    ),
    "JSON in JSON, with a quote": (f'"{{\\"secret\\": \\"{VALUE}\\\\\\"x\\"}}"\n', '"{\\"secret\\": \\"#\\"}"\n'),
    "three quotes": (f'token = """{VALUE} "x" y""" z\n', 'token = """#""" z\n'),
    "doubled quotes around it": (f'"password=""{VALUE} x""",1\n', '"password=""#""",1\n'),
    "a tag": ("<password>a b</password> z\n", "<password>#</password> z\n"),
    "braces": (f"Uid=ann;Pwd={{{VALUE} }}}}x}};Port=1\n", "Uid=ann;Pwd={#};Port=1\n"),
    "an entity": (f"password=&quot;{VALUE.replace(';', '')} x&quot; z\n", "password=&quot;#&quot; z\n"),
    "a word of a shell": ("curl -u 'ann:pa ss' https://x.example\n", "curl -u 'ann:#' https://x.example\n"),
    "mysql": (f"mysql -u root -p'{VALUE} x' shop\n", "mysql -u root -p'#' shop\n"),
    "mysql, beginning with a sign": ("mysql -p'$4 b cd' shop\n", "mysql -p'#' shop\n"),
    "sshpass": (f"sshpass -p '{VALUE} x' ssh ann@h\n", "sshpass -p '#' ssh ann@h\n"),
    "the end of the line": (f"api_key = '{VALUE} x y\nz 'w'\n", "api_key = '#\nz 'w'\n"),
    "the end of the text": (f"api_key = '{VALUE} x y\\", "api_key = '#"),
}
ORDINARY = (
    "curl -u '' https://x.example\n",
    "curl -u 'ann:' https://x.example\n",
    'mysql -u root -p"$PASSWORD" shop\n',
    "docker run --name mysql -p '3306:3306' mysql\n",
    'TOKEN = r"(?P<num>[0-9]+)|(?P<word>[A-Za-z_]+)"\n',
    'token: "Unexpected token } in JSON at position 12"\n',
    'password = ""\nuser = "ann, 2 of 3"\n',
    "<password></password>\n<user>a b</user>\n",
    "<token>string</token>\n",
    'secret: "Your client secret (40 characters, A-Z and 0-9)"\n',
    'print("token: %s, %d of %d" % (name, 1, 2))\n',
)


@pytest.mark.parametrize("name", CLOSED)
def test_it_goes_to_what_closes_it(name: str) -> None:
    text, left = CLOSED[name]
    assert everywhere(text) == left


@pytest.mark.parametrize("text", ORDINARY)
def test_it_stays(text: str) -> None:
    assert everywhere(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x password=", " end\n"),
        ("api_key='", "' end\n"),
        ("Authorization: Bearer ", "\nend\n"),
        ("Authorization: Basic ", "\nend\n"),
        ("curl -u ann:", " https://x.example\n"),
        ("redis://ann:", "@h.example/0\n"),
        ("Set-Cookie: session=", "; Path=/\n"),
        ("client.login('ann', '", "')\n"),
    ],
)
def test_a_megabyte_is_neither_shown_nor_held(before: str, after: str) -> None:
    value = "".join(random.Random(3).choices(LETTERS, k=1_000_000))
    if "Basic" in before:
        value = "YW5uOm9wZW4tc2VzYW1l" * 50_000
    text = before + value + after
    out = scrub(text)
    assert out.endswith(after)
    assert len(out) < len(before + after) + 60
    scrubber = Scrubber()
    pieces = []
    for at in range(0, len(text), 8_192):
        pieces.append(scrubber.feed(text[at : at + 8_192]))
        assert len(scrubber._text) < 3 * 8_192
    assert "".join(pieces) + scrubber.flush() == out


def test_a_quote_that_nothing_closes_ends_with_a_word_at_last() -> None:
    long = "".join(random.Random(4).choices(LETTERS + ";&", k=CAP))
    left = without_kinds(in_pieces(f"api_key = '{VALUE}{long} and more", 5_000))
    assert left == "api_key = '# and more"
    assert without_kinds(scrub(f"api_key = '{VALUE}{long} and more")) == left


def test_rows_of_backslashes_are_not_held() -> None:
    scrubber = Scrubber()
    out = scrubber.feed(f'api_key = "{VALUE}{"".join(random.Random(6).choices(LETTERS, k=300))}')
    for _ in range(50):
        out += scrubber.feed("\\" * 4_095)
        assert len(scrubber._text) < 20_000
    out += scrubber.feed('\\"" end\n') + scrubber.flush()
    assert without_kinds(out) == 'api_key = "#" end\n'


def test_what_begins_inside_does_not_name_what_was_passed_on() -> None:
    token = "gh" + "p_" + "".join(random.Random(5).choices(LETTERS, k=36))
    text = f"api_key = '{VALUE}{'k 9;' * 120}{token} x' end\n"
    for size in (1, 100, len(text)):
        assert in_pieces(text, size) == scrub(text)
    assert everywhere(text) == "api_key = '#' end\n"


def test_what_ends_inside_a_run_that_was_passed_on_shows_nothing_again() -> None:
    key, digest = ("".join(random.Random(7).choices("0123456789abcdef", k=size)) for size in (64, 40))
    text = f"api_key_secretBa <- &quot;{key} identified with mysql_native_password as  '{digest}'\nx"
    whole = scrub(text)
    for cut in range(len(text)):
        scrubber = Scrubber()
        assert scrubber.feed(text[:cut]) + scrubber.feed(text[cut:]) + scrubber.flush() == whole


def test_one_that_comes_character_by_character_is_one_place() -> None:
    scrubber = Scrubber()
    value = "aK3x9Qz7bW2m8Yt5" * 300
    places = 0
    out = ""
    for character in "{'Authorization': 'Bearer " + value + "', 'x': 1}\n":
        out += scrubber.feed(character)
        places = max(places, len(scrubber._spans))
    assert out + scrubber.flush() == "{'Authorization': 'Bearer [REDACTED:authorization-header]', 'x': 1}\n"
    # Not as many as it has characters: all of them are put in order each time.
    assert places < 40
