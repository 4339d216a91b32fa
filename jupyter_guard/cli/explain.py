"""``jupyter guard explain RULE``: what a rule finds, why, what to do instead, with examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from jupyter_guard.cli.console import color_option, plain, stdout, styled


@click.command("explain")
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def command(rules: tuple[str, ...], form: str) -> None:
    """Explain rules such as JG301, or your own: what they find, why it matters, what to do instead, and examples."""
    from jupyter_guard.judge import RULES

    wanted = [rule.upper() for rule in rules]
    known: dict[str, Any] = dict(RULES)
    if any(rule not in known for rule in wanted):
        from jupyter_guard.policy import load_effective

        known |= load_effective(Path().absolute()).own
    unknown = [rule for rule in wanted if rule not in known]
    if unknown:
        from jupyter_guard.judge.listing import unknown_rule

        raise click.UsageError(" ".join(unknown_rule(rule, list(known)) for rule in unknown))
    if form == "json":
        from jupyter_guard.judge.listing import rule_item

        plain(json.dumps([rule_item(known[rule]) for rule in wanted], indent=2))
        return
    from rich.text import Text

    console = stdout()
    for number, rule in enumerate(known[name] for name in wanted):
        if number:
            console.print()
        head = Text.assemble((f"{rule.id} ", "bold"), rule.title)
        severity = str(rule.severity) if rule.severity else "severity by what it touches"
        console.print(head.append(f" ({rule.family}, ").append_text(styled(severity, str(rule.severity))).append(")"))
        for label, text in (("Why", rule.why), ("Instead", rule.instead)):
            console.print(Text(f"  {label}: ", "bold").append(text))
        for label, examples in (("Found in", rule.bad), ("Not found in", rule.good)):
            if examples:
                console.print(Text(f"  {label}:", "bold"))
            for at, example in enumerate(examples):
                if at:
                    console.print(Text("      --", "dim"))
                for line in example.strip("\n").split("\n"):
                    console.print(Text(f"      {line}"), soft_wrap=True)
