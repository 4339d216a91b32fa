"""The commands that documentation names for its numbers are there, and take the options that it gives them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
COMMAND = re.compile(r"python -m benchmarks(\.[\w.]+)?((?: [\w-]+(?![\w/.]))*)")
NAMED = sorted({found for page in PAGES for found in COMMAND.findall(page.read_text(encoding="utf-8"))})


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(("module", "words"), NAMED)
def test_a_documented_benchmark_is_there_with_its_options(module: str, words: str) -> None:
    name, *rest = [*module.split(".")[1:], *words.split()]
    file = ROOT / "benchmarks" / name / (f"{rest.pop(0)}.py" if module.count(".") > 1 else "__main__.py")
    source = file.read_text(encoding="utf-8")
    # Capitals, numbers and paths are values.
    for word in (one for one in rest if one.startswith("-") or re.fullmatch("[a-z]+", one)):
        assert f'"{word}"' in source, f"{file} knows no {word}"


def test_options_behind_a_name_are_the_benchmarks_own() -> None:
    told = _run("benchmarks", "isolate", "--help")
    assert told.returncode == 0, told.stderr
    assert "--markdown" in told.stdout
    assert "--backends" in told.stdout


def test_many_notebooks_are_measured_by_every_command_with_a_journal_and_from_it(tmp_path: Path) -> None:
    figure = tmp_path / "corpus.svg"
    words = ("benchmarks", "corpus", "--counts", "--small", "40", "--figure", str(figure))
    told = _run(*words)
    assert told.returncode == 0, told.stderr
    rows = [re.split(r" *\| *", line)[1:-1] for line in told.stdout.splitlines() if "| 40 |" in line]
    assert [row[0] for row in rows] == ["vet", "scrub --check", "evaluate"]
    for _, _, *numbers in rows:
        seconds, a_second, kept, again, _, own, others = map(float, numbers)
        assert min(seconds, a_second, kept, again, own, others) > 0
    assert figure.read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_what_no_benchmark_knows_is_refused() -> None:
    assert _run("benchmarks", "isolate", "--nonsense").returncode == 2
    assert "name one of" in _run("benchmarks", "--markdown").stderr
    assert "no benchmark named nothing" in _run("benchmarks", "nothing").stderr
