"""The commands, the policy's schema and the rules -> their reference pages.

``python -m jupyter_guard.cli.reference docs`` writes ``docs/reference/{cli,policy,rules,hub}.md`` and a page a rule in
``docs/rules/``; with ``--check`` it changes nothing and exits with 1 when a page is not what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from inspect import cleandoc
from pathlib import Path

import click

import jupyter_guard.policy.merge as merging
from jupyter_guard.cli.main import PROGRAM, cli
from jupyter_guard.cli.rules import BY_TARGET
from jupyter_guard.hub.settings import settings
from jupyter_guard.hub.spawners import KINDS
from jupyter_guard.judge import RULES
from jupyter_guard.judge.rule import FAMILIES, Rule
from jupyter_guard.judge.table import LETTERS, TABLE
from jupyter_guard.policy import preset_names
from jupyter_guard.policy.fields import FIELDS, PATTERN_FIELDS, ROWS, RULE_FIELDS, Field
from jupyter_guard.policy.layer import preset_text
from jupyter_guard.policy.own import OWN_FIELDS
from jupyter_guard.policy.policy import Policy
from jupyter_guard.policy.tooling import TOOL_FIELDS
from jupyter_guard.terms import Origin, Scope

_GENERATED = "<!-- written by `python -m jupyter_guard.cli.reference docs`: change the code, not this page -->\n"


def cli_page() -> str:
    """Every command with its help."""
    lines = [
        _GENERATED,
        "# Command line\n",
        "`jupyter guard`, `jupyter-guard` and `python -m jupyter_guard` are the same program.\n",
        "| exit status | meaning |\n|---|---|",
        "| 0 | clean |\n| 1 | findings |\n| 2 | the command or its input is wrong |\n| 3 | the guard itself failed |\n",
        "`NO_COLOR` in the environment, or `--color never`, gives plain text.\n",
    ]
    for name, command, parent in _commands(
        cli, click.Context(cli, info_name=PROGRAM, help_option_names=["-h", "--help"])
    ):
        context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, max_content_width=100)
        context.terminal_width = 100
        lines.append(f"## {name}\n")
        lines.append(f"```text\n{command.get_help(context).strip()}\n```\n")
    return "\n".join(lines)


def policy_page() -> str:
    """Every key of a policy file, the layers and the presets."""
    lines = [_GENERATED, "# Policy keys\n"]
    lines.append(
        "A policy is a TOML file; its first line is `version = 1`. `jupyter guard policy check` says all that is wrong"
    )
    lines.append(
        "with it at once, `jupyter guard policy explain KEY` who set what, `jupyter guard policy init` writes one.\n"
    )
    lines.append("## Layers\n")
    lines.append("| layer | file |\n|---|---|")
    lines.append(
        "| site | `/etc/jupyter/jupyter_guard.toml`, which must belong to root and be writable by nobody else |"
    )
    lines.append("| hub | the file that `JUPYTER_GUARD_POLICY` names |")
    lines.append("| user | `jupyter_guard.toml` in Jupyter's configuration folder |")
    lines.append(
        "| project | `jupyter_guard.toml` and `[tool.jupyter_guard]` in `pyproject.toml`, beside the notebook |\n"
    )
    lines.append(cleandoc(merging.__doc__ or "").partition("\n\n")[2].replace("``", "`") + "\n")
    lines.append(
        "What `[deny]` lists, or `[allow]` does not, is blocked whatever rows and rules say; so is what the guard"
        " itself fails on.\n"
    )
    lines.append("## Keys\n")
    lines.append("| key | holds | meaning | two layers |\n|---|---|---|---|")
    lines += [
        f"| `{field.key}` | {field.holds} | {field.meaning} | {_joining(field.key)} |"
        for field in FIELDS.values()
        if not field.key.startswith("origin.")
    ]
    names = ", ".join(f"`{origin}`" for origin in Origin)
    rows = ", ".join(f"`{row}`" for row in ROWS)
    verdict = "`allow`, `warn`, `confirm` or `block`"
    lines.append(f"| `origin.ORIGIN.ROW` | {verdict} | for origins {names} and rows {rows} | the stricter |")
    lines.append('| `origin.ORIGIN.code` | `"any"` or `"tools"` | `"tools"`: approved tools only | the stricter |\n')
    lines.append("### `[rules.JGnnn]`\n")
    lines += _table(RULE_FIELDS)
    lines.append("### `[own.ID]`\n")
    lines.append("A rule of your own, ID such as `ACME01`: [rules of your own](../own-rules.md).\n")
    lines += _table(OWN_FIELDS)
    lines.append("### `[tool.NAME]`\n")
    lines.append("What an approved tool may do beyond code: [approved tools](../tools.md).\n")
    lines += _table(TOOL_FIELDS)
    lines.append('### `[knowledge."full.name"]`\n')
    lines.append("What a callable of yours does, in the words of the files in `jupyter_guard/knowledge/`:\n")
    lines.append('```toml\n[knowledge."acme.client.purge"]\ndoes = "data.destroy"\ntarget = "arg:0/dataset"\n```\n')
    lines.append("### `[scrub.patterns.NAME]`\n")
    lines += _table(PATTERN_FIELDS)
    lines.append("## Presets\n")
    lines.append("`personal` holds where nobody says anything.\n")
    for name in preset_names():
        policy = Policy.preset(name)
        lines.append(f"### {name}\n")
        comment = preset_text(name).split("\n", 1)[0].removeprefix("# ")
        lines.append(f"{comment} Hash `{policy.hash}`.\n")
        lines.append("| cells by | " + " | ".join(ROWS) + " |\n|" + "---|" * (len(ROWS) + 1))
        for origin in Origin:
            row = policy.row(origin)
            lines.append(f"| {origin} | " + " | ".join(str(row[one]) for one in ROWS) + " |")
        lines.append("")
    return "\n".join(lines)


def hub_page() -> str:
    """Every setting by which a JupyterHub is locked."""
    lines = [_GENERATED, "# Settings of a locked JupyterHub\n"]
    lines.append(
        "`jupyter_guard.hub.enforce` sets these in `jupyterhub_config.py`; `jupyter guard hub check` looks whether"
    )
    lines.append("they hold. `{username}` is the user's name as the Hub escapes it.\n")
    for setting in settings("/etc/jupyter/jupyter_guard.toml", "python"):
        lines.append(f"## c.{setting.trait}\n")
        lines.append(f"{setting.why}\n")
        if isinstance(setting.value, dict):
            lines.append("| variable | value |\n|---|---|")
            lines += [f"| `{name}` | `{value}` |" for name, value in setting.value.items()]
        elif isinstance(setting.value, list):
            lines += [f"- `{one}`" for one in setting.value]
        else:
            lines.append(f"`{setting.value}`")
        lines.append("")
    for kind in KINDS:
        lines.append(f"## {kind.name}\n\n{kind.about}\n")
        if kind.settings:
            lines.append("| set | value | because |\n|---|---|---|")
            lines += [f"| `c.{one.trait}` | `{one.value}` | {one.why} |" for one in kind.settings]
            lines.append("")
        lines.append("| not to be set | because | instead |\n|---|---|---|")
        lines += [f"| `c.{one.trait}` | {one.why} | {one.fix} |" for one in kind.traps]
        lines.append("")
    return "\n".join(lines)


def rules_page() -> str:
    """Every rule by family, each with its page, and the table that severities follow from."""
    lines = [_GENERATED, "# Rules\n"]
    lines.append(
        "A rule's severity is its own, or follows from what would be touched: where it lies, whether it can be brought"
    )
    lines.append(
        "back, and how sure the reader is. `JG000` is no rule: the guard itself failed on the cell, which is blocked.\n"
    )
    for digit, family in FAMILIES.items():
        chosen = [rule for name, rule in sorted(RULES.items()) if name[2] == digit]
        if not chosen:
            continue
        lines.append(f"## JG{digit}xx {family}\n")
        lines.append("| rule | says that a cell | severity |\n|---|---|---|")
        lines += [
            f"| [{rule.id}](../rules/{rule.id}.md) | {_lowered(rule.title)} | {rule.severity or BY_TARGET} |"
            for rule in chosen
        ]
        lines.append("")
    lines.append("## Severity by target\n")
    lines.append(
        "An effect gets the worst of the rows that fit it, a step less for each doubt: that it is only not excluded,"
    )
    lines.append("that it can be undone, that it lies in a function that nothing calls (in people's cells).\n")
    lines.append("| effect | with | " + " | ".join(map(str, Scope)) + " |\n|" + "---|" * (len(Scope) + 2))
    for row in TABLE:
        levels = " | ".join(str(LETTERS[letter] or "") for letter in row.letters)
        lines.append(f"| `{row.kind}` | {row.facet and f'`{row.facet}`'} | {levels} |")
    return "\n".join(lines)


def rule_page(rule: Rule) -> str:
    """One rule: what it finds, why it matters, what to do instead, with its examples."""
    lines = [_GENERATED, f"# {rule.id} {rule.title}\n"]
    lines.append(f"Family: {rule.family}. Severity: {rule.severity or f'[{BY_TARGET}](../reference/rules.md)'}.\n")
    lines.append(f"**Why:** {rule.why}\n\n**Instead:** {rule.instead}\n")
    if rule.kinds:
        lines.append(f"Looks at effects: {', '.join(f'`{kind}`' for kind in rule.kinds)}.\n")
    if rule.observes:
        lines.append(f"Looks at observations: {', '.join(f'`{what}`' for what in rule.observes)}.\n")
    if rule.calls:
        lines.append(f"Looks at calls of: {', '.join(f'`{name}`' for name in sorted(rule.calls))}.\n")
    if rule.apart:
        lines.append("Asked off the path of a run only: [practice](../practice.md).\n")
    for label, examples in (("Found in", rule.bad), ("Not found in", rule.good)):
        if examples:
            lines.append(f"## {label}\n")
        lines += [_fenced(example) for example in examples]
    if not rule.bad and not rule.apart:
        lines.append(f"What it finds follows from {rule.follows}.\n")
    return "\n".join(lines)


def _lowered(title: str) -> str:
    return title[0].lower() + title[1:]


PAGES = {"cli.md": cli_page, "policy.md": policy_page, "rules.md": rules_page, "hub.md": hub_page}


def pages() -> dict[str, str]:
    """The text of every page by its path below the documentation's folder."""
    texts = {f"reference/{name}": page() for name, page in PAGES.items()}
    texts |= {f"rules/{rule.id}.md": rule_page(rule) for rule in RULES.values()}
    return {name: text.rstrip("\n") + "\n" for name, text in texts.items()}


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        full = f"{context.command_path} {name}"
        yield full, command, context
        if isinstance(command, click.Group):
            yield from _commands(command, click.Context(command, info_name=name, parent=context))


