"""A policy and where the kernel runs -> the paths, variables and network that it gets, with nothing left to decide."""

from __future__ import annotations

import functools
import glob
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

import msgspec

from jupyter_guard.isolate import variables
from jupyter_guard.isolate.devices import devices
from jupyter_guard.isolate.hosts import Relay, is_reached, listed, relays
from jupyter_guard.isolate.landlock import places_of_engines
from jupyter_guard.isolate.stores import stores
from jupyter_guard.isolate.variables import EVERYTHING
from jupyter_guard.knowledge.moved import moved
from jupyter_guard.policy.files import has_table
from jupyter_guard.policy.policy import Isolation
from jupyter_guard.terms.covering import covers_place, placed
from jupyter_guard.terms.host import Host

# For a kernel that may not read everything: what interpreters, their libraries and command lines cannot do without.
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/timezone",
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki/tls/certs", "/etc/fonts", "/etc/hosts",
    "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/mime.types",
    "/etc/alternatives", "/etc/matplotlibrc", "/etc/inputrc", "/etc/terminfo", "/etc/ipython",
)  # fmt: skip


CACHE = "~/.cache"
# Of an interpreter's folder, what programs outside the box are run from or read before they run.
_PARTS = ("bin", "lib", "lib64", "etc", "share/jupyter", "conda-meta", "pyvenv.cfg")
# Into which cells install packages (`isolate.packages`); `jupyter guard policy grant packages` names it.
PACKAGES = "~/.local/state/guarded-kernels/packages"
# Folders that libraries or the guard make when they first need them: not there is no mistake of a policy's.
MADE = (CACHE, "~/.config/matplotlib", PACKAGES)
# Where people put caches that are too large for their home; the grant of `CACHE` is for these too.
CACHES = (
    "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "TRANSFORMERS_CACHE", "TORCH_HOME",
    "PIP_CACHE_DIR", "UV_CACHE_DIR", "NUMBA_CACHE_DIR",
)  # fmt: skip
# No store where it usually is: who names a file of his own for it has credentials in it, more often than not.
_ONLY_MOVED = (".config/pip/pip.conf", ".config/containers/auth.json")


class Grants(msgspec.Struct, frozen=True):
    """Absolute paths, resolved. ``hidden`` and ``protected`` exist and win over everything above them.

    ``networks`` is whether the network is open, ``hosts`` what a proxy lets through where it is not, ``relays`` what is
    answered inside for them; ``reads_all`` and ``writes_all`` whether the policy says ``"*"``.
    ``kept`` are the places of all that is hidden, there or not, and ``prefixes`` the interpreters' folders.
    ``planted``, in a home that may be written to, are where something could be, each with whether it is a folder.
    ``withheld`` are the names of variables that are kept back, ``devices`` what is shown of /dev beside what every
    program needs, ``problems`` grants that give nothing, each with the reason.
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
    withheld: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    planted: tuple[tuple[str, bool], ...] = ()
    prefixes: tuple[str, ...] = ()

    def reads(self, path: str) -> bool:
        """Whether a cell in a box of these reads what is at ``path``, by where that really is."""
        real = os.path.realpath(path)
        shown = self.reads_all or covers_place((self.workspace, *self.readable, *self.writable), real)
        return shown and not covers_place(self.hidden, real)

    def writes(self, path: str) -> bool:
        """The same of writing to it, making and deleting it."""
        real = os.path.realpath(path)
        opened = self.writes_all or covers_place(self.writable, real)
        return opened and not covers_place((*self.hidden, *self.protected), real)

    def connects(self, name: str, port: int) -> bool:
        """Whether ``name`` is reached at ``port``; 0, where that is not known: at any. What is in the box itself is."""
        return self.networks or is_reached(self.hosts, name, port)

    def is_home_of_its_own(self, folder: str) -> bool:
        """Whether bubblewrap has another ``folder``, in memory, in the place of this one of the home's."""
        real = os.path.realpath(folder)
        shown = (self.workspace, *self.readable, *self.writable)
        around = real == self.home or any(covers_place([real], one) for one in shown)
        return not self.reads_all and covers_place([self.home], real) and around and not covers_place(shown, real)

    def also_writing(self, folder: str) -> Grants:
        """The same with a folder that may be written to as well."""
        return msgspec.structs.replace(self, writable=(*self.writable, folder))

    def also_protecting(self, paths: Iterable[str]) -> Grants:
        """The same with more that may be read only, but for what is hidden and what is in a folder that was named."""
        meant = [one for one in self.writable if one not in (self.workspace, self.home)]
        new = [one for one in paths if one not in (*self.protected, *self.hidden) and not covers_place(meant, one)]
        return msgspec.structs.replace(self, protected=(*self.protected, *new))


