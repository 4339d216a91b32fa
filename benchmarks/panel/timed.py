"""A page -> when each call into the extension began and ended, by the page's clock, exact to some microseconds.

The functions of the extension's bundles say when they begin and end, so that every way into it counts: listeners,
signals, editor plugins, timers. A profiler's looks are too far apart for what takes less than a millisecond.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

EXTENSION = Path(__file__).parents[2] / "labextension" / "package.json"
# Only a page that is isolated from others is given a clock that is finer than 0.1 ms.
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
# Words for a server whose pages are.
WORDS = (f"--ServerApp.tornado_settings={json.dumps({'headers': ISOLATED})}",)
# The outermost call counts, with all that it calls.
CLOCK = """(() => {
    let depth = 0, began = 0;
    self.guardCalls = [];
    self.__guardBegins = () => { if (depth++ === 0) began = performance.now(); };
    self.__guardEnds = () => { if (--depth === 0) self.guardCalls.push([began, performance.now()]); };
})()"""


def instrument(bundles: Path) -> None:
    """Have each function in the extension's bundles below ``bundles`` note its calls; ``watch`` is for their page.

    Raises RuntimeError where Node or the extension's packages are missing.
    """
    node = shutil.which("node")
    if node is None or not (EXTENSION.parent / "node_modules" / "typescript").is_dir():
        raise RuntimeError("needs Node and the extension's packages: make typescript installs them")
    for bundle in bundles.rglob("*.js"):
        if not bundle.name.startswith("remoteEntry"):
            words = [node, str(Path(__file__).with_suffix(".mjs")), str(EXTENSION)]
            code = bundle.read_text(encoding="utf-8")
            done = subprocess.run(words, input=code, capture_output=True, encoding="utf-8", check=True)
            bundle.write_text(done.stdout, encoding="utf-8")


def watch(page: Any) -> None:
    """Have what a page opens next keep the calls."""
    page.add_init_script(CLOCK)


def calls(page: Any) -> list[tuple[float, float]]:
    """When the calls so far began and ended, in milliseconds; raises RuntimeError where the clock is a coarse one."""
    if not page.evaluate("() => self.crossOriginIsolated"):
        raise RuntimeError("the page is not isolated: its clock is too coarse")
    return [(began, ended) for began, ended in page.evaluate("() => self.guardCalls")]


def spent(during: list[tuple[float, float]], begin: float, end: float) -> float:
    """For how many milliseconds the extension was at work between two times."""
    return sum(max(min(end, ended) - max(begin, began), 0.0) for began, ended in during)
