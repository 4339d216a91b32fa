"""A limit that was reached -> what people are told: what happened, with its number, what is kept, how to raise it."""

from __future__ import annotations

from typing import Any

import msgspec

from jupyter_guard.guard.card import escape
from jupyter_guard.isolate import cgroups, tree
from jupyter_guard.kernel.request import parse_object
from jupyter_guard.kernel.wire import MalformedError

UNITS = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
SIZES = frozenset({"memory", "disk", "output"})
SECONDS = frozenset({"cell_seconds", "cell_cpu_seconds"})
TITLES = {
    "memory": "memory",
    "cell_seconds": "time",
    "cell_cpu_seconds": "processor time",
    "processes": "processes",
    "open_files": "open files",
    "disk": "writing to disk",
    "output": "output",
    "recursion": "recursion",
}
# The rule's page that says more.
RULES = {"processes": "JG701", "memory": "JG702", "disk": "JG702", "output": "JG704"}
# The system took them when an isolated kernel started, and a process cannot give itself more.
FIXED_AT_START = frozenset({"memory", "open_files", "disk"})
# An exception's name or number, as its traceback ends with it, and the limit behind it.
SIGNS = (
    (("MemoryError", "_ArrayMemoryError"), "", "memory"),
    (("OSError",), "[Errno 12]", "memory"),
    (("OSError",), "[Errno 24]", "open_files"),
    (("OSError",), "[Errno 27]", "disk"),
    (("BlockingIOError",), "[Errno 11]", "processes"),
)
ERRORS = {
    "memory": "The cell asked for more memory than the limit leaves, so it got none.",
    "open_files": "The cell wanted more files open at a time than the limit allows.",
    "disk": "The cell wrote more into one file than the limit allows.",
    "processes": "The cell wanted more processes or threads than the limit allows.",
}
WARN_AT = 0.8
LOST = "files are kept, its variables are gone."
STATE_KEPT = "The kernel and its variables are kept."
# Instead of how to raise the limit, which was not reached.
MACHINE_IS_SHORT = "The limit was not reached: use less at once (chunks, smaller types), or end other programs."


class Limit(msgspec.Struct, frozen=True):
    """One limit in force: its key in the policy's table, its value, and who set it."""

    name: str
    value: int
    source: str

    @property
    def shown(self) -> str:
        """The value for people."""
        return amount(self.name, self.value)


class Reached(msgspec.Struct, frozen=True):
    """One event: what was done in a sentence, what is kept, and how to raise the limit."""

    limit: Limit
    what: str
    kept: str
    how: str

    @property
    def text(self) -> str:
        """All of it on one line."""
        return f"{self.what} {self.kept} {self.how}"


def amount(name: str, value: float) -> str:
    """A value of a limit for people: ``"1.5 GiB"``, ``"90 s"``, ``"12"``."""
    if name in SECONDS:
        return f"{value:.0f} s" if value == int(value) or value >= 100 else f"{value:.1f} s"
    if name not in SIZES:
        return f"{value:.0f}"
    for unit, size in UNITS:
        if value >= size:
            return f"{value / size:.2f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{value:.0f} bytes"


def how_to_raise(limit: Limit, is_fixed: bool) -> str:
    """Which key of which layer to change, and from when on that counts."""
    when = "after a restart of the kernel" if is_fixed and limit.name in FIXED_AT_START else "from the next cell on"
    if limit.source.endswith("(preset)"):
        where = f"`limits.{limit.name}` = {limit.shown} of the preset {limit.source.removesuffix(' (preset)')}"
        return f"To raise it, set {where} in your jupyter_guard.toml; it counts {when}."
    return f"To raise it, change `limits.{limit.name}` = {limit.shown} in the {limit.source}; it counts {when}."


def warning(limit: Limit, used: float, then: str) -> str:
    """The line at ``WARN_AT`` of a limit."""
    part = f"{amount(limit.name, used)} of {limit.shown}"
    return f"jupyter_guard: {TITLES[limit.name]}: {part} used (`limits.{limit.name}`, {limit.source}). {then}\n"


def ended_by_the_system(count: int, limit: Limit) -> str:
    """What the control group did that stands behind the limit on memory (``isolate.cgroups``)."""
    most = amount("memory", limit.value * cgroups.ABOVE)
    return (
        f"The system ended {processes(count)} of this kernel: together they had {most} of memory, which is a quarter "
        f"over the limit of {limit.shown}, before anybody looked."
    )


def cut_sentence(count: int) -> str:
    """What stands where output was cut."""
    return f"The output is cut here: the cell has put out {amount('output', count)}."


def limit_of_error(content: bytes) -> str:
    """The limit that an exception of a cell's may come from, by its name and number; ``""`` for all others."""
    try:
        found = parse_object(content)
    except MalformedError:
        return ""
    name, value = str(found.get("ename")), str(found.get("evalue"))
    return next((limit for names, sign, limit in SIGNS if name in names and value.startswith(sign)), "")


def processes(count: int) -> str:
    """A number of processes in words."""
    return "1 process" if count == 1 else f"{count} processes"


def named(ended: list[tree.Process], sizes: dict[int, int]) -> str:
    """Which processes were ended for their memory, the largest first."""
    largest = ended[0]
    one = f"{largest.name} (process {largest.pid}: {tree.command_of(largest.pid)}), with "
    one += f"{amount('memory', sizes[largest.pid])}"
    if len(ended) == 1:
        return f"the largest process that a cell had started was ended: {one}."
    freed = amount("memory", sum(sizes[each.pid] for each in ended))
    return f"the {len(ended)} largest processes that cells had started were ended, {freed} in all; the largest: {one}."


def bundle(reached: Reached) -> dict[str, Any]:
    """The card as a MIME bundle of ``text/plain`` and ``text/html``."""
    what = f"the limit on {TITLES[reached.limit.name]} was reached"
    title = f"jupyter_guard: {'this machine has hardly any memory left' if reached.how == MACHINE_IS_SHORT else what}"
    lines = [title, *(f"  {one}" for one in (reached.what, reached.kept, reached.how))]
    body = "".join(f"<div>{escape(one)}</div>" for one in (reached.what, reached.kept, reached.how))
    accent = "200,120,20"
    html = (
        f'<div class="jp-guard-card jp-guard-limit" style="border-left:4px solid rgb({accent});'
        f'background-color:rgba({accent},0.08);padding:8px 12px;margin:4px 0;line-height:1.45">'
        f'<div style="font-weight:600">{escape(title)}</div>{body}</div>'
    )
    return {"text/plain": "\n".join(lines), "text/html": html}


def finding(limit: Limit, message: str, reached: bool) -> dict[str, Any]:
    """The same as the panel lists it."""
    return {
        "rule": RULES.get(limit.name, "JG703"),
        "family": "resources",
        "severity": "high" if reached else "medium",
        "confidence": "high",
        "message": message,
        "why": "",
        "instead": "",
        "span": {"line": 1, "column": 0, "end_line": 1, "end_column": 0},
        "verdict": "warn",
        "decided_by": f"{limit.source}: limits.{limit.name}",
        "origin": "unknown",
        "effects": [],
    }