def grants(
    isolation: Isolation,
    workspace: str,
    environment: Mapping[str, str],
    own: Iterable[str] = (),
    private: str = "",
    prefixes: Iterable[str] = (),
    looked: list[str] | None = None,
) -> Grants:
    """What the policy grants.

    ``own`` are the guard's and Jupyter's files to hide, ``private`` the kernel's directory, ``prefixes`` what its
    interpreter needs to read. Each path that was looked at is added to ``looked``.
    """
    workspace = os.path.realpath(workspace)
    home = os.path.realpath(environment.get("HOME") or os.path.expanduser("~"))
    problems: list[str] = []
    named, paths = _named(isolation.read)
    readable = _resolved("read", paths, workspace, home, problems)
    writable = _resolved("write", isolation.write, workspace, home, problems)
    if CACHE in isolation.write:
        writable += _caches(environment, home)
    hosts = () if EVERYTHING in isolation.hosts else listed(isolation.hosts, problems)
    usual = [one for name in named for one in stores()[name]]
    free = {os.path.realpath(one) for one in (*_below(home, usual), *_moved(usual, environment, home, workspace))}
    # A store is granted by its own path too: never by a folder around it, nor by a link that anybody may have laid.
    spelt = {os.path.normpath(placed(one, workspace, home)) for one in (*paths, *isolation.write)}
    elsewhere = _moved((*_places("credential-store", "home"), *_ONLY_MOVED), environment, home, workspace)
    stores_here = [*_credential_stores(home), *elsewhere]
    free.update(os.path.realpath(one) for one in stores_here if os.path.normpath(one) in spelt)
    hidden = [one for one in dict.fromkeys(stores_here) if os.path.realpath(one) not in free and _is_kept_in(one)]
    for one in [one for one in hidden if one in elsewhere and _is_around(one, (workspace, home))]:
        hidden.remove(one)
        problems.append(f"{elsewhere[one]}: {one} is around the workspace or the home: credentials there are readable")
    # The folder in which most sockets are is empty inside; whoever writes to one of these starts programs outside.
    engines = [one for one in places_of_engines() if not os.path.realpath(one).startswith("/run/")]
    hidden += [one for one in engines if os.path.normpath(one) not in spelt and not os.path.isdir(one)]
    granted = [*free, *readable, workspace]
    if EVERYTHING in isolation.write and EVERYTHING not in isolation.read:
        problems.append('isolation.write = "*" without isolation.read = "*": only the workspace is writable')
        writable.append(workspace)
    start = _startup(home, workspace)
    opened = [workspace, *writable, *([private] if private else [])]
    roots = ["/"] if EVERYTHING in isolation.write and EVERYTHING in isolation.read else writable
    # Who names an interpreter's own folder means it.
    meant = [one for one in writable if one not in (workspace, home)]
    start += [one for one in _programs(prefixes, opened, meant) if covers_place(roots, one)]
    given = variables.granted(isolation.env, environment)
    if looked is not None:
        looked += [
            *SYSTEM,
            *_interpreters(prefixes),
            *granted,
            *writable,
            *stores_here,
            *engines,
            *own,
            *start,
            workspace,
            home,
        ]
        looked += [placed(one, workspace, home) for one in (*paths, *isolation.write)]
    return Grants(
        workspace=workspace,
        home=home,
        readable=tuple(_there([*SYSTEM, *_interpreters(prefixes), *granted])),
        writable=tuple(_there([*writable, *([private] if private else [])])),
        hidden=tuple(_there([*hidden, *own])),
        protected=tuple(one for one in _there(start) if one not in writable),
        environment=given,
        withheld=tuple(variables.withheld(given, environment)),
        networks=EVERYTHING in isolation.hosts,
        reads_all=EVERYTHING in isolation.read,
        writes_all=EVERYTHING in isolation.write and EVERYTHING in isolation.read,
        relays=relays(hosts, problems),
        hosts=hosts,
        problems=tuple(problems),
        kept=tuple(
            dict.fromkeys(place for one in [*hidden, *own] for place in (os.path.realpath(one), _named_at(one)))
        ),
        prefixes=tuple(dict.fromkeys(os.path.realpath(one) for one in (sys.prefix, sys.base_prefix, *prefixes))),
        devices=devices([*readable, *writable], EVERYTHING in isolation.read),
        planted=tuple(_planted(home)) if covers_place(roots, home) else (),
    )


