"""Cells of columns that are called exactly `password` and the like are taken out of printed tables, and only these."""

from __future__ import annotations

import io
import json
import random

import pandas as pd
import pytest

from jupyter_guard.scrub import KnownValues, MessageScrubber, Scrubber, scrub
from jupyter_guard.scrub.find import clean_text
from jupyter_guard.scrub.tables import LONGEST_ROW

FRAME = pd.DataFrame({"user": ["ann", "bob"], "password": ["hunter", "open sesame"], "n": [1, 2]})
CELLS = ("hunter", "open sesame")
LATEX = """\\begin{tabular}{llr}
\\toprule
user & password & n \\\\
\\midrule
ann & hunter & 1 \\\\
\\cmidrule(lr){1-2}
bob & open sesame & 2 \\\\
\\bottomrule
\\end{tabular}
"""
TABLES = {
    "data frame": FRAME.to_string(),
    "data frame without index": FRAME.to_string(index=False),
    "one column": FRAME[["password"]].to_string(),
    "last column": FRAME[["n", "password"]].to_string(),
    "capitals": FRAME.rename(columns={"password": "API_KEY"}).to_string(),
    "long frame": pd.concat([FRAME] * 80).to_string(),
    "CSV": FRAME.to_csv(),
    "TSV": FRAME.to_csv(sep="\t", index=False),
    "CSV with quotes": 'user,secret\n"a,b","hunter"\nbob,open sesame\n',
    "Markdown": "| user | password |\n|:-----|---------:|\n| ann | hunter |\n| bob | open sesame |\n",
    "psql": " user |  secret  \n------+----------\n ann  | hunter\n bob  | open sesame\n(2 rows)\n",
    "rich": "┏━━━━━━┳━━━━━━━━━━┓\n┃ user ┃ passwd   ┃\n┡━━━━━━╇━━━━━━━━━━┩\n│ ann  │ hunter   │\n│ bob  │ open sesame │\n└──────┴──────────┘\n",
    "kubectl": "NAME      SECRET         AGE\nann       hunter         3d\nbob       open sesame    4d\n",
    "line ends of Windows": FRAME.to_string().replace("\n", "\r\n") + "\r\n",
    "index": FRAME.set_index("password").to_string(),
    "index below the columns' name": FRAME.rename_axis(columns="x").set_index("password").to_string(),
    "first of two indices": FRAME.set_index(["password", "user"]).to_string(),
    "second of two indices": FRAME.set_index(["user", "password"]).to_string(),
    "LaTeX": LATEX,
    "LaTeX of a frame": FRAME.to_latex(),
    "LaTeX, index": FRAME.set_index("password").to_latex(),
    "LaTeX, bold": LATEX.replace("user &", "\\textbf{user} &").replace("password", "\\textbf{password}"),
    "LaTeX, escaped": LATEX.replace("password", "api\\_key").replace("user", "user\\_name"),
    "colours": FRAME.to_string().replace("password", "\x1b[1mpassword\x1b[0m"),
}


@pytest.mark.parametrize("name", TABLES)
def test_cells_are_taken_out_and_the_rest_stays(name: str) -> None:
    text = TABLES[name]
    for out in (scrub(f"before\n{text}\n\nafter\n"), clean_text(f"before\n{text}\n\nafter\n", KnownValues(), [])):
        assert not any(cell in out for cell in CELLS), out
        assert out.count("[REDACTED:secret-column]") == (160 if name == "long frame" else 2)
        assert "ann" in out or "a,b" in out or name == "one column" or "n  " in out
        assert out.startswith("before\n")
        assert out.endswith("\n\nafter\n")


@pytest.mark.parametrize("name", TABLES)
def test_however_it_is_printed(name: str) -> None:
    chance = random.Random(name)
    text = f"before\n{TABLES[name]}\n\nafter\n"
    for _ in range(40):
        cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.choice((1, 2, 9, 60))))
        scrubber = Scrubber()
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert "".join(map(scrubber.feed, pieces)) + scrubber.flush() == scrub(text)


@pytest.mark.parametrize("name", TABLES)
def test_wherever_it_is_cut(name: str) -> None:
    text = f"before\n{TABLES[name]}\n\nafter\n"[:700]
    whole = scrub(text)
    for cut in range(1, min(len(text), 150)):
        scrubber = Scrubber()
        assert scrubber.feed(text[:cut]) + scrubber.feed(text[cut:]) + scrubber.flush() == whole, text[:cut]


def test_an_index_and_a_column() -> None:
    frame = FRAME.assign(secret=["closed door", "abc"])
    for text in (frame.set_index("password").to_string(), frame.set_index("password").to_latex()):
        out = scrub(f"{text}\n\nafter\n")
        assert out.count("[REDACTED:secret-column]") == 4
        assert not any(cell in out for cell in (*CELLS, "closed door", "abc"))
        assert "ann" in out


