"""A normal user's own files that a server or a kernel might load, and what leaves a mark when nobody judged it."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.hub.user import User, refused, was_aborted, write

# What the site's policy denies: it leaves something behind when nobody judged it, and harms nobody.
DENIED = "__import__('os').mkfifo({mark!r})"
LAX = 'version = 1\nmode = "observe"\n[origin.human]\ncritical = "allow"\nhigh = "allow"\n[deny]\ncalls = []\n'
SITE = f".local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
LEAVE_MARK = "import os; open(os.path.join({home!r}, 'marks', {name!r}), 'w').close()\n"
TEMPLATE = "{{{{ cycler.__init__.__globals__.os.system('touch {home}/marks/{name}') }}}}"

# Files of the user's own that a server or a kernel might load, and that say so when they are.
PLANTED = {
    "server-config": ".jupyter/jupyter_server_config.py",
    "server-config-of-the-lab": ".jupyter/jupyter_lab_config.py",
    "server-config-of-notebook": ".jupyter/jupyter_notebook_config.py",
    "any-config": ".jupyter/jupyter_config.py",
    "config-of-the-workspace": "jupyter_server_config.py",
    "config-of-the-user-base": ".local/etc/jupyter/jupyter_server_config.py",
    "nbconvert-config": ".jupyter/jupyter_nbconvert_config.py",
    "startup": ".ipython/profile_default/startup/00-first.py",
    "ipython-config": ".ipython/profile_default/ipython_config.py",
    "kernel-config": ".ipython/profile_default/ipython_kernel_config.py",
    "startup-of-lines": ".ipython/profile_default/startup/01-second.ipy",
    "startup-in-config": ".config/ipython/profile_default/startup/00-first.py",
    "usercustomize": f"{SITE}/usercustomize.py",
    "sitecustomize": f"{SITE}/sitecustomize.py",
    "user-site-guard": f"{SITE}/jupyter_guard/__init__.py",
    "user-site-ipykernel": f"{SITE}/ipykernel/__init__.py",
    "user-site-launcher": f"{SITE}/ipykernel_launcher.py",
    "user-site-extension": f"{SITE}/jupyter_server/__init__.py",
    "guard-of-the-workspace": "jupyter_guard/__init__.py",
    "ipykernel-of-the-workspace": "ipykernel/__init__.py",
    "sitecustomize-of-the-workspace": "sitecustomize.py",
    "usercustomize-of-the-workspace": "usercustomize.py",
    "zmq-of-the-workspace": "zmq/__init__.py",
    "startup-of-a-named-profile": "profile/startup/00-first.py",
    "config-of-a-named-profile": "profile/ipython_kernel_config.py",
    "config-that-is-named": "kernel_config.py",
}
TEMPLATES = {
    "template-of-the-workspace": "lab/index.html.j2",
    "template-of-the-account": ".local/share/jupyter/nbconvert/templates/lab/index.html.j2",
    "base-template-of-the-workspace": "base/celltags.j2",
    "base-template-of-the-account": ".local/share/jupyter/nbconvert/templates/base/celltags.j2",
}
# What no installed version loads even without the lock: jupyter_core before 4.11.2 did (CVE-2022-39286).
INERT = ("config-of-the-workspace",)
IPYKERNEL = ("{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}")
SPECS: dict[str, dict[str, Any]] = {
    "raw": {"argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"]},
    "provisioned": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner", "config": {}}},
    },
    "elsewhere": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "metadata": {"kernel_provisioner": {"provisioner_name": "not-there"}},
    },
    "lax": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {"JUPYTER_GUARD_POLICY": "{home}/lax.toml", "JUPYTER_CONFIG_DIR": "{home}/.jupyter"},
    },
    "with-path": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {"PYTHONPATH": "{home}", "PYTHONSTARTUP": "{home}/sitecustomize.py"},
    },
    "program": {"argv": ["/bin/sh", "-c", "touch {home}/marks/program"], "language": "bash"},
    "disguised": {"argv": ["{python}", "-m", "ipykernel_launcher", "jupyter_guard.kernel", "-f", "{connection_file}"]},
    "shell-first": {"argv": ["/bin/sh", "-c", "touch {home}/marks/shell-first", "-m", "jupyter_guard.kernel"]},
    "Python3": {"argv": ["/bin/sh", "-c", "touch {home}/marks/shadow"]},
    "of-another-language": {"argv": [*IPYKERNEL], "language": "R"},
    "exec-lines": {"argv": [*IPYKERNEL, "--IPKernelApp.exec_lines=open('{home}/marks/exec-lines', 'w')"]},
    "profile-dir": {"argv": [*IPYKERNEL, "--profile-dir={home}/profile"]},
    "config-file": {"argv": [*IPYKERNEL, "--config={home}/kernel_config.py"]},
    "kernel-class": {"argv": [*IPYKERNEL, "--IPKernelApp.kernel_class=mine.Kernel"]},
    "compiled": {"argv": ["{python}", "-Xpycache_prefix={home}/compiled", *IPYKERNEL[1:]]},
}
# A spec in a folder of root's to which anybody adds, by a link among the user's kernels.
LINKED = {"argv": ["/bin/sh", "-c", "touch {home}/marks/linked"], "display_name": "linked", "language": "R"}
# jupyter_lsp looks for it in the folder that the server works in.
LANGUAGE_SERVER = "require('fs').writeFileSync('{home}/marks/language-server', ''); process.stdin.resume();"


# What a user says of the server that he asks the Hub to start.
OPTIONS = {
    "cmd": ["/bin/sh"],
    "args": ["--ServerApp.terminals_enabled=True"],
    "environment": {"JUPYTER_GUARD_POLICY": ""},
}
SERVER_CONFIG = {
    "ServerApp": {"kernel_manager_class": "jupyter_server.services.kernels.kernelmanager.MappingKernelManager"}
}
# All marks but the one that shows that they can be left.
# What the Hub alone is given: the key of its users' stored logins, the proxy's token, its database's password.
OF_THE_HUB = {
    name: secrets.token_hex(32) for name in ("JUPYTERHUB_CRYPT_KEY", "CONFIGPROXY_AUTH_TOKEN", "DATABASE_PASSWORD")
}
MARKS = (*PLANTED, *TEMPLATES, "language-server", "shadow", "program", "shell-first", "linked", "exec-lines")


def plant(home: Path) -> None:
    """Put everything into a user's home at once, before his server starts."""
    write(home, "marks/.keep", "")
    for name, path in PLANTED.items():
        write(home, path, LEAVE_MARK.format(home=str(home), name=name))
    for name, path in TEMPLATES.items():
        write(home, path, TEMPLATE.format(home=home, name=name))
    plant_programs(home)
    write(home, "lax.toml", LAX)
    write(home, ".jupyter/jupyter_guard.toml", LAX)
    write(home, ".local/share/jupyter/labextensions/of-the-user/package.json", '{"name": "of-the-user"}')
    write(home, ".jupyter/jupyter_server_config.json", json.dumps(SERVER_CONFIG))


