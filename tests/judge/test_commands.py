"""Lists of commands: what an organisation refuses, and what alone it allows, however a cell starts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard import Session, vet
from jupyter_guard.judge.commands import begun, is_listed
from jupyter_guard.policy import Layer, Policy
from jupyter_guard.policy.layer import preset_layer
from jupyter_guard.terms import Verdict

REFUSED = Policy.parse('version = 1\n[deny]\ncommands = ["acmectl purge", "git push"]\n')
LIST = Policy.parse('version = 1\n[allow]\ncommands = ["git status", "ls", "find", "python -m pytest"]\n')


def said(policy: Policy, rule: str, *cells: str, language: str = "python") -> list[str]:
    session = Session(policy, origin="human", workspace="/srv/work")
    reports = [session.vet(cell, language=language) for cell in cells]
    key = {"JG893": "deny.commands", "JG897": "allow.commands"}[rule]
    for report in reports:
        for one in report.findings:
            assert one.rule != rule or (report.verdict, one.decided_by) == (Verdict.BLOCK, f"user: {key}")
    return [one.message for report in reports for one in report.findings if one.rule == rule]


@pytest.mark.parametrize(
    "cells",
    [
        ("!acmectl purge sales",),
        ("!cd a && acmectl purge sales | cat",),
        ("!/usr/local/bin/acmectl purge",),
        ("!acmectl --yes purge",),
        ("!acmectl --region eu purge",),
        ("!ls; sudo env A=1 acmectl purge",),
        ("%%bash\nset -e\nfor one in a b; do\n  acmectl purge $one\ndone",),
        ("!bash -c 'cd a; acmectl purge'",),
        ("names = !acmectl purge --dry",),
        ("import os\nos.system('ls; acmectl purge')",),
        ("import subprocess\nsubprocess.run(['acmectl', 'purge', name])",),
        ("from subprocess import run as go", "command = ['acmectl', 'purge']", "go(command, check=True)"),
        ("import os\nos.execv('/opt/acme/acmectl', ['acmectl', 'purge'])",),
    ],
)
def test_a_refused_command_is_found_wherever_it_stands_in_a_line(cells: tuple[str, ...]) -> None:
    assert said(REFUSED, "JG893", *cells) == ["runs `acmectl purge`"]


@pytest.mark.parametrize(
    "code", ["!python -m pip install x", "!pip3 install x", "!python3.11 -m pip -q install x", "%pip install x"]
)
def test_other_names_of_a_refused_command_are_refused(code: str) -> None:
    refused = Policy.parse('version = 1\n[deny]\ncommands = ["pip install"]\n')
    assert said(refused, "JG893", code) == ["runs `pip install`"]


@pytest.mark.parametrize("code", ["!git pull", "!git commit -m push", "!echo acmectl purge", "!acmectl list purge"])
def test_others_are_not(code: str) -> None:
    assert said(REFUSED, "JG893", code) == []


def test_a_cell_of_shell_is_read_as_one() -> None:
    assert said(REFUSED, "JG893", "cd a\ngit push", language="bash") == ["runs `git push`"]
    assert said(LIST, "JG897", "cd a\nls\ngit push", language="bash") == ["runs `git push`"]


@pytest.mark.parametrize(
    "cells",
    [
        ("!git status -s", "%ls", "ls -la", "files = !find . -name '*.csv'"),
        ("!cd data && ls | /usr/bin/find . > names.txt; echo $HOME; test -f a",),
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pytest', '-q'])",),
        ("import os\nos.system('git status; ls')",),
        ("def listed(folder):\n    !ls {folder}\nlisted('a')",),
        ("x = 1\nprint(x)",),
    ],
)
def test_what_is_listed_runs(cells: tuple[str, ...]) -> None:
    assert said(LIST, "JG897", *cells) == []


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (("!git push",), ["runs `git push`"]),
        (("!git -c core.pager=sh status",), ["runs `git -c core.pager=sh status`"]),
        (("!/tmp/ls",), ["runs `/tmp/ls`"]),
        (("!./ls",), ["runs `./ls`"]),
        (("!ls | xargs rm",), ["runs `xargs rm`", "runs `rm …`"]),
        (("!find . -exec gzip a +",), ["runs `gzip a`"]),
        (("!eval ls",), ["runs `eval ls`"]),
        (("!$TOOL x",), ["runs a command whose name is not known before it runs"]),
        (("name = input()", "!{name}"), ["runs a command whose name is not known before it runs"]),
        (("%pip install acme",), ["runs `pip install acme`"]),
        (("%%script perl\nprint 1",), ["runs `perl`", "runs commands that cannot be read"]),
        (("%%ruby\nputs 1",), ["runs `ruby`", "runs commands that cannot be read"]),
        (("import subprocess\nsubprocess.Popen('du -h', shell=True)",), ["runs `du -h`"]),
        (("import subprocess", "go = subprocess.run", "go(words)"), ["runs a command whose name is not known"]),
        (("import os\nos.popen(f'ls {place}')",), ["runs a command line that is put together of texts"]),
        (("import asyncio\nawait asyncio.create_subprocess_exec('du', '-h')",), ["runs `du -h`"]),
        (("exec(\"import os; os.system('du')\")",), ["runs `du`"]),
    ],
)
def test_any_other_is_refused(cells: tuple[str, ...], named: list[str]) -> None:
    found = said(LIST, "JG897", *cells)
    assert len(found) == len(named), found
    assert all(one.startswith(start) for one, start in zip(found, named, strict=True)), found


def test_where_nobody_made_a_list_any_program_goes() -> None:
    assert "JG897" not in {one.rule for one in vet("!acmectl purge\n!$TOOL", policy="locked").findings}


def test_a_list_without_words_allows_nothing() -> None:
    assert not is_listed("ls", frozenset({" "}))
    assert not is_listed("", frozenset({"ls"}))
    assert begun("ls", frozenset({" "})) == begun("", frozenset({"ls"})) == ""


LINES = st.lists(st.sampled_from(["git", "status", "push", "-s", "--", "ls", "a"]), min_size=1, max_size=4).map(
    " ".join
)
LISTS = st.lists(st.one_of(LINES, st.just("*")), unique=True, max_size=4).map(tuple)


@given(LISTS, LISTS, LINES)
def test_two_layers_allow_what_both_do(upper: tuple[str, ...], lower: tuple[str, ...], line: str) -> None:
    layers = [Layer(name, f"{name}.toml", {"allow.commands": one}) for name, one in (("site", upper), ("user", lower))]
    both = Policy(preset_layer("personal"), layers).deny.only_commands

    def allows(entries: frozenset[str]) -> bool:
        return "*" in entries or is_listed(line, entries)

    assert allows(both) == (allows(frozenset(upper)) and allows(frozenset(lower)))


@given(LINES, LINES)
def test_a_line_that_begins_so_is_refused_whatever_comes_after(start: str, rest: str) -> None:
    assert begun(f"{start} {rest}", frozenset({start})) == start
    assert begun(f"/usr/bin/{start} {rest}".upper(), frozenset({start})) == start
