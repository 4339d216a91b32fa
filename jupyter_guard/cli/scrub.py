"""``jupyter guard scrub``: secrets out of saved notebooks, other text files, or a stream of text."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain, counted, plain, printable, progress, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.cli.outputs import InText
    from jupyter_guard.scrub import KnownValues, Redaction
    from jupyter_guard.scrub.patterns import Pattern

    Sought = tuple[KnownValues, tuple[Pattern, ...] | None]
    Taken = list[tuple[int, Redaction]]


@click.command("scrub")
@click.argument("paths", nargs=-1, metavar="[PATH...|-]")
@click.option("--write", is_flag=True, help="Replace the files; those with nothing in them keep every byte.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when there is a secret, in code too.")
@click.option("--sources", is_flag=True, help="Also cells' own texts: code reads secrets from os.environ[...].")
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
        _print(results, write, sources)
    else:
        for result in results:
            _name_code(result, sources)
    if problems:
        return 2
    return int(check and any(result["redactions"] or result["in_code"] for result in results))


def _file(path: Path, sought: Sought, write: bool, to_stdout: bool, sources: bool) -> dict[str, Any]:
    from jupyter_guard.cli.files import read_file, replace

    try:
        data = read_file(path)
        cleaned, result = _cleaned(path, data, sought, sources)
        if to_stdout:
            sys.stdout.buffer.write(cleaned)
        elif write and cleaned != data:
            replace(path, cleaned, data)
    except ValueError as error:
        return {"file": str(path), "error": str(error)}
    if not (write or to_stdout):
        result["variables"] = []
    return {"file": str(path), "changed": write and cleaned != data, **result}


def _cleaned(path: Path, data: bytes, sought: Sought, sources: bool) -> tuple[bytes, dict[str, Any]]:
    """The content without secrets; what was taken out, and what still stands in cells. Raises ``ValueError``."""
    from jupyter_guard.cli.outputs import scrub_notebook, secrets_in_text
    from jupyter_guard.cli.variables import Variables

    if path.suffix != ".ipynb":
        cleaned, taken = _text(data, sought)
        return cleaned, {"redactions": _items(taken), "in_code": [], "variables": []}
    variables = Variables()
    cleaned, taken = scrub_notebook(data, *sought, sources=variables if sources else False)
    left = _places(secrets_in_text(cleaned, *sought))
    return cleaned, {"redactions": _items(taken), "in_code": left, "variables": variables.names}


def _named(path: Path, sought: Sought, check: bool, sources: bool) -> int:
    """Standard input as the content of a file, whole: what git's filters need."""
    data = sys.stdin.buffer.read()
    try:
        cleaned, found = _cleaned(path, data, sought, sources)
    except ValueError as error:
        complain(f"{path}: {error}")
        return 2
    result = {"file": str(path), **found}
    if check:
        result["variables"] = []
        _print([result], False, sources)
        return int(bool(found["redactions"] or found["in_code"]))
    sys.stdout.buffer.write(cleaned)
    _name_code(result, sources)
    return 0


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
    for one in known.skipped:
        if one.unread:
            complain(f"{one.name}: {one.reason}; the values in it are not looked for")
    return known, patterns


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


def _items(taken: Taken) -> list[dict[str, Any]]:
    counts: Counter[tuple[int, str]] = Counter()
    for cell, redaction in taken:
        counts[cell, redaction.kind] += redaction.count
    return [{"cell": cell, "kind": kind, "count": count} for (cell, kind), count in counts.items()]


def _places(found: list[InText]) -> list[dict[str, Any]]:
    counts = Counter((one.cell, one.line, one.kind) for one in found)
    return [{"cell": cell, "line": line, "kind": kind, "count": n} for (cell, line, kind), n in counts.items()]


def _print(results: list[dict[str, Any]], write: bool, sources: bool) -> None:
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