def _table(fields: dict[str, Field]) -> list[str]:
    rows = [f"| `{one.key}` | {one.holds} | {one.meaning} |" for one in fields.values()]
    return ["| key | holds | meaning |\n|---|---|---|", *rows, ""]


def _joining(key: str) -> str:
    table, _, name = key.partition(".")
    if table in ("suppress", "allow"):
        return "what both allow"
    if table in ("deny", "scrub", "packs") or name in ("require", "origins", "ruff"):
        return "united"
    if table == "isolation" and name != "backend":
        return "what both allow"
    if table == "limits" or name == "complexity":
        return "the smaller"
    if key in ("mode", "locked", "undo.uncovered", "watch.mode"):
        return "the stricter"
    return "the mightier layer's"


def _fenced(example: str) -> str:
    # A fence longer than any run of backticks inside.
    longest = max((len(run) for run in example.replace("\n", " ").split(" ") if set(run) == {"`"}), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{example.strip(chr(10))}\n{fence}\n"


def main(arguments: list[str]) -> int:
    """Write the pages below the folder that is named, or with ``--check`` compare them."""
    check = "--check" in arguments
    folders = [one for one in arguments if not one.startswith("-")]
    if len(folders) != 1:
        print("usage: python -m jupyter_guard.cli.reference FOLDER [--check]", file=sys.stderr)
        return 2
    status = 0
    root = Path(folders[0])
    written = pages()
    for path in sorted((root / "rules").glob("*.md")):
        if f"rules/{path.name}" not in written:
            if check:
                print(f"{path} is the page of no rule", file=sys.stderr)
                status = 1
            else:
                path.unlink()
                print(f"removed {path}")
    for name, text in written.items():
        path = root / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            continue
        if check:
            difference = unified_diff(before.splitlines(), text.splitlines(), str(path), "as the code has it", n=0)
            print("\n".join(list(difference)[:20]), file=sys.stderr)
            print(f"{path} is not up to date: python -m jupyter_guard.cli.reference {folders[0]}", file=sys.stderr)
            status = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
