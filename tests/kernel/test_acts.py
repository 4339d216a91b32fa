"""What a cell really does is judged as well: names that are built while it runs have no text to read."""

from __future__ import annotations

import json
import shlex
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .front import ASSISTANT, Front

FORMS = (
    "getattr(importlib.import_module(m), f)({args})",
    "import operator\noperator.methodcaller(f, {args})(importlib.import_module(m))",
    "import functools\nfunctools.partial(vars(importlib.import_module(m))[f], {args})()",
)
# There is no such folder: what would be done to it is judged all the same.
HARMS = (("shutil", "rmtree", "'/nowhere/at/all', True"), ("os", "system", "'rm -rf /nowhere/at/all'"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("module", "function", "arguments"), HARMS)
def test_a_name_that_is_built_is_stopped(front: Front, form: str, module: str, function: str, arguments: str) -> None:
    (front.folder / "names").write_text(f"{module} {function}")
    front.run("import importlib\nm, f = open('names').read().split()")
    run = front.run(form.format(args=arguments), metadata=ASSISTANT)
    assert (run.status, run.error["ename"]) == ("error", "CellBlocked")
    assert "is about to do" in run.error["evalue"]


def test_a_list_of_commands_holds_for_what_is_built_too(start: Callable[..., Front]) -> None:
    front = start(policy='version = 1\n[allow]\ncommands = ["uname"]\n')
    (front.folder / "names").write_text("os system")
    front.run("import importlib\nm, f = open('names').read().split()")
    call = "getattr(importlib.import_module(m), f)({!r})"
    assert front.run(call.format("uname > /dev/null"), metadata=ASSISTANT).result == "0"
    run = front.run(call.format("true; id"), metadata=ASSISTANT)
    assert (run.error["ename"], "JG897" in run.error["evalue"]) == ("CellBlocked", True)


def test_ordinary_work_goes_on(front: Front) -> None:
    code = (
        "import os, shutil, subprocess, sys, tempfile\nos.makedirs('out', exist_ok=True)\nopen('out/a', 'w').write('1')\n"
        "shutil.copyfile('out/a', 'out/b')\nos.rename('out/b', 'out/c')\nos.remove('out/c')\n"
        "folder = tempfile.mkdtemp()\nshutil.rmtree(folder)\n"
        "print(subprocess.run([sys.executable, '-c', 'print(40 + 2)'], capture_output=True, text=True).stdout)"
    )
    run = front.run(code, metadata=ASSISTANT)
    assert (run.status, run.text.strip()) == ("ok", "42")
    assert run.of("display_data") == []
    assert Path(front.folder, "out", "a").read_text() == "1"


# What the cell reads from a file, what it does with it, and what the error says that it was about to do.
REACHES = (
    (".ssh/id_rsa", "open(home + name).read()", "reads credentials"),
    (".ssh/id_rsa", "import pathlib\npathlib.Path(home + name).read_text()", "reads credentials"),
    ("169.254.169.254", "import socket\nsocket.create_connection((name, 80), timeout=0.1)", "connects to 169.254"),
    ("killpg", "import os\ngetattr(os, name)(2**22 + 1, 9)", "ends or signals"),
    ("LD_PRELOAD", "import os\nos.environ[name] = '/nowhere.so'", "runs code"),
    ("CDLL", "import ctypes\ngetattr(ctypes, name)(None)", "runs code"),
    (".bashrc", "open(home + name, 'a').close()", "adds to"),
)


@pytest.mark.parametrize(("name", "code", "words"), REACHES)
def test_what_a_cell_reaches_for_is_stopped(front: Front, name: str, code: str, words: str) -> None:
    home = front.folder / "home"
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "id_rsa").write_text("a key")
    (front.folder / "reached").write_text(json.dumps([str(home) + "/", name]))
    front.run("import json\nhome, name = json.load(open('reached'))")
    run = front.run(code, metadata=ASSISTANT)
    assert (run.status, run.error["ename"]) == ("error", "CellDeclined")
    assert "is about to do" in run.error["evalue"]
    assert words in run.error["evalue"].replace("writes", "adds to")
    # In a box it is there, empty, for as long as kernels run: nothing was written into it.
    assert not (home / ".bashrc").exists() or not (home / ".bashrc").read_text()


