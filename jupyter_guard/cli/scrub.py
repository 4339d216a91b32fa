"""``jupyter guard scrub``: secrets out of saved notebooks, other text files, or a stream of text."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain, counted, plain, printable, progress, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.scrub import KnownValues, Redaction
    from jupyter_guard.scrub.patterns import Pattern

    Sought = tuple[KnownValues, tuple[Pattern, ...] | None]
    Taken = list[tuple[int, Redaction]]

_LARGEST = 512 << 20


@click.command("scrub")
@click.argument("paths", nargs=-1, metavar="[PATH...|-]")
@click.option("--write", is_flag=True, help="Replace the files; those with nothing in them keep every byte.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when there is a secret.")
@click.option("--sources", is_flag=True, help="Also code: literals with a secret become os.environ[...].")
@click.option("--name", metavar="FILE", help="Standard input is the content of FILE, by its name a notebook or text.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--known/--no-known", default=True, help="Also look for the values that your credential stores hold.")
@click.option("--policy", metavar="FILE|PRESET", help="This policy instead of the layers in force.")
@color_option
def command(
    paths: tuple[str, ...],
    write: bool,
    check: bool,
    sources: bool,
    name: str | None,
    form: str,
    known: bool,
    policy: str | None,
) -> int:
    """Take secrets out of outputs of notebooks (.ipynb) and out of other text files.

    Without PATH, or with `-`, text from standard input goes to standard output as it comes. One PATH without --write
    or --check goes to standard output too. A folder stands for the notebooks below it. Code is not changed without
    --sources: secrets in it are named. Token formats of your own, `[scrub.patterns]` of the policy, are looked for
    beside the built-in ones.

    With --name it is a git clean filter: `git config filter.jupyter-guard.clean "jupyter guard scrub --name %f -"`.

    Exit status: 0, with --check 1 when there is a secret; 2 when something could not be read or written.
    """
    if write and check:
        raise click.UsageError("--write changes files and --check does not: give one.")
    if sources and name is None and (not paths or paths == ("-",)):
        raise click.UsageError("--sources is for notebooks: name one, or say with --name what standard input is.")
    if name is not None:
        if paths not in ((), ("-",)) or write or form == "json":
            raise click.UsageError("--name says what standard input is: no PATH, --write or --format json beside it.")
        return _named(Path(name), _sought(policy, known), check, sources)
    if not paths or paths == ("-",):
        if write or (check and form == "json"):
            raise click.UsageError("Standard input has no file to write; --check on it has no json.")
        return _stream(_sought(policy, known), check)
    files, problems = _files(paths)
    if not (write or check):
        if len(files) + len(problems) != 1:
            raise click.UsageError("With several files give --write to replace them, or --check to look only.")
        if form == "json":
            raise click.UsageError("--format json reports on files: give --check or --write with it.")
    results: list[dict[str, Any]] = []
    sought = _sought(policy, known)
    _prepare()
    with progress(len(files), "scrubbing") as advance:
        for path in files:
            advance(1)
            result = _file(path, sought, write, to_stdout=not (write or check), sources=sources)
            (problems if "error" in result else results).append(result)
    for problem in problems:
        complain(f"{problem['file']}: {problem['error']}")
    if form == "json":
        plain(json.dumps({"version": 1, "files": results, "problems": problems}, indent=1, ensure_ascii=False))
    elif write or check:
        _print(results, write)
    else:
        for result in results:
            _name_code(result)
    if problems:
        return 2
    return int(check and any(result["redactions"] or (sources and result["in_code"]) for result in results))


def _file(path: Path, sought: Sought, write: bool, to_stdout: bool, sources: bool) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            return {"file": str(path), "error": f"larger than {_LARGEST >> 20} MiB"}
        data = path.read_bytes()
        cleaned, taken, in_code = _cleaned(path, data, sought, sources)
        if to_stdout:
            sys.stdout.buffer.write(cleaned)
        elif write and cleaned != data:
            if path.read_bytes() != data:
                return {"file": str(path), "error": "changed while it was read: nothing was written; run this again"}
            replace(path, cleaned)
    except OSError as error:
        return {"file": str(path), "error": error.strerror or str(error)}
    except ValueError as error:
        return {"file": str(path), "error": str(error)}
    changed = write and cleaned != data
    return {"file": str(path), "changed": changed, "redactions": _items(taken), "in_code": _items(in_code)}


def _cleaned(path: Path, data: bytes, sought: Sought, sources: bool) -> tuple[bytes, Taken, Taken]:
    """The content without secrets, what was taken out, and what is still in code. Raises ``ValueError``."""
    from jupyter_guard.cli.outputs import scrub_notebook, secrets_in_code

    if path.suffix != ".ipynb":
        return *_text(data, sought), []
    cleaned, taken = scrub_notebook(data, *sought, sources=sources)
    return cleaned, taken, secrets_in_code(cleaned, *sought)


def _named(path: Path, sought: Sought, check: bool, sources: bool) -> int:
    """Standard input as the content of a file, whole: what git's filters need."""
    data = sys.stdin.buffer.read()
    try:
        cleaned, taken, in_code = _cleaned(path, data, sought, sources)
    except ValueError as error:
        complain(f"{path}: {error}")
        return 2
    result = {"file": str(path), "redactions": _items(taken), "in_code": _items(in_code)}
    if check:
        _print([result], write=False)
        return int(bool(taken or (sources and in_code)))
    sys.stdout.buffer.write(cleaned)
    _name_code(result)
    return 0


