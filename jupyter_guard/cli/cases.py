"""Paths of notebooks, scripts, folders and case files -> cases to vet, and what is wrong with the others."""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from io import BytesIO
from pathlib import Path
from tokenize import detect_encoding
from typing import Any, Final

import msgspec

from jupyter_guard.cli.notebooks import NotebookError, code_cells, language, lines_in_file, parse_notebook
from jupyter_guard.origin import stored_author
from jupyter_guard.terms import Cell, Origin

LANGUAGES: Final = ("python", "bash", "sql")
SUFFIXES: Final = {".ipynb": "notebook", ".py": "python", ".sh": "bash", ".sql": "sql", ".jsonl": "cases"}
FORMS: Final = ("python", "bash", "sql", "notebook", "cases")
LARGEST: Final = 512 << 20
_PASSED_OVER: Final = {"__pycache__", "node_modules", "site-packages"}
# The percent format: a line `# %%` begins a cell.
_PERCENT = re.compile(r"^# ?%%(?!%).*$", re.MULTILINE)


class Case(msgspec.Struct, frozen=True):
    """Cells that run one after the other in one session.

    ``id`` is the file's path or the case's own id, which ``own_id`` holds as it was written (a number, perhaps);
    ``path`` is the file, ``""`` for a case of a case file. ``lines`` are the lines of the file on which the cells
    begin (0: not known).
    """

    id: str
    cells: tuple[Cell, ...]
    path: str = ""
    form: str = "cases"
    lines: tuple[int, ...] = ()
    own_id: Any = None


class BadInput(msgspec.Struct, frozen=True):
    """Something that could not be vetted: where, what was expected, and a case's own id where it could be read."""

    place: str
    message: str
    own_id: Any = None


class Source(msgspec.Struct, frozen=True):
    """One file to read (``-``: standard input) and what it holds."""

    path: str
    form: str


def find_sources(
    paths: tuple[str, ...], standard_input: str = "python", lines_too: bool = False
) -> tuple[list[Source], list[BadInput]]:
    """The files that ``paths`` name, of folders all that have a reader, in order and each once.

    JSON lines in a folder count where ``lines_too``: otherwise they are data far more often than cases.
    """
    sources: dict[str, Source] = {}
    problems = []
    for given in paths:
        path = Path(given)
        if given == "-":
            sources[given] = Source(given, standard_input)
        elif path.is_dir():
            below = [*_files_below(path, lines_too)]
            sources |= {str(one): Source(str(one), SUFFIXES[one.suffix]) for one in below}
            if not below:
                problems.append(BadInput(given, f"the folder holds nothing to vet: expected {_expected()}"))
        elif not path.exists():
            problems.append(BadInput(given, "there is no such file or folder"))
        elif given.endswith(".jsonl.gz"):
            sources[given] = Source(given, "cases")
        elif path.suffix.lower() in SUFFIXES:
            sources[given] = Source(given, SUFFIXES[path.suffix.lower()])
        else:
            problems.append(
                BadInput(given, f"no reader for {path.suffix or 'a file without an ending'}: {_expected()}")
            )
    return list(sources.values()), problems


def count_cases(source: Source) -> int:
    """How many cases a source holds, for a progress bar."""
    if source.form != "cases" or source.path == "-" or source.path.endswith(".gz"):
        return 1
    try:
        with Path(source.path).open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) or 1
    except OSError:
        return 1


def read_source(source: Source, origin: Origin | None) -> Iterator[Case | BadInput]:
    """The cases of a source. ``origin`` counts where a case or cell names none; what a file says can only raise it."""
    name = "<stdin>" if source.path == "-" else Path(source.path).as_posix()
    if source.form == "cases":
        for found in lines_of(source):
            yield found if isinstance(found, BadInput) else _case(found[1], name, found[0], origin)
        return
    data = content_of(source)
    if isinstance(data, BadInput):
        yield data
        return
    yield case_from(data, name, source.form, origin)


def content_of(source: Source) -> bytes | BadInput:
    """What a source holds, unpacked."""
    try:
        return sys.stdin.buffer.read() if source.path == "-" else _read(Path(source.path))
    except (OSError, EOFError, zlib.error) as error:
        return _unreadable(source, error)


