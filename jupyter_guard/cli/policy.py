"""``jupyter guard policy``: what is in force, who set it, what is wrong with it, and a file to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from jupyter_guard.cli.console import color_option, complain, plain, stdout, styled

PRESETS: Final = ("personal", "team", "locked")
_folder = click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The folder of the notebooks (default: this one).",
)


@click.group("policy")
def command() -> None:
    """Show, check, explain, start and widen policies.

    Layers, the mightiest first: site (/etc/jupyter/jupyter_guard.toml, root's own), hub (the file that
    JUPYTER_GUARD_POLICY names), user (jupyter_guard.toml in Jupyter's configuration folder), project
    (jupyter_guard.toml and [tool.jupyter_guard] in pyproject.toml, beside the notebook). What one sets, no lower one
    can widen; a project's file, which comes with a notebook from anybody, can only tighten.
    """


@command.command("show")
@_folder
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def show(folder: Path, form: str) -> None:
    """Show the policy in force and the files that make it."""
    from jupyter_guard.policy import load_effective, policy_files

    policy = load_effective(folder.absolute())
    files = [(name, path, path.exists()) for name, path in policy_files(folder.absolute())]
    if form == "json":
        answer = {
            "policy": policy.hash,
            "preset": policy.name,
            "mode": policy.mode,
            "locked": policy.locked,
            "files": [{"layer": name, "file": str(path), "exists": there} for name, path, there in files],
            "values": policy.values(),
            "rules": sorted(key.removeprefix("rules.") for key in policy.explained_keys() if key.startswith("rules.")),
            "knowledge": sorted(policy.knowledge),
        }
        plain(json.dumps(answer, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    console = stdout()
    locked = ", locked" if policy.locked else ""
    console.print(f"Policy {policy.hash}: mode {policy.mode}{locked}, over the preset {policy.name}")
    for name, path, there in files:
        console.print(Text(f"  {name + ':':<9}{path}{'' if there else ' (not there)'}", "" if there else "dim"))
    console.print()
    _verdicts(policy)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("key", "value", "set by"):
        table.add_column(column, overflow="fold")
    for key, value in policy.values().items():
        if not key.startswith("origin.") or key.endswith(".code"):
            table.add_row(key, _shown(value), _who(policy, key))
    for key in policy.explained_keys():
        if key.startswith(("rules.", "own.", "knowledge.")):
            table.add_row(key, _shown(policy.explain(key)[-1].value), _who(policy, key))
    console.print(table)


@command.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@_folder
def check(files: tuple[Path, ...], folder: Path) -> int:
    """Say everything that is wrong with policy files, at once; without FILE, with the layers in force.

    Exit status: 0 when nothing is wrong, 2 otherwise.
    """
    from jupyter_guard.guard.matching import Matchers
    from jupyter_guard.policy import PolicyError, PolicyProblem, load_effective, policy_files, read_layer
    from jupyter_guard.policy.packs import with_packs

    if not files:
        policy = load_effective(folder.absolute())
        _check_patterns(policy.scrub.patterns, "the layers in force")
        Matchers(policy.own)
        said = {key: policy.explain(key)[-1] for key in policy.explained_keys() if key.count(".") == 1}
        _check_rules({key.partition(".")[2]: (one.file, one.line) for key, one in said.items() if key[:6] == "rules."})
        there = [str(path) for _, path in policy_files(folder.absolute()) if path.exists()]
        click.echo(f"ok: {', '.join(there) or 'no policy file; the preset personal holds'} (policy {policy.hash})")
        return 0
    problems: list[PolicyProblem] = []
    for path in files:
        try:
            for layer in with_packs(read_layer(path, "user")):
                _check_patterns(layer.patterns, layer.file)
                Matchers(layer.own, layer.file, layer.lines)
                _check_rules({one: (layer.file, layer.lines.get(f"rules.{one}", 0)) for one in layer.rules})
        except PolicyError as error:
            problems += error.problems
        else:
            click.echo(f"ok: {path}")
    if problems:
        raise PolicyError(problems)
    return 0


@command.command("explain")
@click.argument("keys", nargs=-1, metavar="[KEY...]")
@_folder
@color_option
def explain(keys: tuple[str, ...], folder: Path) -> None:
    """Say what each layer said about a key, and what came of it; without KEY, list the keys that layers set.

    KEY is dotted, as origin.assistant.high; the name of a table stands for all of its keys.
    """
    from rich.text import Text

    from jupyter_guard.policy import load_effective
    from jupyter_guard.policy.fields import FIELDS

    policy = load_effective(folder.absolute())
    known = policy.explained_keys()
    if not keys:
        own = [key for key in known if any(say.layer != f"{policy.name} preset" for say in policy.explain(key))]
        stdout().print("Set by a policy file: " + (", ".join(own) or "nothing; the preset personal holds") + ".")
        stdout().print("All keys: " + ", ".join([*FIELDS, "rules.RULE", "knowledge.NAME"]) + ".")
        return
    console = stdout()
    for wanted in keys:
        found = [key for key in known if key == wanted or key.startswith(f"{wanted}.")]
        described = [key for key in FIELDS if key == wanted or key.startswith(f"{wanted}.")]
        if not found and not described:
            raise click.UsageError(_unknown(wanted, [*known, *FIELDS]))
        for key in found or described:
            meaning = f": {FIELDS[key].meaning}" if key in FIELDS else ""
            console.print(Text.assemble((key, "bold"), meaning))
            if key not in known:
                console.print("  no layer sets it")
                continue
            for say in policy.explain(key):
                place = f" ({say.file}:{say.line})" if say.line else ""
                line = Text(f"  {say.layer}{place}: {_shown(say.value)}, ").append_text(
                    styled(say.outcome, "missing" if say.outcome == "ignored" else "ok")
                )
                if say.outcome == "ignored":
                    line.append(": it would widen what a mightier layer set, or a project may only tighten")
                console.print(line, soft_wrap=True)
            if key in policy.values():
                console.print(f"  in force: {_shown(policy.values()[key])}", soft_wrap=True)


@command.command("init")
@click.option("--preset", type=click.Choice(PRESETS), default="personal", show_default=True)
@click.option("--user", "for_user", is_flag=True, help="In Jupyter's configuration folder, for all your notebooks.")
@click.option("--output", type=click.Path(path_type=Path), help="This file instead of ./jupyter_guard.toml.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(preset: str, for_user: bool, output: Path | None, force: bool) -> None:
    """Write a policy file to start from: a preset with every key.

    Beside notebooks it can only tighten what holds anyway; with --user it replaces the preset personal.
    """
    from jupyter_guard.policy import policy_files
    from jupyter_guard.policy.layer import preset_text

    if for_user and output is not None:
        raise click.UsageError("--user and --output name two places: give one.")
    path = output or (dict(policy_files(Path()))["user"] if for_user else Path("jupyter_guard.toml"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(preset_text(preset))
    except FileExistsError:
        raise click.UsageError(f"{path} is there already: --force replaces it.") from None
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"wrote {path} (preset {preset})")
    if not for_user and output is None and preset == "personal":
        complain("this file can only tighten, and personal is the mildest: change keys in it, or take another preset")


@command.command("grant")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--write", "writable", is_flag=True, help="Grant a path for writing too.")
@click.option("--make", is_flag=True, help="Make a folder that is granted for writing and is not there yet.")
@_folder
@color_option
def grant(names: tuple[str, ...], writable: bool, make: bool, folder: Path) -> int:
    """Let isolated kernels reach something, in your own policy file, where the layers above allow it.

    NAME is a service or credential store (aws, gcloud, azure, huggingface, kaggle, ...: its files and its variables),
    packages (%pip install then writes to a folder of the kernels' own over their environment), a path, a host or
    host:port, or a variable. Comments in the file stay. A kernel takes it up when it is restarted.

    Exit status: 0, or 1 when a layer above refuses, which is named with its line; then nothing of that NAME is written.
    """
    from jupyter_guard.policy import granting

    if make and not writable:
        raise click.UsageError("--make goes with --write: a folder that is only read has to be there.")
    refused = False
    for name in names:
        try:
            what = granting.wanted(name, folder.absolute(), Path.home(), writable)
            done = granting.grant(what, folder.absolute())
            if make:
                (folder.absolute() / Path(name).expanduser()).mkdir(parents=True, exist_ok=True)
        except granting.RefusedError as error:
            complain(str(error))
            refused = True
            continue
        except ValueError as error:
            from jupyter_guard.policy import PolicyError

            if isinstance(error, PolicyError):
                raise
            raise click.UsageError(f"{name!r} cannot be granted: expected {error}.") from None
        except OSError as error:
            raise click.UsageError(f"the folder, or the user's policy, cannot be written: {error}.") from None
        if not done.added:
            click.echo(f"{name} is granted already")
            continue
        for key, entries in done.added.items():
            click.echo(f"{done.file}: {key} has {', '.join(entries)} now")
        click.echo("restart the kernel to take it up")
    return int(refused)


def _verdicts(policy: Any) -> None:
    from rich.table import Table

    from jupyter_guard.policy.fields import ROWS
    from jupyter_guard.terms import Origin

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("cells by", *ROWS):
        table.add_column(column)
    for origin in Origin:
        row = policy.row(origin)
        table.add_row(str(origin), *(styled(str(row[name])) for name in ROWS))
    stdout().print(table)
    stdout().print()


def _who(policy: Any, key: str) -> str:
    said = [say for say in policy.explain(key) if say.outcome != "ignored"]
    return str(said[-1].layer) if said else ""


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(json.dumps(str(one)) for one in value) + "]"
    return json.dumps(value, default=str)


def _check_patterns(patterns: dict[str, dict[str, Any]], file: str) -> None:
    from jupyter_guard.policy import PolicyError, PolicyProblem
    from jupyter_guard.scrub.patterns import PatternError, parse_patterns

    try:
        parse_patterns(patterns, file)
    except PatternError as error:
        raise PolicyError([PolicyProblem(file, 0, "scrub.patterns", one) for one in error.problems]) from None


def _check_rules(rules: dict[str, tuple[str, int]]) -> None:
    """Complain of settings of rules, with their places, that this release has not: the kernel takes them for a later
    one's, and they change nothing.
    """
    from jupyter_guard.judge import RULES
    from jupyter_guard.judge.listing import unknown_rule
    from jupyter_guard.policy import PolicyError, PolicyProblem

    # Other names are an organisation's, and may be made in another layer.
    unknown = {one: place for one, place in rules.items() if one.startswith("JG") and one not in RULES}
    if unknown:
        raise PolicyError(
            [PolicyProblem(*place, f"rules.{one}", unknown_rule(one, [*RULES])) for one, place in unknown.items()]
        )


def _unknown(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, dict.fromkeys(known), 3, 0.6)
    hint = f" Near: {', '.join(near)}." if near else " `jupyter guard policy explain` lists them."
    return f"There is no key {key!r}.{hint}"
