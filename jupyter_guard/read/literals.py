"""A cell's text -> the places where a secret of a well-known form stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_guard.terms import Span

# Forms that are nothing else. The scrubber knows many more; these are the ones that stand in notebooks.
_FORMS = re.compile(
    r"(?P<private_key>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----)"
    r"|(?<![\w-])(?:(?P<aws_key>AKIA[0-9A-Z]{16})|(?P<google_key>AIza[\w-]{35})|(?P<google_token>ya29\.[\w-]{20,})"
    r"|(?P<github_token>gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})|(?P<gitlab_token>glpat-[\w-]{20})"
    r"|(?P<slack_token>xox[abprs]-[\w-]{10,})|(?P<hugging_face_token>hf_[A-Za-z0-9]{30,})"
    r"|(?P<model_key>sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,})|(?P<stripe_key>[rs]k_live_[A-Za-z0-9]{20,}))(?![\w-])"
)


# Each form has one of these: finding none of them costs far less than trying the forms at every character. A single
# character is found ten times as fast as two, and without it none of its starts needs to be looked for.
_STARTS = {
    "K": ("AKIA", "PRIVATE KEY-----"),
    "z": ("AIza",),
    "9": ("ya29.",),
    "gh": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    "_": ("github_pat_", "hf_", "k_live_"),
    "-": ("glpat-", "sk-"),
    "x": ("xox",),
}


def may_hold_secrets(code: str) -> bool:
    """Whether ``code`` holds how any of the forms begins."""
    for part, starts in _STARTS.items():
        if part in code:
            for start in starts:
                if start in code:
                    return True
    return False


def secrets_in(code: str) -> Iterator[tuple[str, Span]]:
    """The kind of each secret in ``code`` (``aws key``, never its value) and where it stands."""
    if not may_hold_secrets(code):
        return
    for found in _FORMS.finditer(code):
        line = code.count("\n", 0, found.start()) + 1
        column = found.start() - (code.rfind("\n", 0, found.start()) + 1)
        name = (found.lastgroup or "secret").replace("_", " ")
        yield name, Span(line, column, line, column + found.end() - found.start())
