"""Kernels of other environments: an older and a newer Python with nothing of ours installed, and another language."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .front import ASSISTANT, GUARDED, Front

SECRET = "AK" + "IA" + "QYLPMN5HHHFPZAM2"
# The oldest that the part in the kernel's process runs on, and the newest at hand.
VERSIONS = ("3.8", "3.13")
pytestmark = [pytest.mark.kernel, pytest.mark.timeout(600)]


def interpreter(version: str) -> str:
    """A Python of this version, wherever it is installed, or a skip."""
    candidates = [
        shutil.which(f"python{version}") or "",
        *map(str, sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python"))),
        *map(str, sorted(Path.home().glob(f".local/share/uv/python/*-{version}*/bin/python3"))),
    ]
    for one in filter(None, candidates):
        command = [one, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(command, capture_output=True, text=True).stdout.strip() == version:
            return one
    pytest.skip(f"Python {version} is not installed here")


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes virtual environments, once for all runs of the tests; the path of each one's Python."""
    cache = request.config.cache
    if cache is None:
        pytest.skip("there is no cache to keep environments in")

    def make(version: str, *packages: str) -> str:
        base = interpreter(version)
        folder = cache.mkdir("environments") / "-".join((version, *packages))
        python = folder / "bin" / "python"
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([base, "-m", "venv", str(folder)], check=True)
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            # What is not imported is not compiled: most of a plain installation's time.
            install = [*pip, "--no-compile", *packages]
            done = subprocess.run(install, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"{', '.join(packages)} cannot be installed here: {done.stderr.strip()[-200:]}")
            (folder / "complete").touch()
        return str(python)

    return make


@pytest.fixture
def wrap(start: Callable[..., Front], tmp_path: Path) -> Callable[..., Front]:
    """Starts the guarded twin of a kernel spec."""

    def begin(name: str, argv: list[str], language: str = "python", **options: Any) -> Front:
        place = tmp_path / "kernels" / name
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": language}))
        # The manager hands its own environment on, but for Jupyter's variables.
        launch = f"import os, sys; os.environ['JUPYTER_PATH'] = {str(tmp_path)!r}; os.execv(sys.argv[1], sys.argv[1:])"
        return start(argv=[sys.executable, "-c", launch, *GUARDED, "--wrap", name], **options)

    return begin


