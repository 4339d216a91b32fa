"""A box without a network -> the same with listeners whose other end is outside; then the kernel's own command.

Run by path in the box: ``python -I -S door.py DESCRIPTOR ADDRESS:PORT ... -- COMMAND ...``. A listener belongs to the
network it was made in: handed out through the descriptor, a unix socket, it is served by a process outside. So nothing
more runs inside. The first one is the proxy's, on any port. Dependency-free, Python 3.8 or newer.
"""

from __future__ import annotations

import array
import os
import socket
import sys


def main(arguments: list[str]) -> None:
    """Become the command. Raises ``OSError``: then the kernel does not start."""
    at = arguments.index("--")
    places, command = arguments[1:at], arguments[at + 1 :]
    listeners = []
    for place in ["127.0.0.1:0", *places]:
        address, _, port = place.rpartition(":")
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((address, int(port)))
        one.listen(64)
        listeners.append(one)
    numbers = array.array("i", [one.fileno() for one in listeners])
    with socket.socket(fileno=int(arguments[0])) as outside:
        outside.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
    os.environ.update(variables(listeners[0].getsockname()[1]))
    os.execvpe(command[0], command, os.environ)  # noqa: S606


def variables(port: int) -> dict[str, str]:
    """What programs read to find a proxy at this port of the loopback; what is on the loopback needs none."""
    where, near = "http://127.0.0.1:%d" % port, "localhost,127.0.0.0/8,127.0.0.1,::1"  # noqa: UP031
    names = {"HTTP_PROXY": where, "HTTPS_PROXY": where, "NO_PROXY": near}
    return {**names, **{name.lower(): value for name, value in names.items()}}


if __name__ == "__main__":
    main(sys.argv[1:])
