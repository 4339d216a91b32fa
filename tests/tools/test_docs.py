"""The blocks of docs/tools.md and docs/team-lead.md, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.context import describe
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Origin
from jupyter_guard.tools.sources import GROUP
from tests.kernel.front import Front

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> dict[str, str]:
    """The marked ones: each stands behind ``<!-- name -->``."""
    found = re.findall(r"<!-- ([\w.-]+) -->\n```\w+\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Path, Path]]:
    """A home with the page's tools and policy, and a workspace with the shop in it."""
    root = Path(tempfile.mkdtemp(prefix="front-"))
    home, work = root / "home", root / "work"
    (home / ".jupyter").mkdir(parents=True)
    page = blocks("tools.md")
    for name in ("tools.py", "jupyter_guard.toml"):
        (home / ".jupyter" / name).write_text(page[name])
    for name in ("notes", "exports"):
        (work / name).mkdir(parents=True)
    for month in ("2026-01", "2026-02"):
        (work / "exports" / f"{month}.csv").write_text("id\n")
    with sqlite3.connect(work / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER, customer TEXT, item TEXT)")
        database.execute("CREATE TABLE refunds (id INTEGER, amount REAL, reason TEXT)")
        database.execute("INSERT INTO orders VALUES (7, 'Ada', 'teapot')")
    yield home, work
    shutil.rmtree(root)


@pytest.mark.kernel
def test_the_how_to(place: tuple[Path, Path]) -> None:
    home, work = place
    page = blocks("tools.md")
    (work / "exports" / "2026-01.csv").write_text("id\n")
    with sqlite3.connect(work / "shop.db") as database:
        database.execute("DELETE FROM refunds")
    with Front(work, policy="", home=home) as front:
        refused = front.assistant(page["refused"])
        what, instead = page["told"].strip().splitlines()
        shown = "".join(one["content"]["data"]["text/plain"] for one in refused.of("display_data"))
        words = " ".join(shown.split())
        assert what in words
        assert instead in words
        assert (work / "exports" / "2026-01.csv").exists()
        run = front.assistant(page["call"], "n")
        assert run.status == "ok", run.error
        assert run.text == "7 teapot\n['2026-01.csv']\n"
        assert not run.questions
        asked = front.assistant("tools.refund(order=7, amount=1.0, reason='damaged')", "n")
        assert len(asked.questions) == 1
        assert front.run("help(tools.refund)").status == "ok"
    with sqlite3.connect(work / "shop.db") as database:
        assert database.execute("SELECT * FROM refunds").fetchall() == [(7, 20.0, "late")]


def test_the_same_call_in_a_script(place: tuple[Path, Path]) -> None:
    home, work = place
    (work / "exports" / "2026-01.csv").write_text("id\n")
    named = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
    for name, wanted in (("call", "7 teapot"), ("context", "- tools.refund(order: int, amount: float, reason:")):
        done = subprocess.run(
            [sys.executable, "-c", blocks("tools.md")[name]],
            cwd=work,
            env={**named, "HOME": str(home)},
            capture_output=True,
            text=True,
        )
        assert wanted in done.stdout, done.stderr


def test_the_entry_point_is_in_the_groups_name() -> None:
    found = tomllib.loads(blocks("tools.md")["pyproject.toml"])
    assert found["project"]["entry-points"][GROUP] == {"acme": "acme.tools"}


@pytest.mark.parametrize("name", ["observe", "rules", "beside", "only"])
def test_each_policy_of_the_team_lead(name: str, tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(blocks("tools.md")["tools.py"])
    (tmp_path / "work").mkdir()
    path = tmp_path / "jupyter_guard.toml"
    path.write_text(blocks("team-lead.md")[name])
    policy = Policy.load(path)
    about = describe(policy, tmp_path / "work")
    assert about.mode == ("observe" if name == "observe" else "enforce")
    assert policy.code(Origin.ASSISTANT) == ("tools" if name == "only" else "any")
    if name == "rules":
        assert [one.id for one in about.organisation] == ["ACME01"]
        assert about.deny["sql"] == ("DROP", "TRUNCATE")
    if name in ("beside", "only"):
        assert [one.name for one in about.tools] == ["find_orders", "refund", "purge_exports"]
        assert about.tools[2].approve == (("ask",) if name == "only" else ())
