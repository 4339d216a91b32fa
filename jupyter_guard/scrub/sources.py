"""Where credentials are kept (environment, files of tools) -> the values, with names and kinds.

Every function takes the environment and the home directory that it is to read. What cannot be read, or is no ordinary
file, is noted by name and passed over.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.scrub.known import Skipped

LARGEST_FILE = 1 << 20
"""Credential files are small; larger ones are noted and not read."""

_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:TOKEN|KEY|APIKEY|SECRETS?|PASSWORD|PASSWD|PASS|PASSPHRASE|PWD|PW|CREDENTIALS?|AUTH|PAT|DSN|SAS|COOKIE|JWT)S?(?:[_-]|$)"
    r"|SECRET|PASSWORD|PASSWD|TOKEN|API[_-]?KEY|ACCESS[_-]?KEY|ACCOUNT[_-]?KEY|PRIVATE[_-]?KEY|CREDENTIAL|CONNECTION[_-]?STRING",
    re.IGNORECASE,
)
_NO_SECRET_NAME = re.compile(
    r"^(?:PWD|OLDPWD|SSH_AUTH_SOCK|XAUTHORITY|JPY_PARENT_PID|GPG_KEY|APT_KEY.*)$"
    r"|[_-](?:FILE|PATH|DIR|ID|NAME|URL|USER|USERNAME|TYPE|TTL|LEN|LENGTH|HOST|PORT|REGION|ENDPOINT|EXPIRES.*|EXPIRY)$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"://[^\s:/@]*:([^\s/@]+)@")


class Secret(msgspec.Struct, frozen=True):
    """A value, the name that it has where it was found, and the kind that markers show."""

    value: str
    name: str
    kind: str


Note = Callable[[Skipped], None]
Reader = Callable[[str], Iterator[tuple[str, str]]]


def read_sources(names: Iterable[str], env: Mapping[str, str], home: Path, note: Note) -> Iterator[Secret]:
    """The secrets in the sources of these ``names``; ``note`` is told what could not be read, and of unknown names."""
    for name in names:
        if name == "env":
            yield from from_environment(env)
        elif name in SOURCES:
            places, reader = SOURCES[name]
            for place in places(env, home):
                text = _text(place, note)
                if text is None:
                    continue
                try:
                    found = list(reader(text))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    note(Skipped(str(place), "not in the form that was expected", unread=True))
                    continue
                for field, value in found:
                    yield Secret(value, f"{place.name}: {field}", f"{name}-credential")
        else:
            note(Skipped(name, "no such source of secrets"))


def from_environment(env: Mapping[str, str]) -> Iterator[Secret]:
    """Variables whose names say that they are secret, and passwords inside URLs."""
    for name, value in env.items():
        if is_secret_name(name):
            yield Secret(value, name, "environment")
        for password in _URL_PASSWORD.findall(value):
            yield Secret(password, name, "environment")


def from_file(path: str, text: str) -> Iterator[Secret]:
    """What a file of keys or credentials holds, by what it is called and how it looks: it may lie anywhere."""
    name = re.split(r"[/\\]", path)[-1]
    low = name.lower()
    reader: Reader = _assignments
    if low.endswith("netrc"):
        reader = _netrc
    elif low.endswith("pgpass"):
        reader = _pgpass
    elif low.endswith("npmrc"):
        reader = _npmrc
    elif low.endswith((".yaml", ".yml")) or low == "kubeconfig":
        reader = _yaml_values
    elif text.lstrip().startswith("{"):
        reader = _gcp_values
    found: list[tuple[str, str]] = []
    for read in (_pem, reader, *((_aws, _url_lines) if reader is _assignments else ())):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found += read(text)
    for field, value in found:
        yield Secret(value, f"{name}: {field}", "private-key" if field == "private key" else "credential-file")


def is_secret_name(name: str) -> bool:
    """Whether a variable or setting of this name holds a secret."""
    return bool(_SECRET_NAME.search(name)) and not _NO_SECRET_NAME.search(name)


def _text(path: Path, note: Note) -> str | None:
    """A file's text; ``None``, with a note unless it does not exist, when it is not an ordinary small readable file."""
    try:
        # Opening a named pipe waits for whoever writes to it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                note(Skipped(str(path), f"{_called(mode)}, not a file", unread=True))
                return None
            with open(handle, "rb", closefd=False) as file:
                data = file.read(LARGEST_FILE + 1)
        finally:
            os.close(handle)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as problem:
        said = getattr(problem, "strerror", None) or type(problem).__name__
        note(Skipped(str(path), f"not readable ({said})", unread=True))
        return None
    if len(data) > LARGEST_FILE:
        note(Skipped(str(path), f"larger than {LARGEST_FILE >> 20} MiB", unread=True))
        return None
    return data.decode("utf-8", "backslashreplace")


