"""Grants and a policy -> what the box keeps out, and by which command a person may grant it.

The kernel reads it in its private directory when a cell fails (``inside/child/hints.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from jupyter_guard.isolate.devices import computing
from jupyter_guard.isolate.grants import Grants
from jupyter_guard.isolate.stores import services
from jupyter_guard.policy.granting import refusal
from jupyter_guard.policy.policy import Policy

# Any path or secret variable that no list of the policy's is likely to name.
_A_PATH, _A_SECRET = "/nowhere/in/particular", "SOME_PARTICULAR_TOKEN"


def withheld(granted: Grants, policy: Policy, own: Iterable[str], temporary: Iterable[str] = ()) -> dict[str, Any]:
    """Everything but the variables' names. ``own`` are the guard's files, which no grant gives away; of ``temporary``
    the box has others than those of the machine, where they are not granted.
    """
    own = {os.path.realpath(one) for one in own}
    named = {
        os.path.realpath(os.path.join(granted.home, path.rstrip("/"))): one.name
        for one in services().values()
        for path in one.paths
    }
    names = {place: "" if place in own else named.get(place, place) for place in granted.hidden}
    lacking = [
        one
        for one in services().values()
        if one.name in names.values() or not {*granted.withheld}.isdisjoint(one.variables)
    ]
    errors = {error: one.name for one in lacking for error in one.errors}
    return {
        "workspace": granted.workspace,
        "temporary": [one for one in temporary if one not in granted.writable],
        # A box of namespaces has a /run of its own.
        "sockets": bool(temporary),
        "gpus": [one for one in computing() if one not in granted.devices],
        "reads_all": granted.reads_all,
        "writes_all": granted.writes_all,
        "paths": {place: (name, refusal(policy, "isolation.read", name)) for place, name in names.items()},
        "errors": {error: (name, refusal(policy, "isolation.read", name)) for error, name in errors.items()},
        "read_refused": refusal(policy, "isolation.read", _A_PATH),
        "write_refused": refusal(policy, "isolation.write", _A_PATH),
        "variables_refused": refusal(policy, "isolation.env", _A_SECRET),
    }
