"""Secrets in cells' own texts: whole strings read from the environment, the cell says the same, twice changes nothing."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from typing import Any
from unittest import mock

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_guard.cli.literals import hidden_in_strings, literals_replaced, without_reads
from jupyter_guard.cli.module import read_module
from jupyter_guard.cli.outputs import secrets_in_text
from jupyter_guard.cli.variables import Variables
from jupyter_guard.scrub import KnownValues
from jupyter_guard.scrub.find import secrets_in

SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
WORD = "Kestrel" + "-4711!"
MARK = "[REDACTED:aws-access-key-id]"

CELLS = {
    "an assignment": (f"db_password = '{WORD}'\n", 'import os\ndb_password = os.environ["DB_PASSWORD"]\n'),
    "an argument": (
        f"import os\nconnect(user='a', password=\"{WORD}\")",
        "import os\nconnect(user='a', password=os.environ[\"PASSWORD\"])",
    ),
    "a key": (f"c = {{'apiKey': '{SECRET}'}}", "import os\nc = {'apiKey': os.environ[\"API_KEY\"]}"),
    "bytes": (f"key = b'{SECRET}'", 'import os\nkey = os.environ["KEY"].encode()'),
    "a part of bytes": (
        f"x = b'id={SECRET} y'",
        "import os\nx = (b'id=' + os.environ[\"X\"].encode() + b' y')",
    ),
    "twice": (f"a = '{SECRET}'\nb = '{SECRET}'", 'import os\na = os.environ["A"]\nb = os.environ["A"]'),
    "inside a text": (
        f"url = 'https://app:{WORD}@db.acme.io/x'",
        "import os\nurl = ('https://app:' + os.environ[\"URL\"] + '@db.acme.io/x')",
    ),
    "inside an f-string": (
        f'db = f"postgresql://{{user}}:{WORD}@h/{{name}}"',
        "import os\ndb = f\"postgresql://{user}:{os.environ['DB']}@h/{name}\"",
    ),
    "a URL in an f-string": (
        f"db = f'postgresql://u:{WORD}@h/db'",
        "import os\ndb = f'postgresql://u:{os.environ[\"DB\"]}@h/db'",
    ),
    "an f-string's part": (
        f"password = f'{WORD}{{x}}'",
        "import os\npassword = f'{os.environ[\"PASSWORD\"]}{x}'",
    ),
    "in a field": (
        f"f\"{{connect(password='{WORD}')}}\"",
        "import os\nf\"{connect(password=os.environ['PASSWORD'])}\"",
    ),
    "a passphrase": (
        f'password = "correct horse {WORD} & staple"',
        'import os\npassword = os.environ["PASSWORD"]',
    ),
    "what patterns end before": (
        f"d['password'] = r'{WORD}\\x'",
        "import os\nd['password'] = os.environ[\"PASSWORD\"]",
    ),
    "strings that are one": (
        'password = ("Kestrel-" "4711!xyz")',
        'import os\npassword = (os.environ["PASSWORD"])',
    ),
    "escapes": (
        f"password = 'pa\\'{WORD}'",
        'import os\npassword = os.environ["PASSWORD"]',
    ),
    "triple quotes": (
        f'x = """\n[a]\npassword = {WORD}\nuser = b\n"""',
        'import os\nx = ("""\n[a]\npassword = """ + os.environ["X"] + """\nuser = b\n""")',
    ),
    "a connection string": (
        f'cs = "Server=x;Pwd={WORD};Database=y"',
        'import os\ncs = ("Server=x;Pwd=" + os.environ["CS"] + ";Database=y")',
    ),
    "quotes in a string": (
        f"s = \"password='{WORD} two words' user=x\"",
        'import os\ns = ("password=\'" + os.environ["S"] + "\' user=x")',
    ),
    "an import from the future": (
        f'"""x"""\nfrom __future__ import annotations  # y\np = "{SECRET}"',
        '"""x"""\nfrom __future__ import annotations  # y\nimport os\np = os.environ["P"]',
    ),
    "a docstring": (f'def f():\n    """{SECRET}"""\n', f'def f():\n    """{MARK}"""\n'),
    "a comment": (f"x = 1  # {SECRET}.", f"x = 1  # {MARK}."),
    "os is something else": (f"os = 1\np = '{SECRET}'", 'os = 1\np = __import__("os").environ["P"]'),
    "os is imported too late": (f"p = '{SECRET}'\nimport os", 'import os\np = os.environ["P"]\nimport os'),
    "a name that the system has": (f"path = '{SECRET}'", 'import os\npath = os.environ["PATH_SECRET"]'),
    "a name that the cell reads": (
        f"import os\na = os.environ['KEY']\nkey = '{SECRET}'",
        "import os\na = os.environ['KEY']\nkey = os.environ[\"KEY_2\"]",
    ),
    "indented as a whole": (f"  p = '{SECRET}'\n  q = 1", '  import os\n  p = os.environ["P"]\n  q = 1'),
    "beside a magic": (
        f"%matplotlib inline\npassword = '{WORD}'\n!ls \\\n  'it",
        'import os\n%matplotlib inline\npassword = os.environ["PASSWORD"]\n!ls \\\n  \'it',
    ),
    "below a magic": (f"%%time\np = '{SECRET}'", '%%time\nimport os\np = os.environ["P"]'),
    "a variable that is set": (f"%env PASSWORD={WORD}", 'import os\nos.environ["PASSWORD"] = os.environ["PASSWORD"]'),
    "a variable that is set in a block": (
        f"if x:\n    %env TOKEN={SECRET}",
        'import os\nif x:\n    os.environ["TOKEN"] = os.environ["TOKEN"]',
    ),
    "a URL in a shell's line": (
        f'!psql "postgresql://u:{WORD}@h/db" -c x',
        '!psql "postgresql://u:$U_SECRET@h/db" -c x',
    ),
    "a shell's line that goes on": (
        f"!curl \\\n  -u 'bob:{WORD}' https://x",
        "!curl \\\n  -u 'bob:'\"$BOB\"'' https://x",
    ),
    "a shell's line": (
        f'!curl -H "Authorization: Bearer {SECRET}" https://x.io',
        '!curl -H "Authorization: Bearer $AUTHORIZATION" https://x.io',
    ),
    "a shell's line in single quotes": (f"!echo 'a {SECRET} b'", "!echo 'a '\"$SECRET\"' b'"),
    "a shell's answer": (f"x = !echo {SECRET}", 'x = !echo "$SECRET"'),
    "a shell's cell": (f"%%bash\nexport TOKEN='{SECRET}'\n", '%%bash\nexport TOKEN="$TOKEN"\n'),
    "a shell's comment": (f"%%bash\nls # {SECRET}\n", f"%%bash\nls # {MARK}\n"),
}

STAY = {
    "another language": f"%%sql\nCREATE USER a PASSWORD '{WORD}'",
    "a magic that takes anything": f"%sql postgresql://u:{WORD}@h/db",
    "a pattern": f"match x:\n    case '{SECRET}':\n        pass",
    "no Python": f"password = '{WORD}",
    "a line in which IPython reads more": f"!echo {SECRET} {{x}}",
    "a here-document": f"%%bash\ncat <<'E'\n{SECRET}\nE\n",
    "nothing": "x = 1",
}


@pytest.mark.parametrize("name", CELLS)
def test_a_secret_is_read_from_the_environment(name: str) -> None:
    code, expected = CELLS[name]
    after, kinds = literals_replaced(code, KnownValues())
    assert after == expected
    assert kinds
    assert literals_replaced(after, KnownValues()) == (after, ())


@pytest.mark.parametrize("name", STAY)
def test_what_cannot_be_replaced_stays(name: str) -> None:
    assert literals_replaced(STAY[name], KnownValues()) == (STAY[name], ())


def found_in(code: str) -> list[str]:
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": code,
    }
    data = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
    return [one.kind for one in secrets_in_text(data, KnownValues())]


@pytest.mark.parametrize("name", CELLS)
def test_it_is_named_before_and_nothing_is_after(name: str) -> None:
    before, after = CELLS[name]
    assert found_in(before)
    assert found_in(after) == []


@pytest.mark.parametrize("name", [name for name in STAY if name != "nothing"])
def test_what_stays_is_named(name: str) -> None:
    assert found_in(STAY[name])


def test_two_secrets_of_a_notebook_never_share_a_variable() -> None:
    variables = Variables()
    first, _ = literals_replaced(f"key = '{SECRET}'", KnownValues(), variables=variables)
    second, _ = literals_replaced(f"key = '{SECRET[::-1]}'", KnownValues.of([SECRET[::-1]]), variables=variables)
    again, _ = literals_replaced(f"other = '{SECRET}'", KnownValues(), variables=variables)
    assert [first[-18:], second[-20:], again[-18:]] == [
        'os.environ["KEY"]'.rjust(18),
        'os.environ["KEY_2"]'.rjust(20),
        'os.environ["KEY"]'.rjust(18),
    ]
    assert variables.names == ["KEY", "KEY_2"]


def test_what_only_a_strings_value_shows_is_found() -> None:
    code = f"x = 1\npassword = ('{SECRET[:8]}'\n  '{SECRET[8:]}')"
    assert [code.count("\n", 0, at) + 1 for at, _ in hidden_in_strings(code, KnownValues())] == [2]


@pytest.mark.parametrize(
    "text", [f"echo a{SECRET} b", f"echo 'x {SECRET}'y", f'echo "{SECRET}z {SECRET}"', f"K={SECRET} env | grep ^K="]
)
def test_a_shell_says_the_same(text: str) -> None:
    known = KnownValues.of([SECRET])
    variables = Variables()
    after, kinds = literals_replaced(f"%%bash\n{text}", known, variables=variables)
    assert kinds
    assert SECRET not in after
    environment = {**os.environ, **dict.fromkeys(variables.names, SECRET)}
    said = [
        subprocess.run(["bash", "-c", one], env=environment, capture_output=True, text=True, check=True).stdout
        for one in (text, after.partition("\n")[2])
    ]
    assert said[0] == said[1] != ""


@st.composite
def literals(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(["", "r", "b", "f", "rb", "u", "rf"]))
    quote = draw(st.sampled_from(["'", '"', "'''", '"""']))
    body = draw(
        st.lists(
            st.sampled_from(
                [SECRET, WORD, "a", " ", "é", "{1}", "{{", "}}", "\\n", "\\x41", "\\\\", ";", "=", "#", "%"]
            )
            | st.sampled_from(["password=", "https://u:", "@h/d", "postgresql://u:", "Bearer ", "\n", "{'k'}", "\\'"]),
            max_size=5,
        )
    )
    return f"{prefix}{quote}{''.join(body)}{quote}"


