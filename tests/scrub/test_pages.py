"""In HTML a value beside its label, in a field or in a column goes, and pages that only speak of passwords stay."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable

import pandas as pd
import pytest

from jupyter_guard.scrub import KnownValues, MessageScrubber, Redaction
from jupyter_guard.scrub.find import clean_html

WORD = "hun" + "terx"
RANDOM = "".join(random.Random(5).choices(string.ascii_letters + string.digits, k=20))


def cleaned(page: str) -> str:
    raw = json.dumps({"data": {"text/html": page}, "metadata": {}}).encode()
    out = MessageScrubber().clean("iopub", "display_data", "p", b"{}", raw)
    found: list[Redaction] = []
    assert clean_html(page, KnownValues(), found) == json.loads(out.content or b"")["data"]["text/html"]
    return str(json.loads(out.content or b"")["data"]["text/html"])


Page = Callable[[str], str]
WITH_A_WORD: tuple[Page, ...] = (
    lambda v: f"<table><tr><th>password</th><td>{v}</td></tr></table>",
    lambda v: f"<table><tr><td>user</td><td>ann</td></tr><tr><td>Password</td>\n<td>{v}</td></tr></table>",
    lambda v: f"<table><tr><td><b>Password:</b></td><td>{v}</td></tr></table>",
    lambda v: f"<dl><dt>user</dt><dd>ann</dd><dt>password</dt>\n  <dd>{v}</dd></dl>",
    lambda v: f"<label for=x>password</label><input id=x value='{v}'>",
    lambda v: f"<label for='x'>password</label><p>words between</p><input id='x' value='{v}'>",
    lambda v: f"<label>Password <input value='{v}'></label>",
    lambda v: f"<input type='password' value='{v}'>",
    lambda v: f"<input value='{v}' type='password'>",
    lambda v: f'<input value="{v}" name="api_key">',
    lambda v: f'<input placeholder="Paste your HF token" value="{v}">',
    lambda v: f"<label>Token</label><textarea rows=3>{v}</textarea>",
    lambda v: f"<li><b>Password</b>: {v}</li>",
    lambda v: f"<p><span class=k>password</span>: <span>{v}</span></p>",
    lambda v: f"<div>Password:</div><div>{v}</div>",
    lambda v: f"<label>Password</label><div>{v}</div>",
)
WITH_A_TOKEN: tuple[Page, ...] = (
    lambda v: f"<table><tr><th>X-Api-Key</th><td>{v}</td></tr></table>",
    lambda v: f"<dl><dt>Access token</dt><dd><code>{v}</code></dd></dl>",
    lambda v: f"<tr><td><strong>API key</strong></td><td><code>{v}</code></td></tr>",
    lambda v: f"<div><strong>Client secret:</strong> <em>{v}</em></div>",
    lambda v: f"<label>Token</label> <output>{v}</output>",
)


@pytest.mark.parametrize("page", [*WITH_A_WORD, *WITH_A_TOKEN])
def test_a_generated_value_beside_its_label(page: Page) -> None:
    out = cleaned(page(RANDOM))
    assert RANDOM not in out
    kind = out.split("[REDACTED:")[1].split("]")[0]
    assert out == page(f"[REDACTED:{kind}]")


@pytest.mark.parametrize("page", WITH_A_WORD)
def test_a_word_beside_its_label(page: Page) -> None:
    out = cleaned(page(WORD))
    assert WORD not in out
    kind = out.split("[REDACTED:")[1].split("]")[0]
    assert out == page(f"[REDACTED:{kind}]")


FRAME = pd.DataFrame({"user": ["ann", "bob"], "password": [WORD, "open sesame"], "n": [1, 2]})
FRAMES = {
    "columns": FRAME.to_html(),
    "on its side": FRAME.T.to_html(),
    "on its side, with a style": FRAME.T.style.to_html(),
    "as index": FRAME.set_index("password").to_html(),
    "as index, another column too": FRAME.assign(secret=["closed door", "abc"]).set_index("password").to_html(),
    "first of two indices": FRAME.set_index(["password", "user"]).to_html(),
    "second of two indices": FRAME.set_index(["user", "password"]).to_html(),
    "with a style": FRAME.style.to_html(),
    "bold names": "<table><tr><th><b>user</b></th><th><b>Password</b></th></tr>"
    f"<tr><td>ann</td><td>{WORD}</td></tr><tr><td>bob</td><td>open sesame</td></tr></table>",
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name: str) -> None:
    out = cleaned(FRAMES[name])
    for part in (WORD, "sesame", "closed", ">abc<"):
        assert part not in out
    assert out.count("[REDACTED:secret-column]") == (4 if "another" in name else 2)
    assert "ann" in out
    assert "bob" in out


SUMMARIES = {
    "types": FRAME.dtypes.to_frame().to_html(),
    "types, in rows": FRAME.dtypes.reset_index().to_html(),
    "missing": FRAME.isna().sum().to_frame().to_html(),
    "any missing": FRAME.isna().any().to_frame().to_html(),
    "kinds": FRAME.nunique().to_frame().to_html(),
    "described": FRAME.assign(password=[1.5, 2.5]).describe().T.to_html(),
}
RICH = f"<pre><b>\u2503 user \u2503 passwd \u2503</b>\n\u2502 ann  \u2502 {WORD} \u2502\n\u2502 bob  \u2502 open sesame \u2502\n</pre>"


def test_a_table_of_a_terminal_in_a_page() -> None:
    out = cleaned(RICH)
    assert out.count("[REDACTED:secret-column]") == 2
    assert "ann" in out


ORDINARY = (
    *SUMMARIES.values(),
    "<table><tr><th>Option</th><th>Meaning</th></tr><tr><td>password</td><td>The password to log in with</td></tr></table>",
    "<table><thead><tr><th>user</th><th>password</th></tr></thead><tbody></tbody></table>",
    "<ul><li>Password</li><li>Security</li><li>Tokens</li></ul>",
    "<nav><a>API key</a><a>Settings</a><span>Password</span><span>Profile</span></nav>",
    "<dl><dt>password</dt><dd>str, the password to use</dd><dt>token</dt><dd>optional</dd></dl>",
    "<label>Password</label><input type='password' value=''>",
    "<input type='submit' name='pw' value='Reset password'><input type='checkbox' id='token' value='yes'>",
    "<label>Max tokens</label><input value='4096'>",
    "<label>Stop token</label><input value='endoftext'>",
    "<table><tr><th>tokens</th><td>512</td></tr><tr><th>tokenizer</th><td>cl100k_base</td></tr></table>",
    "<p>Your <b>password</b> is safe with us</p><p><b>Token</b> of thanks</p>",
    "<p><span>PWD</span>: <span>'/Users/ann'</span></p>",
    "<table><tr><td>a</td><td>password</td><td>letters</td></tr></table>",
)


@pytest.mark.parametrize("page", ORDINARY)
def test_other_pages_stay(page: str) -> None:
    assert cleaned(page) == page
