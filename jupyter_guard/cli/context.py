"""``jupyter guard context``: what an assistant has to know of the policy, as a text for its prompt or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click

from jupyter_guard.cli.console import color_option, complain, plain
from jupyter_guard.terms import Origin


@click.command("context")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--origin",
    type=click.Choice([str(one) for one in Origin]),
    default="assistant",
    show_default=True,
    help="Who writes the cells.",
)
@click.option("--policy", "wanted", metavar="POLICY", help="A preset or a file, in place of the policy in force.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def command(folder: Path | None, origin: str, wanted: str | None, form: str) -> None:
    """Say what holds for code in FOLDER (default: here): rules, paths, hosts, approved tools and good practice.

    Put the text into an assistant's prompt, so that it writes allowed code the first time. Nothing in it is secret.
    """
    from jupyter_guard.context import describe
    from jupyter_guard.guard.session import resolve_policy
    from jupyter_guard.policy import load_effective

    place = (folder or Path()).absolute()
    try:
        policy = resolve_policy(wanted) if wanted else load_effective(place)
    except FileNotFoundError:
        raise click.UsageError(f"--policy {wanted}: there is no such preset or file") from None
    about = describe(policy, place, origin)
    for problem in about.problems:
        complain(problem)
    plain(json.dumps(about.json(), indent=1, ensure_ascii=False) if form == "json" else about.text.rstrip("\n"))
