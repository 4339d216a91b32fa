"""The data's JSON lines -> cases; cells -> what a peer that reads plain Python can take."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent


@dataclass(frozen=True)
class Case:
    """One case: its cells in the order in which they run.

    ``line`` is the insecure one (0: not told), ``kinds`` the effects that a reviewer would name (empty: not told).
    """

    id: str
    category: str
    label: str
    cells: tuple[str, ...]
    line: int = 0
    grey: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of one ``.jsonl`` or ``.jsonl.gz`` file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    # Not splitlines(): a cell may hold other separators than the newline.
    for line in text.split("\n"):
        if line:
            raw = json.loads(line)
            yield Case(
                id=raw["id"],
                category=raw.get("category", ""),
                label=raw["label"],
                cells=tuple(raw["cells"]),
                line=_number(raw.get("line") or "", raw["cells"][0]),
                grey=frozenset(raw.get("grey", ())),
            )


def own_cases(folder: Path) -> Iterator[Case]:
    """A corpus of the project's: ``== bad id`` or ``== good id``, then the cells with ``--`` between them.

    Where ``reasons.tsv`` stands beside them, it says what each bad case does.
    """
    kinds: dict[str, frozenset[str]] = {}
    if (folder / "reasons.tsv").exists():
        for line in (folder / "reasons.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            name, said, _ = line.split("\t")
            kinds[name] = frozenset(said.split())
    for path in sorted(folder.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").removeprefix("== ").split("\n== "):
            head, _, body = block.partition("\n")
            label, name = head.split()
            cells = tuple(body.rstrip("\n").split("\n--\n"))
            category = f"twins, {name.rpartition('-')[2]}" if path.stem == "twins" else path.stem
            yield Case(name, category, label, cells, kinds=kinds.get(name, frozenset()))


def notebook_cases(folder: Path) -> Iterator[Case]:
    """The code cells of the notebooks in ``folder``, a benign case each."""
    for path in sorted(folder.glob("*.ipynb")):
        cells = [cell for cell in json.loads(path.read_bytes())["cells"] if cell["cell_type"] == "code"]
        yield Case(path.stem, "notebook", "good", tuple("".join(cell["source"]) for cell in cells))


def _number(line: str, cell: str) -> int:
    """The number of the line that reads ``line`` in ``cell``, 0 when there is none."""
    wanted = line.strip()
    lines = [text.strip() for text in cell.split("\n")]
    return lines.index(wanted) + 1 if wanted in lines else 0


def plain_python(cell: str) -> str:
    """The cell with IPython's own lines made comments, line for line: the most that a Python linter can be given."""
    if cell.lstrip().startswith("%%"):
        return "".join(f"# {line}\n" for line in cell.split("\n"))
    lines = dedent(cell).split("\n")
    return "\n".join(re.sub(r"^(\s*)([!%?].*|.*\?{1,2})$", r"\1pass  # \2", line) for line in lines)
