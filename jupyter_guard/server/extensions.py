"""The extensions that a locked server found -> those that it loads: what is known to start no program of a user's.

An extension runs in the server, outside every kernel. jupyter_lsp starts ``node_modules/.../index.js`` of the folder
that the server works in, which is a user's home; an extension for git runs the hooks of his repositories.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# By top-level package. jupyter_server_terminals serves nothing while ServerApp.terminals_enabled is False.
KNOWN = frozenset(
    {
        "jupyter_collaboration",
        "jupyter_guard",
        "jupyter_resource_usage",
        "jupyter_server_fileid",
        "jupyter_server_terminals",
        "jupyter_server_ydoc",
        "jupyterhub",
        "jupyterlab",
        "nbclassic",
        "notebook",
        "notebook_shim",
    }
)
TRAIT = "LockedMappingKernelManager.server_extensions"


def unknown(server_app: Any, more: Iterable[str]) -> list[str]:
    """The names of the enabled extensions that are neither known nor in ``more``, the administrator's."""
    manager = getattr(server_app, "extension_manager", None)
    allowed = KNOWN | {one.partition(".")[0] for one in more}
    found = manager.extensions.items() if manager is not None else ()
    return sorted(name for name, one in found if one.enabled and name.partition(".")[0] not in allowed)


def leave_out(server_app: Any, more: Iterable[str]) -> list[str]:
    """Have the server load no unknown extension; to be called before it loads any. The names of those left out."""
    names = unknown(server_app, more)
    for name in names:
        del server_app.extension_manager.extensions[name]
    return names
