"""Models of the environment and of what is asked for: variables that are read and set, what somebody types."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

from jupyter_guard.read.python.changes import set_environment
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.secret_names import environment, known_variable
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    ENVIRON,
    Inst,
    Map,
    Seq,
    Unknown,
    Value,
    const,
)


def _environ_get(run: Run, site: Site) -> Value:
    known = known_variable(run, arg(site, 0, "key"))
    if known is not None:
        return known
    found = environment(arg(site, 0, "key"))
    name = arg(site, 0, "key").only()
    if name is not None and name.value == "HOME":
        return const(run.context.home)
    default = site.args[1] if len(site.args) > 1 else site.kwargs.get("default")
    if default is not None and default.only() is not None:
        return Value((*default.atoms, Unknown("os.environ", "")), found.marks)
    return found


def _environ_items(run: Run, site: Site) -> Value:
    """Going through the environment: each value may be any of its secrets."""
    one = Value((), frozenset({"environment", ENVIRON}))
    pair = Value((Seq([ANYTHING, one], "tuple"),)) if site.name.endswith("items") else one
    return Value((Seq([], "list", pair),), one.marks)


def _environ_set(run: Run, site: Site) -> Value:
    for atom in arg(site, 0).atoms:
        if type(atom) is Map:
            for key, one in atom.items.items():
                set_environment(run, const(key), one, site.node)
    if len(site.args) > 1:
        known = known_variable(run, site.args[0])
        if site.name.endswith("setdefault") and known is not None:
            return known
        set_environment(run, site.args[0], site.args[1], site.node)
    for key, one in site.kwargs.items():
        set_environment(run, const(key), one, site.node)
    return ANYTHING


def _environ_copy(run: Run, site: Site) -> Value:
    """Changing the copy changes nothing else."""
    return Value((Inst("os.environ.copy"),), frozenset({"environment", ENVIRON}))


def _input(run: Run, site: Site) -> Value:
    return Value((), frozenset({"user"}))


def _getpass(run: Run, site: Site) -> Value:
    return Value((), frozenset({"user", "credential"}))


MODELS = {
    "os.environ.copy": _environ_copy,
    "os.environ.copy.get": _environ_get,
    "os.environ.copy.pop": _environ_get,
    "os.environ.copy.items": _environ_items,
    "os.environ.copy.values": _environ_items,
    "os.environ.get": _environ_get,
    "os.environ.pop": _environ_get,
    "os.environ.items": _environ_items,
    "os.environ.values": _environ_items,
    "os.environ.setdefault": _environ_set,
    "os.environ.update": _environ_set,
    "os.putenv": _environ_set,
    "os.getenv": _environ_get,
    "input": _input,
    "getpass.getpass": _getpass,
}
