"""Where libraries are installed and people are at home -> paths, of which only the end is known."""

# ruff: noqa: ARG001, ARG005 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

import sys
from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import ANYTHING, Const, Inst, Map, Seq, Value, const

OTHERS = sys.stdlib_module_names | {"__main__"}
PACKAGES = HOLE + "/site-packages"


def _packages(run: Run, site: Site) -> Value:
    only = arg(site, 0, "name").only()
    return ANYTHING if only is not None and only.value in ("data", "include", "scripts") else const(PACKAGES)


def _folders(run: Run, site: Site) -> Value:
    return Value((Seq([const(PACKAGES)], "list"),))


def _paths(run: Run, site: Site) -> Value:
    return Value((Map({name: const(PACKAGES) for name in ("purelib", "platlib")}, ANYTHING),))


def module_file(dotted: str) -> Value:
    """``module.__file__`` of a library."""
    return const(f"{PACKAGES}/{dotted.replace('.', '/')}/__init__.py")


def _origin(run: Run, made: Value) -> Value:
    only = made.only()
    return module_file(only.value) if only is not None and isinstance(only.value, str) else const(PACKAGES + "/" + HOLE)


def _account(run: Run, site: Site) -> Value:
    """``pwd.getpwnam(name)``: somebody else's home, or, by number, one's own."""
    only = arg(site, 0).only()
    name = only.value if only is not None and isinstance(only.value, str) else ""
    home = "/root" if name == "root" else f"/home/{name}" if name else run.context.home
    return Value((Inst("pwd.struct_passwd", const(home)),))


def _at_home(below: str) -> Callable[[Run, Site], Value | None]:
    return lambda run, _site: const(run.context.home + below)


# Where Jupyter and IPython keep their own files, as they say themselves.
_OWN_FOLDERS = {
    "jupyter_core.paths.jupyter_data_dir": "/.local/share/jupyter",
    "jupyter_core.paths.jupyter_config_dir": "/.jupyter",
    "jupyter_core.paths.jupyter_runtime_dir": "/.local/share/jupyter/runtime",
    "IPython.paths.get_ipython_dir": "/.ipython",
    "IPython.paths.locate_profile": "/.ipython/profile_default",
    "IPython.utils.path.get_ipython_dir": "/.ipython",
}
MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    **{name: _at_home(below) for name, below in _OWN_FOLDERS.items()},
    "sysconfig.get_path": _packages,
    "sysconfig.get_paths": _paths,
    "site.getsitepackages": _folders,
    "site.getusersitepackages": _packages,
    "distutils.sysconfig.get_python_lib": _packages,
    "pwd.getpwuid": _account,
    "pwd.getpwnam": _account,
}
_SHELL = "IPython.core.interactiveshell.InteractiveShell"
_IPYTHON = "IPython.core.profiledir.ProfileDir"
_PROFILE = "/.ipython/profile_default"


PROPERTIES: dict[str, Callable[[Run, Value], Value]] = {
    "importlib.machinery.ModuleSpec.origin": _origin,
    f"{_SHELL}.ipython_dir": lambda run, made: const(run.context.home + "/.ipython"),
    f"{_IPYTHON}.location": lambda run, made: const(run.context.home + _PROFILE),
    f"{_IPYTHON}.startup_dir": lambda run, made: const(run.context.home + _PROFILE + "/startup"),
    "pwd.struct_passwd.pw_dir": lambda run, made: Value(tuple(atom for atom in made.atoms if type(atom) is Const)),
}