def _named(read: Iterable[str]) -> tuple[list[str], list[str]]:
    read = list(read)
    return [one for one in read if one in stores()], [one for one in read if one not in stores()]


def _resolved(key: str, paths: Iterable[str], workspace: str, home: str, problems: list[str]) -> list[str]:
    found = []
    for one in paths:
        if one == EVERYTHING:
            continue
        whole = placed(one, workspace, home)
        if os.path.exists(whole):
            found.append(os.path.realpath(whole))
        elif one not in MADE:
            problems.append(f"isolation.{key} = {one!r}: {whole} does not exist, so it grants nothing")
    return found


def make(isolation: Isolation, environment: Mapping[str, str]) -> None:
    """Make libraries' own folders that the policy grants, as the libraries would. Raises ``OSError``."""
    home = environment.get("HOME") or os.path.expanduser("~")
    for one in MADE:
        if one in isolation.write:
            os.makedirs(home + one[1:], 0o700, exist_ok=True)


def _caches(environment: Mapping[str, str], home: str) -> list[str]:
    found = [os.path.realpath(environment[name]) for name in CACHES if os.path.isabs(environment.get(name, ""))]
    # A folder around the home would be everything, and no cache.
    return [one for one in found if os.path.isdir(one) and not (home + "/").startswith(one.rstrip("/") + "/")]


def searched() -> list[str]:
    """Folders in which credential stores of the system are looked for by a pattern."""
    patterns = [one for one in _places("credential-store", "system") if glob.has_magic(one)]
    return [os.path.dirname(one[: one.index("*")]) for one in patterns if "*" in one]


