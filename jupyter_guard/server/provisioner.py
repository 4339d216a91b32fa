"""Any kernel provisioner -> the same one, whose kernels start beside the guard's wrapper wherever they run.

In a kernel spec that an administrator wrote:

    "metadata": {"kernel_provisioner": {"provisioner_name": "guarded-provisioner",
                 "config": {"inner": "distributed-provisioner", "inner_config": {...}}}}

The command is changed where it starts the kernel itself (ipykernel, or Enterprise Gateway's and Gateway Provisioners'
``launch_ipykernel.py``). Where it starts a container whose image starts the kernel, the image has to do so
(``jupyter_guard.kernel.remote``). Either way the kernel is asked before anybody may use it: one that is not behind the
wrapper is ended.
"""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Dict, Float, Unicode

from jupyter_guard.guard.install import KERNEL_MODULE, packed, told_language
from jupyter_guard.guard.launchers import ASKS_FOR_GUARD, launcher_at

NAME = "guarded-provisioner"
REMOTE = "jupyter_guard.kernel.remote"
LAUNCHER = "launch_ipykernel.py"


class NotGuardedError(RuntimeError):
    """A kernel that answers is not behind the wrapper, and was ended."""


class GuardedProvisioner(KernelProvisionerBase):
    """Starts kernels as ``inner`` does, and only guarded ones."""

    inner = Unicode("local-provisioner", help="The provisioner that really starts kernels.").tag(config=True)
    inner_config = Dict(help="Its configuration, as a kernel spec has it.").tag(config=True)
    python = Unicode(
        help="The interpreter with jupyter_guard where the kernel runs; default: the one that the command names."
    ).tag(config=True)
    answer_seconds = Float(60.0, help="How long a kernel has for saying that it is guarded.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        """Raises ``ValueError`` for an inner provisioner that is not installed."""
        super().__init__(**kwargs)
        factory = KernelProvisionerFactory.instance(parent=self.parent)
        entry = factory.provisioners.get(self.inner)
        if entry is None or self.inner == NAME:
            known = ", ".join(sorted(set(factory.provisioners) - {NAME}))
            raise ValueError(
                f"{NAME}: there is no provisioner {self.inner!r} to start kernels with; there are: {known}"
            )
        self._inner: Any = entry.load()(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self.parent, **self.inner_config
        )

    def __getattr__(self, name: str) -> Any:
        # What a manager knows of a certain kind of provisioner, such as its process.
        if name.startswith("_") or "_inner" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._inner, name)

    @property
    def has_process(self) -> bool:
        """See ``KernelProvisionerBase``, as all below."""
        return bool(self._inner.has_process)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """The arguments of the launch, with a command that starts the wrapper."""
        prepared: dict[str, Any] = await self._inner.pre_launch(**kwargs)
        file = str(getattr(self.parent, "connection_file", "") or "")
        prepared["cmd"] = beside(list(prepared.get("cmd") or ()), self.kernel_spec.to_dict(), file, self.python)
        return prepared

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start it, and end it at once where it is not guarded. Raises ``NotGuardedError``."""
        self.connection_info = await self._inner.launch_kernel(cmd, **kwargs)
        return self.connection_info

    async def post_launch(self, **kwargs: Any) -> None:
        """Ask the kernel who answers for it. Raises ``NotGuardedError``."""
        await self._inner.post_launch(**kwargs)
        try:
            told = await answered(dict(self._inner.connection_info or self.connection_info), self.answer_seconds)
        except BaseException:
            await self._end()
            raise
        if not told:
            await self._end()
            raise NotGuardedError(
                f"jupyter_guard: the kernel {self.kernel_spec.display_name!r} of {self.inner!r} is not behind the "
                f"guard, and was ended: what starts it where it runs has to be {REMOTE}, or {KERNEL_MODULE}"
            )

    async def _end(self) -> None:
        await self._inner.kill()
        await self._inner.wait()
        await self._inner.cleanup()

    async def poll(self) -> int | None:
        found: int | None = await self._inner.poll()
        return found

    async def wait(self) -> int | None:
        found: int | None = await self._inner.wait()
        return found

    async def send_signal(self, signum: int) -> None:
        await self._inner.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        await self._inner.kill(restart)

    async def terminate(self, restart: bool = False) -> None:
        await self._inner.terminate(restart)

    async def cleanup(self, restart: bool = False) -> None:
        await self._inner.cleanup(restart)

    async def shutdown_requested(self, restart: bool = False) -> None:
        await self._inner.shutdown_requested(restart)

    async def get_provisioner_info(self) -> dict[str, Any]:
        found: dict[str, Any] = await self._inner.get_provisioner_info()
        return found

    async def load_provisioner_info(self, provisioner_info: dict[str, Any]) -> None:
        await self._inner.load_provisioner_info(provisioner_info)

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        return float(self._inner.get_shutdown_wait_time(recommended))

    def get_stable_start_time(self, recommended: float = 10.0) -> float:
        return float(self._inner.get_stable_start_time(recommended))


def beside(command: list[str], spec: dict[str, Any], file: str, python: str = "") -> list[str]:
    """A kernel's command as the one that starts the wrapper beside it; one that starts something else stays.

    ``file`` is the connection file as it stands in the command, ``python`` the interpreter with the guard.
    """
    if not command or KERNEL_MODULE in command or REMOTE in command:
        return command
    script = next((at for at, one in enumerate(command) if PurePosixPath(one).name == LAUNCHER), -1)
    if script > 0:
        return [python or command[0], "-I", "-m", REMOTE, *command[script:]]
    if launcher_at(command) < 0:
        return command
    wrapped = {
        "argv": [one.replace(file, "{connection_file}") if file else one for one in command],
        "language": told_language({**spec, "argv": command}),
        "env": {},
    }
    return [python or command[0], "-I", "-m", KERNEL_MODULE, "--wrap", packed(wrapped), "-f", file]


async def answered(connection: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What the wrapper says of itself where it is asked; empty where no wrapper answers.

    Raises ``TimeoutError`` where nobody does.
    """
    from jupyter_client.asynchronous.client import AsyncKernelClient

    client = AsyncKernelClient()
    known: Any = {name: value for name, value in connection.items() if value is not None}
    client.load_connection_info(known)
    # Of its channels the one that answers.
    client.start_channels(True, iopub=False, stdin=False, hb=False, control=False)
    try:
        async with asyncio.timeout(seconds):
            message = client.session.msg("kernel_info_request")
            request = message["header"]["msg_id"] = message["msg_id"] = ASKS_FOR_GUARD + uuid4().hex
            client.shell_channel.send(message)
            while True:
                reply = await client.get_shell_msg(timeout=None)
                if reply["parent_header"].get("msg_id") == request:
                    told = reply["content"].get("jupyter_guard")
                    return told if isinstance(told, dict) else {}
    finally:
        client.stop_channels()
        client.context.destroy(linger=0)
