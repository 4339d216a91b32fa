"""A policy and where the kernel runs -> the paths, variables and network that it gets, with nothing left to decide."""

from __future__ import annotations

import functools
import glob
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources

import msgspec

from jupyter_guard.isolate.hosts import Relay, listed, relays
from jupyter_guard.policy.policy import Isolation
from jupyter_guard.terms.host import Host

EVERYTHING = "*"
# What programs need to run and to speak the user's language; none says who the user is to anybody else.
HARMLESS = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "COLUMNS", "LINES", "PWD",
    "MPLBACKEND", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VIRTUAL_ENV", "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV", "PYTHONPATH", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUTF8", "IPYTHONDIR",
    "MPLCONFIGDIR", "XDG_CACHE_HOME", "JUPYTER_GUARD_KERNEL", "JPY_SESSION_NAME", "PYDEVD_DISABLE_FILE_VALIDATION",
)  # fmt: skip
# Jupyter's own, which no grant gives away; and the parent's number means somebody else in another process namespace.
NEVER = ("JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_PARENT_PID", "JPY_INTERRUPT_EVENT")
# For a kernel that may not read everything: what interpreters, their libraries and command lines cannot do without.
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/timezone",
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki/tls/certs", "/etc/fonts", "/etc/hosts",
    "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/mime.types",
    "/etc/alternatives", "/etc/matplotlibrc", "/etc/inputrc", "/etc/terminfo", "/etc/ipython",
)  # fmt: skip


class Grants(msgspec.Struct, frozen=True):
    """Absolute paths, resolved. ``hidden`` and ``protected`` exist and win over everything above them.

    ``networks`` is whether the network is open, ``hosts`` what a proxy lets through where it is not, ``relays`` what is
    answered inside for them; ``reads_all`` and ``writes_all`` whether the policy says ``"*"``.
    ``problems`` are grants that give nothing, each with the reason.
    """

    workspace: str
    home: str
    readable: tuple[str, ...]
    writable: tuple[str, ...]
    hidden: tuple[str, ...]
    protected: tuple[str, ...]
    environment: dict[str, str]
    networks: bool
    reads_all: bool
    writes_all: bool
    problems: tuple[str, ...]
    hosts: tuple[Host, ...] = ()
    relays: tuple[Relay, ...] = ()


def grants(
    isolation: Isolation,
    workspace: str,
    environment: Mapping[str, str],
    own: Iterable[str] = (),
    private: str = "",
    prefixes: Iterable[str] = (),
) -> Grants:
    """What the policy grants.

    ``own`` are the guard's and Jupyter's files to hide, ``private`` the kernel's directory, ``prefixes`` what its
    interpreter needs to read.
    """
    workspace = os.path.realpath(workspace)
    home = os.path.realpath(environment.get("HOME") or os.path.expanduser("~"))
    problems: list[str] = []
    named, paths = _named(isolation.read)
    readable = _resolved("read", paths, workspace, home, problems)
    writable = _resolved("write", isolation.write, workspace, home, problems)
    hosts = () if EVERYTHING in isolation.hosts else listed(isolation.hosts, problems)
    free = {os.path.realpath(one) for name in named for one in _below(home, stores()[name])}
    # A store is granted by its own path too; never by a folder around it.
    free.update(readable, writable)
    hidden = [one for one in _credential_stores(home) if os.path.realpath(one) not in free]
    granted = [*free, *readable, workspace]
    if EVERYTHING in isolation.write and EVERYTHING not in isolation.read:
        problems.append('isolation.write = "*" without isolation.read = "*": only the workspace is writable')
        writable.append(workspace)
    return Grants(
        workspace=workspace,
        home=home,
        readable=tuple(_there([*SYSTEM, *_interpreters(prefixes), *granted])),
        writable=tuple(_there([*writable, *([private] if private else [])])),
        hidden=tuple(_there([*hidden, *own])),
        protected=tuple(one for one in _there(_startup(home, workspace)) if one not in writable),
        environment=_environment(isolation.env, environment),
        networks=EVERYTHING in isolation.hosts,
        reads_all=EVERYTHING in isolation.read,
        writes_all=EVERYTHING in isolation.write and EVERYTHING in isolation.read,
        relays=relays(hosts, problems),
        hosts=hosts,
        problems=tuple(problems),
    )


@functools.cache
def stores() -> dict[str, tuple[str, ...]]:
    """Credential stores that a grant can name, with their paths below the home directory."""
    text = resources.files("jupyter_guard.isolate").joinpath("stores.toml").read_text(encoding="utf-8")
    return {name: tuple(paths) for name, paths in tomllib.loads(text).items()}


def _named(read: Iterable[str]) -> tuple[list[str], list[str]]:
    read = list(read)
    return [one for one in read if one in stores()], [one for one in read if one not in stores()]


def _resolved(key: str, paths: Iterable[str], workspace: str, home: str, problems: list[str]) -> list[str]:
    found = []
    for one in paths:
        if one == EVERYTHING:
            continue
        whole = home + one[1:] if one == "~" or one.startswith("~/") else os.path.join(workspace, one)
        if os.path.exists(whole):
            found.append(os.path.realpath(whole))
        else:
            problems.append(f"isolation.{key} = {one!r}: {whole} does not exist, so it grants nothing")
    return found


@functools.cache
def _places(tag: str, where: str) -> tuple[str, ...]:
    text = resources.files("jupyter_guard.knowledge").joinpath("places.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)[tag][where])


def _credential_stores(home: str) -> list[str]:
    # /proc is another one inside, with the kernel's own processes only.
    system = [one for one in _places("credential-store", "system") if not one.startswith(("/proc/", "/run/"))]
    found = _below(home, _places("credential-store", "home"))
    return found + [path for one in system for path in glob.glob(one.rstrip("/"))]


def _startup(home: str, workspace: str) -> list[str]:
    """What a less confined program runs later: the shell's, git's, Jupyter's and IPython's start-up files."""
    # IPython keeps its history in its directory: only what it runs from there is protected.
    names = [one for one in _places("startup", "home") if one != ".ipython/"]
    names += [
        f".ipython/profile_default/{one}" for one in ("startup/", "ipython_config.py", "ipython_kernel_config.py")
    ]
    names += [one for one in _places("guard-file", "home") if one != ".ipython/"]
    here = [".git/hooks", ".git/config", ".envrc", ".vscode", ".pre-commit-config.yaml"]
    configs = glob.glob(os.path.join(glob.escape(workspace), "jupyter*_config.*"))
    return [*_below(home, names), *(os.path.join(workspace, one) for one in here), *configs]


def _below(home: str, names: Iterable[str]) -> list[str]:
    return [os.path.join(home, one.rstrip("/")) for one in names]


def _there(paths: Iterable[str]) -> list[str]:
    found = dict.fromkeys(os.path.realpath(one) for one in paths if os.path.exists(one))
    return [one for one in found if one != "/"]


def _interpreters(prefixes: Iterable[str]) -> list[str]:
    found = [sys.prefix, sys.base_prefix, *prefixes, *(one for one in sys.path if os.path.isdir(one))]
    return [one for one in found if one not in ("", "/")]


def _environment(granted: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    names = set(granted)
    return {
        name: value
        for name, value in environment.items()
        if name not in NEVER and (EVERYTHING in names or name in names or name in HARMLESS or name.startswith("LC_"))
    }
