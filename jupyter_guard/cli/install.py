"""``jupyter guard install``: the kernel 'Guarded Python', or the guarded twin of another kernel."""

from __future__ import annotations

import sys

import click


@click.command("install")
@click.option("--user", is_flag=True, help="For this account only.")
@click.option("--sys-prefix", is_flag=True, help="Into this Python environment (the default).")
@click.option("--prefix", metavar="PREFIX", help="Into PREFIX/share/jupyter/kernels.")
@click.option("--system", is_flag=True, help="For everybody on this machine.")
@click.option("--wrap", metavar="NAME", default="", help="Wrap the installed kernel NAME instead of this Python.")
@click.option("--name", metavar="NAME", default="", help="The new kernel's name (default: guarded-NAME).")
def command(user: bool, sys_prefix: bool, prefix: str | None, system: bool, wrap: str, name: str) -> None:
    """Install a guarded kernel, so that Jupyter lists it.

    `pip install` does this for the environment it installs into. Use this command for kernels of other environments
    and languages (--wrap, with a name from `jupyter kernelspec list`), or after the environment was moved.
    """
    if sum((user, sys_prefix, prefix is not None, system)) > 1:
        raise click.UsageError("--user, --sys-prefix, --prefix and --system name different places: give one.")
    from jupyter_guard.guard.install import InstallError, install

    place = prefix if prefix is not None else None if user or system else sys.prefix
    try:
        installed, where = install(user=user, prefix=place, wrap=wrap, name=name)
    except InstallError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"installed the kernel {installed} in {where}")
