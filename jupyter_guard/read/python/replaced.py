"""``mock.patch`` and its like -> what a library's name stands for while a test has put something in its place."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from jupyter_guard.read.python.fold import text
from jupyter_guard.read.python.mocked import IN_MEMORY, PLACE, standing_in
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    NONE,
    Bound,
    Class,
    Const,
    Func,
    Getter,
    Inst,
    Map,
    Name,
    Partial,
    Value,
    const,
)

PATCHER = "unittest.mock._patch"
_FAKE = "unittest.mock.Mock"
_FAKES = ("unittest.mock.", "mock.")
_PLACE = re.compile(r"[^\W\d]\w*(?:\.\w+)+")
# In a session's memory: the names that `start()` has replaced until further notice.
_STARTED = "replaced until stopped"


def fake() -> Value:
    """An object that takes every call and does nothing."""
    return Value((Inst(_FAKE, const(IN_MEMORY)),))


def _made(run: Run, site: Site) -> Value:
    """``Mock(...)``: what it is told to call in its turn, it calls."""
    return Value((Inst(_FAKE, const(IN_MEMORY)), *_called_in_turn(site)))


def _called_in_turn(site: Site) -> list[Func | Name | Partial | Getter | Bound]:
    told = [site.kwargs[name] for name in ("side_effect", "wraps") if name in site.kwargs]
    return [atom for one in told for atom in one.atoms if isinstance(atom, (Func, Name, Partial, Getter, Bound))]


def _stand_in(run: Run, site: Site, new: Value | None) -> Value | None:
    """What a patch puts in the place; ``None`` where that is not known."""
    if new is not None and not _is_default(new):
        return new if new.atoms else None
    kind = site.kwargs.get("new_callable")
    if kind is not None and not all(type(one) is Name and one.dotted.startswith(_FAKES) for one in kind.atoms):
        return None
    return _made(run, site)


def _is_default(value: Value) -> bool:
    return any(type(atom) is Name and atom.dotted.endswith("mock.DEFAULT") for atom in value.atoms)


def _patcher(run: Run, places: Iterable[tuple[str, Value | None]]) -> Value:
    known = {place: new for place, new in places if new is not None and _PLACE.fullmatch(place)}
    return Value((Inst(PATCHER, None, {"places": Value((Map(dict(known)),))}),))


def _patch(run: Run, site: Site) -> Value:
    """``patch("shutil.rmtree")``."""
    new = site.args[1] if len(site.args) > 1 else site.kwargs.get("new")
    only = arg(site, 0, "target").only()
    place = only.value if only is not None and isinstance(only.value, str) else ""
    return _patcher(run, [(place, _stand_in(run, site, new))])


def _patch_object(run: Run, site: Site) -> Value:
    """``patch.object(shutil, "rmtree")``."""
    new = site.args[2] if len(site.args) > 2 else site.kwargs.get("new")
    name = text(arg(site, 1, "attribute"))
    return _patcher(run, [(f"{_dotted(arg(site, 0, 'target'))}.{name}", _stand_in(run, site, new))])


def _patch_multiple(run: Run, site: Site) -> Value:
    """``patch.multiple(shutil, rmtree=DEFAULT, move=DEFAULT)``."""
    target = arg(site, 0, "target")
    only = target.only()
    dotted = only.value if only is not None and isinstance(only.value, str) else _dotted(target)
    own = ("target", "spec", "create", "spec_set", "autospec", "new_callable")
    return _patcher(
        run, [(f"{dotted}.{name}", _stand_in(run, site, new)) for name, new in site.kwargs.items() if name not in own]
    )


def _dotted(value: Value) -> str:
    only = value.atoms[0] if len(value.atoms) == 1 else None
    return only.dotted if type(only) is Name and only.owner is None else ""


def places_of(value: Value) -> dict[str, Value]:
    """The names that ``value`` replaces while it is entered, with what stands there then."""
    found: dict[str, Value] = {}
    for atom in value.atoms if len(value.atoms) == 1 else ():
        if type(atom) is Inst and atom.type == PATCHER and atom.attrs:
            for one in atom.attrs["places"].atoms:
                found.update(one.items if type(one) is Map else {})
    return found


def _names(place: str) -> list[str]:
    """The ways in which a session's code reaches ``place``: through a module that imports another, too."""
    parts = place.split(".")
    inner = [".".join(parts[at:]) for at in range(1, len(parts) - 1) if parts[at] in sys.stdlib_module_names]
    return [place, *inner]


def _put(run: Run, place: str, new: Value | None) -> Value | None:
    """Put ``new`` in a place (``None``: nothing of a test's any more); returns what was there."""
    if place.startswith("__main__."):
        names = run.memory.scope.names
        key = place.removeprefix("__main__.")
    else:
        names, key = run.memory.patched, place
    before = names.get(key)
    if new is None:
        names.pop(key, None)
    else:
        names[key] = new
    run.events += 1
    return before


