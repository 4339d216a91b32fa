"""The other commands, by their output and exit status; and what the reference pages say of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_guard import __version__
from jupyter_guard.cli.main import COMMANDS
from jupyter_guard.cli.reference import PAGES, main
from jupyter_guard.isolate import bubblewrap
from jupyter_guard.judge import RULES

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom jupyter_guard.cli.main import run\nstatus = run(['--help'])\n"
        "heavy = {'rich', 'sqlglot', 'tree_sitter', 'libcst', 'hyperscan', 'IPython', 'jupyter_client', 'zmq'}\n"
        "heavy &= set(sys.modules)\n"
        "print(status, sorted(heavy))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("0 []\n")
    assert all(f"  {name} " in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", [*COMMANDS, "policy show", "policy check", "policy explain", "policy init"])
def test_every_command_has_help(run: Run, name: str) -> None:
    result = run(*name.split(), "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: jupyter guard {name}")


def test_usage_mistakes(run: Run) -> None:
    result = run("vett")
    assert (result.returncode, "Did you mean 'vet'?" in result.stderr) == (2, True)
    assert run("vet", "--orign", "x").returncode == 2
    assert run("version").stdout == f"{__version__}\n"


def test_a_failure_inside_is_3_and_says_what_to_do(run: Run, work: Path) -> None:
    code = "import jupyter_guard.judge as j\ndel j.RULES\nfrom jupyter_guard.cli.main import main\nmain()"
    result = subprocess.run([sys.executable, "-c", code, "rules"], capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert "the guard itself failed" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_that_has_enough(work: Path) -> None:
    command = f"'{sys.executable}' -m jupyter_guard rules --format json | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("[\n", "")


def test_rules_and_explain(run: Run) -> None:
    result = run("rules")
    assert all(name in result.stdout for name in RULES)
    assert [one["rule"] for one in json.loads(run("rules", "--family", "data", "--format", "json").stdout)] == sorted(
        name for name in RULES if name[2] == "3"
    )
    assert "There is no family" in run("rules", "--family", "dta").stderr
    said = run("explain", "jg301").stdout
    assert RULES["JG301"].why in said.replace("\n", " ")
    assert all(part in said for part in ("Why:", "Instead:", "Found in:", "DROP TABLE orders;"))
    assert "Near: JG" in run("explain", "JG300").stderr
    assert "the guard itself failed" in run("explain", "JG000").stderr


def test_policy_show_explain_and_check(run: Run, work: Path, tmp_path: Path) -> None:
    user = tmp_path / "home" / ".jupyter" / "jupyter_guard.toml"
    user.parent.mkdir()
    user.write_text('version = 1\n[origin.human]\nhigh = "confirm"\n')
    project = work / "jupyter_guard.toml"
    project.write_text(
        'version = 1\n\n[origin.human]\nhigh = "allow"\nmedium = "warn"\n[rules.JG301]\nverdict = "block"\n'
    )
    shown = run("policy", "show").stdout
    assert str(user) in shown
    assert "rules.JG301" in shown
    said = run("policy", "explain", "origin.human").stdout
    assert f'user ({user}:3): "confirm", set' in said
    assert f'project ({project}:4): "allow", ignored' in said
    assert f'project ({project}:5): "warn", tightened' in said
    assert "limits.memory" in run("policy", "explain", "limits").stdout
    assert "Near: origin.human.high" in run("policy", "explain", "origin.human.hgh").stderr
    near = run("policy", "explain", "origin.robot").stderr.partition("Near: ")[2].strip(" .\n").split(", ")
    assert len(near) == len(set(near)) == 3
    values = json.loads(run("policy", "show", "--format", "json").stdout)
    assert (values["values"]["origin.human.high"], values["values"]["origin.human.medium"]) == ("confirm", "warn")
    checked = run("policy", "check")
    assert (checked.returncode, values["policy"] in checked.stdout) == (0, True)
    project.write_text("version = 1\nx = 1\ny = 2\n")
    result = run("policy", "check")
    assert result.returncode == 2
    assert f"{project}:2: x: unknown key" in result.stderr
    assert f"{project}:3: y: unknown key" in result.stderr


def test_check_says_what_is_wrong_with_token_formats_too(run: Run, work: Path) -> None:
    (work / "p.toml").write_text('version = 1\n[scrub.patterns.acme]\nkeywords = ["acme_"]\nshape = "(a)\\\\1"\n')
    result = run("policy", "check", "p.toml")
    assert result.returncode == 2
    assert "acme" in result.stderr
    assert "nowhere.toml: cannot be read" in run("policy", "check", "nowhere.toml").stderr


def test_check_says_which_rules_there_are_not(run: Run, work: Path) -> None:
    (work / "jupyter_guard.toml").write_text(
        'version = 1\n[rules.JG301]\nverdict = "block"\n[rules.ACME1]\nverdict = "warn"\n[rules.JG399]\nverdict = "block"\n'
    )
    for words in ((), ("jupyter_guard.toml",)):
        result = run("policy", "check", *words)
        assert result.returncode == 2
        assert "jupyter_guard.toml:6: rules.JG399: There is no rule 'JG399'. Near: " in result.stderr
        assert "JG309" in result.stderr
        assert "ACME1" not in result.stderr


@pytest.mark.parametrize("preset", ["personal", "team", "locked"])
def test_init_writes_a_policy_that_holds(run: Run, work: Path, tmp_path: Path, preset: str) -> None:
    assert run("policy", "init", "--preset", preset, "--user").returncode == 0
    shown = json.loads(run("policy", "show", "--format", "json").stdout)
    written = run("policy", "init", "--preset", preset)
    assert (written.returncode, (work / "jupyter_guard.toml").exists()) == (0, True)
    assert run("policy", "check", "jupyter_guard.toml").returncode == 0
    again = run("policy", "init", "--preset", preset)
    assert (again.returncode, "--force replaces it" in again.stderr) == (2, True)
    assert shown["locked"] is (preset == "locked")


def test_install_writes_specs_that_jupyter_reads(run: Run, work: Path) -> None:
    from jupyter_client.kernelspec import KernelSpec

    prefix = str(work / "prefix")
    assert run("install", "--prefix", prefix).returncode == 0
    kernels = work / "prefix" / "share" / "jupyter" / "kernels"
    plain = KernelSpec.from_resource_dir(str(kernels / "guarded-python"))
    assert plain.argv == [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
    assert plain.display_name == "Guarded Python"
    result = run("install", "--prefix", prefix, "--wrap", "python3")
    assert "installed the kernel guarded-python3" in result.stdout
    twin = KernelSpec.from_resource_dir(str(kernels / "guarded-python3"))
    assert twin.argv == [
        sys.executable,
        "-P",
        "-m",
        "jupyter_guard.kernel",
        "--wrap",
        "python3",
        "-f",
        "{connection_file}",
    ]
    assert twin.metadata["jupyter_guard"] == {"guarded": True, "wraps": "python3"}
    assert (kernels / "guarded-python3" / "logo-64x64.png").exists()


def test_install_user_and_mistakes(run: Run, work: Path, tmp_path: Path) -> None:
    assert run("install", "--user").returncode == 0
    assert list((tmp_path / "home").rglob("guarded-python/kernel.json"))
    assert "did you mean 'python3'?" in run("install", "--wrap", "pyton3", "--user").stderr
    assert "is guarded already" in run("install", "--wrap", "guarded-python", "--user").stderr
    assert "give one" in run("install", "--user", "--sys-prefix").stderr
    assert run("install", "--user", "--name", "no such/name").returncode == 2


def test_doctor_says_what_works_and_what_is_missing(run: Run, work: Path) -> None:
    facts = json.loads(run("doctor", "--format", "json").stdout)
    parts = {fact["part"] for fact in facts}
    assert {
        "python",
        "packages",
        "kernel",
        "lab extension",
        "server extension",
        "policy",
        "scrubber",
        "rights",
        "isolation",
    } <= parts
    text = run("doctor").stdout
    assert ("isolation: none" if bubblewrap.trouble() else "isolation: guarded kernels here start in bubblewrap") in (
        " ".join(text.split())
    )
    assert all(fact["part"] in text for fact in facts)
    (work / "jupyter_guard.toml").write_text("version = 1\nx = 1\n")
    broken = run("doctor")
    assert (broken.returncode, "unknown key" in broken.stdout.replace("\n", " ")) == (1, True)


def test_doctor_knows_a_front_end_that_is_too_old_for_the_panel(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "old" / "jupyterlab-4.1.8.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: jupyterlab\nVersion: 4.1.8\n")
    facts = json.loads(run("doctor", "--format", "json", env={"PYTHONPATH": str(old.parent)}).stdout)
    (said,) = [fact for fact in facts if "does not load it" in fact["what"]]
    assert (said["part"], said["state"]) == ("lab extension", "missing")
    assert said["what"].startswith("jupyterlab 4.1.8 ")
    assert said["todo"] == 'pip install "jupyterlab>=4.2"'


@pytest.mark.parametrize(("shell", "part"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --")])
def test_completion(run: Run, shell: str, part: str) -> None:
    script = run("completion", shell).stdout
    assert part in script
    assert "jupyter-guard" in script


def test_the_completion_answers(run: Run) -> None:
    answered = run(
        env={"_JUPYTER_GUARD_COMPLETE": "bash_complete", "COMP_WORDS": "jupyter-guard pol", "COMP_CWORD": "1"}
    )
    assert answered.stdout.strip() == "plain,policy"


def test_the_reference_pages_are_up_to_date_and_say_when_they_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = Path(__file__).parents[2] / "docs"
    # In a process of its own: commands keep the help of the first who asked, and another test may have called one alone.
    words = [sys.executable, "-m", "jupyter_guard.cli.reference", str(docs), "--check"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path), "--check"]) == 0
    (tmp_path / "reference" / "cli.md").write_text("old")
    assert main([str(tmp_path), "--check"]) == 1
    assert "cli.md is not up to date" in capsys.readouterr().err
    assert {path.stem for path in (tmp_path / "rules").glob("*.md")} == set(RULES)
    assert main([str(tmp_path)]) == 0
    (tmp_path / "rules" / "JG999.md").write_text("old")
    assert main([str(tmp_path), "--check"]) == 1
    assert main([str(tmp_path)]) == 0
    assert not (tmp_path / "rules" / "JG999.md").exists()
    assert main([]) == 2


def test_everything_is_documented() -> None:
    cli, policy, rules = (PAGES[name]() for name in ("cli.md", "policy.md", "rules.md"))
    assert all(f"## jupyter guard {name}\n" in cli for name in COMMANDS)
    assert all(f"[{name}](../rules/{name}.md)" in rules for name in RULES)
    assert "`limits.memory`" in policy
    assert os.linesep.strip("\r\n") == ""
