"""A notebook open in a front end, and the origins that the guard's wrapper gives to what runs in it."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from ..driver import Front
from .mechanisms import BY_NAME

Key = Literal["Control+Enter", "Shift+Enter"]

# The wrapper itself says over its comm, to every panel, what it judged and as whose.
LISTEN = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    if (window.judgedKernel === kernel.id) return;
    window.judgedKernel = kernel.id;
    const judged = window.judged ??= {};
    kernel.iopubMessage.connect((_, message) => {
        const item = message.header.msg_type === 'comm_msg' ? message.content.data?.item : undefined;
        if (item?.sha256 && item.origin) judged[item.sha256] = item.origin;
    });
}"""


class Score:
    """What each mechanism was judged as."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        # What was once taken for a person's stays so: a test that is run again does not make it good.
        self.called_human: set[str] = set()

    def check(self, name: str, origin: str) -> None:
        """Keep what a mechanism was judged as. Raises ``AssertionError`` when it is not what it must be."""
        expected = BY_NAME[name].origin
        if origin == "human" != expected:
            self.called_human.add(name)
        self.found[name] = "human" if name in self.called_human else origin
        assert name not in self.called_human, f"{name}: judged as human, not {expected}, in this run of the tests"
        assert origin == expected, f"{name}: judged as {origin}, not {expected}"

    def lines(self) -> list[str]:
        """The figures, in words."""
        pairs = [(BY_NAME[name].origin, origin) for name, origin in self.found.items()]
        if not pairs:
            return []
        programs = [found for expected, found in pairs if expected == "assistant"]
        people = [found for expected, found in pairs if expected == "human"]
        right = sum(expected == found for expected, found in pairs)
        return [
            f"origin right: {right} of {len(pairs)} mechanisms ({right / len(pairs):.1%})",
            f"assistants' insertions called human: {programs.count('human')} of {len(programs)}",
            f"human edits escalated: {sum(one != 'human' for one in people)} of {len(people)}",
        ]


class Scene:
    """One open notebook. Cells are numbered among the code cells, from 0."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.page = front.page

    def open(self, name: str) -> None:
        self.front.open_lab(name)
        self.front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
        self.listen()

    def listen(self) -> None:
        self.page.evaluate(LISTEN)

    def source(self, index: int) -> str:
        return str(
            self.page.evaluate(
                "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.getSource()",
                index,
            )
        )

    def wait_for_source(self, index: int, source: str) -> None:
        self.page.wait_for_function(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index]?.model.sharedModel
                .getSource() === source""",
            arg=[index, source],
        )

    def wait_for_count(self, count: int) -> None:
        self.page.wait_for_function(
            "count => window.jupyterapp.shell.currentWidget.content.widgets.length === count", arg=count
        )

    def wait_for_cell(self, source: str) -> int:
        """The number of the cell with that text, once there is one."""
        found = self.page.wait_for_function(
            """source => 1 + window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
                .findIndex(cell => cell.getSource() === source)""",
            arg=source,
        )
        return int(found.json_value()) - 1

    def add_cell(self) -> int:
        """An empty code cell at the end, as a person adds it; gives its number."""
        last = self.front.cells.count() - 1
        self.front.select_cell(last)
        self.page.keyboard.press("b")
        self.front.cells.nth(last + 1).wait_for()
        return last + 1

    def type(self, text: str) -> int:
        """A new cell that a person typed; gives its number."""
        index = self.add_cell()
        self.front.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Escape")
        return index

    def evaluate(self, body: str, argument: Any = None) -> Any:
        """Run a script in the page with the open ``notebook``, its ``model`` and the ``commands``."""
        return self.page.evaluate(
            "argument => { const panel = window.jupyterapp.shell.currentWidget; const notebook = panel.content;"
            "const model = notebook.model; const commands = window.jupyterapp.commands;" + body + "}",
            argument,
        )

    def insert(self, source: str) -> int:
        """A new cell at the end that a program inserts; gives its number."""
        index = self.front.cells.count()
        self.front.insert_cell(index, source)
        self.front.cells.nth(index).wait_for()
        return index

    def origin(self, index: int, *, key: Key = "Control+Enter") -> str:
        """Run a cell as a person does; what it was judged as."""
        source = self.source(index)
        self.forget(source)
        self.front.select_cell(index)
        self.page.keyboard.press(key)
        return self.judged(source)

    def drag(self, selected: str, index: int) -> None:
        """Select the text of an element, given by its selector, and drag it into a cell with the mouse."""
        start = self.page.evaluate(
            """selector => {
                const node = document.querySelector(selector);
                document.getSelection().selectAllChildren(node);
                const {left, top} = document.getSelection().getRangeAt(0).getClientRects()[0];
                return [left + 6, top + 6];
            }""",
            selected,
        )
        content = self.front.cells.nth(index).locator(".cm-content")
        # A cell that was just added is scrolled to.
        content.element_handle().wait_for_element_state("stable")
        target = content.bounding_box()
        end = target["x"] + 8, target["y"] + target["height"] / 2
        self.page.mouse.move(*start)
        self.page.mouse.down()
        # A drag begins with a move that is none yet.
        self.page.mouse.move(start[0] + 4, start[1] + 4)
        self.page.mouse.move(*end, steps=4)
        self.page.mouse.up()

    def drag_cell(self, index: int, target: int) -> None:
        """Select all of a cell's text and drag it into another cell."""
        content = self.front.cells.nth(index).locator(".cm-content")
        content.click()
        self.page.keyboard.press("Control+A")
        content.evaluate("node => { node.querySelector('.cm-line').id = 'dragged'; }")
        self.drag("#dragged", target)

    def choose(self, index: int, label: str) -> None:
        """Choose from JupyterLab's own menu of a cell's editor, with the mouse."""
        self.front.cells.nth(index).locator(".cm-line").first.click(button="right", position={"x": 20, "y": 6})
        self.page.locator(".lm-Menu-item", has_text=label).click()

    def forget(self, source: str) -> None:
        self.page.evaluate("sha256 => { delete window.judged[sha256]; }", sha256(source))

    def judged(self, source: str) -> str:
        """What code was judged as, once it was."""
        found = self.page.wait_for_function("sha256 => window.judged[sha256]", arg=sha256(source), timeout=30_000)
        return str(found.json_value())

    def quiet(self) -> None:
        """Wait until a person's last key or click is too long ago to explain anything."""
        self.page.wait_for_timeout(1100)


def keys(scene: Scene, index: int, *pressed: str) -> None:
    """Press keys in a cell's editor, and leave it."""
    scene.front.cells.nth(index).locator(".cm-content").click()
    for key in pressed:
        scene.page.keyboard.press(key)
    scene.page.keyboard.press("Escape")


def press(scene: Scene, index: int, *pressed: str) -> None:
    """Press keys on a selected cell."""
    scene.front.select_cell(index)
    for key in pressed:
        scene.page.keyboard.press(key)


def sha256(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