def replace_here(run: Run, value: Value) -> Value:
    """Enter a patch: its names stand for something else until the ``with`` around it ends. Gives what ``as`` binds.

    Outside of any ``with`` nobody knows when it ends: the real ones are called.
    """
    places = places_of(value)
    if run.contexts:
        before = run.contexts[-1]
        for place, new in places.items():
            for name in _names(place):
                old = _put(run, name, new)
                before.setdefault(name, old)
    return next(iter(places.values()), fake())


def restore(run: Run, before: dict[str, Value | None]) -> None:
    """What stood in these places stands there again."""
    for name, old in before.items():
        _put(run, name, old)


@contextmanager
def around(run: Run, caught: frozenset[str]) -> Iterator[None]:
    """While a decorated function runs: calls of these kinds reach nobody, and fakes stand in these places."""
    places = [one.removeprefix(PLACE) for one in caught if one.startswith(PLACE)]
    before = {name: _put(run, name, fake()) for place in places for name in _names(place)}
    try:
        with standing_in(run, frozenset(one for one in caught if not one.startswith(PLACE))):
            yield
    finally:
        restore(run, before)


def mark_of(value: Value) -> frozenset[str]:
    """What a function that is decorated with a patch is marked with: the names where a fake stands while it runs."""
    return frozenset(PLACE + place for place, new in places_of(value).items() if _is_fake(new))


def _is_fake(value: Value) -> bool:
    return all(type(atom) is Inst and atom.type == _FAKE for atom in value.atoms)


def _start(run: Run, site: Site) -> Value:
    places = places_of(site.owner or ANYTHING)
    if run.branches:
        # Perhaps it is not started: then the real one is called.
        return fake()
    for place, new in places.items():
        _begin(run, place, new)
    return next(iter(places.values()), fake())


def _begin(run: Run, place: str, new: Value) -> None:
    started = run.memory.patched.get(_STARTED) or ANYTHING
    names = _names(place)
    for name in names:
        _put(run, name, new)
    run.memory.patched[_STARTED] = Value((*started.atoms, *map(Const, names)))


def _stop(run: Run, site: Site) -> Value:
    for place in places_of(site.owner or ANYTHING):
        for name in _names(place):
            _put(run, name, None)
    return NONE


def _stop_all(run: Run, site: Site) -> Value:
    for atom in run.memory.patched.pop(_STARTED, ANYTHING).atoms:
        if type(atom) is Const:
            _put(run, atom.value, None)
    return NONE


def _set_by_test(run: Run, site: Site) -> Value:
    """``MonkeyPatch.setattr(shutil, "rmtree", f)`` and ``setattr("shutil.rmtree", f)``."""
    only = arg(site, 0, "target").only()
    if only is not None and isinstance(only.value, str):
        place, new = only.value, arg(site, 1, "name")
    else:
        place, new = f"{_dotted(arg(site, 0, 'target'))}.{text(arg(site, 1, 'name'))}", arg(site, 2, "value")
    if not run.branches and new.atoms and _PLACE.fullmatch(place):
        _begin(run, place, new)
    return NONE


def decorated(subject: Value) -> list[Func]:
    """The functions that a decorator is put around: of a class, its tests."""
    found: list[Func] = []
    for atom in subject.atoms:
        if type(atom) is Func:
            found.append(atom)
        elif type(atom) is Class:
            found += [
                one
                for name, value in atom.attrs.items()
                if name.startswith("test")
                for one in value.atoms
                if type(one) is Func
            ]
    return found


def in_turn(atom: Inst) -> Value | None:
    """What a fake was told later to call: ``fake.side_effect = f``."""
    return atom.attrs.get("side_effect") if atom.attrs and atom.type == _FAKE else None


_MAKERS = ("Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock", "PropertyMock")
_Model = Callable[[Run, Site], Value | None]
_OF_THE_LIBRARY: dict[str, _Model] = {
    "patch": _patch,
    "patch.object": _patch_object,
    "patch.multiple": _patch_multiple,
    "patch.stopall": _stop_all,
    "mock_open": lambda _run, _site: fake(),
    **dict.fromkeys(_MAKERS, _made),
}
MODELS: dict[str, _Model] = {
    **{f"unittest.mock.{name}": model for name, model in _OF_THE_LIBRARY.items()},
    **{f"mock.{name}": model for name, model in _OF_THE_LIBRARY.items()},
    f"{PATCHER}.start": _start,
    f"{PATCHER}.stop": _stop,
    "pytest.MonkeyPatch": lambda _run, _site: Value((Inst("pytest.MonkeyPatch"),)),
    "pytest.MonkeyPatch.context": lambda _run, _site: Value((Inst("pytest.MonkeyPatch"),)),
    "pytest.MonkeyPatch.setattr": _set_by_test,
    "pytest.MonkeyPatch.undo": _stop_all,
}
