"""Texts to scrub, and texts to leave alone, whose writer had not seen the patterns.

Rules that are tuned on their own examples look better than they are. The contexts here were written from the idea alone: a
careful reader says from the context that this value is a credential, or that it is none. They are for measuring what the
rules generalise to. A rule bent to one of these contexts makes the number worthless: mend the idea, and say so.

The contexts stand in ``unseen3/*.txt``, after a first line that says what the file holds::

    === name-of-the-context
    one or more lines with a {placeholder}

- ``CONTEXTS``: ``(name, template)``, each with exactly one placeholder, which a generic credential of no known provider fills.
- ``BENIGN_CONTEXTS``: ``(name, template)`` of look-alikes, with any number of placeholders; they must come back unchanged.
- ``PROVIDERS``: ``(name, template)`` with one token shape of a made-up provider between ``<<`` and ``>>``, such as
  ``<<acme_live_[a32][c6]>>``: letters stand for themselves, ``[a32]`` for 32 random characters of the alphabet ``a``
  (see ``ALPHABETS``), ``[w]`` for a UUID, ``[c6]`` for a checksum of what precedes it.

A placeholder is a key of ``KINDS`` (``{password}``, ``{passphrase}``, ``{token}``, ...) or an alphabet of ``SIZED`` with a
length (``{hex32}``, ``{alnum24}``, ``{pin6}``, ``{base64_88}``). Braces around anything else are text. Values are drawn at run
time, so that no text here looks like a secret. A case depends on the seed, its context and its round only: a context that is
added or removed changes no other. A secret stands in its text exactly once.

Use: ``for context, text, secret in unseen3(): found = secret not in scrub(text)``, the same with ``providers3()``, and
``for context, text in benign3(): kept = scrub(text) == text``. The context names what to look at in a report. That test
passes where a part of the secret is left; a stricter one asks that no half of it is.
"""

import base64
import re
import string
import uuid
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import quote

FOLDER = Path(__file__).with_suffix("")
SEED = 20261126
SECRET_FILES = ("languages", "config", "commands", "printed", "wire", "prose")
BENIGN_FILES = ("benign_values", "benign_words")

HEX = "0123456789abcdef"
ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
DJANGO = string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)"

# Of a shape's [letter length].
ALPHABETS = {
    "a": ALNUM,
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_lowercase,
    "U": string.ascii_uppercase + string.digits,
    "h": HEX,
    "H": HEX.upper(),
    "b": URLSAFE,
    "d": string.digits,
}

# Of a placeholder with a length: {hex32}.
SIZED = {
    "alnum": ALNUM,
    "hex": HEX,
    "HEX": HEX.upper(),
    "pin": string.digits,
    "digits": string.digits,
    "lower": string.ascii_lowercase + string.digits,
    "UPPER": string.ascii_uppercase + string.digits,
    "urlsafe": URLSAFE,
    "b64chars": ALNUM + "+/",
}

WORDS = """
    amber anchor apple arrow autumn badger bamboo barrel basket beacon bicycle birch blanket bottle bramble breeze bridge bronze
    bucket butter button cactus candle canyon carbon carpet castle cedar cherry circle clover cobalt coffee comet copper coral
    cotton cricket crystal dagger daisy desert dolphin donkey dragon drizzle eagle ember engine fabric falcon feather fiddle
    forest fossil fountain garden garlic ginger glacier granite gravel guitar hammer harbor harvest hazel helmet honey hornet
    island ivory jacket jungle kettle kitten ladder lantern lemon lizard magnet mango maple marble meadow melon mirror monsoon
    mosaic mustard needle nickel nutmeg oasis olive orange orchid otter oyster paddle panther paper parrot pebble pepper
    pickle pigeon pillow pirate planet pocket poplar potato prairie puzzle rabbit raven ribbon river rocket saddle salmon
    sandal saturn shadow silver sparrow spider spiral squirrel summer sunset tiger timber tomato tractor trumpet tulip tunnel
    turtle umbrella valley velvet violet walnut whistle willow window winter yellow zebra
""".split()

LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0"})
BYTES_OF_BASE64 = {24: 16, 40: 30, 44: 32, 64: 48, 88: 64}


def load(*names: str, folder: Path = FOLDER) -> tuple[tuple[str, str], ...]:
    """The contexts of these files, in their order, with no name twice."""
    found: dict[str, str] = {}
    for name in names:
        for context, block in parts(folder / f"{name}.txt"):
            key = f"{name}/{context}"
            if key in found:
                raise ValueError(f"two contexts are named {key}")
            found[key] = block
    return tuple(found.items())


def parts(path: Path) -> Iterator[tuple[str, str]]:
    """The contexts of a file, each with its name."""
    split = re.split(r"^=== (\S+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    for context, block in zip(split[1::2], split[2::2], strict=True):
        yield context, block.removesuffix("\n")


def drawn(rng: Random, alphabet: str, length: int) -> str:
    """So many random characters; the first is a letter or a digit, and digits alone never pass for letters and digits."""
    while True:
        text = "".join(rng.choices(alphabet, k=length))
        mixed = len(alphabet) < 16 or length < 12 or (re.search(r"\d", text) and re.search(r"[A-Za-z]", text))
        if mixed and (text[:1].isalnum() or length < 2):
            return text


def words(rng: Random, count: int) -> list[str]:
    return rng.sample(WORDS, count)


def human(rng: Random, symbols: str) -> str:
    """A password as people choose them, or are made to: words, digits and a symbol, or twelve to sixteen mixed characters."""
    one, two = words(rng, 2)
    symbol, digits = rng.choice(symbols), drawn(rng, string.digits, rng.choice((2, 3, 4)))
    style = rng.randrange(6)
    if style == 0:
        return f"{one.capitalize()}{digits}{symbol}"
    if style == 1:
        return f"{one}{symbol}{two.capitalize()}{digits}"
    if style == 2:
        return f"{one.capitalize().translate(LEET)}{symbol}{digits}"
    if style == 3:
        return f"{one.capitalize()}{two.capitalize()}{digits}"
    if style == 4:
        return f"{digits}{one}{symbol}{two}"
    body = list(rng.choices(ALNUM, k=rng.randrange(10, 15)) + rng.choices(symbols, k=2))
    rng.shuffle(body)
    return drawn(rng, ALNUM, 1) + "".join(body) + drawn(rng, ALNUM, 1)


def password(rng: Random) -> str:
    return human(rng, "!@#$%*?+^~=_-.")


def url_password(rng: Random) -> str:
    """A password that needs no quotes in a shell, a URL or a settings file."""
    return human(rng, "-_.~")


def percent_password(rng: Random) -> str:
    return quote(human(rng, "!@#$%*?+^="), safe="")


def base64_of(rng: Random, length: int) -> str:
    return base64.b64encode(rng.randbytes(BYTES_OF_BASE64.get(length, length * 3 // 4))).decode()


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def token(rng: Random) -> str:
    """One of the shapes that services hand out: letters and digits, hexadecimal, or base64 made for URLs."""
    alphabet = rng.choice((ALNUM, HEX, URLSAFE))
    return drawn(rng, alphabet, rng.choice((24, 32, 40, 48)))


def groups(rng: Random, count: int, length: int, alphabet: str, mark: str = "-") -> str:
    return mark.join(drawn(rng, alphabet, length) for _ in range(count))


KINDS: dict[str, Callable[[Random], str]] = {
    "password": password,
    "urlpassword": url_password,
    "pctpassword": percent_password,
    "b64password": lambda rng: coded(password(rng)),
    "passphrase": lambda rng: "-".join(words(rng, rng.choice((4, 5)))),
    "phrase": lambda rng: " ".join(words(rng, rng.choice((4, 5)))),
    "mnemonic": lambda rng: " ".join(words(rng, 12)),
    "groups": lambda rng: groups(rng, 2, 5, HEX),
    "groups8": lambda rng: groups(rng, 8, 6, string.digits),
    "license": lambda rng: groups(rng, 5, 5, SIZED["UPPER"]),
    "django": lambda rng: drawn(rng, DJANGO, 50),
    "token": token,
    "b64token": lambda rng: coded(token(rng)),
    "basic": lambda rng: coded(f"{words(rng, 1)[0]}:{password(rng)}"),
    "base64": lambda rng: base64_of(rng, 44),
    "pctbase64": lambda rng: quote(base64_of(rng, 44), safe=""),
    "base32": lambda rng: base64.b32encode(rng.randbytes(20)).decode(),
    "urlsafe": lambda rng: drawn(rng, URLSAFE, 43),
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "kubeadm": lambda rng: f"{drawn(rng, SIZED['lower'], 6)}.{drawn(rng, SIZED['lower'], 16)}",
    "image": lambda rng: base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(301)).decode(),
    "HEXPAIRS20": lambda rng: groups(rng, 20, 2, SIZED["HEX"], ":"),
}

PLACEHOLDER = re.compile(
    r"\{(?:(?P<kind>"
    + "|".join(KINDS)
    + r")|(?P<sized>"
    + "|".join(SIZED)
    + r")(?P<size>\d+)|base64_(?P<length>\d+))\}"
)
SHAPE = re.compile(r"<<(.+?)>>")
PART = re.compile(r"\[([A-Za-z])(\d*)\]|(.)", re.DOTALL)

CONTEXTS = load(*SECRET_FILES)
BENIGN_CONTEXTS = load(*BENIGN_FILES)
PROVIDERS = load("providers")


def value(placeholder: re.Match[str], rng: Random) -> str:
    if kind := placeholder["kind"]:
        return KINDS[kind](rng)
    if sized := placeholder["sized"]:
        first = rng.choice("123456789") if sized == "digits" else ""  # a number; a PIN may begin with 0
        return first + drawn(rng, SIZED[sized], int(placeholder["size"]) - len(first))
    return base64_of(rng, int(placeholder["length"]))


def checksum(text: str, length: int) -> str:
    """A checksum in letters and digits, as some providers end their tokens with."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(length):
        number, rest = divmod(number, len(ALNUM))
        digits = ALNUM[rest] + digits
    return digits


def shaped(shape: re.Match[str], rng: Random) -> str:
    text = ""
    for letter, size, plain in PART.findall(shape[1]):
        if plain:
            text += plain
        elif letter == "w":
            text += KINDS["uuid"](rng)
        elif letter == "c":
            text += checksum(text, int(size))
        else:
            text += drawn(rng, ALPHABETS[letter], int(size))
    return text


def once(
    name: str, template: str, pattern: re.Pattern[str], fill: Callable[[re.Match[str], Random], str], rng: Random
) -> tuple[str, str]:
    """The template with its one placeholder filled, and the secret, which stands nowhere else in the text."""
    found = list(pattern.finditer(template))
    if len(found) != 1:
        raise ValueError(f"{name} has {len(found)} placeholders, not 1")
    before, after = template[: found[0].start()], template[found[0].end() :]
    while True:
        secret = fill(found[0], rng)
        text = before + secret + after
        if text.count(secret) == 1:
            return text, secret


def unseen3(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every context with as many secrets as there are rounds."""
    for turn in range(rounds):
        for name, template in CONTEXTS:
            yield name, *once(name, template, PLACEHOLDER, value, Random(f"{seed}/{turn}/{name}"))


def providers3(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every made-up provider with as many tokens as there are rounds."""
    for turn in range(rounds):
        for name, template in PROVIDERS:
            yield name, *once(name, template, SHAPE, shaped, Random(f"{seed}/{turn}/{name}"))


def benign3(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """``(context, text)``: every look-alike; one without a placeholder comes in the first round only."""
    for turn in range(rounds):
        for name, template in BENIGN_CONTEXTS:
            text = PLACEHOLDER.sub(partial(value, rng=Random(f"{seed}/{turn}/{name}")), template)
            if turn == 0 or text != template:
                yield name, text
