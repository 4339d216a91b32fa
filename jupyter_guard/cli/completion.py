"""``jupyter guard completion SHELL``: a script that completes commands, options and paths."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for SHELL.

    It completes `jupyter-guard`, the same program as `jupyter guard`:

    \b
      bash:  jupyter guard completion bash >> ~/.bashrc
      zsh:   jupyter guard completion zsh >> ~/.zshrc
      fish:  jupyter guard completion fish > ~/.config/fish/completions/jupyter-guard.fish
    """  # noqa: D301 - click reads the character
    from click.shell_completion import get_completion_class

    from jupyter_guard.cli.main import COMPLETE_VARIABLE, SCRIPT, cli

    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"this version of click has no completion for {shell}")
    click.echo(completer(cli, {}, SCRIPT, COMPLETE_VARIABLE).source())
