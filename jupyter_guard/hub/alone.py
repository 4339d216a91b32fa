"""An account -> the command and environment of its server without a Hub, locked as a Hub's is."""

from __future__ import annotations

import pwd
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jupyter_guard.hub.settings import KEPT, arguments, environment, goes_round, trait_of

DEFAULT_POLICY = "/etc/jupyter/jupyter_guard.toml"
APPLICATIONS = {"lab": "jupyterlab", "notebook": "notebook", "server": "jupyter_server"}
# Where nobody but root can put a file: jupyter_core before 4.11.2 read configuration from the working folder
# (CVE-2022-39286), and other programs look there for modules and templates.
FOLDER = "/"


class Start(NamedTuple):
    """What is executed, in ``FOLDER``."""

    command: list[str]
    environment: dict[str, str]


def start_of(
    account: str,
    now: Mapping[str, str],
    policy: str = DEFAULT_POLICY,
    application: str = "lab",
    more: Sequence[str] = (),
) -> Start:
    """How the server of ``account`` starts; ``now`` is the environment of whoever starts it.

    Raises ``ValueError`` for an account, a policy or an application that is none, and for arguments in ``more`` that
    would take the place of the lock's.
    """
    try:
        home = pwd.getpwnam(account).pw_dir
    except KeyError:
        raise ValueError(f"there is no account {account!r}") from None
    if "/" in account or account.startswith("."):
        raise ValueError(f"{account!r} cannot be the name of a folder")
    if not policy.startswith("/"):
        raise ValueError(f"the policy {policy!r} is no absolute path")
    if application not in APPLICATIONS:
        raise ValueError(f"there is no application {application!r}: {', '.join(APPLICATIONS)}")
    locked = [one.replace("{username}", account) for one in (*arguments(), f"--ServerApp.root_dir={home}")]
    if taken := [one for one in more if goes_round(one) or trait_of(one) in ("root_dir", "notebook_dir")]:
        raise ValueError(f"{taken[0]!r} would take the place of the lock's own")
    given = {name: now[name] for name in KEPT if name in now}
    given |= {"HOME": home, "USER": account, "LOGNAME": account}
    given |= {name: text.replace("{username}", account) for name, text in environment(policy).items()}
    command = [sys.executable, "-I", "-m", APPLICATIONS[application], "--no-browser", *more, *locked]
    return Start(command, given)


def unit_of(account: str, policy: str = DEFAULT_POLICY, application: str = "lab", more: Sequence[str] = ()) -> str:
    """A unit for systemd that keeps this server running. Raises ``ValueError`` as ``start_of``."""
    start = start_of(account, {}, policy, application, more)
    lines = "\n".join(f'Environment="{name}={value}"' for name, value in sorted(start.environment.items()))
    return f"""[Unit]
Description=Jupyter of {account}, guarded
After=network.target

[Service]
User={account}
WorkingDirectory={FOLDER}
NoNewPrivileges=yes
{lines}
# As root: the folders from which the server loads something, and those that are the account's.
ExecStartPre=+{sys.executable} -I -m jupyter_guard server prepare {account}
ExecStart={" ".join(_quoted(one) for one in start.command)}
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


def _quoted(word: str) -> str:
    """A word of a unit's command line, https://www.freedesktop.org/software/systemd/man/systemd.service.html."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$").replace("%", "%%")
    return f'"{escaped}"' if set(word) & set(" '\"\\;") else escaped
