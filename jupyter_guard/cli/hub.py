"""``jupyter guard hub``: is a JupyterHub's lock whole?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from jupyter_guard.cli.console import color_option, counted, plain, printable, stdout


@click.group("hub")
def command() -> None:
    """For administrators of a JupyterHub."""


@command.command("check")
@click.argument("config", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", metavar="URL", default="", help="A user's running server: http://HUB/user/NAME.")
@click.option(
    "--token-variable",
    metavar="NAME",
    default="JUPYTERHUB_API_TOKEN",
    show_default=True,
    help="The environment variable with a token of that user.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def check(config: Path | None, url: str, token_variable: str, form: str) -> None:
    """Find what is open in the lock of a planned (CONFIG) or a running (--url) Hub, with what closes it.

    CONFIG is jupyterhub_config.py, which is executed as the Hub does. A running server is only asked, nothing of it is
    started or changed. Exit status 1 where something is open.
    """
    from jupyter_guard.hub.check import CannotCheckError, check_file, check_server

    if (config is None) == (not url):
        raise click.UsageError("Give a configuration file or --url, one of the two.")
    token = os.environ.get(token_variable, "")
    if url and not token:
        raise click.UsageError(f"The variable {token_variable} holds no token (--token-variable names another).")
    try:
        holes = check_file(config) if config is not None else check_server(url, token)
    except CannotCheckError as problem:
        raise click.UsageError(str(problem)) from None
    if form == "json":
        plain(json.dumps([hole._asdict() for hole in holes], indent=2))
    else:
        for hole in holes:
            stdout().print(f"[bold]{printable(hole.where)}[/bold]: {printable(hole.found)}")
            stdout().print(f"    {printable(hole.why)}", markup=False)
            stdout().print(f"    Fix: {printable(hole.fix)}", markup=False)
        stdout().print(
            f"{counted(len(holes), 'hole')} in {config or url}." if holes else f"Nothing is open in {config or url}."
        )
    if holes:
        raise click.exceptions.Exit(1)
