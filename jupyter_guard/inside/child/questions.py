"""What a cell may ask the guard -> an audit event, which the hook of this process hears and has answered.

``mask()``, ``%guard`` and approved tools come by here. The socket to the wrapper is what the watch hears a yes on, so
nothing that a cell can name may lead to it: an event carries the question there, and holds nothing.
"""

import sys

EVENT = "jupyter_guard.ask"
NOBODY = "the guard does not hear this process"


def answered(ask):
    """What hears the event: ``ask(message)`` gives the answer."""

    def heard(_event, args):
        message, answers = args
        answers.append(ask(message))

    return heard


class Questions:
    """Asks by events. It has no state."""

    __slots__ = ()

    def ask(self, message):
        """The wrapper's answer to ``message``, a dictionary. Raises ``RuntimeError`` where nobody answers."""
        answers = []
        sys.audit(EVENT, message, answers)
        if not answers:
            raise RuntimeError(NOBODY)
        return answers[0]

    def mask(self, value, kind, name=""):
        """Have a value redacted from now on. Raises ``RuntimeError`` with the reason when the wrapper refuses."""
        answer = self.ask({"op": "mask", "value": value, "kind": kind, "name": name})
        if answer.get("ok") is not True:
            raise RuntimeError(str(answer.get("text", NOBODY)))

    def most_recursion(self, wanted):
        """How deep recursion may be made, of ``wanted``."""
        answer = self.ask({"op": "recursion", "wanted": wanted})
        return int(answer.get("most") or wanted)

    def tell(self, what, rest="", about=""):
        """What the wrapper says about ``what``: ``"status"``, ``"policy"``, ``"explain"``; a ``"panel"`` it shows."""
        return str(self.ask({"op": what, "rest": rest, "about": about}).get("text", ""))
