"""Shapes of newer libraries -> the effects that the older ones' have."""

from __future__ import annotations

import pytest

from jupyter_guard.read import SessionReader
from jupyter_guard.read.python.backtracking import backtracks
from jupyter_guard.terms import Cell, Effect, Kind, Origin


def effects(*cells: str) -> list[Effect]:
    reader = SessionReader(workspace="/home/sam/work", home="/home/sam")
    return [effect for cell in cells for effect in reader.read(Cell(cell, Origin.ASSISTANT)).effects]


def kinds(*cells: str) -> set[Kind]:
    return {one.kind for one in effects(*cells)}


TASK = "import os\n@{}\ndef drop(path):\n    os.remove(path)\n--\n"


@pytest.mark.parametrize(
    ("code", "kind", "target"),
    [
        ("import pexpect; pexpect.spawn('rm', ['-rf', '/srv/x'])", Kind.FILE_DELETE, "/srv/x"),
        # Functions that a scheduler or an agent calls for the session.
        ("import ray\n" + TASK.format("ray.remote") + "drop.remote('/srv/a')", Kind.FILE_DELETE, "/srv/a"),
        (
            "from prefect import task\n" + TASK.format("task(retries=2)") + "drop.submit('/srv/a')",
            Kind.FILE_DELETE,
            "/srv/a",
        ),
        ("from prefect import task\n" + TASK.format("task") + "drop.map(['/srv/a'])", Kind.FILE_DELETE, "/srv/a"),
        (TASK.format("app.task") + "drop.apply_async(args=['/srv/a'])", Kind.FILE_DELETE, "/srv/a"),
        (
            "from langchain_core.tools import tool\n" + TASK.format("tool") + "drop.invoke({'path': '/srv/a'})",
            Kind.FILE_DELETE,
            "/srv/a",
        ),
        ("import anyio, shutil\nawait anyio.to_thread.run_sync(shutil.rmtree, '/srv/a')", Kind.FILE_DELETE, "/srv/a"),
        # Paths by other names.
        ("import anyio\nawait anyio.Path('/srv/a').unlink()", Kind.FILE_DELETE, "/srv/a"),
        ("from upath import UPath\n(UPath('file:///srv') / 'a').rmdir(recursive=True)", Kind.FILE_DELETE, "/srv/a"),
        ("from upath import UPath\nUPath('s3://b/a').unlink()", Kind.FILE_DELETE, "s3://b/a"),
        ("from plumbum import local\n(local.path('/srv') / 'a').delete()", Kind.FILE_DELETE, "/srv/a"),
        ("from plumbum import local\nfor p in local.path('/srv') // '*':\n    p.delete()", Kind.FILE_DELETE, "/srv/…"),
        # Numbers that are names.
        ("import os\ngetattr(os, (129117125701227).to_bytes(6, 'big').decode())('/srv/a')", Kind.FILE_DELETE, "/srv/a"),
        ("df.filter(x).write_parquet('/etc/a')", Kind.FILE_WRITE, "/etc/a"),
    ],
)
def test_what_a_call_does(code: str, kind: Kind, target: str) -> None:
    assert (kind, target) in {(one.kind, one.target) for one in effects(*code.split("\n--\n"))}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import duckdb\nduckdb.execute(\"INSTALL a FROM 'http://x.test'\")", Kind.PACKAGE_INSTALL),
        ("import dlt\nprint(dlt.secrets['a'])", Kind.CREDENTIAL_READ),
        ("import sys\nfor n in list(sys.modules):\n    if n.startswith('jupyter_' + 'guard'):\n"
         "        setattr(sys.modules[n], 'vet', None)", Kind.GUARD_TAMPER),
        ("import anywidget\nclass W(anywidget.AnyWidget):\n    _esm = 'window.jupyterapp.commands'", Kind.PAGE_SCRIPT),
        ("import jax.numpy as jnp\njnp.ones((400_000, 400_000))", Kind.RESOURCE_EXHAUST),
        ("import polars as pl\na = pl.DataFrame({'i': range(400_000)})\na.join(a, how='cross')", Kind.RESOURCE_EXHAUST),
        ("import dask.array as da\nda.ones((500_000, 500_000)).compute()", Kind.RESOURCE_EXHAUST),
        ("import ipyvuetify as v\nclass T(v.VuetifyTemplate):\n    template = '<a onclick=\"requestExecute(1)\">'",
         Kind.PAGE_SCRIPT),
        ("import duckdb\nduckdb.sql('SELECT 1 FROM range(1000000) a, range(1000000) b')", Kind.RESOURCE_EXHAUST),
        ("for i in range(10**5):\n    for j in range(10**5):\n        for k in range(100):\n            f(k)",
         Kind.RESOURCE_EXHAUST),
        ("x = [sum(j for j in range(10**8)) for i in range(10**5)]", Kind.RESOURCE_EXHAUST),
    ],
)  # fmt: skip
def test_what_is_noticed(code: str, kind: Kind) -> None:
    assert kind in kinds(code)


@pytest.mark.parametrize(
    "code",
    [
        "import dask.array as da\nx = da.ones((500_000, 500_000))",
        "import gc\nprint(len(gc.get_objects()))",
        "import anywidget\nclass W(anywidget.AnyWidget):\n    _esm = 'export default { render() {} }'",
        "import polars as pl\na = pl.DataFrame({'i': range(40)})\na.join(a, how='cross')",
        "import duckdb\nduckdb.sql('SELECT 1 FROM range(1000) a, range(1000) b')",
        "import duckdb\nduckdb.sql('SELECT 1 FROM range(1000000) UNION SELECT 1 FROM range(1000000)')",
        "for i in range(10**5):\n    for j in range(10**5):\n        break\n    for k in range(100):\n        f(k)",
        "import tempfile, anyio, shutil\nd = tempfile.mkdtemp()\nprint(d)",
        "import ray\n@ray.remote\nclass Counter:\n    def remove(self, k):\n        return k\nc = Counter.remote()\n"
        "c.remove.remote(3)",
    ],
)
def test_what_is_no_matter(code: str) -> None:
    assert not kinds(code)


@pytest.mark.parametrize(
    ("pattern", "text", "whole", "expected"),
    [
        (r"^(\w+\s?)*$", "aaaa " * 40 + "!", False, True),
        (r"(a|b+)*c", "ab" * 40 + "!", False, True),
        (r"(\w+\s?)*", "aaaa " * 40 + "!", True, True),
        # Nothing behind the group can fail, a character divides the text, the text is short, or all of it is taken.
        (r"(\w+\s?)*", "aaaa " * 40 + "!", False, False),
        (r"(\w+,)*$", "aaaa," * 40 + "!", False, False),
        (r"^(\w+\s?)*$", "aaaa!", False, False),
        (r"^(\w+\s?)*$", "aaaa " * 40, False, False),
        (r"^(a+", "a" * 40 + "!", False, False),
    ],
)
def test_patterns_that_try_every_division(pattern: str, text: str, whole: bool, expected: bool) -> None:
    assert backtracks(pattern, text, whole=whole) is expected
