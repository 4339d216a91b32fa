"""What people do to cells in a front end: none of it makes a cell somebody else's."""

from __future__ import annotations

import re
from typing import Any

from .scene import Scene, Score, keys, press


def test_cells_of_the_file_are_imported(scene: Scene, score: Score) -> None:
    score.check("loaded", scene.origin(0))
    keys(scene, 1, "End")
    scene.front.cells.nth(1).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.page.keyboard.type("[:1]")
    scene.page.keyboard.press("Escape")
    score.check("loaded-edited", scene.origin(1))


def test_a_person_types(scene: Scene, score: Score) -> None:
    score.check("typed", scene.origin(scene.type("typed = sorted([3, 1, 2])"), key="Shift+Enter"))


def test_the_editor_helps_while_a_person_types(scene: Scene, score: Score) -> None:
    index = scene.type("def helped(values):\nif values:\nreturn {'first': values[0]")
    assert "    if values" in scene.source(index)
    score.check("typed-brackets", scene.origin(index))


def test_a_completion_is_accepted(scene: Scene, score: Score) -> None:
    scene.origin(scene.type("import collections"))
    scene.front.wait_until_idle()
    index = scene.add_cell()
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.type("collections.OrderedD")
    # JupyterLab gives a kernel a second to answer, and a busy machine needs more: a person presses the key again.
    for _ in range(8):
        scene.page.keyboard.press("Tab")
        scene.page.wait_for_timeout(1500)
        if scene.page.locator(".jp-Completer:not(.lm-mod-hidden)").count():
            scene.page.keyboard.press("Enter")
        if scene.source(index) == "collections.OrderedDict":
            break
    scene.wait_for_source(index, "collections.OrderedDict")
    scene.page.keyboard.type("()")
    scene.page.keyboard.press("Escape")
    score.check("completed", scene.origin(index))

    index = scene.add_cell()
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.type("collections.User")
    offered = scene.page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item", has_text="UserDict")
    for _ in range(8):
        if not offered.count():
            scene.page.keyboard.press("Tab")
            scene.page.wait_for_timeout(1500)
    offered.click()
    scene.wait_for_source(index, "collections.UserDict")
    score.check("completed-click", scene.origin(index))


def test_text_is_composed(scene: Scene, score: Score) -> None:
    index = scene.type("composed = ''")
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.page.keyboard.press("ArrowLeft")
    method = scene.page.context.new_cdp_session(scene.page)
    for on_the_way in ("に", "にほ", "にほん"):
        compose(method, on_the_way)
    method.send("Input.insertText", {"text": "日本"})
    # A dead key, and the letter that it is for.
    compose(method, "´")
    method.send("Input.insertText", {"text": "é"})
    method.detach()
    scene.wait_for_source(index, "composed = '日本é'")
    scene.page.keyboard.press("Escape")
    score.check("composed", scene.origin(index))


def compose(method: Any, text: str) -> None:
    key = {"key": "Process", "windowsVirtualKeyCode": 229}
    method.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    method.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


def test_a_person_has_several_cursors(scene: Scene, score: Score) -> None:
    index = scene.type("several = [1,\n2]")
    keys(scene, index, "Control+Home", "Control+Alt+ArrowDown", "End", *"x(")
    assert scene.source(index).count("x(") == 2
    score.check("multi-cursor", scene.origin(index))


def test_a_person_uses_the_menu_of_the_cell(scene: Scene, score: Score) -> None:
    index = scene.type("by_menu = sorted([3, 1, 2])")
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+A")
    scene.choose(index, "Cut Selected Text")
    scene.wait_for_source(index, "")
    scene.choose(index, "Paste Text")
    scene.wait_for_source(index, "by_menu = sorted([3, 1, 2])")
    scene.page.keyboard.press("Escape")
    score.check("menu-cut-and-pasted", scene.origin(index))


def test_text_from_elsewhere_is_pasted(scene: Scene, score: Score) -> None:
    scene.page.evaluate(
        """() => { const text = document.createElement('textarea'); text.id = 'elsewhere';
        text.value = 'pasted = sorted([3, 1, 2])'; document.body.append(text); text.select(); }"""
    )
    scene.page.keyboard.press("Control+C")
    scene.page.evaluate("() => document.getElementById('elsewhere').remove()")
    index = scene.add_cell()
    scene.front.paste_text(index)
    assert scene.source(index).startswith("pasted")
    score.check("pasted", scene.origin(index))


