"""Reads and writes of files -> what they hold, for a later cell that runs them."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.acts import deep_marks
from jupyter_guard.read.python.fold import path_texts, text
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import ANYTHING, ENVIRON, NONE, Value, const
from jupyter_guard.terms import Kind


def _keep(run: Run, site: Site, path: str, append: bool = False) -> None:
    """What a file holds from now on, as far as it is known: a later cell may run it."""
    value = site.args[0] if site.args else ANYTHING
    only = value.only()
    known = only.value if only is not None else None
    written = known.decode("utf-8", "replace") if isinstance(known, bytes) else text(value)
    tags = {f"from:{mark}" for mark in value.marks & {"network", "model", "user"}}
    run.here(site.node).wrote(path, written, tags, append)


def _read_whole(run: Run, site: Site) -> Value | None:
    """``Path.read_text`` and the like: what a cell has written there, where all of it is known."""
    paths = path_texts(site.made())
    written = run.memory.files.get(run.here(site.node).resolve(paths[0])) if len(paths) == 1 else None
    if written is None or HOLE in written.text or written.tags or not run.memory.files:
        return None
    return const(written.text, frozenset({"file"})).by(written.origin)


def _write_whole(run: Run, site: Site) -> None:
    """``Path.write_text`` and the like."""
    for path in path_texts(site.made()):
        _keep(run, site, path)


def _write(run: Run, site: Site) -> None:
    """What is written into a file: text from the network makes the file one from the network."""
    _into_file(run, site.made(), site.args, site.name)
    marks = frozenset[str]().union(*(one.marks for one in site.args)) & {"network", "model", "user"}
    for path in path_texts(site.made()):
        if not path.strip(HOLE):
            continue
        _keep(run, site, path, append=True)
        if marks:
            run.memory.written[run.here(site.node).resolve(path)] = marks
        if any(loop.endless for loop in run.loops):
            run.add(run.here(site.node).file(Kind.FILE_WRITE, path, via=site.name, tags=("unbounded",)))


def _into_file(run: Run, file: Value, what: list[Value], via: str) -> None:
    """Credentials that are written into a file: whoever reads the file has them."""
    marks = frozenset[str]().union(*(deep_marks(one) for one in what))
    if "credential" in marks or ENVIRON in marks:
        for path in path_texts(file):
            run.add(run.here(None).file(Kind.FILE_WRITE, path, via=via, tags=("from:credential",)))


def _dump(run: Run, site: Site) -> Value | None:
    """``json.dump(obj, file)`` and the like."""
    if len(site.args) < 2:
        return None
    _into_file(run, site.args[1], site.args[:1], site.name)
    return NONE


def _rows(run: Run, site: Site) -> Value:
    _into_file(run, site.made(), site.args, site.name)
    return NONE


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "io.TextIOWrapper.read": _read_whole,
    "io.TextIOWrapper.write": _write,
    "io.TextIOWrapper.writelines": _write,
    "csv.writer.writerow": _rows,
    "csv.writer.writerows": _rows,
    "json.dump": _dump,
    "yaml.dump": _dump,
    "yaml.safe_dump": _dump,
    "pathlib.Path.read_text": _read_whole,
    "pathlib.Path.write_bytes": _write_whole,
    "pathlib.Path.write_text": _write_whole,
}
