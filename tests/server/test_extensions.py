"""Server extensions of a locked server: those that are known or named by its administrator, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_server.extension.manager import ExtensionManager
from jupyter_server.serverapp import ServerApp
from traitlets import Instance
from traitlets.config import Config

from jupyter_guard.hub.settings import arguments
from jupyter_guard.server.checking import _extensions
from jupyter_guard.server.lock import LockedKernelSpecManager, LockedMappingKernelManager

FOUND = {"jupyter_lsp": True, "jupyterlab": True, "jupyter_guard": True, "jupyter_server_terminals": True}


def server(found: dict[str, bool]) -> Any:
    """A server that has found its extensions, and loaded none yet."""
    app = ServerApp()
    app.extension_manager = ExtensionManager(serverapp=app)
    app.extension_manager.from_jpserver_extensions(found)
    return app


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ([], {"jupyterlab", "jupyter_guard", "jupyter_server_terminals"}),
        (["jupyter_lsp"], set(FOUND)),
        (["another"], {"jupyterlab", "jupyter_guard", "jupyter_server_terminals"}),
    ],
)
def test_what_is_not_known_is_not_loaded(named: list[str], left: set[str]) -> None:
    app = server(FOUND)
    app.config = Config({"LockedMappingKernelManager": {"server_extensions": named}})
    LockedMappingKernelManager(parent=app, kernel_spec_manager=LockedKernelSpecManager())
    assert set(app.extension_manager.extensions) == left
    assert set(app.extension_manager.sorted_extensions) == left


def test_one_that_is_off_is_nobodys_business() -> None:
    app = server({"jupyter_lsp": False})
    LockedMappingKernelManager(parent=app, kernel_spec_manager=LockedKernelSpecManager())
    assert list(app.extension_manager.extensions) == ["jupyter_lsp"]


def test_a_running_server_says_which_it_should_not_have() -> None:
    from jupyter_lsp.manager import LanguageServerManager

    app = server(FOUND)
    app.kernel_manager = LockedMappingKernelManager(kernel_spec_manager=LockedKernelSpecManager())
    app.add_traits(language_server_manager=Instance(LanguageServerManager))
    app.language_server_manager = LanguageServerManager(parent=app)
    found = {one.what: one for one in _extensions(app)}
    assert not found["ServerApp.jpserver_extensions"].holds
    assert found["ServerApp.jpserver_extensions"].found == "jupyter_lsp"
    assert not found["LanguageServerManager.autodetect"].holds
    app.kernel_manager.server_extensions = ["jupyter_lsp"]
    app.language_server_manager.autodetect = False
    assert all(one.holds for one in _extensions(app))


def test_language_servers_are_not_looked_for() -> None:
    # For the administrator who names jupyter_lsp: it would look in the working folder, which is a home.
    assert "--LanguageServerManager.autodetect=False" in arguments()
