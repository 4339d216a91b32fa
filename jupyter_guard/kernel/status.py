"""What the wrapper knows -> ``%guard status``: the policy in force, and what became of the cells so far."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_guard.kernel.limits import Limits
    from jupyter_guard.kernel.relay import Relay


def status(relay: Relay) -> str:
    """A few lines for people."""
    standing, counts = relay.panel.standing, relay.panel.counts
    told = [
        f"This kernel is guarded from outside: another process judges cells and cleans outputs. "
        f"Policy {standing.policy or 'not known yet'}"
        f"{f' ({standing.preset})' if standing.preset else ''}, mode {standing.mode}"
        f"{', locked' if standing.locked else ''}."
    ]
    told += [f"  {one}" for one in standing.problems]
    if standing.opened:
        told.append(f"Nothing is stopped for a while: {standing.opened}")
    told.append(
        f"Cells: {counts['ran'] + counts['confirmed']} ran ({counts['warned']} with a warning, "
        f"{counts['confirmed']} after a question), {counts['blocked']} blocked, {counts['declined']} declined."
    )
    told.append(f"Code met while they ran (built, imported, changed): {relay.link.met} judged.")
    if standing.mode == "observe" or counts["would have asked"] or counts["would have blocked"]:
        told.append(
            f"Only watching: enforcing, {counts['would have blocked']} would have been blocked and "
            f"{counts['would have asked']} asked about."
        )
    redacted = ", ".join(f"{count} {kind}" for kind, count in sorted(relay.panel.redaction_counts.items()))
    told.append(f"Redacted: {redacted or 'nothing'}.")
    missing = f", without {', '.join(standing.missing)}" if standing.missing else ""
    why = " (`jupyter guard doctor` says why, and what to type)" if standing.backend == "none" else ""
    told.append(f"Isolation: {standing.backend}{missing}{why}.")
    told.append(f"Privileges: {'; '.join(standing.privileges) or 'none beyond an ordinary account'}.")
    told += _limits(relay.limits) if relay.limits is not None else ["Limits: none."]
    return "\n".join(told)


def _limits(limits: Limits) -> list[str]:
    from jupyter_guard.kernel.limit_words import amount

    if not limits.limits:
        return ["Limits: none."]
    lines = [f"Limits: {', '.join(f'{one.name} {one.shown}' for one in limits.limits.values())}."]
    disk = "disk" in limits.limits
    seen = limits.measuring.look(1, sys.maxsize, disk, []) if sys.platform == "linux" else None
    if seen is not None:
        used = f"memory {amount('memory', seen.memory)}, processes {len(seen.processes) - seen.companions}"
        used += f", written {amount('disk', seen.written)}" if disk else ""
        lines.append(f"  Used now: {used}.")
    return lines + ([f"  Not all of them hold: {limits.trouble}."] if limits.trouble else [])
