"""``%guard`` in a guarded kernel -> what the wrapper says about itself, its policy and its rules.

Also the package's own name, where the kernel's environment does not have it: notebooks that load the extension or mask
a value run the same everywhere.
"""

import sys
from importlib.machinery import ModuleSpec

PACKAGE = "jupyter_guard"
ALREADY = "This kernel is guarded from outside already: nothing to load. %guard says how."

NO_LINK = "This kernel is guarded from outside; on this system nothing inside it can talk to the guard."
USAGE = "usage: %guard status | panel | explain [RULE] | policy | undo [list|show|FILE] | mask NAME"


def register(shell, link, about=str):
    """Make ``%guard`` known to ``shell``; the answers come over ``link``, which is ``None`` where there is none.

    ``about()`` is the id of the request that runs.
    """
    from IPython.core.error import UsageError

    def guard(line):
        """``%guard status``: what is on, and what was stopped, asked about and redacted so far.

        ``%guard panel``: what was found so far, kept current, with buttons that answer where there is no guard panel.
        ``%guard explain``: the last card; ``%guard explain JG301``: that rule, with examples.
        ``%guard policy``: the policy in force and where it comes from.
        ``%guard undo list``: what cells have changed in the workspace; ``%guard undo show [STEP]``: which files.
        ``%guard undo``: the last of it is taken back; ``%guard undo FILE``: that file or folder is as it was.
        ``%guard mask NAME``: the value of the variable ``NAME`` is a secret from now on.
        """
        action, _, rest = (line.strip() or "status").partition(" ")
        rest = rest.strip()
        if action == "mask":
            if rest not in shell.user_ns:
                raise UsageError("%%guard mask: there is no variable %r. %s" % (rest, USAGE))
            mask(link, shell.user_ns[rest])
            print("The value of %s is redacted from now on." % rest)
        elif action in ("status", "panel", "explain", "policy", "undo"):
            text = NO_LINK if link is None else link.tell(action, rest, about() if action == "undo" else "")
            if text:
                print(text)
        else:
            raise UsageError(USAGE)

    shell.register_magic_function(guard, "line", "guard")
    # Last: asked only when nothing else has the package.
    sys.meta_path.append(Standin(link))


def mask(link, value):
    """Have the text of ``value`` redacted from now on. Raises ``RuntimeError`` when the wrapper refuses."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, (bytes, bytearray)) else str(value)
    if link is None:
        raise RuntimeError(NO_LINK)
    link.mask(text, "masked value")


class Standin:
    """Imports what a notebook needs of the package: the extension, which has nothing to do here, ``mask``, tools."""

    def __init__(self, link):
        self._link = link

    def find_spec(self, name, _path=None, _target=None):
        """The package's spec; nothing for any other module."""
        return ModuleSpec(name, self) if name == PACKAGE else None

    def create_module(self, _spec):
        """A plain module."""

    def exec_module(self, module):
        """Put the few names in."""

        def mask_value(value):
            """Make ``value`` a known secret from now on, and give it back."""
            mask(self._link, value)
            return value

        module.mask = mask_value
        calling = sys.modules.get("_jupyter_guard_calling")
        if calling is not None:
            module.tools = calling.tools
        module.load_ipython_extension = lambda _shell: print(ALREADY)
        module.unload_ipython_extension = lambda _shell: None
