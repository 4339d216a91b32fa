"""Code that nobody could read before its cell ran is judged where it is compiled, and traced to its cell."""

from __future__ import annotations

import base64
import py_compile
import re
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from .front import Front, Run

HARMFUL = 'import shutil, os\nshutil.rmtree(os.path.expanduser("~"))'
SETUP = """
import ast, base64, importlib, multiprocessing, os, runpy, sys, threading, timeit
from pathlib import Path
ip = get_ipython()
def text(name): return base64.b64decode(Path(name).read_text()).decode()
def reveal(): return text('text.b64')
def go(text): exec(text)
"""


def hide(front: Front, text: str, name: str = "text.b64") -> None:
    """Put code where no cell says what it is."""
    (front.folder / name).write_text(base64.b64encode(text.encode()).decode())


@pytest.fixture(autouse=True)
def something_to_lose(front: Front) -> None:
    (front.folder / "home" / "keep").write_text("x")
    hide(front, HARMFUL)
    if front.run("'reveal' in globals()").result != "True":
        assert front.run(SETUP).status == "ok"


def kept(front: Front) -> bool:
    return (front.folder / "home" / "keep").exists()


def met(front: Front) -> int:
    """How many pieces of code the wrapper has judged while cells ran."""
    found = re.search(r"changed\): (\d+) judged", front.run("%guard status", store_history=False).text)
    assert found
    return int(found[1])


def test_exec_of_text_that_was_built_at_run_time(front: Front) -> None:
    defined = front.run("def exec_it(text):\n    exec(text)")
    run = front.assistant("print('before')\nexec_it(reveal())\nprint('after')", answer="y")
    assert run.status == "error"
    assert kept(front)
    assert run.text == "before\n"
    assert run.error["ename"] == "CellBlocked"
    assert f"line 2 of cell {defined.count}, called from cell {run.count}, deletes `~`" in run.error["evalue"]
    assert run.kinds.index("stream") < run.kinds.index("display_data") < run.kinds.index("error")
    card = run.of("display_data")[0]["content"]["data"]["text/plain"]
    assert "stopped part of this cell" in card
    assert "JG203" in card


@pytest.mark.parametrize(
    "code",
    [
        "eval(compile(reveal(), 'a name', 'exec'))",
        "exec(compile(ast.parse(reveal()), 'a name', 'exec'))",
        "exec(reveal().encode())",
        "ip.ex(reveal())",
        "ip.run_cell(reveal()).raise_error()",
        "timeit.timeit(reveal(), number=1)",
        "built = reveal()\n%time exec(built)",
        "Path('script.py').write_text(reveal())\nrunpy.run_path('script.py')",
        "sys.path.insert(0, '')\nPath('written.py').write_text(reveal())\nimportlib.import_module('written')",
    ],
)
def test_every_way_to_compile_it(front: Front, code: str) -> None:
    run = front.assistant(code, answer="y")
    assert run.status == "error", run.text
    assert run.error["ename"] == "CellBlocked"
    assert kept(front)


def test_text_that_is_caught_is_not_run_either(front: Front) -> None:
    run = front.assistant(
        "try:\n    go(reveal())\nexcept Exception as error:\n    print(type(error).__name__)", answer="y"
    )
    assert run.status == "ok"
    assert run.text == "CellBlocked\n"
    assert kept(front)


def test_in_a_thread(front: Front) -> None:
    code = """
def work():
    try: go(reveal())
    except Exception as error: print(type(error).__name__)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    run = front.assistant(code, answer="y")
    assert run.text == "CellBlocked\n"
    assert kept(front)


def test_a_thread_that_outlives_an_assistants_cell_is_the_assistants(front: Front) -> None:
    code = """
told, turn = [], threading.Event()
def work():
    turn.wait(20)
    try: go(reveal())
    except Exception as error: told.append(type(error).__name__)
thread = threading.Thread(target=work)
thread.start()
"""
    assert front.assistant(code, answer="y").status == "ok"
    assert front.run("turn.set()\nthread.join()\nprint(told)", answer="y").text == "['CellBlocked']\n"
    assert kept(front)


def test_in_a_forked_process(front: Front) -> None:
    code = """
def work(queue):
    try: go(reveal())
    except Exception as error: queue.put(type(error).__name__)
