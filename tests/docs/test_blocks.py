"""Every block of code in README and ``docs/`` is run, or stands in a list that says why not and what runs it instead."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlglot
import yaml
from markdown_it import MarkdownIt

from jupyter_guard.cli import reference
from jupyter_guard.policy import Policy

ROOT = Path(__file__).parents[2]
# Generated from the commands' help, the policy's keys and the rules' examples; tests compare and run those.
GENERATED = ("docs/reference/", "docs/rules/")
PAGES = [
    path
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
    if path.exists() and "_build" not in path.parts and not path.relative_to(ROOT).as_posix().startswith(GENERATED)
]
# Pages some of whose blocks belong together, and are run by tests of their own: those behind ``<!-- NAME -->``.
RUN_BY = {
    "docs/tools.md": ("tests/tools/test_docs.py",),
    "docs/team-lead.md": ("tests/tools/test_docs.py",),
    "docs/mcp.md": ("tests/mcp_server/test_docs.py", "tests/mcp_server/test_setups.py"),
}
MARK = re.compile(r"<!-- ([\w.-]+) -->\s*\Z")
# Files that stand in a page as they are -> what runs them; those of rules are run here.
INCLUDED = {"docs/ci/notebooks.yml": "tests/cli/test_ci.py"}
COMMANDS = ("bash", "console", "sh", "")
NO_CODE = ("text",)
# Answers, pictures and lists: a pattern of how each begins, by its page. What is not among them has to be a language's.
ANSWERS = {
    "CONTRIBUTING.md": ("jupyter_guard/\n",),
    "docs/how-it-works.md": ("code.execute ", "front end --execute_request"),
    "docs/performance.md": (r"\d+ token formats, engine ",),
    "docs/probes.md": (r"\[isolation\]\n",),
    "docs/tutorial.md": ("jupyter_guard stopped this cell",),
    "docs/undo.md": ("%guard undo list ",),
}
OTHERS = ("python", "toml", "json", "yaml", "ini", "sql")

# What begins a command -> why it is not run here, and what runs it.
NOT_RUN = {
    "make ": "it sets up and runs the project itself, these tests too: continuous integration runs it",
    "pip install ": "a registry may not be there: tests/test_packaging.py installs the wheel, offline too",
    "jupyter lab ": "a server that does not end: tests/browser starts it",
    "docker run ": "there may be no container engine: tests/isolate/test_containers.py tries what there is",
    "jupyter guard isolation --probe": "minutes: tests/cli/test_isolation.py and tests/isolate/test_probes.py run it",
    "jupyter guard audit ship ": "a PostgreSQL: tests/audit has one",
    "jupyter guard audit retain ": "a PostgreSQL: tests/audit has one",
    "jupyter guard audit list --dir /var/lib/": "the folder is a Hub's: tests/audit lists others",
    "jupyter guard audit verify --dir /srv/": "the folder is the reader's: tests/audit verifies others",
    "jupyter guard hub break-glass": "it opens a running Hub's account: tests/hub has one",
    "python -I -m jupyter_guard.kernel.remote": "a gateway's launcher, with its arguments: tests/server/test_provisioner.py",
    "jupyter guard hub check jupyterhub_config.py": "the file is the reader's: tests/hub checks others",
    'python -c "from jupyter_guard.hub.place': "it makes folders outside home, as root: tests/hub does it",
    "podman ": "there may be no container engine: tests/isolate/test_containers.py tries what there is",
    ".venv/bin/python -m benchmarks": "minutes each: tests/test_benchmarks.py sees that they are there",
    "python3 -m venv /opt/": "a folder outside home: tests/test_packaging.py makes its own",
    "export PATH=/opt/": "a folder outside home: tests/test_packaging.py makes its own",
    "apt-get ": "it changes this machine: what it installs is the Makefile's to look for",
    "useradd ": "it changes this machine: tests/hub has an account of its own",
    "passwd ": "it changes this machine: tests/hub has an account of its own",
    "npm install -g": "a registry may not be there: the Makefile installs it for tests/hub",
    "JUPYTERHUB_API_TOKEN=... ": "the server and its token are the reader's: tests/hub checks one",
    "JUPYTER_RUNTIME_DIR=/run/": "an administrator's folder of another account: tests/hub starts one",
    "JUPYTER_TOKEN=... ": "the server and its token are the reader's: tests/mcp_server/test_docs.py",
    "jupyter guard mcp --http": "a server that does not end: tests/mcp_server/test_http.py starts it",
    "dask ": "programs that do not end: tests/cli/test_many.py has a cluster",
    "jupyter guard vet notebooks/ --dask": "a cluster: tests/cli/test_many.py has one",
}
# The same for what stands anywhere in a command: whatever changes the machine that runs these tests.
NOT_RUN_WITH = {
    "/etc/": "it is about this machine's /etc: tests/hub does it in a folder of its own",
    "systemctl ": "it is about this machine's services: tests/hub starts its own",
}
# What a block of Python needs that stands elsewhere on its page.
BEFORE = {
    "c.EventLogger": "from traitlets.config import Config\nc = Config()\n",
    "enforce(": "from traitlets.config import Config\nfrom jupyter_guard.hub import enforce\nc = Config()\n",
    "c.Spawner.args.append(": "from traitlets.config import Config\nc = Config()\nc.Spawner.args = []\n",
    "read_password()": "%load_ext jupyter_guard\nread_password = lambda: 'correct' + '-horse-9'\n",
    "con.execute(": "import sqlite3\ncon = sqlite3.connect(':memory:')\ncon.execute('CREATE TABLE sales_2024 (a)')\n",
}
# What begins a block of Python -> why it is not run here, and what runs it.
NOT_RUN_PYTHON = {
    "from jupyter_guard.hub import enforce": "a Hub's configuration, and its policies in /etc: tests/hub starts one",
    "enforce(": "a Hub's configuration, and its policies in /etc: tests/hub starts one",
    "import logging": "a log in /var/log: tests/server has one elsewhere",
}
# Parts of files, which are read as such.
PARTS = {'"metadata"': "{%s}"}


class Block(NamedTuple):
    page: str
    line: int
    language: str
    text: str
    mark: str = ""


def blocks() -> Iterator[Block]:
    for path in PAGES:
        page = path.relative_to(ROOT).as_posix()
        mark = None
        for token in MarkdownIt().parse(path.read_text(encoding="utf-8")):
            if token.type in ("fence", "code_block"):
                line = token.map[0] + 1 if token.map else 0
                written = token.info.strip().split(" ")[0]
                language = "text" if token.type == "code_block" and not is_commands(token.content) else written
                yield Block(page, line, language, token.content, mark[1] if mark and page in RUN_BY else "")
            mark = MARK.search(token.content) if token.type == "html_block" else None


def is_commands(text: str) -> bool:
    """Whether an indented block is something to type, and not an answer or a table."""
    return bool(
        re.match(
            r"(\$ |[A-Z_]+=\S+ |\.venv/bin/python|jupyter |jupyter-|make |pip |python3? |git |mkdir |docker |dask |apt-get |useradd )",
            text,
        )
    )


ALL = list(blocks())
MINE = [one for one in ALL if not one.mark and not one.language.startswith("{")]


def is_typed(block: Block) -> bool:
    """Whether it is commands, also where nobody says so."""
    return block.language in COMMANDS or (block.language == "text" and is_commands(block.text))


def of(*languages: str) -> pytest.MarkDecorator:
    chosen = [one for one in MINE if (one.language in languages or (languages == COMMANDS and is_typed(one)))]
    return pytest.mark.parametrize("block", chosen, ids=[f"{one.page}:{one.line}" for one in chosen])


def test_every_block_has_a_language_that_is_known() -> None:
    unknown = [one for one in MINE if one.language not in (*COMMANDS, *NO_CODE, *OTHERS)]
    assert not unknown
    assert len(MINE) > 30


def test_what_is_no_code_is_known_as_such() -> None:
    answers = [one for one in MINE if one.language in NO_CODE and not is_typed(one)]
    begins = [(page, start) for page, starts in ANSWERS.items() for start in starts]
    unknown = [one for one in answers if not any(re.match(start, one.text) for start in ANSWERS.get(one.page, ()))]
    assert not unknown
    assert len(begins) == len(answers), "an answer stands in the list, and not in its page"


def test_blocks_that_others_run_are_named_there() -> None:
    for page, tests in RUN_BY.items():
        words = "".join((ROOT / test).read_text(encoding="utf-8") for test in tests)
        marks = [one.mark for one in ALL if one.page == page and one.mark]
        assert Path(page).name in words
        assert marks
        assert not [mark for mark in marks if f'"{mark}"' not in words]


def test_what_is_included_is_run() -> None:
    named = [one for one in ALL if one.language == "{literalinclude}"]
    assert named
    for path in PAGES:
        for name in re.findall(r"^```\{literalinclude\} (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            file = (path.parent / name).resolve()
            test = INCLUDED.get(file.relative_to(ROOT).as_posix())
            if test is not None:
                assert file.name in (ROOT / test).read_text(encoding="utf-8")
                continue
            done = subprocess.run(
                [sys.executable, "-m", "jupyter_guard", "rules", "test", str(file)], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr


def test_pages_that_are_left_out_are_generated() -> None:
    there = {path.relative_to(ROOT / "docs").as_posix() for name in GENERATED for path in (ROOT / name).rglob("*.md")}
    assert there == set(reference.pages())


def test_nothing_is_excused_that_is_not_there() -> None:
    typed = [command for one in MINE if is_typed(one) for command in commands(one.text)]
    assert not [start for start in NOT_RUN if not any(command.startswith(start) for command in typed)]
    assert not [part for part in NOT_RUN_WITH if not any(part in command for command in typed)]
    python = [one.text for one in MINE if one.language == "python"]
    assert not [start for start in NOT_RUN_PYTHON if not any(text.startswith(start) for text in python)]


def test_what_runs_the_excused_is_there() -> None:
    for reason in (*NOT_RUN.values(), *NOT_RUN_WITH.values(), *NOT_RUN_PYTHON.values()):
        for named in re.findall(r"tests/[\w/]+(?:\.py)?", reason):
            assert (ROOT / named).exists(), reason


def test_each_picture_is_made_by_a_script_and_shown() -> None:
    takes = r"""(?:camera\.take\(|picture\(front, )"([\w-]+)"""
    made = [
        name
        for script in ("screenshots.py", "test_tour.py")
        for name in re.findall(takes, (ROOT / "tests/browser" / script).read_text(encoding="utf-8"))
    ]
    there = [path.stem for path in (ROOT / "docs" / "images").glob("*.png")]
    assert sorted(made) == sorted(there)
    words = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert not [name for name in there if f"images/{name}.png)" not in words]


@of("toml")
def test_a_policy_is_one(block: Block, tmp_path: Path) -> None:
    table = tomllib.loads(block.text)
    if set(table) == {"project"}:
        assert list(table["project"]) == ["entry-points"]
        return
    text = block.text if "version" in table else f"version = 1\n{block.text}"
    # Packs that a policy names lie beside it, or are installed: their reading is tests/policy's.
    text = re.sub(r"^packs = .*$", "", text, flags=re.MULTILINE)
    path = tmp_path / "jupyter_guard.toml"
    path.write_text(text, encoding="utf-8")
    assert Policy.load(path)


@of("json", "yaml", "ini", "sql")
def test_what_is_no_program_can_be_read(block: Block) -> None:
    if block.language == "json":
        assert json.loads(
            next((form % block.text for start, form in PARTS.items() if block.text.startswith(start)), block.text)
        )
    elif block.language == "yaml":
        assert list(yaml.safe_load_all(block.text))
    elif block.language == "sql":
        assert sqlglot.parse(block.text, dialect="postgres")
    else:
        reader = configparser.ConfigParser(strict=False)
        reader.optionxform = str  # type: ignore[assignment, method-assign]
        reader.read_string(block.text)
        assert reader.sections()


@of("python")
def test_python_runs(block: Block, place: Path, environment: dict[str, str]) -> None:
    if any(block.text.startswith(start) for start in NOT_RUN_PYTHON):
        compile(block.text, f"{block.page}:{block.line}", "exec")
        return
    before = next((text for start, text in BEFORE.items() if start in block.text and text not in block.text), "")
    script = place / "block.ipy"
    script.write_text(before + block.text, encoding="utf-8")
    magics = re.search(r"^%", before + block.text, re.MULTILINE)
    program = ["-m", "IPython", "--no-banner", "--colors=NoColor"] if magics else []
    done = subprocess.run(
        [sys.executable, *program, str(script)],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Traceback" not in said
    assert "UsageError" not in said
    assert "Error:" not in said


# Some try everything that a cell could try, and a busy machine takes any time.
@pytest.mark.timeout(900)
@of(*COMMANDS)
def test_commands_run(block: Block, place: Path, environment: dict[str, str]) -> None:
    excused: list[str] = []
    ran = False
    for command in commands(block.text):
        why = [text for start, text in NOT_RUN.items() if command.startswith(start)]
        why += [text for part, text in NOT_RUN_WITH.items() if part in command]
        if why:
            excused += why
            continue
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        # 1: there are findings, which is no mistake of the page.
        assert done.returncode in (0, 1), f"{command}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        ran = True
    if not ran:
        pytest.skip("; ".join(dict.fromkeys(excused)) or "comments alone")


def commands(text: str) -> Iterator[str]:
    """The commands of a block: without prompts and comments, continued lines as one."""
    for line in text.replace("\\\n", " ").split("\n"):
        command = re.sub(r"\s{2,}#.*$| #(?= ).*$", "", line).strip().removeprefix("$ ")
        if command:
            yield f"{command} " if command in ("make", "jupyter lab") else command


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON", "IPYTHON"))}
    tools = Path(sys.executable).parent
    home = tmp_path_factory.mktemp("home")
    return {**kept, "HOME": str(home), "PATH": f"{tools}{os.pathsep}{kept['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with what the pages' commands name: notebooks under version control, answers of two assistants."""
    notebook = {
        "cells": [_cell("import pandas as pd\n"), _cell("pd.DataFrame()\n")],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    for name in (
        "notebook.ipynb",
        "notebooks/a.ipynb",
        "before/a.ipynb",
        "before/b.ipynb",
        "after/a.ipynb",
        "after/b.ipynb",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(notebook), encoding="utf-8")
    for name in ("answers.jsonl", "old.jsonl", "new.jsonl"):
        lines = [{"task": f"t{at}", "completion": f"```python\nx = {at}\n```"} for at in range(3)]
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (
        ["init", "-q"],
        ["add", "notebooks"],
        ["commit", "-q", "-m", "x"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run([*git, *words], check=True, capture_output=True)
    assert shutil.which("bash")
    return tmp_path


def _cell(source: str) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
