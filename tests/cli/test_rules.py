"""``jupyter guard rules new`` and ``test``, and what an organisation's own rules look like elsewhere."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

Run = Callable[..., "subprocess.CompletedProcess[str]"]
PACK = Path(__file__).parents[2] / "docs" / "packs" / "acme.toml"


def test_a_rule_is_begun_tested_and_used(run: Run, work: Path) -> None:
    begun = run("rules", "new", "SHOP07")
    assert (begun.returncode, "jupyter guard rules test rules.toml" in begun.stdout) == (0, True)
    assert run("rules", "new", "SHOP08").returncode == 0
    tested = run("rules", "test", "rules.toml")
    assert (tested.returncode, "2 rules, 0 with examples that do not hold" in tested.stdout) == (0, True), tested.stderr
    (work / "p.toml").write_text('version = 1\npacks = ["rules.toml"]\n[rules.SHOP08]\ndisabled = true\n')
    assert run("policy", "check", "p.toml").returncode == 0
    made = v4.new_notebook(cells=[v4.new_code_cell("import pandas as pd"), v4.new_code_cell("pd.read_sql(q, c)")])
    nbformat.write(made, work / "n.ipynb")
    vetted = run("vet", "n.ipynb", "--origin", "assistant", "--policy", "p.toml")
    assert vetted.returncode == 1
    assert "SHOP07 medium, line 1: reads a database past the gateway (calls `pandas.read_sql`)" in vetted.stdout
    assert "SHOP08" not in vetted.stdout
    (work / "p.toml").rename(work / "jupyter_guard.toml")
    assert "(organisation, medium)" in run("explain", "shop07").stdout


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('pandas.read_sql"]', 'pandas.read_csv"]'), "bad example 1 is not found (from pandas import read_sql ...)"),
        (("import acme.db\n", "from pandas import read_sql\nread_sql(q)\n"), "good example 1 is found"),
        (("good = [", "# good = ["), ""),
    ],
)
def test_an_example_that_does_not_hold_is_named(run: Run, work: Path, change: tuple[str, str], says: str) -> None:
    run("rules", "new", "SHOP07")
    text = (work / "rules.toml").read_text()
    assert change[0] in text
    (work / "rules.toml").write_text(text.replace(*change))
    tested = run("rules", "test", "rules.toml")
    if says:
        assert (tested.returncode, says in tested.stdout) == (1, True), tested.stdout
    else:
        # What is left of the list is no TOML any more.
        assert (tested.returncode, "not valid TOML" in tested.stderr) == (2, True)


def test_a_rule_without_examples_is_not_tested(run: Run, work: Path) -> None:
    (work / "r.toml").write_text(
        'version = 1\n[own.AB1]\ntitle = "t"\ninstead = "i"\nimports = ["x"]\nbad = ["import x"]\n'
    )
    tested = run("rules", "test", "r.toml")
    assert (tested.returncode, "it has no good example" in tested.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("new", "jg001"), "is no name for a rule"),
        (("new", "ACME01", "--file", "no/where.toml"), "cannot be changed"),
        (("test",), "there are no rules of your own"),
        (("test", "none.toml"), "none.toml: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run("rules", *arguments)
    assert result.returncode == 2
    assert says in " ".join(result.stderr.split())


def test_a_file_is_tested_as_the_pack_that_it_is(run: Run, work: Path) -> None:
    run("rules", "new", "SHOP07")
    pack = (work / "rules.toml").read_text()
    (work / "rules.toml").write_text(pack.replace("version = 1\n", 'version = 1\nmode = "observe"\n'))
    tested = run("rules", "test", "rules.toml")
    assert (tested.returncode, "mode: a rule pack has own, knowledge" in tested.stderr) == (2, True), tested.stderr
    (work / "rules.toml").rename(work / "jupyter_guard.toml")
    assert run("rules", "test", "jupyter_guard.toml").returncode == 0
    (work / "rules.toml").write_text(pack)
    (work / "p.toml").write_text('version = 1\nmode = "observe"\npacks = ["rules.toml"]\n')
    assert "1 rule, 0 with examples" in run("rules", "test", "p.toml").stdout


def test_a_rule_is_begun_once(run: Run) -> None:
    assert run("rules", "new", "ACME01").returncode == 0
    again = run("rules", "new", "ACME01")
    assert (again.returncode, "has a rule ACME01 already" in again.stderr) == (2, True)


def test_the_pack_in_the_documentation_holds(run: Run, work: Path) -> None:
    tested = run("rules", "test", str(PACK))
    assert (tested.returncode, tested.stderr) == (0, ""), tested.stdout
    (work / "jupyter_guard.toml").write_text(f"version = 1\npacks = ['{PACK}']\n")
    cells = [
        "from acme_legacy import put\nimport acme.storage",
        "spark.table('a').toPandas()",
        "acme.storage.purge('sales')",
        "import torch",
        "!cd infra && terraform -chdir=eu destroy",
    ]
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), work / "n.ipynb")
    log = json.loads(run("vet", "n.ipynb", "--origin", "assistant", "--format", "sarif").stdout)
    results = [result["ruleId"] for result in log["runs"][0]["results"]]
    assert results[0] == "ACME02"
    assert any(rule.startswith("JG3") for rule in results[1:])
    assert (results.count("JG894"), results.count("JG893")) == (1, 1)
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["ACME02"]["properties"]["tags"] == ["organisation"]
    assert rules["ACME02"]["shortDescription"]["text"] == "Brings a whole Spark table into this session"
    assert "the driver dies" in rules["ACME02"]["fullDescription"]["text"]


def test_the_packs_replacement_is_shown_as_a_difference_and_never_made(run: Run, work: Path) -> None:
    (work / "p.toml").write_text(f"version = 1\npacks = ['{PACK}']\n")
    cells = ["from pandas import read_sql as rows", "orders = rows('SELECT 1', link)", "import acme.db"]
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), work / "n.ipynb")
    before = (work / "n.ipynb").read_bytes()
    vetted = run("vet", "n.ipynb", "--policy", "p.toml", "--origin", "assistant", "--show-fixes", "--fix")
    assert "-orders = rows('SELECT 1', link)" in vetted.stdout
    assert "+import acme.db" in vetted.stdout
    assert "+orders = acme.db.read('SELECT 1', link)" in vetted.stdout
    assert (work / "n.ipynb").read_bytes() == before
    # What the team's own list does not let in is not offered either.
    (work / "pack.toml").write_text(PACK.read_text().replace('"acme.db.read"', '"other.read"'))
    (work / "p.toml").write_text("version = 1\npacks = ['pack.toml']\n")
    other = run("vet", "n.ipynb", "--policy", "p.toml", "--show-fixes").stdout
    assert ("rewrite: " in vetted.stdout, "rewrite: " in other, "+import other" in other) == (True, False, False)
    assert "Call:       other.read in place of pandas.read_sql" in other


def test_a_wrong_matcher_is_said_with_its_line(run: Run, work: Path) -> None:
    (work / "r.toml").write_text("version = 1\n[own.AB1]\ntitle = 't'\ninstead = 'i'\nmatch = 'Cal()'\n")
    (work / "p.toml").write_text("version = 1\npacks = ['r.toml']\n")
    checked = run("policy", "check", "p.toml")
    assert checked.returncode == 2
    says = "r.toml:5: own.AB1.match: expected a libcst matcher: libcst.matchers has no matcher "
    assert f"{says}'Cal'" in checked.stderr
    for file in ("r.toml", "p.toml"):
        tested = run("rules", "test", file)
        assert (tested.returncode, f"{says}'Cal'" in tested.stderr) == (2, True)
    # What is no matcher's name is shown as it stands, and is not run.
    (work / "r.toml").write_text((work / "r.toml").read_text().replace("Cal()", '__import__("os").system("id")'))
    assert f"{says}'__import__('os').system'" in run("rules", "test", "r.toml").stderr.replace('"', "'")


def test_a_rule_as_it_is_begun_is_shown_whoever_wrote_the_cell(run: Run, work: Path) -> None:
    assert run("rules", "new", "ACME01").returncode == 0
    (work / "jupyter_guard.toml").write_text('version = 1\npacks = ["rules.toml"]\n')
    (work / "a.py").write_text("from pandas import read_sql\nprint(read_sql(q, c))\n")
    said = run("vet", "a.py", "--policy", "jupyter_guard.toml").stdout
    assert "1 allow" in said
    assert "own rule: line 2:" in said
    assert "(ACME01)" in said
    log = json.loads(run("vet", "a.py", "--policy", "jupyter_guard.toml", "--format", "sarif").stdout)
    assert "ACME01" in [one["ruleId"] for one in log["runs"][0]["results"]]


def test_without_a_file_it_is_said_which_one_to_name(run: Run, work: Path) -> None:
    nothing = run("rules", "test")
    assert (nothing.returncode, "jupyter guard rules new ACME01" in nothing.stderr) == (2, True)
    run("rules", "new", "ACME01")
    begun = run("rules", "test")
    assert (begun.returncode, "jupyter guard rules test rules.toml" in begun.stderr) == (2, True)
    (work / "jupyter_guard.toml").write_text('version = 1\npacks = ["rules.toml"]\n')
    assert run("rules", "test").returncode == 0
