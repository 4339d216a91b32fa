"""What is taken for the head of a table with a secret column is so to both engines: none leaves cells that the other takes."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_guard.scrub import find
from jupyter_guard.scrub.engine import ByKeyword, Engine
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.tables import COLUMN, LONGEST_HEAD, NAMES

pytest.importorskip("hyperscan")

PIECES = (
    *NAMES,
    "PASSWORD",
    "Api_Key",
    "user",
    "n",
    "größe",
    "1.5",
    "api\\_key",
    r"\textbf{secret}",
    "%",
    "#",
    "a-b",
    "a/b",
    "c+d",
    "(x)",
    ":",
    "\\",
)
BETWEEN = (
    " ",
    "  ",
    "\t",
    " \t ",
    "|",
    " | ",
    "\u2502",
    " \u2503 ",
    ",",
    ", ",
    ";",
    '"',
    '","',
    "\x0b",
    "\x1f ",
    "\xa0",
    "&",
    " & ",
    "",
)
ENDS = ("\n", "\r", "\r\n", "\\\n", "  \\ \n", "   \n", " \\\\\n", "\\\\ \r\n", "")


@pytest.fixture(scope="module")
def engines() -> tuple[Engine, Engine]:
    from jupyter_guard.scrub.expressions import Expressions
    from jupyter_guard.scrub.hyper import ByHyperscan

    expressions = Expressions((COLUMN,))
    whole, ends, words = expressions.compiled()
    return ByKeyword((COLUMN,)), ByHyperscan(expressions, ends, words, lambda: whole)


@settings(max_examples=1500, deadline=None)
@given(
    before=st.sampled_from(("", "text\n", "\r", "é\r\n")),
    edges=st.tuples(st.sampled_from(BETWEEN), st.sampled_from(BETWEEN)),
    head=st.lists(st.sampled_from(PIECES), min_size=1, max_size=5),
    gap=st.one_of(st.sampled_from(BETWEEN), st.lists(st.sampled_from(BETWEEN), min_size=6, max_size=6)),
    name=st.sampled_from((*NAMES, "Secret")),
    at=st.integers(0, 5),
    end=st.sampled_from(ENDS),
    row=st.lists(st.sampled_from(("ann", "hunter", "12", "x y", "|", ",", ";")), min_size=1, max_size=6),
)
@example("", ("", ""), ["user"], "|", "password", 1, "\n", ["ann", "hunter"])
@example("", ("", ""), ["größe"], ",", "password", 1, "\n", ["ann", "hunter"])
@example("", ("  ", "  "), ["user"], "  ", "password", 1, "\\\n", ["ann", "hunter"])
@example("", ('"', '"'), ["user"], '" \t "', "password", 1, "\n", ["ann", "hunter"])
@example("", ("", ""), ["user"], " & ", "password", 1, " \\\\\n", ["ann", "hunter"])
@example("", ("", ""), [r"\textbf{secret}"], "&", "n", 1, "\\\\ \r\n", ["ann", "hunter"])
@example("", ("", ""), ["user"], " ", "password", 1, "   \n", ["ann", "hunter"])
@example("", ("", ""), ["user"], "\x0b\x0b", "password", 1, "\n", ["ann", "hunter"])
def test_both_engines_see_the_same_heads(
    engines: tuple[Engine, Engine],
    before: str,
    edges: tuple[str, str],
    head: list[str],
    gap: str | list[str],
    name: str,
    at: int,
    end: str,
    row: list[str],
) -> None:
    words = [*head[:at], name, *head[at:]]
    gaps = [gap] * 6 if isinstance(gap, str) else gap
    line = edges[0] + words[0] + "".join(g + word for g, word in zip(gaps, words[1:], strict=False)) + edges[1]
    rows = "\n".join(f"{n}  {gaps[0].join(row)}" for n in range(2))
    # A row whose parts stand where the head's do: below each name, as wide as it.
    below = edges[0] + words[0] + "".join(g + "x" * len(word) for g, word in zip(gaps, words[1:], strict=False))
    # Above an index's name the columns' stand, further to the right.
    above = " " * len(line) + "n" * (len(end.rstrip("\r\n")) or 1) + "\n"
    text = before + above + line + end + rows + "\n" + below + "\n\n" + line
    found = []
    for engine in engines:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(find, "engine_for", lambda _patterns, engine=engine: engine)
            found.append(find.secrets_in(text, KnownValues()))
    assert found[0] == found[1], text


@pytest.mark.parametrize("filler", ["n ", "größe ", "a,"])
def test_the_longest_head_is_seen_where_texts_are_read_in_parts(filler: str, engines: tuple[Engine, Engine]) -> None:
    count = (LONGEST_HEAD - 40) // len(filler)
    last = "secret" if "," in filler else "  secret"
    head = filler * count + last
    for shift in (0, 60_000, 65_500, 131_000):
        text = (
            "x\n" * (shift // 2)
            + head
            + "\n"
            + "hunter".join(["y" if "," not in filler else "y,"] * 2)
            + "\n"
            + "z\n" * 80_000
        )
        assert [hit[:2] for hit in engines[0].hits(text, 0, True)] == [
            hit[:2] for hit in engines[1].hits(text, 0, True)
        ]