@st.composite
def expressions(draw: st.DrawFn) -> str:
    lead = draw(st.sampled_from(["", "(", "["]))
    parts = draw(st.lists(literals(), min_size=1, max_size=3))
    joined = draw(st.sampled_from([" ", " + ", "\n  ", "  # it\n", ", "])).join(parts)
    return lead + joined + {"": "", "(": ")", "[": "]"}[lead]


NAMES = st.sampled_from(["x", "password", "api_key", "url", "d['token']", "x: str"])


@settings(max_examples=150, deadline=None)
@example([("password", f"'{SECRET}' + '{SECRET}{SECRET}'")])
@given(st.lists(st.tuples(NAMES, expressions()), min_size=1, max_size=3))
def test_a_cell_says_the_same_and_once_is_enough(lines: list[tuple[str, str]]) -> None:
    code = "d = {}\n" + "\n".join(f"{name} = {value}" for name, value in lines)
    module = read_module(code)
    assume(module is not None)
    try:
        before = _run(code, {})
    except Exception:
        assume(False)
    variables = Variables()
    after, kinds = literals_replaced(code, KnownValues(), variables=variables)
    ast.parse(after)
    assert literals_replaced(after, KnownValues())[0] == after
    # What patterns see between two strings is none.
    left = [after[one.start : one.end] for one in secrets_in(without_reads(after), KnownValues())]
    assert not [text for text in left if re.search(r"\w{4}", text)]
    assert bool(kinds) == (after != code)
    assert _run(after, {name: secret for secret, name in variables._of.items()}) == before


def _run(code: str, environment: dict[str, str]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    with mock.patch.dict(os.environ, environment):
        exec(compile(code, "cell", "exec"), names)
    return {name: value for name, value in names.items() if name not in ("__builtins__", "os", "__annotations__")}


@pytest.mark.parametrize("name", [name for name in CELLS if name != "in a field"])
def test_the_cell_is_still_one_for_ipython(name: str) -> None:
    ast.parse(TransformerManager().transform_cell(CELLS[name][1]))  # type: ignore[no-untyped-call]
