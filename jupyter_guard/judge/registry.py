"""The families' tuples of rules -> one table by id, in the order in which the rules are asked."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge import (
    credentials,
    data,
    deny,
    execution,
    files,
    guard,
    habits,
    network,
    practice,
    processes,
    resources,
    tooling,
)
from jupyter_guard.judge.rule import Rule

RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for family in (
        execution.RULES,
        files.RULES,
        data.RULES,
        processes.RULES,
        network.RULES,
        credentials.RULES,
        resources.RULES,
        guard.RULES,
        deny.RULES,
        tooling.RULES,
        practice.RULES,
        habits.RULES,
    )
    for rule in family
}
