"""JG9xx: matters of quality more than of danger."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Severity

_WEAK_HASHES = frozenset(
    {"hashlib.md5", "hashlib.sha1", "md5.new", "md5.md5", "sha.new", "Crypto.Hash.MD5.new", "Crypto.Hash.SHA1.new"}
)

_WEAK_CIPHERS = frozenset(
    {
        "Crypto.Cipher.DES.new",
        "Crypto.Cipher.DES3.new",
        "Crypto.Cipher.ARC4.new",
        "Crypto.Cipher.ARC2.new",
        "Crypto.Cipher.Blowfish.new",
        "Cryptodome.Cipher.DES.new",
        "Cryptodome.Cipher.ARC4.new",
        "cryptography.hazmat.primitives.ciphers.algorithms.ARC4",
        "cryptography.hazmat.primitives.ciphers.algorithms.TripleDES",
        "cryptography.hazmat.primitives.ciphers.modes.ECB",
        "crypt.crypt",
    }
)

# Drawn without a seed: whoever meant a simulation that can be repeated has set one.
_DRAWS = frozenset(
    f"random.{name}"
    for name in "random randint randrange choice choices sample uniform getrandbits randbytes shuffle".split()
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG901",
        title="Uses a hash that is broken",
        why="Two inputs with the same MD5 or SHA-1 can be made on purpose.",
        instead="Use hashlib.sha256, and for passwords hashlib.scrypt.",
        observes=("weak-hash",),
        calls=_WEAK_HASHES,
        severity=Severity.LOW,
        bad=("import hashlib\nhashlib.md5(b'a').hexdigest()", "import hashlib\nhashlib.new('md5')"),
        good=("import hashlib\nhashlib.sha256(b'a').hexdigest()",),
    ),
    Rule(
        id="JG902",
        title="Makes a secret with a predictable generator",
        why="Whoever sees some of its numbers can compute the rest.",
        instead="Use the secrets module.",
        observes=("weak-random",),
        severity=Severity.LOW,
        bad=(
            "import random\npassword = ''.join(random.choice('abc') for _ in range(8))",
            "import random\ndef generate_token(n):\n    return random.getrandbits(n)",
            "import random\nuser = {'password': random.randint(1000, 9999)}",
        ),
        good=(
            "import secrets\npassword = secrets.token_urlsafe()",
            "import random\ntoken = random.choice(['the', 'a'])",
            "import random\nseed = random.random()",
        ),
    ),
    Rule(
        id="JG906",
        title="Draws numbers that can be predicted",
        why="The random module is made for simulations: from some of its numbers the rest can be computed.",
        instead="Fine for a sample or a game, and better with a seed; for anything secret use the secrets module.",
        calls=_DRAWS,
        unless_called=frozenset({"random.seed"}),
        unless_noted="harmless-random",
        severity=Severity.NOTE,
        bad=("import random\nwinner = random.choice(names)",),
        good=(
            "import random\nrandom.seed(7)\nx = random.random()",
            "import random\nrow = rows[random.randint(0, len(rows) - 1)]",
            "import random\nrandom.seed(7)\n# %%\nx = random.random()",
            "import secrets\nwinner = secrets.choice(names)",
        ),
    ),
    Rule(
        id="JG903",
        title="Makes a temporary file name that somebody else can take first",
        why="Between the name and the file, another program can put a file or a link there.",
        instead="Use tempfile.NamedTemporaryFile or tempfile.mkdtemp.",
        calls=frozenset({"tempfile.mktemp", "os.tempnam", "os.tmpnam"}),
        severity=Severity.LOW,
        bad=("import tempfile\np = tempfile.mktemp()",),
        good=("import tempfile\nd = tempfile.mkdtemp()",),
    ),
    Rule(
        id="JG904",
        title="Uses a cipher that is broken",
        why="What it hides can be read without the key.",
        instead="Use cryptography.fernet.Fernet, or AES in GCM mode.",
        observes=("weak-cipher",),
        calls=_WEAK_CIPHERS,
        severity=Severity.LOW,
        bad=(
            "from Crypto.Cipher import DES\nDES.new(key)",
            "from Crypto.Cipher import AES\nAES.new(key, AES.MODE_ECB)",
        ),
        good=("from cryptography.fernet import Fernet\nFernet(key)",),
    ),
    Rule(
        id="JG905",
        title="Encrypts with an initialisation vector that is always the same",
        why="Equal texts then look equal, and with a stream mode two of them give each other away.",
        instead="Take a new one for each text, os.urandom(16), and store it beside; or use Fernet.",
        observes=("static-iv",),
        severity=Severity.LOW,
        bad=("from Crypto.Cipher import AES\nAES.new(key, AES.MODE_CBC, b'0' * 16)",),
        good=("import os\nfrom Crypto.Cipher import AES\nAES.new(key, AES.MODE_CBC, os.urandom(16))",),
    ),
)
