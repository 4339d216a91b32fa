"""A user's servers -> their open notebooks, and the guarded kernel of the one that a client names."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote, urljoin

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from jupyter_guard.mcp.servers import Server

KERNEL_MODULE: Final = "jupyter_guard.kernel"
SECONDS: Final = 20.0
LISTED: Final = 20


class NotebookError(Exception):
    """No kernel can be run on; the text says which and what to do."""


class _Kernel(msgspec.Struct):
    id: str
    name: str = ""


class _Session(msgspec.Struct):
    kernel: _Kernel | None = None
    path: str = ""
    type: str = ""
    name: str = ""


class _Spec(msgspec.Struct, frozen=True):
    argv: list[str] = []


class _Named(msgspec.Struct, frozen=True):
    spec: _Spec = _Spec()


class _Specs(msgspec.Struct):
    kernelspecs: dict[str, _Named] = {}


class Notebook(msgspec.Struct, frozen=True):
    """An open notebook: its server, path there, kernel, and whether that is a guarded one by its kernel spec."""

    server: Server
    path: str
    kernel_id: str
    kernel_name: str
    is_guarded: bool


async def opened(servers: Sequence[Server]) -> tuple[list[Notebook], list[str]]:
    """Every notebook and console with a kernel on these servers, and in words which servers could not be asked."""
    found: list[Notebook] = []
    problems: list[str] = []
    for server in servers:
        try:
            sessions = msgspec.convert(await get(server, "api/sessions"), list[_Session])
            specs = msgspec.convert(await get(server, "api/kernelspecs"), _Specs).kernelspecs
        except (NotebookError, msgspec.ValidationError) as problem:
            problems.append(f"{server.url}: {problem}")
            continue
        guarded = {name for name, one in specs.items() if starts_guard(one.spec.argv)}
        found += [
            Notebook(server, one.path or one.name, one.kernel.id, one.kernel.name, one.kernel.name in guarded)
            for one in sessions
            if one.kernel is not None
        ]
    return found, problems


def starts_guard(argv: Sequence[str]) -> bool:
    """Whether the command of a kernel spec starts the guard's wrapper."""
    return any(flag == "-m" and module == KERNEL_MODULE for flag, module in pairwise(argv))


def chosen(found: Sequence[Notebook], notebook: str, kernel_id: str, problems: Sequence[str]) -> Notebook:
    """The open notebook that a client means: by its path, its kernel's id, or the only guarded one.

    Raises ``NotebookError``, also for one whose kernel is not guarded.
    """
    guarded = [one for one in found if one.is_guarded]
    if kernel_id:
        meant = [one for one in found if one.kernel_id == kernel_id]
        if not meant:
            raise NotebookError(
                f"There is no kernel {kernel_id!r} on your own Jupyter servers; kernels of others cannot be used. "
                + _listing(found, problems)
            )
        if notebook and not any(_is_meant(one, notebook) for one in meant):
            raise NotebookError(f"The kernel {kernel_id!r} is not that of {notebook!r}. {_listing(found, problems)}")
    elif notebook:
        meant = [one for one in found if one.path == notebook] or [one for one in found if _is_meant(one, notebook)]
        if not meant:
            near = get_close_matches(notebook, [one.path for one in found], 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise NotebookError(f"No notebook {notebook!r} is open.{hint} {_listing(found, problems)}")
    else:
        meant = guarded or list(found)
    if not meant:
        raise NotebookError(f"No notebook is open. {_listing(found, problems)}")
    # Two views of one notebook share its kernel.
    kernels = {(one.server.url, one.kernel_id): one for one in meant}
    if len(kernels) > 1:
        raise NotebookError(f"Several notebooks are meant; name one. {_listing(meant, problems)}")
    one = next(iter(kernels.values()))
    if not one.is_guarded:
        raise NotebookError(
            f"The kernel of {one.path!r} ({one.kernel_name}) is not guarded, so nothing is run on it. A person can "
            "switch the notebook to the kernel Guarded Python, or put the guard around this one: "
            f"jupyter guard install --wrap {one.kernel_name}."
        )
    return one


def _is_meant(one: Notebook, notebook: str) -> bool:
    if one.path == notebook or PurePosixPath(one.path).name == notebook:
        return True
    return bool(one.server.root) and str(PurePosixPath(one.server.root) / one.path) == notebook


def _listing(found: Sequence[Notebook], problems: Sequence[str]) -> str:
    names = [f"{one.path!r} ({'guarded' if one.is_guarded else 'not guarded'})" for one in found[:LISTED]]
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    said = f"Open: {', '.join(names)}{more}." if names else "A person opens one in JupyterLab, with a guarded kernel."
    return " ".join([said, *(f"Left out: {problem}." for problem in problems)])


async def get(server: Server, path: str) -> Any:
    """What a server answers to ``GET``, from JSON. Raises ``NotebookError``."""
    request = HTTPRequest(
        urljoin(server.url, path), headers=headers(server), request_timeout=SECONDS, follow_redirects=False
    )
    try:
        answer = await AsyncHTTPClient().fetch(request)
        return msgspec.json.decode(answer.body)
    except HTTPClientError as error:
        if error.code in (401, 403, 302):
            raise NotebookError("the server does not accept your token") from error
        raise NotebookError(f"the server answers {error.code} {error.message}") from error
    except ssl.SSLError as error:
        raise NotebookError(
            f"its certificate is not trusted here ({error.reason}); SSL_CERT_FILE can name it"
        ) from error
    except OSError as error:
        raise NotebookError(f"it does not answer ({error})") from error
    except msgspec.MsgspecError as error:
        raise NotebookError(f"what answers there is no Jupyter server ({error})") from error


def headers(server: Server) -> dict[str, str]:
    """What makes a request this user's."""
    return {"Authorization": f"token {server.token}"}


def channels(notebook: Notebook, session: str) -> str:
    """The address of the websocket to a notebook's kernel."""
    address = urljoin(notebook.server.url, f"api/kernels/{quote(notebook.kernel_id, safe='')}/channels")
    return "ws" + address.removeprefix("http") + f"?session_id={quote(session, safe='')}"
