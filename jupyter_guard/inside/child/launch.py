"""A connection file -> a running ipykernel that loses no output and dies with the wrapper.

Run by path: ``python launch.py PARENT PIPE -f CONNECTION_FILE ...``, where everything after ``PIPE`` is ipykernel's.
"""

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


def _start(arguments):
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

    # The class's name is what configuration files and command lines address.
    GuardedKernelApp.__name__ = GuardedKernelApp.__qualname__ = "IPKernelApp"
    GuardedKernelApp.launch_instance(arguments)


if __name__ == "__main__":
    # An interrupt during the start would end it; ipykernel ignores them too between requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    del sys.path[0]
    parent, pipe, rest = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    _load("_jupyter_guard_lifeline", "lifeline.py").hold(parent, pipe if pipe >= 0 else None)
    sys.argv = ["ipykernel_launcher.py", *rest]
    _start(rest)
