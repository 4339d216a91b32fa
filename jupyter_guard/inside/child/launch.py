"""A connection file -> a running ipykernel that loses no output and dies with the wrapper.

Run by path: ``python launch.py PARENT PIPE LINK -f CONNECTION_FILE ...``, where everything after ``LINK`` is
ipykernel's. ``LINK`` is a descriptor of the wrapper's socket and the file that guards turns on it, ``12:/path``, or
``-1``.
"""

import contextlib
import gc
import os
import signal
import sys

WATCHING = (
    "link", "watch", "hook", "acts", "whose", "statements", "held", "drivers", "compiled", "newcomers", "vaults",
    "opened",
)  # fmt: skip


def _load(name, file):
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, os.path.join(os.path.dirname(os.path.abspath(__file__)), file))
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _close(arguments):
    """In a box of namespaces: what is put at a hidden name from now on is not read either (``isolate.renewed``).

    A failure ends the kernel: it does not run with less.
    """
    if os.environ.get("JUPYTER_GUARD_ISOLATION") != "bubblewrap":
        return
    import json

    directory = os.path.dirname(next(one for one in arguments if one.endswith("connection.json")))
    with open(os.path.join(directory, "withheld.json"), encoding="utf-8") as file:
        withheld = json.load(file)
    landlock = os.path.join("..", "..", "isolate", "landlock.py")
    _load("_jupyter_guard_landlock", landlock).close(withheld["closed"], [directory, *withheld["opened"]])


