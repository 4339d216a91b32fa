"""Callables that objects hold, or that are handed over to be called, are called with the arguments that go with them."""

from __future__ import annotations

import pytest

from jupyter_guard import vet
from jupyter_guard.terms import Kind, Scope, Verdict

HEAD = "import shutil\n"
HELD = {
    "data class": (
        "from dataclasses import dataclass, field\n@dataclass\nclass S:\n    where: str\n"
        "    act: object = field(default_factory=lambda: shutil.rmtree)\n"
        "    def go(self):\n        self.act(self.where)\nS('/home/ana').go()"
    ),
    "named tuple": (
        "from collections import namedtuple\nS = namedtuple('S', 'act where')\ns = S(shutil.rmtree, '/home/ana')\n"
        "s.act(s.where)"
    ),
    "typed named tuple": (
        "from typing import NamedTuple\nclass S(NamedTuple):\n    act: object\n    where: str\n"
        "s = S(shutil.rmtree, '/home/ana')\ns.act(s.where)"
    ),
    "name space": "import types\nn = types.SimpleNamespace(act=shutil.rmtree)\nn.act('/home/ana')",
    "exit stack": (
        "import contextlib\nwith contextlib.ExitStack() as s:\n    s.callback(shutil.rmtree, '/home/ana', ignore_errors=True)"
    ),
    "finalizer": (
        "class T:\n    def __init__(self, p):\n        self.p = p\n    def __del__(self):\n        shutil.rmtree(self.p)\n"
        "x = T('/home/ana')\ndel x"
    ),
    "finalizer at once": (
        "class T:\n    def __init__(self, p):\n        self.p = p\n    def __del__(self):\n        shutil.rmtree(self.p)\n"
        "T('/home/ana')\nprint()"
    ),
    "leaving a context": (
        "class T:\n    def __init__(self, p):\n        self.p = p\n    def __enter__(self):\n        return self\n"
        "    def __exit__(self, *a):\n        shutil.rmtree(self.p)\nwith T('/home/ana'):\n    pass"
    ),
    "library base": (
        "import subprocess\nclass R(subprocess.Popen):\n    def __init__(self, c):\n        super().__init__(c, shell=True)\n"
        "R('rm -rf /home/ana')"
    ),
    "base by name": (
        "import subprocess\nclass R(subprocess.Popen):\n    def __init__(self, c):\n"
        "        subprocess.Popen.__init__(self, c, shell=True)\nR('rm -rf /home/ana')"
    ),
    "weak reference": "import weakref\nweakref.finalize(object(), shutil.rmtree, '/home/ana')",
    "at exit": "import atexit\natexit.register(shutil.rmtree, '/home/ana')",
    "executor": "import concurrent.futures as c\nc.ThreadPoolExecutor().submit(shutil.rmtree, '/home/ana')",
    "executor's map": "import concurrent.futures as c\nc.ThreadPoolExecutor().map(shutil.rmtree, ['a', '/home/ana'])",
    "pool": "import multiprocessing as m\nm.Pool(2).imap_unordered(shutil.rmtree, ['/home/ana'])",
    "pool's star": "import multiprocessing as m\nm.Pool(2).starmap(shutil.rmtree, [('/home/ana', True)])",
    "timer": "import threading\nthreading.Timer(3, shutil.rmtree, ['/home/ana']).start()",
    "scheduler": "import sched\ns = sched.scheduler()\ns.enter(1, 1, shutil.rmtree, ('/home/ana',))\ns.run()",
    "event loop": "import asyncio\nasyncio.get_event_loop().call_later(5, shutil.rmtree, '/home/ana')",
    "loop's executor": "import asyncio\nasyncio.get_running_loop().run_in_executor(None, shutil.rmtree, '/home/ana')",
    "delayed": "from joblib import Parallel, delayed\nParallel()(delayed(shutil.rmtree)(p) for p in ['/home/ana'])",
    "located by text": "import pydoc\npydoc.locate('shutil.rmtree')('/home/ana')",
    "called by its call": "shutil.rmtree.__call__('/home/ana')",
}


@pytest.mark.parametrize("code", HELD.values(), ids=HELD)
def test_what_is_held_is_called(code: str) -> None:
    report = vet(HEAD + code, origin="assistant")
    deleted = {one.target for one in report.effects if one.kind is Kind.FILE_DELETE and one.scope is Scope.HOME}
    assert deleted == {"/home/ana"}
    assert report.verdict is Verdict.BLOCK


@pytest.mark.parametrize(
    "code",
    [
        "import concurrent.futures as c\nc.ThreadPoolExecutor().submit(shutil.rmtree, 'build')",
        "import atexit\natexit.register(shutil.rmtree, 'build')",
        "import threading\nthreading.Timer(3, shutil.rmtree, ['build']).start()",
        "import contextlib\nwith contextlib.ExitStack() as s:\n    s.callback(print, 'bye')",
    ],
)
def test_a_text_is_one_argument(code: str) -> None:
    assert vet(HEAD + code, origin="assistant").verdict < Verdict.CONFIRM


CALLED_BY_OTHERS = {
    "column": "import os, pandas as pd\npd.Series(['/home/ana/a']).map(os.remove)",
    "unknown table": "import os\ntable['path'].transform(os.unlink)",
    "starmap": "import itertools\nlist(itertools.starmap(shutil.rmtree, [('/home/ana',)]))",
    "key": "min(['/home/ana'], key=shutil.rmtree)",
    "accumulate": "import itertools, os\nlist(itertools.accumulate(['a', '/home/ana/b'], lambda _, p: os.remove(p)))",
    "a library that is not known": "import jax\njax.tree_util.tree_map(shutil.rmtree, ['/home/ana'])",
}


@pytest.mark.parametrize("code", CALLED_BY_OTHERS.values(), ids=CALLED_BY_OTHERS)
def test_a_library_function_that_is_handed_over_is_called(code: str) -> None:
    report = vet(HEAD + code, origin="assistant")
    assert Kind.FILE_DELETE in {effect.kind for effect in report.effects}
    assert report.verdict > Verdict.ALLOW


@pytest.mark.parametrize(
    "code",
    [
        "import inspect\nprint(inspect.getsource(shutil.rmtree))",
        "import pandas as pd, os\npd.Series(['a']).map(os.path.basename)",
        "sorted(['b', 'a'], key=len)",
        "actions = []\nactions.append(shutil.rmtree)",
    ],
)
def test_looking_at_a_function_does_not_call_it(code: str) -> None:
    assert Kind.FILE_DELETE not in {effect.kind for effect in vet(HEAD + code, origin="assistant").effects}
