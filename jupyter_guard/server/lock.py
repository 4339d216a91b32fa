"""Kernel specs and kernels of a server -> guarded ones only, whatever was asked for and however."""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado import web
from traitlets import DottedObjectName, Enum, Instance, List, Type, Unicode, default

from jupyter_guard.guard.install import KERNEL_MODULE, locked_spec
from jupyter_guard.guard.launchers import CONDA, launcher_at, unwelcome
from jupyter_guard.guard.owned import is_trusted
from jupyter_guard.policy.files import admin_problems
from jupyter_guard.server.extensions import KNOWN, TRAIT, leave_out

# How a command begins that starts the wrapper and nothing before it.
COMMAND = (sys.executable, "-I", "-m", KERNEL_MODULE)
# The only variable that a session adds, and no more than a notebook's path.
SESSION_NAME = "JPY_SESSION_NAME"
# Variables that are the server's and no kernel's.
SERVERS_OWN = frozenset({"JUPYTER_GUARD_STORE", "JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN"})
PROVISIONER = "local-provisioner"
# How a command names the interpreter that this server runs with; the wrapper takes the names without a folder for it
# too. nb_conda_kernels 2.3 and later write `python`.
OWN_PYTHON = ("python", "python3", sys.executable)
# What starts the wrapper beside a kernel that runs elsewhere (`server.provisioner`).
GUARDED_PROVISIONER = "guarded-provisioner"


