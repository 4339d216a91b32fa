"""Where tools come from: files of the policy's, entry points of installed packages, and nothing that cells can write."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_guard.policy import Policy
from jupyter_guard.tools import registry

from .conftest import NOTHING, Shop

ONE = 'import jupyter_guard as guard\n\n@guard.tool\ndef {name}() -> str:\n    """Says where it is from."""\n    return "{says}"\n'


def installed(folder: Path, name: str, value: str) -> Path:
    """A package with an entry point, as an installer leaves it."""
    (folder / "acme").mkdir(parents=True)
    (folder / "acme" / "__init__.py").write_text("")
    (folder / "acme" / "tools.py").write_text(ONE.format(name="packaged", says="acme"))
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[jupyter_guard.tools]\n{name} = {value}\n")
    return folder


def test_a_file_lies_beside_the_policy_that_names_it(shop: Shop) -> None:
    shop.policy(start=NOTHING.replace('"shop.py"', '"more/tools.py"'))
    (shop.folder / "more").mkdir()
    (shop.folder / "more" / "tools.py").write_text(ONE.format(name="beside", says="here"))
    tools = shop.tools(start=NOTHING.replace('"shop.py"', '"more/tools.py"'))
    assert list(tools) == ["beside"], tools.problems
    assert tools["beside"].call({}) == "here"


@pytest.mark.parametrize("named", ["acme-tools", "*"])
def test_an_installed_package_is_approved_by_name_or_with_all(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    place = installed(tmp_path / "site", "acme-tools", "acme.tools")
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.setattr(sys, "path", [*sys.path, str(place)])
    start = NOTHING.replace('"shop.py"', f'"{named}"').replace("env = []", 'env = ["PYTHONPATH"]')
    tools = shop.tools(start=start)
    assert tools["packaged"].call({}) == "acme"
    # Nothing of it was loaded here.
    assert "acme" not in sys.modules


def test_what_lies_in_the_workspace_is_no_installed_package(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    place = installed(shop.work / "here", "acme-tools", "acme.tools").parent
    for one in (shop.work / "here").iterdir():
        one.rename(place / one.name)
    monkeypatch.chdir(shop.work)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    tools = shop.tools(start=NOTHING.replace('"shop.py"', '"acme-tools"'))
    assert not tools
    assert "no installed package has an entry point 'acme-tools' in jupyter_guard.tools" in tools.problems[0]


def test_only_what_is_approved_is_there(shop: Shop) -> None:
    tools = shop.tools("", NOTHING.replace("[isolation]", 'approved = ["refund", "refnd"]\n[isolation]'))
    assert list(tools) == ["refund"]
    assert tools.problems == ("tools.approved: no source has a tool 'refnd'",)


def test_a_file_that_cells_can_write_is_not_approved(shop: Shop) -> None:
    (shop.work / "mine.py").write_text(ONE.format(name="mine", says="an assistant"))
    start = NOTHING.replace('"shop.py"', f'"{shop.work}/mine.py"')
    assert list(shop.tools(start=start)) == ["mine"]
    tools = shop.tools(start=start.replace("write = []", 'write = ["."]'))
    assert not tools
    assert "is not approved: cells can write" in tools.problems[0]
    assert "outside of what isolation.write grants" in tools.problems[0]


def test_two_tools_of_one_name_are_neither_approved(shop: Shop) -> None:
    (shop.folder / "other.py").write_text(ONE.format(name="refund", says="other"))
    tools = shop.tools(start=NOTHING.replace('"shop.py"', '"shop.py", "other.py"'))
    assert "refund" not in tools
    assert "find_orders" in tools
    assert tools.problems == ("two sources have a tool 'refund', so neither is approved",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("this is no Python\n", "SyntaxError"),
        ("x = 1\n", "there is no @guard.tool in"),
        ("import os\nos._exit(4)\n", "its process ended with exit status 4"),
        (
            "import jupyter_guard as guard\n\n@guard.tool\ndef f(a): ...\n",
            "the parameter 'a' of the tool 'f' has no type",
        ),
        ("raise SystemExit\n", "SystemExit"),
    ],
)
def test_a_file_that_is_no_source_says_why(shop: Shop, text: str, why: str) -> None:
    (shop.folder / "shop.py").write_text(text)
    tools = shop.tools()
    assert not tools
    assert why in tools.problems[0]


def test_a_file_that_never_loads(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_guard.tools.approved.SECONDS_TO_DESCRIBE", 4)
    (shop.folder / "shop.py").write_text("import time\ntime.sleep(1000)\n")
    (shop.folder / "other.py").write_text(ONE.format(name="other", says="x"))
    tools = shop.tools(start=NOTHING.replace('"shop.py"', '"shop.py", "other.py"'))
    assert "it took longer than 4 seconds to load, and was ended" in tools.problems[0]
    assert "shop.py gives no tools" in tools.problems[0]


def test_a_file_that_is_not_there(shop: Shop) -> None:
    tools = shop.tools(start=NOTHING.replace('"shop.py"', '"none.py"'))
    assert tools.problems[0].endswith("none.py cannot be read: No such file or directory")


def test_what_is_described_is_what_runs(shop: Shop) -> None:
    (shop.folder / "shop.py").write_text(ONE.format(name="one", says="as described"))
    policy = shop.policy()
    tools = registry(policy, shop.work)
    (shop.folder / "shop.py").write_text(ONE.format(name="one", says="changed"))
    assert tools["one"].call({}) == "as described"
    # And whoever looks again sees the new one.
    assert registry(policy, shop.work)["one"].call({}) == "changed"


def test_no_source_is_looked_at_where_none_is_named(shop: Shop) -> None:
    assert not registry(Policy.preset("locked"), shop.work)
