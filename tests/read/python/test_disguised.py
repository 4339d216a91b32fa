"""Names in letters that only look like ASCII are told from names in a text that merely holds other letters."""

from __future__ import annotations

import ast
import sys

import pytest

from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.read.python.source import Source, parse
from jupyter_guard.terms import Cell, Origin


def test_every_letter_that_python_reads_as_ascii_is_known() -> None:
    letters = [letter for number in range(128, sys.maxunicode + 1) if (letter := chr(number)).isidentifier()]
    disguising = []
    for start in range(0, len(letters), 5000):
        names = letters[start : start + 5000]
        tree = parse("\n".join(names))
        plain = [one.value.id for one in tree.body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Name)]
        disguising += [letter for letter, name in zip(names, plain, strict=True) if name.isascii()]
    assert len(disguising) > 500
    for letter in disguising:
        assert Source(letter, ast.Module([], []), Origin.HUMAN).disguises


@pytest.mark.parametrize("comment", ["", "# données, 数据\n"])
@pytest.mark.parametrize(("name", "hidden"), [("ｓystem", True), ("sy𝓼tem", True), ("system", False)])
def test_a_disguised_name_is_obfuscated(comment: str, name: str, hidden: bool) -> None:
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    (effect,) = reader.read(Cell(f"{comment}from os import system\n{name}('make all')")).effects
    assert ("obfuscated" in effect.tags) is hidden