class LockedKernelSpecManager(KernelSpecManager):
    """Every kernel spec that an administrator or a user has, as its guarded twin under the same name.

    What ``inner`` finds is looked at anew each time, so a kernel that a user makes appears at once. A spec of a user's
    names what runs inside the guard, never what runs instead of it: its environment reaches the wrapped kernel only,
    its provisioner is left out.
    """

    inner_class = Type(KernelSpecManager, KernelSpecManager, config=True, help="Where kernel specs are found.")
    user_kernels = Enum(
        ("python", "all", "none"),
        "python",
        config=True,
        help="Which kernel specs from folders that not only root writes are offered, guarded: those that start "
        "ipykernel, so that cells are judged; all; none.",
    )
    user_folder = Unicode(config=True, help="The folder of the user's own kernel specs.")
    remote_provisioners = List(
        Unicode(),
        config=True,
        help="Provisioners that may start kernels elsewhere, for kernel specs in folders that only root writes; each "
        "kernel has to be behind the guard there, or is ended.",
    )
    inner = Instance(KernelSpecManager)

    @default("user_folder")
    def _default_user_folder(self) -> str:
        return str(Path("~/.local/share/jupyter/kernels").expanduser())

    @default("inner")
    def _default_inner(self) -> KernelSpecManager:
        inner = self.inner_class(parent=self)
        folders = [one for one in inner.kernel_dirs if is_trusted(one)]
        if self.user_kernels != "none":
            # The last: a user's spec does not take the name of an administrator's.
            folders += [one for one in (*inner.kernel_dirs, self.user_folder) if one not in folders]
        inner.kernel_dirs = folders
        return inner

    def find_kernel_specs(self) -> dict[str, str]:
        """Names and folders of all kernels that are offered."""
        found: dict[str, str] = self.inner.find_kernel_specs()
        return {name: folder for name, folder in found.items() if self._is_offered(name)}

    def _is_offered(self, name: str) -> bool:
        try:
            return self.why_not(name) is None
        except NoSuchKernel:
            # Its folder is there, and what would start it is not.
            return False

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The guarded twin of the kernel. Raises ``NoSuchKernel``, also for one that cannot be guarded."""
        # Read once: what is looked at is what starts, whatever becomes of the file meanwhile.
        inner = self._found(kernel_name)
        reason = self._objection(inner)
        if reason is not None:
            self.log.warning("jupyter_guard: the kernel %r is not offered: %s", kernel_name, reason)
            raise NoSuchKernel(kernel_name)
        provisioned, trusted = self._provisioner(inner), is_trusted_spec(inner)
        if provisioned["provisioner_name"] in self.remote_provisioners and trusted:
            made = _remote(inner.to_dict(), provisioned, inner.resource_dir)
        else:
            made = locked_spec(kernel_name, inner.to_dict(), inner.resource_dir, trusted)
        return KernelSpec(resource_dir=inner.resource_dir, **made)

    def why_not(self, kernel_name: str) -> str | None:
        """Why a kernel that is there is not offered; ``None`` for one that is. Raises ``NoSuchKernel``."""
        try:
            spec = self._found(kernel_name)
        except NoSuchKernel:
            raise
        except Exception as problem:
            # Whatever is wrong with somebody's file: it is one kernel less, not a server without kernels.
            return f"its file cannot be read: {problem}"
        return self._objection(spec)

    def _found(self, kernel_name: str) -> KernelSpec:
        """What ``inner`` has under this name. Raises ``NoSuchKernel``."""
        found = self.inner.get_kernel_spec(kernel_name)
        if found is None:
            # nb_conda_kernels with ``conda_only`` says so of a name that it does not know.
            raise NoSuchKernel(kernel_name)
        return found

    @staticmethod
    def _provisioner(spec: KernelSpec) -> dict[str, Any]:
        """What a kernel spec says of who starts it: the provisioner itself, where it names the guarded one."""
        found = spec.metadata.get("kernel_provisioner") if isinstance(spec.metadata, dict) else None
        found = found if isinstance(found, dict) else {}
        given = found.get("config")
        config: dict[str, Any] = given if isinstance(given, dict) else {}
        name = str(found.get("provisioner_name") or PROVISIONER)
        if name == GUARDED_PROVISIONER:
            inner, own = str(config.get("inner") or PROVISIONER), config.get("inner_config") or {}
            return {"provisioner_name": inner, "config": own, "python": str(config.get("python") or "")}
        return {"provisioner_name": name, "config": config, "python": ""}

    def _objection(self, spec: KernelSpec) -> str | None:
        """Why a kernel spec, as it was read, is not offered."""
        try:
            argv, provisioner = [str(one) for one in spec.argv], self._provisioner(spec)["provisioner_name"]
        except Exception as problem:
            return f"its file cannot be read: {problem}"
        if not argv:
            return "it has no command"
        trusted = is_trusted_spec(spec)
        if provisioner != PROVISIONER and trusted and provisioner not in self.remote_provisioners:
            return (
                f"{provisioner!r} would start it elsewhere: LockedKernelSpecManager.remote_provisioners has to name it"
            )
        if trusted or self.user_kernels == "all":
            return None
        if starts_ipykernel(argv):
            unknown = unwelcome(argv)
            if not unknown:
                return None
            return (
                f"its command is a user's own and says {' '.join(unknown)}, which may run something before "
                "the guard watches; -m ipykernel_launcher -f {connection_file} is what it may say"
            )
        return "its command is a user's own and starts no ipykernel, so that no cell of it would be judged"

    def install_kernel_spec(self, *_: Any, **__: Any) -> str:
        """Refused: a server installs nothing for anybody."""
        raise PermissionError("jupyter_guard: kernel specs of this server are not installed by it")

    remove_kernel_spec = install_kernel_spec
    install_native_kernel_spec = install_kernel_spec  # type: ignore[assignment]


class LockedKernelManager(ServerKernelManager):
    """Starts the wrapper or nothing: the last look at a command before it runs."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command of the kernel. Raises ``web.HTTPError`` 403 for one that does not start the guard."""
        command: list[str] = super().format_kernel_cmd(extra_arguments)
        if self._is_elsewhere():
            # What is started here is its launcher; `server.provisioner` sees to it that the wrapper starts there.
            return command
        if tuple(islice(command, len(COMMAND))) != COMMAND:
            raise web.HTTPError(403, f"jupyter_guard: the kernel {self.kernel_name!r} would start without the guard")
        return command

    def _is_elsewhere(self) -> bool:
        """Whether the guarded provisioner starts this kernel, as the locked kernel spec manager said."""
        spec = self.kernel_spec
        found = spec.metadata.get("kernel_provisioner") if spec is not None else None
        return isinstance(found, dict) and found.get("provisioner_name") == GUARDED_PROVISIONER


