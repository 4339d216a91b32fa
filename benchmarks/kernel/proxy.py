"""A connection file -> an ipykernel behind a wrapper that does nothing, in compiled code: the limit of any wrapper.

``python -m benchmarks.kernel.proxy -f CONNECTION_FILE``. One thread a channel runs ``zmq.proxy`` between the front
end's port and the child's, a plain ipykernel; iopub loses nothing. It has no policy, no helper and little care for how
anything ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from jupyter_guard.kernel import child as starting
from jupyter_guard.kernel import directories

CHANNELS = (
    ("shell", "ROUTER", "DEALER"),
    ("control", "ROUTER", "DEALER"),
    ("stdin", "ROUTER", "DEALER"),
    ("hb", "ROUTER", "DEALER"),
    ("iopub", "XPUB", "XSUB"),
)


def main(arguments: list[str]) -> int:
    """Relay until the child ends."""
    options = starting.read_arguments(arguments)
    directory = directories.make()
    ports = {f"{one}_port": number for number, one in enumerate(starting.CHANNELS, 1)}
    # Messages pass untouched, so the child checks and writes the front end's own signatures.
    config = {**options.front, "transport": "ipc", "ip": f"{directory}/k", **ports}
    path = Path(directory, "connection.json")
    path.write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", str(path), *options.extra]
    # ipykernel ends with the process that this variable says has started it.
    child = os.posix_spawn(command[0], command, {**os.environ, "JPY_PARENT_PID": str(os.getpid())})

    import zmq

    from jupyter_guard.kernel.wire import endpoint

    context = zmq.Context(1)

    def relay(channel: str, front_kind: str, back_kind: str) -> None:
        front, back = context.socket(getattr(zmq, front_kind)), context.socket(getattr(zmq, back_kind))
        for one in (front, back):
            one.sndhwm = one.rcvhwm = 0
        back.reconnect_ivl = 5
        back.connect(endpoint(config, channel))
        front.bind(endpoint(options.front, channel))
        zmq.proxy(front, back)

    for row in CHANNELS:
        threading.Thread(target=relay, args=row, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    os.waitpid(child, 0)
    directories.remove(directory)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
