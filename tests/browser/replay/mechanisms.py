"""The ways in which text reaches a cell or code reaches a kernel, each with the origin that it must be given.

The table in ``docs/provenance.md`` is written from here: ``python -m tests.browser.replay.mechanisms``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[3] / "docs" / "provenance.md"
BEGIN, END = "<!-- mechanisms -->\n", "<!-- end of mechanisms -->\n"


class Mechanism(NamedTuple):
    """``with_`` names the real package that the test drives; empty for a client that behaves as one of its kind."""

    name: str
    does: str
    origin: str
    with_: str = ""


LAB = "JupyterLab 4.6"
MCP = "jupyter-mcp-server"
COLLABORATION = "jupyter-collaboration"
NBI = "notebook-intelligence"
JUPYTER_AI = "jupyter-ai 3"

MECHANISMS = (
    # Assistants and programs
    Mechanism("insert-cell", "a chat's button inserts a cell into the document", "assistant"),
    Mechanism("set-source", "a program sets a cell's whole text", "assistant"),
    Mechanism("slow-program", "a program writes a cell character by character", "assistant"),
    Mechanism("editor-api", "a program writes through the editor", "assistant"),
    Mechanism("synthetic", "a script makes key events and calls its edit typing", "assistant"),
    Mechanism(
        "synthetic-elsewhere", "a script calls its edit typing while a person types in another place", "assistant"
    ),
    Mechanism("synthetic-here", "a script calls its edit typing while a person types in the same cell", "assistant"),
    Mechanism("synthetic-completion", "a script calls its edit a completion while a person types", "assistant"),
    Mechanism("lab-command", "a command puts text at the cursor (`notebook:replace-selection`)", "assistant", LAB),
    Mechanism("program-deletes", "a program takes the mark off a commented-out line", "assistant"),
    Mechanism("program-ends-a-comment", "a program puts the end of a line into a commented-out line", "assistant"),
    Mechanism(
        "editor-ends-a-comment", "a program does so through the editor, at the person's key that runs it", "assistant"
    ),
    Mechanism("program-dedents", "a program takes the indent off a call that stands under an `if`", "assistant"),
    Mechanism("editor-deletes", "a program does so through the editor, at a person's key in the cell", "assistant"),
    Mechanism("program-undoes", "a program takes back a person's last step", "assistant"),
    Mechanism("program-undoes-at-a-key", "a program does so while a person's key is handled", "assistant"),
    Mechanism("program-deletes-at-a-key", "a program calls it deleting, at a person's key in the cell", "assistant"),
    Mechanism("program-recalls", "a program sets a cell to what a person had there before", "assistant"),
    Mechanism("program-word", "a program changes one word of a person's cell", "assistant"),
    Mechanism("search-writes", "a program writes while the person types into the search box", "assistant"),
    Mechanism("replace-writes", "a program writes while the person replaces by the search box", "assistant"),
    Mechanism("exec-insert", "a script inserts by `document.execCommand` at a person's key in the cell", "assistant"),
    Mechanism("exec-cut", "a script cuts by `document.execCommand` at a person's key in the cell", "assistant"),
    Mechanism("dom-written", "a script writes into what the editor shows, at a person's key there", "assistant"),
    Mechanism("paste-event", "a script makes the event of a paste", "assistant"),
    Mechanism("drop-event", "a script makes the event of a drop", "assistant"),
    Mechanism("composition-event", "a script makes the events of composed text", "assistant"),
    Mechanism("typed-at-a-key", "a script calls its edit typing before the person's key is put in", "assistant"),
    Mechanism(
        "typed-behind-a-key", "a script calls its edit typing right after the person's key is put in", "assistant"
    ),
    Mechanism("completion-command", "a script puts in a name and gives the completer's command", "assistant"),
    Mechanism("line-key", "a script moves a line and calls it a key that does so", "assistant"),
    Mechanism("assistant-redone", "a person takes an assistant's text back and does it again", "assistant"),
    Mechanism("assistant-cell-redone", "a person takes an assistant's cell back and does it again", "assistant"),
    Mechanism("assistant-deletion-undone", "a person deletes an assistant's text and takes that back", "assistant"),
    Mechanism(
        "assistant-redone-across",
        "the same over several cells at once, with steps that are the whole notebook's",
        "assistant",
    ),
    Mechanism("program-then-arranged", "a program takes a cell back, then the person copies the cell", "assistant"),
    Mechanism("inline-completion", "a model's suggestion is accepted in the editor", "assistant", LAB),
    Mechanism("set-next-input", "code in the kernel puts a cell into the notebook", "assistant", "IPython"),
    Mechanism("chat-copied", "text is selected in a chat, copied and pasted", "assistant"),
    Mechanism("chat-button", "a chat's button puts code on the clipboard, a person pastes it", "assistant"),
    Mechanism("chat-button-items", "a chat's button does so with `ClipboardItem`s", "assistant"),
    Mechanism("chat-button-helper", "a chat's button copies out of a field that it makes for it", "assistant"),
    Mechanism("chat-button-event", "a chat's button fills in the event of its copying", "assistant"),
    Mechanism("chat-dropped", "text is selected in a chat and dragged into a cell", "assistant"),
    Mechanism("assistant-copied", "an assistant's code is copied into a person's cell", "assistant"),
    Mechanism("assistant-menu-copied", "the same, by JupyterLab's own menu", "assistant"),
    Mechanism("assistant-dropped", "an assistant's code is dragged into a person's cell", "assistant"),
    Mechanism("disk", "a program rewrites the file, the person reloads it", "assistant"),
    Mechanism("server-saves", "a program saves a notebook through the server, a person opens it", "assistant"),
    Mechanism("stored-human", "a program writes that its own cell is a person's", "assistant"),
    Mechanism("vscode-copilot", "VS Code runs a cell that its agent made (`#VSC-` id)", "assistant"),
    Mechanism("magic-ai", "`%%ai -f code` makes a cell", "assistant", "jupyter-ai-magics"),
    Mechanism("mcp-insert", "an MCP server inserts a cell, the person runs it", "assistant", MCP),
    Mechanism("mcp-overwrite", "an MCP server rewrites a person's cell", "assistant", MCP),
    Mechanism("mcp-insert-and-run", "an MCP server inserts a cell and runs it", "assistant", MCP),
    Mechanism("mcp-execute", "an MCP server runs code that is in no cell", "unknown", MCP),
    Mechanism("agent-slow", "a server agent types into the shared document", "assistant", "jupyter-nbmodel-client"),
    Mechanism(
        "agent-alone",
        "a server agent writes into a document that no page shows, a person opens it",
        "assistant",
        "jupyter-nbmodel-client",
    ),
    Mechanism("shared-disk", "a program rewrites the file of a shared document", "assistant", COLLABORATION),
    Mechanism(
        "executor-assistant",
        "a person runs an assistant's cell, the server executes",
        "assistant",
        "jupyter-server-nbmodel",
    ),
    Mechanism("nbi-new-cell", "the chat adds a cell", "assistant", NBI),
    Mechanism("nbi-insert", "the agent inserts a cell at an index", "assistant", NBI),
    Mechanism("nbi-rewrite", "the agent sets a cell's source", "assistant", NBI),
    Mechanism("nbi-run", "the agent runs a cell that it made", "assistant", NBI),
    Mechanism("ai-add-cell", "the agent's command adds a cell", "assistant", JUPYTER_AI),
    Mechanism("ai-set-content", "the agent's command sets a cell's content", "assistant", JUPYTER_AI),
    Mechanism("ai-run-cell", "the agent's command runs its cell, past the notebook's actions", "assistant", JUPYTER_AI),
    Mechanism("ai-execute", "the agent's command runs code that is in no cell", "unknown", JUPYTER_AI),
    Mechanism("live-content", "a program rewrites the file, the open notebook follows", "assistant", JUPYTER_AI),
    # Nobody watched
    Mechanism("no-cell", "a client runs code without a cell's id", "unknown"),
    Mechanism("vscode", "VS Code runs a cell", "unknown"),
    Mechanism("colab", "Colab runs a cell", "unknown"),
    # What was there
    Mechanism("loaded", "the cell was in the file", "imported", LAB),
    Mechanism("loaded-edited", "a person changes a little of what was in the file", "imported", LAB),
    # People
    Mechanism("typed", "a person types", "human", LAB),
    Mechanism("typed-brackets", "the editor closes brackets and indents while a person types", "human", LAB),
    Mechanism("completed", "a person accepts a completion with Tab", "human", LAB),
    Mechanism("completed-click", "a person clicks on a completion", "human", LAB),
    Mechanism("composed", "a person composes text with an input method, dead keys too", "human", LAB),
    Mechanism("multi-cursor", "a person types with several cursors", "human", LAB),
    Mechanism("menu-cut-and-pasted", "a person cuts and pastes by JupyterLab's own menu", "human", LAB),
    Mechanism("pasted", "a person pastes text from elsewhere", "human", LAB),
    Mechanism("dropped", "a person drags text from an output into a cell", "human", LAB),
    Mechanism("own-dropped", "a person drags their own text into another cell", "human", LAB),
    Mechanism("own-copied", "a person copies their own text into another cell", "human", LAB),
    Mechanism("commented", "a person toggles comments with the keyboard", "human", LAB),
    Mechanism("indented", "a person indents lines", "human", LAB),
    Mechanism("typed-over", "a person begins a line where text was selected", "human", LAB),
    Mechanism("undone", "a person deletes everything and takes it back", "human", LAB),
    Mechanism("redone", "a person takes a step back and does it again", "human", LAB),
    Mechanism(
        "redone-across",
        "the same over several cells, with steps that are the whole notebook's (`documentWideUndoRedo`)",
        "human",
        LAB,
    ),
    Mechanism("replaced", "a person finds and replaces", "human", LAB),
    Mechanism("split", "a person splits a cell", "human", LAB),
    Mechanism("merged", "a person merges cells", "human", LAB),
    Mechanism("moved", "a person moves a cell", "human", LAB),
    Mechanism("dragged-cell", "a person drags a cell to another place", "human", LAB),
    Mechanism("line-moved", "a person moves a line of a cell with the keyboard", "human", LAB),
    Mechanism("deletion-of-cell-undone", "a person deletes a cell and takes it back", "human", LAB),
    Mechanism("cut-and-pasted", "a person cuts and pastes a cell", "human", LAB),
    Mechanism("duplicated", "a person duplicates a cell", "human", LAB),
    Mechanism("other-notebook", "a person copies a cell into another notebook", "human", LAB),
    Mechanism("retyped", "a person types over an assistant's cell", "human", LAB),
    Mechanism("button", "a person runs a cell with the toolbar's button", "human", LAB),
    Mechanism("reloaded", "the page is reloaded after a person ran their cell", "human", LAB),
    Mechanism("renamed", "the notebook is renamed", "human", LAB),
    Mechanism("shared-typed", "a person types in a shared document", "human", COLLABORATION),
    Mechanism("remote-run-there", "another person types in a shared document, and runs it", "human", COLLABORATION),
    Mechanism("executor-human", "a person runs their cell, the server executes", "human", "jupyter-server-nbmodel"),
    Mechanism("lab-4.2", "a person types, in the oldest JupyterLab that is supported", "human", "JupyterLab 4.2"),
    Mechanism("lab-4.2-insert", "a program inserts a cell, in the oldest JupyterLab", "assistant", "JupyterLab 4.2"),
)
BY_NAME = {one.name: one for one in MECHANISMS}


def table() -> str:
    """The mechanisms as a Markdown table."""
    rows = [
        f"| `{one.name}` | {one.does} | {one.origin} | {f'real: {one.with_}' if one.with_ else 'simulated client'} |\n"
        for one in MECHANISMS
    ]
    return "| test | what happens | judged as | driven by |\n| --- | --- | --- | --- |\n" + "".join(rows)


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
