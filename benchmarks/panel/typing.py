"""A person's keystrokes in a long cell -> what each pays for the extension.

From the key until the character stands there every listener, editor plugin, ledger and slot of the extension's counts,
the time of what they call in JupyterLab too. What follows later, between two keys, is a second figure: claims, badges, judging
drafts and drawing what is said of them.
"""

from __future__ import annotations

import os
from typing import Any

from benchmarks.panel.profile import at
from benchmarks.panel.timed import calls, spent, watch

LINES = 200
TEXT = "total = frame['amount'].sum() * rates.get(day)\n"
ROUNDS = 8
# A quick typist's.
PAUSE_MS = 60
BOUND_MS = 1.0
KEYS = """() => {
    window.keys = [];
    window.addEventListener('keydown', event => {
        if (event.isTrusted) window.keys.push([event.timeStamp, event.timeStamp]);
    }, true);
    const done = () => setTimeout(() => { window.keys.at(-1)[1] = performance.now(); });
    // Enter puts its line in while the key is handled, characters come by an event of their own.
    window.addEventListener('keydown', done);
    window.addEventListener('input', done);
}"""


def measure(front: Any) -> bool:
    """Print the figures; whether the bound is met."""
    front.server.write_notebook("typing.ipynb", ["value = 1\n" * LINES, "x = 1"])
    watch(front.page)
    front.open_lab("typing.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.cells.nth(0).locator(".cm-content").click()
    front.page.keyboard.press("Control+End")
    front.page.evaluate(KEYS)
    for _ in range(ROUNDS):
        front.page.keyboard.type(TEXT, delay=PAUSE_MS)
    during = calls(front.page)
    keys = front.page.evaluate("() => window.keys")
    ends = [*(begin for begin, _ in keys[1:]), keys[-1][1] + PAUSE_MS]
    at_once = sorted(spent(during, begin, end) for begin, end in keys)
    later = sorted(spent(during, done, end) for (_, done), end in zip(keys, ends, strict=True))
    print(
        f"{len(keys)} keys in a cell of {LINES} lines, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores,"
        " milliseconds that the extension takes:"
    )
    for name, each in (("until the character stands there", at_once), ("after that, until the next key", later)):
        print(f"  {name}: {at(each, 0.5):.2f} at the median, {at(each, 0.95):.2f} at p95")
    return at(at_once, 0.95) < BOUND_MS
