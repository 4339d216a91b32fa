"""The code of cells -> the texts of the files beside them that they import or run, and of those that these import.

A rewrite may depend on what such a file does: one that teaches YAML's loaders a tag makes the safe loader fail.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from jupyter_guard.read.segments import segments

# Rewrites that ask what imported files do.
ASKING: Final = frozenset({"JG112"})
# Stands for a file that nobody has read: it may do anything.
UNSEEN: Final = "YAMLObject"
MOST: Final = 200
LONGEST: Final = 1 << 20
_PATHS: Final = re.compile(r"\bsys\.path\.(?:append|insert)\s*\([^'\"()]*['\"]([^'\"]+)['\"]")
_RUN: Final = re.compile(r"^\s*%run\s+(?:-\S+\s+)*['\"]?([^\s'\"]+)", re.MULTILINE)
_NAMED: Final = re.compile(r"\b(?:import_module|__import__)\s*\(\s*['\"]([\w.]+)['\"]")
_WORDS: Final = re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE)


def seen_with(rule: str, codes: Iterable[str], folder: Path) -> list[str]:
    """``codes``, and for a rule of ``ASKING`` what they import from ``folder`` and from where they extend the path."""
    cells = list(codes)
    return [*cells, *imported_texts(cells, folder)] if rule in ASKING else cells


def imported_texts(codes: Iterable[str], folder: Path) -> list[str]:
    """The texts, each once; ``UNSEEN`` for what cannot be read or is too much. Nothing is run."""
    texts: dict[Path, str] = {}
    roots = [folder]
    waiting = [(code, folder) for code in codes]
    while waiting:
        code, place = waiting.pop()
        roots += [one for path in _PATHS.findall(code) if (one := folder / path) not in roots]
        for file in _files(code, place, roots):
            if file in texts:
                continue
            if len(texts) == MOST:
                return [*texts.values(), UNSEEN]
            texts[file] = text = _text(file)
            waiting.append((text, file.parent))
    return list(texts.values())


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace") if file.stat().st_size <= LONGEST else UNSEEN
    except OSError:
        return UNSEEN


def _files(code: str, place: Path, roots: list[Path]) -> Iterator[Path]:
    for name in _RUN.findall(code):
        yield from (one for one in (place / name, place / f"{name}.py") if one.is_file())
    for name, level in dict.fromkeys(_modules(code)):
        base = place
        for _ in range(level - 1):
            base = base.parent
        parts = name.split(".") if name else []
        # A package's own file is run on the way to what lies in it.
        for depth in range(len(parts) + 1) if level else range(1, len(parts) + 1):
            for root in [base] if level else [*roots, place]:
                inner = root.joinpath(*parts[:depth])
                yield from (one for one in (inner.with_suffix(".py"), inner / "__init__.py") if one.is_file())


def _modules(code: str) -> Iterator[tuple[str, int]]:
    """The modules that a text may import, and how far above: ``from . import x`` is ``("x", 1)``."""
    yield from ((name, 0) for name in _NAMED.findall(code))
    try:
        python = next((one.text for one in segments(code) if one.language == "python"), "")
        tree = ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from ((name.strip("."), 0) for name in _WORDS.findall(code))
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, 0) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module, node.level
            yield from ((f"{module}.{one.name}".strip("."), node.level) for one in node.names if one.name != "*")
