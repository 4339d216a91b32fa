"""A function that a new interpreter is to call -> a line of code that calls it, put before the guard first.

A process that is forked carries the watch with it. One that starts afresh (``spawn``, ``forkserver``) has none, so what
it is given is judged when it is given. A thread has one, but not who gave it its work: that is noted (``watch.py``).
"""

import ast
import functools
import sys

# Where C says that its functions come from, and where people know them from.
KNOWN_AS = {"posix": "os", "nt": "os", "_io": "io", "_posixsubprocess": "subprocess"}

_put = None
_note = _carry = None


def start(put, note, carry):
    """Call ``put(code, frame)`` before a new interpreter gets a function; it raises when it may not.

    ``note(thread, frame)`` is called before a thread starts; ``carry(function, frame)`` gives what a thread that is
    there already is to call instead of the function.
    """
    global _put, _note, _carry
    _put, _note, _carry = put, note, carry


def as_code(function, args, kwargs):
    """The call as code; ``""`` for a cell's own function, which was judged with the cell, and for what has no name."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name or "<" in name or module in ("__main__", "__mp_main__"):
        return ""
    given = []
    for key, value in [("", one) for one in args] + sorted(kwargs.items()):
        text = repr(value)
        try:
            ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            text = "given"
        given.append(key + "=" * bool(key) + text)
    module = KNOWN_AS.get(module, module)
    return "import %s\n%s.%s(%s)" % (module, module, name, ", ".join(given))


def _handed(function, args, kwargs, frame):
    code = as_code(function, args, kwargs) if _put is not None else ""
    if code:
        _put(code, frame)


def _processes(module):
    start_process = module.BaseProcess.start

    @functools.wraps(start_process)
    def start(self):
        if getattr(self, "_start_method", None) != "fork":
            _handed(self._target, self._args, self._kwargs, sys._getframe(1))
        return start_process(self)

    module.BaseProcess.start = start


def _pools(module):
    submit_work = module.ProcessPoolExecutor.submit

    @functools.wraps(submit_work)
    def submit(self, fn, *args, **kwargs):
        method = self._mp_context.get_start_method(allow_none=True) if self._mp_context is not None else None
        if method != "fork":
            _handed(fn, args, kwargs, sys._getframe(1))
        return submit_work(self, fn, *args, **kwargs)

    module.ProcessPoolExecutor.submit = submit


def _threads(module):
    """What a thread runs may be somebody else's function: who started it counts too."""
    start_thread = module.Thread.start

    @functools.wraps(start_thread)
    def start(self):
        if _note is not None:
            _note(self, sys._getframe(1))
        return start_thread(self)

    module.Thread.start = start


def _thread_pools(module):
    submit_work = module.ThreadPoolExecutor.submit

    @functools.wraps(submit_work)
    def submit(self, fn, /, *args, **kwargs):
        return submit_work(self, fn if _carry is None else _carry(fn, sys._getframe(1)), *args, **kwargs)

    module.ThreadPoolExecutor.submit = submit


CHANGES = {
    "multiprocessing.process": _processes,
    "concurrent.futures.process": _pools,
    "concurrent.futures.thread": _thread_pools,
    "threading": _threads,
}


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
