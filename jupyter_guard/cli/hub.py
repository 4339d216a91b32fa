"""``jupyter guard hub``: is a JupyterHub's lock whole?"""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_guard.cli.console import color_option, complain, counted, plain, printable, stdout, styled

if TYPE_CHECKING:
    from rich.text import Text


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
    started or changed. Exit status 1 where something is open. Functions of your own, which cannot be looked into, are
    named and are no holes: the lock is set again after they ran.
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
    open_ones = [hole for hole in holes if hole.is_open]
    if form == "json":
        plain(json.dumps([hole._asdict() for hole in holes], indent=2))
    else:
        for hole in holes:
            stdout().print(_named(hole.where, hole.found))
            stdout().print(f"    {printable(hole.why)}")
            stdout().print(f"    {'Fix' if hole.is_open else 'Not seen into'}: {printable(hole.fix)}")
        stdout().print(
            f"{counted(len(open_ones), 'hole')} in {config or url}."
            if open_ones
            else f"Nothing is open in {config or url}."
        )
    if open_ones:
        raise click.exceptions.Exit(1)


@command.command("break-glass")
@click.argument("user", required=False)
@click.option("--for", "span", metavar="TIME", help="How long: 30m, 2h; at most 24h.")
@click.option("--why", metavar="TEXT", help="The reason, which is kept.")
@click.option("--end", is_flag=True, help="End it now.")
@color_option
def break_glass(user: str | None, span: str | None, why: str | None, end: bool) -> None:
    """Let the cells of USER through for a while; without USER, list what is open.

    Everything is judged, recorded, scrubbed and boxed in as before, but no verdict stops a cell. Running kernels take
    it up, and its end, at their next cell. Who opened it, until when and why stands in a journal that only root can
    write (/var/lib/jupyter_guard/audit) and in every record of that time. It has to be said as root.
    """
    from jupyter_guard.guard.opened import FILE, OpenedError, now, openings
    from jupyter_guard.hub.opening import close_account, open_account

    try:
        if user is None:
            if span or why or end:
                raise click.UsageError("Whose cells? Give a USER.")
            held = [one for one in openings() if one.holds(now())]
            for one in held:
                stdout().print(_named(one.user, one.sentence))
            stdout().print(f"{counted(len(held), 'account')} open.")
            return
        if end:
            closed = close_account(user)
            stdout().print(f"Closed for {printable(user)}." if closed else f"Nothing is open for {printable(user)}.")
            return
        if not span or not why:
            raise click.UsageError("How long, and why? --for 30m --why TEXT.")
        made = open_account(user, _span(span), why)
    except OpenedError as problem:
        raise click.UsageError(str(problem)) from None
    except ValueError as problem:
        raise click.UsageError(f"Not opened: {problem}") from None
    except OSError as problem:
        where = problem.filename or FILE
        raise click.UsageError(f"Nothing was changed: {where}: {problem.strerror or problem}") from None
    stdout().print(_named(made.user, made.sentence))
    if not _is_account(user):
        complain(f"{user} is no account of this machine: it opens for nobody, unless the Hub calls a user so")


def _is_account(name: str) -> bool:
    try:
        import pwd

        pwd.getpwnam(name)
    except (ImportError, KeyError):
        return False
    return True


def _named(name: str, said: str) -> Text:
    return styled(printable(name), "bold").append(f": {printable(said)}", "default")


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})\s*([mh])", text.strip())
    if not found:
        raise ValueError(f"{text!r} is no time: expected minutes or hours such as 30m or 2h")
    return timedelta(**{"minutes" if found[2] == "m" else "hours": int(found[1])})
