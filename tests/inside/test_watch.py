"""What is compiled while a cell runs, in a session that is guarded from inside: the same watch, the same judgement."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sessions import DENIED, environment, shell_facts

from jupyter_guard.inside.child import watch

LOAD = 'shell.run_line_magic("load_ext", "jupyter_guard")\n'
HIDDEN = base64.b64encode(DENIED.encode()).decode()
SETUP = f"""
import base64
# Nothing that any cell says.
shell.user_ns["hidden"] = base64.b64decode({HIDDEN!r}).decode()
shell.run_cell("import threading")
def outcome(code):
    result = shell.run_cell(code)
    return type(result.error_before_exec or result.error_in_exec).__name__
"""


def test_code_that_a_cell_builds_is_judged(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + SETUP
        + """
facts["exec"] = outcome("exec(hidden)")
facts["compile"] = outcome("eval(compile(hidden, 'x', 'exec'))")
facts["caught"] = outcome("try: exec(hidden)\\nexcept BaseException as error: print('caught', type(error).__name__)")
facts["fine"] = outcome("exec('a' + ' = str(5)')")
shell.run_cell("with open('written.py', 'w') as file: print(hidden, file=file)")
shell.run_cell("import sys; sys.path.insert(0, '')")
facts["import"] = outcome("import written")
shell.run_cell('''def work():
    try: exec(hidden)
    except BaseException as error: print("thread", type(error).__name__)
thread = threading.Thread(target=work); thread.start(); thread.join()''')
facts["value"] = shell.user_ns["a"]
""",
    )
    assert facts["exec"] == facts["compile"] == facts["import"] == "CellBlocked"
    assert facts["caught"] == facts["fine"] == "NoneType"
    assert facts["value"] == "5"
    assert "caught CellBlocked" in str(facts["output"])
    assert "thread CellBlocked" in str(facts["output"])
    assert "`written.py`, imported by line 1 of cell" in str(facts["output"])


def test_after_unloading_nothing_is_judged(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + SETUP
        + """
shell.run_line_magic("unload_ext", "jupyter_guard")
facts["exec"] = outcome("exec(hidden)")
""",
    )
    assert facts["exec"] == "NoneType"


# --- who compiles decides

SCRIPT = """
import json, os, sys
sys.path.insert(0, {child!r})
import hook, watch
class Manager:
    cleanup_transforms = line_transforms = token_transformers = ()
class Shell:
    input_transformer_manager = Manager()
    ast_transformers = ()
asked = []
def judge(text):
    asked.append([text.how, text.code, os.path.basename(text.path)])
    if text.code.startswith("refused"): raise ValueError("refused")
hook.start(watch.Watch(Shell(), judge, dict))
try:
    exec(compile({code!r}, "<ipython-input-1>", "exec"))
except ValueError as error:
    asked.append(str(error))
