"""``jupyter guard rules``: every rule in a table; an organisation's own are begun and tested here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_guard.cli.console import color_option, counted, plain, printable, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy
    from jupyter_guard.terms.own import OwnRule

BY_TARGET = "by target"
PACK = Path("rules.toml")
_HEAD = """# Rules of our own: name this file in the policy, `packs = ["{name}"]`, beside which it lies.
version = 1
"""
_SCAFFOLD = '''
[own.{rule}]
title = "Reads a database past the gateway"
why = "Queries that do not pass the gateway are neither limited nor logged."
instead = "Use acme.db.read, which takes the same query."
severity = "medium"
# Full names, as the call's own module has them; aliases and earlier cells are followed.
calls = ["pandas.read_sql"]
# Or modules: imports = ["acme_legacy"]
# Or a shape, as libcst's matchers have it (slower): match = 'Call(func=Attribute(attr=Name("toPandas")), args=[])'
bad = [
"""
from pandas import read_sql
orders = read_sql("SELECT * FROM orders", connection)
""",
]
good = [
"""
import acme.db
orders = acme.db.read("SELECT * FROM orders")
""",
]
'''


@click.group("rules", invoke_without_command=True)
@click.option("--family", help="Only this family: execution, files, data ...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
@click.pass_context
def command(context: click.Context, family: str | None, form: str) -> None:
    """List the rules. `jupyter guard explain RULE` says more about one."""
    if context.invoked_subcommand is not None:
        return
    from jupyter_guard.judge import RULES
    from jupyter_guard.judge.listing import rule_item
    from jupyter_guard.judge.rule import FAMILIES

    if family is not None and family not in FAMILIES.values():
        raise click.UsageError(f"There is no family {family!r}. There are: {', '.join(FAMILIES.values())}.")
    chosen = [rule for _, rule in sorted(RULES.items()) if family in (None, rule.family)]
    if form == "json":
        plain(json.dumps([rule_item(rule) for rule in chosen], indent=2))
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("rule", "family", "severity", "what it finds"):
        table.add_column(column, no_wrap=column != "what it finds")
    for rule in chosen:
        severity = str(rule.severity or BY_TARGET)
        table.add_row(rule.id, rule.family, styled(severity), rule.title)
    stdout().print(table)


@command.command("new")
@click.argument("rule", metavar="ID")
@click.option("--file", type=click.Path(path_type=Path), default=PACK, show_default=True, help="The pack to add it to.")
def new(rule: str, file: Path) -> None:
    """Begin a rule of your own, such as ACME01, in a rule pack: a whole one to change, with examples to test it by."""
    from jupyter_guard.policy.own import ID, ID_SHAPE

    if not ID.match(rule):
        raise click.UsageError(f"{rule!r} is no name for a rule: expected {ID_SHAPE}.")
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else _HEAD.format(name=file.name)
        if f"[own.{rule}]" in before:
            raise click.UsageError(f"{file} has a rule {rule} already.")
        file.write_text(before.rstrip("\n") + "\n" + _SCAFFOLD.format(rule=rule), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be changed: {getattr(error, 'strerror', None) or error}.") from None
    click.echo(f"{rule} begun in {file}. Change it, then: jupyter guard rules test {file}")


@command.command("test")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@color_option
def test(files: tuple[Path, ...]) -> int:
    """Run the examples of rule packs or policies; without FILE, of the rules in force in this folder.

    A file is read as a pack, which may have no other keys than a pack's, unless it is called as policies are
    (jupyter_guard.toml, pyproject.toml) or names packs itself.

    Each of a rule's bad examples must be found by it, and none of its good ones. A rule without both is named.

    Exit status: 0 when all do, 1 when an example fails or is missing, 2 for a file with mistakes.
    """
    from jupyter_guard.policy import load_effective

    failed = count = 0
    policies = [(str(file), _policy(file)) for file in files] or [("in force", load_effective(Path().absolute()))]
    console = stdout()
    for place, policy in policies:
        if not policy.own:
            raise click.UsageError(_nothing(place, bool(files)))
        for rule in policy.own.values():
            count += 1
            wrong = list(_wrong(rule, policy))
            failed += bool(wrong)
            state = styled("wrong" if wrong else "ok", "wrong" if wrong else "ok")
            console.print(state, styled(rule.id, "bold"), printable(rule.title))
            for one in wrong:
                console.print(printable(f"    {one}"), soft_wrap=True)
    console.print(f"{counted(count, 'rule')}, {failed} with examples that do not hold")
    return int(bool(failed))


def _nothing(place: str, given: bool) -> str:
    """That there is no rule to test, and what to type."""
    said = f"{place}: there are no rules of your own ([own.ID])."
    if given:
        return said
    if PACK.exists():
        return f"{said} For those of {PACK}: jupyter guard rules test {PACK}"
    return f"{said} To begin one: jupyter guard rules new ACME01"


def _policy(file: Path) -> Policy:
    """What a pack or a policy file says, over the mildest preset: what decides is not what is tested."""
    from jupyter_guard.guard.matching import Matchers
    from jupyter_guard.policy import Policy
    from jupyter_guard.policy.files import NAME
    from jupyter_guard.policy.layer import preset_layer, read_layer
    from jupyter_guard.policy.packs import read_pack, with_packs

    # Another file with a pack's keys is a pack: those that it may not have are mistakes that only its use would show.
    is_policy = file.name in (NAME, "pyproject.toml") or "packs" in read_layer(file, "user").values
    layers = list(with_packs(read_layer(file, "user"))) if is_policy else [read_pack(file, "user")]
    for layer in layers:
        # Here a wrong matcher still has its file and line.
        Matchers(layer.own, layer.file, layer.lines)
    return Policy.load(file) if is_policy else Policy(preset_layer("personal"), layers)


def _wrong(rule: OwnRule, policy: Policy) -> Iterator[str]:
    for kind, examples, wanted in (("bad", rule.bad, True), ("good", rule.good, False)):
        if not examples:
            yield f"it has no {kind} example: what it does is not tested"
        for number, example in enumerate(examples, 1):
            if _finds(rule, example, policy) is not wanted:
                first = example.strip().partition("\n")[0][:60]
                says = "is not found" if wanted else "is found"
                yield f"{kind} example {number} {says} ({first} ...)"


def _finds(rule: OwnRule, example: str, policy: Policy) -> bool:
    from jupyter_guard.guard.session import Session

    session = Session(policy, "assistant")
    reports = [session.vet(cell) for cell in example.strip("\n").split("\n# %%\n")]
    for report in reports:
        if any(finding.rule == "JG000" for finding in report.findings):
            raise click.ClickException(f"{rule.id}: {report.findings[0].message}")
    return any(finding.rule == rule.id for report in reports for finding in report.findings)
