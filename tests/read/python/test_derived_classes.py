"""A class of the session that is handed over is what the library classes are that it is built on."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.session import Session

LOADERS = [
    ("class Settings(yaml.SafeLoader):\n    pass", False),
    ("from yaml import CSafeLoader\nclass Settings(CSafeLoader):\n    pass", False),
    ("class Ours(yaml.BaseLoader):\n    pass\nclass Settings(Ours):\n    pass", False),
    ("class Unique:\n    pass\nclass Settings(Unique, yaml.SafeLoader):\n    pass", False),
    ("class Settings(yaml.Loader):\n    pass", True),
    ("class Settings(yaml.SafeLoader, yaml.constructor.UnsafeConstructor):\n    pass", True),
    ("class SafeSettings(yaml.UnsafeLoader):\n    pass", True),
    ("class Settings:\n    pass", True),
]


@pytest.mark.parametrize(("written", "found"), LOADERS)
@pytest.mark.parametrize("call", ["yaml.load(text, Loader={})", "yaml.load_all(text, {})"])
def test_a_loader_is_as_safe_as_what_it_is_built_on(written: str, found: bool, call: str) -> None:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    name = "SafeSettings" if "SafeSettings" in written else "Settings"
    session.vet(f"import yaml\n{written}")
    assert ("JG112" in {one.rule for one in session.vet(f"data = {call.format(name)}").findings}) is found
