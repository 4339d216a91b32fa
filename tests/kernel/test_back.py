"""Connections to the child: one for each client, let go when idle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from jupyter_guard.kernel import back
from jupyter_guard.kernel.back import Back
from jupyter_guard.kernel.child import CHANNELS


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Back, Any]]:
    """A back, and the shell socket that it talks to in a kernel's place."""
    context = zmq.Context()
    folder = tmp_path_factory.mktemp("b")
    ports = {f"{one}_port": number for number, one in enumerate(CHANNELS, 1)}
    config = {"transport": "ipc", "ip": f"{folder}/k", "key": "", **ports}
    shell = context.socket(zmq.ROUTER)
    shell.linger = 0
    # As ipykernel's own.
    shell.router_handover = 1
    shell.bind(f"ipc://{folder}/k-1")
    one = Back(config, context, zmq.Poller())
    yield one, shell
    one.close()
    shell.close()
    context.term()


def message(one: Back) -> list[bytes]:
    return one.wire.message("kernel_info_request", {})


def test_idle_clients_are_let_go_and_come_back(made: tuple[Back, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    one, shell = made
    names = [b"client-%d" % number for number in range(back.KEPT_CLIENTS)]
    for name in names:
        one.send("shell", name, message(one))
        assert shell.poll(5000)
        assert shell.recv_multipart()[0] == name
    # All are in use, so all stay.
    one.send("shell", b"one more", message(one))
    assert len(one.clients) == back.KEPT_CLIENTS + 1
    monkeypatch.setattr(back, "IDLE_SECONDS", 0.0)
    time.sleep(0.01)
    one.clients[names[0]].unanswered.add("a request")
    one.send("shell", b"another", message(one))
    assert len(one.clients) == back.KEPT_CLIENTS
    # Whoever waits for an answer stays; of the others, the ones that were used longest ago go.
    assert names[0] in one.clients
    assert names[1] not in one.clients
    assert names[-1] in one.clients
    assert len(one.owner) == 2 * len(one.clients)
    one.send("shell", names[1], message(one))
    seen = set()
    while shell.poll(2000):
        seen.add(shell.recv_multipart()[0])
        if seen >= {b"one more", b"another", names[1]}:
            break
    assert seen == {b"one more", b"another", names[1]}