def replace(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step: whoever reads sees the old file or the new one. Keeps its mode."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".jupyter_guard", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        found = target.stat()
        temporary.chmod(found.st_mode & 0o7777)
        if hasattr(os, "chown"):
            # Only root may give files away; for anybody else the file is theirs already.
            with contextlib.suppress(PermissionError):
                os.chown(temporary, found.st_uid, found.st_gid)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _text(data: bytes, sought: Sought) -> tuple[bytes, Taken]:
    from jupyter_guard.scrub import Scrubber

    if b"\0" in data[:8192]:
        raise ValueError("a binary file: expected text or a notebook")
    scrubber = Scrubber(*sought)
    text = data.decode("utf-8", "surrogateescape")
    cleaned = scrubber.feed(text) + scrubber.flush()
    return cleaned.encode("utf-8", "surrogateescape"), [(0, one) for one in scrubber.redactions]


def _stream(sought: Sought, check: bool) -> int:
    """Standard input to standard output, as it comes."""
    import codecs

    from jupyter_guard.scrub import Scrubber

    scrubber = Scrubber(*sought)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        data = os.read(source.fileno(), 1 << 16)
        text = scrubber.feed(decoder.decode(data, final=not data))
        if not data:
            text += scrubber.flush()
        if text and not check:
            sink.write(text.encode("utf-8", "surrogateescape"))
            sink.flush()
        if not data:
            break
    kinds = Counter(one.kind for one in scrubber.redactions)
    if check and kinds:
        complain(f"found in standard input: {_kinds(kinds)}")
    return int(check and bool(kinds))


def _sought(given: str | None, use_known: bool) -> Sought:
    """The known values and the token formats to look for, as the policy says. Raises ``PolicyError``."""
    from jupyter_guard.cli.judging import named_policy
    from jupyter_guard.policy import PolicyError, PolicyProblem, load_effective
    from jupyter_guard.scrub import KnownValues, with_own
    from jupyter_guard.scrub.patterns import PatternError

    policy = load_effective(Path()) if given is None else named_policy(given)
    try:
        patterns = with_own(policy.scrub.patterns)
    except PatternError as error:
        where = given or "the layers in force"
        raise PolicyError([PolicyProblem(where, 0, "scrub.patterns", one) for one in error.problems]) from None
    known = KnownValues.from_sources(policy.scrub.known_from, os.environ, Path.home()) if use_known else KnownValues()
    return known, patterns


def _prepare() -> None:
    from jupyter_guard.scrub.engine import prepare

    prepare()


def _files(paths: tuple[str, ...]) -> tuple[list[Path], list[dict[str, str]]]:
    files: dict[Path, None] = {}
    problems = []
    for given in paths:
        path = Path(given)
        if given == "-":
            raise click.UsageError("`-` (standard input) stands alone.")
        if path.is_dir():
            below = list(_notebooks_below(path))
            files.update(dict.fromkeys(below))
            if not below:
                problems.append({"file": given, "error": "the folder holds no notebook (.ipynb)"})
        elif path.is_file():
            files[path] = None
        else:
            problems.append({"file": given, "error": "there is no such file or folder"})
    return list(files), problems


def _notebooks_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _notebooks_below(path)
        elif path.suffix == ".ipynb":
            yield path


def _items(taken: Taken) -> list[dict[str, Any]]:
    counts: Counter[tuple[int, str]] = Counter()
    for cell, redaction in taken:
        counts[cell, redaction.kind] += redaction.count
    return [{"cell": cell, "kind": kind, "count": count} for (cell, kind), count in counts.items()]


def _print(results: list[dict[str, Any]], write: bool) -> None:
    from rich.table import Table

    console = stdout()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("file", "cell", "secret", "count"):
        table.add_column(column, overflow="fold", justify="right" if column == "count" else "left")
    for result in results:
        for item in result["redactions"]:
            cell = str(item["cell"]) if item["cell"] else ""
            table.add_row(printable(result["file"]), cell, styled(item["kind"], "missing"), f"{item['count']:,}")
    if table.row_count:
        console.print(table)
    total = sum(item["count"] for result in results for item in result["redactions"])
    with_secrets = sum(bool(result["redactions"]) for result in results)
    done = "taken out of" if write else "found in"
    console.print(f"{counted(total, 'secret')} {done} {with_secrets:,} of {counted(len(results), 'file')}")
    for result in results:
        _name_code(result)


def _name_code(result: dict[str, Any]) -> None:
    if result["in_code"]:
        where = ", ".join(f"cell {item['cell']} ({item['kind']})" for item in result["in_code"])
        complain(f"{result['file']}: secrets in the cells' own text, which stay there: {where}")


def _kinds(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())
