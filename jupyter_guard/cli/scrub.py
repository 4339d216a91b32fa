"""``jupyter guard scrub``: secrets out of saved notebooks, other text files, or a stream of text."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain, counted, plain, printable, progress, stdout, styled
from jupyter_guard.cli.many import Many, many_options

if TYPE_CHECKING:
    from jupyter_guard.cli.scrub_job import ScrubJob, Sought
    from jupyter_guard.corpus import Piece
    from jupyter_guard.scrub import KnownValues


@click.command("scrub")
@click.argument("paths", nargs=-1, metavar="[PATH...|-]")
@click.option("--write", is_flag=True, help="Replace the files; those with nothing in them keep every byte.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when there is a secret, in code too.")
@click.option("--sources", is_flag=True, help="Also cells' own texts: code reads secrets from os.environ[...].")
@click.option("--name", metavar="FILE", help="Standard input is the content of FILE, by its name a notebook or text.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--known/--no-known", default=True, help="Also look for the values that your credential stores hold.")
@click.option("--policy", metavar="FILE|PRESET", help="This policy instead of the layers in force.")
@many_options
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
    many: Many,
) -> int:
    """Take secrets out of notebooks (.ipynb) and out of other text files.

    Without PATH, or with `-`, text from standard input goes to standard output as it comes. One PATH without --write
    or --check goes to standard output too. A folder stands for the notebooks below it.

    In a notebook outputs, metadata and attachments are cleaned. The cells' own texts are not changed without --sources:
    secrets in them are named, by cell and line. With it Python reads them from the environment, whole strings or the
    secret part of an f-string, a URL, a header; so do `!` lines and cells for a shell, with "$NAME"; comments,
    docstrings, Markdown and raw cells have a marker. What would mean something else then (SQL, other magics and
    languages, a shell's here-documents) stays, and is named. Token formats of your own, `[scrub.patterns]` of the
    policy, are looked for beside the built-in ones.

    With --name it is a git clean filter: `git config filter.jupyter-guard.clean "jupyter guard scrub --name %f -"`.

    Exit status: 0, with --check 1 when there is a secret anywhere; 2 when something could not be read or written. A
    credential store that cannot be read is named, and its values are not looked for.
    """
    if many.is_asked_for and not check:
        raise click.UsageError("--workers, --resume and --dask are for many files that stay as they are: give --check.")
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
    if check:
        from jupyter_guard.cli.scrub_job import ScrubJob

        return _check(files, problems, ScrubJob(*_looked_for(policy, known), sources), many, form)
    results: list[dict[str, Any]] = []
    sought = _sought(policy, known)
    _prepare()
    with progress(len(files), "scrubbing") as advance:
        for path in files:
            advance(1)
            result = _file(path, sought, write, to_stdout=not write, sources=sources)
            (problems if "error" in result else results).append(result)
    for problem in problems:
        complain(f"{problem['file']}: {problem['error']}")
    if form == "json":
        plain(json.dumps({"version": 1, "files": results, "problems": problems}, indent=1, ensure_ascii=False))
    elif write:
        _print(results, len(results), write, sources)
    else:
        for result in results:
            _name_code(result, sources)
    return 2 if problems else 0


def _check(files: list[Path], problems: list[dict[str, str]], job: ScrubJob, many: Many, form: str) -> int:
    """Look through files, on all cores where they are many; only those with a secret are held in memory."""
    from jupyter_guard.cli.long_list import LongList, write_document
    from jupyter_guard.corpus import Lost

    document = LongList()
    with_secrets = []
    count = 0
    for known, result in many.results(_pieces(files, job), job, len(files), "checking"):
        found = known
        if isinstance(result, Lost):
            found = {**known, "error": result.reason}
        elif result is not None:
            found = json.loads(result.value)
        if "error" in found:
            problems.append(found)
            continue
        count += 1
        if form == "json":
            document.add(found)
        if found["redactions"] or found["in_code"]:
            with_secrets.append(found)
    for problem in problems:
        complain(f"{problem['file']}: {problem['error']}")
    if form == "json":
        write_document({"version": 1, "files": document, "problems": problems}, "files")
    else:
        _print(with_secrets, count, False, job.sources)
        if problems:
            complain(f"{counted(len(problems), 'input')} not checked")
    if problems:
        return 2
    return int(bool(with_secrets))


def _pieces(files: list[Path], job: ScrubJob) -> Iterator[Piece[dict[str, Any]]]:
    from jupyter_guard.cli.files import FileError, read_file
    from jupyter_guard.corpus import Piece

    for path in files:
        try:
            yield job.piece(str(path), read_file(path))
        except FileError as error:
            yield Piece({"file": str(path), "error": str(error)})


def _file(path: Path, sought: Sought, write: bool, to_stdout: bool, sources: bool) -> dict[str, Any]:
    from jupyter_guard.cli.files import read_file, replace
    from jupyter_guard.cli.scrub_job import cleaned

    try:
        data = read_file(path)
        after, result = cleaned(path, data, sought, sources)
        if to_stdout:
            sys.stdout.buffer.write(after)
        elif write and after != data:
            replace(path, after, data)
    except ValueError as error:
        return {"file": str(path), "error": str(error)}
    if not (write or to_stdout):
        result["variables"] = []
    return {"file": str(path), "changed": write and after != data, **result}


def _named(path: Path, sought: Sought, check: bool, sources: bool) -> int:
    """Standard input as the content of a file, whole: what git's filters need."""
    from jupyter_guard.cli.scrub_job import cleaned

    data = sys.stdin.buffer.read()
    try:
        after, found = cleaned(path, data, sought, sources)
    except ValueError as error:
        complain(f"{path}: {error}")
        return 2
    result = {"file": str(path), **found}
    if check:
        result["variables"] = []
        _print([result], 1, False, sources)
        return int(bool(found["redactions"] or found["in_code"]))
    sys.stdout.buffer.write(after)
    _name_code(result, sources)
    return 0


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


def _looked_for(given: str | None, use_known: bool) -> tuple[KnownValues, Mapping[str, Any]]:
    """The known values and the policy's own token formats, which hold. Raises ``PolicyError``."""
    from jupyter_guard.cli.judging import named_policy
    from jupyter_guard.policy import PolicyError, PolicyProblem, load_effective
    from jupyter_guard.scrub import KnownValues, with_own
    from jupyter_guard.scrub.patterns import PatternError

    policy = load_effective(Path()) if given is None else named_policy(given)
    try:
        with_own(policy.scrub.patterns)
    except PatternError as error:
        where = given or "the layers in force"
        raise PolicyError([PolicyProblem(where, 0, "scrub.patterns", one) for one in error.problems]) from None
    known = KnownValues.from_sources(policy.scrub.known_from, os.environ, Path.home()) if use_known else KnownValues()
    for one in known.skipped:
        if one.unread:
            complain(f"{one.name}: {one.reason}; the values in it are not looked for")
    return known, policy.scrub.patterns


def _sought(given: str | None, use_known: bool) -> Sought:
    from jupyter_guard.scrub import with_own

    known, own = _looked_for(given, use_known)
    return known, with_own(own)


def _prepare() -> None:
    from jupyter_guard.scrub.engine import prepare

    prepare()


def _files(paths: tuple[str, ...]) -> tuple[list[Path], list[dict[str, str]]]:
    from jupyter_guard.cli.files import notebooks_below

    files: dict[Path, None] = {}
    problems: list[dict[str, str]] = []
    for given in paths:
        if given == "-":
            raise click.UsageError("`-` (standard input) stands alone.")
        # Path's own raises where it may not look.
        if not os.path.isdir(given):  # noqa: PTH112
            files[Path(given)] = None
            continue
        known = len(problems)
        below = list(notebooks_below(Path(given), problems))
        files.update(dict.fromkeys(below))
        if not below and len(problems) == known:
            problems.append({"file": given, "error": "the folder holds no notebook (.ipynb)"})
    return list(files), problems


def _print(results: list[dict[str, Any]], count: int, write: bool, sources: bool) -> None:
    """What was found in ``results``, of ``count`` files."""
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
    console.print(f"{counted(total, 'secret')} {done} {with_secrets:,} of {counted(count, 'file')}")
    for result in results:
        _name_code(result, sources)


def _name_code(result: dict[str, Any], sources: bool) -> None:
    if result["in_code"]:
        where = ", ".join(f"cell {item['cell']}, line {item['line']} ({item['kind']})" for item in result["in_code"])
        hint = "" if sources else "; --sources takes out what can be read from the environment"
        complain(f"{result['file']}: secrets in the cells' own text, which stay there: {where}{hint}")
    if result["variables"]:
        complain(f"{result['file']}: set these in the environment before it runs: {', '.join(result['variables'])}")


def _kinds(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())
