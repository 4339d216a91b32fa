"""JG7xx: memory, time, disk and processes without bound."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Kind

_USES = (Kind.RESOURCE_EXHAUST,)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG701",
        title="Multiplies processes or threads without bound",
        why="The machine stops answering, for everybody on it.",
        instead="Use a pool with a size.",
        kinds=(*_USES, Kind.PROCESS_RUN),
        check=has("fork", "storm"),
        bad=(
            "import os\nwhile True:\n    os.fork()",
            "!:(){ :|:& };:",
            "from concurrent.futures import ProcessPoolExecutor\npool = ProcessPoolExecutor(max_workers=20_000)",
        ),
        good=("import multiprocessing as mp\nmp.cpu_count()", "import multiprocessing as mp\npool = mp.Pool(8)"),
    ),
    Rule(
        id="JG702",
        title="Asks for more memory or disk than there is",
        why="The kernel is killed and its variables are lost, and other programs with it.",
        instead="Work in pieces, or with a generator.",
        kinds=(*_USES, Kind.FILE_WRITE),
        check=has("giant"),
        bad=("x = 'a' * 10**12", "import numpy as np\nx = np.random.rand(500_000, 400_000)"),
        good=("x = 'a' * 10**3", "import numpy as np\nx = np.random.rand(500, 400)"),
    ),
    Rule(
        id="JG704",
        title="Writes a file without end",
        why="A full disk stops every program that writes.",
        instead="Bound the loop.",
        kinds=(Kind.FILE_WRITE,),
        check=has("unbounded"),
        bad=("with open('big', 'w') as f:\n    while True:\n        f.write('x' * 1000)",),
        good=("with open('small', 'w') as f:\n    for i in range(3):\n        f.write('x')",),
    ),
    Rule(
        id="JG703",
        title="Goes on without end",
        why="The kernel is busy until somebody interrupts it.",
        instead="Give the loop or the recursion a case in which it ends.",
        kinds=_USES,
        bad=(
            "while True:\n    pass",
            "def f(n):\n    return f(n + 1)\nf(0)",
            "import itertools\nx = [n for n in itertools.count()]",
        ),
        good=("while True:\n    if step():\n        break", "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nf(5)"),
    ),
)