def test_a_link_in_the_workspace_leads_out_of_it(front: Front) -> None:
    startup = front.folder / "home" / ".profile"
    startup.write_text("mine")
    (front.folder / "notes").symlink_to(startup)
    (front.folder / "linked").write_text("notes")
    front.run("linked = open('linked').read()")
    run = front.run("open(linked, 'w').write('theirs')", metadata=ASSISTANT)
    assert run.error["ename"] == "CellDeclined"
    assert startup.read_text() == "mine"


def test_a_function_that_a_loop_calls_is_the_cell_s(front: Front) -> None:
    folder = Path("/nowhere/at/all")
    (front.folder / "names").write_text("shutil rmtree")
    front.run("import importlib\nm, f = open('names').read().split()")
    late = f"""
import asyncio
told = []
asyncio.get_running_loop().set_exception_handler(lambda loop, about: told.append(type(about["exception"]).__name__))
asyncio.get_running_loop().call_soon(getattr(importlib.import_module(m), f), {str(folder)!r}, True)
await asyncio.sleep(0.1)
told
"""
    assert front.run(late, metadata=ASSISTANT).result == "['CellBlocked']"


def test_people_are_not_asked_about_acts(start: Callable[..., Front]) -> None:
    front = start()
    outside = front.folder / "home" / "plain"
    code = f"import os\nfor _ in range(200): open({str(outside)!r}, 'w').close()\nos.remove({str(outside)!r})"
    run = front.run(code, metadata={"jupyter_guard": {"origin": "human"}})
    assert (run.status, run.of("display_data")) == ("ok", [])


STRICT = 'critical = "block"\nhigh = "block"\nmedium = "confirm"\nunread = "block"\n'


@pytest.mark.parametrize(("row", "status"), [("", "ok"), (STRICT, "error")])
def test_who_is_held_as_imported_code_is_also_held_by_what_is_done(
    start: Callable[..., Front], row: str, status: str
) -> None:
    front = start(policy=f"version = 1\n[origin.unknown]\n{row}")
    (front.folder / "names").write_text("os system")
    assert front.run("import importlib\nm, f = open('names').read().split()").status == "ok"
    run = front.run("getattr(importlib.import_module(m), f)('rm -rf /nowhere/at/all')")
    assert (run.status, [one["content"]["ename"] for one in run.of("error")]) == (status, ["CellBlocked"] * bool(row))


def test_a_function_for_a_new_interpreter_is_judged_when_it_is_handed_over(front: Front) -> None:
    (front.folder / "names").write_text("shutil rmtree")
    front.run("import importlib, multiprocessing\nm, f = open('names').read().split()")
    spawned = "multiprocessing.get_context('spawn').Process(target={}, args=('/nowhere/at/all', True)).start()"
    run = front.run(spawned.format("getattr(importlib.import_module(m), f)"), metadata=ASSISTANT)
    assert run.error["ename"] == "CellBlocked"
    pooled = "with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool: pool.submit({})"
    front.run("from concurrent.futures import ProcessPoolExecutor")
    given = "getattr(importlib.import_module(m), f), '/nowhere/at/all', True"
    assert front.run(pooled.format(given), metadata=ASSISTANT).error["ename"] == "CellBlocked"
    fine = front.run(pooled.format("max, 3, 5") + ".result()", metadata=ASSISTANT)
    assert (fine.status, fine.of("display_data")) == ("ok", [])


