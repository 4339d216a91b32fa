"""What was evaluated on one machine comes out byte for byte on every other: the result of one is kept beside this, and
the hash of its page.

``python -m tests.evaluate.test_other_machine`` writes it anew, when rules judge the demo's answers otherwise.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("answers.json")
PAGE = Path(__file__).with_name("page.sha256")
ANSWERS = ROOT / "demo_notebooks" / "answers.jsonl"


def evaluated() -> tuple[str, str]:
    """The evaluation of the demo's answers, and its page's hash; without what they were made with, which changes daily.

    The file is named by its whole path, which is another one every time.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, page = shutil.copy(ANSWERS, folder), Path(folder) / "page.html"
        words = ["evaluate", file, "--policy", "personal", "--compare", "careful", "hasty", "--format", "json"]
        command = [sys.executable, "-P", "-m", "jupyter_guard", *words, "--page", str(page)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        drawn = page.read_bytes()
    before, _, after = done.stdout.partition(' "made_with": {')
    about, start, rest = drawn.partition(b"<h2>")
    assert b"sqlglot" in about
    return before + after.partition("\n },\n")[2], sha256(start + rest).hexdigest() + "\n"


def test_the_result_of_another_machine_comes_out_here() -> None:
    made, page = evaluated()
    assert json.loads(made).keys() >= {"version", "metrics"}
    assert "made_with" not in made
    assert made == KEPT.read_text(encoding="utf-8")
    assert page == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    for file, text in zip((KEPT, PAGE), evaluated(), strict=True):
        file.write_text(text, encoding="utf-8", newline="\n")
