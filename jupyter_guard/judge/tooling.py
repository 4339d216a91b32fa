"""JG895 and JG896: approved tools. What is found by these rules is found where tools are known (``guard.tools_only``,
``guard.calling``).
"""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Severity

OUTSIDE: Final = "JG895"
ASKS: Final = "JG896"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id=OUTSIDE,
        title="Does more than call approved tools",
        why='The policy lets such cells call approved tools only (code = "tools"): everything else is refused.',
        instead="Call an approved tool; `jupyter guard context` lists them, with what else such a cell may have.",
        severity=Severity.CRITICAL,
    ),
    Rule(
        id=ASKS,
        title="Calls a tool that asks first",
        why="Whoever wrote the tool, or keeps the policy, wants a person to look at such a call before it is made.",
        instead="Make the call smaller, or wait for an answer; the tool's condition says when nobody is asked.",
        severity=Severity.HIGH,
    ),
)
