"""Steps that are taken back and done again, by a person and by programs: what comes back is whose it was."""

from __future__ import annotations

from typing import Any

from .scene import Scene, Score, keys, press

CODE = "value_{} = sorted([3, 1, 2])"
# What follows within half a second is one step to the editor.
STEP_MS = 700


def test_a_deletion_is_taken_back(scene: Scene, score: Score) -> None:
    index = scene.type("undone = sorted([3, 1, 2])")
    scene.page.wait_for_timeout(STEP_MS)
    keys(scene, index, "Control+A", "Delete")
    scene.page.wait_for_timeout(STEP_MS)
    keys(scene, index, "Control+Z")
    assert scene.source(index) == "undone = sorted([3, 1, 2])"
    score.check("undone", scene.origin(index))

    index = scene.type("redone = sorted([3, 1, 2])")
    scene.page.wait_for_timeout(STEP_MS)
    keys(scene, index, "Control+End", *"[:1]")
    scene.page.wait_for_timeout(STEP_MS)
    keys(scene, index, "Control+Z")
    assert scene.source(index) == "redone = sorted([3, 1, 2])"
    keys(scene, index, "Control+Shift+Z")
    assert scene.source(index) == "redone = sorted([3, 1, 2])[:1]"
    score.check("redone", scene.origin(index))


def test_a_deleted_cell_is_taken_back(scene: Scene, score: Score) -> None:
    source = "taken_back = sorted([3, 1, 2])"
    index = scene.type(source)
    count = scene.front.cells.count()
    press(scene, index, "d", "d")
    scene.wait_for_count(count - 1)
    # The keyboard belongs to whichever cell is selected, once there is one again.
    press(scene, index - 1, "z")
    scene.wait_for_source(index, source)
    score.check("deletion-of-cell-undone", scene.origin(index))


def test_a_program_takes_back_what_a_person_did(scene: Scene, score: Score) -> None:
    index = scene.type("value_undone = sorted([3, 1, 2])")
    scene.page.wait_for_timeout(STEP_MS)
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.page.keyboard.type("[:1]")
    scene.page.wait_for_timeout(STEP_MS)
    # The person types on, which is no key that takes anything back.
    scene.page.keyboard.press("ArrowLeft")
    scene.evaluate("model.cells.get(argument).sharedModel.undo()", index)
    scene.wait_for_source(index, "value_undone = sorted([3, 1, 2])")
    scene.page.keyboard.press("Escape")
    score.check("program-undoes", scene.origin(index))


def test_a_program_takes_a_step_back_at_a_persons_key(scene: Scene, score: Score) -> None:
    index = scene.type("value_at_once = sorted([3, 1, 2])")
    scene.page.wait_for_timeout(STEP_MS)
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+End")
    scene.page.keyboard.type("[:1]")
    scene.page.wait_for_timeout(STEP_MS)
    # While the person's key is handled, and it is one that runs cells or gives another command. The test before this one
    # left a step back that has counted for nothing yet: it is not this key's.
    scene.evaluate(
        """const cell = model.cells.get(argument).sharedModel;
        window.addEventListener('keydown', () => cell.undo(), {capture: true, once: true});""",
        index,
    )
    scene.page.keyboard.press("Control+ArrowLeft")
    scene.wait_for_source(index, "value_at_once = sorted([3, 1, 2])")
    scene.page.keyboard.press("Escape")
    score.check("program-undoes-at-a-key", scene.origin(index))


