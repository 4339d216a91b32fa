"""A call of something that the knowledge describes -> its effects, its result's type and its taint."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from jupyter_guard.knowledge import Act, Entry
from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.fold import path_texts, shown
from jupyter_guard.read.python.mocked import in_memory, is_mocked, is_stream
from jupyter_guard.read.python.reach import reach
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, holds
from jupyter_guard.read.python.values import (
    ANYTHING,
    ARCHIVED,
    BUILT,
    DECODED,
    ENVIRON,
    HISTORY,
    INDIRECT,
    MANY,
    NO_MARKS,
    SELF_MADE,
    Const,
    Inst,
    Map,
    Name,
    Seq,
    Value,
)
from jupyter_guard.read.python.verification import of_connection
from jupyter_guard.terms import Certainty, Kind, Origin, Scope

FILES = frozenset({Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE, Kind.CREDENTIAL_READ})
TAINTS = frozenset({"network", "file", "user", "environment", "credential", "model", "database", "private"})
_NETWORK = frozenset({Kind.NETWORK_CONNECT, Kind.NETWORK_LISTEN})
_RUNS = frozenset({Kind.CODE_EXECUTE, Kind.PROCESS_RUN})
# A credential in one of these is what it is for.
_FOR_CREDENTIALS = re.compile(
    r"\*\*|headers?|auth\w*|\w*key\w*|\w*token\w*|\w*password|passw\w*|pwd|secret\w*|credential\w*|cookies|cert|session|user\w*"
)
_EVERYWHERE = re.compile(r"^(?:0\.0\.0\.0|::|\[::\]|\*|)(?::|$)")
_SERIALISE = frozenset(
    {"torch.save", "numpy.save", "numpy.savez", "numpy.savez_compressed", "joblib.dump", "pandas.DataFrame.to_pickle"}
)
MAX_TARGETS = 12
MOST_HOSTS = 32
"""Hosts that one cell connects to before it looks like trying them out."""


def perform(run: Run, entry: Entry, site: Site, cap: Certainty = Certainty.CERTAIN) -> Value:
    """Add what the call does and return what it gives."""
    marks: set[str] = set()
    type_ = ""
    made: Value | None = None
    acts = entry.acts
    if len(acts) > 1 and "upload" in acts[0].tags:
        # What is sent is read first.
        acts = tuple(sorted(acts, key=lambda act: Kind.FILE_READ not in act.kinds))
    if "env" in site.kwargs and site.name.startswith(("subprocess.", "asyncio.")):
        from jupyter_guard.read.python.changes import steered

        for atom in site.kwargs["env"].atoms:
            if type(atom) is Map:
                steered(run, atom.items, site.node)
    for act in acts:
        if act.when and not all(holds(site, one) for one in act.when):
            continue
        if act.unless and any(holds(site, one) for one in act.unless):
            continue
        if act.kinds or act.text is not None:
            run.events += 1
            sent = marks & _SENT if marks and "upload" in act.tags else NO_MARKS
            marks |= _act(run, act, site, cap, sent)
        if act.gives:
            marks.add(act.gives)
        if act.returns:
            type_ = act.returns
            made = site.take(act.target) if act.target is not None else site.made() if site.owner else _first(site)
            if made is not None and act.target is not None:
                of_connection(run, site.name, made, site.node)
    given, origin = NO_MARKS, Origin.HUMAN
    for value in _plain_values(site):
        if value.marks:
            given |= value.marks
        if value.origin is not origin and value.origin.rank > origin.rank:
            origin = value.origin
    kept = given | site.marks | site.owner.marks if site.owner is not None else given | site.marks
    if kept:
        kept &= TAINTS
        if type_ or entry.cleans:
            # An object that was made with a credential is not the credential.
            kept -= {"credential", "environment"}
        if type_ == "pathlib.Path":
            kept |= given & {MANY, SELF_MADE}
        if entry.cleans:
            kept = NO_MARKS
    if not (type_ or kept or marks or origin is not Origin.HUMAN):
        return ANYTHING
    return Value((Inst(type_, made),) if type_ else (), kept | marks, origin)


def _plain_values(site: Site) -> list[Value]:
    """The arguments, without those that credentials are meant for."""
    if not site.kwargs:
        return site.args
    return [*site.args, *(value for name, value in site.kwargs.items() if not _is_for_credentials(name))]


@functools.lru_cache(maxsize=1024)
def _is_for_credentials(name: str) -> bool:
    return _FOR_CREDENTIALS.fullmatch(name) is not None


def _first(site: Site) -> Value | None:
    return site.args[0] if site.args else None


_SENT = frozenset({"private", "credential"})


def _act(run: Run, act: Act, site: Site, cap: Certainty, sent: Iterable[str]) -> set[str]:
    """One act's effects (``sent``: the marks of what it has read); the taint that its result has because of them."""
    tags = set(act.tags) | _flow(act, site)
    if sent:
        tags |= {f"from:{mark}" for mark in sent}
    if site.marks & {BUILT, DECODED} or (INDIRECT in site.marks and any(kind in _RUNS for kind in act.kinds)):
        tags.add("obfuscated")
    if "from:credential" in tags and Kind.NETWORK_CONNECT in act.kinds:
        tags.add("exfiltration")
    certainty = min(act.certainty, cap, key=lambda one: one.rank)
    if act.text is not None:
        from jupyter_guard.read.python.texts import read_argument

        if read_argument(run, act, site, tags):
            return set(site.printed)
    marks: set[str] = set(site.printed)
    for kind in act.kinds:
        for target in _targets(act, site, kind):
            marks |= _emit(run, act, site, kind, target, tags, certainty)
    return marks


