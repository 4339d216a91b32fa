"""A cell that the policy asks about -> a question on stdin and in the panels at once; the first answer counts.

Nobody there means no. While a question is open nothing else of its shell runs, and everything else goes on.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from jupyter_guard.guard.approvals import Choice, typed_choice
from jupyter_guard.guard.protocol import Judged
from jupyter_guard.kernel.request import Execute, parse_object
from jupyter_guard.kernel.wire import CONTENT, PARENT, parse_header

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

log = logging.getLogger("jupyter_guard")

_SECRET_PROMPT = re.compile(
    r"(?<![^\W_])(?:pass(?:word|wd|phrase|code)|secret|token|(?:api|access|private|secret)[ _-]?key|credential"
    r"|passwort|kennwort|mot de passe|contrase\u00f1a|senha|\u043f\u0430\u0440\u043e\u043b\u044c)(?![^\W_])"
    r"|\u5bc6\u7801|\u5bc6\u78bc|\u30d1\u30b9\u30ef\u30fc\u30c9",
    re.IGNORECASE,
)
"""What `input` asks for a secret with, also in a few other languages."""
_ABOUT_SECRETS = re.compile(r"[?]|\b(?:name|id|file|path|type|user|limit|count|column|field)\b", re.IGNORECASE)
SHORTEST_SHOWN = 8
"""Of what was typed where everybody could read along, fewer characters are an answer and no secret."""

WITHDRAWN = "withdrawn"


class Question(msgspec.Struct):
    """An open question, and what follows from its answer.

    ``sha256`` is the hash of the code that it is about, ``stdin_id`` the id of our input request, or empty when stdin
    cannot be used.
    """

    number: str
    request: Execute
    answer: Judged
    allowed: Callable[[], None]
    refused: Callable[[str], None]
    sha256: str
    stdin_id: str = ""


class Asking:
    """The open questions, and whose turn it is when text arrives on stdin."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._open: dict[str, Question] = {}
        # Our input requests that were answered elsewhere: a front end shows them until somebody types something.
        self._late: dict[bytes, set[str]] = {}
        # What the child waits for, by client: from how many characters on the answer is a secret; 0: it is none.
        self._child: dict[bytes, int] = {}

    def ask(
        self,
        request: Execute,
        answer: Judged,
        allowed: Callable[[], None],
        refused: Callable[[str], None],
        sha256: str = "",
        by_stdin: bool = True,
    ) -> None:
        """Ask about a cell or something in it; ``refused`` takes the key of the card: ``declined`` or ``unasked``.

        Without ``by_stdin`` only the panels are asked: the cell is not running any more.
        """
        relay = self._relay
        if relay.loops.is_settled(answer):
            refused("declined")
            return
        answer = relay.loops.asking(answer)
        by_stdin = by_stdin and request.allow_stdin
        if not by_stdin and not relay.panel.is_open:
            refused("unasked")
            return
        question = Question(os.urandom(8).hex(), request, answer, allowed, refused, sha256 or request.hash())
        self._open[question.number] = question
        self._wait()
        if by_stdin:
            header = relay.front.wire.header("input_request")
            question.stdin_id = header["msg_id"]
            content = json.dumps({"prompt": answer.prompt, "password": False}).encode()
            content = relay.outgoing.own("input_request", content, request.msg_id)
            message = relay.front.wire.message("input_request", content, request.parent, header=header)
            relay.front.send("stdin", [request.client, *message])
        relay.panel.asks(question.number, request, answer)

    def child_asks(self, client: bytes, password: bool, prompt: object) -> None:
        """The child waits for input from a client; ``password`` says that what is typed is not shown."""
        is_secret = isinstance(prompt, str) and _SECRET_PROMPT.search(prompt) and not _ABOUT_SECRETS.search(prompt)
        self._child[client] = 1 if password else SHORTEST_SHOWN if is_secret else 0
        self._wait(True)

    def take_reply(self, client: bytes, frames: list[bytes], at: int) -> bool:
        """Text arrived on stdin: whether it was for us. Raises ``MalformedError``."""
        about = parse_header(frames[at + PARENT]).msg_id
        question = self._question_for(client, about)
        if question is not None:
            value = parse_object(frames[at + CONTENT]).get("value")
            choice = typed_choice(value if isinstance(value, str) else "")
            question.stdin_id = ""
            if choice is not Choice.REFUSE and self._relay.panel.pages.of(client):
                # Any program in the page can send it: the page's panel says so when a person typed it.
                log.info("asked about %s: a yes on stdin that nobody was seen to type", question.request.msg_id)
            else:
                self._settle(question, choice, "stdin")
            return True
        late = self._late.get(client, set())
        if about in late or (late and not about and client not in self._child):
            late.discard(about) if about in late else late.pop()
            return True
        shortest = self._child.pop(client, 0)
        self._wait()
        if shortest:
            value = parse_object(frames[at + CONTENT]).get("value")
            if isinstance(value, str) and len(value) >= shortest:
                self._relay.outgoing.learn(value, "typed password")
        return False

    def _wait(self, child_waits: bool = False) -> None:
        """A cell's time does not run while somebody is asked."""
        if self._relay.limits is not None:
            self._relay.limits.waits(child_waits or bool(self._open))

    def _question_for(self, client: bytes, about: str) -> Question | None:
        for question in self._open.values():
            if question.request.client == client and question.stdin_id and about in ("", question.stdin_id):
                return question
        return None

    def client_of(self, number: str) -> bytes:
        """The client that ran what a question is about; empty for a question that is not open."""
        question = self._open.get(number)
        return question.request.client if question is not None else b""

    def typed_in_page(self, number: str, value: str) -> None:
        """The page saw a person type an answer at the prompt; the reply itself may come before or after."""
        question = self._open.get(number)
        if question is not None:
            self._settle(question, typed_choice(value), "stdin")

    def answered_by_panel(self, number: str, choice: str) -> None:
        """Somebody clicked."""
        question = self._open.get(number)
        if question is not None:
            known = choice in ("once", "code")
            self._settle(question, Choice(choice) if known else Choice.REFUSE, "panel")

    def interrupted(self) -> bool:
        """An interrupt is a no to everything that is asked; whether anything was."""
        asked = bool(self._open)
        for question in list(self._open.values()):
            self._settle(question, Choice.REFUSE, "interrupt")
        return asked

    def asks_about(self, msg_id: str, client: bytes) -> bool:
        """Whether a question about a cell of a client's, or something in it, is open."""
        return any(one.request.msg_id == msg_id and one.request.client == client for one in self._open.values())

    def withdrawn(self, msg_id: str, client: bytes) -> bool:
        """Who ran a cell waits no more for the answer about it: it does not run. Whether it was asked about."""
        about = [one for one in self._open.values() if one.request.msg_id == msg_id and one.request.client == client]
        for question in about:
            self._settle(question, Choice.REFUSE, WITHDRAWN)
        return bool(about)

    def _settle(self, question: Question, choice: Choice, where: str) -> None:
        relay = self._relay
        del self._open[question.number]
        self._wait()
        if question.stdin_id:
            self._late.setdefault(question.request.client, set()).add(question.stdin_id)
        relay.panel.answered(question.number, str(choice))
        question.request.approval = str(choice), where
        log.info("asked about %s: %s, by %s", question.request.msg_id, choice, where)
        if choice is Choice.REFUSE:
            if where != WITHDRAWN:
                relay.loops.declined(question.answer)
            question.refused("declined")
        else:
            relay.loops.allowed(question.answer)
            relay.approvals.remember(choice, question.sha256, question.answer.effects)
            question.allowed()
