"""JG9xx: matters of quality more than of danger."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Severity

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG901",
        title="Uses a hash that is broken",
        why="Two inputs with the same MD5 or SHA-1 can be made on purpose.",
        instead="Use hashlib.sha256, and for passwords hashlib.scrypt.",
        observes=("weak-hash",),
        severity=Severity.LOW,
        bad=("import hashlib\nhashlib.md5(b'a').hexdigest()",),
        good=(
            "import hashlib\nhashlib.sha256(b'a').hexdigest()",
            "import hashlib\nhashlib.md5(b'a', usedforsecurity=False)",
        ),
    ),
    Rule(
        id="JG902",
        title="Makes a secret with a predictable generator",
        why="Whoever sees some of its numbers can compute the rest.",
        instead="Use the secrets module.",
        observes=("weak-random",),
        severity=Severity.LOW,
    ),
)
