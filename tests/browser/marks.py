"""Lines typed at once -> how long after the last key the marks of each are on the screen."""

from __future__ import annotations

from .driver import Front

# From the last change of the text until the marks of it are on the screen.
MARKED = """() => {
    window.marked = [];
    window.edited = 0;
    window.addEventListener('input', () => { window.edited = performance.now(); }, true);
    new MutationObserver(() => {
        if (window.edited && document.querySelector('.jp-Notebook .cm-lintRange')) {
            const since = window.edited;
            window.edited = 0;
            requestAnimationFrame(() => setTimeout(() => window.marked.push(performance.now() - since)));
        }
    }).observe(document.querySelector('.jp-Notebook'), {subtree: true, childList: true});
}"""


def marks_took(front: Front, lines: int) -> list[float]:
    """Milliseconds, sorted, for lines in the notebook's second cell; its first has imported ``rmtree`` and has run."""
    front.page.evaluate(MARKED)
    front.cells.nth(1).locator(".cm-content").click()
    for number in range(lines):
        front.page.keyboard.press("Control+A")
        front.page.keyboard.press("Delete")
        front.cells.nth(1).locator(".cm-lintRange").first.wait_for(state="detached")
        front.page.evaluate("() => { window.edited = 0; }")
        front.page.keyboard.insert_text(f"rmtree('/srv/data/{number}')")
        front.page.wait_for_function("n => window.marked.length > n", arg=number)
    return sorted(front.page.evaluate("() => window.marked"))
