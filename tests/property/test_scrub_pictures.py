"""Pictures in base64 stay whole, wherever they stand and however they arrive, and known values in them do not."""

from __future__ import annotations

import base64
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.scrub import KnownValues, MessageScrubber, Scrubber, scrub
from jupyter_guard.scrub.blobs import BLOB_LOOK_BEHIND, inside_blob
from jupyter_guard.scrub.examples import example
from jupyter_guard.scrub.find import clean_html
from jupyter_guard.scrub.patterns import Pattern, builtin

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
BASE64 = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def of_base64_only() -> list[Pattern]:
    """Formats that base64 can look like."""
    return [p for p in builtin() if any(set(word) <= BASE64 for word in p.keywords)]


def picture(chance: random.Random, size: int) -> str:
    """Base64 of random bytes into which prefixes and whole tokens were written, as chance does once in many pictures."""
    text = list(base64.b64encode(PNG + chance.randbytes(size)).decode())
    formats = of_base64_only()
    for _ in range(12):
        token, _secret = example(chance.choice(formats), chance)
        token = "/" + "".join(c for c in token if c in BASE64)
        at = chance.randrange(20, max(21, len(text) - len(token) - 8))
        text[at : at + len(token)] = token
    return "".join(text)


def wrapped(text: str, width: int = 76) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


SHOWN = (
    lambda body: f'<img src="data:image/png;base64,{body}"/>',
    lambda body: f"<svg><image xlink:href='data:image/png;base64,\n{body}'/></svg>",
    lambda body: f'<div style="background:url(data:image/gif;base64,{body})">x</div>',
    lambda body: f"![plot](data:image/png;base64,{body})",
    # As matplotlib writes the frames of an animation: each line of a string of JavaScript goes on in the next.
    lambda body: 'frames[1] = "data:image/png;base64,' + wrapped(body).replace("\n", "\\\n") + '\\\n"\n',
    # Nothing says what it is but its own beginning.
    lambda body: f"<Figure size 640x480 with 1 Axes>\n{body}\n",
    lambda body: wrapped(body) + "\n",
    lambda body: f'{{"image/png": "{body}"}}',
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(600, 20_000), shown=st.sampled_from(SHOWN))
def test_a_picture_in_a_page_stays_whole(seed: int, size: int, shown: object) -> None:
    chance = random.Random(seed)
    page = "<p>before</p>" + shown(picture(chance, size)) + "<p>after</p>"  # type: ignore[operator]
    nothing = KnownValues()
    assert clean_html(page, nothing, []) == page
    assert scrub(page) == page
    scrubber = Scrubber()
    cuts = sorted(chance.randrange(len(page)) for _ in range(6))
    pieces = [page[a:b] for a, b in zip([0, *cuts], [*cuts, len(page)], strict=True)]
    assert "".join(map(scrubber.feed, pieces)) + scrubber.flush() == page


def test_sixty_pictures_of_sixty_kilobytes() -> None:
    chance = random.Random(60)
    scrubber = MessageScrubber()
    for _ in range(60):
        body = base64.b64encode(PNG + chance.randbytes(60_000)).decode()
        page = f'{{"data":{{"text/html":"<img src=\\"data:image/png;base64,{body}\\">"}},"metadata":{{}}}}'.encode()
        assert scrubber.clean("iopub", "display_data", "p", b"{}", page).content == page


def test_base64_without_a_name_is_one_once_it_is_long() -> None:
    chance = random.Random(3)
    body = picture(chance, 9_000)[600:]
    head = base64.b64encode(chance.randbytes(600)).decode()[:700].replace("+", "a").replace("/", "b")
    assert scrub(head + body) == head + body
    assert scrub(wrapped("a" * 684 + body)) == wrapped("a" * 684 + body)


def test_a_known_value_in_a_picture_goes_in_every_alignment() -> None:
    value = "h4nter" + "-Two!value"
    for offset in range(3):
        body = base64.b64encode(PNG + b"\0" * (3000 + offset) + value.encode() + b"\0" * 3000).decode()
        page = f'<img src="data:image/png;base64,{body}">'
        assert "[REDACTED:known-value]" in clean_html(page, KnownValues.of([value]), [])
        assert "[REDACTED:known-value]" in scrub(page, [value])


def test_a_token_beside_a_picture_is_no_part_of_it() -> None:
    chance = random.Random(4)
    for pattern in of_base64_only():
        token, secret = example(pattern, chance)
        body = base64.b64encode(chance.randbytes(900)).decode()
        text = f'<img src="data:image/png;base64,{body}"> {token}\n'
        assert secret not in scrub(text), pattern.kind
        words = "\n".join(["alpha", "beta", "gammadelta"] * 200)
        assert secret not in scrub(f"{words}\n{token}\n"), pattern.kind


def test_what_is_looked_at_is_bounded() -> None:
    text = ";base64," + "A" * 500 + "B" * 20
    assert inside_blob(text, len(text) - 20, len(text))
    lines = wrapped("A" * 2000)
    assert inside_blob(lines, 1500, 1510)
    assert inside_blob(lines[1500 - BLOB_LOOK_BEHIND :], BLOB_LOOK_BEHIND, BLOB_LOOK_BEHIND + 10)
    assert not inside_blob("A" * 300 + " " + "B" * 300, 320, 340)
