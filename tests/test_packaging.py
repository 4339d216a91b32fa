"""The wheel in a fresh environment: everything is in it, enabled, and needs no further step."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from packaging.metadata import Metadata

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[1]
EXTENSION = "data/share/jupyter/labextensions/jupyter-guard"
KERNEL = "data/share/jupyter/kernels/guarded-python"


def run(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the source distribution and the wheel made from it, isolated from what is installed here."""
    made = tmp_path_factory.mktemp("dist")
    builder = tmp_path_factory.mktemp("builder")
    venv.create(builder, with_pip=True)
    run(builder / "bin" / "python", "-m", "pip", "install", "-q", "build", cwd=made)
    run(builder / "bin" / "python", "-m", "build", "--outdir", made, ROOT, cwd=made)
    return made


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def wheelhouse(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with all that it needs, as one carries it to a machine without a network."""
    place = tmp_path_factory.mktemp("wheelhouse")
    run(sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", place, f"{wheel}[lab]", cwd=place)
    return place


@pytest.fixture(scope="module")
def fresh(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The bin directory of a new environment with the wheel and JupyterLab, and the variables for an empty HOME.

    Installed with no registry, and with no Node on the PATH.
    """
    home = tmp_path_factory.mktemp("home")
    place = home / "venv"
    venv.create(place, with_pip=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON", "VIRTUAL"))}
    offline = {**kept, "PATH": str(place / "bin"), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
    assert shutil.which("node", path=offline["PATH"]) is None
    offline["PIP_FIND_LINKS"] = str(wheelhouse)
    run(
        place / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--no-compile",
        "jupyter_guard[lab]",
        cwd=home,
        env=offline,
    )
    return place / "bin", {**kept, "HOME": str(home), "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def interpreter(version: str) -> str | None:
    """A Python of that version that starts, on the PATH or among pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}"), *map(str, sorted(root.glob(f"versions/{version}.*/bin/python")))]
    for one in filter(None, found):
        said = subprocess.run(
            [one, "-c", "import sys, venv; print(sys.version)"], capture_output=True, text=True, check=False
        )
        if said.stdout.startswith(f"{version}."):
            return one
    return None


def versions() -> list[str]:
    """Those that the package names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert named
    return named


def installed(python: str, wheel: Path, place: Path) -> tuple[Path, dict[str, str]]:
    """The bin directory of a new environment of that Python with the wheel, and the variables for an empty HOME."""
    run(python, "-m", "venv", place / "venv", cwd=place)
    tools = place / "venv" / "bin"
    # What is not imported is not compiled: most of a plain installation's time.
    run(tools / "python", "-m", "pip", "install", "-q", "--no-compile", wheel, cwd=place)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON", "VIRTUAL"))}
    return tools, {**kept, "HOME": str(place), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("version", versions())
def test_every_python_that_is_named_installs_it_and_runs_a_cell(
    version: str, wheel: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if version == "{}.{}".format(*sys.version_info):
        tools, env = request.getfixturevalue("fresh")
    else:
        python = interpreter(version)
        if python is None:
            pytest.skip(f"there is no Python {version} on this machine")
        tools, env = installed(python, wheel, tmp_path)
    (tmp_path / "wipe.py").write_text("import shutil\nshutil.rmtree('/srv/data')\n")
    vetted = [str(tools / "jupyter-guard"), "vet", "wipe.py", "--policy", "personal", "--format", "json"]
    said = subprocess.run(vetted, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=200)
    assert said.returncode == 1, said.stderr
    assert "deletes `/srv/data`" in said.stdout
    (tmp_path / "cell.py").write_text("import sys\nprint(sys.version_info[:2], 6 * 7)\n")
    answer = run(tools / "jupyter", "run", "--kernel=guarded-python", "cell.py", cwd=tmp_path, env=env)
    assert f"(3, {version.partition('.')[2]}) 42" in answer


def test_the_wheel_is_one_for_every_python_and_holds_every_part(wheel: Path) -> None:
    assert "-cp311-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = {name.split("/", 1)[1] for name in archive.namelist() if ".data/" in name}
        names = {f"data/{name.split('data/', 1)[1]}" for name in names if "data/" in name}
        packed = archive.namelist()
    assert {f"{KERNEL}/kernel.json", f"{KERNEL}/logo-64x64.png", f"{KERNEL}/logo-svg.svg"} <= names
    assert {f"{EXTENSION}/package.json", f"{EXTENSION}/install.json"} <= names
    assert any(name.startswith(f"{EXTENSION}/static/remoteEntry.") for name in names)
    assert "data/etc/jupyter/jupyter_server_config.d/jupyter_guard.json" in names
    assert "jupyter_guard/scrub/_escapes.abi3.so" in packed
    assert not [name for name in packed if name.endswith(".c")]
    assert {"jupyter_guard/knowledge/os.toml", "jupyter_guard/policy/presets/personal.toml"} <= set(packed)
    assert not [name for name in packed if "node_modules" in name or "build_log" in name]


def test_without_a_compiler_it_is_pure_and_does_the_same(
    built: Path, fresh: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """The compiler is told to be one that is not there: the wheel is made all the same."""
    (sdist,) = built.glob("*.tar.gz")
    env = {**os.environ, "CC": str(tmp_path / "no-compiler")}
    said = run(sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", tmp_path, sdist, cwd=tmp_path, env=env)
    assert "was not compiled" in said
    (pure,) = tmp_path.glob("*.whl")
    assert pure.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(pure) as archive:
        assert not [name for name in archive.namelist() if "_escapes.abi3" in name]
        archive.extractall(tmp_path / "unpacked")
    tools, _ = fresh
    asked = "from jupyter_guard.scrub import scrub, views; print(views.COMPILED, repr(scrub('\\x1b[1mx')))"
    for folder, compiled in ((tmp_path / "unpacked", False), (tmp_path, True)):
        answer = run(tools / "python", "-c", asked, cwd=folder)
        assert answer.strip() == f"{compiled} '\\x1b[1mx'"


def test_what_both_say_of_themselves_is_valid_and_the_same(built: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = archive.read(name)
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        name = next(name for name in archive.getnames() if name.count("/") == 1 and name.endswith("/PKG-INFO"))
        file = archive.extractfile(name)
        assert file is not None
        assert file.read() == said
    # Raises for whatever a registry would refuse.
    found = Metadata.from_email(said)
    assert str(found.version) in wheel.name
    assert found.license_expression == "BSD-3-Clause"
    assert found.description_content_type == "text/markdown"
    assert found.requires_python is not None
    assert [one for one in versions() if f"{one}.0" not in found.requires_python] == []


def test_the_source_distribution_can_build_and_is_small(built: Path) -> None:
    sdist = next(built.glob("*.tar.gz"))
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {
        "hatch_build.py",
        "labextension/yarn.lock",
        "labextension/src/index.ts",
        "labextension/.yarnrc.yml",
    } <= names
    assert "jupyter_guard/labextension/package.json" in names
    assert not [name for name in names if "node_modules" in name or "/.yarn/" in name or "labextension/lib/" in name]
    assert sdist.stat().st_size < 5_000_000


def test_the_source_distribution_carries_a_build_that_is_fresh(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = next(tmp_path.iterdir())
    stamp = (unpacked / "jupyter_guard" / "labextension" / "source.sha256").read_text().strip()
    assert stamp == build_hook().source_digest(unpacked / "labextension")


@pytest.mark.parametrize(
    ("answer", "enough"),
    [
        *(("v20.20.2", True), ("v22.12.0", True), ("v24.1.0", True)),
        *(("v18.20.0", False), ("v20.18.1", False), ("v21.7.0", False), ("v22.11.0", False), ("not node", False)),
    ],
)
def test_node_is_brought_when_it_is_missing_or_too_old(
    answer: str, enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = build_hook()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not hook.has_node()
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{answer}'\n")
    node.chmod(0o755)
    assert hook.has_node() is enough


def build_hook() -> ModuleType:
    """hatch_build.py as a module; hatchling itself is only there while something is built."""
    stand_in = ModuleType("hatchling.builders.hooks.plugin.interface")
    stand_in.BuildHookInterface = list  # type: ignore[attr-defined]  # anything that takes a subscript
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, stand_in.__name__, stand_in)
        spec.loader.exec_module(module)
    return module


def test_the_lock_file_names_no_download_address() -> None:
    lock = (ROOT / "labextension" / "yarn.lock").read_text()
    assert "http://" not in lock
    assert "https://" not in lock


def test_everything_is_enabled_after_a_plain_install(fresh: tuple[Path, dict[str, str]]) -> None:
    tools, env = fresh
    home = Path(env["HOME"])
    kernels = run(tools / "jupyter", "kernelspec", "list", cwd=home, env=env)
    assert "guarded-python" in kernels
    extensions = run(tools / "jupyter", "labextension", "list", cwd=home, env=env)
    line = next(line for line in extensions.splitlines() if "jupyter-guard" in line)
    assert "enabled" in line
    assert "OK" in line
    servers = run(tools / "jupyter", "server", "extension", "list", cwd=home, env=env)
    line = next(line for line in servers.splitlines() if "jupyter_guard" in line)
    assert "enabled" in line
    assert "jupyter_guard 0" in servers


def test_the_installed_kernel_runs_a_cell(fresh: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    tools, env = fresh
    script = tmp_path / "cell.py"
    script.write_text("print(6 * 7)\n")
    answer = run(tools / "jupyter", "run", "--kernel=guarded-python", script, cwd=tmp_path, env=env)
    assert "42" in answer
