"""The cells of a notebook and a selection of ruff's rules -> what ruff finds, each at its place in a cell.

ruff is a program beside this one (``pip install 'jupyter_guard[practice]'``, or on the ``PATH``). It reads the cells
as a notebook, so that magics and names of earlier cells are understood; configuration files of its own do not count.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jupyter_guard.judge.registry import RULES
from jupyter_guard.practice.notebook import python_of
from jupyter_guard.terms import Cell, Confidence, Finding, Span
from jupyter_guard.terms.sentence import shown

SECONDS: Final = 60
RULE: Final = "JG914"
# What a cell cannot show while those below it are not known, and those above it only as far as they ran: whether a name
# is used or defined elsewhere.
ACROSS: Final = frozenset({"E402", "F401", "F403", "F405", "F811", "F821", "F822"})


class RuffError(Exception):
    """ruff is not there or cannot do what it was asked for; the message says so for people."""


@functools.cache
def program() -> str:
    """Where ruff is: beside this Python, or on the ``PATH``. Raises ``RuffError``.

    One that lies in the folder that is worked in is not taken, unless Python does too: it came with the notebook.
    """
    beside = shutil.which("ruff", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("ruff")
    if found is None:
        raise RuffError("ruff is not installed, and the policy asks for it: pip install 'jupyter_guard[practice]'")
    if beside is None and (not Path(found).is_absolute() or Path(found).is_relative_to(Path.cwd())):
        raise RuffError(f"{found} lies in the workspace and is not run: pip install 'jupyter_guard[practice]'")
    return found


@functools.cache
def version() -> str:
    """``ruff 0.17.6``. Raises ``RuffError``."""
    return _ran(["--version"], b"").decode("utf-8", "replace").strip()


def linted_last(above: Sequence[Cell], cell: Cell, select: Sequence[str]) -> list[Finding]:
    """What ruff finds in a cell below others that are not all of a notebook: nothing that others could put right.

    What the ones above import and define counts: ruff knows a data frame by the import of pandas. Raises ``RuffError``.
    """
    # Not by `--ignore`: a `noqa` for a rule that is not asked would be called needless.
    found = linted([*above, cell], select)[-1]
    return [one for one in found if one.message.partition(":")[0] not in ACROSS]


def linted(cells: Sequence[Cell], select: Sequence[str]) -> list[list[Finding]]:
    """What ruff finds in each cell, in the order of the text; none where ``select`` is empty. Raises ``RuffError``.

    Cells that are no Python, or cannot be read, are left out: there is a finding about that already.
    """
    found: list[list[Finding]] = [[] for _ in cells]
    asked = [at for at, cell in enumerate(cells) if select and python_of(cell) is not None]
    if not asked:
        return found
    arguments = ["check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--output-format", "json"]
    arguments += ["--select", ",".join(select)]
    written = _ran([*arguments, "--stdin-filename", "cells.ipynb", "-"], _notebook([cells[at] for at in asked]))
    try:
        for item in json.loads(written):
            at = asked[item["cell"] - 1]
            if item["code"] and item["code"] != "invalid-syntax":
                found[at].append(_finding(item, cells[at]))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise RuffError(f"{program()} answers in a way that is not known: {type(error).__name__}: {error}") from None
    return [sorted(one, key=lambda finding: (finding.span.line, finding.span.column, finding.message)) for one in found]


def _finding(item: dict[str, Any], cell: Cell) -> Finding:
    rule = RULES[RULE]
    assert rule.severity is not None
    start, end = item["location"], item["end_location"]
    return Finding(
        rule=RULE,
        family=rule.family,
        severity=rule.severity,
        confidence=Confidence.MEDIUM,
        # ruff quotes the code, and with it whatever stands there.
        message=f"{item['code']}: {shown(str(item['message']), 200)}",
        span=Span(start["row"], max(start["column"] - 1, 0), end["row"], max(end["column"] - 1, 0)),
        why=str(item.get("url") or rule.why),
        instead=rule.instead,
        origin=cell.origin,
    )


def _notebook(cells: Sequence[Cell]) -> bytes:
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": str(at),
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "source": cell.code.encode("utf-8", "replace").decode(),
            }
            for at, cell in enumerate(cells)
        ],
    }
    return json.dumps(made).encode()


def _ran(arguments: list[str], given: bytes) -> bytes:
    try:
        done = subprocess.run([program(), *arguments], input=given, capture_output=True, timeout=SECONDS, check=False)
    except OSError as error:
        raise RuffError(f"ruff cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise RuffError(f"ruff did not end within {SECONDS} seconds") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise RuffError(f"ruff fails: {said or f'exit status {done.returncode}'}")
    return done.stdout
