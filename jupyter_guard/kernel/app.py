"""A started child -> a guarded kernel that serves front ends until the child ends, and ends as it did."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

import zmq

from jupyter_guard.guard import isolated
from jupyter_guard.isolate import absent, out_of_memory
from jupyter_guard.kernel import death, directories, lost, memory, signals
from jupyter_guard.kernel.child import Child, Options
from jupyter_guard.kernel.front import CannotBindError, Front
from jupyter_guard.kernel.relay import Relay
from jupyter_guard.scrub.cache import cache_directory

log = logging.getLogger("jupyter_guard")


def run(options: Options, child: Child) -> NoReturn:
    """Serve, then end this process in the way in which the child ended."""
    logging.basicConfig(
        stream=sys.stderr,
        level=os.environ.get("JUPYTER_GUARD_LOG", "WARNING").upper(),
        format="[jupyter_guard] %(levelname)s %(message)s",
    )
    status = 1
    memory.prepare()
    group = out_of_memory.Group()
    caught = signals.Signals()
    context = zmq.Context(1)
    try:
        front = Front(options.front, context)
        relay = Relay(child, front, context, caught)
        before = lost.take(options.path)
        if before is not None:
            relay.untold = relay.lost_before = lost.sentence(before)
        directories.sweep()
        status = _tell(relay, options, relay.run(), before, group)
        relay.keeping.last_words()
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
        directories.remove(child.directory)
        raise
    directories.remove(child.directory)
    absent.remove(cache_directory(os.environ, os.environ.get("HOME", "")), directories.is_held)
    death.end_the_same_way(status)


def _tell(relay: Relay, options: Options, status: int, before: lost.Lost | None, group: out_of_memory.Group) -> int:
    """Say everywhere why the child ended, unless that was asked for; the status with which to end."""
    if relay.shutting_down:
        relay.ending.last_words("")
        return status
    if not relay.ready:
        refused = isolated.reported(relay.child.achieved()).refused
        text = f"The kernel did not start: {refused}" if refused else death.why_unstarted(status, relay.gave_up)
        log.error("%s", text)
        if refused:
            death.wait_for_somebody(relay)
        death.tell_those_who_wait(relay, text)
        status = 1 if status == 0 or relay.gave_up else status
    else:
        text = relay.masks.death or (relay.limits.death if relay.limits is not None else "")
        text = text or group.why(status) or death.reason(status, relay.ending.was_the_box)
        relay.ending.last_words(text)
    # What the one before took is still to be said when this one came to nothing.
    taken = death.what_is_lost(relay, text) or (before if relay.untold else None)
    if taken is not None:
        lost.leave(options.path, taken)
    return status
