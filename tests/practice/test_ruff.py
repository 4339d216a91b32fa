"""ruff as the linter, with an organisation's own selection, on notebooks as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard.policy import Policy, PolicyError
from jupyter_guard.practice import ruff
from jupyter_guard.practice.ruff import RuffError, linted, linted_last
from jupyter_guard.terms import Cell, Span

pytest.importorskip("ruff")


def cells(*codes: str) -> list[Cell]:
    return [Cell(code) for code in codes]


def test_findings_are_at_their_places_in_their_cells() -> None:
    made = cells(
        "import os\n%matplotlib inline",
        "%%bash\nls",
        "files = !ls\nü = 'ü'; l = 1\ndef f(a=[]):\n    return os.getcwd(), a, ü, files",
        "def (",
    )
    found = linted(made, ("F", "E741", "B006"))
    assert [[(one.rule, one.message.partition(":")[0]) for one in each] for each in found] == [
        [],
        [],
        [("JG914", "E741"), ("JG914", "B006")],
        [],
    ]
    assert [one.span for one in found[2]] == [Span(2, 9, 2, 10), Span(3, 8, 3, 10)]
    assert found[2][1].why == "https://docs.astral.sh/ruff/rules/mutable-argument-default"


def test_the_selection_is_the_policys_and_nothing_else_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ruff.toml").write_text('[lint]\nselect = ["ALL"]\n')
    monkeypatch.chdir(tmp_path)
    assert linted(cells("import os"), ()) == [[]]
    assert linted(cells("import os"), ("B",)) == [[]]
    assert [one.message for one in linted(cells("import os"), ("F401",))[0]] == ["F401: 'os' imported but unused"]
    assert linted(cells("import os  # noqa: F401"), ("F",)) == [[]]


def test_a_draft_is_not_told_what_others_could_put_right() -> None:
    draft = Cell("import os\nprint(gone)\nl = 1")
    assert [one.message[:4] for one in linted_last([], draft, ("F", "E"))] == ["E741"]
    # The same function as it was before it was written anew, and a remark about a rule that is not asked.
    again = Cell("def total(rows):\n    return sum(rows)\nfrom os import path  # noqa: F401")
    assert linted_last([again], again, ("F", "RUF100")) == []
    assert [one.message[:6] for one in linted_last([], Cell("x = 1  # noqa: F401"), ("RUF100",))] == ["RUF100"]


def test_a_draft_is_known_by_what_the_cells_above_import() -> None:
    draft = Cell("values = df.values\nx = np.float_(3)")
    asked = ("PD011", "NPY201")
    assert linted_last([], draft, asked) == []
    above = cells("import pandas as pd, numpy as np\ndf = pd.DataFrame()", "%%bash\nls", "not python (")
    assert [(one.message[:6], one.span.line) for one in linted_last(above, draft, asked)] == [
        ("PD011:", 1),
        ("NPY201", 2),
    ]


def test_layers_unite_what_they_ask_for() -> None:
    assert Policy.parse('version = 1\n[practice]\nruff = ["F", "B006", "ALL"]\n').practice.ruff == ("ALL", "B006", "F")
    for wrong in ('["--fix"]', '["f"]', '"F"'):
        with pytest.raises(PolicyError, match=r"practice\.ruff"):
            Policy.parse(f"version = 1\n[practice]\nruff = {wrong}\n")


def test_what_ruff_does_not_know_is_said() -> None:
    with pytest.raises(RuffError, match="Unknown rule selector `ZZZ9`"):
        linted(cells("x = 1"), ("ZZZ9",))


def test_one_that_came_with_the_notebook_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "bin" / "ruff"
    planted.parent.mkdir()
    planted.write_text("#!/bin/sh\ntouch was-run\n")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ruff.sysconfig, "get_path", lambda _: str(tmp_path / "nowhere"))
    ruff.program.cache_clear()
    try:
        for path in (str(planted.parent), "bin"):
            monkeypatch.setenv("PATH", path)
            ruff.program.cache_clear()
            with pytest.raises(RuffError, match="lies in the workspace"):
                linted(cells("x = 1"), ("F",))
        monkeypatch.setenv("PATH", "")
        ruff.program.cache_clear()
        with pytest.raises(RuffError, match="is not installed"):
            linted(cells("x = 1"), ("F",))
    finally:
        ruff.program.cache_clear()
    assert not (tmp_path / "was-run").exists()
