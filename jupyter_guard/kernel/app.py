"""A started child -> a guarded kernel that serves front ends until the child ends, and ends as it did."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

import zmq

from jupyter_guard.kernel import signals
from jupyter_guard.kernel.child import Child, Options, remove_directory, sweep
from jupyter_guard.kernel.death import end_the_same_way, reason
from jupyter_guard.kernel.front import CannotBindError, Front
from jupyter_guard.kernel.relay import Relay


def run(options: Options, child: Child) -> NoReturn:
    """Serve, then end this process in the way in which the child ended."""
    logging.basicConfig(
        stream=sys.stderr,
        level=os.environ.get("JUPYTER_GUARD_LOG", "WARNING").upper(),
        format="[jupyter_guard] %(levelname)s %(message)s",
    )
    status = 1
    caught = signals.Signals()
    context = zmq.Context(1)
    try:
        front = Front(options.front, context)
        relay = Relay(child, front, context, caught)
        sweep()
        status = relay.run()
        relay.last_words(reason(status))
        relay.judging.stop()
        relay.back.close()
        front.close()
        context.term()
    except CannotBindError as error:
        print(f"jupyter_guard: {error}", file=sys.stderr)
        signals.send(child.pid, signals.KILL)
    except BaseException:
        # A wrapper that fails must not leave a kernel running that nothing guards.
        signals.send(child.pid, signals.KILL)
        remove_directory(child.directory)
        raise
    remove_directory(child.directory)
    end_the_same_way(status)
