"""``jupyter guard server``: a server without a Hub, locked the same way."""

from __future__ import annotations

import os
from pathlib import Path

import click

from jupyter_guard.cli.console import plain, stdout

POLICY = click.option(
    "--policy",
    default="/etc/jupyter/jupyter_guard.toml",
    show_default=True,
    help="The site's policy, which belongs to root.",
)
APPLICATION = click.option(
    "--app", "application", default="lab", show_default=True, type=click.Choice(["lab", "notebook", "server"])
)


@click.group("server")
def command() -> None:
    """A server without a Hub, locked as a Hub's servers are: for one machine, one server an account."""


@command.command("prepare")
@click.argument("account")
def prepare(account: str) -> None:
    """Make the folders of ACCOUNT's server, or put their owners right. As root, before each start."""
    from jupyter_guard.hub.place import make_ready

    try:
        make_ready(account, account)
    except KeyError:
        raise click.UsageError(f"There is no account {account!r}.") from None
    except OSError as problem:
        raise click.UsageError(f"{problem.filename or account}: {problem.strerror or problem}") from None
    stdout().print(f"Ready for {account}.")


@command.command("start", context_settings={"ignore_unknown_options": True})
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@POLICY
@APPLICATION
def start(more: tuple[str, ...], policy: str, application: str) -> None:
    """Become the locked server of this account; ARGUMENTS are Jupyter's, such as --ServerApp.port=8888.

    Root has prepared its folders. Nothing of the account's own is loaded into it, and its kernels are guarded.
    """
    import getpass

    from jupyter_guard.hub.alone import FOLDER, start_of
    from jupyter_guard.hub.settings import STATE

    account = getpass.getuser()
    if hasattr(os, "geteuid"):
        import pwd

        account = pwd.getpwuid(os.geteuid()).pw_name
    try:
        made = start_of(account, os.environ, policy, application, more)
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from None
    if not Path(STATE, "users", account).is_dir():
        raise click.UsageError(f"Root has not prepared it: jupyter guard server prepare {account}")
    os.chdir(FOLDER)
    os.execve(made.command[0], made.command, made.environment)  # noqa: S606


@command.command("unit", context_settings={"ignore_unknown_options": True})
@click.argument("account")
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@POLICY
@APPLICATION
def unit(account: str, more: tuple[str, ...], policy: str, application: str) -> None:
    """Print a unit for systemd that keeps the locked server of ACCOUNT running."""
    from jupyter_guard.hub.alone import unit_of

    try:
        plain(unit_of(account, policy, application, more).rstrip("\n"))
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from None
