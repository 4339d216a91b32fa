"""JG6xx: passwords, keys and tokens."""

from __future__ import annotations

import re
from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Kind, Severity

_READS = (Kind.CREDENTIAL_READ,)

# Names of things about secrets that are none: a tokenizer, a token's path, a password's form.
_NO_SECRET = re.compile(
    r"tokeni[sz]er|_(?:name|path|url|uri|id|ids|file|dir|template|field|form|label|type|len|length|count)$",
    re.IGNORECASE,
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG602",
        title="Shows a credential in an output",
        why="Outputs are saved with the notebook, sent to assistants and shared.",
        instead="Use the value without printing it.",
        kinds=_READS,
        check=has("show"),
        bad=("from pathlib import Path\nprint((Path.home() / '.ssh' / 'id_ed25519').read_text())",),
        good=("import os\nkey = os.environ.get('OPENAI_API_KEY')",),
    ),
    Rule(
        id="JG601",
        title="Reads a place where credentials are kept",
        why="Whoever holds a key or a token is you, everywhere that accepts it.",
        instead="Let the library that needs the credential find it by itself.",
        kinds=(Kind.CREDENTIAL_READ, Kind.FILE_READ),
        check=lambda effect, seen: effect.kind is Kind.CREDENTIAL_READ or "credential-store" in seen,
        bad=(
            "k = open('/home/ops/.ssh/id_rsa').read()",
            "from pathlib import Path\nPath('/proc/self/environ').read_bytes()",
            "import os\nk = open(os.path.expanduser('~/.aws/credentials')).read()",
        ),
        good=("open('data/keys.csv').read()",),
    ),
    Rule(
        id="JG603",
        title="Has a secret in its text",
        why="The notebook's file, its history and every copy of it now hold the secret.",
        instead="Read it with getpass, or from a keyring or the environment.",
        observes=("hard-coded-secret",),
        seen=lambda observation: not _NO_SECRET.search(observation.detail),
        severity=Severity.MEDIUM,
        bad=("password = 'correct-horse-9'",),
        good=("import os\npassword = os.environ['SHOP_PASSWORD']", "password = 'your-password-here'"),
    ),
)
