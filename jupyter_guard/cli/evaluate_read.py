"""Notebooks, scripts, folders and lines of completions -> samples to evaluate, and what is left out of them, named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from jupyter_guard.cli.cases import (
    BadInput,
    Source,
    case_from,
    cell_from,
    content_of,
    count_cases,
    find_sources,
    lines_of,
)
from jupyter_guard.evaluate.completions import code_in
from jupyter_guard.evaluate.sample import LeftOut, Sample
from jupyter_guard.terms import Cell, Origin

UNREADABLE: Final = "not readable"
# The first of these that a line has; they are what benchmarks and harnesses call them.
ANSWERS: Final = ("completion", "completions", "response", "responses", "output", "outputs", "answer", "solution")
TASKS: Final = ("task", "task_id", "id", "question_id")
EXAMPLE: Final = '{"task": "t1", "model": "a", "completion": "```python\\nx = 1\\n```"}'


class Reading:
    """Reads the samples of ``paths`` in their order. ``origin`` is who wrote the code, where a file does not say.

    A model is what a line names, or else what ``labels`` calls the PATH that was given; a task is what a line names, or
    else the file's path below the PATH. What is left out on the way is in ``left_out``. Places begin with the label
    too: no folder of one machine is in them.
    """

    def __init__(self, paths: tuple[str, ...], origin: Origin, standard_input: str = "cases") -> None:
        self.left_out: list[LeftOut] = []
        self._origin = origin
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._sources: list[tuple[Source, str, str, str]] = []
        self.labels = _labels(paths)
        for given in dict.fromkeys(paths):
            sources, problems = find_sources((given,), standard_input, lines_too=True)
            label = self.labels[given]
            self.left_out += [LeftOut(label, UNREADABLE, one.message) for one in problems]
            self._sources += [(one, label, _below(one.path, given), _place(one.path, given, label)) for one in sources]

    def count(self) -> int:
        """About how many samples there are, for a progress bar: a line may hold several."""
        return sum(count_cases(source) for source, *_ in self._sources)

    def samples(self) -> Iterator[Sample]:
        """The samples; one of a file that cannot be read is left out."""
        for source, model, task, name in self._sources:
            if source.form == "cases":
                for found in lines_of(source):
                    if isinstance(found, BadInput):
                        self._leave_out(name, UNREADABLE, found.message)
                    else:
                        yield from self._line(found[1], f"{name}:{found[0]}", model)
                continue
            data = content_of(source)
            if isinstance(data, BadInput):
                self._leave_out(name, UNREADABLE, data.message)
            else:
                case = case_from(data, name, source.form, self._origin)
                if isinstance(case, BadInput):
                    self._leave_out(case.place, UNREADABLE, case.message)
                else:
                    yield self._sample(model, task, name, case.cells)

    def _line(self, line: bytes, place: str, model: str) -> Iterator[Sample]:
        try:
            raw = json.loads(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            what = "nested too deeply" if isinstance(error, RecursionError) else f"not JSON ({error})"
            self._leave_out(place, UNREADABLE, f"{what}: expected a line such as {EXAMPLE}")
            return
        try:
            if not isinstance(raw, dict):
                raise ValueError(f"expected a line such as {EXAMPLE}")
            task = _text(raw, TASKS) or place
            named = _text(raw, ("model", "model_id", "model_name")) or model
            if "cells" in raw:
                if not isinstance(raw["cells"], list):
                    raise ValueError('"cells" is no list of texts')
                read = tuple(cell_from(cell, raw, at, self._origin) for at, cell in enumerate(raw["cells"], 1))
                yield self._sample(named, task, place, read)
                return
            answers = _answers(raw)
        except ValueError as error:
            self._leave_out(place, UNREADABLE, str(error))
            return
        prompt = raw.get("prompt")
        for answer in answers:
            code = code_in(answer, prompt if isinstance(prompt, str) else "")
            for kind, message in code.left_out:
                self._leave_out(place, kind, message)
            cells = [
                Cell(block.code, self._origin, block.language, number=number)
                for number, block in enumerate(code.blocks, 1)
            ]
            yield self._sample(named, task, place, tuple(cells))

    def _sample(self, model: str, task: str, place: str, cells: tuple[Cell, ...]) -> Sample:
        self._numbers[model, task] += 1
        return Sample(model, task, self._numbers[model, task], place, cells)

    def _leave_out(self, place: str, kind: str, message: str) -> None:
        self.left_out.append(LeftOut(place, kind, message))


def _below(path: str, given: str) -> str:
    """A file's path below the folder that was given; of a file that was given itself, its name."""
    place, folder = Path(path), Path(given)
    return place.relative_to(folder).as_posix() if place != folder and folder in place.parents else place.name


def _place(path: str, given: str, label: str) -> str:
    """The file of a PATH, written below the PATH's label."""
    place, folder = Path(path), Path(given)
    if given == "-" or place == folder:
        return label
    return (PurePosixPath(label) / place.relative_to(folder).as_posix()).as_posix()


def _labels(paths: Sequence[str]) -> dict[str, str]:
    """By PATH what it is called: as given below this folder, otherwise by as few of its last parts as tell it."""
    found = {"-": "<stdin>"}
    elsewhere = {}
    for given in dict.fromkeys(one for one in paths if one != "-"):
        path = Path(given)
        if path.is_absolute() or ".." in path.parts:
            elsewhere[given] = [one for one in path.parts if one not in ("..", path.anchor)]
        else:
            found[given] = path.as_posix()
    taken = set(found.values())
    for given, parts in elsewhere.items():
        others = [one for one in elsewhere.values() if one != parts]
        lengths = range(1, len(parts) + 1)
        tails = (parts[-length:] for length in lengths if all(one[-length:] != parts[-length:] for one in others))
        found[given] = next((name for tail in tails if (name := "/".join(tail)) not in taken), Path(given).as_posix())
        taken.add(found[given])
    return found


def _text(raw: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    value = next((raw[key] for key in keys if key in raw), "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f'"{next(key for key in keys if key in raw)}" is no text')
    return str(value)


def _answers(raw: Mapping[str, Any]) -> list[str]:
    key = next((key for key in ANSWERS if key in raw), "")
    if not key:
        raise ValueError(f'no "completion": expected a line such as {EXAMPLE}')
    value = raw[key]
    answers = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in answers):
        raise ValueError(f'"{key}" is neither a text nor a list of texts')
    return answers
