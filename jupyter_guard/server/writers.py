"""A notebook that a program saves through the server -> the cells that it changed, marked as an assistant's.

The mark is a stored claim in the cell's metadata: it can only raise, it holds wherever the notebook is opened, and a
person who types the cell anew replaces it. Pages save through the same API: what tells them apart is what browsers say
of themselves with each request. A program can say so too, and is then what it was before: imported code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_guard.origin import code_hash
from jupyter_guard.origin.claim import METADATA_KEY

# https://developer.mozilla.org/en-US/docs/Glossary/Forbidden_request_header: no page can set or leave out these.
# Browsers send the first wherever a page's address is trustworthy (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site,
# https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy), but Chromium (156) not as it opens a websocket; from
# elsewhere they send only the others.
FETCH = "Sec-Fetch-Site"
ADDRESSES = ("Origin", "Referer")
SAVES = frozenset({"PUT", "POST", "PATCH"})


def is_saved_by_program(request: Any) -> bool:
    """Whether a save is a program's; ``request`` is the HTTP request that it belongs to, ``None`` for none.

    What extensions of the server save by themselves is mostly a shared document, in which people and programs wrote
    together: who wrote what there, the page knows from the document itself.
    """
    if request is None or request.method not in SAVES or "/api/contents" not in request.path:
        return False
    return not is_from_page(request)


def is_from_page(request: Any) -> bool:
    """Whether an HTTP request says of itself what a browser says of each of a page's.

    An address alone is nothing of a browser's: clients of websockets send an ``Origin`` unasked (websocket-client
    does).
    """
    headers = request.headers
    if headers.get(FETCH):
        return True
    address = next((one for name in ADDRESSES if (one := headers.get(name))), "")
    # https://www.rfc-editor.org/rfc/rfc9110#name-user-agent; every browser's begins so, no client library's does.
    if not address or not headers.get("User-Agent", "").startswith("Mozilla/5.0 ("):
        return False
    return headers.get("Upgrade", "").lower() == "websocket" or not _is_trustworthy(address)


def _is_trustworthy(address: str) -> bool:
    """Whether a page at an address is in a secure context, and so tells where its requests come from."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return True
    if parts.scheme in ("https", "wss") or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def current_request() -> Any:
    """The HTTP request that is being answered, or ``None``."""
    from jupyter_server.base.call_context import CallContext

    try:
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    except LookupError:
        return None
    return getattr(handler, "request", None)


def mark_changed(content: Mapping[str, Any], before: Mapping[str, Any] | None) -> int:
    """Mark, in place, each code cell of ``content`` whose text no code cell of ``before`` has; how many they are."""
    known = texts_of(before or {})
    marked = 0
    for cell in _code_cells(content):
        source = _source(cell)
        metadata = cell.get("metadata")
        if not source.strip() or source in known or not isinstance(metadata, dict):
            continue
        metadata[METADATA_KEY] = claimed(metadata.get(METADATA_KEY), source)
        marked += 1
    return marked


def claimed(own: Any, source: str) -> dict[str, Any]:
    """The guard's part of a cell's metadata, ``own``, with the claim that an assistant wrote ``source``."""
    origin = {"author": "assistant", "sha256": code_hash(source), "started_by": "server"}
    return {**(own if isinstance(own, dict) else {}), "origin": origin}


def texts_of(content: Mapping[str, Any]) -> frozenset[str]:
    """The texts of a notebook's code cells."""
    return frozenset(_source(cell) for cell in _code_cells(content))


def notebook_at(path: Path) -> dict[str, Any] | None:
    """The notebook that is in a file, or ``None`` for a file that is not there or holds none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _code_cells(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    cells = content.get("cells")
    found = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return [cell for cell in found if cell.get("cell_type") == "code"]


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source")
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")
