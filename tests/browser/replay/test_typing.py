"""What provenance does while a person types: every key is seen, and costs a fixed number of readings of the text.

How many milliseconds it takes is the benchmark's: ``python -m benchmarks panel typing``.
"""

from __future__ import annotations

from .scene import Scene

# A string of the tracker's handler tells it from the others that hear of a change of the text.
OURS = "lost track of a cell"
# Every observer that is added to a text from now on is counted, and how often it reads a whole text.
WATCH = """
    const text = model.cells.get(0).sharedModel.ysource;
    const type = Object.getPrototypeOf(text);
    const {observe, toString} = type;
    let isInside = false;
    window.handled = 0;
    window.read = 0;
    type.observe = function (handler) {
        if (!handler.toString().includes(argument)) return observe.call(this, handler);
        return observe.call(this, (...values) => {
            isInside = true;
            try {
                handler(...values);
            } finally {
                isInside = false;
            }
            window.handled += 1;
        });
    };
    type.toString = function () {
        if (isInside) window.read += 1;
        return toString.call(this);
    };
"""
LINE = "total = frame['amount'].sum()\n"
LINES = 13


def test_a_key_costs_a_fixed_number_of_readings(scene: Scene) -> None:
    scene.evaluate(WATCH, OURS)
    index = scene.add_cell()
    # A long cell: 200 lines are there already.
    scene.evaluate("model.cells.get(argument[0]).sharedModel.setSource(argument[1])", [index, "value = 1\n" * 200])
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.evaluate("window.handled = 0; window.read = 0")
    scene.page.keyboard.type(LINE * LINES, delay=5)
    handled, read = scene.evaluate("return [window.handled, window.read]")
    # JupyterLab may put a closing bracket in with its opening one, and types over it afterwards.
    assert handled > len(LINE) * LINES * 0.8
    # One to see that nothing was missed, one for the cell's badge, some for the pauses: not one a line, nor one a run.
    assert read < 3 * handled
