"""Code, rules and the policy -> what the guard says of them, as JSON values; read in a process of its own.

What a client sends may be made to stall or crash who reads it: then it is that process which ends, and not the server.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_process

from jupyter_guard.guard.card import State, payload
from jupyter_guard.guard.foreseen import required
from jupyter_guard.guard.session import Session
from jupyter_guard.policy import Policy, load_effective
from jupyter_guard.terms import Origin, Verdict

SECONDS: Final = 30.0
_STATES: Final[dict[Verdict, State]] = {
    Verdict.ALLOW: "note",
    Verdict.WARN: "warned",
    Verdict.CONFIRM: "asked",
    Verdict.BLOCK: "blocked",
}
_SAID: Final = {
    Verdict.ALLOW: "It would run.",
    Verdict.WARN: "It would run, with a warning.",
    Verdict.CONFIRM: "It would wait for a person to allow it.",
    Verdict.BLOCK: "It would not run.",
}


class ReadingError(Exception):
    """The guard could not say anything; the text says why."""


async def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """What ``work`` returns, called in another process, within ``SECONDS``. Raises ``ReadingError``."""
    try:
        with anyio.fail_after(SECONDS):
            return await anyio.to_process.run_sync(work, *arguments, cancellable=True)
    except TimeoutError:
        raise ReadingError(f"Reading this took longer than {SECONDS:.0f} seconds: treat it as not allowed.") from None
    except anyio.BrokenWorkerProcess:
        raise ReadingError("The process that read this ended: treat it as not allowed.") from None


def vetted(folder: str, code: str, language: str, above: list[str]) -> dict[str, Any]:
    """What would become of an assistant's cell with ``code`` after the cells ``above``, which count as run."""
    session = Session(load_effective(Path(folder)), Origin.ASSISTANT, workspace=folder)
    session.box = required(session.policy)
    for cell in above:
        session.vet(cell, language=language)
    report = session.vet(code, language=language)
    said = payload(report, _STATES[report.verdict])
    return {**said, "said": f"This code {said['sentence']}. {_SAID[report.verdict]}"}


def explained(folder: str, rule: str) -> dict[str, Any]:
    """A rule, built in or the policy's own, as JSON values. Raises ``ReadingError`` for one that does not exist."""
    from jupyter_guard.judge import RULES
    from jupyter_guard.judge.listing import rule_item, unknown_rule

    known: dict[str, Any] = {**RULES, **load_effective(Path(folder)).own}
    found = known.get(rule.upper())
    if found is None:
        raise ReadingError(unknown_rule(rule, list(known)))
    return rule_item(found)


def described(folder: str) -> tuple[str, dict[str, Any]]:
    """The policy for an assistant: as a text for its prompt, and as JSON values."""
    from jupyter_guard.context import describe

    context = describe(load_effective(Path(folder)), folder, Origin.ASSISTANT)
    return context.text, context.json()


def policy_at(folder: str) -> Policy:
    """The policy in force there now. Raises ``PolicyError``."""
    return load_effective(Path(folder))