def test_a_person_takes_an_assistants_text_back_and_does_it_again(scene: Scene, score: Score) -> None:
    source, more = "value_again = sorted([3, 1, 2])", "; print(value_again)"
    index = scene.type(source)
    scene.page.wait_for_timeout(STEP_MS)
    scene.evaluate(
        "const cell = model.cells.get(argument[0]).sharedModel;"
        "cell.updateSource(cell.source.length, cell.source.length, argument[1]);",
        [index, more],
    )
    scene.page.wait_for_timeout(STEP_MS)
    scene.front.cells.nth(index).locator(".cm-content").click()
    scene.page.keyboard.press("Control+Z")
    scene.wait_for_source(index, source)
    scene.page.keyboard.press("Control+Shift+Z")
    scene.wait_for_source(index, source + more)
    scene.page.keyboard.press("Escape")
    score.check("assistant-redone", scene.origin(index))

    index = scene.insert(CODE.format("cell_again"))
    for key, count in (("z", index), ("Shift+Z", index + 1)):
        scene.front.select_cell(index - 1)
        scene.page.keyboard.press(key)
        scene.wait_for_count(count)
    scene.wait_for_source(index, CODE.format("cell_again"))
    score.check("assistant-cell-redone", scene.origin(index))

    scene.page.wait_for_timeout(STEP_MS)
    scene.front.cells.nth(index).locator(".cm-content").click()
    for key, text in (
        ("Control+A", CODE.format("cell_again")),
        ("Delete", ""),
        ("Control+Z", CODE.format("cell_again")),
    ):
        scene.page.keyboard.press(key)
        scene.wait_for_source(index, text)
    scene.page.keyboard.press("Escape")
    score.check("assistant-deletion-undone", scene.origin(index))


def test_steps_are_the_whole_notebooks(scene: Scene, score: Score) -> None:
    page, server = scene.page, scene.front.server
    set_setting(scene, {"documentWideUndoRedo": True})
    try:
        server.write_notebook("wide.ipynb", ["there = 1"])
        scene.front.run_command("docmanager:open", {"path": "wide.ipynb"})
        page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context?.path === 'wide.ipynb'")
        scene.front.wait_for_kernel()
        scene.listen()
        sources = ["across = sorted([3, 1, 2])", "several = sorted([1, 3, 2])"]
        own = [scene.type(source) for source in sources]
        page.wait_for_timeout(STEP_MS)
        for index in own:
            keys(scene, index, "Control+End", *"[:1]")
            page.wait_for_timeout(STEP_MS)
        longer = [source + "[:1]" for source in sources]
        press(scene, 0, "z", "z")
        wait_for_sources(scene, own, sources)
        press(scene, 0, "Shift+Z", "Shift+Z")
        wait_for_sources(scene, own, longer)
        origins = {scene.origin(index) for index in own}
        score.check("redone-across", origins.pop() if len(origins) == 1 else str(origins))

        page.wait_for_timeout(STEP_MS)
        scene.evaluate(
            """model.sharedModel.transact(() => argument.forEach(([index, source]) =>
                model.cells.get(index).sharedModel.setSource(source)));""",
            [[index, f"{source} + [{index}]"] for index, source in zip(own, sources, strict=True)],
        )
        page.wait_for_timeout(STEP_MS)
        press(scene, 0, "z")
        wait_for_sources(scene, own, longer)
        assert {scene.origin(index) for index in own} == {"human"}
        press(scene, 0, "Shift+Z")
        wait_for_sources(scene, own, [f"{source} + [{index}]" for index, source in zip(own, sources, strict=True)])
        origins = {scene.origin(index) for index in own}
        score.check("assistant-redone-across", origins.pop() if len(origins) == 1 else str(origins))
    finally:
        set_setting(scene, {"documentWideUndoRedo": False})


def set_setting(scene: Scene, values: dict[str, Any]) -> None:
    scene.evaluate(
        """const {service} = window.jupyterapp.pluginRegistry._plugins.get('@jupyterlab/apputils-extension:settings');
        const plugin = '@jupyterlab/notebook-extension:tracker';
        return Promise.all(Object.entries(argument).map(([name, value]) => service.set(plugin, name, value)));""",
        values,
    )


def wait_for_sources(scene: Scene, indices: list[int], sources: list[str]) -> None:
    for index, source in zip(indices, sources, strict=True):
        scene.wait_for_source(index, source)