print(json.dumps(asked[1:]))
"""


def asked(folder: Path, code: str, python: str = sys.executable) -> list[object]:
    """What the watch puts before its judge while ``code`` runs as a cell would."""
    script = SCRIPT.format(child=str(Path(watch.__file__).parent), code=code)
    (folder / "script").mkdir(exist_ok=True)
    (folder / "script" / "main.py").write_text(script)
    done = subprocess.run(
        [python, "script/main.py"], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


ASKED = [
    ("exec('f()')", [["text", "f()", ""]]),
    ("exec('f = print\\nf()')", [["text", "f = print\nf()", ""]]),
    ("eval('str(1)')", [["text", "str(1)", ""]]),
    ("eval('1 + 1'), eval('[1, 2.5]'), eval('x == 1', {'x': 1})", []),
    ("exec('x[0] = 1', {'x': [2]})", [["text", "x[0] = 1", ""]]),
    ("import ast; ast.parse('f()'); ast.literal_eval('[1]')", []),
    # The statement, and what `timeit` wraps it in.
    ("import timeit; timeit.timeit('str(1)', number=1)", [["text", None, ""], ["text", None, ""]]),
    ("import collections; collections.namedtuple('N', 'a b')", []),
    ("import dataclasses; dataclasses.make_dataclass('D', ['a'])", []),
    ("import xml.dom.minidom, decimal", []),
    ("import mine", [["module", "VALUE = str(1)\n", "mine.py"]]),
    ("import mine, importlib; importlib.reload(mine)", [["module", "VALUE = str(1)\n", "mine.py"]]),
    ("import cached", [["module", "VALUE = str(2)\n", "cached.py"]]),
    ("import runpy; runpy.run_path('mine.py')", [["module", "VALUE = str(1)\n", "mine.py"]]),
    ("import py_compile; py_compile.compile('mine.py')", []),
    ("exec('refused()')\nprint('ran')", [["text", "refused()", ""], "refused"]),
    ("for _ in range(3): exec('f = str()')", [["text", "f = str()", ""]]),
]


@pytest.fixture
def workspace(folder: Path) -> Path:
    (folder / "mine.py").write_text("VALUE = str(1)\n")
    (folder / "cached.py").write_text("VALUE = str(2)\n")
    subprocess.run([sys.executable, "-m", "py_compile", "cached.py"], cwd=folder, check=True)
    (folder / "script").mkdir()
    (folder / "script" / "f.py").write_text("")
    return folder


@pytest.mark.parametrize(("code", "expected"), ASKED)
def test_what_is_asked_about(workspace: Path, code: str, expected: list[object]) -> None:
    found = asked(workspace, "import sys\nsys.path.insert(0, '')\nf = print\n" + code)
    if expected and isinstance(expected[0], list) and expected[0][1] is None:
        assert [one[0] for one in found if isinstance(one, list)] == [
            one[0] for one in expected if isinstance(one, list)
        ]
    else:
        assert found == expected


def interpreter(version: str) -> str | None:
    """A Python of this version: on the path, or installed beside the one that runs the tests."""
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python"))
    for one in [*map(str, beside), shutil.which(f"python{version}")]:
        if one and subprocess.run([one, "-c", "1"], capture_output=True, check=False).returncode == 0:
            return one
    return None


# And 3.14, wherever the tests run on it.
VERSIONS = ["3.8", "3.9", "3.10", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_python_that_a_kernel_may_have(workspace: Path, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    code = "import sys\nsys.path.insert(0, '')\nimport mine\nexec('str(5)')\n"
    code += "import decimal, collections; collections.namedtuple('N', 'a')"
    assert asked(workspace, code, python) == [["module", "VALUE = str(1)\n", "mine.py"], ["text", "str(5)", ""]]


HOLDS = """
import importlib.util, json, os, sqlite3, sys
sys.path.insert(0, {child!r})
import acts, calling, drivers, held, hints, hook, link, newcomers, opened, recursion, refusal, statements, vaults, whose
asked = []
def put(code, frame, about):
    asked.append(about.get("rows"))
    if about.get("rows") is not None or not about: raise PermissionError
    return {{"hold": bool(about.get("holds"))}}
statements.start(put, held)
drivers.start(statements.about_to, held)
vaults.start(lambda *_: None, dict(statements.DRIVERS, **drivers.DRIVERS))
c = sqlite3.connect("shop.db")
c.executescript("CREATE TABLE sales (id); INSERT INTO sales VALUES (1), (2), (3);")
for sql, parameters in (("DELETE FROM sales WHERE id > ?", (1,)), ("DROP TABLE sales", ()), ("UPDATE sales SET id = ? WHERE id = ?", (9, 1))):
    try: c.execute(sql, parameters)
    except PermissionError: pass
before = c.in_transaction
try: type(c).__mro__[1].execute(c, "DELETE FROM sales")
except (sqlite3.DatabaseError, PermissionError): asked.append("denied")
print(json.dumps([asked, c.execute("SELECT count(*), sum(id) FROM sales").fetchone(), before]))
"""


@pytest.mark.parametrize("version", [*VERSIONS, "3.11"])
def test_a_statement_waits_in_every_python(folder: Path, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    script = HOLDS.format(child=str(Path(watch.__file__).parent))
    done = subprocess.run(
        [python, "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    asked, left, is_open = json.loads(done.stdout)
    assert (asked[:6], asked[-1]) == ([None, 2, None, 3, None, 1], "denied")
    assert (left, is_open) == ([3, 6], False)


def test_what_a_coding_cookie_says_is_how_a_file_is_read() -> None:
    assert watch.decoded("# -*- coding: latin-1 -*-\nx = 'ä'".encode("latin-1")).endswith("'ä'")
    assert watch.decoded(b"\xef\xbb\xbfx = 1") == "x = 1"
    assert watch.decoded(b"\xff\xfe") == "ÿþ"