class LockedMappingKernelManager(AsyncMappingKernelManager):
    """Starts kernels of ``LockedKernelSpecManager`` only, and none while the administrator's policy is not in order."""

    @default("kernel_manager_class")
    def _default_kernel_manager_class(self) -> DottedObjectName:
        return f"{__name__}.LockedKernelManager"  # type: ignore[return-value]

    server_extensions = List(
        Unicode(),
        config=True,
        help="Server extensions that are loaded beside the known ones ("
        + ", ".join(sorted(KNOWN))
        + "). One that starts programs starts them outside the guard.",
    )

    def __init__(self, **kwargs: Any) -> None:
        """Made by the server before it loads its extensions."""
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        for name in leave_out(self.parent, self.server_extensions):
            self.log.warning("jupyter_guard: the server extension %s is not loaded: %s has to name it", name, TRAIT)

    async def _async_start_kernel(self, **asked: Any) -> str:
        self._check()
        named = asked.get("kernel_name")
        self._refuse(self.default_kernel_name if named is None else named)
        asked["env"] = _environment(asked.get("env") or {})
        started: str = await super()._async_start_kernel(**asked)
        return started

    start_kernel = _async_start_kernel  # type: ignore[assignment]

    async def _async_restart_kernel(self, kernel_id: str, now: bool = False) -> None:
        self._check()
        await super()._async_restart_kernel(kernel_id, now=now)  # type: ignore[no-untyped-call]

    restart_kernel = _async_restart_kernel  # type: ignore[assignment]

    def _refuse(self, name: str) -> None:
        """Raise ``web.HTTPError`` in words: 403 for a kernel that is there and is not offered, 404 for none."""
        manager = self.kernel_spec_manager
        try:
            reason = manager.why_not(name) if isinstance(manager, LockedKernelSpecManager) else None
        except NoSuchKernel:
            text = f"jupyter_guard: there is no kernel named {name!r} that can start here"
            raise web.HTTPError(404, text, reason="No such kernel") from None
        if reason is not None:
            text = f"jupyter_guard: the kernel {name!r} does not start here: {reason}"
            self.log.warning("%s", text)
            raise web.HTTPError(403, text, reason="This kernel does not start here")

    def _check(self) -> None:
        """Raise ``web.HTTPError`` 403, in words, where nothing may start."""
        problems = admin_problems(os.environ)
        manager = self.kernel_spec_manager
        if not isinstance(manager, LockedKernelSpecManager):
            problems.append(f"the server's kernel spec manager is {type(manager).__name__}, which guards nothing")
        if not issubclass(self.kernel_manager_factory_class(), LockedKernelManager):
            problems.append("the server's kernel manager would start any command")
        offered = KernelProvisionerFactory.instance(parent=self.parent).default_provisioner_name
        if offered != PROVISIONER:
            problems.append(f"kernels would be started by {offered!r}, beside which nothing guards")
        if problems:
            text = "jupyter_guard: no kernel starts here until an administrator mends this: " + "; ".join(problems)
            self.log.error("%s", text)
            raise web.HTTPError(403, text, reason="No kernel starts without the guard's policy")

    def kernel_manager_factory_class(self) -> type:
        """The class of the kernels' managers."""
        from traitlets.utils.importstring import import_item

        found: type = import_item(str(self.kernel_manager_class))
        return found


def _remote(spec: dict[str, Any], provisioned: dict[str, Any], folder: str) -> dict[str, Any]:
    """The twin of a kernel spec that starts elsewhere: its own command, by the guarded provisioner."""
    told = {**spec, "argv": [one.replace("{resource_dir}", folder) for one in spec["argv"]]}
    told["display_name"] = f"Guarded {spec.get('display_name') or ''}".strip()
    config = {"inner": provisioned["provisioner_name"], "inner_config": dict(provisioned["config"])}
    if provisioned["python"]:
        config["python"] = provisioned["python"]
    told["metadata"] = {
        **(spec.get("metadata") or {}),
        "kernel_provisioner": {"provisioner_name": GUARDED_PROVISIONER, "config": config},
        "jupyter_guard": {"guarded": True},
    }
    return told


def _environment(asked: dict[str, str]) -> dict[str, str]:
    """The server's own environment with the session's name, whatever else a request would add or change.

    Without what the server alone needs: the address of the records has a password in it, and whoever has its token is
    the user for the Hub.
    """
    added = {SESSION_NAME: asked[SESSION_NAME]} if SESSION_NAME in asked else {}
    return {**{name: value for name, value in os.environ.items() if name not in SERVERS_OWN}, **added}


def starts_ipykernel(argv: list[str]) -> bool:
    """Whether a command starts ipykernel and nothing before it but an interpreter, or conda's activation by ours."""
    if argv[1:3] == CONDA and argv[0] not in OWN_PYTHON:
        return False
    return launcher_at(argv) > 0 and KERNEL_MODULE not in argv


def is_trusted_spec(spec: KernelSpec) -> bool:
    """Whether only root can change a kernel spec: its folder, and the file in it where there is one."""
    folder = Path(spec.resource_dir)
    file = folder / "kernel.json"
    return bool(spec.resource_dir) and is_trusted(folder) and (is_trusted(file) or not os.path.lexists(file))
