"""JG9xx: matters of quality more than of danger."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Severity

_WEAK_HASHES = frozenset(
    {"hashlib.md5", "hashlib.sha1", "md5.new", "md5.md5", "sha.new", "Crypto.Hash.MD5.new", "Crypto.Hash.SHA1.new"}
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG901",
        title="Uses a hash that is broken",
        why="Two inputs with the same MD5 or SHA-1 can be made on purpose.",
        instead="Use hashlib.sha256, and for passwords hashlib.scrypt.",
        observes=("weak-hash", "call"),
        seen=lambda observation: observation.what == "weak-hash" or observation.detail in _WEAK_HASHES,
        severity=Severity.LOW,
        bad=("import hashlib\nhashlib.md5(b'a').hexdigest()",),
        good=("import hashlib\nhashlib.sha256(b'a').hexdigest()",),
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
