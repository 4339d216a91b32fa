"""Scripts in the encodings that they declare are read as Python reads them, and written back so."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

HARM = "import shutil\nshutil.rmtree('/srv/data')\n"


@pytest.mark.parametrize(
    ("declared", "word"),
    [
        ("latin-1", "caf\u00e9"),
        ("cp1252", "\u20ac"),
        ("shift_jis", "\u8868"),
        ("euc-jp", "\u8868"),
        ("utf-8", "\u20ac"),
    ],
)
def test_what_a_declared_encoding_hides_is_seen(run: Run, work: Path, declared: str, word: str) -> None:
    text = f"# -*- coding: {declared} -*-\nword = '{word}'  # {word}\n{HARM}"
    (work / "a.py").write_bytes(text.encode(declared))
    done = run("vet", "a.py")
    assert done.returncode == 1, done.stdout
    assert "line 4: deletes `/srv/data`" in done.stdout


@pytest.mark.parametrize("declared", ["rot13", "nonsense", "utf-7"])
def test_what_python_does_not_read_is_judged_all_the_same(run: Run, work: Path, declared: str) -> None:
    (work / "a.py").write_text(f"# coding: {declared}\n{HARM}")
    done = run("vet", "a.py")
    assert done.returncode in (1, 2)
    assert "/srv/data" in done.stdout


def test_a_rewrite_keeps_the_encoding(run: Run, work: Path) -> None:
    text = "# coding: shift_jis\nimport yaml\nx = yaml.load(open('\u8868'), Loader=yaml.Loader)  # \u8868\n"
    (work / "a.py").write_bytes(text.encode("shift_jis"))
    run("vet", "a.py", "--fix")
    after = (work / "a.py").read_bytes().decode("shift_jis")
    assert "yaml.safe_load(open('\u8868'))  # \u8868\n" in after
    assert after.startswith("# coding: shift_jis\nimport yaml\n")