def _flow(act: Act, site: Site) -> set[str]:
    """``from:X`` tags for the taint of the arguments that the act uses."""
    if act.sink:
        values = [value for slot in act.sink if (value := site.take(slot)) is not None]
    else:
        values = list(_plain_values(site))
        if act.target is not None and act.target.word == "self":
            values.append(site.made())
    marks: set[str] = set()
    for value in values:
        marks |= deep_marks(value)
    tags = {f"from:{mark}" for mark in marks if mark in TAINTS}
    if ENVIRON in marks or HISTORY in marks:
        tags.add("from:credential")
    if DECODED in marks and any(kind in _RUNS for kind in act.kinds):
        tags.add("obfuscated")
    return tags


def deep_marks(value: Value, depth: int = 0) -> frozenset[str]:
    """The marks of a value and of what its containers hold; what goes into headers stays out."""
    marks = value.marks
    if depth < 3:
        for atom in value.atoms:
            if type(atom) is Seq:
                marks = _with_all(marks, atom.items[:64], atom.rest, depth)
            elif type(atom) is Map:
                marks = _with_all(marks, list(atom.items.values())[:64], atom.rest, depth)
            elif type(atom) is Inst and atom.attrs is not None and "__held__" in atom.attrs:
                marks |= atom.attrs["__held__"].marks
    return marks


def _with_all(marks: frozenset[str], held: list[Value], rest: Value | None, depth: int) -> frozenset[str]:
    for one in held if rest is None else [*held, rest]:
        more = deep_marks(one, depth + 1)
        if more:
            marks |= more
    return marks


def _targets(act: Act, site: Site, kind: Kind) -> list[tuple[str, frozenset[str]]]:
    """The names of what the act touches, with their marks; one unknown target when nothing is known."""
    if act.target is None:
        return [("", frozenset())]
    if act.target.constant is not None:
        return [(act.target.constant, frozenset())]
    value = site.take(act.target)
    if value is None:
        return [("", frozenset())]
    if kind is Kind.FILE_READ and value.atoms and all(map(is_stream, value.atoms)):
        return []
    texts: dict[str, None] = {}
    for atom in value.atoms or (None,):
        for text in _names(atom, kind):
            texts.setdefault(text)
    return [(text, value.marks) for text in list(texts)[:MAX_TARGETS]]


