"""The process that reads and judges: cells in over a socket, judgements out.

``python -m jupyter_guard.guard.helper SOCKET DIRECTORY GROUP``. It lives apart from the relay, so that no cell can
stall or crash that; and it outlives the relay just long enough to remove what a killed wrapper leaves behind:
``DIRECTORY``, and the processes of ``GROUP``.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_guard.guard.protocol import (
    Aside,
    Call,
    Decided,
    Ended,
    Judged,
    Kept,
    Learn,
    Message,
    SetAside,
    Standing,
    Tell,
    Told,
    Unpacker,
    Vet,
    pack,
    to_bytes,
)
from jupyter_guard.guard.session import failed
from jupyter_guard.terms import Cell, Origin

if TYPE_CHECKING:
    from jupyter_guard.guard.calling import Calls
    from jupyter_guard.guard.keeping import Keeper
    from jupyter_guard.guard.undoing import Undoing

LARGEST_DATA = 2 * 1024**3
ACKNOWLEDGED = 32
WRITE_AGAIN_SECONDS = 1.0


def serve(link: socket.socket, undoing: list[Undoing]) -> bool:
    """Answer until the other side closes; whether the kernel may have left anything behind.

    ``undoing`` gets what sets files aside, once there is something to set aside.
    """
    from jupyter_guard.guard.inner import PREVIEWS
    from jupyter_guard.guard.isolated import take
    from jupyter_guard.guard.keeping import Keeper
    from jupyter_guard.guard.pipeline import Pipeline, answer
    from jupyter_guard.guard.shipping import Shipping

    pipeline = Pipeline(Path.cwd(), take(os.environ))
    keeper, shipping = Keeper(), Shipping()
    if pipeline.policy is not None:
        shipping.to(pipeline.policy.audit_store)
        keeper.tell(pipeline.policy.audit_syslog)
    turn = threading.Lock()

    def send(message: Message) -> None:
        with turn:
            link.sendall(pack(message))

    send(_with_secrets(pipeline.standing))
    # What is loaded by now stays: the collector need not look at it again in the middle of a cell.
    gc.collect()
    gc.freeze()
    unpacker = Unpacker()
    calling: list[Calls] = []
    while data := _received(link, keeper, send):
        for message in unpacker.feed(data):
            if isinstance(message, Ended):
                return False
            if isinstance(message, Learn):
                pipeline.learn(message)
            elif isinstance(message, Decided):
                # Not each: the wrapper would wake up for it.
                if keeper.keep(message) and message.id % ACKNOWLEDGED == 0:
                    send(Kept(message.id))
            elif isinstance(message, Tell):
                send(Told(message.id, _told(message)))
            elif isinstance(message, Call):
                if not calling:
                    from jupyter_guard.guard.calling import calls

                    calling.append(calls(send))
                calling[0].take(message, pipeline.policy)
            elif isinstance(message, Aside):
                policy = pipeline.policy
                if policy is None:
                    send(SetAside(message.id, "the policy cannot be read, so nothing is brought back"))
                    continue
                if not undoing:
                    from jupyter_guard.guard.undoing import Undoing

                    undoing.append(Undoing(str(Path.cwd()), send))
                undoing[0].take(message, policy.undo, policy.mode)
            elif isinstance(message, Vet):
                if pipeline.take_up_policy():
                    send(_with_secrets(pipeline.standing))
                    if pipeline.policy is not None:
                        shipping.to(pipeline.policy.audit_store)
                        keeper.tell(pipeline.policy.audit_syslog)
                judged: Judged
                try:
                    judged = pipeline.judge(message)
                except Exception as error:
                    logging.getLogger("jupyter_guard").exception("the guard failed on a cell")
                    cell = Cell("", Origin.UNKNOWN)
                    judged = answer(message.id, failed(cell, f"{type(error).__name__}: {error}"))
                # ruff takes as long as a program does: the next cell is judged meanwhile.
                linting = pipeline.lint(message) if message.how in PREVIEWS else None
                if linting is None:
                    send(judged)
                else:
                    threading.Thread(target=_sent, args=(send, linting, judged), daemon=True).start()
    return True


def _received(link: socket.socket, keeper: Keeper, send: Callable[[Message], None]) -> bytes:
    """What the wrapper sends next. While a full disk keeps decisions waiting, writing them is tried meanwhile."""
    while keeper.is_behind and not select.select([link], [], [], WRITE_AGAIN_SECONDS)[0]:
        if keeper.write():
            send(Kept(keeper.newest))
    return link.recv(1 << 20)


def _sent(send: Callable[[Message], None], linting: Callable[[], Judged], otherwise: Judged) -> None:
    try:
        answer = linting()
    except Exception:
        logging.getLogger("jupyter_guard").exception("a preview was not linted")
        answer = otherwise
    with contextlib.suppress(OSError):
        send(answer)


def _told(message: Tell) -> str:
    from jupyter_guard.guard.asked import told

    return told(message)


def _with_secrets(standing: Standing) -> Standing:
    """What the policy's sources hold is read here, so that the wrapper need not know how they are written."""
    import msgspec

    from jupyter_guard.scrub.sources import read_sources

    found = read_sources(standing.known_from, os.environ, Path.home(), lambda _: None)
    secrets = tuple((to_bytes(one.value), one.kind, to_bytes(one.name)) for one in found)
    return msgspec.structs.replace(standing, secrets=secrets)


def _connected(where: str) -> socket.socket:
    if where.isdigit():
        return socket.socket(fileno=int(where))
    # Windows cannot inherit a socket pair: it calls back, and says the word that only a child of the wrapper knows.
    host, _, port = where.rpartition(":")
    link = socket.create_connection((host, int(port)))
    link.sendall(os.environ.pop("JUPYTER_GUARD_HELPER_TOKEN", "").encode())
    return link


def _bound_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (LARGEST_DATA, LARGEST_DATA))


def _end_leftovers(group: int) -> None:
    """End what the kernel had started: the system ends the kernel with the wrapper, and nothing else."""
    # 1 would mean everybody. And the number is the wrapper's word: a file could have been written by the kernel.
    if group > 1:
        with contextlib.suppress(AttributeError, OSError):
            os.killpg(group, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Serve the wrapper, then clean up behind it."""
    where, directory, group = arguments
    # The manager's interrupt is for the cell, not for whoever judges the next one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = _connected(where)
    _bound_memory()
    unclean = True
    undoing: list[Undoing] = []
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        unclean = serve(link, undoing)
    # The wrapper ended: it closes this socket for no other reason, and a helper that it replaces is killed.
    if unclean:
        _end_leftovers(int(group))
    for one in undoing:
        one.close()
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
