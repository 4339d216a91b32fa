"""An effect -> how bad it is: one table of kind and facet against scope, and what doubt takes off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from jupyter_guard.judge.places import places
from jupyter_guard.terms import Certainty, Effect, Kind, Origin, Power, Privilege, Scope, Severity

# The columns below, cheapest first.
SCOPES: Final[tuple[Scope, ...]] = tuple(Scope)
LETTERS: Final[dict[str, Severity | None]] = {
    "-": None,
    "n": Severity.NOTE,
    "l": Severity.LOW,
    "m": Severity.MEDIUM,
    "h": Severity.HIGH,
    "c": Severity.CRITICAL,
}


class Row(msgspec.Struct, frozen=True):
    r"""How bad an effect of ``kind`` with ``facet`` ("" fits all) is, a letter a scope in the order of ``SCOPES``.

    ``-`` is no finding, then note, low, medium, high, critical.
    """

    kind: Kind
    facet: str
    letters: str


# An effect gets the worst of the rows that fit it. A capability alone (the row with no facet) never reaches "high"
# where people work: only where it lands, or what makes it dangerous, does.
#
#                                                    temporary
#                                                    | session
#                                                    | | workspace
#                                                    | | | unknown
#                                                    | | | | home
#                                                    | | | | | system
#                                                    | | | | | | remote
_TABLE: Final[dict[Kind, dict[str, str]]] = {
    Kind.FILE_READ: {
        "":                                         "- - - - - - -",
        "accounts":                                 "m m m m m m m",
        "credential-store":                         "h h h h h h h",
        "guard-file":                               "l l l l l l l",
        "device":                                   "- - - l l l -",
        "xml-entities":                             "- - l m l l m",
        "bulk":                                     "- - - - l m -",
        "from:network":                             "- - - l m m l",
        "from:user":                                "- - - m m m m",
        "from:model":                               "- - - m m m m",
    },
    Kind.FILE_WRITE: {
        "":                                         "- - - - n h -",
        "append":                                   "- - - - n h -",
        "move":                                     "- - - - l h l",
        "link":                                     "- - - - l m -",
        "permissions":                              "- - - n l h l",
        "permissions grants":                       "- - l m m c h",
        "bulk":                                     "- - - l m h m",
        "startup":                                  "h h h h h c h",
        "credential-store":                         "m m m m m c h",
        "accounts":                                 "h h h h h c h",
        "guard-file":                               "c c c c c c c",
        "device":                                   "h h h h h c h",
        "archive-paths":                            "- - - l h h l",
        "from:credential":                          "m m m m m m h",
        "from:user":                                "- - l m m h m",
        "from:model":                               "- - l m m h m",
        "unbounded":                                "h - h h h c h",
        "giant":                                    "h - h h h c h",
        "by-database":                              "m - n m h h m",
    },
    Kind.FILE_DELETE: {
        "":                                         "- - - l m h m",
        "recursive":                                "- - l m h c h",
        "bulk":                                     "- - l m h c h",
        "everything":                               "h h h h c c c",
        "credential-store":                         "h h h h h c h",
        "startup":                                  "h h m h h c h",
        "accounts":                                 "h h h h h c h",
        "guard-file":                               "c c c c c c c",
        "from:user":                                "- - l m h c h",
        "from:network":                             "- - m h h c h",
        "from:model":                               "- - m h h c h",
    },
    Kind.CREDENTIAL_READ: {
        "":                                         "- - l m h h l",
        "bulk":                                     "l l m m h h m",
        "show":                                     "m m m m h h m",
        "exfiltration":                             "h h h h c c c",
        "credential-store":                         "m m m h h h m",
        "accounts":                                 "m m m m m m m",
    },
    Kind.CODE_EXECUTE: {
        "":                                         "- - - - - - -",
        "dynamic":                                  "m m m m m m m",
        "from:file":                                "l - l m m m h",
        "dynamic from:file":                        "h h h h h h h",
        "from:environment":                         "m m m m m m m",
        "from:user":                                "m m m m m m m",
        "from:model":                               "h h h h h h h",
        "from:database":                            "h h h h h h h",
        "from:network":                             "h h h h h h h",
        "obfuscated":                               "h h h h h h h",
        "reflection":                               "h h h h h h h",
        "deserialise":                              "l - l m m m h",
        "deserialise from:network":                 "h h h h h h h",
        "unsafe-loader":                            "m m m m m m h",
        "remote-code":                              "m m m m m m m",
        "remote-code cleartext":                    "h h h h h h h",
        "template":                                 "m m m m m m m",
        "xml-entities":                             "m m m m m m m",
        "debug-server":                             "m m m m m m h",
        "startup":                                  "m m m m m m m",
        "persist":                                  "m m m m m m m",
        "detached":                                 "l l l l l l l",
        "alters-guarded-state":                     "h h h h h h h",
        "os-command":                               "c c c c c c c",
    },
    Kind.PROCESS_RUN: {
        "":                                         "- - - - - - -",
        "dynamic":                                  "l l l l l l m",
        "dynamic shell":                            "m m m m m m m",
        "dynamic from:file":                        "m m m m m m m",
        "dynamic from:environment":                 "l l l l l l l",
        "from:user":                                "h h h h h h h",
        "from:model":                               "h h h h h h h",
        "from:database":                            "h h h h h h h",
        "from:network":                             "h h h h h h h",
        "obfuscated":                               "h h h h h h h",
        "reflection":                               "h h h h h h h",
        "piped-to-interpreter":                     "h h h h h h h",
        "detached":                                 "m m m m m m m",
        "persist":                                  "h h h h h h h",
        "stops-machine":                            "c c c c c c c",
        "fork":                                     "h h h h h h h",
        "unbounded":                                "m m m m m m m",
        "debug-server":                             "m m m m m m m",
    },
    Kind.PROCESS_SIGNAL: {
        "":                                         "- l l m m h h",
        "bulk":                                     "m m h h h c h",
        "everything":                               "c c c c c c c",
        "stops-machine":                            "c c c c c c c",
    },
    Kind.NETWORK_CONNECT: {
        "":                                         "- - - - - - -",
        "no-verify":                                "- - - m m m m",
        "cleartext-protocol":                       "- - - l m m m",
        "cleartext from:credential":                "- - - h h h h",
        "upload from:file":                         "- - - l l m l",
        "upload from:private":                      "- - - m m m m",
        "upload from:database":                     "- - - l l m l",
        "upload from:environment":                  "- - - m m m m",
        "from:credential":                          "- - - h h h h",
        "upload from:credential":                   "- - h h h h h",
        "exfiltration":                             "- - h h h h h",
        "metadata-service":                         "h h h h h h h",
        "from:user":                                "- - - l l l l",
        "unbounded":                                "h h h h h h h",
        "bulk":                                     "- - - m m m l",
        "raw":                                      "- - - m m m m",
        "obfuscated":                               "m m m m m m m",
        "grants":                                   "m m m m m m m",
    },
    Kind.NETWORK_LISTEN: {
        "":                                         "- - - l l l l",
        "all-interfaces":                           "m m m m m m m",
        "debug-server":                             "m m m m m m h",
    },
    Kind.DATA_DESTROY: {
        "":                                         "- - l m m h h",
        "ddl":                                      "- - h h h h h",
        "no-where":                                 "- - h h h h h",
        "bulk":                                     "- - h h h h h",
        "recursive":                                "- - h h h c h",
        "replace":                                  "- - m m m h h",
        "where":                                    "- - - n n l l",
        "unvetted-api":                             "- - m m m m m",
        "from:user":                                "- - m h h h h",
        "sql-injection":                            "- - m h h h h",
    },
    Kind.DATA_WRITE: {
        "":                                         "- - - - - - -",
        "ddl":                                      "- - l l l m l",
        "no-where":                                 "- - h h h h h",
        "sql-injection":                            "- - m m m m m",
        "from:user":                                "- - m m m m m",
        "from:network":                             "- - m m m m m",
        "from:model":                               "- - m m m m m",
        "os-command":                               "c c c c c c c",
        "grants":                                   "- - h h h h h",
        "stacked":                                  "- - - - - - -",
        "replace":                                  "- - l m m m m",
        "bulk":                                     "- - n l l m m",
        "exclusive":                                "- - l m m m m",
        "server-setting":                           "- - l m m m m",
        "unvetted-api":                             "- - l l l l l",
        "dynamic":                                  "- - l l l l l",
    },
    Kind.PACKAGE_INSTALL: {
        "":                                         "- - - - - - -",
        "cleartext":                                "h h h h h h h",
        "no-verify":                                "m m m m m m m",
        "remote-code":                              "n n n n n n n",
        "dynamic":                                  "m m m m m m m",
        "from:user":                                "m m m m m m m",
        "from:network":                             "h h h h h h h",
    },
    Kind.RESOURCE_EXHAUST: {
        "":                                         "m m m m m h h",
        "unbounded":                                "m m m m m h h",
        "giant":                                    "h h h h h h h",
        "fork":                                     "h h h h h c h",
        "storm":                                    "h h h h h h h",
    },
    Kind.PRIVILEGE_RAISE: {
        "":                                         "m m m m m h h",
        "grants":                                   "h h h h h h h",
        "permissions":                              "h h h h h c h",
    },
    Kind.GUARD_TAMPER: {
        "":                                         "h h h h h h h",
        "alias":                                    "m m m m m m m",
        "obfuscated":                               "c c c c c c c",
        "persist":                                  "m m m m m m m",
    },
    Kind.PAGE_SCRIPT: {
        "":                                         "n n n n n n n",
        "upload":                                   "h h h h h h h",
        "exfiltration":                             "h h h h h h h",
        "alters-guarded-state":                     "h h h h h h h",
        "remote-code":                              "l l l l l l l",
        "from:network":                             "m m m m m m m",
        "from:user":                                "m m m m m m m",
        "from:model":                               "m m m m m m m",
    },
    Kind.UNREAD: {
        "":                                         "h h h h h h h",
    },
}  # fmt: skip

TABLE: Final[tuple[Row, ...]] = tuple(
    Row(kind, facet, letters.replace(" ", "")) for kind, rows in _TABLE.items() for facet, letters in rows.items()
)
_ROWS: Final[dict[Kind, tuple[tuple[frozenset[str], tuple[Severity | None, ...]], ...]]] = {
    kind: tuple(
        (frozenset(facet.split()), tuple(LETTERS[letter] for letter in letters.split()))
        for facet, letters in rows.items()
    )
    for kind, rows in _TABLE.items()
}
_ORDER: Final = tuple(Severity)
_PATHS: Final = frozenset({Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE, Kind.CREDENTIAL_READ})
_DATABASE_FILE: Final = ("COPY", "SELECT", "EXPORT", "UNLOAD", "INTO", "LO_EXPORT")
# Protocols that carry passwords as they are. A plain http:// address is not worth a finding by itself.
_CLEARTEXT: Final = frozenset(
    {"ftplib", "telnetlib", "telnetlib3", "poplib", "imaplib", "nntplib", "ftp", "telnet", "rsh", "rlogin", "tftp"}
)
# Tables that their own name calls temporary.
_SCRATCH: Final = re.compile(r"(?:^|[\W_])(?:te?mp|scratch|staging|stage|stg)(?:[\W_]|\d|$)", re.IGNORECASE)
_STOPPING: Final = frozenset({"shutdown", "reboot", "halt", "poweroff", "init"})
_METADATA: Final = re.compile(
    r"169\.254\.169\.254|metadata\.google\.internal|100\.100\.100\.200|fd00:ec2::254|169\.254\.170\.2"
)

# What takes more than an ordinary account, and whose clients speak for which power.
_ROOT_ONLY: Final = frozenset({Kind.FILE_WRITE, Kind.FILE_DELETE, Kind.PRIVILEGE_RAISE})
_DATA: Final = frozenset({Kind.DATA_DESTROY, Kind.DATA_WRITE, Kind.PRIVILEGE_RAISE})
_ELSEWHERE: Final = frozenset({Scope.UNKNOWN, Scope.REMOTE})
_CLIENTS: Final = {
    **dict.fromkeys(("boto3", "botocore", "aws", "aiobotocore", "awswrangler", "s3fs", "s3cmd"), Power.CLOUD),
    **dict.fromkeys(("google", "gcloud", "gsutil", "bq", "gcsfs", "azure", "az", "azcopy", "adlfs"), Power.CLOUD),
    **dict.fromkeys(("databricks", "dbutils", "cloudpathlib", "terraform", "tofu", "pulumi", "cdk"), Power.CLOUD),
    **dict.fromkeys(("kubernetes", "kubectl", "helm", "oc", "kr8s", "lightkube"), Power.CLUSTER),
}

_TOLD_AT_THE_CALL: Final = frozenset({Kind.PROCESS_RUN, Kind.DATA_WRITE})
_SWEEPING: Final = frozenset({"ddl", "no-where", "recursive", "bulk", "everything"})
_NARROWED: Final = "where"
_DESPITE_WHERE: Final = frozenset({"ddl", "no-where", "sql-injection", "os-command", "grants"})


def facets(effect: Effect) -> frozenset[str]:
    """The effect's tags, and what its target says about it (``credential-store``, ``everything`` ...)."""
    found = effect.tags
    if effect.kind in _PATHS and effect.target:
        found |= places(effect.target)
        if "root-home" in found and effect.scope is not Scope.HOME:
            found |= {"accounts"}
    if effect.kind in (Kind.DATA_DESTROY, Kind.DATA_WRITE):
        found = _data_facets(effect, found)
    if effect.kind is Kind.FILE_WRITE and effect.via.upper().startswith(_DATABASE_FILE):
        found |= {"by-database"}
    if effect.kind in (Kind.PROCESS_RUN, Kind.PROCESS_SIGNAL) and _STOPPING & {effect.via, _command(effect.target)}:
        found |= {"stops-machine"}
    if effect.kind is Kind.NETWORK_CONNECT:
        if "cleartext" in found and effect.via.partition(".")[0] in _CLEARTEXT:
            found |= {"cleartext-protocol"}
        if _METADATA.search(effect.target):
            found |= {"metadata-service"}
    return found


