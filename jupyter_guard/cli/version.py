"""``jupyter guard version``: the version, as ``pip`` knows it."""

from __future__ import annotations

import click


@click.command("version")
def command() -> None:
    """Print the version."""
    from jupyter_guard import __version__

    click.echo(__version__)
