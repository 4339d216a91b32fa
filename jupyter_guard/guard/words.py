"""A rule, or the policy in force -> a page of text for people."""

from __future__ import annotations

from pathlib import Path


def explain_rule(rule_id: str) -> str:
    """A rule's page as text. Raises ``LookupError`` for a rule that does not exist, with the nearest ones."""
    from difflib import get_close_matches

    from jupyter_guard.judge import RULES

    rule = RULES.get(rule_id.upper())
    if rule is None:
        near = get_close_matches(rule_id.upper(), list(RULES), n=3, cutoff=0.5)
        hint = f" Near: {', '.join(near)}." if near else ""
        raise LookupError(f"%guard explain: there is no rule {rule_id!r}.{hint}")
    severity = rule.severity or "severity by what it touches"
    lines = [f"{rule.id} ({rule.family}, {severity}): {rule.title}", f"  Why: {rule.why}"]
    lines.append(f"  Instead: {rule.instead}")
    for label, examples in (("Found in", rule.bad), ("Not in", rule.good)):
        for example in examples[:2]:
            first, *more = example.strip().split("\n")
            lines.append(f"  {label + ':':<9} {first}")
            lines += [f"            {line}" for line in more]
    return "\n".join(lines)


def policy_summary(workspace: Path) -> str:
    """The policy in force in ``workspace``: a row an author, and the keys that a layer above the preset set."""
    from jupyter_guard.policy import PolicyError, load_effective
    from jupyter_guard.terms import Origin

    try:
        policy = load_effective(workspace)
    except PolicyError as error:
        return f"The policy cannot be read, so every cell is blocked:\n{error}"
    rows = {origin: policy.row(origin) for origin in Origin}
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"Policy {policy.hash}, mode {policy.mode}{', locked' if policy.locked else ''}. By author and severity:"]
    lines.append("  " + "".join(f"{name:<10}" for name in ("", *columns)).rstrip())
    for origin, row in rows.items():
        lines.append("  " + "".join(f"{cell!s:<10}" for cell in (origin, *(row[name] for name in columns))).rstrip())
    said = [(key, say) for key in policy.explained_keys() for say in policy.explain(key) if say.outcome != "ignored"]
    own = [f"  {key} ({say.layer})" for key, say in said if say.layer in ("site", "hub", "user", "project")]
    if own:
        lines += ["Set by a policy file:", *own]
    return "\n".join(lines)
