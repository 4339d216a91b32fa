"""An effect that runs a module by its name, or a file as one -> the names that a list may know it by."""

from __future__ import annotations

import re
from typing import Final

from jupyter_guard.terms import Effect

# They run a module by its name, as an import does.
_BY_NAME: Final = frozenset({"runpy.run_module"})
# They run a file.
_BY_PATH: Final = frozenset(
    """
    runpy.run_path importlib.util.spec_from_file_location imp.load_source imp.load_dynamic
    importlib.machinery.SourceFileLoader importlib.machinery.ExtensionFileLoader
    importlib.machinery.SourcelessFileLoader zipimport.zipimporter %run
    """.split()
)
_SUFFIX: Final = re.compile(r"(?:\.cpython-\w[\w-]*|\.abi3)?\.(?:py|pyc|pyw|ipy|ipynb|so|pyd|zip)$")
# Below these folders a path is a module's whole name.
_INSTALLED: Final = re.compile(r".*/(?:(?:site|dist)-packages|lib/python3?(?:\.\d+)?)/(?:lib-dynload/)?(.+)", re.DOTALL)
_DEEPEST: Final = 8


class Loaded:
    """``installed``: the module's name is whole. Else ``names`` are the file's own and those with the folders above it:
    which of them it has nobody knows. None where the path is not known before it runs.
    """

    __slots__ = ("installed", "names")

    def __init__(self, names: tuple[str, ...], installed: bool) -> None:
        self.names = names
        self.installed = installed


def loaded(effect: Effect) -> Loaded | None:
    """What an effect runs; ``None`` where that is no module and no file that is run as one."""
    if effect.via in _BY_NAME:
        return Loaded((effect.target,) if effect.target else (), True)
    if effect.via not in _BY_PATH:
        return None
    path = _SUFFIX.sub("", effect.target.replace("\\", "/"))
    if effect.via == "%run" and path == effect.target:
        # `%run -m json.tool`; a file is looked for by a name without its suffix, too, and has then that name.
        return Loaded((path,) if path else (), True)
    inside = _INSTALLED.fullmatch(path)
    parts = [part for part in (inside[1] if inside else path).split("/") if part not in ("", ".", "..")]
    if parts[-1:] in (["__init__"], ["__main__"]):
        parts.pop()
    if not parts:
        return Loaded((), False)
    if inside:
        return Loaded((".".join(parts),), True)
    parts = parts[-_DEEPEST:]
    return Loaded(tuple(".".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)), False)
