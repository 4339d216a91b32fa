"""How bad an effect is: one table of kind and facet against scope."""

from __future__ import annotations

from typing import Final

import msgspec

from jupyter_guard.terms import Kind, Scope, Severity

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


ROWS: Final[dict[Kind, tuple[tuple[frozenset[str], tuple[Severity | None, ...]], ...]]] = {
    kind: tuple(
        (frozenset(facet.split()), tuple(LETTERS[letter] for letter in letters.split()))
        for facet, letters in rows.items()
    )
    for kind, rows in _TABLE.items()
}


def narrowed(kind: Kind, column: int) -> Severity | None:
    """What ``kind`` is in the column of a scope where a WHERE says which rows it takes."""
    return LETTERS[_TABLE[kind].get("where", "-" * len(SCOPES)).replace(" ", "")[column]]