def _command(target: str) -> str:
    return target.partition(" ")[0].rpartition("/")[2]


def _data_facets(effect: Effect, found: frozenset[str]) -> frozenset[str]:
    if "new-only" in found:
        found -= {"ddl"}
    # Where via is a verb of SQL itself, "dynamic" says that its text has parts that are not constant.
    if "dynamic" in found and effect.via.isupper():
        found |= {"sql-injection"}
    if _SCRATCH.search(effect.target.partition(" in ")[0]):
        found |= {"scratch"}
    return found


def severity(effect: Effect, seen: frozenset[str], privileged: bool = False) -> Severity | None:
    """How bad ``effect`` with the facets ``seen`` is, or ``None`` when it is not worth a finding.

    ``privileged``: the session holds what makes it real (see ``privilege``), which is one step worse, up to "high".

    Doubt takes off a step each: an effect that is only not excluded, one that lies on a path that nothing takes yet
    (unless an assistant wrote it: then nobody has read that path), one that can be undone.
    """
    if "self-made" in seen:
        return None
    if "scratch" in seen and "bulk" not in seen:
        return None
    if effect.kind is Kind.FILE_DELETE and effect.scope is Scope.WORKSPACE and "rebuilt" in seen:
        return None
    column = _column(effect, seen)
    if _NARROWED in seen and seen.isdisjoint(_DESPITE_WHERE):
        narrow = LETTERS[_TABLE[effect.kind].get(_NARROWED, "-" * 7).replace(" ", "")[column]]
        return _ORDER[narrow.rank + 1] if privileged and narrow is not None else narrow
    found = [cell for facet, cells in _ROWS[effect.kind] if facet <= seen and (cell := cells[column]) is not None]
    if not found:
        return None
    step = max(level.rank for level in found)
    if step <= Severity.LOW.rank and effect.kind in _TOLD_AT_THE_CALL and "possible" in seen:
        # What a function would do with arguments that nobody has given yet is told where they are given.
        return None
    step -= effect.certainty is Certainty.UNKNOWN
    step -= effect.reversible
    step -= "possible" in seen and effect.origin is not Origin.ASSISTANT
    if effect.origin is Origin.ASSISTANT and step == Severity.HIGH.rank and _is_sweeping(effect, seen):
        # A person knows what the table or the folder was for; nobody can ask an assistant afterwards.
        step += 1
    # Somebody's own files: only they can say whether it was meant.
    own = effect.origin is Origin.ASSISTANT and seen >= {"upload", "from:private"}
    step += own and step == Severity.MEDIUM.rank
    if privileged and step < Severity.HIGH.rank:
        # What may be done is no reason to refuse it: beyond "high" it is for the effect itself to say.
        step += 1
    return _ORDER[max(step, 0)]