@functools.cache
def _places(tag: str, where: str) -> tuple[str, ...]:
    text = resources.files("jupyter_guard.knowledge").joinpath("places.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)[tag][where])


def _credential_stores(home: str) -> list[str]:
    # /proc is another one inside, with the kernel's own processes only.
    system = [one for one in _places("credential-store", "system") if not one.startswith(("/proc/", "/run/"))]
    found = _below(home, _places("credential-store", "home"))
    return found + [path for one in system for path in glob.glob(one.rstrip("/"))]


def _moved(usual: Iterable[str], environment: Mapping[str, str], home: str, workspace: str) -> dict[str, str]:
    """Where this environment's variables have put stores, each with its variable."""
    found: dict[str, str] = {}
    for one in usual:
        found |= moved(one, environment, home, workspace)
    return found


def _is_kept_in(path: str) -> bool:
    """Whether something can be kept there: people put /dev/null in the place of what they do not want to have."""
    return not os.path.exists(path) or os.path.isfile(path) or os.path.isdir(path)


def _is_around(path: str, places: Iterable[str]) -> bool:
    start = os.path.realpath(path).rstrip("/") + "/"
    return any((one + "/").startswith(start) for one in places)


def _startup(home: str, workspace: str) -> list[str]:
    """What a less confined program runs later: the shell's, git's, Jupyter's and IPython's start-up files."""
    # IPython keeps its history in its directory: only what it runs from there is protected.
    names = [one for one in _places("startup", "home") if one != ".ipython/"]
    names += [
        f".ipython/profile_default/{one}" for one in ("startup/", "ipython_config.py", "ipython_kernel_config.py")
    ]
    names += [one for one in _places("guard-file", "home") if one != ".ipython/"]
    here = [".git/hooks", ".git/config", ".envrc", ".vscode", ".pre-commit-config.yaml"]
    # A policy in a file of everybody's: cells may read it, and change none of it.
    here += ["pyproject.toml"] if has_table(Path(workspace, "pyproject.toml")) else []
    configs = glob.glob(os.path.join(glob.escape(workspace), "jupyter*_config.*"))
    return [*_below(home, names), *(os.path.join(workspace, one) for one in here), *configs]


def _planted(home: str) -> list[tuple[str, bool]]:
    """Where what a cell makes would be run, or read by what runs: start-up files, and folders of settings."""
    from site import getusersitepackages

    profile = ".ipython/profile_default/"
    names = [*_places("startup", "home"), *_places("guard-file", "home"), f"{profile}startup/"]
    names += [f"{profile}{one}" for one in ("ipython_config.py", "ipython_kernel_config.py")]
    stores = _places("credential-store", "home")
    # Of a store that is one file, the folder: what is in it may have to be of some form.
    names += [one if one.endswith("/") else os.path.dirname(one) + "/" for one in stores if "/" in one]
    # IPython keeps its history in its directory: only what it runs from there is held.
    names = [one for one in names if one != ".ipython/"]
    names = [one for one in names if not one.startswith((".cache/", ".ssh/", "Library/")) or one == ".ssh/"]
    found = [(os.path.join(home, one.rstrip("/")), one.endswith("/")) for one in dict.fromkeys(names)]
    own = os.path.realpath(getusersitepackages())
    return [*found, *([(own, True)] if covers_place([home], own) else [])]


def _programs(prefixes: Iterable[str], opened: Iterable[str], meant: Iterable[str]) -> list[str]:
    """What the guard, the server and later kernels run: their interpreters' folders, and what those read at start.

    A folder around one of the ``opened`` places gives way to its parts; those of ``meant`` stay open.
    """
    from site import getusersitepackages

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = []
    every = {os.path.realpath(one) for one in (sys.prefix, sys.base_prefix, *prefixes)}.difference(meant)
    own = os.path.realpath(getusersitepackages())
    # A person's own packages are installed by the grant of a folder around them.
    for one in every if covers_place(meant, own) else {*every, own}:
        parts = [os.path.join(one, name) for name in _PARTS] if _is_around(one, opened) else [one]
        found += [part for part in parts if not _is_around(part, opened)]
    return [*sorted(found), *([] if _is_around(package, opened) else [os.path.realpath(package)])]


def _below(home: str, names: Iterable[str]) -> list[str]:
    return [os.path.join(home, one.rstrip("/")) for one in names]


def _there(paths: Iterable[str]) -> list[str]:
    found = dict.fromkeys(os.path.realpath(one) for one in paths if os.path.exists(one))
    return [one for one in found if one != "/"]


def _named_at(path: str) -> str:
    """The place of a name itself, whatever it leads to."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _interpreters(prefixes: Iterable[str]) -> list[str]:
    found = [sys.prefix, sys.base_prefix, *prefixes, *(one for one in sys.path if os.path.isdir(one))]
    return [one for one in found if one not in ("", "/")]