def _called(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for is_one, name in kinds if is_one(mode)), "a device")


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """``NAME=value`` lines as shells, `.env` and INI files have them, where the name says that the value is secret."""
    for match in re.finditer(
        r"""^[ \t]*(?:export[ \t]+)?([\w./:@-]+)[ \t]*[=:][ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[^\n#]*)""",
        text,
        re.MULTILINE,
    ):
        name, value = match[1], match[2].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
            if match[2].startswith('"'):
                value = value.replace("\\n", "\n").replace('\\"', '"')
        if is_secret_name(name):
            yield name, value
        for password in _URL_PASSWORD.findall(value):
            yield name, password


def _aws(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(
        r"^\s*(aws_secret_access_key|aws_session_token|aws_access_key_id)\s*=\s*(\S+)", text, re.MULTILINE
    ):
        yield match[1], match[2]


def _netrc(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"\b(password|account)\s+(\"[^\"]*\"|\S+)", text):
        yield match[1], match[2].strip('"')


def _pgpass(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        fields = re.split(r"(?<!\\):", line.strip())
        if len(fields) == 5 and not line.startswith("#"):
            yield "password", fields[4].replace("\\:", ":").replace("\\\\", "\\")


def _npmrc(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"(?:^|:)(_authToken|_auth|_password)\s*=\s*[\"']?([^\s\"']+)", text, re.MULTILINE):
        yield match[1], match[2]
        if match[1] != "_authToken":
            yield from _basic(match[1], match[2])


def _basic(name: str, encoded: str) -> Iterator[tuple[str, str]]:
    """``user:password`` or a password in base64."""
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return
    yield name, decoded.partition(":")[2] or decoded


def _url_lines(text: str) -> Iterator[tuple[str, str]]:
    for password in _URL_PASSWORD.findall(text):
        from urllib.parse import unquote

        yield "password", password
        if "%" in password:
            yield "password", unquote(password)


def _index_settings(text: str) -> Iterator[tuple[str, str]]:
    yield from _url_lines(text)
    yield from _assignments(text)


def _whole(text: str) -> Iterator[tuple[str, str]]:
    yield "token", text.strip()


def _json_values(text: str) -> Iterator[tuple[str, str]]:
    yield from _named_values(json.loads(text), "")


def _named_values(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _named_values(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _named_values(item, name)
    elif isinstance(value, str) and (is_secret_name(name) or name in ("key", "secret", "auth")):
        yield name, value
        if name == "auth":
            yield from _basic(name, value)


def _yaml_lines(text: str) -> Iterator[tuple[str, str]]:
    """Values of a kube config and the like, without reading YAML: a secret name, a colon, a scalar."""
    for match in re.finditer(r"^[ \t-]*([\w-]+):[ \t]*[\"']?([^\s\"'#][^\n\"']*)", text, re.MULTILINE):
        name, value = match[1], match[2].strip()
        if name in (
            "token",
            "password",
            "client-key-data",
            "id-token",
            "refresh-token",
            "access-token",
            "client-secret",
        ):
            yield name, value
            if name == "client-key-data":
                yield from _basic(name, value)


def _yaml_values(text: str) -> Iterator[tuple[str, str]]:
    yield from _yaml_lines(text)
    yield from _assignments(re.sub(r"^[ \t]*-[ \t]+|^[ \t]+", "", text, flags=re.MULTILINE))


def _pem(text: str) -> Iterator[tuple[str, str]]:
    """The bodies of private keys, header and footer apart."""
    for match in re.finditer(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----\s+(.*?)\s*-----END", text, re.DOTALL):
        yield "private key", match[1]


def _at(*names: str) -> Callable[[Mapping[str, str], Path], Iterable[Path]]:
    """Where files are that usually are at these ``names``, and where variables say that they are."""

    def places(env: Mapping[str, str], home: Path) -> Iterable[Path]:
        # The wrapper asks for names only, and is spared what the package imports.
        from jupyter_guard.knowledge.moved import moved

        elsewhere = [Path(one) for name in names for one in moved(name, env, str(home))]
        return dict.fromkeys((*elsewhere, *(home / name for name in names)))

    return places


def _dotenv(env: Mapping[str, str], home: Path) -> Iterable[Path]:
    # A kernel runs in its notebook's folder, and its PWD is where the server was started; libraries look from either.
    heres = [Path(env["PWD"])] if env.get("PWD") else []
    with contextlib.suppress(OSError):
        heres.append(Path.cwd())
    folders = [home, *(folder for here in heres for folder in (here, *list(here.parents)[:3]))]
    return dict.fromkeys(folder / name for folder in folders for name in (".env", ".env.local", ".envrc"))


def _ssh(_env: Mapping[str, str], home: Path) -> Iterable[Path]:
    try:
        return [
            path for path in sorted((home / ".ssh").iterdir()) if path.suffix != ".pub" and path.name.startswith("id")
        ]
    except OSError:
        return []


def _gcp_values(text: str) -> Iterator[tuple[str, str]]:
    if text.lstrip().startswith("{"):
        for name, value in _json_values(text):
            yield name, value
            if name == "private_key":
                yield from _pem(value)
    else:
        yield from _assignments(text)


SOURCES: dict[str, tuple[Callable[[Mapping[str, str], Path], Iterable[Path]], Reader]] = {
    "dotenv": (_dotenv, _assignments),
    "aws": (_at(".aws/credentials", ".aws/config"), _aws),
    "netrc": (_at(".netrc", "_netrc"), _netrc),
    "pgpass": (_at(".pgpass"), _pgpass),
    "pip": (
        _at(".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml"),
        _index_settings,
    ),
    "npm": (_at(".npmrc"), _npmrc),
    "pypi": (_at(".pypirc"), _assignments),
    "git": (_at(".git-credentials", ".config/git/credentials"), _url_lines),
    "huggingface": (_at(".cache/huggingface/token", ".cache/huggingface/stored_tokens", ".huggingface/token"), _whole),
    "kaggle": (_at(".kaggle/kaggle.json", ".config/kaggle/kaggle.json"), _json_values),
    "docker": (_at(".docker/config.json", ".config/containers/auth.json"), _json_values),
    "kube": (_at(".kube/config"), _yaml_lines),
    "gcp": (_at(".config/gcloud/application_default_credentials.json", ".boto"), _gcp_values),
    "azure": (
        _at(
            ".azure/accessTokens.json",
            ".azure/msal_token_cache.json",
            ".azure/service_principal_entries.json",
            ".azure/servicePrincipalProfile.json",
        ),
        _json_values,
    ),
    "databricks": (_at(".databrickscfg"), _assignments),
    "snowflake": (_at(".snowflake/connections.toml", ".snowflake/config.toml", ".snowsql/config"), _assignments),
    "ssh": (_ssh, _pem),
    "mysql": (_at(".my.cnf"), _assignments),
    "cargo": (_at(".cargo/credentials.toml", ".cargo/credentials"), _assignments),
    "gh": (
        _at(".config/gh/hosts.yml"),
        lambda text: ((m[1], m[2]) for m in re.finditer(r"(oauth_token):\s*(\S+)", text)),
    ),
    "wandb": (_at(".config/wandb/settings"), _assignments),
}
"""By the names that a policy's ``known_from`` may have, besides ``env``: which files, and how to read them."""
