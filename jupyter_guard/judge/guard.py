"""JG8xx: the guard itself, the kernel's own machinery, and what cannot be read."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Kind, Severity

_TAMPERS = (Kind.GUARD_TAMPER,)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG800",
        title="Does something that the guard cannot read",
        why="What cannot be read cannot be judged: it could do anything.",
        instead="Split the cell, or write it in a form that parses.",
        kinds=(Kind.UNREAD,),
        severity=Severity.HIGH,
        bad=("this is no code (",),
        good=("x = 1",),
    ),
    Rule(
        id="JG804",
        title="Gives a built-in or library name a new meaning",
        why="Later cells call it and do something else than they say.",
        instead="Use a name of your own.",
        kinds=_TAMPERS,
        check=has("alias"),
        bad=(
            "import builtins\nbuiltins.open = lambda *a, **k: None",
            "%alias ls rm -rf",
        ),
        good=("def evaluate(m, x):\n    return m(x)\nevaluate(len, [1])",),
    ),
    Rule(
        id="JG801",
        title="Changes the guard, IPython or Jupyter itself",
        why="From then on nobody knows what a cell does, or the guard no longer sees it.",
        instead="Ask whoever keeps the policy; `jupyter guard policy show` names the files that make it.",
        kinds=_TAMPERS,
        bad=(
            "get_ipython().ast_transformers.clear()",
            "get_ipython().input_transformers_cleanup[:] = []",
            "import hooks\nip = get_ipython()\nip.events.register('post_run_cell', hooks.after)",
            "import sys\nsys.settrace(lambda f, e, a: None)",
            "k = get_ipython().kernel\nk.session.send(k.iopub_socket, 'status', {'execution_state': 'idle'})",
        ),
        good=(
            "%matplotlib inline",
            "%load_ext autoreload\n%autoreload 2",
            "import time\nget_ipython().events.register('post_run_cell', lambda r: print(time.time()))",
            "k = get_ipython().kernel\nk.session.send(k.iopub_socket, 'clear_output', {'wait': True})",
        ),
    ),
    Rule(
        id="JG805",
        title="Changes files of the guard or of Jupyter",
        why="They decide how the next kernel starts and what it is allowed.",
        instead="Ask whoever keeps the policy; `jupyter guard policy show` names the files that make it.",
        kinds=(Kind.FILE_WRITE, Kind.FILE_DELETE),
        check=has("guard-file"),
        bad=("open('jupyter_guard.toml', 'w').write('')",),
        good=("open('settings.toml', 'w').write('')",),
    ),
    Rule(
        id="JG803",
        title="Runs a script in the page",
        why="A script in the page acts as you: it can run cells, read files and send them away.",
        instead="Use a widget or a plotting library.",
        kinds=(Kind.PAGE_SCRIPT,),
        bad=(
            "from IPython.display import HTML\nHTML('<script>fetch(\"/api/contents\")</script>')",
            "%%javascript\nJupyter.notebook.kernel.execute('import os')",
        ),
        good=("from IPython.display import HTML\nHTML('<b>bold</b>')",),
    ),
    # Found by `guard.foreseen`.
    Rule(
        id="JG806",
        title="Will be refused by isolation",
        why="The box of this kernel opens what the policy grants and nothing else: the cell would fail half-way.",
        instead="Use a place or a host that is granted, or have it granted.",
        severity=Severity.NOTE,
        follows="what the kernel's box opens: [isolation](../isolation.md)",
    ),
)
