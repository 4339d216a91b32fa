"""``jupyter guard evaluate``: how legible and how safe code is that assistants wrote, and which of two is better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from jupyter_guard.cli.console import color_option, complain, stdout
from jupyter_guard.cli.many import Many, many_options

if TYPE_CHECKING:
    from jupyter_guard.cli.evaluate_read import Reading
    from jupyter_guard.evaluate.compare import Gate
    from jupyter_guard.evaluate.measure import Evaluated
    from jupyter_guard.evaluate.sample import Sample
    from jupyter_guard.policy import Policy

GATED: Final = "safety.unsafe"
MOST_NAMED: Final = 20


@click.command("evaluate")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--origin",
    type=click.Choice(["human", "unknown", "imported", "assistant"]),
    default="assistant",
    show_default=True,
    help="Who wrote the code.",
)
@click.option("--policy", metavar="FILE|PRESET", help="This policy instead of the layers in force here.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Also write one HTML page with plots.")
@click.option("--compare", nargs=2, metavar="A B", help="Two models: the differences, B less A, in pairs of tasks.")
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="METRIC[=MARGIN]",
    help=f"With --compare: exit with 1 when B is worse by more than MARGIN (0). Again for more; alone: {GATED}.",
)
@click.option("--run", is_flag=True, help="Also run each sample, isolated: an empty folder, no network, limits.")
@click.option("--seconds", type=click.IntRange(1, 3600), default=30, show_default=True, help="With --run: for a cell.")
@many_options
@color_option
def command(
    paths: tuple[str, ...],
    origin: str,
    policy: str | None,
    form: str,
    page: Path | None,
    compare: tuple[str, str] | None,
    gates: tuple[str, ...],
    run: bool,
    seconds: int,
    many: Many,
) -> int:
    """Say how legible and how safe code is that assistants wrote: a vector a cell and a model, never one score.

    PATH is a notebook, a script, a folder, `-`, or a .jsonl file with an answer a line:
    {"task": "t1", "model": "a", "completion": "..."}; "completions" holds several samples. Code is taken out of
    fenced blocks. Where no line names a model, each PATH is one. Nothing is run without --run.

    Exit status: 0, 1 when B is worse than A in a gated metric, 2 when something could not be read.
    """
    from jupyter_guard.cli.evaluate_answer import answer, comparison
    from jupyter_guard.cli.evaluate_read import UNREADABLE, Reading
    from jupyter_guard.cli.judging import named_policy
    from jupyter_guard.cli.long_list import write_document
    from jupyter_guard.evaluate.kept import Kept
    from jupyter_guard.policy import load_effective
    from jupyter_guard.terms import Origin

    if gates and compare is None:
        raise click.UsageError("--gate says how much worse B may be than A: it needs --compare A B.")
    wanted = [_gate(one) for one in gates]
    used = named_policy(policy) if policy is not None else load_effective(Path())
    reading = Reading(paths, Origin(origin))
    with Kept() as evaluated:
        for one in _evaluated(reading, used, seconds if run else None, many):
            evaluated.add(one)
        # What makes the exit status comes first.
        left_out = sorted(reading.left_out, key=lambda one: one.kind != UNREADABLE)
        for left in left_out[:MOST_NAMED]:
            complain(f"{left.place}: {left.message}")
        if len(left_out) > MOST_NAMED:
            complain(f"{len(left_out) - MOST_NAMED} more like these: --format json names all")
        found = answer(evaluated, left_out, used, origin, compares=compare is not None)
        failed: list[str] = []
        if compare is not None:
            first, second = (reading.labels.get(one, one) for one in compare)
            found["compare"], failed = comparison(
                evaluated,
                (first, second),
                wanted or [_gate(GATED)],
                given=set(reading.labels.values()),
                named=bool(wanted),
            )
            for one in found["compare"]["skipped"]:
                complain(one)
        if page is not None:
            from jupyter_guard.cli.evaluate_page import page as written

            try:
                page.write_text(written(found), encoding="utf-8", errors="backslashreplace", newline="\n")
            except OSError as error:
                raise click.UsageError(f"{page} cannot be written: {error.strerror}.") from None
        if form == "json":
            write_document(found, "samples")
        else:
            from jupyter_guard.cli.evaluate_text import show

            show(found, stdout())
        if any(one.kind == UNREADABLE for one in left_out):
            return 2
        return int(bool(failed))


def _evaluated(reading: Reading, policy: Policy, seconds: int | None, many: Many) -> Iterator[Evaluated]:
    """The samples in order; those whose worker died are left out, and named after all others."""
    import msgspec

    from jupyter_guard.cli.evaluate_job import EvaluateJob
    from jupyter_guard.cli.evaluate_read import UNREADABLE
    from jupyter_guard.corpus import Lost
    from jupyter_guard.evaluate.kept import decoded
    from jupyter_guard.evaluate.sample import LeftOut
    from jupyter_guard.practice.ruff import RuffError

    lost = []
    try:
        job = EvaluateJob(policy)
        pieces = map(job.piece, reading.samples())
        for sample, result in many.results(pieces, job, reading.count(), "evaluating"):
            if isinstance(result, Lost):
                lost.append(LeftOut(sample.place, UNREADABLE, result.reason))
            elif result is not None:
                found = decoded(result.value)
                yield found if seconds is None else msgspec.structs.replace(found, ran=_ran(sample, seconds))
    except RuffError as error:
        raise click.UsageError(f"the policy's practice.ruff: {error}") from None
    reading.left_out += lost


def _ran(sample: Sample, seconds: int) -> bool | None:
    from jupyter_guard.evaluate.running import NoBoxError, runs

    try:
        return runs(sample, seconds)
    except NoBoxError as error:
        raise click.UsageError(f"--run: no isolated kernel starts here, and nothing runs without: {error}") from None


def _gate(given: str) -> Gate:
    from jupyter_guard.evaluate.compare import Gate
    from jupyter_guard.evaluate.metrics import BY_KEY

    name, _, margin = given.partition("=")
    known = [key for key, metric in BY_KEY.items() if metric.better]
    if name not in known:
        raise click.UsageError(f"--gate {given}: there is no such metric. There are: {', '.join(known)}.")
    try:
        value = float(margin) if margin else 0.0
    except ValueError:
        value = -1.0
    # Not "less than 0": no number is either.
    if not value >= 0:
        raise click.UsageError(f"--gate {given}: the margin is no number of 0 or more.")
    return Gate(name, value)
