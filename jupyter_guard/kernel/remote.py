"""``python -I -m jupyter_guard.kernel.remote .../launch_ipykernel.py ARGUMENTS``: the wrapper beside a remote kernel.

It takes the place of the launcher that Enterprise Gateway and Gateway Provisioners have beside their kernels, with
the same arguments: it makes the connection file and answers the gateway as that does (their ``server_listener.py``,
from the launcher's folder), and then becomes the wrapper, under the process id that the gateway was told.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    """Become the wrapper. The exit status is 2 for arguments that are none, 1 where the gateway cannot be answered."""
    options, script = _read(arguments)
    listener = _listener(script)
    if isinstance(listener, str):
        print(f"jupyter_guard: {listener}", file=sys.stderr)
        return 1
    handle, file = tempfile.mkstemp(suffix=".json", prefix=f"kernel-{options.kernel_id}_")
    os.close(handle)
    lower, upper = _ports(options.port_range)
    given: dict[str, Any] = {
        "conn_filename": file,
        "parent_pid": os.getpid(),
        "lower_port": lower,
        "upper_port": upper,
        "response_addr": options.response_address,
        "kernel_id": options.kernel_id,
        "public_key": options.public_key,
        # Signals are the wrapper's to hand on.
        "cluster_type": "none",
        "transport_encryption": _encryption(options.transport_encryption),
    }
    # Enterprise Gateway's older listeners know less.
    known = inspect.signature(listener).parameters
    listener(**{name: value for name, value in given.items() if name in known})
    # The listener answers in a process of its own; this one becomes the kernel.
    os.execv(sys.executable, [sys.executable, "-I", "-m", "jupyter_guard.kernel", "-f", file])  # noqa: S606
    return 1


def _read(arguments: list[str]) -> tuple[argparse.Namespace, str]:
    parser = argparse.ArgumentParser(prog="jupyter_guard.kernel.remote")
    parser.add_argument("launcher", help="the gateway's launch_ipykernel.py, beside which server_listener.py lies")
    # The names of either gateway.
    parser.add_argument("--response-address", "--RemoteProcessProxy.response-address", required=True)
    parser.add_argument("--kernel-id", "--RemoteProcessProxy.kernel-id", required=True)
    parser.add_argument("--public-key", "--RemoteProcessProxy.public-key", required=True)
    parser.add_argument("--port-range", "--RemoteProcessProxy.port-range", nargs="?", default="")
    parser.add_argument("--transport-encryption", nargs="?", default="")
    found, _ = parser.parse_known_args(arguments)
    return found, str(found.launcher)


def _listener(script: str) -> Any:
    """The gateway's function, or what is missing in words."""
    folder = str(Path(script).absolute().parent)
    sys.path.insert(0, folder)
    try:
        from server_listener import setup_server_listener  # type: ignore[import-not-found]
    except ImportError as problem:
        return f"the gateway's server_listener.py in {folder} cannot be loaded: {problem}"
    return setup_server_listener


def _ports(text: str | None) -> tuple[int, int]:
    lower, _, upper = (text or "0..0").partition("..")
    try:
        return int(lower), int(upper)
    except ValueError:
        return 0, 0


def _encryption(text: str | None) -> str | None:
    word = (text or "").strip().lower()
    return word if word in ("auto", "required") else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
