"""What an assistant's cell started goes on as the assistant's, whatever calls it and whoever's cell runs meanwhile."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .front import ASSISTANT, Front

# The name of what is called stands in a file, so that no cell has it to read; its target is outside of the workspace.
SETUP = """
import asyncio, atexit, concurrent.futures, functools, importlib, multiprocessing, os, sched, signal, threading, time, weakref
take, keep = open('reached').read().split()
said, turn, pool_of_a_person = [], threading.Event(), concurrent.futures.ThreadPoolExecutor(1)
pool_of_a_person.submit(len, '').result()
class Held: pass
def noted(call, *arguments):
    try: call(*arguments)
    except BaseException as error: said.append(type(error).__name__)
    else: said.append('done')
ended = threading.Event()
def waiting(call, *arguments):
    turn.wait(20)
    noted(call, *arguments)
    ended.set()
"""
# What the assistant's cell says, and what a person's cell then runs. ``act`` is the library's own function.
ACT = "act = getattr(importlib.import_module('shutil'), take)\n"
WORK = f"{ACT}def work():\n    turn.wait(20)\n    noted(act, keep)\n"
WAYS = {
    "thread": (f"{WORK}thread = threading.Thread(target=work)\nthread.start()", "turn.set(); thread.join()"),
    "timer": (f"{WORK}thread = threading.Timer(0.1, work)\nthread.start()", "turn.set(); thread.join()"),
    "executor": (
        f"{WORK}pool = concurrent.futures.ThreadPoolExecutor()\nfuture = pool.submit(work)",
        "turn.set(); future.result(20)",
    ),
    "executor, the function itself": (
        f"{ACT}pool = concurrent.futures.ThreadPoolExecutor(1)\npool.submit(turn.wait, 20)\nfuture = pool.submit(act, keep)",
        "turn.set(); noted(future.result, 20)",
    ),
    "process": (
        f"{WORK}def away(queue):\n    work()\n    queue.put(said)\ncontext = multiprocessing.get_context('fork')\n"
        "queue, turn = context.Queue(), context.Event()\nprocess = context.Process(target=away, args=(queue,))\nprocess.start()",
        "turn.set(); said += queue.get(timeout=20); process.join()",
    ),
    "task": (
        f"{ACT}async def later():\n    await asyncio.sleep(0.3)\n    noted(act, keep)\ntask = asyncio.create_task(later())",
        "await task",
    ),
    "task beside": (
        f"{ACT}async def later():\n    await asyncio.sleep(0.3)\n    await asyncio.to_thread(act, keep)\n"
        "task = asyncio.create_task(later())",
        "try: await task\nexcept BaseException as error: said.append(type(error).__name__)",
    ),
    "callback": (
        f"{WORK}asyncio.get_running_loop().call_later(0.3, work)",
        "turn.set(); await asyncio.sleep(0.6)",
    ),
    "callback on a future": (
        f"{WORK}pool = concurrent.futures.ThreadPoolExecutor(1)\nfuture = pool.submit(turn.wait, 20)\n"
        "future.add_done_callback(lambda _: work())",
        "turn.set(); pool.shutdown()",
    ),
    "finalizer": (f"{WORK}held = Held()\nweakref.finalize(held, work)", "turn.set(); del held"),
    "signal": (
        f"{WORK}signal.signal(signal.SIGUSR1, lambda *_: work())",
        "turn.set(); signal.raise_signal(signal.SIGUSR1)",
    ),
    "event of the session": (
        f"{WORK}get_ipython().events.register('post_run_cell', lambda *_: work() if turn.is_set() and not said else None)",
        "turn.set()",
    ),
    "a person's function, by a timer": (
        f"{ACT}thread = threading.Timer(0.3, noted, [act, keep])\nthread.start()",
        "thread.join()",
    ),
    "a person's function, in a thread of a thread": (
        f"{ACT}def begin():\n    threading.Timer(0.3, waiting, [act, keep]).start()\nthreading.Thread(target=begin).start()",
        "turn.set(); ended.wait(20)",
    ),
    "a person's function, in a thread without a name": (
        f"{ACT}import _thread\nnumber = _thread.start_new_thread(waiting, (act, keep))",
        "turn.set(); ended.wait(20)",
    ),
    "a person's function, in a person's executor": (
        f"{ACT}future = pool_of_a_person.submit(waiting, act, keep)",
        "turn.set(); ended.wait(20)",
    ),
    "a person's function, by the loop": (
        f"{ACT}asyncio.get_running_loop().call_later(0.3, noted, act, keep)",
        "await asyncio.sleep(0.6)",
    ),
    "partial": (f"{WORK}call = functools.partial(work)", "turn.set(); call()"),
}


@pytest.fixture(scope="module")
def apart() -> Iterator[Front]:
    """A kernel whose workspace is not around its home, where what is deleted is dear."""
    with tempfile.TemporaryDirectory(prefix=".followed-", dir=Path.home()) as made:
        (Path(made) / "work").mkdir()
        (Path(made) / "home" / ".jupyter").mkdir(parents=True)
        # Nothing but the watch keeps a cell from it.
        text = 'version = 1\n[isolation]\nwrite = [".", "~"]\n'
        (Path(made) / "home" / ".jupyter" / "jupyter_guard.toml").write_text(text)
        with Front(Path(made) / "work", home=Path(made) / "home") as front:
            yield front


@pytest.fixture
def fresh(apart: Front) -> Front:
    keep(apart).mkdir(exist_ok=True)
    (apart.folder / "reached").write_text(f"rmtree {keep(apart)}")
    assert apart.run(SETUP).status == "ok"
    return apart


def keep(front: Front) -> Path:
    return front.folder.parent / "home" / "keep"


@pytest.mark.parametrize("way", WAYS)
def test_it_is_stopped_while_a_person_s_cell_runs(fresh: Front, way: str) -> None:
    begun, later = WAYS[way]
    assert fresh.run(begun, metadata=ASSISTANT, answer="y").status == "ok"
    fresh.run(later, answer="y")
    said = fresh.run("print(said)").text
    assert "Cell" in said, said
    assert "done" not in said
    assert keep(fresh).exists()


@pytest.mark.parametrize(
    "way", ["thread", "a person's function, by a timer", "a person's function, in a person's executor"]
)
def test_a_person_s_own_is_not(fresh: Front, way: str) -> None:
    """The same without an assistant: what is told apart is who wrote it."""
    begun, later = WAYS[way]
    assert fresh.run(begun).status == "ok"
    fresh.run(later)
    assert fresh.run("print(said)").text == "['done']\n"
    assert not keep(fresh).exists()


@pytest.mark.parametrize("handed", ["act, keep", "noted, act, keep"])
def test_it_is_stopped_at_the_kernel_s_end(fresh: Front, handed: str) -> None:
    with Front(fresh.folder, home=fresh.folder.parent / "home") as front:
        assert front.run(SETUP).status == "ok"
        assert front.run("atexit.register(lambda: open('ended', 'w').close());").status == "ok"
        assert front.run(f"{ACT}ran = atexit.register({handed})", metadata=ASSISTANT, answer="y").status == "ok"
    assert (fresh.folder / "ended").exists()
    assert keep(fresh).exists()
    (fresh.folder / "ended").unlink()
