"""A name -> what it stands for: the session's own, a built-in, a library's, or nothing known."""

from __future__ import annotations

import builtins
import functools

from jupyter_guard.knowledge import Knowledge
from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import HISTORY, INDIRECT, Inst, Name, Unknown, Value, const

BUILTINS = frozenset(dir(builtins)) | {"execfile", "raw_input", "display", "get_ipython", "unicode", "reload", "file"}


def name_value(run: Run, name: str) -> Value:
    """What ``name`` stands for here."""
    found = run.scope.find(name)
    if found is not None:
        return found
    if run.memory.patched:
        patched = run.memory.patched.get(f"builtins.{name}")
        if patched is not None:
            return patched
    if name in _PAST:
        return Value((Unknown(name, name),), frozenset({HISTORY}))
    if name == "spark":
        return Value((Inst("pyspark.sql.SparkSession"),))
    return _unbound(run.knowledge, name)


@functools.lru_cache(maxsize=4096)
def _unbound(knowledge: Knowledge, name: str) -> Value:
    """What a name stands for that the session has not bound; nothing ever changes such a value."""
    if name in BUILTINS:
        return Value((Name(name),))
    if name == "__builtins__":
        return Value((Name("builtins"),), frozenset({INDIRECT}))
    if name == "__name__":
        return const("__main__")
    if name == "__file__":
        return const(HOLE)
    usual = _USUAL.get(name)
    if usual is not None:
        return Value((Name(usual),))
    if knowledge.callable(name) is not None or (knowledge.knows_module(name) and name not in _COMMON):
        return Value((Name(name),))
    return Value((Unknown(name, name),))


# All cells and all results of a session.
_PAST = frozenset({"In", "Out", "_ih", "_oh"})
# What these names stand for where a cell is read without the one that defines them.
_USUAL = {
    "pd": "pandas",
    "np": "numpy",
    "plt": "matplotlib.pyplot",
    "tf": "tensorflow",
    "sk": "sklearn",
    "system": "os.system",
    "popen": "os.popen",
    "check_call": "subprocess.check_call",
    "check_output": "subprocess.check_output",
    "Popen": "subprocess.Popen",
    "rmtree": "shutil.rmtree",
    "urlopen": "urllib.request.urlopen",
    "urlretrieve": "urllib.request.urlretrieve",
    "HTML": "IPython.display.HTML",
    "Javascript": "IPython.display.Javascript",
}
# Names of known libraries that people use for their own variables.
_COMMON = frozenset(
    """
    code commands sh data model client session secrets token select signal queue string time test
    """.split()
)