def privilege(effect: Effect, held: Sequence[Privilege]) -> Privilege | None:
    """What the session holds that lets an assistant's ``effect`` happen where an ordinary account's would fail."""
    if effect.origin is not Origin.ASSISTANT:
        return None
    return next((one for one in held if _reaches(one.power, effect)), None)


def _reaches(power: Power, effect: Effect) -> bool:
    if power is Power.MACHINE:
        if effect.kind is Kind.PROCESS_SIGNAL:
            # Anybody's process may have that number.
            return effect.scope in (Scope.UNKNOWN, Scope.SYSTEM)
        return effect.scope is Scope.SYSTEM and effect.kind in _ROOT_ONLY
    if effect.kind not in _DATA:
        return False
    client = re.split(r"[. ]", effect.via, maxsplit=1)[0].lower()
    if power is Power.DATABASE:
        return effect.kind is not Kind.PRIVILEGE_RAISE and effect.scope in _ELSEWHERE and client not in _CLIENTS
    return _CLIENTS.get(client) is power


def _is_sweeping(effect: Effect, seen: frozenset[str]) -> bool:
    """Whether the effect certainly takes a whole table, folder or listing away for good."""
    whole = effect.kind in (Kind.DATA_DESTROY, Kind.FILE_DELETE) and not seen.isdisjoint(_SWEEPING)
    return whole and effect.certainty is Certainty.CERTAIN and not effect.reversible and "possible" not in seen


def _column(effect: Effect, seen: frozenset[str]) -> int:
    if effect.scope is Scope.SYSTEM and effect.kind in _PATHS:
        if "working" in seen:
            return Scope.UNKNOWN.rank
        if "readable" in seen and effect.kind is Kind.FILE_READ:
            return Scope.WORKSPACE.rank
    return effect.scope.rank
