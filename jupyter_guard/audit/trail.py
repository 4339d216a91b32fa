"""The journals of this account -> what was decided in one notebook, the latest last, without any code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_guard.audit.place import journals, link_of
from jupyter_guard.audit.record import Record

# Somebody waits for it, and a journal may have grown for months: so much of its end, of so many, is looked at.
TAIL = 2 * 1024 * 1024
JOURNALS = 40
MOST = 500


def trail(directory: Path, kernel: str, notebook: str, last: int = 100) -> list[dict[str, Any]]:
    """The last decisions of the kernel that ``kernel`` names, and of earlier kernels of the same ``notebook``.

    One item a decision, the latest last: what a ``Record`` says but for its code, as JSON values, with what came of it
    (``outcome``, ``redactions``, ``limits``) and whether there is anything to say about it (``telling``). A journal
    that cannot be read is left out. ``notebook`` is a path, ``""`` when nobody knows it: then only this kernel's count.
    """
    last = max(1, min(last, MOST))
    found: list[dict[str, Any]] = []
    # A file's name begins with its day and ends with its kernel.
    known = journals(directory)
    own = [path for path in known if kernel and path.stem.endswith(f"-{kernel}")]
    for path in own:
        found += _joined(list(_tail(path)), is_current=True)
    for path in reversed([path for path in known if path not in own][-JOURNALS:] if notebook else []):
        if len(found) >= last:
            break
        found += _joined([one for one in _tail(path) if one.notebook == notebook], is_current=False)
    found.sort(key=lambda one: str(one["time"]))
    return found[-last:]


def is_telling(record: Record) -> bool:
    """Whether there is more to say of a record than that a cell ran."""
    return bool(
        record.state not in ("ran", "ok", "error")
        or record.findings
        or record.redactions
        or record.limits
        or record.opened
    )


def _tail(path: Path) -> Iterator[Record]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            lines = file.read(TAIL).split(b"\n")
    except OSError:
        return
    # The first line of a tail is rarely whole, and then no record.
    for line in lines:
        link = link_of(line)
        if link is not None and link.record is not None:
            yield link.record


def _joined(records: list[Record], is_current: bool) -> list[dict[str, Any]]:
    """Decisions, each with its outcome."""
    items: list[dict[str, Any]] = []
    by_request: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.event == "outcome":
            item = by_request.get(record.msg_id)
            if item is not None:
                item["outcome"] = record.state
                item["why"] = record.sentence
                item["redactions"] = record.redactions
                item["limits"] = list(record.limits)
                item["telling"] = item["telling"] or is_telling(record)
            continue
        if record.event == "happened":
            item = by_request.get(record.msg_id)
            if item is not None:
                item["happened"] = {name: list(part) for name, part in record.happened.items()}
                item["telling"] = item["telling"] or bool(record.happened.get("seen"))
            continue
        if record.event in ("opening", "closing", "tool"):
            continue
        item = {
            "time": record.time,
            "msg_id": record.msg_id,
            "cell_id": record.cell_id,
            "state": record.state,
            "verdict": str(record.verdict),
            "origin": str(record.origin),
            "evidence": list(record.evidence),
            "sentence": record.sentence,
            "about": record.about,
            "rules": list(dict.fromkeys(one.rule for one in record.findings)),
            "approvals": [{"choice": one.choice, "channel": one.channel} for one in record.approvals],
            "user": record.user,
            "policy": record.policy,
            "isolation": record.isolation,
            "outcome": "",
            "why": "",
            "redactions": {},
            "limits": list(record.limits),
            "happened": {},
            "telling": is_telling(record),
            "current": is_current,
        }
        items.append(item)
        by_request[record.msg_id] = item
    return items