def _names(atom: Any, kind: Kind) -> list[str]:
    if type(atom) is Const:
        return [shown(atom.value)]
    if type(atom) is Inst:
        return path_texts(atom.made) if atom.made is not None else [HOLE]
    if type(atom) is Seq:
        parts = [_names(one.atoms[0] if one.atoms else None, kind)[0] for one in atom.items[:MAX_TARGETS]]
        if kind in _NETWORK:
            return [":".join(parts)]
        if kind in FILES or kind is Kind.DATA_DESTROY:
            return parts or [HOLE]
        return [" ".join(parts)]
    if type(atom) is Name:
        return [atom.dotted] if kind not in FILES else [HOLE]
    return [HOLE]


def _emit(
    run: Run,
    act: Act,
    site: Site,
    kind: Kind,
    target: tuple[str, frozenset[str]],
    tags: set[str],
    certainty: Certainty,
) -> set[str]:
    text, marks = target
    tags = set(tags)
    if kind is Kind.NETWORK_CONNECT and len(run.found) >= MOST_HOSTS and _sweeps(run, site.name, text):
        # One after the other: further ones are told as one.
        text = HOLE
        tags.add("bulk")
    if MANY in marks and kind is not Kind.FILE_READ:
        tags.add("bulk")
    if SELF_MADE in marks and below_made(text):
        tags.add("self-made")
    if kind is Kind.FILE_DELETE and HOLE in text and text.strip(HOLE) and any(loop.many for loop in run.loops):
        # Below a known folder, one after the other.
        tags.add("bulk")
    via = site.name
    if kind in FILES and act.scope is None:
        context = run.here(site.node)
        if any(char in text for char in "*?") and kind is not Kind.FILE_READ:
            tags.add("bulk")
        if kind is Kind.FILE_WRITE and any(loop.endless for loop in run.loops):
            tags.add("unbounded")
        arrived = run.memory.written.get(context.resolve(text)) if run.memory.written and text.strip(HOLE) else None
        if arrived and kind is Kind.FILE_READ:
            tags |= {f"from:{mark}" for mark in arrived}
        chosen = kind is Kind.FILE_WRITE and ARCHIVED in marks and HOLE in text
        if chosen:
            tags.add("archive-paths")
        effect = context.file(kind, text, via=via, tags=tags, reversible=act.reversible, certainty=certainty)
        if chosen and effect.scope in (Scope.WORKSPACE, Scope.TEMPORARY):
            # The archive's name may climb out of the folder that it is joined to.
            effect = msgspec.structs.replace(effect, scope=Scope.UNKNOWN)
        run.add(effect)
        if "link" in act.tags and kind is Kind.FILE_WRITE and site.args:
            context.linked(text, path_texts(site.args[0])[0])
        if kind is Kind.FILE_WRITE and text.strip(HOLE):
            place = frozenset({context.resolve(text)})
            # Only what serialises the session's own objects: any other writer could put anything there.
            run.memory.saved = run.memory.saved | place if via in _SERIALISE else run.memory.saved - place
        if kind is Kind.FILE_WRITE and ("download" in tags or "from:network" in tags):
            run.memory.written[context.resolve(text)] = frozenset({"network"})
            context.wrote(text, HOLE, {"from:network"})
        elif kind is Kind.FILE_WRITE and "append" not in tags and ".write" not in via and text.strip(HOLE):
            run.memory.files.pop(context.resolve(text), None)
        if effect.kind is Kind.CREDENTIAL_READ:
            return {"credential", *(arrived or ())}
        return {"private", *(arrived or ())} if context.is_private(effect, text) else set(arrived or ())
    scope = act.scope or reach(run, kind, text, site)
    if kind in _ELSEWHERE and (is_mocked(run, site) or in_memory(site.owner)):
        scope = Scope.SESSION
    if kind is Kind.CODE_EXECUTE and "deserialise" in tags and not text and _is_own_copy(site):
        tags.add("self-made")
    if kind is Kind.CODE_EXECUTE and text.strip(HOLE):
        if run.memory.written:
            tags |= {f"from:{mark}" for mark in run.memory.written.get(run.here(site.node).resolve(text), ())}
        if "deserialise" in tags and run.here(site.node).resolve(text) in run.memory.saved:
            tags.add("self-made")
    if kind is Kind.DATA_DESTROY and not text.strip(HOLE) and any(loop.many for loop in run.loops):
        # One after the other, whatever they are called.
        tags.add("bulk")
        certainty = max(certainty, Certainty.LIKELY, key=lambda one: one.rank)
    if kind is Kind.NETWORK_CONNECT:
        tags |= _network_tags(text)
        if _unverified(site):
            tags.add("no-verify")
        if run.memory.patched and _DEBUG in run.memory.patched and _carries_credential(site):
            run.emit(Kind.CREDENTIAL_READ, node=site.node, via=_DEBUG, tags=("show",), scope=Scope.HOME)
    if kind is Kind.NETWORK_LISTEN and text.strip(HOLE) and _EVERYWHERE.match(text):
        tags.add("all-interfaces")
    if kind is Kind.PROCESS_SIGNAL and (text.startswith("-1") or any(loop.many for loop in run.loops) or MANY in marks):
        tags.add("bulk")
    if kind is Kind.PROCESS_RUN and "detached" in act.tags and "copy of this process" in text:
        _fork(run, site)
    run.emit(
        kind,
        text,
        node=site.node,
        via=via,
        scope=scope,
        tags=tags,
        reversible=act.reversible,
        certainty=certainty,
        origin=site.origin,
    )
    return {"credential"} if kind is Kind.CREDENTIAL_READ else set()


