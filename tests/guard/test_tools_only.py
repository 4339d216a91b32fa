"""``code = "tools"``: an assistant's cell is calls of approved tools and plain expressions, and nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard import Session
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Report, Verdict

SHOP = Path(__file__).parent.parent / "tools" / "shop.py"
POLICY = """version = 1
[origin.assistant]
code = "tools"
[tools]
sources = ["shop.py"]
[isolation]
write = ["exports"]
"""
# What a person has in the session: functions, modules, objects.
BEFORE = """
import json, os, shutil
from pathlib import Path
import pandas as pd
import requests
folder, session = Path("exports"), requests.Session()
def helper(path):
    return open(path).read()
def calls_one():
    return print("hello")
class Thing:
    def items(self):
        return print("hello")
thing = Thing()
df = pd.DataFrame({"a": [1]})
shelf = {"run": os.system, "name": "x"}
"""
GOOD = (
    "from jupyter_guard import tools",
    "import jupyter_guard as guard\nguard.tools.find_orders(customer='Ada')",
    "orders = tools.find_orders(customer='Ada')\ntotal = 0\nfor one in orders:\n    total += one['amount']\n"
    "    if one['amount'] > 100:\n        print(f\"{one['customer'].strip()}: {total!r:>10}\")\n    else:\n        pass",
    "[tools.refund(order=one['id'], amount=one['amount']) for one in tools.find_orders(customer='Ada') if one]",
    "names = {one['customer']: 1 for one in tools.find_orders(customer='Ada')}\nnames['x'] = 2\nsorted(names, key=len)[:3]",
    "tools.purge_export(name='a.csv')",
    "id = 7\n(id, id + 1)[0]",
    "', '.join(str(round(one, 2)) for one in (1.5, -2)) if True and not False else None",
    "a, *b = [1, 2, 3]\n(c := a + 1, b)",
    "df['a'].head",
)
# Names that are one thing when they are read and another when they are called.
TURNING = (
    "f = len\nfor one in [1, 2]:\n    f('ls')\n    f = os.system",
    "f = len\nif tools:\n    f = os.system\nf('ls')",
    "[f('ls') for f in [len, os.system]]",
    "for f in (len, os.system):\n    f('ls')",
    "f, g = len, os.system\nf, g = g, f\nf('ls')",
    "calls = [len]\ncalls.append(os.system)\ncalls[1]('ls')",
    "calls = {}\ncalls['x'] = os.system\ncalls['x']('ls')",
    "x = 'abc'\nfor one in [1, 2]:\n    x.replace('a', 'b')\n    x = os",
    "pd = os\npd.remove('x')",
    "t = tools\nt.find_orders(customer='Ada')",
    "find = tools.find_orders",
    "import jupyter_guard as g\ng.tools.find_orders(customer='Ada')",
    "from jupyter_guard.tools import refund",
    "say = print\nsay('x')",
    "x = open",
    "x = [eval]",
    "x = os.system",
    "x = os",
    "exit",
    "quit",
    "x: os.system('ls') = 1",
    "f'{1:{os.system(\"ls\")}}'",
    "display({'application/javascript': 'alert(1)'}, raw=True)",
)
BAD = (
    ("calls_one()", "calls `calls_one`, which is no approved tool but the session's own", "tools."),
    ("thing.items()", "calls `thing.items`, which is no approved tool but the session's own", "tools."),
    ("print(1)\n" * 2500, "cannot be read as a whole", "tools."),
    ("os.remove('exports/a.csv')", "calls `os.remove`", "tools.purge_export(name: str)"),
    ("shutil.rmtree('exports')", "calls `shutil.rmtree`", "tools.purge_export(name: str)"),
    ("open('x').read()", "calls `open`", "tools."),
    ("import os", "imports `os`", "tools."),
    ("from os import remove", "imports `os.remove`", "tools."),
    ("from jupyter_guard import mask", "imports `jupyter_guard.mask`", "tools."),
    ("import jupyter_guard.tools as print", "under a name of its own", "tools."),
    ("def refund(): pass", "defines a function", "tools."),
    ("class A: pass", "defines a class", "tools."),
    ("(lambda: 1)()", "makes a function", "tools."),
    ("while True:\n    pass", "loops without an end that is known", "tools."),
    ("with open('x') as f:\n    pass", "enters a context", "tools."),
    ("try:\n    1\nexcept Exception:\n    pass", "catches errors", "tools."),
    ("del df", "deletes a name", "tools."),
    ("async def f(): pass", "defines a function", "tools."),
    ("!rm -r exports", "which is no Python", "tools."),
    ("ls -la", "which is no Python", "tools."),
    ("pwd", "which is no Python", "tools."),
    ("%timeit 1", "no Python|cannot be parsed", "tools."),
    ("%%bash\nls", "no Python|cannot be parsed", "tools."),
    ("x = !ls", "no Python|cannot be parsed", "tools."),
    ("helper('x')", "calls `helper`", "tools."),
    ("folder.replace('gone')", "calls `pathlib.Path.replace`|calls `folder.replace`", "tools."),
    ("session.get('https://shop.test/')", "calls `requests.Session.get`|calls `session.get`", "tools."),
    ("json.loads('1')", "calls `json.loads`", "tools."),
    ("df.to_csv('x')", "calls `pandas.DataFrame.to_csv`", "tools."),
    ("df.columns = 1", "sets the attribute `columns`", "tools."),
    ("len = os.system\nlen('ls')", "gives `len` a new meaning", "tools."),
    ("for print in [os.system]:\n    print('ls')", "gives `print` a new meaning", "tools."),
    ("tools = os", "gives `tools` a new meaning", "tools."),
    ("run = os.system\nrun('ls')", "calls `os.system`", "tools."),
    ("[os.system][0]('ls')", "calls `os.system`", "tools."),
    ("shelf['run']('ls')", "calls `os.system`", "tools."),
    ("getattr(os, 'system')('ls')", "calls `getattr`", "tools."),
    ("getattr(tools, 'refund')(order=1, amount=1.0)", "calls `getattr`", "tools."),
    ("__import__('os').system('ls')", "calls `__import__`", "tools."),
    ("eval('1')", "calls `eval`", "tools."),
    ("sorted(['x'], key=os.remove)", "key=|os.remove", "tools."),
    ("print('x', file=df)", "hands `file=` something to call or to write to", "tools."),
    ("print(*['x'], **{'file': df})", "hands over arguments that are not written out", "tools."),
    ("tools.find_orders.__globals__", "reads `__globals__`, which is not public", "tools."),
    ("''.__class__.__mro__[1].__subclasses__()", "not public", "tools."),
    ("f'{os.remove(\"x\")}'", "calls `os.remove`", "tools.purge_export(name: str)"),
    ("shutil.copy('a', 'b')", "calls `shutil.copy`", "tools."),
    ("x = 'é'; os.remove('a')", "calls `os.remove`", "tools.purge_export"),
    ("tools.refnd(order=1, amount=1.0)", "calls `tools.refnd`", "tools.refund(order: int, amount: float"),
    ("tools.refund(1, 2.0)", "without naming its arguments", "tools.refund(order: int, amount: float"),
    ("this is no code (", "cannot be parsed", "tools."),
    ("match df:\n    case _:\n        pass", "matches patterns", "tools."),
    ("assert df", "asserts", "tools."),
    ("raise ValueError", "raises an error", "tools."),
    ("@tools.refund\ndef f(): pass", "defines a function", "tools."),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    shutil.copy(SHOP, folder / "shop.py")
    (folder / "policy.toml").write_text(POLICY)
    (folder / "work").mkdir()
    return folder


@pytest.fixture(scope="module")
def session(place: Path) -> Iterator[Session]:
    session = Session(Policy.load(place / "policy.toml"), "assistant", workspace=place / "work")
    assert session.vet(BEFORE, "human").verdict <= Verdict.WARN
    assert session.vet("from jupyter_guard import tools").verdict is Verdict.ALLOW
    return session


def judged(session: Session, code: str, origin: str = "assistant") -> Report:
    report = session.vet(code, origin)
    # It is judged only, so that what one example names no other one knows.
    session.refused()
    return report


@pytest.mark.parametrize("code", GOOD)
def test_tools_and_plain_expressions_are_allowed(session: Session, code: str) -> None:
    report = judged(session, code)
    assert report.verdict is Verdict.ALLOW, [one.message for one in report.findings]


@pytest.mark.parametrize(("code", "what", "nearest"), BAD)
def test_everything_else_is_refused_with_the_nearest_tool(session: Session, code: str, what: str, nearest: str) -> None:
    report = judged(session, code)
    assert report.verdict is Verdict.BLOCK
    found = [one for one in report.findings if one.rule == "JG895"]
    assert any(part in one.message for one in found for part in what.split("|")), [one.message for one in found]
    assert any(nearest in one.instead for one in found), [one.instead for one in found]
    assert {one.decided_by for one in found} == {"user: origin.assistant.code"}
    assert all(0 <= one.span.line <= one.span.end_line for one in found)


@pytest.mark.parametrize("code", TURNING)
def test_nothing_is_called_by_a_name_that_could_be_something_else(session: Session, code: str) -> None:
    assert judged(session, code).verdict is Verdict.BLOCK


def test_a_name_that_an_earlier_cell_assigned_is_no_librarys(place: Path) -> None:
    more = 'safe_calls = ["math.sqrt", "print"]\n[isolation]'
    policy = Policy.parse(
        POLICY.replace("shop.py", str(place / "shop.py")).replace("[isolation]", more), str(place / "policy.toml")
    )
    session = Session(policy, "assistant", workspace=place / "work")
    assert session.vet("import math\nmath.sqrt(4)").verdict is Verdict.ALLOW
    assert session.vet("math = 3").verdict is Verdict.ALLOW
    assert session.vet("math.sqrt(4)").verdict is Verdict.BLOCK


def test_a_person_is_not_bound(session: Session) -> None:
    assert judged(session, "def f():\n    return os.getcwd()\nf()", "human").verdict is Verdict.ALLOW


def test_a_comment_allows_nothing(place: Path) -> None:
    policy = Policy.parse(
        POLICY.replace("shop.py", str(place / "shop.py")) + '[suppress]\norigins = ["assistant"]\n',
        str(place / "policy.toml"),
    )
    report = Session(policy, "assistant", workspace=place / "work").vet(
        "import os  # guard: allow JG895 because I say so"
    )
    assert report.verdict is Verdict.BLOCK


def test_the_policy_lists_calls_that_are_safe(place: Path) -> None:
    more = 'safe_calls = ["math.sqrt", ".head", "len"]\n[isolation]'
    policy = Policy.parse(
        POLICY.replace("shop.py", str(place / "shop.py")).replace("[isolation]", more), str(place / "policy.toml")
    )
    session = Session(policy, "assistant", workspace=place / "work")
    session.vet("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\nimport os\nimport head", "human")
    for code in ("import math\nmath.sqrt(len([1]))", "from math import sqrt\nsqrt(4)", "df.head()"):
        assert session.vet(code).verdict is Verdict.ALLOW, code
    # `.head` is a method of a value, and no function of a module.
    for code in ("import math\nmath.exp(1)", "from math import exp", "os.head()", "print(1)", "import cmath"):
        assert session.vet(code).verdict is Verdict.BLOCK, code


def test_what_a_tool_declares_is_in_the_sentence_and_not_judged_as_codes(session: Session) -> None:
    report = judged(session, "tools.purge_export(name='a.csv')")
    assert report.sentence == "deletes `exports/`"
    assert not report.findings
    # The same by code is what it always was.
    assert judged(session, "import shutil\nshutil.rmtree('/home')", "human").verdict > Verdict.WARN


def test_other_languages_are_refused_as_a_whole(session: Session) -> None:
    for language, code in (("bash", "ls"), ("sql", "SELECT 1")):
        report = session.vet(code, language=language)
        assert report.verdict is Verdict.BLOCK
        assert report.findings[0].message == "is no Python"


def test_without_a_tool_it_says_so(place: Path) -> None:
    policy = Policy.parse('version = 1\n[origin.assistant]\ncode = "tools"\n[tools]\nsources = ["none.py"]\n')
    report = Session(policy, "assistant", workspace=place / "work").vet("import os")
    assert "No tool is approved here: tools.sources: " in report.findings[0].instead