context = multiprocessing.get_context('fork')
queue = context.Queue()
workers = [context.Process(target=work, args=(queue,)) for _ in range(3)]
for worker in workers: worker.start()
print(*(queue.get(timeout=20) for _ in workers))
for worker in workers: worker.join()
"""
    run = front.assistant(code, answer="y")
    assert run.text == "CellBlocked CellBlocked CellBlocked\n"
    assert kept(front)


def test_a_module_counts_as_written_by_the_cell_that_wrote_it(front: Front) -> None:
    text = "import shutil, os\nshutil.rmtree(os.path.expanduser('~'))"
    wrote = front.assistant(f"%%writefile by_assistant.py\n{text}")
    assert wrote.status == "ok"
    # Read with the cell that imports it, before anything runs.
    seen = front.run("import sys\nsys.path.insert(0, '')\nimport by_assistant", answer="y")
    assert seen.error["ename"] == "CellBlocked"
    assert "deletes `~`" in seen.error["evalue"]
    assert kept(front)
    # Met where it is compiled, when its name is not known before.
    found = "[name[:-3] for name in os.listdir() if name.startswith('by_') and name.endswith('.py')][0]"
    run = front.run(f"import os, sys\nsys.path.insert(0, '')\n__import__({found})", answer="y")
    assert run.error["ename"] == "CellBlocked"
    assert f"imported by line 3 of cell {run.count}, written by cell {wrote.count} deletes" in run.error["evalue"]
    assert kept(front)
    again = front.run("%run by_assistant.py", answer="y")
    assert again.error["ename"] == "CellBlocked"
    assert kept(front)


def test_a_module_that_was_compiled_before_is_judged_too(front: Front) -> None:
    source = front.folder / "compiled_before.py"
    source.write_text(HARMFUL)
    py_compile.compile(str(source))
    run = front.assistant("import sys\nsys.path.insert(0, '')\nimport compiled_before", answer="y")
    assert run.error["ename"] == "CellBlocked"
    assert kept(front)


def test_compiling_it_first_does_not_get_it_past(front: Front) -> None:
    (front.folder / "twice.py").write_text(HARMFUL)
    front.run("import sys\nsys.path.insert(0, '')")
    assert front.assistant("import twice", answer="y").status == "error"
    run = front.assistant("import py_compile\npy_compile.compile('twice.py')\nimport twice", answer="y")
    assert run.error["ename"] == "CellBlocked"
    assert kept(front)


def test_compiling_a_file_runs_nothing_and_asks_nothing(front: Front) -> None:
    (front.folder / "only_compiled.py").write_text(HARMFUL)
    before = met(front)
    assert front.run("import py_compile\nbool(py_compile.compile('only_compiled.py', doraise=True))").result == "True"
    assert met(front) == before


def test_the_names_of_a_module_are_not_the_sessions(front: Front) -> None:
    (front.folder / "own_names.py").write_text("import shutil\ndef tidy(): shutil.rmtree('/')\n")
    assert front.run("def tidy(): return 7").status == "ok"
    assert front.run("import sys\nsys.path.insert(0, '')\nimport own_names").status == "ok"
    assert front.assistant("tidy()").result == "7"


def test_the_names_of_a_file_that_was_run_are_the_sessions(front: Front) -> None:
    (front.folder / "definitions.py").write_text(
        "import shutil, os\ndef tidy_all(): shutil.rmtree(os.path.expanduser('~'))"
    )
    assert front.run("%run definitions.py").status == "ok"
    run = front.assistant("tidy_all()", answer="y")
    assert run.error["ename"] == "CellBlocked"
    assert kept(front)


def test_a_transformer_of_text_that_changes_a_cell(front: Front) -> None:
    code = "def swap(lines): return [one.replace('harmless()', 'go(reveal())') for one in lines]\n"
    assert front.run(code + "ip.input_transformers_post.append(swap)", answer="y").status == "ok"
    try:
        run = front.assistant("harmless()", answer="y")
        assert run.error["ename"] == "CellBlocked"
        assert kept(front)
        assert front.run("1 + 1").result == "2"
    finally:
        front.run("ip.input_transformers_post.clear()", answer="y")


def test_a_transformer_of_trees_that_changes_a_cell(front: Front) -> None:
    code = """