_ELSEWHERE = frozenset({Kind.DATA_DESTROY, Kind.DATA_WRITE, Kind.NETWORK_CONNECT})


def _is_own_copy(site: Site) -> bool:
    """Whether what is rebuilt was serialised by the session itself, from its own objects."""
    return bool(site.args) and SELF_MADE in site.args[0].marks


# With this set, every header of every request is printed.
_DEBUG = "http.client.HTTPConnection.debuglevel"


def _carries_credential(site: Site) -> bool:
    held = (
        [one for atom in site.owner.atoms if type(atom) is Inst for one in (atom.attrs or {}).values()]
        if site.owner
        else []
    )
    return any("credential" in deep_marks(one) for one in (*site.kwargs.values(), *held))


def below_made(path: str) -> bool:
    """Whether a path that began in a directory made by the code itself (``/tmp/HOLE``) is still inside it."""
    parts = path.split("/")
    made = next((index for index, part in enumerate(parts) if HOLE in part), None)
    if made is None:
        return False
    depth = 0
    for part in parts[made + 1 :]:
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return False
    return True


def _sweeps(run: Run, via: str, text: str) -> bool:
    """Whether ``text`` is one of very many hosts, or ports of a host, that the cell connects to in the same way."""
    found = run.found.values()
    hosts = {_host(one.target) for one in found if one.kind is Kind.NETWORK_CONNECT and one.via == via}
    return len(hosts) >= MOST_HOSTS and _host(text) not in hosts


def _host(target: str) -> str:
    return target.partition("://")[2].partition("/")[0] or target


def _unverified(site: Site) -> bool:
    """Whether a session was told not to check certificates: ``session.verify = False``."""
    held = (
        [atom.attrs.get("verify") for atom in site.owner.atoms if type(atom) is Inst and atom.attrs]
        if site.owner
        else []
    )
    found = [one.only() for one in held if one is not None]
    return any(only is not None and only.value is False for only in found)


def _fork(run: Run, site: Site) -> None:
    if any(loop.endless or loop.many for loop in run.loops):
        run.emit(Kind.RESOURCE_EXHAUST, "processes", node=site.node, via=site.name, tags=("fork",), scope=Scope.SYSTEM)


def _network_tags(text: str) -> set[str]:
    from jupyter_guard.read.shell.touched import network_tags

    return network_tags(text)