def plant_programs(home: Path) -> None:
    """Put the kernel specs and the language server into a user's home."""
    for name, spec in SPECS.items():
        filled = json.dumps({"display_name": name, "language": "python", **spec}).replace("{python}", sys.executable)
        write(home, f".local/share/jupyter/kernels/{name}/kernel.json", filled.replace("{home}", str(home)))
    shared = home.parent / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    write(home, "linked.json", json.dumps(LINKED).replace("{home}", str(home)))
    (home / "linked.json").rename(shared / "kernel.json")
    (home / ".local/share/jupyter/kernels/linked").symlink_to(shared)
    write(home, "node_modules/pyright/langserver.index.js", LANGUAGE_SERVER.replace("{home}", str(home)))


@contextmanager
def left_behind() -> Iterator[str]:
    """A path that is there afterwards only if what was denied ran."""
    mark = Path("/var/tmp") / f"jg-hub-{uuid4().hex}"
    try:
        yield str(mark)
    finally:
        mark.unlink(missing_ok=True)


def is_guarded(user: User, kernel: str, **metadata: Any) -> bool:
    """Whether the kernel refuses what the policy denies."""
    with left_behind() as mark:
        answers = user.run(kernel, DENIED.format(mark=mark), **metadata)
        while was_aborted(answers):
            # What was sent before it failed, and took what waited behind it along.
            answers = user.run(kernel, DENIED.format(mark=mark), **metadata)
        return refused(answers) and not Path(mark).exists()
