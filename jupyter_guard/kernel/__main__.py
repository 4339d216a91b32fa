"""``python -m jupyter_guard.kernel -f CONNECTION_FILE [--wrap NAME] [arguments of the wrapped kernel]``.

Only what starts the child is imported before the child is on its way: its start is what people wait for.
"""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run the guarded kernel until the wrapped one ends; the exit status is the wrapped kernel's."""
    from jupyter_guard.kernel.child import CannotStartError, read_arguments, start

    try:
        options = read_arguments(arguments)
        child = start(options)
    except CannotStartError as error:
        print(f"jupyter_guard: {error}", file=sys.stderr)
        return 1
    from jupyter_guard.kernel.app import run

    return run(options, child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
