"""Two tools that do next to nothing, so that what is measured is what comes around them."""

import jupyter_guard as guard


@guard.tool(effects=[])
def total(amounts: list[float]) -> float:
    """Adds up amounts."""
    return sum(amounts)


@guard.tool(effects=["file.write notes/"], approve="never")
def keep(name: str, text: str) -> int:
    """Keeps a note; gives how many characters it has."""
    with open(f"notes/{name}.txt", "w", encoding="utf-8") as file:
        return file.write(text)
