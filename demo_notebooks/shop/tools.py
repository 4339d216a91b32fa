"""What an assistant may do in the shop: three tools, which a team lead wrote and approved."""

import sqlite3
from pathlib import Path
from typing import Annotated, Literal

import msgspec

import jupyter_guard as guard


@guard.tool(effects=["file.read shop.db"])
def find_orders(customer: str) -> list[dict[str, int | float | str]]:
    """Finds the orders of a customer, the oldest first."""
    with sqlite3.connect("file:shop.db?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT id, item, amount FROM orders WHERE customer = ? ORDER BY id", (customer,))
        return [dict(row) for row in rows]


@guard.tool(effects=["data.write refunds in shop.db"], approve="amount > 100")
def refund(
    order: int, amount: Annotated[float, msgspec.Meta(gt=0)], reason: Literal["damaged", "late", "unwanted"]
) -> str:
    """Pays back money for an order."""
    with sqlite3.connect("shop.db") as database:
        database.execute("INSERT INTO refunds VALUES (?, ?, ?)", (order, amount, reason))
    return f"{amount:.2f} paid back for order {order}"


@guard.tool(effects=["file.delete exports/"], approve="never")
def purge_exports(keep: Annotated[int, msgspec.Meta(ge=1)] = 1) -> list[str]:
    """Deletes old exports and keeps the latest; gives the names of what was deleted."""
    old = sorted(Path("exports").glob("*.csv"))[:-keep]
    for path in old:
        path.unlink()
    return [path.name for path in old]
