"""The helper is ready soon: what a session may never need is not imported with the pipeline."""

from __future__ import annotations

import subprocess
import sys

LATER = ("jupyter_guard.scrub", "jupyter_guard.read", "jupyter_guard.judge", "sqlglot", "tree_sitter", "configparser")


def test_what_may_never_be_needed_is_not_imported_with_the_pipeline() -> None:
    code = f"import sys, jupyter_guard.guard.pipeline; print([one for one in {LATER} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
