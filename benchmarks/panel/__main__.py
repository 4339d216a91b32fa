"""``python -m benchmarks panel``: what a keystroke pays for the extension, how soon marks and verdicts are shown.

``python -m benchmarks.panel typing|marks|updates`` runs one part of it. Needs Debian's Chromium and the test group.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.panel import marks, timed, typing, updates

PARTS: dict[str, Any] = {"typing": typing.measure, "marks": marks.measure, "updates": updates.measure}


def main(words: list[str]) -> int:
    """Measure and print the parts named, or all of them; 1 where a bound is not met."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS
    from tests.browser.driver import Front
    from tests.browser.replay.servers import serving

    unknown = [word for word in words if word not in PARTS]
    if unknown:
        print(f"no part named {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    if shutil.which(CHROMIUM) is None:
        print(f"needs {CHROMIUM} (Debian: apt-get install chromium)", file=sys.stderr)
        return 2
    is_met = True
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for part in words or PARTS:
            is_timed = PARTS[part] is typing.measure
            with (
                tempfile.TemporaryDirectory() as home,
                serving(Path(sys.executable), Path(home), *(timed.WORDS if is_timed else ())) as server,
            ):
                if is_timed:
                    timed.instrument(Path(home) / "share" / "labextensions")
                context = browser.new_context(viewport={"width": 1360, "height": 850}, reduced_motion="reduce")
                context.set_default_timeout(120_000)
                front = Front(server, context.new_page())
                is_met = PARTS[part](front) and is_met
                front.shut_kernels_down()
                context.close()
        browser.close()
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
