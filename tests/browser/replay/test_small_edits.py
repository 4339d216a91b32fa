"""Small edits that programs make in a person's cell: a word, a mark, blanks, what the search box would do; and that every
key is seen, and costs a fixed number of readings of the text.

How many milliseconds a key takes is the benchmark's: ``python -m benchmarks panel typing``.
"""

from __future__ import annotations

import re

from .scene import Scene, Score

# A string of the tracker's handler tells it from the others that hear of a change of the text.
OURS = "_onText"
# Every observer that is added to a text from now on is counted, and how often it reads a whole text.
WATCH = """
    const text = model.cells.get(0).sharedModel.ysource;
    const type = Object.getPrototypeOf(text);
    const {observe, toString} = type;
    let isInside = false;
    window.handled = 0;
    window.read = 0;
    const inside = work => (...values) => {
        isInside = true;
        try {
            work(...values);
        } finally {
            isInside = false;
        }
    };
    type.observe = function (handler) {
        if (!handler.toString().includes(argument)) return observe.call(this, handler);
        const watched = inside(handler);
        return observe.call(this, (...values) => {
            watched(...values);
            window.handled += 1;
        });
    };
    // What it puts off until after the key counts too.
    const {setTimeout} = window;
    window.setTimeout = (work, ...rest) => setTimeout(isInside ? inside(work) : work, ...rest);
    type.toString = function () {
        if (isInside) window.read += 1;
        return toString.call(this);
    };
"""
LINE = "total = frame['amount'].sum()\n"
LINES = 13


def test_a_program_uncomments_a_line(scene: Scene, score: Score) -> None:
    index = scene.type("# print(sorted([3, 1, 2]))\nvalue_uncommented = 1")
    scene.evaluate("model.cells.get(argument).sharedModel.updateSource(0, 2, '')", index)
    score.check("program-deletes", scene.origin(index))


def test_a_program_puts_in_and_takes_out_blanks_only(scene: Scene, score: Score) -> None:
    edit = "const [index, ...edit] = argument; model.cells.get(index).sharedModel.updateSource(...edit)"
    index = scene.type("# print(sorted([3, 1, 2]))\nvalue_ended = 1")
    scene.evaluate(edit, [index, 2, 2, "\n"])
    score.check("program-ends-a-comment", scene.origin(index))

    # What stands there afterwards is Python too.
    index = scene.type("if not 'value_dedented':\nless = 1\nprint(sorted([3, 1, 2]))")
    assert scene.source(index) == "if not 'value_dedented':\n    less = 1\n    print(sorted([3, 1, 2]))"
    scene.evaluate(edit, [index, 38, 42, ""])
    assert scene.source(index).endswith("1\nprint(sorted([3, 1, 2]))")
    score.check("program-dedents", scene.origin(index))


def test_a_program_calls_blanks_typing_at_a_persons_key(scene: Scene, score: Score) -> None:
    index = scene.type("# print(sorted([3, 1, 2]))\nvalue_ended_at_key = 1")
    scene.evaluate(
        """const view = notebook.widgets[argument].editor.editor;
        const write = event => {
            if (event.key !== 'Enter') return;
            window.removeEventListener('keydown', write, {capture: true});
            view.dispatch({changes: {from: 2, insert: '\\n'}, userEvent: 'input'});
        };
        window.addEventListener('keydown', write, {capture: true});""",
        index,
    )
    # The very key that runs the cell.
    source = "# \nprint(sorted([3, 1, 2]))\nvalue_ended_at_key = 1"
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+Enter")
    score.check("editor-ends-a-comment", scene.judged(source))
    assert scene.source(index) == source


def test_a_program_changes_one_word(scene: Scene, score: Score) -> None:
    index = scene.type("# what the least of these is, and nothing else than that\nprint(min([3, 1, 2]))")
    scene.evaluate(
        "const cell = model.cells.get(argument).sharedModel;cell.setSource(cell.getSource().replace('min', 'max'))",
        index,
    )
    score.check("program-word", scene.origin(index))


def test_a_program_writes_while_the_person_searches(scene: Scene, score: Score) -> None:
    append = """const {sharedModel} = model.cells.get(argument); const end = sharedModel.getSource().length;
        sharedModel.updateSource(end, end, '\\nprint(sorted([3, 1, 2]))');"""
    searched = scene.type("value_searched = 1")
    replaced = scene.type("value_exchanged = 1")
    scene.front.cells.nth(replaced).locator(".cm-content").click()
    scene.page.keyboard.press("Control+F")
    box = scene.page.locator(".jp-DocumentSearch-overlay")
    box.locator(".jp-DocumentSearch-input").first.fill("")
    scene.page.keyboard.type("value_exchanged")
    scene.evaluate(append, searched)
    if not box.get_by_placeholder("Replace").count():
        box.get_by_title("Show Replace").click()
    box.get_by_placeholder("Replace").fill("value_replaced")
    box.locator(".jp-DocumentSearch-index-counter").filter(has_text=re.compile("/1$")).wait_for()
    box.get_by_text("Replace All", exact=True).click()
    scene.evaluate(append, replaced)
    scene.wait_for_source(replaced, "value_replaced = 1\nprint(sorted([3, 1, 2]))")
    box.get_by_placeholder("Replace").press("Escape")
    score.check("search-writes", scene.origin(searched))
    score.check("replace-writes", scene.origin(replaced))


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
