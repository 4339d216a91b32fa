"""Effects that were read in a cell, and those that it had -> which were foreseen and seen, foreseen only, seen only.

What a cell did is known from its acts, which its process tells before it does them, and from what it left in the
workspace, which the helper compares. Both there are of cells of which somebody wants to know, an assistant's by policy.
"""
# The wrapper does without path objects.
# ruff: noqa: PTH109, PTH111, PTH118, PTH119

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

# Kinds that would be seen if they happened; what a cell reads, or computes for long, is not told by its process.
SEEN = frozenset(
    {"file.write", "file.delete", "process.run", "process.signal", "network.connect", "network.listen",
     "credential.read", "data.destroy"}
)  # fmt: skip
FILES = ("file.write", "file.delete")
PARTS = ("both", "foreseen", "seen")
"""The keys of what is told: lists of effects, each a kind and a target with a blank between."""
WORDS = {"both": "foreseen and seen", "foreseen": "foreseen only", "seen": "seen only"}
DID = {"file.write": "writing", "file.delete": "deleting", "process.run": "running", "process.signal": "signalling",
       "network.connect": "connecting to", "network.listen": "listening on", "credential.read": "reading",
       "data.destroy": "deleting"}  # fmt: skip
SHOWN = 4
KEPT = 200
TOLD = 50
QUOTED = re.compile("`([^`]*)`")


class Happened:
    """What was foreseen and seen of the cells that run."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._foreseen: dict[str, set[tuple[str, str]]] = {}
        self._seen: dict[str, set[tuple[str, str]]] = {}

    def foresaw(self, msg_id: str, shown: tuple[str, ...]) -> None:
        """These effects were read in a cell that is about to run, each as ``Judged.shown`` has it."""
        _kept(self._foreseen, msg_id).update(_effects(shown))

    def saw(self, msg_id: str, shown: tuple[str, ...]) -> None:
        """A running cell is about to have these, and nobody stops it."""
        _kept(self._seen, msg_id).update(_effects(shown))

    def files(self, msg_id: str) -> set[str]:
        """The files that a cell was foreseen or seen to write, and the databases."""
        found = self._foreseen.get(msg_id, set()) | self._seen.get(msg_id, set())
        files = {target for kind, target in found if kind in FILES}
        quoted = {one for kind, target in found if kind.startswith("data.") for one in QUOTED.findall(target)}
        return files | quoted

    def ended(self, request: Execute, changed: tuple[str, ...], is_compared: bool) -> None:
        """A cell is done, and ``changed`` this in the workspace, if that was compared: told where there is anything."""
        msg_id = request.msg_id
        foreseen = self._foreseen.pop(msg_id, set())
        seen = self._seen.pop(msg_id, set()) | _effects(changed)
        if request.refused or not (seen or (foreseen and is_compared)):
            return
        told = compared(foreseen, seen, os.getcwd())
        if any(told.values()):
            self._relay.keeping.happened(request, told)
            self._relay.panel.happened(request, told)
            card, name = request.shown
            if card and (words := unlike(told)):
                from jupyter_guard.guard.card import with_happened

                self._relay.show_card(request, with_happened(card, words), name, "update_display_data")


def compared(foreseen: set[tuple[str, str]], seen: set[tuple[str, str]], workspace: str) -> dict[str, list[str]]:
    """Both sets in three parts. A folder stands for what is in it, and a statement for the database that it names."""
    places = {one: _place(one, workspace) for one in foreseen | seen}
    both: set[tuple[str, str]] = set()
    only_seen = set()
    for one in seen:
        causes = {other for other in foreseen if _covers(other, one, places)}
        if causes:
            both |= causes
        else:
            only_seen.add(one)
    only_foreseen = {one for one in foreseen - both if one[0] in SEEN}
    # Deleting a folder deletes what is in it: the folder is enough.
    only_seen = {one for one in only_seen if not any(_is_below(one, other, places) for other in only_seen)}
    parts = zip(PARTS, (both, only_foreseen, only_seen), strict=True)
    return {name: sorted(f"{kind} {target}" for kind, target in part)[:TOLD] for name, part in parts}


def in_words(told: dict[str, list[str]]) -> str:
    """The three parts as one line."""
    return "; ".join(f"{WORDS[part]}: {', '.join(told[part])}" for part in PARTS if told[part])


def unlike(told: dict[str, list[str]]) -> str:
    """How what a cell did was not what was foreseen, for people; nothing where it was."""
    parts = (("Seen, not foreseen", told["seen"]), ("Foreseen, not seen", told["foreseen"]))
    return " ".join(f"{head}: {_listed(effects)}." for head, effects in parts if effects)


def _listed(effects: list[str]) -> str:
    shown = []
    for one in effects[:SHOWN]:
        kind, _, target = one.partition(" ")
        shown.append(f"{DID.get(kind, kind)} `{target}`")
    return ", ".join(shown) + (f" and {len(effects) - SHOWN} more" if len(effects) > SHOWN else "")


def _covers(foreseen: tuple[str, str], seen: tuple[str, str], places: dict[tuple[str, str], str]) -> bool:
    if seen[0] in FILES and foreseen[0] in ("data.destroy", "data.write"):
        return os.path.basename(seen[1]) in {os.path.basename(one) for one in QUOTED.findall(foreseen[1])}
    if foreseen[0] != seen[0]:
        return False
    one, other = places[foreseen], places[seen]
    if seen[0] in FILES:
        return one == other or other.startswith(one.rstrip("/") + "/")
    return one == other or (seen[0] == "network.connect" and _host(one) == _host(other)) or not foreseen[1]


def _is_below(one: tuple[str, str], other: tuple[str, str], places: dict[tuple[str, str], str]) -> bool:
    return one != other and one[0] == other[0] and one[0] in FILES and places[one].startswith(places[other] + "/")


def _host(target: str) -> str:
    return target.rpartition("//")[2].partition("/")[0].partition(":")[0]


def _place(effect: tuple[str, str], workspace: str) -> str:
    kind, target = effect
    return os.path.realpath(os.path.join(workspace, os.path.expanduser(target))) if kind in FILES else target


def _effects(shown: tuple[str, ...]) -> set[tuple[str, str]]:
    found = (one.split("\x1f") for one in shown)
    return {(parts[0], parts[1]) for parts in found if len(parts) > 1 and parts[1]}


def _kept(kept: dict[str, set[Any]], msg_id: str) -> set[Any]:
    while len(kept) >= KEPT and msg_id not in kept:
        del kept[next(iter(kept))]
    return kept.setdefault(msg_id, set())