def lines_of(source: Source) -> Iterator[tuple[int, bytes] | BadInput]:
    """The lines of a case file that hold anything, with their numbers, one after the other: there may be very many."""
    # A binary file's lines: a cell may hold other separators than the newline.
    try:
        with _opened(source) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.removesuffix(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        yield _unreadable(source, error)


def _opened(source: Source) -> AbstractContextManager[Iterable[bytes]]:
    if source.path == "-":
        return nullcontext(sys.stdin.buffer)
    if source.path.endswith(".gz"):
        return gzip.open(source.path, "rb")
    return open(source.path, "rb")


def _unreadable(source: Source, error: Exception) -> BadInput:
    return BadInput(source.path, f"cannot be read: {getattr(error, 'strerror', None) or error}")


def case_from(data: bytes, name: str, form: str, origin: Origin | None) -> Case | BadInput:
    """One file's content as a case."""
    try:
        if form == "notebook":
            return _notebook(data, name, origin)
        return _script(data, name, form, origin)
    except NotebookError as error:
        return BadInput(name, str(error))


def _notebook(data: bytes, name: str, origin: Origin | None) -> Case | BadInput:
    notebook = parse_notebook(data)
    spoken = language(notebook)
    cells = list(code_cells(notebook))
    strange = next((one.language for one in cells if one.language and one.language not in LANGUAGES), "")
    if spoken not in LANGUAGES or strange:
        return BadInput(name, f"a notebook in {strange or spoken}, which has no reader: nothing in it was vetted")
    return Case(
        id=name,
        cells=tuple(
            Cell(
                code=cell.code,
                origin=_strictest(origin, stored_author(cell.metadata)),
                language=cell.language or spoken,
                cell_id=cell.cell_id,
                number=cell.number,
                executed=cell.executed,
            )
            for cell in cells
        ),
        path=name,
        form="notebook",
        lines=tuple(lines_in_file(data, cells)),
    )


def decoded(data: bytes, form: str) -> tuple[str, str]:
    """A script's text, without a mark of its encoding, and the encoding: Python's own where it declares one (PEP 263).

    What is not in the encoding stands as a lone surrogate each byte, and goes back as it was.
    """
    encoding = "utf-8"
    if form == "python":
        # What it does not know is no program; the text is judged all the same.
        with suppress(SyntaxError, LookupError):
            found = detect_encoding(BytesIO(data).readline)[0]
            data.decode(found, "surrogateescape")
            encoding = "utf-8" if found == "utf-8-sig" else found
    return data.removeprefix(BOM_UTF8).decode(encoding, "surrogateescape"), encoding


def _script(data: bytes, name: str, form: str, origin: Origin | None) -> Case | BadInput:
    if b"\0" in data[:8192]:
        return BadInput(name, f"a binary file: expected {form} text")
    text = decoded(data, form)[0].replace("\r\n", "\n")
    starts = [0]
    if form == "python":
        starts += [found.start() for found in _PERCENT.finditer(text) if found.start()]
    ends = [*starts[1:], len(text)]
    pieces = [(text.count("\n", 0, start) + 1, text[start:end]) for start, end in zip(starts, ends, strict=True)]
    kept = [(line, code) for line, code in pieces if code.strip()]
    author = origin or Origin.UNKNOWN
    several = len(kept) > 1
    return Case(
        id=name,
        cells=tuple(
            Cell(code, author, form, number=number if several else 0) for number, (_, code) in enumerate(kept, 1)
        ),
        path=name,
        form=form,
        lines=tuple(line for line, _ in kept),
    )


def _case(line: bytes, name: str, number: int, origin: Origin | None) -> Case | BadInput:
    place = f"{name}:{number}"
    try:
        raw = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        return BadInput(place, f"not JSON ({error}): expected a case such as {_EXAMPLE}")
    except RecursionError:
        return BadInput(place, f"nested too deeply: expected a case such as {_EXAMPLE}")
    if not isinstance(raw, dict):
        return BadInput(place, f"expected a case such as {_EXAMPLE}")
    own = raw.get("id", f"line {number}")
    case_id = own if isinstance(own, str) else json.dumps(own)
    cells = raw.get("cells")
    if not isinstance(cells, list):
        return BadInput(place, '"cells" is no list of texts', own)
    try:
        read = tuple(cell_from(cell, raw, at, origin) for at, cell in enumerate(cells, 1))
    except ValueError as error:
        return BadInput(place, str(error), own)
    return Case(id=case_id, cells=read, lines=(0,) * len(read), own_id=own)


_EXAMPLE: Final = '{"id": "a", "cells": ["import os"]}'


def cell_from(cell: Any, case: dict[str, Any], number: int, origin: Origin | None) -> Cell:
    """One entry of a case's ``cells``. Raises ``ValueError``."""
    own = cell if isinstance(cell, dict) else {"code": cell}
    code = own.get("code", own.get("source"))
    if not isinstance(code, str):
        raise ValueError(f"cell {number} is no text")
    spoken = own.get("language", case.get("language", "python"))
    if spoken not in LANGUAGES:
        raise ValueError(f"no reader for language {spoken!r}: expected one of {', '.join(LANGUAGES)}")
    author = own.get("origin", case.get("origin", origin or Origin.UNKNOWN))
    if author not in [*Origin]:
        raise ValueError(f"no such origin {author!r}: expected one of {', '.join(Origin)}")
    return Cell(code, Origin(author), str(spoken), number=number)


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise OSError(27, f"larger than {LARGEST >> 20} MiB")
    return path.read_bytes()


def _files_below(folder: Path, lines_too: bool) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=lambda one: one.as_posix()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in _PASSED_OVER:
                yield from _files_below(path, lines_too)
        elif path.suffix in SUFFIXES and (lines_too or path.suffix != ".jsonl"):
            yield path


def _strictest(origin: Origin | None, stored: Origin | None) -> Origin:
    # What a file says of its author can only raise scrutiny.
    return max(origin or Origin.UNKNOWN, stored or Origin.HUMAN, key=lambda one: one.rank)


def _expected() -> str:
    return ", ".join(SUFFIXES)
