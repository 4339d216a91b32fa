"""Effects -> findings: named rules, one small file a family, with severities from one table."""

from jupyter_guard.judge.engine import calls_asked_for, judge
from jupyter_guard.judge.registry import RULES
from jupyter_guard.judge.rule import Rule

__all__ = ["RULES", "Rule", "calls_asked_for", "judge"]
