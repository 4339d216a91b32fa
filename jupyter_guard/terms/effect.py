"""What a cell would do, in the small vocabulary that all readers share."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from jupyter_guard.terms.cell import Span
from jupyter_guard.terms.ordered import Ordered
from jupyter_guard.terms.origin import Origin


class Kind(StrEnum):
    """The kinds of effect. ``UNREAD`` stands for code that no reader could follow."""

    CODE_EXECUTE = "code.execute"
    FILE_READ = "file.read"
    FILE_WRITE = "file.write"
    FILE_DELETE = "file.delete"
    PROCESS_RUN = "process.run"
    PROCESS_SIGNAL = "process.signal"
    NETWORK_CONNECT = "network.connect"
    NETWORK_LISTEN = "network.listen"
    DATA_DESTROY = "data.destroy"
    DATA_WRITE = "data.write"
    CREDENTIAL_READ = "credential.read"
    PACKAGE_INSTALL = "package.install"
    RESOURCE_EXHAUST = "resource.exhaust"
    PRIVILEGE_RAISE = "privilege.raise"
    GUARD_TAMPER = "guard.tamper"
    PAGE_SCRIPT = "page.script"
    UNREAD = "unread"


class Scope(Ordered):
    """Where an effect lands, the cheapest to lose first."""

    TEMPORARY = "temporary"
    SESSION = "session"
    WORKSPACE = "workspace"
    UNKNOWN = "unknown"
    HOME = "home"
    SYSTEM = "system"
    REMOTE = "remote"


class Certainty(Ordered):
    """How sure a reader is that the effect happens: seen, seen on some path, or only not excluded."""

    UNKNOWN = "unknown"
    LIKELY = "likely"
    CERTAIN = "certain"


class Effect(msgspec.Struct, frozen=True):
    """One thing that a cell would do.

    ``target`` names what is touched (a path, ``table in database``, host, command, package), ``""`` when it is not
    known. ``via`` is the call, command or statement that does it, by its full name (``shutil.rmtree``, ``rm``,
    ``DROP TABLE``). ``tags`` are facts that rules and the sentence may use, from
    ``jupyter_guard.terms.tags``, for example ``recursive``, ``no-where``, ``shell``, ``from:network``, ``obfuscated``.
    ``origin`` is the strictest among the cells that defined what runs.
    """

    kind: Kind
    target: str = ""
    scope: Scope = Scope.UNKNOWN
    reversible: bool = False
    certainty: Certainty = Certainty.CERTAIN
    span: Span = Span(1, 0, 1, 0)
    origin: Origin = Origin.UNKNOWN
    via: str = ""
    tags: frozenset[str] = frozenset()
