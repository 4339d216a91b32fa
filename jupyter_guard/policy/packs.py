"""A layer's ``packs`` -> the rule packs that it names, as layers beside it.

A pack is a TOML file with rules (``[own.ID]``), knowledge, ``[deny]`` and ``[allow]`` lists, and nothing else: it can
add findings, and decide nothing. A name ending in ``.toml`` is a file, from the folder of the policy that names it; any
other is an installed package's, by the entry point group ``jupyter_guard.rules``. Its value is a package (dotted where
it lies in another), which holds the pack as ``rules.toml`` and is not imported: no code of a pack ever runs. It is
looked for in the distribution that declares it and nowhere else: a folder of its name in the workspace is no pack.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_guard.policy.layer import Layer, PolicyError, PolicyProblem, read_layer

if TYPE_CHECKING:
    from importlib.metadata import Distribution

GROUP: Final = "jupyter_guard.rules"
FILE: Final = "rules.toml"
# The import hooks of packages that are installed to be edited: setuptools's, and those by the library editables.
_HOOKS: Final = ("__editable__", "_editable_impl_")


def with_packs(layer: Layer) -> list[Layer]:
    """The layer, then its packs. Raises ``PolicyError`` with the mistakes of all of them."""
    layers, problems = [layer], []
    for name in layer.values.get("packs", ()):
        line = layer.lines.get("packs", 0)
        path = _place(layer, name)
        if path is None:
            hint = f"no installed package has an entry point {name!r} in {GROUP} whose package holds {FILE}"
            problems.append(PolicyProblem(layer.file, line, "packs", hint))
            continue
        try:
            layers.append(read_pack(path, layer.name))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(problems)
    return layers


def read_pack(path: Path, name: str) -> Layer:
    """A pack's file as a layer of that name. Raises ``PolicyError``."""
    pack = read_layer(path, name, owned_by_root=name == "site")
    strange = [key for key in pack.values if key != "version" and not key.startswith(("deny.", "allow."))]
    strange += [f"rules.{one}" for one in pack.rules] + [f"scrub.patterns.{one}" for one in pack.patterns]
    if strange:
        raise PolicyError(
            PolicyProblem(str(path), pack.lines.get(key, 0), key, "a rule pack has own, knowledge, deny and allow only")
            for key in strange
        )
    return msgspec.structs.replace(pack, values={key: value for key, value in pack.values.items() if key != "version"})


def _place(layer: Layer, name: str) -> Path | None:
    if name.endswith(".toml"):
        return Path(layer.file).parent / Path(name).expanduser()
    # Loaded here: only policies that name an installed pack need it.
    from importlib.metadata import distributions

    # What lies in the folder that is worked in came with the notebook, even where Python would find it.
    here = os.path.realpath(os.curdir)
    for installed in distributions(path=[one for one in sys.path if os.path.realpath(one or os.curdir) != here]):
        for point in installed.entry_points.select(group=GROUP, name=name):
            # Not `point.load()`, nor a look for a module, which would import the packages it lies in.
            parts = point.value.partition(":")[0].strip().split(".")
            for folder in _folders(installed, parts) if all(part.isidentifier() for part in parts) else ():
                if (file := folder / FILE).is_file():
                    return file
    return None


def _folders(installed: Distribution, package: list[str]) -> Iterator[Path]:
    """Where a distribution's package may lie: beside what is known of it, or, installed to be edited, where it says."""
    yield Path(str(installed.locate_file(""))).joinpath(*package)
    for file in installed.files or ():
        if file.suffix not in (".pth", ".py") or len(file.parts) != 1:
            continue
        place = Path(str(installed.locate_file(file)))
        text = place.read_text("utf-8", "replace") if place.is_file() else ""
        if file.suffix == ".pth":
            roots = (path for line in text.splitlines() if (path := Path(line)).is_absolute() and path.is_dir())
            yield from (root.joinpath(*package) for root in roots)
        elif file.name.startswith(_HOOKS):
            for name, root in _mapped(text):
                outer = name.split(".")
                if package[: len(outer)] == outer and Path(root).is_absolute():
                    yield Path(root).joinpath(*package[len(outer) :])


def _mapped(hook: str) -> Iterator[tuple[str, str]]:
    """Packages and their folders as the text of an import hook for editing says them; it is not run.

    setuptools writes a table ``MAPPING``, the library editables calls of ``map_module`` with a package's first file.
    """
    import ast

    def texts(*nodes: ast.expr | None) -> list[str]:
        return [one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)]

    try:
        statements = ast.parse(hook).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in statements:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if isinstance(statement.value, ast.Dict) and [ast.unparse(one) for one in targets] == ["MAPPING"]:
                for pair in zip(statement.value.keys, statement.value.values, strict=True):
                    if len(found := texts(*pair)) == 2:
                        yield found[0], found[1]
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            if ast.unparse(call.func).endswith(".map_module") and len(found := texts(*call.args)) == 2:
                yield found[0], str(Path(found[1]).parent)
