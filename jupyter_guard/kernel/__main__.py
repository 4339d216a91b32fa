"""``python -m jupyter_guard.kernel -f CONNECTION_FILE [--wrap NAME] [arguments of the wrapped kernel]``.

Only what starts the child is imported before the child is on its way: its start is what people wait for.
"""

from __future__ import annotations

import sys


def _import_lightly(name: str, without: str) -> None:
    """Import a module that takes another one when it is there: that one brings `inspect` and `ast`, two megabytes."""
    from importlib import import_module

    if without not in sys.modules:
        sys.modules[without] = None  # type: ignore[assignment]
        try:
            import_module(name)
        finally:
            del sys.modules[without]


def main(arguments: list[str]) -> int:
    """Run the guarded kernel until the wrapped one ends; the exit status is the wrapped kernel's."""
    from jupyter_guard.kernel.child import CannotStartError, abandon, read_arguments, start

    child = None
    try:
        options = read_arguments(arguments)
        child = start(options)
        # Only now: the child needs none of it.
        _ = options.front
    except CannotStartError as error:
        if child is not None:
            abandon(child)
        print(f"jupyter_guard: {error}", file=sys.stderr)
        return 1
    _import_lightly("msgspec", without="typing_extensions")
    from jupyter_guard.kernel.app import run

    return run(options, child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
