"""``python -m jupyter_guard`` is ``jupyter guard``."""

from __future__ import annotations

from jupyter_guard.cli.main import main

if __name__ == "__main__":
    main()
