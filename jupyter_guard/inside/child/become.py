"""Any kernel's command line -> that kernel in this process, which dies with the wrapper.

Run by path: ``python become.py PARENT PIPE COMMAND ...``.
"""

import os
import subprocess
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.abspath(__file__))
    import lifeline

    command = sys.argv[3:]
    if sys.platform == "linux":
        lifeline.hold(int(sys.argv[1]), None)
        try:
            os.execvp(command[0], command)  # noqa: S606
        except OSError as error:
            sys.exit("jupyter_guard: the wrapped kernel does not start: %s: %s" % (command[0], error.strerror))
    lifeline.hold(int(sys.argv[1]), int(sys.argv[2]) if int(sys.argv[2]) >= 0 else None)
    sys.exit(subprocess.call(command))
