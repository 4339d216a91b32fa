"""An assistant's action that was refused -> whether it is the same again and again, and what is said of it then.

After three refusals each further one says so where the assistant reads it, and the person is asked once more, with the
count. What is answered then stands for the session: thirty tries are not thirty questions.
"""

from __future__ import annotations

import json
import logging

import msgspec

from jupyter_guard.guard.protocol import Judged
from jupyter_guard.terms import Origin

log = logging.getLogger("jupyter_guard")

TRIES = 3
KEPT = 1000


class Loops:
    """Counts refusals by the effects that were shown; people's own are not counted."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        # Asked about once more, and refused.
        self._settled: set[str] = set()

    def is_settled(self, answer: Judged) -> bool:
        """Whether nobody is asked about this any more."""
        return answer.effects in self._settled and _is_an_assistants(answer)

    def asking(self, answer: Judged) -> Judged:
        """The same with a prompt that says how often it was refused, where that makes a loop."""
        count = self._counts.get(answer.effects, 0)
        if count < TRIES:
            return answer
        prompt = (
            f"An assistant has tried this {count} times in this session, and it was refused each time. "
            f"No means that it is refused from now on without a question.\n{answer.prompt}"
        )
        return msgspec.structs.replace(answer, prompt=prompt)

    def declined(self, answer: Judged) -> None:
        """A person, asked, said no."""
        if self._counts.get(answer.effects, 0) >= TRIES:
            self._settled.add(answer.effects)

    def allowed(self, answer: Judged) -> None:
        """It was allowed: what was refused before counts no more."""
        self._counts.pop(answer.effects, None)
        self._settled.discard(answer.effects)

    def refused(self, answer: Judged) -> Judged:
        """Count a refusal; the answer, with a sentence in its errors where it makes a loop."""
        if not _is_an_assistants(answer):
            return answer
        count = self._counts.pop(answer.effects, 0) + 1
        while len(self._counts) >= KEPT:
            del self._counts[next(iter(self._counts))]
        self._counts[answer.effects] = count
        if count < TRIES:
            return answer
        log.info("an assistant was refused the same for the %d. time", count)
        sentence = f"The same was refused {count} times in this session: trying again changes nothing. "
        sentence += (
            "A person was asked and said no; it is refused without a question until the kernel restarts."
            if answer.effects in self._settled
            else "Do something else, or leave it to a person to run."
        )
        errors = {}
        for key, packed in answer.errors.items():
            error = json.loads(packed)
            error["traceback"] = [*error["traceback"], sentence]
            errors[key] = json.dumps(error).encode()
        return msgspec.structs.replace(answer, errors=errors)


def _is_an_assistants(answer: Judged) -> bool:
    return bool(json.loads(answer.item or b"{}").get("origin") == Origin.ASSISTANT)
