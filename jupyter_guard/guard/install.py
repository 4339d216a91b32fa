"""The wrapper -> kernel specs that Jupyter lists: 'Guarded Python', and guarded twins of other kernels."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jupyter_guard.guard.launchers import launcher_at

KERNEL_MODULE = "jupyter_guard.kernel"
NAME = "guarded-python"
DISPLAY_NAME = "Guarded Python"


# Variables by which a program loads what it would not load by itself.
_LOADING = ("PYTHON", "LD_", "DYLD_", "JUPYTER", "IPYTHON")


class InstallError(ValueError):
    """A kernel spec that cannot be made or written, in words."""


def spec(wrap: str = "", wrapped: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of ``kernel.json`` for the plain kernel, or for the twin of ``wrapped``, the spec named ``wrap``."""
    wrapped = wrapped or {}
    named = ["--wrap", wrap] if wrap else []
    metadata = dict(wrapped.get("metadata", {}) if wrap else {"debugger": True})
    return {
        # The interpreter that has the guard: another environment's python could not start the wrapper.
        "argv": [sys.executable, "-P", "-m", KERNEL_MODULE, *named, "-f", "{connection_file}"],
        "display_name": f"Guarded {wrapped.get('display_name') or wrap}" if wrap else DISPLAY_NAME,
        "language": wrapped.get("language", "python") if wrap else "python",
        "interrupt_mode": wrapped.get("interrupt_mode", "signal"),
        "kernel_protocol_version": "5.5",
        # The wrapper is the front end's side of the connection: it encrypts for any kernel.
        "metadata": {
            **metadata,
            "supported_encryption": ["curve"],
            "jupyter_guard": {"guarded": True, "wraps": wrap or "python3"},
        },
    }


def locked_spec(name: str, wrapped: Mapping[str, Any], folder: str, is_trusted: bool = True) -> dict[str, Any]:
    """The guarded twin of ``wrapped`` for a server that starts nothing else.

    The wrapped spec travels in the command, so that nothing has to be found, or could be replaced, between the look
    and the start. ``folder`` stands for ``{resource_dir}``. Of a spec that is not ``is_trusted`` the variables that
    make Python load something are left out.
    """
    argv = [str(one) for one in wrapped.get("argv") or ()]
    # Of a command that names the wrapper nothing is kept but what it wraps: it may begin with anything.
    already = KERNEL_MODULE in argv
    inner = {
        "argv": [one.replace("{resource_dir}", folder).replace("{prefix}", sys.prefix) for one in argv],
        "language": told_language(wrapped),
        "env": {
            str(key): str(value)
            for key, value in (wrapped.get("env") or {}).items()
            if is_trusted or not str(key).upper().startswith(_LOADING)
        },
    }
    made = spec(name, {**wrapped, "language": told_language(wrapped)})
    named = argv[argv.index("--wrap") + 1 : argv.index("--wrap") + 2] if already and "--wrap" in argv else []
    told = ["--wrap", named[0] if named else packed(inner)] if named or not already else []
    made["argv"] = [sys.executable, "-I", "-m", KERNEL_MODULE, *told, "-f", "{connection_file}"]
    if already:
        made["display_name"] = str(wrapped.get("display_name") or name)
    # A provisioner that a spec chooses would start the kernel elsewhere, without the wrapper.
    made["metadata"].pop("kernel_provisioner", None)
    return made


def told_language(wrapped: Mapping[str, Any]) -> str:
    """The language in which the cells of a kernel spec are judged: what starts ipykernel runs Python, whatever it says.

    Cells of a language without a reader are sent on unjudged, so it is not for the spec to say.
    """
    argv = [str(one) for one in wrapped.get("argv") or ()]
    return "python" if launcher_at(argv) > 0 else str(wrapped.get("language") or "")


def packed(wrapped: Mapping[str, Any]) -> str:
    """A kernel spec as one argument, in which Jupyter finds no name in braces to fill in."""
    text = json.dumps(wrapped, separators=(",", ":"))
    return text.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")


def install(*, user: bool = False, prefix: str | None = None, wrap: str = "", name: str = "") -> tuple[str, Path]:
    """Write a kernel spec; its name and folder.

    ``user``: for this account; ``prefix``: below it, as in ``PREFIX/share/jupyter/kernels``; neither: for the whole
    machine. Raises ``InstallError``.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    # Guarded kernels too, which a locked-down manager could hide.
    manager = KernelSpecManager()
    wrapped, resources = _wrapped(manager, wrap) if wrap else ({}, None)
    name = name or (f"guarded-{wrap}" if wrap else NAME)
    with tempfile.TemporaryDirectory(prefix="jupyter_guard_") as folder:
        source = Path(folder) / "spec"
        source.mkdir()
        for logo in sorted(Path(resources).glob("logo*")) if resources else ():
            shutil.copy(logo, source)
        (source / "kernel.json").write_text(json.dumps(spec(wrap, wrapped), indent=2) + "\n", encoding="utf-8")
        try:
            where = manager.install_kernel_spec(str(source), name, user=user, prefix=prefix)
        except OSError as error:
            hint = " Try --user or --sys-prefix." if isinstance(error, PermissionError) else ""
            raise InstallError(f"{error.filename or name} cannot be written: {error.strerror}.{hint}") from None
        except ValueError as error:
            raise InstallError(str(error)) from None
    return name, Path(where)


def is_guarded(argv: list[str]) -> bool:
    """Whether a kernel spec's command starts the wrapper."""
    return KERNEL_MODULE in argv


def _wrapped(manager: Any, name: str) -> tuple[dict[str, Any], str]:
    from jupyter_client.kernelspec import NoSuchKernel

    try:
        found = manager.get_kernel_spec(name)
    except NoSuchKernel:
        known = sorted(manager.find_kernel_specs())
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"
        raise InstallError(f"There is no kernel named {name!r} to wrap; {hint}") from None
    content: dict[str, Any] = found.to_dict()
    if is_guarded(content.get("argv", [])):
        raise InstallError(f"The kernel {name!r} is guarded already.")
    return content, found.resource_dir