def test_a_person_drags_text(scene: Scene, score: Score) -> None:
    printed = scene.type("print('dropped = sorted([3, 1, 2])')")
    assert scene.origin(printed) == "human"
    output = scene.front.output(printed).locator("pre").first
    output.evaluate("node => { node.id = 'printed'; }")
    index = scene.add_cell()
    scene.drag("#printed", index)
    score.check("dropped", scene.origin(index))
    assert "dropped = sorted([3, 1, 2])" in scene.source(index)

    source = "own_dropped = sorted([3, 1, 2])"
    own = scene.type(source)
    index = scene.add_cell()
    scene.drag_cell(own, index)
    scene.wait_for_source(index, source)
    score.check("own-dropped", scene.origin(index))


def test_own_text_is_copied(scene: Scene, score: Score) -> None:
    scene.front.copy_text(scene.type("own = sorted([3, 1, 2])"))
    index = scene.add_cell()
    scene.front.paste_text(index)
    score.check("own-copied", scene.origin(index))


def test_comments_are_toggled(scene: Scene, score: Score) -> None:
    index = scene.type("commented = 1\nleft = 2")
    keys(scene, index, "Control+Home", "Control+Slash")
    assert scene.source(index).startswith("# ")
    keys(scene, index, "Control+Home", "Control+Slash")
    assert scene.source(index) == "commented = 1\nleft = 2"
    score.check("commented", scene.origin(index))


def test_lines_are_indented(scene: Scene, score: Score) -> None:
    index = scene.type("if True:\nindented = sorted([3, 1, 2])")
    keys(scene, index, "Control+End", "Control+BracketLeft", "Control+BracketRight")
    score.check("indented", scene.origin(index))


def test_a_line_begins_where_text_was_selected(scene: Scene, score: Score) -> None:
    index = scene.type("selected = sorted([3, 1, 2])[:1]")
    keys(scene, index, "Control+End", *["Shift+ArrowLeft"] * 4, "Enter")
    # The editor indents the new line.
    assert scene.source(index) == "selected = sorted([3, 1, 2])\n    "
    score.check("typed-over", scene.origin(index))


def test_words_are_found_and_replaced(scene: Scene, score: Score) -> None:
    index = scene.type("to_be_replaced = sorted([3, 1, 2])")
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+F")
    box = scene.page.locator(".jp-DocumentSearch-overlay")
    box.locator(".jp-DocumentSearch-input").first.fill("to_be_replaced")
    box.get_by_title("Show Replace").click()
    box.get_by_placeholder("Replace").fill("is_replaced")
    box.locator(".jp-DocumentSearch-index-counter").filter(has_text=re.compile("/1$")).wait_for()
    box.get_by_text("Replace All", exact=True).click()
    scene.wait_for_source(index, "is_replaced = sorted([3, 1, 2])")
    box.get_by_placeholder("Replace").press("Escape")
    score.check("replaced", scene.origin(index))


def test_a_cell_is_split_and_merged(scene: Scene, score: Score) -> None:
    index = scene.type("split = 1\nmerged = 2")
    keys(scene, index, "Control+End", "Home", "Control+Shift+Minus")
    scene.wait_for_source(index + 1, "merged = 2")
    assert scene.origin(index) == "human"
    score.check("split", scene.origin(index + 1))
    press(scene, index, "Shift+ArrowDown", "Shift+M")
    scene.page.wait_for_function(
        """index => ['split = 1', 'merged = 2'].every(part => window.jupyterapp.shell.currentWidget.content
            .widgets[index].model.sharedModel.getSource().includes(part))""",
        arg=index,
    )
    score.check("merged", scene.origin(index))


def test_a_cell_is_moved_cut_and_duplicated(scene: Scene, score: Score) -> None:
    index = scene.type("moved = sorted([3, 1, 2])")
    press(scene, index, "Control+Shift+ArrowUp")
    scene.wait_for_source(index - 1, "moved = sorted([3, 1, 2])")
    score.check("moved", scene.origin(index - 1))
    press(scene, index - 1, "c", "v")
    scene.wait_for_source(index, "moved = sorted([3, 1, 2])")
    score.check("duplicated", scene.origin(index))
    count = scene.front.cells.count()
    press(scene, index, "x")
    scene.wait_for_count(count - 1)
    scene.page.keyboard.press("v")
    scene.wait_for_count(count)
    at = scene.front.active_cell()
    assert scene.source(at) == "moved = sorted([3, 1, 2])"
    score.check("cut-and-pasted", scene.origin(at))