class Swap(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.parse('os.system("rm -rf ~")').body[0].value if node.value == 77 else node
ip.ast_transformers.append(Swap())
"""
    assert front.run(code, answer="y").status == "ok"
    try:
        run = front.assistant("77", answer="y")
        assert run.error["ename"] == "CellBlocked"
        assert "as transformers changed it" in run.error["evalue"]
        assert kept(front)
    finally:
        front.run("ip.ast_transformers.clear()", answer="y")


# --- asking

OUTSIDE = "import shutil\nshutil.rmtree('/nowhere/at/all', ignore_errors=True)\nprint('ran')"


def test_what_is_found_at_run_time_is_asked_about(front: Front) -> None:
    hide(front, OUTSIDE, "outside.b64")
    declined = front.run("go(text('outside.b64'))", answer="n")
    assert declined.error["ename"] == "CellDeclined"
    # The cell itself was asked about.
    assert len(declined.questions) == 1
    allowed = front.run("go(text('outside.b64'))", answer="y")
    assert allowed.status == "ok"
    assert allowed.text == "ran\n"
    assert "deletes `/nowhere/at/all`" in allowed.questions[-1]
    assert "code run by line 6 of cell" in allowed.questions[-1]


def test_nobody_to_ask_means_no(front: Front) -> None:
    hide(front, OUTSIDE, "outside.b64")
    asked = front.open_panel()
    assert asked
    front.told("snapshot")
    run = front.send("go(text('outside.b64'))")
    number = front.told("pending")["item"]["id"]
    front.tell({"type": "answer", "id": number, "choice": "once"})
    number = front.told("pending")["item"]["id"]
    front.tell({"type": "answer", "id": number, "choice": "refuse"})
    front.finish(run)
    assert run.error["ename"] == "CellDeclined"
    assert "code run by" in run.error["evalue"]
    front.close_panel()


def test_what_was_allowed_with_the_cell_is_not_asked_about_again(front: Front) -> None:
    run = front.run("import shutil\n%time shutil.rmtree('/nowhere/at/all', ignore_errors=True)", answer="y")
    assert run.status == "ok"
    assert len(run.questions) == 1


def test_an_interrupt_while_the_question_is_open(front: Front) -> None:
    hide(front, OUTSIDE, "outside.b64")
    run = front.send("go(text('outside.b64'))", allow_stdin=True)
    end = time.monotonic() + 20
    while len(run.questions) < 2 and time.monotonic() < end:
        try:
            message = front.client.get_stdin_msg(timeout=0.2)
        except Exception:
            continue
        run.questions.append(message["content"]["prompt"])
        if len(run.questions) == 1:
            front.client.input("y")
    front.interrupt()
    front.finish(run)
    assert run.error["ename"] == "CellDeclined"
    assert front.run("1 + 1").result == "2"


def test_what_it_defines_is_whose_function_ran_it(front: Front) -> None:
    front.assistant("def assistants_go(text): exec(text, globals())", answer="y")
    front.run(
        "lines = ['import contextlib, os, shutil', 'with contextlib.suppress(OSError):',"
        " '    os.remove(\"/var/lib/there/is/none\")', 'def assistants_tidy(place): shutil.rmtree(place)']"
    )
    assert front.run("assistants_go(chr(10).join(lines[:]))", answer="y").status == "ok"
    # Asked about when a person wrote it, blocked when an assistant did.
    assert front.run("assistants_tidy('/srv/there-is-no-such-place')").error["ename"] == "CellBlocked"


def running_before_a_stopped_helper(front: Front) -> tuple[Run, psutil.Process]:
    """A cell that waits for a judgement of what it compiles, and the helper that will not give one."""
    front.run("def go(text): exec(text)\nnames = ['print']")
    run = front.send("print('begins')\nimport time; time.sleep(1)\ngo(names[0] + '(5)')")
    front.wait_for(run, "stream")
    helper = front.helper()
    helper.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    return run, helper


def test_an_interrupt_while_the_helper_thinks(start: Callable[..., Front]) -> None:
    front = start()
    run, helper = running_before_a_stopped_helper(front)
    front.interrupt()
    front.finish(run)
    helper.send_signal(signal.SIGCONT)
    assert run.error["ename"] == "KeyboardInterrupt"
    assert front.run("go(names[0] + '(6)')").text == "6\n"


def test_a_helper_that_dies_meanwhile_is_a_block(start: Callable[..., Front]) -> None:
    front = start()
    run, helper = running_before_a_stopped_helper(front)
    helper.kill()
    front.finish(run)
    assert run.error["ename"] == "CellBlocked"
    assert "the guard itself failed" in "".join(run.error["traceback"])
    assert front.run("go(names[0] + '(6)')").text == "6\n"


# --- what costs nothing

QUIET = """
import collections, dataclasses, decimal, enum, functools, inspect, json, traceback, typing
Pair = collections.namedtuple("Pair", "a b")
@dataclasses.dataclass(order=True)
class Record:
    a: int = 1
typing.get_type_hints(Record)
ast.literal_eval("[1, 2]"), ast.parse("import shutil; shutil.rmtree('/')")
eval("1 + 2"), eval("[1, 2] == []")
try: 1 / 0
except ZeroDivisionError: traceback.format_exc()
import xml.dom.minidom, email.mime.text, sqlite3, csv, wave
"""


@pytest.mark.parametrize(
    "code", ["pass", QUIET, "f'{1 + 1}'", "!true", "%matplotlib --list", "await __import__('asyncio').sleep(0)"]
)
def test_libraries_and_plain_cells_are_not_asked_about(front: Front, code: str) -> None:
    before = met(front)
    assert front.run(code, answer="y").status == "ok"
    assert met(front) == before


def test_the_same_text_is_judged_once_a_cell(front: Front) -> None:
    before = met(front)
    assert front.run("for _ in range(300):\n    exec('str(1)')").status == "ok"
    assert met(front) == before + 1
