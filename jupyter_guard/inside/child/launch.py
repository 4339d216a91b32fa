"""A connection file -> a running ipykernel that loses no output and dies with the wrapper.

Run by path: ``python launch.py PARENT PIPE LINK -f CONNECTION_FILE ...``, where everything after ``LINK`` is
ipykernel's. ``LINK`` is a descriptor of the wrapper's socket and the file that guards turns on it, ``12:/path``, or
``-1``.
"""

import gc
import os
import signal
import sys


def _load(name, file):
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, os.path.join(os.path.dirname(os.path.abspath(__file__)), file))
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _begin(kernel, link):
    """From the first cell on, the wrapper is shown what is compiled; and ``%guard`` talks to it."""
    refusal, watch = sys.modules["_jupyter_guard_refusal"], _load("_jupyter_guard_watch", "watch.py")

    def request():
        try:
            return kernel.get_parent("shell") or {}
        except (AttributeError, TypeError):
            # ipykernel before 6.
            return getattr(kernel, "_parent_header", None) or {}

    _load("_jupyter_guard_recursion", "recursion.py").hold(link)
    _load("_jupyter_guard_magic", "magic.py").register(kernel.shell, link)
    if link is None:
        return
    _load("_jupyter_guard_vaults", "vaults.py").start(link.mask)

    def judge(text):
        link.vet(text, str((request().get("header") or {}).get("msg_id", "")), refusal.error)

    watch.start(watch.Watch(kernel.shell, judge, request))


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
            _begin(self.kernel, link)
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
    _load("_jupyter_guard_lifeline", "lifeline.py").hold(parent, pipe if pipe >= 0 else None)
    sys.argv = ["ipykernel_launcher.py", *rest]
    _start(rest, _load("_jupyter_guard_link", "link.py").Link(int(handle), lock) if int(handle) >= 0 else None)