def test_a_copy_of_the_kernel_that_may_not_become_a_program_ends(front: Front) -> None:
    before = len(front.child().children(recursive=True))
    (front.folder / "argv").write_text("rm -rf /nowhere/at/all")
    front.run("import os\nargv = open('argv').read().split()")
    code = """
pid = os.fork()
if pid == 0:
    os.execvp(argv[0], argv)
os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""
    run = front.run(code, metadata=ASSISTANT)
    assert run.result == "126"
    assert any("is about to do" in one["content"]["data"]["text/plain"] for one in run.of("display_data"))
    assert len(front.child().children(recursive=True)) == before
    assert front.run("1 + 1").result == "2"


def test_the_watch_has_no_name_in_the_process_and_cannot_be_taken_out(front: Front) -> None:
    names = front.run("import sys\n[name for name in sys.modules if name.startswith('_jupyter_guard_')]").result
    assert not [one for one in ("watch", "hook", "whose", "statements", "held", "vaults") if f"_guard_{one}'" in names]
    place = front.folder / "gone.txt"
    (front.folder / "names").write_text("os killpg")
    # Nothing takes a hook away again; one more is an act of its own.
    run = front.run(f"import sys\nsys.addaudithook(lambda *_: open({str(place)!r}, 'a'))", metadata=ASSISTANT)
    assert run.status == "error"
    code = "import importlib\nm, f = open('names').read().split()\ngetattr(importlib.import_module(m), f)(2**22 + 1, 9)"
    assert front.run(code, metadata=ASSISTANT).error["ename"].startswith("Cell")


# It deletes a file, and no event of Python's says so.
SWEEPER = """
#include <Python.h>
#include <unistd.h>
static PyObject *sweep(PyObject *module, PyObject *path) {
    const char *name = PyUnicode_AsUTF8(path);
    if (name == NULL) return NULL;
    if (unlink(name) != 0) return PyErr_SetFromErrnoWithFilename(PyExc_OSError, name);
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"sweep", sweep, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef sweeper = {PyModuleDef_HEAD_INIT, "sweeper", NULL, -1, methods};
PyMODINIT_FUNC PyInit_sweeper(void) { return PyModule_Create(&sweeper); }
"""


@pytest.fixture
def outside() -> Iterator[Path]:
    """A file of the user's outside the workspace, and not below the folder for temporary files, where nobody looks."""
    path = Path.home() / "jupyter-guard-test-swept.txt"
    path.write_text("mine")
    yield path
    path.unlink(missing_ok=True)


def test_of_a_compiled_module_is_heard_that_it_is_loaded_and_the_box_stops_the_rest(
    start: Callable[..., Front], outside: Path
) -> None:
    front = start(policy='version = 1\n[rules.JG105]\nseverity = "high"\n')
    (front.folder / "sweeper.c").write_text(SWEEPER)
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    made = "sweeper" + sysconfig.get_config_var("EXT_SUFFIX")
    headers = sysconfig.get_paths()["include"]
    words = [*compiler, "-shared", "-fPIC", "-I", headers, "-o", made, "sweeper.c"]
    subprocess.run(words, cwd=front.folder, check=True)
    inside = front.folder / "mine.txt"
    inside.write_text("mine")
    (front.folder / "names").write_text(f"{outside} {inside}")
    front.run("import importlib\noutside, inside = open('names').read().split()")
    # Whatever it is called, or by whom it is found: the policy's row for code from a file decides.
    for code in ("import sweeper", "sweeper = importlib.import_module('swee' + 'per')"):
        run = front.run(code, answer="n", metadata=ASSISTANT)
        assert (run.error["ename"], len(run.questions)) == ("CellDeclined", 1)
        assert "is about to do runs code from" in run.questions[0]
    assert front.run("import sweeper", answer="y", metadata=ASSISTANT).status == "ok"
    # What it does then nobody hears. Isolation keeps what lies outside, undo what lies in the workspace.
    run = front.run("sweeper.sweep(outside)", metadata=ASSISTANT)
    assert (run.status, outside.read_text()) == ("error", "mine")
    assert not run.error["ename"].startswith("Cell")
    assert front.run("sweeper.sweep(inside)", metadata=ASSISTANT).status == "ok"
    assert not inside.exists()
    assert "Brought back" in front.run("%guard undo mine.txt").text
    assert inside.read_text() == "mine"
