"""Whichever engine looks, the same is taken out: in whole texts, in streams, around every format's tokens."""

from __future__ import annotations

import itertools
import random
import string
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.scrub import Scrubber, engine, find, stream
from jupyter_guard.scrub.engine import ByKeyword, Engine
from jupyter_guard.scrub.examples import example, near_miss
from jupyter_guard.scrub.hyper import ByHyperscan
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.parts import SLICE, in_characters, parts_of_data, parts_of_text
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.tables import COLUMN
from jupyter_guard.scrub.views import characters, characters_by_python

pytest.importorskip("hyperscan")

FILLERS = (
    lambda c: " ".join(c.choices(("alpha", "token", "é", "12", "x=1"), k=c.choice((10, 10, 10, 10, 60_000)))),
    lambda c: "".join(c.choices(string.ascii_letters + string.digits + "+/", k=c.randrange(900))),
    lambda c: " ".join(
        "".join(c.choices(string.ascii_lowercase, k=c.randrange(1, 9))) for _ in range(c.randrange(120))
    ),
    lambda c: "\n".join(f"{c.random():.4f}  {c.choice(('token', 'password', 'é', 'api_key'))}" for _ in range(20)),
    lambda c: "".join(c.choices(string.printable + "éİ\u200b\ud800", k=c.randrange(500))),
    lambda c: c.choice(("  user password\n0  ann  hunter2\n", "| a | secret |\n| 1 | x |\n", "user,passwd\nann,bcd\n")),
    lambda c: near_miss(c.choice(builtin()), c),
)


@pytest.fixture(scope="module")
def engines() -> dict[str, Engine]:
    assert engine.prepare()
    return {"re": ByKeyword((*builtin(), COLUMN)), "hyperscan": engine.engine_for(None)}


