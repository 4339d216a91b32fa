"""Real IPython sessions for tests: a shell object, a terminal, an ipykernel, each in a folder with a policy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Words that the tests use to get each verdict from the real rooms, whoever wrote the cell.
POLICY = """
version = 1
[origin.human]
critical = "block"
high = "confirm"
medium = "warn"
[origin.unknown]
critical = "block"
high = "confirm"
medium = "warn"
[deny]
calls = ["shutil.disk_usage"]
"""
DENIED = "import shutil; shutil.disk_usage('/')"
TOKEN_PARTS = "'gh' + 'p_' + 'x4Kq9TzL2mWv7RbN8cYd3FhJ6sPa1GeUoViB'"
TOKEN = "gh" + "p_" + "x4Kq9TzL2mWv7RbN8cYd3FhJ6sPa1GeUoViB"


def environment(home: Path) -> dict[str, str]:
    """An environment with an empty home and no policy but the folder's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    return {**kept, "HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "NO_COLOR": "1", "TERM": "dumb"}


def shell_facts(folder: Path, script: str) -> dict[str, object]:
    """Run ``script`` in a fresh process in ``folder``; it has a ``shell`` and puts its facts into ``facts``."""
    text = (
        "import json, sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "facts = {}\n"
        f"{script}\n"
        "sys.__stdout__.write('\\nFACTS' + json.dumps(facts) + '\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "FACTS" in done.stdout, done.stdout + done.stderr
    before, facts = done.stdout.rsplit("\nFACTS", 1)
    result: dict[str, object] = json.loads(facts)
    result["output"] = before
    result["errors"] = done.stderr
    return result