def _copy_nothing():
    """What a cell writes past Python reaches the front end, scrubbed; what ipykernel copies of it to the log does not.

    That log is nobody's output: it is not scrubbed. Until the first cell it has what goes wrong at the start.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        copy = getattr(stream, "_original_stdstream_copy", None)
        if isinstance(copy, int):
            os.dup2(nowhere, copy, inheritable=False)
    os.close(nowhere)


def _drop():
    """Where ipykernel was told not to look at descriptors 1 and 2, nobody scrubs what cells write there: it goes."""
    sys.stderr.flush()
    os.write(2, b"[jupyter_guard] capture_fd_output is off: what cells write past Python is not shown\n")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _begin(kernel, link, connection):
    """From the first cell on, the wrapper is shown what is compiled; and ``%guard`` talks to it."""
    refusal, watch = sys.modules["_jupyter_guard_refusal"], _load("_jupyter_guard_watch", "watch.py")

    def request():
        try:
            return kernel.get_parent("shell") or {}
        except (AttributeError, TypeError):
            # ipykernel before 6.
            return getattr(kernel, "_parent_header", None) or {}

    def about():
        return str((request().get("header") or {}).get("msg_id", ""))

    questions = _load("_jupyter_guard_questions", "questions.py")
    asked = questions.Questions() if link is not None else None
    _load("_jupyter_guard_recursion", "recursion.py").hold(asked)
    if "JUPYTER_GUARD_ISOLATION" in os.environ:
        _load("_jupyter_guard_hints", "hints.py").start(kernel.shell, connection)
    if "_jupyter_guard_packages" in sys.modules:
        sys.modules["_jupyter_guard_packages"].start(kernel.shell)
    _load("_jupyter_guard_magic", "magic.py").register(kernel.shell, asked, about)
    if link is None:
        return
    _load("_jupyter_guard_calling", "calling.py").start(asked, about)

    def judge(text):
        return link.vet(text, about(), refusal.error)

    watching, hook = watch.Watch(kernel.shell, judge, request), _load("_jupyter_guard_hook", "hook.py")
    acts, whose = _load("_jupyter_guard_acts", "acts.py"), _load("_jupyter_guard_whose", "whose.py")
    statements = _load("_jupyter_guard_statements", "statements.py")
    mine = (watch.CELL, watch.OTHER)
    watching.acts = whose.Acts(watching.kind, mine, watching.ask_act, hook.inside, acts.ACTS, os.getcwd())
    watching.acts.about = about
    watching.acts.set_aside = lambda paths: link.set_aside(paths, about(), refusal.error)

    def tell_written(_result):
        paths = watching.acts.take_written()
        if paths:
            # Undo asks about what nobody has told of.
            with contextlib.suppress(Exception):
                link.ask({"op": "wrote", "about": about(), "paths": paths})

    kernel.shell.events.register("post_run_cell", tell_written)
    held, drivers = _load("_jupyter_guard_held", "held.py"), _load("_jupyter_guard_drivers", "drivers.py")
    drivers.start(statements.about_to, held)
    compiled = _load("_jupyter_guard_compiled", "compiled.py")
    compiled.start(statements.about_to, held, drivers.counting, drivers.ASKING)
    newcomers = _load("_jupyter_guard_newcomers", "newcomers.py")
    statements.start(watching.acts.put, held)
    newcomers.start(watching.acts.put, watching.starting, watching.carrying)
    asking = {**statements.DRIVERS, **drivers.DRIVERS, **compiled.DRIVERS}
    _load("_jupyter_guard_vaults", "vaults.py").start(asked.mask, asking, newcomers.CHANGES)
    opened = _load("_jupyter_guard_opened", "opened.py")
    opened.start(asked.mask)
    hook.start(watching, {**opened.hearing(), questions.EVENT: questions.answered(link.ask)})
    for name in WATCHING:
        # Nobody needs them by a name, and who looks for them to change them should not find them, or by them the link.
        del sys.modules["_jupyter_guard_" + name]


def _start(arguments, link):
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    refusal = _load("_jupyter_guard_refusal", "refusal.py")
    quick = _load("_jupyter_guard_quick", "quick.py")
    hastened = quick.hasten()

    class GuardedKernelApp(IPKernelApp):
        name = IPKernelApp.name

        def init_iopub(self, context):
            # ipykernel keeps 1000 messages for a reader that is slower and drops what is more, once even `idle`.
            # The wrapper has its own policy, which never drops.
            make = context.socket

            def socket(kind, *args, **kwargs):
                made = make(kind, *args, **kwargs)
                if kind in (zmq.PUB, zmq.XPUB):
                    made.sndhwm = 0
                return made

            context.socket = socket
            try:
                super().init_iopub(context)
            finally:
                del context.socket

        def init_kernel(self):
            super().init_kernel()
            refusal.keep_own_text(self.kernel.shell)
            if hastened:
                quick.sleep_no_more(self.kernel)
                quick.pack_quickly(self.session)

        def start(self):
            _copy_nothing()
            if not getattr(self, "capture_fd_output", True):
                _drop()
            _begin(self.kernel, link, self.abs_connection_file)
            # What is loaded by now counts as old, as it would if the collector had run all along.
            gc.freeze()
            gc.unfreeze()
            gc.enable()
            super().start()

    # The class's name is what configuration files and command lines address.
    GuardedKernelApp.__name__ = GuardedKernelApp.__qualname__ = "IPKernelApp"
    GuardedKernelApp.launch_instance(arguments)


if __name__ == "__main__":
    # Nothing that is imported is garbage, and looking for some is a twelfth of the start.
    gc.disable()
    # An interrupt during the start would end it; ipykernel ignores them too between requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    del sys.path[0]
    parent, pipe, (handle, _, lock), rest = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].partition(":"), sys.argv[4:]
    _close(rest)
    if "JUPYTER_GUARD_PACKAGES" in os.environ:
        _load("_jupyter_guard_packages", "packages.py").see()
    _load("_jupyter_guard_lifeline", "lifeline.py").hold(parent, pipe if pipe >= 0 else None)
    sys.argv = ["ipykernel_launcher.py", *rest]
    _start(rest, _load("_jupyter_guard_link", "link.py").Link(int(handle), lock) if int(handle) >= 0 else None)
