"""``%guard undo ...`` -> what cells have changed, in words, and what was brought back."""

from __future__ import annotations

import json
import time

from jupyter_guard.undo import Step, Steps
from jupyter_guard.undo.restore import bring_back, chosen, newer, of_others
from jupyter_guard.undo.swap import HalfDoneError, NotKeptError
from jupyter_guard.undo.tree import ABSENT, FOLDER

NOTHING = "No cell has changed anything in this folder that was set aside (policy: undo.origins says whose cells are)."
SHOWN = 30
FILES_SHOWN = 200


def answer(steps: Steps, rest: str, over: bool, notebook: str) -> tuple[str, str]:
    """The text to print, and a question where newer work would be written over: then nothing has changed yet.

    ``rest`` is empty (undo the last step), ``list``, ``show [STEP]``, a step's number, or a path; for a panel ``json``
    and ``of STEP PATH``. ``over``: it was asked and allowed.
    """
    found = steps.all()
    words = rest.split()
    if words[:1] == ["json"]:
        return as_json(found), ""
    if not found:
        return NOTHING, ""
    if words[:1] == ["list"]:
        return "\n".join(_head(step) for step in found[:SHOWN]), ""
    if words[:1] == ["show"]:
        step = _step(found, words[1] if len(words) > 1 else "")
        return ("\n".join([_head(step), *_lines(step)]) if step else f"There is no step {words[1]}."), ""
    if len(words) > 2 and words[0] == "of" and _step(found, words[1]):
        found, rest = [step for step in found if str(step.number) == words[1]], rest.split(None, 2)[2]
    path = "" if rest.isdigit() else rest
    step = _step(found, rest) if not path else next((one for one in found if _has(steps, one, path)), None)
    if step is None:
        return f"Nothing that was set aside is called {rest}. %guard undo list shows the steps.", ""
    try:
        paths = chosen(steps, step, path, notebook)
        late = newer(steps, step, paths)
        if not over and (over_what := _asked_about(steps, step, paths, late)):
            return "", f"brings back what was there before, over {over_what}"
        _, missed = bring_back(steps, step, paths)
    except HalfDoneError as error:
        return str(error), ""
    except (NotKeptError, OSError) as error:
        return f"Nothing was brought back: {error}", ""
    if not path:
        steps.drop(step)
    said = [f"Brought back. Undone is, of what cell {step.header.cell} did:", *_lines(step, paths)]
    if missed:
        names = ", ".join(f"`{one.path}` ({one.why})" for one in missed[:SHOWN])
        said.append(f"This cannot be taken back in its turn: what was replaced of {names} could not be set aside.")
    return "\n".join(said), ""


def _asked_about(steps: Steps, step: Step, paths: list[str], late: list[str]) -> str:
    """What may be a person's work in what would be written over, in words; nothing where nothing is."""
    said = []
    if late:
        work = "what may be newer work, as the guard did not see the cell end," if step.unseen else "newer work"
        said.append(f"{work} in {', '.join(late[:10])}")
    others = of_others(steps, step, [path for path in paths if path not in late])
    said += [f"what was {why}: {', '.join(found[:10])}" for why, found in others.items()]
    return "; and over ".join(said)


def as_json(found: list[Step]) -> str:
    """The latest steps for a panel: of each what it is of, and its files with their sizes before and after."""
    items = []
    for step in found[:SHOWN]:
        after = step.after or {}
        files = [
            {
                "path": path,
                "kind": _kind(step, path),
                "folder": FOLDER in (step.before[path].kind, after[path].kind),
                "before": step.before[path].size,
                "after": after[path].size,
            }
            for path in sorted(after)[:FILES_SHOWN]
        ]
        head = {"step": step.number, "cell": step.header.cell, "origin": step.header.origin, "time": step.header.time}
        items.append({**head, "code": step.header.code, "files": files, "more": max(0, len(after) - FILES_SHOWN)})
    return json.dumps({"steps": items})


def in_words(size: int) -> str:
    """A size in bytes as people read it."""
    number = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"


def _has(steps: Steps, step: Step, path: str) -> bool:
    wanted = steps.tree.relative(path)
    return any(one == wanted or one.startswith(f"{wanted}/") for one in step.after or {})


def _step(found: list[Step], number: str) -> Step | None:
    return found[0] if not number else next((one for one in found if str(one.number) == number), None)


def _head(step: Step) -> str:
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(step.header.time))
    counts = [_kind(step, path) for path in step.after or {}]
    said = ", ".join(f"{counts.count(one)} {one}" for one in ("created", "changed", "deleted") if one in counts)
    who = "" if step.header.origin == "undo" else f"cell {step.header.cell} ({step.header.origin}), "
    return f"step {step.number}: {who}{at}: {said}: {step.header.code}"


def _kind(step: Step, path: str) -> str:
    if step.before[path].kind == ABSENT:
        return "created"
    return "deleted" if (step.after or {})[path].kind == ABSENT else "changed"


def _lines(step: Step, paths: list[str] | None = None) -> list[str]:
    lines = []
    for path in sorted(step.after or {}) if paths is None else sorted(paths):
        before, after = step.before[path], (step.after or {})[path]
        kind = _kind(step, path)
        if FOLDER in (before.kind, after.kind):
            lines.append(f"  {kind} {path}/")
        elif kind == "changed":
            lines.append(f"  changed {path} ({in_words(before.size)} before, {in_words(after.size)} after)")
        else:
            lines.append(f"  {kind} {path} ({in_words(before.size if kind == 'deleted' else after.size)})")
    return [*lines[:SHOWN], f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else lines
