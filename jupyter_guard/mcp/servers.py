"""Jupyter's own runtime files -> this user's running servers, with the token of each.

https://github.com/jupyter-server/jupyter_server/blob/main/jupyter_server/serverapp.py: ``write_server_info_file``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

PATTERN: Final = "jpserver-*.json"
TOKEN_VARIABLE: Final = "JUPYTER_TOKEN"  # noqa: S105 - its name
EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what a server says that listens everywhere


class Server(msgspec.Struct, frozen=True):
    """Where a server answers (``url`` ends in a slash), the user's token for it, and its folder, where it is known."""

    url: str
    token: str
    root: str = ""

    def __repr__(self) -> str:
        return f"Server({self.url!r})"


class _Info(msgspec.Struct):
    """What is used of such a file."""

    url: str
    token: str = ""
    pid: int = 0
    root_dir: str = ""
    sock: str = ""
    hostname: str = ""
    password: bool = False


class ServerError(ValueError):
    """A server that was named cannot be used; the text says why."""


def running(folder: Path) -> tuple[list[Server], list[str]]:
    """The user's running servers by the files in Jupyter's runtime ``folder``, and why others are left out, in words.

    A file or a process of another account is never used: it would be handed this user's code.
    """
    found: list[Server] = []
    left_out: list[str] = []
    for file in sorted(folder.glob(PATTERN)):
        try:
            server = _read(file)
        except ServerError as problem:
            left_out.append(f"{file.name}: {problem}")
        else:
            if server is not None:
                found.append(server)
    return found, left_out


def named(url: str, env: Mapping[str, str]) -> Server:
    """The server at ``url``, with the token that the environment has for it. Raises ``ServerError``."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ServerError(f"{url!r} is no address of a Jupyter server, such as http://127.0.0.1:8888/")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ServerError(f"{url} would get the token over plain http from another machine; use https")
    if parts.query or parts.username:
        raise ServerError(f"an address has no token in it; put it into {TOKEN_VARIABLE}")
    token = env.get(TOKEN_VARIABLE) or env.get("JUPYTERHUB_API_TOKEN") or ""
    if not token:
        raise ServerError(f"{TOKEN_VARIABLE} is not set: the server at {url} asks for your token")
    return Server(url if url.endswith("/") else f"{url}/", token)


def _read(file: Path) -> Server | None:
    """The server of a file, or ``None`` for one that has ended. Raises ``ServerError``."""
    try:
        status = file.lstat()
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            raise ServerError("it belongs to another account")
        info = msgspec.json.decode(file.read_bytes(), type=_Info)
    except OSError as error:
        raise ServerError(f"it cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise ServerError(f"it is not what a server writes ({error})") from error
    if not _is_ours(info.pid):
        return None
    if info.sock or not info.url.startswith(("http://", "https://")):
        raise ServerError("the server listens on a unix socket, which is not supported here")
    if not info.token:
        raise ServerError("the server has no token; start it with one, or name it with --server")
    return Server(_reachable(info), info.token, info.root_dir)


def _reachable(info: _Info) -> str:
    parts = urlsplit(info.url if info.url.endswith("/") else f"{info.url}/")
    if info.hostname in EVERYWHERE and parts.scheme == "http":
        # What it says of itself is a name for other machines: the token would leave this one.
        parts = parts._replace(netloc=f"127.0.0.1:{parts.port}")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ServerError("it answers by plain http on another interface, which would get the token in the clear")
    return urlunsplit(parts)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_ours(pid: int) -> bool:
    """Whether a process runs and is this user's; a number may have become another's since."""
    if pid <= 0:
        return False
    if os.name == "nt":
        # Not tested: no Windows machine was at hand. Jupyter's runtime folder is the user's own there.
        return True
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except OSError:
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