def test_a_table_below_another_has_its_own_head() -> None:
    tables = (
        "| user | n |\n|---|---|\n| ann | 1 |\n\n| user | secret |\n|---|---|\n| bob | hunter |\n| secret | hunter |\n"
    )
    assert scrub(tables) == tables.replace("hunter", "[REDACTED:secret-column]")
    grid = "+------+--------+\n| user | secret |\n+======+========+\n| bob  | hunter |\n+------+--------+\n"
    assert scrub(grid) == grid.replace("hunter", "[REDACTED:secret-column]")


def test_in_a_stream_of_messages() -> None:
    scrubber = MessageScrubber()
    shown = ""
    for line in TABLES["data frame"].splitlines(keepends=True):
        content = json.dumps({"name": "stdout", "text": line}).encode()
        cleaned = scrubber.clean("iopub", "stream", "p", b"{}", content).content
        shown += json.loads(cleaned)["text"] if cleaned is not None else ""
    shown += "".join(json.loads(content)["text"] for _, content in scrubber.flush("p"))
    assert shown == scrub(TABLES["data frame"])
    assert "hunter" not in shown


ORDINARY = (
    "    Password database entries are reported as tuples containing the following\n    items from the password database\n",
    "    the password and the secret are here\n    kept as they were\n    in a file\n",
    "Arguments:\n    user\n    password\n    host\n    port\n",
    "the password  and the secret  of success\nare hard work\n",
    "  password: the one to use\n  secret: another\n",
    "def login(user, password):\n    user, password = ask()\n    return user\n",
    "user  password_hash  n\nann   abcdef         1\n",
    "keys: password,user\nvalue\n",
    "password\nis\nnext\n",
    "Usage: tool [OPTIONS]\n\n  --password TEXT   The password\n  --user TEXT       The user\n",
    " 45%|####      | 45/100\r 46%|####      | 46/100\r",
    "Passwords are hard.  \npassword  \nhunting season  \n",
    "    columns  and more\npassword is a word  \nhunting season\n",
    "mask = user & password\nflags & secret & other\nann & hunter & more\n",
    "\\begin{tabular}{ll}\ntokens & password length \\\\\n3 & 4 \\\\\n",
    "| key | value |\n|---|---|\n| password | letters |\n| user | ann |\n| secret | words |\n| host | db |\n",
    " key      | value\n----------+-------\n password | letters\n user     | ann\n",
    "AT&T & secret \\\nann & hunter \\\n",
)


def summaries() -> dict[str, str]:
    """What pandas says about a frame whose column is called so, one row a column."""
    frame = pd.DataFrame({"user": ["ann", "bob"], "password": [1.5, 2.5], "age": [30, 40]})
    said = io.StringIO()
    frame.info(buf=said)
    shown = {
        "dtypes": frame.dtypes,
        "missing": frame.isna().sum(),
        "any missing": frame.isna().any(),
        "nunique": frame.nunique(),
        "memory": frame.memory_usage(),
        "describe": frame.drop(columns="user").describe().T,
        "info": said.getvalue(),
        "types as a frame": frame.dtypes.reset_index(),
        "counts": pd.Series({"secret": 3, "other": 4}),
    }
    return {name: str(one) for name, one in shown.items()}


@pytest.mark.parametrize("name", summaries())
def test_a_row_that_is_called_so_is_no_head(name: str) -> None:
    text = summaries()[name] + "\nage    int64\nother words    below\n"
    assert scrub(text) == text
    scrubber = Scrubber()
    assert "".join(scrubber.feed(one) for one in text) + scrubber.flush() == text


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_no_table_stays(text: str) -> None:
    assert scrub(text) == text
    assert clean_text(text, KnownValues(), []) == text


def test_a_table_ends_with_a_blank_line_or_with_three_lines_that_are_no_rows() -> None:
    table = TABLES["data frame"]
    after = "  ann   my password  1\n"
    assert scrub(f"{table}\n\n{after}").endswith(f"\n\n{after}")
    words = "one\ntwo\nthree\n"
    assert scrub(f"{table}\n{words}0  ann       hunter  1\n").endswith(f"{words}0  ann       hunter  1\n")


def test_empty_cells_stay() -> None:
    assert scrub("user,password\nann,\nbob,None\ncid,NaN\n") == "user,password\nann,\nbob,None\ncid,NaN\n"


def test_a_row_that_is_too_long_to_read_goes_whole() -> None:
    row = "0  ann  " + "x" * (LONGEST_ROW + 100)
    text = f"  user  password\n{row}\n\nafter\n"
    assert scrub(text) == "  user  password\n[REDACTED:secret-column]\n\nafter\n"
    scrubber = Scrubber()
    assert "".join(scrubber.feed(text[a : a + 1000]) for a in range(0, len(text), 1000)) + scrubber.flush() == scrub(
        text
    )


@pytest.mark.parametrize("cut", [100, 4_000, 8_000, 9_003, 9_045])
def test_a_line_too_long_for_a_head_is_none_wherever_it_is_cut(cut: int) -> None:
    text = "a1B" * 3_000 + "T" * 40 + "user & secret \\\\\nann & abc \\\\\nmore  \n"
    assert scrub(text) == text
    scrubber = Scrubber()
    pieces = (text[:cut], text[cut : cut + 60], text[cut + 60 :])
    assert "".join(map(scrubber.feed, pieces)) + scrubber.flush() == text
