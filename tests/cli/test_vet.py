"""``jupyter guard vet`` on real files, by its output and exit status."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v3, v4

Run = Callable[..., "subprocess.CompletedProcess[str]"]

WIPE = "import shutil\nshutil.rmtree('/home')\n"


def notebook(path: Path, *cells: str, **metadata: Any) -> None:
    made = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells], metadata=metadata)
    made.cells.insert(0, v4.new_markdown_cell("# Title"))
    nbformat.write(made, path)


def answers(result: subprocess.CompletedProcess[str]) -> list[Any]:
    return [json.loads(line) for line in result.stdout.split("\n") if line]


def test_a_notebook_is_vetted_cell_by_cell_knowing_the_earlier_ones(run: Run, work: Path) -> None:
    notebook(work / "n.ipynb", "import shutil\nwipe = shutil.rmtree", "x = 1", "y = 2\nwipe('/home')")
    result = run("vet", "n.ipynb", "--origin", "assistant")
    assert result.returncode == 1, result.stderr
    assert "n.ipynb" in result.stdout
    assert "cell 4 block: deletes `/home` and everything below" in result.stdout
    assert "JG203 critical, line 2" in result.stdout
    for label in ("Why:", "Instead:", "Decided by: personal preset: origin.assistant.critical"):
        assert label in result.stdout
    assert "cell 2" not in result.stdout
    assert "3 cells in 1 case: 2 allow, 0 warn, 0 confirm, 1 block" in result.stdout
    assert "cell 2" in run("vet", "n.ipynb", "-v").stdout


def test_clean_is_zero_and_says_so(run: Run, work: Path) -> None:
    (work / "a.py").write_text("x = 1\nprint(x)\n")
    result = run("vet", "a.py")
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 cell in 1 case: 1 allow" in result.stdout


def test_what_a_notebook_says_of_its_author_can_only_raise(run: Run, work: Path) -> None:
    made = v4.new_notebook(
        cells=[
            v4.new_code_cell("x = 1", metadata={"jupyter_guard": {"origin": said}})
            for said in ("assistant", "human", {"author": "imported"})
        ]
    )
    nbformat.write(made, work / "n.ipynb")
    for option, expected in (
        ((), ["assistant", "unknown", "imported"]),
        (("--origin", "human"), ["assistant", "human", "imported"]),
    ):
        (answer,) = answers(run("vet", "n.ipynb", "--format", "jsonl", *option))
        assert [cell["origin"] for cell in answer["cells"]] == expected


def test_fail_on(run: Run, work: Path) -> None:
    (work / "a.py").write_text(WIPE)
    assert run("vet", "a.py", "--origin", "human", "--fail-on", "confirm").returncode == 1
    assert run("vet", "a.py", "--origin", "human", "--fail-on", "block").returncode == 0
    assert run("vet", "a.py", "--origin", "assistant", "--fail-on", "never").returncode == 0


def test_cases_are_answered_a_line_a_case_in_fresh_sessions(run: Run, work: Path) -> None:
    lines = [
        {"id": "a", "cells": ["import shutil\nf = shutil.rmtree", "f('/home')"], "origin": "assistant", "label": "bad"},
        {"id": 7, "cells": ["f('/home')"], "origin": "assistant"},
        {"id": "e", "cells": []},
    ]
    (work / "c.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run("vet", "c.jsonl")
    assert result.returncode == 1, result.stderr
    first, second, third = answers(result)
    assert [first["id"], second["id"], third["id"]] == ["a", 7, "e"]
    assert [first["verdict"], second["verdict"], third["verdict"]] == ["block", "allow", "allow"]
    assert [cell["verdict"] for cell in first["cells"]] == ["allow", "block"]
    cell = first["cells"][1]
    assert cell["sentence"] == "deletes `/home` and everything below"
    finding = cell["findings"][0]
    assert {"rule", "family", "severity", "confidence", "message", "span", "effects"} <= set(finding)
    assert finding["rule"] == "JG203"
    assert finding["span"]["line"] == 1
    assert finding["effects"][0]["kind"] == "file.delete"
    assert finding["effects"][0]["target"] == "/home"
    with gzip.open(work / "c.jsonl.gz", "wb") as file:
        file.write((work / "c.jsonl").read_bytes())
    assert run("vet", "c.jsonl.gz").stdout == result.stdout
    assert (
        run("vet", "-", "--as", "cases", "--format", "jsonl", stdin=(work / "c.jsonl").read_text()).stdout
        == result.stdout
    )


def test_a_broken_line_is_named_and_the_rest_is_done(run: Run, work: Path) -> None:
    good = json.dumps({"id": "good", "cells": ["x = 1"]})
    bad = [
        "{broken",
        "[1]",
        '{"id": "n", "cells": 3}',
        '{"id": "l", "cells": ["1"], "language": "cobol"}',
        '{"id": "o", "cells": ["1"], "origin": "robot"}',
        '{"id": "t", "cells": [1]}',
        "[" * 5000,
    ]
    (work / "c.jsonl").write_text("\n".join([good, *bad, good.replace("good", "last")]) + "\n")
    result = run("vet", "c.jsonl")
    assert result.returncode == 2
    got = answers(result)
    assert [one["id"] for one in got] == ["good", "c.jsonl:2", "c.jsonl:3", "n", "l", "o", "t", "c.jsonl:8", "last"]
    assert [one["verdict"] for one in got] == ["allow", *["block"] * 7, "allow"]
    assert all(f"c.jsonl:{number}: " in result.stderr for number in range(2, 9))
    assert "expected one of python, bash, sql" in got[4]["error"]


CRASH = """
import jupyter_guard.judge.engine as engine
def crash(*_): raise ZeroDivisionError("of the rule")
engine._rules_for_kind = crash
from jupyter_guard.cli.main import main
main()
"""


def test_a_case_that_crashes_the_guard_is_a_block_with_its_reason(run: Run, work: Path, tmp_path: Path) -> None:
    import sys

    (work / "c.jsonl").write_text(
        '{"id": "a", "cells": ["import shutil; shutil.rmtree(1)"]}\n{"id": "b", "cells": ["1"]}\n'
    )
    result = subprocess.run(
        [sys.executable, "-c", CRASH, "vet", "c.jsonl"], cwd=work, capture_output=True, text=True, check=False
    )
    first, second = answers(result)
    assert (first["verdict"], second["verdict"], result.returncode) == ("block", "allow", 1)
    finding = first["cells"][0]["findings"][0]
    assert finding["rule"] == "JG000"
    assert "ZeroDivisionError: of the rule" in finding["message"]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("n.ipynb", b"", "the file is empty"),
        ("n.ipynb", b"{'cells': []}", "not JSON: line 1, column 2"),
        ("n.ipynb", b"{\n<<<<<<< HEAD\n}", "merge conflict"),
        ("n.ipynb", b"\xff\xfe\x00", "not UTF-8"),
        ("n.ipynb", b'{"a": 1}', 'no "cells"'),
        ("n.ipynb", b'{"cells": [], "nbformat": 2}', "notebook format 2: expected 4"),
        ("n.ipynb", b'{"cells": [3], "nbformat": 4}', "damaged"),
        ("n.ipynb", b'{"cells": [{"cell_type": "code", "source": 3}], "nbformat": 4}', "cell 1 is no text"),
        ("n.ipynb", b"[" * 100_000, "nested too deeply"),
        ("a.py", b"\x7fELF\0\0", "a binary file"),
        ("a.txt", b"x", "no reader for .txt"),
    ],
)
def test_bad_input_is_said_in_words(run: Run, work: Path, name: str, content: bytes, says: str) -> None:
    (work / name).write_bytes(content)
    (work / "good.py").write_text("x = 1\n")
    result = run("vet", name, "good.py")
    assert result.returncode == 2
    assert says in result.stderr
    assert name in result.stderr
    assert "1 cell in 1 case" in result.stdout
    assert "Traceback" not in result.stderr


def test_missing_files_and_no_path(run: Run, work: Path) -> None:
    assert "nowhere.py: there is no such file or folder" in run("vet", "nowhere.py").stderr
    assert "Missing argument" in run("vet").stderr
    (work / "a.py").write_text("x = 1")
    assert "write --diff=REV" in run("vet", "--diff", "a.py").stderr


def test_a_notebook_of_format_3_and_one_in_another_language(run: Run, work: Path) -> None:
    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=[v3.new_code_cell(input=WIPE, language="python")])])
    (work / "old.ipynb").write_text(v3.writes_json(old))
    notebook(work / "r.ipynb", "unlink('x')", kernelspec={"name": "ir", "language": "R", "display_name": "R"})
    result = run("vet", "old.ipynb", "r.ipynb", "--origin", "assistant", "--format", "jsonl")
    assert result.returncode == 2
    assert "a notebook in r, which has no reader" in result.stderr
    assert [one["verdict"] for one in answers(result)] == ["block", "block"]


def test_a_folder_in_order_without_hidden_ones(run: Run, work: Path) -> None:
    for name in ("b.py", "a.sql", "sub/c.ipynb", "sub/.ipynb_checkpoints/c.ipynb", "node_modules/x.py", "readme.txt"):
        path = work / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook(path, "x = 1") if path.suffix == ".ipynb" else path.write_text("")
    got = answers(run("vet", "src", "--format", "jsonl"))
    assert [one["id"] for one in got] == ["src/a.sql", "src/b.py", "src/sub/c.ipynb"]
    (work / "empty").mkdir()
    assert "holds nothing to vet" in run("vet", "empty").stderr


def test_percent_cells_of_a_script_keep_the_files_lines(run: Run, work: Path) -> None:
    (work / "a.py").write_text("# %%\nimport shutil\n\n# %% two\nx = 1\nshutil.rmtree('/home')\n")
    result = run("vet", "a.py", "--origin", "assistant")
    assert "cell 2 block" in result.stdout
    assert "JG203 critical, line 6" in result.stdout


def test_json_is_one_document(run: Run, work: Path) -> None:
    (work / "a.py").write_text(WIPE)
    got = json.loads(run("vet", "a.py", "nowhere.py", "--origin", "assistant", "--format", "json").stdout)
    assert (got["version"], got["summary"]["cells"], got["summary"]["block"]) == (1, 1, 1)
    assert got["problems"] == [{"place": "nowhere.py", "message": "there is no such file or folder"}]
    assert got["cases"][0]["id"] == "a.py"
    assert len(got["policy"][0]) == 12


def test_sarif_places_findings_in_files_and_notebooks(run: Run, work: Path) -> None:
    (work / "a b.py").write_text(WIPE)
    notebook(work / "n.ipynb", "x = 1", WIPE.strip())
    log = json.loads(run("vet", "a b.py", "n.ipynb", "--origin", "assistant", "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    (one,) = log["runs"]
    script, cell = one["results"]
    place = script["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.py"
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (2, 1)
    assert script["ruleId"] == "JG203"
    assert script["level"] == "error"
    line = cell["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "shutil.rmtree" in (work / "n.ipynb").read_text().split("\n")[line - 1]
    assert cell["locations"][0]["logicalLocations"][0]["name"] == "cell 3"
    assert [rule["id"] for rule in one["tool"]["driver"]["rules"]] == ["JG203"]
    assert len({result["partialFingerprints"]["jupyterGuard/v1"] for result in one["results"]}) == 2


def test_a_baseline_leaves_only_what_is_new(run: Run, work: Path) -> None:
    (work / "a.py").write_text(WIPE)
    written = run("vet", "a.py", "--origin", "assistant", "--write-baseline", "base.json")
    assert (written.returncode, "1 finding written" in written.stdout) == (0, True)
    assert "rmtree" not in (work / "base.json").read_text()
    arguments = ("vet", "a.py", "--origin", "assistant", "--baseline", "base.json")
    # Lines may move; a second equal finding is new.
    (work / "a.py").write_text("x = 1\n\n" + WIPE)
    known = run(*arguments)
    assert (known.returncode, "1 finding known already" in known.stdout) == (0, True)
    (work / "a.py").write_text(WIPE + "shutil.rmtree('/home')\n")
    assert run(*arguments).returncode == 1
    (work / "base.json").write_text("{}")
    assert "no file that --write-baseline wrote" in run(*arguments).stderr


def test_a_baseline_knows_a_file_whichever_way_it_is_written(run: Run, work: Path) -> None:
    below = work / "sub"
    below.mkdir()
    (below / "a.py").write_text(WIPE)
    known = ("--origin", "assistant", "--baseline")
    for written in ("./sub/a.py", str(below / "a.py")):
        run("vet", written, "--origin", "assistant", "--write-baseline", "base.json")
        for read in ("sub/a.py", "sub/../sub/a.py", "."):
            found = run("vet", read, *known, "base.json")
            assert (found.returncode, "1 finding known already" in found.stdout) == (0, True), (written, read)
        inside = subprocess.run(
            [sys.executable, "-m", "jupyter_guard", "vet", "a.py", *known, "../base.json"],
            cwd=below, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (inside.returncode, "1 finding known already" in inside.stdout) == (0, True)
    # Another file with the same text is new.
    (work / "b.py").write_text(WIPE)
    assert run("vet", "b.py", *known, "base.json").returncode == 1


def test_a_baseline_of_before_is_still_read(run: Run, work: Path) -> None:
    (work / "a.py").write_text(WIPE)
    document = json.loads(run("vet", "a.py", "--origin", "assistant", "--format", "sarif").stdout)
    known = document["runs"][0]["results"][0]["partialFingerprints"]["jupyterGuard/v1"]
    (work / "base.json").write_text(json.dumps({"jupyter_guard_baseline": 1, "findings": {known: 1}}))
    assert run("vet", "a.py", "--origin", "assistant", "--baseline", "base.json").returncode == 0
    assert run("vet", str(work / "a.py"), "--origin", "assistant", "--baseline", "base.json").returncode == 1


def test_diff_asks_the_work_tree_in_which_each_file_lies(run: Run, work: Path) -> None:
    (work / "plain.py").write_text(WIPE)
    for name in ("one", "two"):
        tree = work / name
        (tree / "deep").mkdir(parents=True)
        (tree / "deep" / "a.py").write_text(WIPE)
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
            subprocess.run([*git, *words], cwd=tree, check=True, capture_output=True)
    (work / "two" / "deep" / "new.py").write_text(WIPE)
    # Where it is run is no work tree, and git's own variables name another place.
    arguments = ("vet", "one", "two", "--origin", "assistant", "--diff=HEAD")
    found = run(*arguments, env={"GIT_DIR": str(work / "nowhere")})
    assert (found.returncode, found.stdout.count("JG203")) == (1, 1)
    assert "two/deep/new.py" in found.stdout
    outside = run("vet", "plain.py", "one", "--diff=HEAD")
    assert (outside.returncode, outside.stdout) == (2, "")
    assert "this folder is in no git work tree" in outside.stderr


def test_diff_reports_what_the_revision_did_not_have(run: Run, work: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=work, check=True, capture_output=True
        )

    notebook(work / "n.ipynb", WIPE)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    assert run("vet", "n.ipynb", "--origin", "assistant", "--diff").returncode == 0
    notebook(work / "n.ipynb", WIPE, "shutil.rmtree('/etc')")
    result = run("vet", "n.ipynb", "--origin", "assistant", "--diff=HEAD")
    assert result.returncode == 1
    assert "/etc" in result.stdout
    assert "/home" not in result.stdout
    assert "no such git revision" in run("vet", "n.ipynb", "--diff=nope").stderr


def test_resume_goes_on_where_a_run_stopped(run: Run, work: Path) -> None:
    cases = [json.dumps({"id": n, "cells": [WIPE, f"x = {n}"], "origin": "assistant"}) for n in range(4)]
    (work / "c.jsonl").write_text("\n".join(cases[:2]) + "\n")
    run("vet", "c.jsonl", "--resume", "j")
    journal = work / "j"
    assert "import shutil" not in journal.read_text()
    journal.write_bytes(journal.read_bytes() + b'{"key": "cut of')
    (work / "c.jsonl").write_text("\n".join(cases) + "\n")
    resumed = run("vet", "c.jsonl", "--resume", "j")
    assert resumed.stdout == run("vet", "c.jsonl").stdout
    assert len(journal.read_text().split("\n")) == 5
    (work / "c.jsonl").write_text("no journal\n")
    assert "no journal" in run("vet", "a.py", "--resume", "c.jsonl").stderr
    assert (work / "c.jsonl").read_text() == "no journal\n"


def test_the_policy_beside_the_notebook_counts_and_its_mistakes_are_said_at_once(run: Run, work: Path) -> None:
    (work / "a.py").write_text("import telnetlib\n")
    assert run("vet", "a.py").returncode == 0
    (work / "jupyter_guard.toml").write_text('version = 1\n[deny]\nimports = ["telnetlib"]\n')
    result = run("vet", "a.py", "--origin", "human")
    assert "Decided by: project: deny.imports" in result.stdout
    (work / "jupyter_guard.toml").write_text('version = 1\nmod = "x"\n[limits]\nmemory = "lots"\n')
    result = run("vet", "a.py")
    assert result.returncode == 2
    assert "the policy has 2 mistakes" in result.stderr
    assert "jupyter_guard.toml:2: mod: unknown key; did you mean 'mode'?" in result.stderr
    assert "jupyter_guard.toml:4: limits.memory" in result.stderr
    assert run("vet", "a.py", "--policy", "team").returncode == 0
    assert "no such preset" in run("vet", "a.py", "--policy", "teem").stderr


def test_observing_says_what_enforcing_would(run: Run, work: Path) -> None:
    (work / "a.py").write_text(WIPE)
    (work / "p.toml").write_text('version = 1\nmode = "observe"\n')
    result = run("vet", "a.py", "--origin", "assistant", "--policy", "p.toml")
    assert "warn (enforcing: block): deletes" in result.stdout


def test_nothing_printed_can_forge_a_line_or_show_a_secret(run: Run, work: Path) -> None:
    secret = "AKIA" + "Q3EGRLVGZ5TYMC4W"
    (work / "a.py").write_text(f"import shutil\nshutil.rmtree('/home/\\x1b[2J/{secret}')\n")
    for form in ("text", "json", "jsonl", "sarif"):
        result = run("vet", "a.py", "--origin", "assistant", "--format", form)
        assert result.returncode == 1
        assert "\x1b" not in result.stdout
        assert secret not in result.stdout


def test_color(run: Run, work: Path) -> None:
    (work / "a.py").write_text(WIPE)
    assert "\x1b[" not in run("vet", "a.py").stdout
    assert "\x1b[" in run("vet", "a.py", "--color", "always").stdout
    assert "\x1b[" not in run("vet", "a.py", "--color", "never", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[3" not in run("vet", "a.py", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


@pytest.mark.parametrize(
    "code", ["\0", "\ud800", "(" * 10_000, "x = '" + "a" * 5_000_000 + "'", "def", "%%perl\nunlink", "é" * 50]
)
def test_any_text_has_an_answer(run: Run, work: Path, code: str) -> None:
    (work / "c.jsonl").write_text(json.dumps({"id": "a", "cells": [code], "origin": "assistant"}) + "\n")
    result = run("vet", "c.jsonl")
    (answer,) = answers(result)
    assert len(answer["cells"]) == 1
    assert result.returncode in (0, 1), result.stderr
