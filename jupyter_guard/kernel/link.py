"""What the child meets while a cell runs -> judged like a cell; and what ``%guard`` and ``mask()`` say and ask.

The child's end is in the hands of whatever runs there. So nothing on it loosens anything: it can have code judged, at
least as strictly as the cells that are running, teach a value to redact, and ask how things stand.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
import zmq

from jupyter_guard.guard.protocol import Judged, Learn, Tell, Told, Vet, to_bytes
from jupyter_guard.kernel.holding import STACK_KEPT, Holding, cells_of, folder_of, is_held, paths_of, rows_of
from jupyter_guard.kernel.learned import mask
from jupyter_guard.kernel.status import status
from jupyter_guard.origin import code_hash
from jupyter_guard.terms import Origin

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

log = logging.getLogger("jupyter_guard")

LARGEST_LINE = 32 * 1024 * 1024
# What may wait to be read by the other side before we answer nothing more.
LARGEST_UNREAD = 1024 * 1024
CELLS_KEPT = 200
HOWS = frozenset({"act", "text", "cell", "changed", "run", "module"})


class Link:
    """The wrapper's end: one request at a time, answered in its turn. ``sock`` is ``None`` for kernels without one."""

    def __init__(self, relay: Relay, sock: Any, poller: zmq.Poller) -> None:
        self._relay = relay
        self._poller = poller
        self._sock = sock
        self.fd: int = sock.fileno() if sock is not None else -1
        self._in = bytearray()
        self._out = bytearray()
        self._lines: deque[dict[str, Any]] = deque()
        # The message under way, and its number towards the helper: negative, dispatch counts upwards.
        self._current: dict[str, Any] | None = None
        self._number = 0
        # What the act is that the kernel's code waits with.
        self._shown: tuple[str, ...] = ()
        self._is_peoples = False
        self._is_beginning = False
        self._masked: set[str] = set()
        # How many pieces of code were met while cells ran.
        self.met = 0
        self._flags = 0
        # Who wrote the cell with each execution count, and the strictest of all.
        self._origins: dict[int, Origin] = {}
        self._strictest = Origin.UNKNOWN
        # The latest cells: what a callback or a thread does after its cell has ended still stands on that cell.
        self._ran: dict[int, Execute] = {}
        self._allowed: dict[str, set[str]] = {}
        self._foreseen: dict[str, set[str]] = {}
        self._holding = Holding(relay)
        self._follow()

    def note_origin(self, origin: str) -> None:
        """A cell of this origin is about to run."""
        self._strictest = max(self._strictest, Origin(origin))

    def note_count(self, count: int, request: Execute) -> None:
        """A cell has this execution count."""
        self._origins[count] = Origin(request.origin)
        self._ran[count] = request
        while len(self._ran) > CELLS_KEPT:
            del self._ran[next(iter(self._ran))]

    def note_foreseen(self, msg_id: str, shown: tuple[str, ...]) -> None:
        """These effects were read in a cell that runs, or in something that it runs."""
        while len(self._foreseen) > STACK_KEPT:
            del self._foreseen[next(iter(self._foreseen))]
        self._foreseen.setdefault(msg_id, set()).update(shown)

    def note_shown(self, msg_id: str, shown: tuple[str, ...]) -> None:
        """Somebody allowed these effects of a cell, or of something in it."""
        while len(self._allowed) > STACK_KEPT:
            del self._allowed[next(iter(self._allowed))]
        self._allowed.setdefault(msg_id, set()).update(shown)

    # --- the socket

    def ready(self) -> None:
        """The socket can be read or written."""
        if self._out:
            self._write()
            self._next()
        elif self._current is None and not self._lines:
            self._read()
        self._follow()

    def _read(self) -> None:
        try:
            data = self._sock.recv(1 << 18)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._close()
            return
        self._in += data
        *lines, rest = self._in.split(b"\n")
        self._in = rest
        for line in lines:
            if line:
                self._take(line)
        if len(self._in) > LARGEST_LINE:
            log.warning("the kernel's code wrote an endless line to the guard; it is not listened to any more")
            self._close()
        self._next()

    def _take(self, line: bytearray) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict) and isinstance(message.get("id"), str) and len(message["id"]) < 100:
            self._lines.append(message)
        else:
            log.warning("dropped a line from the kernel's code that is no message")

    def _write(self) -> None:
        try:
            sent = self._sock.send(self._out)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._close()
            return
        del self._out[:sent]

    def _close(self) -> None:
        with contextlib.suppress(KeyError):
            self._poller.unregister(self.fd)
        if self._sock is not None:
            self._sock.close()
        self._sock, self.fd, self._flags = None, -1, 0

    def _follow(self) -> None:
        """Listen only when there is nothing left to answer: whoever floods us waits in the socket."""
        if self._sock is None:
            return
        flags = zmq.POLLOUT if self._out else (0 if self._current is not None or self._lines else zmq.POLLIN)
        if flags != self._flags:
            if flags:
                self._poller.register(self.fd, flags)
            else:
                self._poller.unregister(self.fd)
            self._flags = flags

    def _answer(self, content: dict[str, Any]) -> None:
        message, self._current = self._current, None
        if self._shown and content.get("ok") and not content.get("hold"):
            # Nobody stops it.
            self._relay.happened.saw(str((message or {}).get("about")), self._shown)
        self._shown = ()
        if message is not None and self._sock is not None:
            self._out += json.dumps({**content, "id": message["id"]}).encode() + b"\n"
            self._write()
        self._next()
        self._follow()

    def _next(self) -> None:
        """Begin what was sent, one by one. Not by recursion: thousands may be answered at once."""
        if self._is_beginning:
            return
        self._is_beginning = True
        try:
            while self._current is None and self._lines and len(self._out) < LARGEST_UNREAD:
                self._current = self._lines.popleft()
                try:
                    self._begin(self._current)
                except Exception as error:
                    # Whatever it sent, it gets a no and we go on.
                    log.exception("the guard failed on a message from the kernel's code")
                    self._answer({"ok": False, "text": f"the guard failed on it: {type(error).__name__}"})
        finally:
            self._is_beginning = False

    # --- requests

    def _begin(self, message: dict[str, Any]) -> None:
        kind = message.get("op")
        if kind == "vet":
            self._vet(message)
        elif kind == "mask":
            self._answer(mask(message, self._masked, self._relay.outgoing.learn))
        elif kind == "recursion":
            limits, wanted = self._relay.limits, message.get("wanted")
            most = limits.most_recursion(wanted) if limits is not None and isinstance(wanted, int) else 0
            self._answer({"ok": True, "most": most})
        elif kind == "status":
            self._answer({"ok": True, "text": status(self._relay)})
        elif kind == "wrote":
            self._relay.undoing.wrote(str(message.get("about")), message.get("paths"))
            self._answer({"ok": True})
        elif kind == "aside":
            self._number -= 1
            request, _ = self._request(message)
            self._let(request, paths_of(message), {"ok": True, "free": not self._relay.undoing.wants_more(request)})
        elif kind == "undo":
            request, _ = self._request(message)
            rest = str(message.get("rest") or "")
            self._relay.undoing.undo(rest, request, lambda text: self._answer({"ok": True, "text": text}))
        elif kind in ("tool", "tools"):
            request, is_running = self._request(message)
            origin = str(self._origin(str(message.get("about")), ()))
            self._relay.tools.begin(message, request, is_running, origin, self._answer)
        elif kind == "tool-result":
            self._relay.tools.fetch(message, self._answer)
        elif kind == "tool-stop":
            self._relay.tools.stop(message, self._answer)
        elif kind == "panel":
            self._show_panel()
        elif kind == "explain" and not message.get("rest"):
            self._answer({"ok": True, "text": self._relay.last_card or "No card was shown in this session yet."})
        elif kind in ("policy", "explain"):
            self._number -= 1
            self._relay.judging.ask_words(Tell(self._number, str(kind), str(message.get("rest", ""))[:100]))
        else:
            self._answer({"ok": False, "text": "unknown"})

    def _show_panel(self) -> None:
        running = [request for request, _ in self._relay.dispatch.under_way.values() if not request.silent]
        if not running:
            self._answer({"ok": True, "text": status(self._relay)})
            return
        # What the cell printed before belongs above.
        self._relay.drain_iopub()
        self._relay.outgoing.release(running[-1].msg_id)
        self._relay.panel.show_view(running[-1])
        self._answer({"ok": True, "text": ""})

    def _vet(self, message: dict[str, Any]) -> None:
        text, how, path = message.get("text"), message.get("how"), message.get("path")
        cells = cells_of(message)
        origin = self._origin(str(message.get("about")), cells, str(how))
        watched = self._relay.panel.standing.watched
        self._is_peoples = how == "act" and origin not in watched
        if self._is_peoples:
            # People are judged by what they write. Where nobody else has written anything, no act is asked about.
            is_wanted = self._relay.undoing.wants_more(self._request(message)[0])
            if not text or not is_wanted:
                self._answer({"ok": True, "free": self._strictest not in watched and not is_wanted})
                return
        self._number -= 1
        self.met += 1
        self._relay.keeping.judge(
            Vet(
                id=self._number,
                code=to_bytes(text if isinstance(text, str) else "\0"),
                origin=str(origin),
                number=cells[-1][0] if cells else 0,
                how=how if how in HOWS else "text",
                path=path[:4096] if isinstance(path, str) else "",
                cells=cells,
                rows=rows_of(message),
                held=is_held(message),
            )
        )

    def _origin(self, about: str, cells: tuple[tuple[int, int], ...], how: str = "") -> Origin:
        """The strictest of the running cells and of those on the stack; of all, when nothing that it names runs."""
        under_way = self._relay.dispatch.under_way
        running = [Origin(request.origin) for request, _ in under_way.values()]
        running += [self._origins[number] for number, _ in cells if number in self._origins]
        if about not in under_way or not running or (how == "act" and not cells):
            # A thread or a callback that was given the function itself: any cell may have started it.
            running.append(self._strictest)
        return max(running)

    # --- answers

    def told(self, answer: Told) -> None:
        """The helper's words."""
        if answer.id == self._number:
            self._answer({"ok": True, "text": answer.text})

    def judged(self, answer: Judged) -> None:
        """The helper's answer about code that the child waits with."""
        message = self._current
        if message is None or answer.id != self._number:
            return
        request, is_running = self._request(message)
        self._shown = answer.shown if message.get("how") == "act" else ()
        if self._is_peoples:
            # Undo wanted to know what it may change, and nobody anything else.
            self._let(request, answer.aside, {"ok": True})
        elif answer.verdict == "block":
            self._refuse(request, answer, "blocked")
        elif (
            message.get("how") == "act"
            and answer.verdict != "confirm"
            and answer.shown
            and set(answer.shown) <= self._foreseen.get(str(message.get("about")), set())
        ):
            # It was read in the cell, judged and reported there.
            self._let(request, answer.aside, {"ok": True})
        elif answer.verdict != "confirm":
            if "warned" in answer.cards and request is not None and not request.silent:
                self._show(request, answer.cards["warned"])
            if answer.verdict != "allow" and request is not None:
                self._relay.dispatch.decided(request, answer, "ran")
            self.note_foreseen(str(message.get("about")), answer.shown)
            self._let(request, answer.aside, {"ok": True})
        elif request is None:
            log.warning("code that belongs to no cell was refused, nobody could be asked about it")
            self._refuse(request, answer, "unasked")
        elif self._holding.begins(request, message, answer):
            self._answer({"ok": True, "hold": True})
        elif (
            answer.shown
            and set(answer.shown) <= self._allowed.get(request.msg_id, set())
            and not self._holding.is_news(request, message, answer)
        ):
            if message.get("how") == "act":
                # Allowed as it was written, and recorded then.
                self._let(request, answer.aside, {"ok": True, "asked": True})
            else:
                self._allow(request, answer)
        else:
            digest = code_hash(str(message.get("text")))
            if self._relay.approvals.allow(digest, answer.effects):
                self._allow(request, answer)
            else:
                self._relay.asking.ask(
                    request,
                    answer,
                    lambda: self._allow(request, answer),
                    lambda key: self._refuse(request, answer, key),
                    digest,
                    by_stdin=is_running,
                )

    def failed(self, request: Tell, reason: str) -> None:
        """There will be no words from the helper."""
        if request.id == self._number:
            self._answer({"ok": False, "text": f"There is no answer: {reason}."})

    def _request(self, message: dict[str, Any]) -> tuple[Execute | None, bool]:
        """The cell that the code belongs to, and whether it is running; the innermost on the stack when none is."""
        found = self._relay.dispatch.under_way.get(str(message.get("about")))
        if found is not None:
            return found[0], True
        cells = cells_of(message)
        return next((self._ran[number] for number, _ in cells if number in self._ran), None), False

    def _allow(self, request: Execute, answer: Judged) -> None:
        message = self._current
        if message is None or answer.id != self._number:
            return
        self.note_shown(request.msg_id, answer.shown)
        self._holding.allowed(request, message, answer)
        if message.get("how") != "module":
            # Not the running cell's: a person's cell can run what an assistant's has defined or written.
            author = str(json.loads(answer.item)["origin"])
            self._relay.judging.learn(Learn(to_bytes(str(message.get("text"))), author))
        self._relay.dispatch.decided(request, answer, "confirmed")
        self._let(request, answer.aside, {"ok": True, "asked": True})

    def _let(self, request: Execute | None, paths: tuple[str, ...] | None, content: dict[str, Any]) -> None:
        """Let it be done, when what it may delete or overwrite is set aside where undo wants that."""
        number = self._number

        def refuse(found: Judged, key: str) -> None:
            self._refuse(request, msgspec.structs.replace(found, id=number), key)

        folder = folder_of(self._current or {})
        self._relay.undoing.more(request, paths or (), folder, lambda: self._answer(content), self._show, refuse)

    def _refuse(self, request: Execute | None, answer: Judged, key: str) -> None:
        if self._current is None or answer.id != self._number:
            return
        # Who goes on trying has seen the card.
        is_known = self._relay.loops.is_settled(answer)
        answer = self._relay.loops.refused(answer)
        if request is not None:
            self._relay.dispatch.decided(request, answer, "blocked" if key == "blocked" else "declined")
            if not request.silent and not is_known:
                self._show(request, answer.cards[key])
        self._answer({"ok": False, "error": json.loads(answer.errors[key])})

    def _show(self, request: Execute, card: bytes) -> None:
        # What the cell printed before belongs above.
        self._relay.drain_iopub()
        self._relay.outgoing.release(request.msg_id)
        self._relay.show_card(request, card)
