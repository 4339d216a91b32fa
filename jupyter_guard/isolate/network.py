"""Granted hosts -> a proxy outside the box, and the words that open its door inside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

from jupyter_guard.isolate.door import variables
from jupyter_guard.isolate.grants import Grants

TOLD = "refused.txt"
DOOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "door.py")


def started(granted: Grants, directory: str, placed: str) -> socket.socket:
    """Start the proxy, which tells the kernel in its private directory what it refuses; what is returned takes its
    listeners. ``placed`` is the policy's line with the hosts. Raises ``OSError``.
    """
    ours, theirs = socket.socketpair()
    told = {
        "hosts": [(one.name, one.port) for one in granted.hosts],
        "relays": [(one.host, one.port) for one in granted.relays],
        "told": os.path.join(directory, TOLD),
        "placed": placed,
    }
    words = [sys.executable, "-P", "-m", "jupyter_guard.isolate.proxy", str(theirs.fileno()), str(os.getpid())]
    with theirs:
        done = subprocess.run(
            [*words, json.dumps(told)],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode:
        raise OSError(f"the proxy for isolation.hosts does not start (exit status {done.returncode})")
    return ours


def door(granted: Grants, outside: socket.socket, python: str) -> list[str]:
    """The words before the kernel's command in a box with a network of its own."""
    os.set_inheritable(outside.fileno(), True)
    places = [f"{one.address}:{one.port}" for one in granted.relays]
    return [python, "-I", "-S", DOOR, str(outside.detach()), *places, "--"]


def names(granted: Grants, directory: str) -> str:
    """A file of names and addresses for the box, or ``""`` where it needs none. Raises ``OSError``."""
    if not granted.relays:
        return ""
    path = os.path.join(directory, "hosts")
    lines = ["127.0.0.1 localhost", "::1 localhost", *(f"{one.address} {one.host}" for one in granted.relays)]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(dict.fromkeys(lines)) + "\n")
    return path


def here(outside: socket.socket) -> tuple[int, dict[str, str]]:
    """For a box without a network of its own: the proxy's port on this machine, and the variables that name it."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener, outside:
        socket.send_fds(outside, [b"."], [listener.fileno()])
        port = int(listener.getsockname()[1])
    return port, variables(port)
