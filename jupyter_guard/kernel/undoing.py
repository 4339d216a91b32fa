"""A cell that may change files -> it runs when they are set aside; and ``%guard undo``.

The helper does it, which the kernel's code cannot reach. A cell for which nothing is to be set aside passes by here.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.protocol import Aside, Judged, SetAside, to_bytes
from jupyter_guard.kernel.looking import sentence_of

if TYPE_CHECKING:
    from jupyter_guard.kernel.dispatch import Lane
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

log = logging.getLogger("jupyter_guard")

MOST_TOLD = 2000


class Undoing:
    """What the helper has been asked to set aside or to bring back, and what follows from its answer."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._number = 0
        self._waiting: dict[int, tuple[Callable[[SetAside], None], Execute | None]] = {}
        self._begun: set[str] = set()
        # Of these not all is set aside; and questions of cells that run already.
        self._partial: set[str] = set()
        self._asked_meanwhile: set[int] = set()
        # Done, and what has changed is being looked at.
        self._ending: set[str] = set()
        # What the kernel's process has told that it writes, by cell.
        self._wrote: dict[str, set[str]] = {}

    def begin(self, request: Execute, lane: Lane, answer: Judged, go: Callable[[], None]) -> None:
        """Call ``go`` when what the cell may change is set aside; the policy says whether without."""
        if answer.aside is None:
            go()
            return
        relay = self._relay

        def answered(found: SetAside) -> None:
            judged = found.judged
            if found.partial:
                self._partial.add(request.msg_id)
            if judged is None or judged.verdict == "allow":
                go()
            elif judged.verdict == "warn":
                if not request.silent:
                    cards = (request.card, judged.cards["warned"])
                    shown = tuple(one for one in cards if one)
                    request.card, request.also = shown[0], shown[1:]
                go()
            elif judged.verdict == "confirm":
                relay.asking.ask(request, judged, go, lambda key: relay.dispatch.refuse(request, lane, judged, key))
            else:
                relay.dispatch.refuse(request, lane, judged, "blocked")

        self._begun.add(request.msg_id)
        message = Aside(
            self._next(answered, request),
            "begin",
            request.msg_id,
            relay.dispatch.executed + 1 if request.store_history else 0,
            request.origin,
            to_bytes(request.code),
            answer.aside,
        )
        relay.judging.set_aside(message)

    def wants_more(self, request: Execute | None) -> bool:
        """Whether what a running cell is about to change has to be set aside before."""
        return request is not None and request.msg_id in self._partial

    def more(
        self,
        request: Execute | None,
        paths: tuple[str, ...],
        folder: str,
        go: Callable[[], None],
        show: Callable[[Execute, bytes], None],
        refuse: Callable[[Judged, str], None],
    ) -> None:
        """A running cell is about to change these, relative to ``folder``: call ``go`` when they are set aside.

        What cannot be is said as the policy has it: ``show`` takes a card, ``refuse`` what is said and its key.
        """
        if request is None or not paths or request.msg_id not in self._partial:
            go()
            return

        def answered(found: SetAside) -> None:
            self._asked_meanwhile.discard(number)
            judged = found.judged
            if not found.partial:
                self._partial.discard(request.msg_id)
            if judged is None or judged.verdict == "allow":
                go()
            elif judged.verdict == "warn":
                if not request.silent:
                    show(request, judged.cards["warned"])
                go()
            elif judged.verdict == "confirm":
                said = judged
                self._relay.asking.ask(request, said, go, lambda key: refuse(said, key))
            else:
                refuse(judged, "blocked")

        number = self._next(answered, request)
        self._asked_meanwhile.add(number)
        code, paths = to_bytes(request.code), tuple(one and os.path.join(folder, one) for one in paths)  # noqa: PTH118
        self.wrote(request.msg_id, [one for one in paths if one])
        message = Aside(number, "more", request.msg_id, request.count, request.origin, code, paths)
        self._relay.judging.set_aside(message)

    def has(self, request: Execute) -> bool:
        """Whether anything was set aside for a cell, and what it has changed is not known yet."""
        return request.msg_id in self._begun or request.msg_id in self._ending

    def wrote(self, msg_id: str, paths: Any) -> None:
        """The kernel's process has written these while a cell ran."""
        if msg_id in self._begun and isinstance(paths, list):
            told = (one for one in paths[:MOST_TOLD] if isinstance(one, str))
            self._wrote.setdefault(msg_id, set()).update(one[:4096] for one in told)

    def finished(self, request: Execute, go: Callable[[], None]) -> None:
        """A cell is done: call ``go`` when what it has changed is known."""

        def answered(found: SetAside) -> None:
            self._ending.discard(request.msg_id)
            self._relay.happened.ended(request, found.changed, is_compared=True)
            go()

        if request.msg_id not in self._begun:
            self._relay.happened.ended(request, (), is_compared=False)
            go()
            return
        self._begun.discard(request.msg_id)
        self._partial.discard(request.msg_id)
        self._ending.add(request.msg_id)
        number = self._next(answered, None)
        wrote = self._wrote.pop(request.msg_id, set()) | self._relay.happened.files(request.msg_id)
        self._relay.judging.set_aside(Aside(number, "finish", request.msg_id, paths=tuple(sorted(wrote))))

    def undo(
        self,
        rest: str,
        request: Execute | None,
        say: Callable[[str], None],
        over: bool = False,
        newer: Callable[[str], None] | None = None,
    ) -> None:
        """Bring something back, or list what could be; ``say`` takes the words.

        Newer work is asked about: of ``request``, or whoever is told of it by ``newer`` comes again with ``over``.
        """

        def answered(found: SetAside) -> None:
            judged = found.judged
            if judged is None:
                say(found.text)
            elif newer is not None:
                newer(sentence_of(judged.item))
            elif request is None:
                say("Nothing was brought back: there is newer work, and nobody to ask about it.")
            else:
                self._relay.asking.ask(
                    request,
                    judged,
                    lambda: self.undo(rest, request, say, over=True),
                    lambda _: say("Nothing was brought back."),
                )

        message = Aside(self._next(answered, None), "undo", rest=rest[:4096], over=over)
        self._relay.judging.set_aside(message)

    def for_page(self, said: dict[str, Any], answer: Callable[[str], None]) -> None:
        """What a page asks, with a ``step`` or without; ``answer`` takes JSON. Newer work it asks about itself."""
        step, path = said.get("step"), said.get("path")
        if type(step) is not int:
            self.undo("json", None, answer)
            return
        self.undo(
            f"of {step} {path}" if isinstance(path, str) and path else str(step),
            None,
            lambda text: answer(json.dumps({"said": text})),
            said.get("over") is True,
            lambda text: answer(json.dumps({"newer": text})),
        )

    def answered(self, found: SetAside) -> None:
        """The helper's answer."""
        waiting = self._waiting.pop(found.id, None)
        if waiting is not None:
            waiting[0](found)

    def interrupted(self) -> bool:
        """An interrupt came: a cell that waits here does not run. Whether there was one."""
        return self._fail("it was interrupted while its files were being set aside", only_cells=True)

    def lost(self, reason: str) -> None:
        """The helper ended: nobody knows whether anything is set aside, so nothing of it goes on."""
        self._fail(reason)

    def _fail(self, reason: str, only_cells: bool = False) -> bool:
        failing = {
            key: one
            for key, one in self._waiting.items()
            if not only_cells or (one[1] is not None and key not in self._asked_meanwhile)
        }
        for number, (answered, request) in failing.items():
            del self._waiting[number]
            if request is None:
                answered(SetAside(number, f"There is no answer: {reason}."))
                continue
            from jupyter_guard.guard.protocol import Vet
            from jupyter_guard.kernel.dispatch import refused

            vet = Vet(number, to_bytes(request.code), request.origin, self._relay.language, request.cell_id)
            answered(SetAside(number, judged=refused(vet, reason)))
        return bool(failing)

    def _next(self, answered: Callable[[SetAside], None], request: Execute | None) -> int:
        self._number += 1
        self._waiting[self._number] = answered, request
        return self._number