@pytest.fixture(params=VERSIONS)
def other(request: pytest.FixtureRequest, environment: Callable[..., str], wrap: Callable[..., Front]) -> Front:
    python = environment(request.param, "ipykernel")
    front = wrap("other", [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    assert front.run("'%d.%d' % __import__('sys').version_info[:2]").result == repr(request.param)
    return front


def test_it_is_guarded_as_our_own_and_nothing_is_installed_in_it(other: Front) -> None:
    # What answers to our name there is the stand-in of the child's own code; no file of the package is installed.
    names = "[one.metadata['name'] for one in metadata.distributions()]"
    looked = other.run(f"from importlib import metadata\n[name for name in {names} if 'guard' in name]")
    assert looked.result == "[]", looked.reply["content"]
    assert other.run("import jupyter_guard; getattr(jupyter_guard, '__file__', 'no file')").result == "'no file'"
    # Tools are called there as anywhere: they run in the guard's environment, not in this one.
    assert other.run("from jupyter_guard import tools\nprint(dir(tools))").text == "[]\n"
    unknown = other.run("tools.refund(order=1)")
    assert unknown.error["evalue"] == "there is no approved tool 'refund'. No tool is approved here."
    assert other.run("print(sum(range(5)))").text == "10\n"
    refused = other.run("import telnetlib  # mine")
    assert refused.kinds == ["status", "execute_input", "display_data", "error", "status"]
    assert refused.reply["content"]["ename"] == "CellBlocked"
    assert refused.reply["content"]["execution_count"] == refused.count
    assert other.run(f"In[{refused.count}]").result == "'import telnetlib  # mine'"
    history = other.request("history_request", {"hist_access_type": "tail", "n": 2, "output": False, "raw": True})
    assert "import telnetlib  # mine" in str(history["content"]["history"])
    assert SECRET not in other.run(f"print({SECRET[:5]!r} + {SECRET[5:]!r})").text
    assert other.run("input('who? ')", "Ada").result == "'Ada'"
    assert [other.finish(other.send(code)).status for code in ("1/0", "x = 1")] == ["error", "ok"]


def test_it_is_interrupted_and_dies_natively(other: Front) -> None:
    # Many short sleeps: a signal that comes just before a long one is not noticed until its end, with or without a wrapper.
    run = other.send("import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.01)")
    other.wait_for(run, "stream")
    other.interrupt()
    assert other.finish(run, seconds=15).reply["content"]["ename"] == "KeyboardInterrupt"
    run = other.send("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    other.wait_for(run, "error")
    assert "SIGKILL" in run.error["evalue"]
    assert other.manager.provisioner.process.wait(10) == -signal.SIGKILL


def test_syntax_that_is_newer_than_ours_runs(environment: Callable[..., str], wrap: Callable[..., Front]) -> None:
    if sys.version_info >= (3, 12):
        pytest.skip("this Python knows the statement itself")
    front = wrap("newer", [environment("3.13", "ipykernel"), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    run = front.run("type Pair[T] = tuple[T, T]\nPair.__name__", "y")
    assert run.status == "ok", run.reply["content"]
    assert run.result == "'Pair'"


@pytest.fixture
def bash(environment: Callable[..., str], wrap: Callable[..., Front]) -> Front:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    python = environment("3.13", "bash_kernel")
    front = wrap("bash", [python, "-m", "bash_kernel", "-f", "{connection_file}"], language="bash")
    assert front.run("echo $((6 * 7))").text == "42\n"
    return front


def test_a_bash_kernel_is_vetted_scrubbed_and_answered_for(bash: Front) -> None:
    # Not there, should this ever be let through.
    dangerous = "rm -rf /srv/a-project-that-is-not-here"
    refused = bash.assistant(dangerous)
    assert refused.status == "error"
    assert refused.reply["content"]["ename"].startswith("Cell")
    assert "a-project-that-is-not-here" in refused.error["evalue"]
    assert SECRET not in bash.run(f"a={SECRET[:6]}; b={SECRET[6:]}; echo $a$b").text
    runs = [bash.send(code, metadata=ASSISTANT) for code in (dangerous, "echo after")]
    assert [bash.finish(one).status for one in runs] == ["error", "aborted"]
    assert bash.run("echo on").text == "on\n"


def test_a_bash_kernel_is_interrupted_and_dies_with_the_wrapper(bash: Front) -> None:
    from .test_death import gone

    run = bash.send("sleep 60")
    bash.wait_for(run, "execute_input")
    bash.interrupt()
    bash.finish(run, seconds=20)
    assert bash.run("echo on").text == "on\n"
    shell = int(bash.run("echo $$").text)
    os.kill(bash.pid, signal.SIGKILL)
    assert gone(shell)


@pytest.fixture
def r(wrap: Callable[..., Front]) -> Front:
    program = shutil.which("R")
    if program is None:
        pytest.skip("R is not installed here")
    if subprocess.run([program, "--slave", "-e", "library(IRkernel)"], capture_output=True).returncode:
        pytest.skip("R has no IRkernel here")
    argv = [program, "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]
    front = wrap("r", argv, language="R")
    assert front.run("cat(6 * 7)").text == "42"
    return front


def test_an_r_kernel_is_scrubbed_interrupted_and_dies_natively(r: Front) -> None:
    assert r.run("6 * 7").of("display_data")[0]["content"]["data"]["text/plain"] == "[1] 42"
    assert SECRET not in r.run(f'cat(paste0("{SECRET[:6]}", "{SECRET[6:]}"))').text
    assert "mine" in r.run('stop("mine")').error["evalue"]
    # Before a cell's own code runs, an interrupt ends R itself: so it does without a wrapper.
    run = r.send("message('begun'); Sys.sleep(60)")
    r.wait_for(run, "stream")
    r.interrupt()
    r.finish(run, seconds=20)
    assert r.run("cat('on')").text == "on"
    run = r.send("tools::pskill(Sys.getpid(), 9)")
    r.wait_for(run, "error")
    assert "SIGKILL" in run.error["evalue"]
    assert r.manager.provisioner.process.wait(10) == -signal.SIGKILL


# As nb_conda_kernels 2.5 starts a kernel: `conda activate` in a shell, which becomes the rest of the command.
RUNNER = """
import os, sys
from shlex import quote
conda, environment, *command = sys.argv[1:]
told = ". '{}' '{}' && exec {}".format(os.path.join(conda, "bin", "activate"), environment, " ".join(map(quote, command)))
os.execvp("bash", ["bash", "-c", told])
"""


def test_an_environment_of_conda_is_guarded_as_our_own(
    environment: Callable[..., str], start: Callable[..., Front], tmp_path: Path
) -> None:
    python = environment("3.13", "ipykernel")
    (tmp_path / "nb_conda_kernels").mkdir()
    (tmp_path / "nb_conda_kernels/__init__.py").touch()
    (tmp_path / "nb_conda_kernels/runner.py").write_text(RUNNER)
    activate = tmp_path / "conda/bin/activate"
    activate.parent.mkdir(parents=True)
    activate.write_text('export CONDA_PREFIX="$1"\n. "$1/bin/activate"\n')
    argv = [
        "python",
        "-m",
        "nb_conda_kernels.runner",
        str(tmp_path / "conda"),
        str(Path(python).parents[1]),
        python,
    ]
    spec = {
        "argv": [*argv, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "sales",
        "language": "python",
        "env": {"PYTHONPATH": str(tmp_path)},
    }
    place = tmp_path / "kernels/sales"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(spec))
    launch = f"import os, sys; os.environ['JUPYTER_PATH'] = {str(tmp_path)!r}; os.execv(sys.argv[1], sys.argv[1:])"
    front = start(argv=[sys.executable, "-c", launch, *GUARDED, "--wrap", "sales"])
    assert (
        front.run("import os, sys; os.environ['CONDA_PREFIX'] == sys.prefix, sys.version_info[:2]").result
        == "(True, (3, 13))"
    )
    refused = front.run("import telnetlib  # mine")
    assert refused.kinds == ["status", "execute_input", "display_data", "error", "status"]
    # What the code builds while it runs is judged too: the guard's own launcher stands in for ipykernel's.
    built = front.run("exec('import tel' + 'netlib')")
    assert built.reply["content"]["status"] == "error"
