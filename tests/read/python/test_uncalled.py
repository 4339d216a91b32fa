"""Bodies that nothing calls: what they would do is possible, whatever they are defined in and on whatever they act."""

from __future__ import annotations

import pytest

from jupyter_guard import vet
from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.terms import Cell, Certainty, Effect, Kind, Origin, Severity, Verdict

WIPE = "shutil.rmtree('/srv/projects')"


def effects(code: str, kind: Kind = Kind.FILE_DELETE) -> list[Effect]:
    reading = SessionReader(workspace="/home/sam/work", home="/home/sam").read(Cell(code, Origin.ASSISTANT))
    return [one for one in reading.effects if one.kind is kind]


def cell(*lines: str) -> str:
    return "\n".join(("import shutil", *lines))


@pytest.mark.parametrize(
    "code",
    [
        cell("def f():", f"    {WIPE}"),
        cell("def f():", "    def g():", f"        {WIPE}", "    return g"),
        cell("def f():", "    def g():", "        def h():", f"            {WIPE}", "        return h", "    return g"),
        cell("def f():", "    def g():", f"        {WIPE}", "    return g", "h = f()"),
        cell("def f():", f"    return lambda: {WIPE}"),
        cell("def f():", "    class B:", "        def g(self):", f"            {WIPE}", "    return B"),
        cell("class A:", "    class B:", "        def g(self):", f"            {WIPE}"),
        cell("class A:", "    def g(self):", "        def h():", f"            {WIPE}", "        return h"),
        cell("class A:", "    @property", "    def g(self):", f"        {WIPE}"),
        cell("from zzz import hook", "@hook", "def f():", f"    {WIPE}"),
        cell("def f(x):", "    if x:", "        return", "    raise ValueError", f"    {WIPE}"),
        cell(
            *(f"def f{n}():\n    return f{n + 1}()" for n in range(20)),
            "def f20():",
            f"    {WIPE}",
            "f0()",
        ),
    ],
)
def test_a_body_that_nothing_calls_is_possible(code: str) -> None:
    (effect,) = effects(code)
    assert effect.target == "/srv/projects"
    assert effect.certainty is Certainty.UNKNOWN
    assert "possible" in effect.tags


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("import boto3", "boto3.client('s3')"),
        ("import boto3\nmake = boto3.client", "make('s3')"),
    ],
)
def test_methods_act_on_what_init_sets_up(head: str, call: str) -> None:
    body = "self.store.delete_bucket(Bucket='sales')"
    own = f"{head}\nclass A:\n    def wipe(self):\n        {body}\n    def __init__(self):\n        self.store = {call}"
    base = f"class B:\n    def __init__(self):\n        self.store = {call}"
    inherited = f"{head}\n{base}\nclass A(B):\n    def wipe(self):\n        {body}"
    for code in (own, inherited, f"{own}\na = A()"):
        (effect,) = effects(code, Kind.DATA_DESTROY)
        assert effect.via == "boto3.Client.delete_bucket"
        assert "possible" in effect.tags


def test_a_path_that_init_sets_up_is_the_target() -> None:
    head = "import pathlib\nclass A:\n    def __init__(self):\n        self.p = pathlib.Path('/srv/a.csv')\n"
    (effect,) = effects(f"{head}    def drop(self):\n        self.p.unlink()")
    assert effect.target == "/srv/a.csv"


def test_setting_up_adds_no_effects_of_its_own() -> None:
    head = "import os\nclass A:\n    def __init__(self, p='/srv/a'):\n        os.remove(p)\n"
    (effect,) = effects(f"{head}    def other(self):\n        pass\nA()")
    assert effect.target == "/srv/a"
    assert "possible" not in effect.tags


@pytest.mark.parametrize(
    "annotation",
    ["Path", "'Path'", "Path | None", "Optional[Path]", "typing.Union[str, Path]", "Annotated[Path, 'x']"],
)
def test_a_parameter_is_what_its_annotation_says(annotation: str) -> None:
    head = "import typing\nfrom typing import Annotated, Optional\nfrom pathlib import Path\n"
    (effect,) = effects(f"{head}def f(one: {annotation} = None):\n    one.unlink()")
    assert effect.via == "pathlib.Path.unlink"


def test_a_parameter_of_a_class_of_the_session_has_its_methods() -> None:
    code = "import os\nclass A:\n    def go(self):\n        os.remove('/srv/a')\ndef f(a: 'A'):\n    a.go()\nf(make())"
    assert any("possible" not in one.tags for one in effects(code))


def test_an_argument_that_is_known_is_not_what_the_annotation_says() -> None:
    assert not effects("from pathlib import Path\ndef f(one: Path):\n    one.unlink()\nf('text')")


@pytest.mark.parametrize("body", ["shutil.rmtree('/')", "os.system('shutdown now')", "os.system('kill -9 -1')"])
def test_what_nothing_calls_is_a_step_milder_and_never_blocks(body: str) -> None:
    code = f"import os, shutil\ndef f():\n    def g():\n        {body}\n    return g"
    run = vet(f"import os, shutil\n{body}", origin="assistant")
    defined = vet(code, origin="assistant")
    assert run.verdict is Verdict.BLOCK
    assert Verdict.ALLOW < defined.verdict < Verdict.BLOCK
    assert max(f.severity.rank for f in defined.findings) == Severity.CRITICAL.rank - 1


@pytest.mark.parametrize(
    ("code", "kind", "via"),
    [
        ("system('convert ' + name)", Kind.PROCESS_RUN, "os.system"),
        ("    out = check_output('ls %s' % x, shell=True)", Kind.PROCESS_RUN, "subprocess.check_output"),
        ("rmtree('/srv/a')", Kind.FILE_DELETE, "shutil.rmtree"),
    ],
)
def test_a_function_whose_import_is_not_seen_is_the_usual_one(code: str, kind: Kind, via: str) -> None:
    assert via in {effect.via for effect in effects(code, kind)}
    assert not effects(f"def {via.rpartition('.')[2]}(*a, **b): pass\n{code.strip()}", kind)
