"""The folder that the policy grants for packages -> on ``sys.path`` before the environment's, and ``%pip``'s own."""

import importlib
import os
import shlex
import site
import sys

VARIABLE = "JUPYTER_GUARD_PACKAGES"


def see():
    """Have its packages found before those of the environment, as pip's own interpreter there has them."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    version = "python%d.%d" % sys.version_info[:2]
    before = list(sys.path)
    site.addsitedir(os.path.join(folder, "lib", version, "site-packages"))
    new = [one for one in sys.path if one not in before]
    kinds = ("site-packages", "dist-packages")
    at = next((n for n, one in enumerate(before) if os.path.basename(one) in kinds), len(before))
    sys.path[:] = before[:at] + new + before[at:]


def start(shell):
    """Have ``%pip`` install there."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return

    def pip(line):
        """``%pip install NAME``: into this kernel's own folder of packages, over those of its environment."""
        python = os.path.join(folder, "bin", "python")
        shell.system("%s -m pip %s" % (shlex.quote(python), line))
        importlib.invalidate_caches()
        sys.stderr.write("Note: modules that are imported already stay as they are until the kernel is restarted.\n")

    shell.register_magic_function(pip, "line", "pip")
