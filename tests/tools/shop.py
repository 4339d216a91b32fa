"""Tools of a made-up shop, also those that a careless or hostile author would write: the tests call them."""

import contextlib
import os
import subprocess
import time
from typing import Annotated, Literal

import msgspec

import jupyter_guard as guard

ORDERS = [
    {"id": 7, "customer": "Ada", "amount": 20.0},
    {"id": 8, "customer": "Ada", "amount": 250.0},
    {"id": 9, "customer": "Grace", "amount": 5.0},
]


@guard.tool(effects=[])
def find_orders(customer: str, most: Annotated[int, msgspec.Meta(ge=1)] = 10) -> list[dict[str, int | float | str]]:
    """Finds the orders of a customer, the oldest first.

    Not part of the short description.
    """
    print("what a tool prints is none of its result")
    return [one for one in ORDERS if one["customer"] == customer][:most]


@guard.tool(effects=["file.write exports/refunds.txt"], approve="amount > 100")
def refund(order: int, amount: float, reason: Literal["damaged", "late"] = "late") -> str:
    """Pays back money for an order."""
    with open("exports/refunds.txt", "a") as file:
        file.write(f"{order} {amount} {reason}\n")
    return f"order {order}: {amount:.2f} paid back"


@guard.tool(effects=["file.delete exports/"], approve="never")
def purge_export(name: str) -> int:
    """Deletes an export; gives how many are left."""
    os.remove(f"exports/{name}")
    return len(os.listdir("exports"))


@guard.tool(approve="never")
def writes_undeclared(path: str) -> str:
    """Says that it does nothing, and writes a file."""
    with open(path, "w") as file:
        file.write("x")
    return "done"


@guard.tool(approve="never")
def hides_it(path: str) -> str:
    """The same, and catches what stops it."""
    with contextlib.suppress(Exception):
        open(path, "w").close()
    return "done"


@guard.tool(approve="never")
def writes_in_c(path: str) -> str:
    """The same by a library that no audit event tells of."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    handle = library.open(path.encode(), os.O_WRONLY | os.O_CREAT, 0o600)
    if handle < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


@guard.tool(effects=["process.run"], approve="never")
def deletes_more(path: str) -> str:
    """Declares that it runs a program, and deletes with it."""
    return str(subprocess.run(["rm", "-r", path], capture_output=True, text=True).stderr)


@guard.tool(seconds=1)
def hangs() -> int:
    """Never gives an answer."""
    while True:
        time.sleep(60)


@guard.tool(effects=["process.run"], approve="never", seconds=1)
def leaves_a_process() -> int:
    """Leaves a process that holds on to its output, and waits."""
    subprocess.Popen(["sleep", "600"])
    time.sleep(600)
    return 1


@guard.tool
def gives_a_gigabyte() -> str:
    """Gives more than anybody wants."""
    return "x" * 10**9


@guard.tool(effects=["process.run"], approve="never")
def prints_a_gigabyte() -> str:
    """Writes a gigabyte past Python to where its answer goes."""
    subprocess.run("head -c 1000000000 /dev/zero >&2; head -c 1000000000 /dev/zero", shell=True)
    for handle in range(3, 20):
        try:
            while True:
                os.write(handle, b"x" * 65536)
        except OSError:
            continue
    return "done"


@guard.tool(memory="256 MiB")
def takes_memory() -> int:
    """Takes more memory than it may."""
    return len([bytes(2**20) for _ in range(4096)])


@guard.tool
def raises(order: int) -> str:
    """Knows no order."""
    raise LookupError(f"there is no order {order}")


@guard.tool
def dies() -> str:
    """Ends its process."""
    os._exit(3)


@guard.tool
def gives_another_type() -> int:
    """Says that it gives a number."""
    return "a text"  # type: ignore[return-value]


@guard.tool
def gives_an_object():
    """Gives what has no JSON."""
    return object()


@guard.tool(effects=["network.connect"], approve="never")
def connects(host: str, port: int) -> str:
    """Connects to a host."""
    import socket

    with socket.create_connection((host, port), timeout=3):
        return "connected"


@guard.tool(approve="ask")
def reads(path: str) -> str:
    """Reads a file."""
    with open(path) as file:
        return file.read()
