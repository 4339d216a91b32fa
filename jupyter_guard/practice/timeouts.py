"""A call that waits for another machine -> whether it says for how long."""

from __future__ import annotations

import ast
from typing import Final

_VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "request")
# Full names -> the place of `timeout` among the arguments without names; -1 where it has none, or
# another one from Python 3.12 on.
# From the signatures in CPython 3.13, requests 2.32 and paramiko 3.5. httpx, aiohttp and urllib3's pools wait for some
# seconds or minutes by themselves, and are not among them.
_WAITS: Final = {
    **{f"requests.{verb}": -1 for verb in _VERBS},
    **{f"requests.Session.{verb}": -1 for verb in _VERBS},
    "paramiko.SSHClient.connect": 6,
}
# These wait as long as `socket.setdefaulttimeout` says where they do not say it themselves.
_SOCKETS: Final = {
    "urllib.request.urlopen": 2,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": -1,
    "smtplib.SMTP": 3,
    "smtplib.SMTP_SSL": -1,
    "ftplib.FTP": 4,
    "ftplib.FTP_TLS": -1,
    "imaplib.IMAP4": 2,
    "imaplib.IMAP4_SSL": -1,
    "poplib.POP3": 2,
    "poplib.POP3_SSL": -1,
    "telnetlib.Telnet": 2,
    "socket.create_connection": 1,
}
DEFAULT: Final = "setdefaulttimeout"


def waits_for_ever(via: str, call: ast.Call, has_default: bool) -> bool:
    """Whether a call of ``via`` waits until the other side answers; ``has_default``: sockets were given a limit."""
    place = _WAITS.get(via)
    if place is None:
        place = None if has_default else _SOCKETS.get(via)
    if place is None:
        return False
    if any(one.arg is None for one in call.keywords) or any(isinstance(one, ast.Starred) for one in call.args):
        # Nobody can tell what comes with them.
        return False
    given = next((one.value for one in call.keywords if one.arg == "timeout"), None)
    if given is None and 0 <= place < len(call.args):
        given = call.args[place]
    return given is None or (isinstance(given, ast.Constant) and given.value is None)
