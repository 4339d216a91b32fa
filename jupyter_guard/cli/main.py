"""Words on a command line -> the command that they name, and its exit status.

0: clean, 1: findings, 2: the command or its input is wrong, 3: the guard itself failed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Final, NoReturn

import click

PROGRAM: Final = "jupyter guard"
SCRIPT: Final = "jupyter-guard"
COMPLETE_VARIABLE: Final = "_JUPYTER_GUARD_COMPLETE"
CLEAN, FINDINGS, USAGE, INTERNAL = 0, 1, 2, 3

# command -> its module in this package; each is imported when it is needed.
COMMANDS: Final = {
    "vet": "vet",
    "scrub": "scrub",
    "evaluate": "evaluate",
    "install": "install",
    "doctor": "doctor",
    "isolation": "isolation",
    "policy": "policy",
    "audit": "audit",
    "hub": "hub",
    "server": "server",
    "rules": "rules",
    "explain": "explain",
    "context": "context",
    "mcp": "mcp",
    "completion": "completion",
    "version": "version",
}


class Commands(click.Group):
    """The commands of ``COMMANDS``, in that order, imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, or ``None``."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"jupyter_guard.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest command in the message."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(None, "--version", package_name="jupyter_guard", prog_name=PROGRAM)
def cli() -> None:
    """Guards a Jupyter session while people and assistants write code in it.

    Exit status: 0 clean, 1 findings, 2 the command or its input is wrong, 3 the guard itself failed.
    """


def main() -> NoReturn:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; its exit status. What goes wrong is said on standard error."""
    import logging

    from jupyter_guard.cli.console import complain

    # What fails inside stands in the answer; its traceback is for those who ask.
    level = os.environ.get("JUPYTER_GUARD_LOG", "").upper()
    if level in ("DEBUG", "INFO", "WARNING", "ERROR"):
        logging.basicConfig(level=level, format="[jupyter_guard] %(levelname)s %(message)s")
    else:
        logging.getLogger("jupyter_guard").addHandler(logging.NullHandler())
    try:
        status = cli.main(arguments, PROGRAM, COMPLETE_VARIABLE, standalone_mode=False)
        if not sys.stdout.closed:
            # The first line of the MCP SDK closes it.
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        complain("stopped")
        return 130
    except BrokenPipeError:
        # Whoever read has read enough; the interpreter would complain when it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        return _failed(error)
    return status if isinstance(status, int) else CLEAN


def _failed(error: Exception) -> int:
    from jupyter_guard.cli.console import complain
    from jupyter_guard.policy import PolicyError

    if isinstance(error, PolicyError):
        count = len(error.problems)
        complain(f"the policy has {count} mistake{'s' if count > 1 else ''}:", *map(str, error.problems))
        return USAGE
    if os.environ.get("JUPYTER_GUARD_LOG", "").lower() == "debug":
        import traceback

        traceback.print_exc()
    complain(
        f"the guard itself failed: {type(error).__name__}: {error}",
        "This is a mistake in jupyter_guard. JUPYTER_GUARD_LOG=debug shows where; please report it.",
    )
    return INTERNAL
