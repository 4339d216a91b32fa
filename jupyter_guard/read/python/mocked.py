"""A context or decorator of a testing library -> what it stands in for: nothing of that leaves the session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import Func, Inst, Name, Unknown, Value

MARK = "mocked:"
"""Begins the kind of a function that runs with a stand-in around it."""
PLACE = "place:"
"""Begins what such a function is marked with for each name in whose place a fake stands."""
_HTTP = frozenset(
    """
    responses.RequestsMock responses.mock responses.activate requests_mock.Mocker requests_mock.mock respx.mock
    respx.MockRouter httpretty.enabled httpretty.activate httpretty.httprettified aioresponses.aioresponses
    vcr.use_cassette pook.use pook.on pytest_httpx.HTTPXMock
    """.split()
)


def stands_for(value: Value) -> frozenset[str]:
    """``http``, ``aws``: whose calls ``value`` catches while it is entered; nothing for any other context."""
    found = set()
    for atom in value.atoms:
        name = atom.dotted if type(atom) is Name else atom.type if type(atom) is Inst else ""
        if type(atom) is Unknown:
            name = atom.path.partition("(")[0]
        if name in _HTTP:
            found.add("http")
        elif name.startswith("moto.mock_"):
            found.add("aws")
    return frozenset(found)


def mark(func: Func, caught: frozenset[str]) -> None:
    """Remember of a decorated function what stands in for the real thing while it runs."""
    if not func.kind or func.kind.startswith(MARK):
        func.kind = MARK + " ".join(sorted(caught | caught_by(func)))


def caught_by(func: Func) -> frozenset[str]:
    """What a function was marked with."""
    return frozenset(func.kind.removeprefix(MARK).split()) if func.kind.startswith(MARK) else frozenset()


@contextmanager
def standing_in(run: Run, what: frozenset[str]) -> Iterator[None]:
    """While this lasts, calls of these kinds reach nobody."""
    before = run.mocked
    run.mocked = before | what
    try:
        yield
    finally:
        run.mocked = before


IN_MEMORY = ":memory:"
# Whose calls a context that stands for the far side catches.
MOCKED = {
    "http": ("requests.", "httpx.", "urllib.", "urllib3.", "aiohttp."),
    "aws": ("boto3.", "botocore."),
}


def in_memory(value: Value | None) -> bool:
    """Whether an object was made to stand for a service, with nothing behind it: a fake, a store in memory."""
    if value is None or not value.atoms:
        return False
    for atom in value.atoms:
        if type(atom) is not Inst or atom.made is None:
            return False
        only = atom.made.only()
        if only is None or only.value != IN_MEMORY:
            return False
    return True


def is_mocked(run: Run, site: Site) -> bool:
    """Whether a call goes to a service that a decorator or context of the session has put a fake for."""
    return bool(run.mocked) and site.name.startswith(tuple(name for one in run.mocked for name in MOCKED[one]))


# What holds text or bytes in memory, or what a far side sends: given where a path may stand, no file is opened.
_STREAMS = frozenset({"io.BytesIO", "io.StringIO", "http.client.HTTPResponse", "requests.Response.raw"})


def is_stream(atom: object) -> bool:
    """Whether something is read from without opening a file."""
    return type(atom) is Inst and atom.type in _STREAMS
