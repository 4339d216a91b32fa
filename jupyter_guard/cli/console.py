"""What a command has to say -> a terminal, a pipe or a file, with colours where somebody wants them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Command = TypeVar("Command", bound=Callable[..., Any])
_COLOR: Final = "jupyter_guard.color"
STYLES: Final = {
    "allow": "green",
    "warn": "yellow",
    "confirm": "dark_orange",
    "block": "bold red",
    "note": "dim",
    "low": "cyan",
    "medium": "yellow",
    "high": "dark_orange",
    "critical": "bold red",
    "ok": "green",
    "missing": "yellow",
    "wrong": "bold red",
}


def color_option(function: Command) -> Command:
    """The option ``--color`` for a command; ``NO_COLOR`` in the environment counts where it is ``auto``."""

    def keep(context: click.Context, _parameter: click.Parameter, value: str) -> None:
        context.meta[_COLOR] = value

    option = click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        expose_value=False,
        callback=keep,
        help="Colours: on a terminal (and unless NO_COLOR is set), always, or never.",
    )
    return option(function)


def stdout() -> Console:
    """The console for a command's answer. What is no terminal has lines of any length."""
    return _console(False)


def stderr() -> Console:
    """The console for progress and complaints."""
    return _console(True)


def _console(stderr_too: bool) -> Console:
    from rich.console import Console

    context = click.get_current_context(silent=True)
    color = context.meta.get(_COLOR, "auto") if context is not None else "auto"
    terminal = (sys.stderr if stderr_too else sys.stdout).isatty()
    return Console(
        stderr=stderr_too,
        force_terminal={"always": True, "never": False}.get(color),
        no_color=None if color == "auto" else color == "never",
        color_system="standard" if color == "always" and not terminal else "auto",
        width=None if terminal else 110,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def styled(text: str, style: str = "") -> Text:
    """A text in the style of a verdict, a severity or a state."""
    from rich.text import Text

    return Text(text, STYLES.get(style or text, style))


def plain(line: str = "") -> None:
    """A line of a machine's format, as it is, to standard output; what UTF-8 cannot hold is spelled out."""
    stream = sys.stdout
    stream.buffer.write((line + "\n").encode("utf-8", "backslashreplace"))


def complain(*lines: str) -> None:
    """Lines on standard error, the first with our name before it."""
    for number, line in enumerate(lines):
        text = ("jupyter guard: " if number == 0 else "  ") + printable(line)
        click.echo(text.encode("utf-8", "backslashreplace").decode(), err=True)


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error where that is a terminal and the work is long; gives what advances it."""
    if total < 30 or not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


@functools.lru_cache(maxsize=20_000)
def clean(text: str) -> str:
    """``text`` without secrets, by pattern: what is printed about code may be kept in logs."""
    from jupyter_guard.scrub import Scrubber
    from jupyter_guard.scrub.patterns import builtin

    scrubber = Scrubber(patterns=builtin())
    return scrubber.feed(text) + scrubber.flush()


def printable(text: str) -> str:
    """``text`` with control characters, which could hide or forge lines of a terminal, spelled out."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 cell``, ``2 cells``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words with commas, cut when there are very many."""
    shown = list(words)
    rest = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + rest
