"""A frame that is shown on its side, and one row of it, lose the cells of secret columns; summaries of it do not."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest

from jupyter_guard.scrub import MessageScrubber

WORD = "hun" + "ter"
FRAME = pd.DataFrame({"user": ["ann", "bob"], "password": [WORD, "open sesame"], "n": [1, 2]})
SIDES: dict[str, Any] = {
    "on its side": FRAME.T,
    "by its index": FRAME.set_index("user").T,
    "one of its rows": FRAME.iloc[0],
    "another one": FRAME.iloc[1],
    "with signs": FRAME.assign(password=["a!@#$%^x", f"{WORD}'s; <b>"]).T,
    "of numbers and names": FRAME.rename(columns={"password": "API_KEY"}).T,
    "described": FRAME.describe(include="all").T,
}


def shown(text: str) -> str:
    raw = json.dumps({"data": {"text/plain": text}, "metadata": {}}).encode()
    out = MessageScrubber().clean("iopub", "execute_result", "p", b"{}", raw).content
    return str(json.loads(out or b"")["data"]["text/plain"])


@pytest.mark.parametrize("name", SIDES)
def test_what_was_a_column_is_a_row(name: str) -> None:
    out = shown(str(SIDES[name]))
    assert "[REDACTED:secret-column]" in out
    for cell in (WORD, "sesame", "a!@#$", "<b>"):
        assert cell not in out
    assert "user" in out
    assert out.splitlines()[0] == str(SIDES[name]).splitlines()[0]


said = io.StringIO()
FRAME.info(buf=said)
ORDINARY = (
    str(FRAME.dtypes),
    str(FRAME.isna().sum()),
    str(FRAME.isna().any()),
    str(FRAME.nunique()),
    str(FRAME.memory_usage()),
    str(FRAME.assign(password=[1.5, 2.5]).drop(columns="user").describe().T),
    said.getvalue(),
    "user      who it is\npassword  what it says\nhost      where it is\n",
    "password  as you like\n",
    "password  is the word\nand more  of it comes\n",
    "secret    optional\nname        string\n",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_summaries_and_lists_stay(text: str) -> None:
    assert shown(text) == text
