"""What a start pays for: the wrapper and what runs in the child load nothing that they do not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each is loaded by some part of the package, when it is first needed.
LATER = (
    "IPython", "asyncio", "click", "ctypes", "distributed", "h11", "hyperscan", "ipykernel", "jupyter_client", "libcst",
    "mcp", "pathlib", "rich", "scipy", "sqlalchemy", "sqlglot", "tomlkit", "tomllib", "tree_sitter",
)  # fmt: skip


@pytest.mark.parametrize(
    ("imported", "later"),
    [
        ("jupyter_guard.kernel.app, jupyter_guard.kernel.relay", LATER),
        ("jupyter_guard", (*LATER, "msgspec", "zmq", "json")),
        ("jupyter_guard.tools", LATER),
        ("jupyter_guard.mcp", (*LATER, "msgspec")),
    ],
)
def test_nothing_heavy_is_imported(imported: str, later: tuple[str, ...]) -> None:
    code = f"import sys; before = set(sys.modules); import {imported}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=_paths())
    assert done.returncode == 0, done.stderr
    assert not set(later) & set(done.stdout.split())


def _paths() -> dict[str, str]:
    """The same folders without ``site``, whose own imports are nobody's here."""
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
