"""``jupyter guard vet --fix`` on real files: safe rewrites, every other byte as it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import v3, v4

Run = Callable[..., "subprocess.CompletedProcess[str]"]

LOADS = "import yaml\nsettings = yaml.load(text, Loader=yaml.Loader)  # ours"
SAFE = "import yaml\nsettings = yaml.safe_load(text)  # ours"


def test_a_notebook_is_fixed_and_the_rest_keeps_every_byte(run: Run, work: Path) -> None:
    made = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# yaml.load(text, Loader=yaml.Loader)"),
            v4.new_code_cell("import yaml, requests\n%matplotlib inline"),
            v4.new_code_cell(
                "a = yaml.load(t, Loader=yaml.Loader)\nb = requests.get(u, verify=False, timeout=3)\nc = yaml.unsafe_load(t)",
                outputs=[v4.new_output("stream", text="yaml.load(t, Loader=yaml.Loader)\n")],
                metadata={"odd": [1, 1.0, True]},
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "é"}},
    )
    # An indentation and an order of keys that nbformat would not write.
    text = json.dumps(made, indent=3, ensure_ascii=True, sort_keys=False) + "\n\n"
    (work / "n.ipynb").write_bytes(text.encode())
    result = run("vet", "n.ipynb", "--origin", "assistant", "--fix")
    assert result.stderr.split("\n")[:3] == [
        "jupyter guard: fixed n.ipynb, cell 3, line 1: Use yaml.safe_load (JG112)",
        "jupyter guard: fixed n.ipynb, cell 3, line 2: Verify who the far side is (JG502)",
        "jupyter guard: fixed n.ipynb, cell 3, line 3: Use yaml.safe_load (JG112)",
    ]
    after = (work / "n.ipynb").read_bytes().decode()
    assert "a = yaml.safe_load(t)\\nb = requests.get(u, timeout=3)\\nc = yaml.safe_load(t)" in after
    pieces = [
        ("a = yaml.load(t, Loader=yaml.Loader)", "a = yaml.safe_load(t)"),
        ("verify=False, ", ""),
        ("yaml.unsafe_load", "yaml.safe_load"),
    ]
    expected = text
    for before, now in pieces:
        expected = expected.replace(before, now, 1)
    assert after == expected
    # What is fixed is vetted, and there is nothing more to fix.
    assert "JG112" not in result.stdout
    again = run("vet", "n.ipynb", "--origin", "assistant", "--fix")
    assert ("fixed" in again.stderr, (work / "n.ipynb").read_bytes().decode()) == (False, after)


def test_a_shipped_notebook_however_it_was_written_keeps_every_other_byte(run: Run, work: Path) -> None:
    shipped = json.loads((Path(__file__).parents[2] / "demo_notebooks" / "analysis.ipynb").read_bytes())
    before = "import yaml  # façade\n%matplotlib inline\nif True:\n\tset = yaml.load(\n\t\t'ü: 1',\n\t\tLoader=yaml.Loader,\n\t)\n"
    shipped["cells"].insert(1, {**v4.new_code_cell(before), "source": before.splitlines(True)})
    one_text = {**shipped, "cells": [{**cell, "source": "".join(cell["source"])} for cell in shipped["cells"]]}
    plain, cells = json.dumps(shipped, indent=1, ensure_ascii=False), {}
    cells["plain"] = plain + "\n"
    cells["windows"] = (plain + "\n").replace("\n", "\r\n")
    cells["no_end"] = plain
    cells["tabs"] = json.dumps(shipped, indent="\t") + "\n\n"
    cells["narrow"] = json.dumps(one_text, separators=(",", ":"))
    for name, text in cells.items():
        (work / f"{name}.ipynb").write_bytes(text.encode())
    result = run("vet", ".", "--fix", "--fail-on", "never", "--no-practice")
    assert result.stderr.count("cell 2, line 4: Use yaml.safe_load (JG112)") == len(cells), result.stderr
    for name, text in cells.items():
        after = (work / f"{name}.ipynb").read_bytes().decode()
        start, gone = text.index("yaml.load("), "Loader=yaml.Loader,"
        end = text.index(gone) + len(gone)
        # The file before and after the call, and the call.
        tail = len(text) - end
        assert (after[:start], after[len(after) - tail :]) == (text[:start], text[end:]), name
        code = "".join(json.loads(after)["cells"][1]["source"])
        assert code == before.replace("yaml.load(", "yaml.safe_load(").replace("\t\tLoader=yaml.Loader,\n", ""), name


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_scripts_keep_their_line_ends_their_mark_and_their_mode(run: Run, work: Path, start: bytes, end: str) -> None:
    text = "# %% first\nx = 'ü'\n\n# %% second\n" + LOADS + "\n\n# %%\nprint(settings)\n"
    path = work / "a.py"
    path.write_bytes(start + text.replace("\n", end).encode())
    path.chmod(0o755)
    result = run("vet", "a.py", "--fix", "--fail-on", "never")
    assert "fixed a.py, cell 2, line 3: Use yaml.safe_load (JG112)" in result.stderr
    assert path.read_bytes() == start + text.replace(LOADS, SAFE).replace("\n", end).encode()
    assert path.stat().st_mode & 0o777 == 0o755


def test_notebooks_of_format_3_are_fixed(run: Run, work: Path) -> None:
    made = v3.new_notebook(worksheets=[v3.new_worksheet(cells=[v3.new_code_cell(LOADS)])])
    (work / "old.ipynb").write_text(v3.writes_json(made))
    before = (work / "old.ipynb").read_text()
    assert run("vet", "old.ipynb", "--fix").stderr.startswith("jupyter guard: fixed old.ipynb, cell 1, line 2")
    after = (work / "old.ipynb").read_text()
    assert after == before.replace("yaml.load(text, Loader=yaml.Loader)", "yaml.safe_load(text)")


def test_what_has_no_safe_rewrite_stays(run: Run, work: Path) -> None:
    secret = "-".join(["correct", "horse", "9"])
    for name, code in {
        "clean.py": "x = 1\n",
        "wipe.py": "import shutil\nshutil.rmtree('/home')\n",
        # Reading it from the environment is for `jupyter guard scrub`: it does not run before it is there.
        "secret.py": f"password = '{secret}'\n",
        "mixed.py": LOADS.replace("\n", "\r\n") + "\nx = 1\n",
        "broken.py": "import yaml\nyaml.load(text, Loader=yaml.Loader\n",
        "query.sql": "SELECT 1;\n",
    }.items():
        (work / name).write_bytes(code.encode())
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in work.iterdir()}
    result = run("vet", ".", "--fix", "--origin", "assistant")
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in work.iterdir()} == before
    assert "fixed " not in result.stderr.replace("nothing in it was fixed", "")
    assert "mixed.py: nothing in it was fixed: some of its lines end with a carriage return" in result.stderr
    assert result.returncode == 2


def test_a_name_that_hides_the_safe_one_is_left_alone(run: Run, work: Path) -> None:
    (work / "n.ipynb").write_text("")
    cells = ["from yaml import load, Loader", "settings = load(text, Loader=Loader)"]
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), work / "n.ipynb")
    before = (work / "n.ipynb").read_bytes()
    result = run("vet", "n.ipynb", "--fix", "--origin", "assistant")
    assert ("fixed" in result.stderr, (work / "n.ipynb").read_bytes()) == (False, before)
    assert result.returncode == 1


@pytest.mark.parametrize(
    "option", [("--baseline", "b.json"), ("--diff=HEAD",), ("--write-baseline", "b.json"), ("--resume", "j")]
)
def test_fixing_is_a_step_of_its_own(run: Run, work: Path, option: tuple[str, ...]) -> None:
    (work / "a.py").write_text(LOADS)
    result = run("vet", "a.py", "--fix", *option)
    assert (result.returncode, "fix first" in result.stderr) == (2, True)
    assert (work / "a.py").read_text() == LOADS


def test_what_cannot_be_written_is_said(run: Run, work: Path) -> None:
    import os

    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (work / "a.py").write_text(LOADS)
    work.chmod(0o555)
    try:
        result = run("vet", "a.py", "--fix")
    finally:
        work.chmod(0o755)
    assert (result.returncode, "a.py: not fixed" in result.stderr) == (2, True)


def test_other_rewrites_are_shown_and_not_made(run: Run, work: Path) -> None:
    cells = [
        "import sqlite3, yaml, requests\ncon = sqlite3.connect('shop.db')",
        "con.execute('DELETE FROM sales')\nd = yaml.load(t, Loader=yaml.Loader)",
        "name = input()\ncon.execute(f\"SELECT * FROM sales WHERE n = '{name}'\")\nrequests.get(u)",
    ]
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), work / "n.ipynb")
    before = (work / "n.ipynb").read_bytes()
    shown = run("vet", "n.ipynb", "--origin", "assistant", "--show-fixes")
    assert (work / "n.ipynb").read_bytes() == before
    for line in (
        "rewrite: Say which rows (JG302; read it first)",
        "--- n.ipynb, cell 2",
        "+con.execute('DELETE FROM sales WHERE 1 = 0 /* which rows? */')",
        "rewrite: Use yaml.safe_load (JG112; --fix makes it)",
        '+con.execute("SELECT * FROM sales WHERE n = ?", (name,))',
        "+requests.get(u, timeout=30)",
    ):
        assert line in shown.stdout
    told = json.loads(run("vet", "n.ipynb", "--origin", "assistant", "--show-fixes", "--format", "json").stdout)
    rewrites = {
        one["rule"]: one["rewrite"]["safe"]
        for cell in told["cases"][0]["cells"]
        for one in cell["findings"]
        if one["rewrite"]
    }
    assert rewrites == {"JG112": True, "JG302": False, "JG305": False, "JG908": False}
    assert "rewrite" not in run("vet", "n.ipynb", "--format", "json").stdout
    # Which of them may be worth asking for is said without their being made, too.
    plain = json.loads(run("vet", "n.ipynb", "--origin", "assistant", "--format", "json").stdout)["cases"][0]["cells"]
    likely = {one["rule"]: (one["fixable"], one["offered"]) for cell in plain for one in cell["findings"]}
    assert (likely["JG112"], likely["JG302"]) == ((True, False), (False, True))
    # Only the safe one is made.
    assert run("vet", "n.ipynb", "--origin", "assistant", "--fix").stderr.count("fixed n.ipynb") == 1
    after = "".join(cell.source for cell in nbformat.read(work / "n.ipynb", 4).cells)
    assert ("safe_load" in after, "DELETE FROM sales')" in after, "timeout" in after) == (True, True, False)


def test_a_shown_rewrite_shows_no_secret(run: Run, work: Path) -> None:
    secret = "-".join(["correct", "horse", "battery", "9"])
    (work / "a.py").write_text(f"password = '{secret}'\n")
    shown = run("vet", "a.py", "--show-fixes")
    assert 'os.environ["PASSWORD"]' in shown.stdout
    assert "(JG603; read it first)" in shown.stdout
    assert secret not in shown.stdout


def test_fix_says_where_it_does_nothing(run: Run, work: Path) -> None:
    given = run("vet", "-", "--fix", stdin=LOADS)
    assert "--fix changes files, and standard input is none" in given.stderr
    assert "1 cell in 1 case" in given.stdout
    (work / "q.sql").write_text("SELECT 1;\n")
    assert "none of these is one" in run("vet", "q.sql", "--fix").stderr
    (work / "s.py").write_text("x = 1\n")
    assert run("vet", "s.py", "q.sql", "--fix").stderr == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'import requests\nrequests.get("https://a", verify=False, timeout=1, **more)\n'
            'requests.get("https://a", verify=False, timeout=1)\n',
            'import requests\nrequests.get("https://a", verify=False, timeout=1, **more)\n'
            'requests.get("https://a", timeout=1)\n',
        ),
        (
            "import yaml\nclass L(yaml.Loader):\n    pass\na = yaml.load(f, Loader=L)\n"
            "b = yaml.load(f, Loader=yaml.Loader)\n",
            "import yaml\nclass L(yaml.Loader):\n    pass\na = yaml.load(f, Loader=L)\nb = yaml.safe_load(f)\n",
        ),
    ],
)
def test_what_cannot_be_fixed_hides_nothing_that_can(run: Run, work: Path, before: str, after: str) -> None:
    (work / "a.py").write_text(before)
    shown = run("vet", "a.py", "--origin", "assistant", "--show-fixes").stdout
    assert shown.count("--fix makes it") == 1
    run("vet", "a.py", "--origin", "assistant", "--fix")
    assert (work / "a.py").read_text() == after


def test_only_what_keeps_a_notebook_working_is_fixed(run: Run, work: Path) -> None:
    cells = [
        "import yaml\nyaml.add_constructor('!env', f, Loader=yaml.FullLoader)",
        "d = yaml.load('!env HOME', Loader=yaml.FullLoader)",
        "client.get('x', verify=False)",
    ]
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), work / "n.ipynb")
    before = (work / "n.ipynb").read_bytes()
    shown = run("vet", "n.ipynb", "--origin", "assistant", "--show-fixes").stdout
    assert (shown.count("read it first"), shown.count("--fix makes it")) == (2, 0)
    assert "fixed" not in run("vet", "n.ipynb", "--origin", "assistant", "--fix").stderr
    assert (work / "n.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("cell", "files"),
    [
        ("import helpers", {"helpers.py": "REGISTERS"}),
        ("from acme import shapes", {"acme/__init__.py": "", "acme/shapes.py": "REGISTERS"}),
        ("import acme", {"acme/__init__.py": "from .inner import *", "acme/inner.py": "REGISTERS"}),
        ("%run setup.py", {"setup.py": "REGISTERS"}),
        ("import sys\nsys.path.insert(0, 'src')\nimport helpers", {"src/helpers.py": "REGISTERS"}),
    ],
)
def test_tags_that_an_imported_file_registers_make_the_rewrite_one_to_look_at(
    run: Run, work: Path, cell: str, files: dict[str, str]
) -> None:
    load = "import yaml\nsettings = yaml.load(text, Loader=yaml.FullLoader)"
    registers = "import yaml\nyaml.add_constructor('!env', lambda one, node: 1, Loader=yaml.FullLoader)\n"
    for name, text in files.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text.replace("REGISTERS", registers))
    (work / "nb").mkdir()
    for name in ("n.ipynb", "nb/n.ipynb"):
        book = v4.new_notebook(cells=[v4.new_code_cell(cell), v4.new_code_cell(load)])
        nbformat.write(book, work / name)
    shown = run("vet", "n.ipynb", "--fix", "--show-fixes").stdout
    assert "yaml.load(text" in (work / "n.ipynb").read_text()
    assert "Use yaml.safe_load (JG112; read it first)" in shown
    # Elsewhere there is no such file.
    run("vet", "nb/n.ipynb", "--fix")
    assert "yaml.safe_load(text)" in (work / "nb" / "n.ipynb").read_text()