def texts(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    out = []
    for number in range(count):
        token, _ = example(builtin()[number % len(builtin())], chance)
        around = [chance.choice(FILLERS)(chance) for _ in range(chance.randrange(1, 4))]
        around.insert(chance.randrange(len(around) + 1), chance.choice(("", " ", "\n", "/", '"')) + token)
        out.append(chance.choice(("", " ", "\n")).join(around))
    return out


def test_they_find_the_same_in_whole_texts(engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = KnownValues()
    for text in texts(1, 2 * len(builtin())):
        found = {}
        for name, one in engines.items():
            monkeypatch.setattr(find, "engine_for", lambda _patterns, one=one: one)
            found[name] = find.secrets_in(text, nothing)
        assert found["re"] == found["hyperscan"], text


def test_they_pass_on_the_same_in_streams(engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(2)
    for text in texts(3, len(builtin())):
        cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.choice((0, 1, 3, 9))))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        passed = {}
        for name, one in engines.items():
            monkeypatch.setattr(stream, "engine_for", lambda _patterns, one=one: one)
            scrubber = Scrubber()
            passed[name] = "".join(map(scrubber.feed, pieces)) + scrubber.flush()
        assert passed["re"] == passed["hyperscan"], text


@pytest.mark.parametrize("before", ["", "x = 1\n" * 1_000, "é \n" * 100_000], ids=["short", "long", "in slices"])
def test_the_fast_one_names_what_a_text_ends_in_the_middle_of(engines: dict[str, Engine], before: str) -> None:
    # What is long is read without its ends, and its end by itself.
    chance = random.Random(4)
    named = 0
    seen = max(0, len(before) - 10_000)
    for pattern in builtin():
        text = example(pattern, chance)[0]
        for cut in sorted(chance.randrange(1, len(text) + 1) for _ in range(3 if before else 12)):
            begun = before + text[:cut]
            start = 0 if cut % 2 else seen
            fast = {(at, end, one.kind) for at, end, one in engines["hyperscan"].hits(begun, start, False)}
            for at, end, one in engines["re"].hits(begun, len(before), False):
                # What generic formats wait for, it need not name while only their checks could still refuse it.
                if one is not COLUMN and not one.generic and one.shape.open(begun, end):
                    named += 1
                    assert (at, end, one.kind) in fast, (one.kind, begun)
    assert named > len(builtin()) // (4 if before else 1)


@pytest.mark.parametrize("size", [30, 90, 180])
@pytest.mark.parametrize(
    ("before", "after"), [("echo ", " | sudo -S ls\n"), ('secret: "', '"\n'), ("x=1&secret='", "'\n")]
)
def test_what_must_follow_a_secret_is_not_too_far(
    engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch, before: str, after: str, size: int
) -> None:
    # A pattern that is reported where it ends is looked for from there back to its keyword.
    chance = random.Random(size)
    text = "ordinary line\n" * 60 + before + "".join(chance.choices(string.ascii_letters + "#!%+", k=size)) + after
    found = {}
    for name, one in engines.items():
        monkeypatch.setattr(find, "engine_for", lambda _patterns, one=one: one)
        found[name] = find.secrets_in(text, KnownValues())
    assert found["re"] == found["hyperscan"]
    assert found["re"]


def test_several_threads_at_once(engines: dict[str, Engine]) -> None:
    ordinary = "INFO step 3 loss=0.2 tokens/s=412 tokenizer=Bert password_reset_required: false\n"
    secret = example(builtin()[0], random.Random(6))[1]
    results: list[object] = []

    def run(text: str) -> None:
        try:
            for _ in range(10):
                assert secret not in Scrubber().feed(f"{text} {secret} {ordinary}" + " " * 5_000)
                results.append(engines["hyperscan"].any_keyword(text) and engines["hyperscan"].may_match(text.encode()))
        except BaseException as problem:
            results.append(problem)

    threads = [threading.Thread(target=run, args=(ordinary * count,)) for count in (1, 4_000, 4_000, 4_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one for one in results if not isinstance(one, bool)] == []
    assert len(results) == 40


def test_the_fast_one_names_few_places_in_ordinary_text(engines: dict[str, Engine]) -> None:
    text = "INFO step 3 loss=0.2 tokens/s=412 tokenizer=Bert password_reset_required: false\n" * 400
    assert len(list(engines["hyperscan"].hits(text, 0, True))) < 40
    assert len(list(engines["re"].hits(text, 0, True))) > 400


@pytest.mark.parametrize(
    "text", ["eyJ" * 9_000, "user password changed by an admin again \n" * 500, "key token / " * 2_000]
)
def test_the_fast_one_is_told_of_few_places(engines: dict[str, Engine], text: str) -> None:
    # Each is a call of Python: inside words none, and behind a name not every end that what follows can have.
    fast = engines["hyperscan"]
    assert isinstance(fast, ByHyperscan)
    assert len(fast._found(fast._loaded(), text.encode())) < len(text) // 20


def test_every_built_in_shape_may_be_used() -> None:
    for pattern in builtin():
        pattern.shape.check()


def test_what_is_reported_once_is_looked_for_to_the_end_of_a_short_text(engines: dict[str, Engine]) -> None:
    value = "zxGgL7GqJ10E0XAjUypHxt" + "JRShc+kefZWzd3o5/DS1MG="
    text = f"shared_access_keyW4D4OqV8h&quot;       <-**     &quot;{value} " * 2
    for one in engines.values():
        found = {(at, pattern.kind) for at, _, pattern in one.hits(text, 0, final=True)}
        assert {(0, "azure-shared-access-key"), (len(text) // 2, "azure-shared-access-key")} <= found


@given(st.text(st.characters(exclude_categories=())), st.data())
def test_what_is_reported_in_bytes_is_told_in_characters(text: str, data: st.DataObject) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    places = st.integers(0, len(raw))
    found = data.draw(st.lists(st.tuples(st.integers(0, 3), places), max_size=12))
    ends = [len(text[:at].encode("utf-8", "surrogatepass")) for at in range(len(text) + 1)]
    expected: dict[int, list[int]] = {}
    for number, to in found:
        expected.setdefault(number, []).append(next(at for at, end in enumerate(ends) if end >= to))
    assert in_characters(found, raw, len(raw) != len(text)) == {
        number: sorted(places) for number, places in expected.items()
    }


@pytest.mark.parametrize("filler", ["plain and long ", "é█ wide 𝄞 ", "█"])
def test_of_a_long_text_in_utf_8_it_says_what_it_says_of_the_text(engines: dict[str, Engine], filler: str) -> None:
    """Secrets in the middle of its parts and across where they meet; as text it is asked for only where one is."""
    chance = random.Random(filler)
    ordinary = (filler * (SLICE // len(filler)))[: SLICE - 40]
    pieces = []
    for pattern in chance.sample(builtin(), 12):
        pieces += [ordinary[chance.randrange(90) :], "\n", *example(pattern, chance)[0], "\n"]
    text = "".join(pieces)
    data = text.encode("utf-8", "surrogatepass")
    asked = []

    def shown() -> str:
        asked.append(True)
        return text

    for one in engines.values():
        assert [*one.hits_in_all(data, shown)]
        assert {*one.hits_in_all(data, shown)} >= {
            hit for hit in one.hits(text, 0, True) if hit[2].secret(text, hit[0], hit[1])
        }
    asked.clear()
    assert not engines["hyperscan"].hits_in_all((filler * 40_000).encode(), shown)
    assert not asked


@given(st.text(st.sampled_from("aé█𝄞\ud800"), max_size=60), st.integers(0, 8))
def test_parts_hold_all_of_a_text_and_overlap(text: str, begin: int) -> None:
    data = text.encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("jupyter_guard.scrub.parts.SLICE", 16)
        patched.setattr("jupyter_guard.scrub.parts.OVERLAP", 3)
        of_data, of_text = [*parts_of_data(data)], [*parts_of_text(text, begin)]
    for part, first, stop in of_data:
        assert bytes(part) == data[first:stop]
        bytes(part).decode("utf-8", "surrogatepass")  # raises inside of a character
    for before, after in itertools.pairwise(of_data):
        shared = data[after[1] : before[2]].decode("utf-8", "surrogatepass")
        assert len(shared) >= 3 or before[2] == len(data)
    assert not data or (of_data[0][1], of_data[-1][2]) == (0, len(data))
    for part, first, stop in of_text:
        assert bytes(part) == text[first:stop].encode("utf-8", "surrogatepass")
    assert "".join(text[first : first + 16] for _, first, _ in of_text) == text[begin:]


PLACES = st.one_of(st.integers(-2, 40), st.sampled_from((sys.maxsize, sys.maxsize - 4, -sys.maxsize - 1, -20)))


@given(st.text(st.characters(exclude_categories=())), PLACES, PLACES)
def test_characters_are_counted_in_both_ways_alike(text: str, start: int, stop: int) -> None:
    data = text.encode("utf-8", "surrogatepass")
    expected = sum(byte & 0xC0 != 0x80 for byte in data[max(0, start) : max(0, stop)])
    assert characters(data, start, stop) == characters_by_python(data, start, stop) == expected
    assert characters(memoryview(data), 0, len(data)) == len(text)
