"""An effect -> how bad it is: its row in the table, and what doubt takes off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from jupyter_guard.judge.places import places
from jupyter_guard.judge.table import ROWS, narrowed
from jupyter_guard.terms import Certainty, Effect, Kind, Origin, Power, Privilege, Scope, Severity

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

# Of a write or a read at a place that the policy grants, only where it lands is no matter any more.
_GRANTED: Final = "granted"
_BY_PLACE: Final = frozenset({frozenset[str](), frozenset({"append"}), frozenset({"bulk"})})

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
_NARROWED: Final = "where"
_SWEEPING: Final = frozenset({"ddl", "no-where", "recursive", "bulk", "everything"})
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
        narrow = narrowed(effect.kind, column)
        return _ORDER[narrow.rank + 1] if privileged and narrow is not None else narrow
    known = Scope.WORKSPACE.rank if _GRANTED in seen else column
    found = [
        cell
        for facet, cells in ROWS[effect.kind]
        if facet <= seen and (cell := cells[known if facet in _BY_PLACE else column]) is not None
    ]
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
        # Files there are people's own; a whole folder may be everybody's, and is as dear as any that nobody knows.
        if "working" in seen and not (effect.kind is Kind.FILE_DELETE and seen & {"recursive", "bulk"}):
            return Scope.UNKNOWN.rank
        if "readable" in seen and effect.kind is Kind.FILE_READ:
            return Scope.WORKSPACE.rank
    return effect.scope.rank