def test_a_cell_is_dragged(scene: Scene, score: Score) -> None:
    source = "dragged_cell = sorted([3, 1, 2])"
    scene.add_cell()
    index = scene.type(source)
    prompt = scene.front.cells.nth(index).locator(".jp-InputPrompt").bounding_box()
    above = scene.front.cells.nth(index - 1).bounding_box()
    scene.page.mouse.move(prompt["x"] + 10, prompt["y"] + 10)
    scene.page.mouse.down()
    scene.page.mouse.move(prompt["x"] + 10, prompt["y"] - 10, steps=4)
    scene.page.mouse.move(above["x"] + 100, above["y"] + 4, steps=4)
    # People take their time.
    scene.page.wait_for_timeout(1200)
    scene.page.mouse.up()
    scene.wait_for_source(index - 1, source)
    score.check("dragged-cell", scene.origin(index - 1))


def test_lines_are_moved_with_the_keyboard(scene: Scene, score: Score) -> None:
    index = scene.type("first = sorted([3])\nsecond = sorted([1])")
    keys(scene, index, "Control+Home", "Alt+ArrowDown")
    scene.wait_for_source(index, "second = sorted([1])\nfirst = sorted([3])")
    score.check("line-moved", scene.origin(index))


def test_an_assistants_cell_is_retyped(scene: Scene, score: Score) -> None:
    index = scene.insert("inserted = sorted([3, 1, 2])")
    scene.front.type_cell(index, "retyped = sorted([3, 1, 2])")
    score.check("retyped", scene.origin(index))


def test_the_toolbars_button_runs(scene: Scene, score: Score) -> None:
    index = scene.type("button = sorted([3, 1, 2])")
    scene.front.select_cell(index)
    scene.page.locator(
        ".jp-NotebookPanel-toolbar:visible [data-command='notebook:run-cell-and-select-next']"
    ).first.click()
    score.check("button", scene.judged("button = sorted([3, 1, 2])"))
    assert scene.front.guard_metadata(index)["origin"]["started_by"] == "person"


def test_what_is_stored_is_the_whole_ledger(scene: Scene) -> None:
    index = scene.type("ledger = sorted([3, 1, 2])")
    scene.evaluate("const cell = model.cells.get(argument).sharedModel; cell.updateSource(0, 0, '# noted\\n')", index)
    scene.origin(index)
    stored = scene.front.guard_metadata(index)["origin"]
    assert stored["runs"] == [["program", 8], ["typed", 26]]
    assert stored["by_people"] == 0.786
    assert stored["started_by"] == "person"


def test_the_page_is_reloaded_and_the_notebook_renamed(scene: Scene, score: Score) -> None:
    index = scene.type("reloaded = sorted([3, 1, 2])")
    scene.origin(index)
    scene.front.save()
    scene.evaluate("return panel.context.rename('renamed.ipynb')")
    scene.evaluate("return panel.context.save()")
    score.check("renamed", scene.origin(index))
    scene.evaluate("return panel.context.save()")
    assert scene.insert("not_saved = 1") == index + 1
    scene.page.goto(
        f"{scene.front.server.url}/lab/workspaces/again/tree/renamed.ipynb?token={scene.front.server.token}"
    )
    scene.front.wait_for_kernel()
    scene.listen()
    score.check("reloaded", scene.origin(index))
    # What was in the file, and what nobody can vouch for, is not a person's after a reload either.
    assert scene.origin(0) == "imported"


def test_a_cell_is_copied_into_another_notebook(scene: Scene, score: Score) -> None:
    index = scene.type("elsewhere = sorted([3, 1, 2])")
    press(scene, index, "c")
    scene.evaluate("return panel.context.save()")
    scene.front.server.write_notebook("other.ipynb", ["there = 1"])
    scene.front.run_command("docmanager:open", {"path": "other.ipynb"})
    scene.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context?.path === 'other.ipynb'")
    scene.front.wait_for_kernel()
    scene.listen()
    press(scene, 0, "v")
    scene.wait_for_source(1, "elsewhere = sorted([3, 1, 2])")
    score.check("other-notebook", scene.origin(1))
