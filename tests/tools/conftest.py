"""A made-up shop's tools outside of the workspace, and policies that approve them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_guard.policy import Policy
from jupyter_guard.tools import Registry, registry

SHOP = Path(__file__).with_name("shop.py")
# Nothing is granted to code; what a tool may reach it is granted by its own table.
NOTHING = """version = 1
[tools]
sources = ["shop.py"]
[isolation]
read = []
write = []
hosts = []
env = []
"""


class Shop:
    """``policy`` names ``shop.py`` beside it; ``work`` is the workspace, with an export in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder / "policy", folder / "work"
        self.folder.mkdir()
        (self.work / "exports").mkdir(parents=True)
        (self.work / "exports" / "a.csv").write_text("1")
        shutil.copy(SHOP, self.folder / "shop.py")

    def policy(self, more: str = "", start: str = NOTHING) -> Policy:
        """The policy with ``more`` in it."""
        path = self.folder / "policy.toml"
        path.write_text(start + more)
        return Policy.load(path)

    def tools(self, more: str = "", start: str = NOTHING) -> Registry:
        """The approved tools under it."""
        return registry(self.policy(more, start), self.work)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """Calls a tool of a shop by its name; nothing is granted, and nothing left behind."""
    tools = Shop(tmp_path_factory.mktemp("shop")).tools()
    return lambda name, **arguments: tools[name].call(arguments, approve=lambda _: True)
