"""What a panel asks of the helper, beside judging -> the answer: the policy in words, a rule's page, and as JSON what
was decided in this notebook and the rewrite of a finding, whether it is safe or has to be looked at.

None of it changes anything, and a failure is an answer too: nobody's cell waits for these.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.guard.protocol import Tell

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy

log = logging.getLogger("jupyter_guard")


def told(request: Tell) -> str:
    """The text of the ``Told`` that answers ``request``."""
    try:
        return _WORDS[request.what](request.rest)
    except LookupError as error:
        return str(error.args[0])
    except Exception as error:
        log.exception("the guard could not answer %s", request.what)
        problem = f"the guard failed on it: {type(error).__name__}: {error}"
        return json.dumps({"problem": problem}) if request.what in AS_JSON else problem


def _policy(_rest: str) -> str:
    from jupyter_guard.guard.words import policy_summary

    return policy_summary(Path.cwd())


def _rule(rest: str) -> str:
    from jupyter_guard.guard.words import explain_rule

    return explain_rule(rest)


def _audit(rest: str) -> str:
    """``rest``: the kernel's name in its journal, and how many decisions are wanted."""
    from jupyter_guard.audit.place import audit_directory
    from jupyter_guard.audit.trail import trail

    wanted = json.loads(rest)
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    found = trail(audit_directory(os.environ, Path.home()), str(wanted["kernel"]), notebook, int(wanted["last"]))
    return json.dumps({"records": found})


def _fix(rest: str) -> str:
    """``rest``: the cell's code and those of the cells above, and the rule, place and callable of one finding in it."""
    from jupyter_guard.fix import suggest
    from jupyter_guard.fix.imported import seen_with
    from jupyter_guard.fix.replacing import replaced
    from jupyter_guard.policy import load_effective
    from jupyter_guard.terms import Span

    wanted: dict[str, Any] = json.loads(rest)
    span = msgspec.convert(wanted["span"], Span)
    via = msgspec.convert(wanted["via"], tuple[str, ...])
    above = msgspec.convert(wanted.get("above", []), list[str])
    policy = load_effective(Path.cwd())
    own = policy.own.get(wanted["rule"])
    if own is None:
        seen = seen_with(wanted["rule"], [*above, wanted["code"]], Path.cwd())
        found = suggest(wanted["code"], wanted["rule"], span, via, seen)
    else:
        new = next((new for old, new in own.replace if old in via), "")
        found = replaced(wanted["code"], span, new) if new else None
    if found is None or not _is_better(policy, above, wanted["code"], found.code, wanted["rule"]):
        return json.dumps({"problem": "there is no rewrite that surely keeps what the code is for"})
    return json.dumps(msgspec.to_builtins(found))


def _is_better(policy: Policy, above: list[str], before: str, after: str, rule: str) -> bool:
    """Whether the rewritten cell has less of what ``rule`` finds below ``above``, and nothing worse or new."""
    from jupyter_guard.guard.practising import practised
    from jupyter_guard.guard.session import Session
    from jupyter_guard.terms import Report

    def judged(code: str) -> Report:
        session = Session(policy, origin="assistant", workspace=Path.cwd())
        return practised([session.vet(cell) for cell in (*above, code)], policy, ruff=False)[-1]

    old, new = judged(before), judged(after)
    counts = [sum(one.rule == rule for one in report.findings) for report in (old, new)]
    is_new = {one.rule for one in new.findings} - {one.rule for one in old.findings}
    return new.would_be <= old.would_be and not is_new and counts[1] < counts[0]


_WORDS = {"policy": _policy, "explain": _rule, "audit": _audit, "fix": _fix}
AS_JSON = frozenset({"audit", "fix"})
