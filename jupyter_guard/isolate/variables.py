"""An environment and a policy's ``isolation.env`` -> the variables that a kernel in a box receives.

Imports nothing: the start of a kernel waits for it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVERYTHING = "*"
# What programs need to run and to speak the user's language; none says who the user is to anybody else.
HARMLESS = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "COLUMNS", "LINES", "PWD",
    "MPLBACKEND", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VIRTUAL_ENV", "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV", "PYTHONPATH", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8", "IPYTHONDIR",
    "MPLCONFIGDIR", "XDG_CACHE_HOME", "JUPYTER_GUARD_KERNEL", "JPY_SESSION_NAME", "PYDEVD_DISABLE_FILE_VALIDATION",
)  # fmt: skip
# Jupyter's own, which no grant gives away; and the parent's number means somebody else in another process namespace.
NEVER = ("JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_PARENT_PID", "JPY_INTERRUPT_EVENT")
# Words of a name that say that its value lets somebody in.
_SECRET = frozenset(
    ("TOKEN", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "KEY", "APIKEY", "CREDENTIAL",
     "CREDENTIALS", "AUTH", "PAT", "DSN", "COOKIE", "PRIVATE")
)  # fmt: skip
# Addresses of databases and brokers carry a password more often than not.
_ENDS = ("DATABASE_URL", "DATABASE_URI", "DB_URL", "DB_URI", "REDIS_URL", "MONGO_URL", "MONGODB_URI", "AMQP_URL",
         "BROKER_URL", "POSTGRES_URL", "MYSQL_URL", "CONNECTION_STRING", "WEBHOOK_URL", "AUTH_SOCK")  # fmt: skip


def is_credential(name: str) -> bool:
    """Whether a variable's name says that it holds a secret; ``"*"`` does not grant it, its own name does.

    >>> is_credential("AWS_SECRET_ACCESS_KEY"), is_credential("HF_TOKEN"), is_credential("PGPASSWORD")
    (True, True, True)
    >>> is_credential("KEYBOARD"), is_credential("TOKENIZERS_PARALLELISM"), is_credential("AWS_PROFILE")
    (False, False, False)
    """
    upper = name.upper()
    if upper in HARMLESS or upper == "OLDPWD":
        return False
    return (
        not _SECRET.isdisjoint(upper.split("_"))
        or upper.endswith(("PASSWORD", "PASSWD", "TOKEN", "SECRET", "APIKEY"))
        or upper.endswith(_ENDS)
    )


def has_password(value: str) -> bool:
    """Whether there is an address in it with a password: whatever such a variable is called, ``"*"`` does not grant it.

    >>> has_password("redis://:hidden@host/0"), has_password("a=1;amqp://me:hidden@host")
    (True, True)
    >>> has_password("https://host:443/@me"), has_password("ssh://git@host/a:b"), has_password("https://me:@host")
    (False, False, False)
    """
    for part in value.split("://")[1:]:
        before, at, _ = part.split(maxsplit=1)[0].partition("@") if part.strip() else ("", "", "")
        _, colon, password = before.partition(":")
        if at and colon and password and "/" not in before:
            return True
    return False


def granted(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that reach a kernel: harmless ones, those that are named, and with ``"*"`` all but credentials."""
    named = set(names)
    everything = EVERYTHING in named
    return {
        name: value
        for name, value in environment.items()
        if name not in NEVER
        and (
            name in named
            or name in HARMLESS
            or name.startswith("LC_")
            or (everything and not is_credential(name) and not has_password(value))
        )
    }


def withheld(given: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """Names of variables that a kernel lacks and that a grant would give it."""
    return sorted(name for name in environment if name not in given and name not in NEVER and name.isidentifier())
