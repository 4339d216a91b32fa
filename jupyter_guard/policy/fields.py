"""Every key of a policy file: what it may hold, how two layers join, and what it means.

A policy is a flat map from dotted keys to values; this table is its schema, and the reference page is made from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from jupyter_guard.policy import allowed
from jupyter_guard.policy.checks import (
    STORES,
    SYSLOGS,
    at_least,
    choice,
    count,
    flag,
    hosts,
    keywords,
    positive,
    selectors,
    shape,
    size,
    store,
    syslog,
    text,
    texts,
    version,
)
from jupyter_guard.terms import Origin, Severity, Verdict

ROWS: Final = ("critical", "high", "medium", "low", "note", "unread")
PROPERTIES: Final = ("files", "network", "processes", "syscalls", "resources")
BACKENDS: Final = ("auto", "none", "bubblewrap", "landlock", "container")
# The names of `scrub.sources.SOURCES`, and the environment: a test compares them.
KNOWN_FROM: Final = (
    "env", "dotenv", "aws", "netrc", "pgpass", "pip", "npm", "pypi", "git", "huggingface", "kaggle", "docker", "kube",
    "gcp", "azure", "databricks", "snowflake", "ssh", "mysql", "cargo", "gh", "wandb",
)  # fmt: skip
READABLE: Final = 'readable; "*" is everything but credential stores, which have to be named (aws, ssh, ...)'
VARIABLES: Final = (
    'variables the kernel receives; "*" is all but those whose names say secret or whose values are addresses with a '
    "password, which have to be named"
)


class Field(msgspec.Struct, frozen=True):
    """One key. ``check`` gives the value to keep or raises ``ValueError`` with what was expected.

    ``tighten`` joins the value in force with one that may only tighten it.
    """

    key: str
    holds: str
    meaning: str
    check: Callable[[Any], Any]
    tighten: Callable[[Any, Any], Any]


WATCH_MODES = ("observe", "explain", "stop")


def _stricter(order: tuple[str, ...]) -> Callable[[str, str], str]:
    return lambda old, new: max(old, new, key=order.index)


def _either(old: bool, new: bool) -> bool:
    return old or new


def _least(old: int, new: int) -> int:
    return min(old, new)


def kept(old: Any, _new: Any) -> Any:
    """The mightier layer's value, whatever a lower one says."""
    return old


def _united(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*old, *new}))


_VERDICTS = tuple(str(one) for one in Verdict)
_SEVERITIES = tuple(str(one) for one in Severity)


def _origin_fields() -> list[Field]:
    verdict, stricter = choice(*_VERDICTS), _stricter(_VERDICTS)
    fields = []
    for origin in Origin:
        for row in ROWS:
            what = "code that no reader can follow" if row == "unread" else f"a finding of severity {row}"
            meaning = f"what happens to {origin} code with {what}"
            fields.append(Field(f"origin.{origin}.{row}", "a verdict", meaning, verdict, stricter))
        fields.append(
            Field(
                f"origin.{origin}.code",
                '"any" or "tools"',
                f'"tools": {origin} cells may call approved tools only',
                choice("any", "tools"),
                _stricter(("any", "tools")),
            )
        )
    return fields


FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in [
        Field("version", "1", "the version of this format", version, kept),
        Field(
            "mode",
            '"enforce" or "observe"',
            "observe: everything is judged and recorded, nothing is stopped",
            choice("observe", "enforce"),
            _stricter(("observe", "enforce")),
        ),
        Field("locked", "true or false", "lower layers may only tighten, also the preset's values", flag, _either),
        *_origin_fields(),
        Field(
            "packs",
            "packs of rules",
            "a `.toml` file beside this one, or an installed package's entry point in `jupyter_guard.rules`",
            texts(),
            _united,
        ),
        Field(
            "allow.imports",
            "module names",
            'importing any other is refused (JG894); "stdlib": Python\'s own, "*": any',
            texts(),
            allowed.modules_by_both,
        ),
        Field(
            "allow.commands",
            "command lines",
            'running one that begins otherwise is refused (JG897); "*": any',
            texts(),
            allowed.commands_by_both,
        ),
        Field(
            "tools.sources",
            "files and names",
            "where tools are: a `.py` file beside this one, or an installed package's entry point in "
            '`jupyter_guard.tools`; "*": any that is installed',
            texts(),
            allowed.sources_by_both,
        ),
        Field("tools.approved", "names", 'tools that may be called; "*": all there are', texts(), allowed.by_both),
        Field(
            "tools.safe_calls",
            "names",
            'what else a cell may call where `code = "tools"`: full names (`len`, `math.sqrt`), methods of any value '
            "(`.items`)",
            texts(),
            allowed.named_by_both,
        ),
        Field("deny.imports", "module names", "importing one is refused (JG890)", texts(), _united),
        Field("deny.calls", "full names", "calling one is refused (JG891)", texts(), _united),
        Field("deny.sql", "SQL verbs", "a statement with one is refused (JG892)", texts(), _united),
        Field("deny.commands", "command lines", "one that begins so is refused (JG893)", texts(), _united),
        Field(
            "practice.ruff",
            "ruff's rules",
            'what ruff is asked for off the path of a run (JG914): rules or their beginnings, such as "F" or "B006"',
            selectors,
            _united,
        ),
        Field("practice.complexity", "a number", "ways through a function or cell that are enough", count, _least),
        Field(
            "scrub.known_from",
            "sources",
            "where known secrets are learned from: " + ", ".join(KNOWN_FROM),
            texts(*KNOWN_FROM),
            _united,
        ),
        Field("isolation.backend", "a backend", "how the kernel is isolated", choice(*BACKENDS), kept),
        Field(
            "isolation.require",
            "properties",
            "what isolation must give, or the kernel does not start: " + ", ".join(PROPERTIES),
            texts(*PROPERTIES),
            _united,
        ),
        Field("isolation.read", "paths", READABLE, texts(), allowed.places_by_both),
        Field("isolation.write", "paths", "writable", texts(), allowed.places_by_both),
        Field("isolation.hosts", "hosts", 'reachable, as host or host:port; "*": all', hosts, allowed.by_both),
        Field("isolation.env", "names", VARIABLES, texts(), allowed.variables_by_both),
        Field(
            "limits.memory",
            "a size",
            "memory of the kernel and all that it starts",
            # An idle ipykernel has 137 MB of data, most of it never touched (VmData, Python 3.11).
            at_least(size, 256 * 2**20, "256 MiB"),
            _least,
        ),
        Field("limits.cell_seconds", "seconds", "how long a cell may run, waiting for people aside", count, _least),
        Field("limits.cell_cpu_seconds", "seconds", "processor time of a cell and all that it starts", count, _least),
        Field("limits.processes", "a number", "processes at a time, the kernel among them", count, _least),
        Field(
            "limits.open_files",
            "a number",
            "open files a process",
            # An idle ipykernel has 63 open.
            at_least(count, 128, "128"),
            _least,
        ),
        Field(
            "limits.disk",
            "a size",
            "what the kernel and all that it starts write to disk, until a restart",
            # The history's database.
            at_least(size, 2**20, "1 MiB"),
            _least,
        ),
        Field("limits.output", "a size", "what a cell may print and show; the rest is left out", size, _least),
        Field(
            "limits.recursion",
            "a number",
            "what sys.setrecursionlimit may be given",
            # What IPython itself sets.
            at_least(count, 3000, "3000"),
            _least,
        ),
        Field(
            "suppress.origins",
            "origins",
            "whose cells may allow a finding by a comment, `# guard: allow JG301 because ...`",
            texts(*map(str, Origin)),
            allowed.by_both,
        ),
        Field(
            "watch.mode",
            '"observe", "explain" or "stop"',
            "what comes of what a cell does while it runs: recorded; shown on a card too; or stopped and asked about, "
            "as what is read in it",
            choice(*WATCH_MODES),
            _stricter(WATCH_MODES),
        ),
        Field(
            "undo.origins",
            "origins",
            "whose cells' changes of files in the workspace can be taken back: " + ", ".join(map(str, Origin)),
            texts(*map(str, Origin)),
            _united,
        ),
        Field("undo.size", "a size", "what is kept for that, the oldest is forgotten first", size, kept),
        Field("undo.days", "a number", "how many days it is kept", count, kept),
        Field(
            "undo.whole",
            "a size",
            "a workspace up to this is set aside as a whole, so that what programs do is covered too; of a larger one, "
            "what reading foresees",
            size,
            kept,
        ),
        Field(
            "undo.uncovered",
            "a verdict",
            "what happens to a cell when something that it may change cannot be set aside: too large, no room",
            choice(*_VERDICTS),
            _stricter(_VERDICTS),
        ),
        Field(
            "audit.store",
            STORES,
            "where decisions are kept beside the journal of each kernel: nowhere, in a database, by a collector",
            store,
            kept,
        ),
        Field(
            "audit.code",
            "true or false",
            "decisions are kept with the cell's text, without secrets (default: with its hash only)",
            flag,
            kept,
        ),
        Field(
            "audit.syslog",
            SYSLOGS,
            "where a line about each decision that was not plainly allowed, and each limit, secret and death, "
            "goes besides",
            syslog,
            kept,
        ),
    ]
}

# Tables whose own keys are free: the names inside one of their entries are checked against this.
RULE_FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in [
        Field("severity", "a severity", "instead of the rule's own", choice(*_SEVERITIES), _stricter(_SEVERITIES)),
        Field("verdict", "a verdict", "instead of the origin's row", choice(*_VERDICTS), _stricter(_VERDICTS)),
        Field("disabled", "true or false", "the rule is not asked", flag, lambda old, new: old and new),
    ]
}
PATTERN_FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in [
        Field("keywords", "texts", "fixed texts; every such token follows one of them", keywords, kept),
        Field("shape", "a regular expression", "what follows the keyword; a group `secret` narrows it", shape, kept),
        Field("ignore_case", "true or false", "the keyword's case does not matter (default: it does)", flag, kept),
        Field("edge", "true or false", "no letter or digit directly before the keyword (default: true)", flag, kept),
        Field("entropy", "a number", "bits a character that a token has at least", positive, kept),
        Field("docs", "a URL", "where the format is described", text, kept),
    ]
}
