"""``python -m benchmarks.vet.mutate``: bad cases, changed so that they do the same by other words -> recall by mutation.

A case counts where it is found for the right reason as it stands; recall is the share of its mutants that still are.
"""

from __future__ import annotations

import argparse
import ast
import builtins
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.vet.__main__ import CORPORA, ROOT
from benchmarks.vet.cases import Case, own_cases, read_cases
from benchmarks.vet.measure import Judged, judged

Mutation = Callable[[ast.Module], "ast.Module | list[ast.Module] | None"]
GOAL = 92.0


def mutants(case: Case) -> Iterator[tuple[str, Case]]:
    """Each mutation of a case whose cells are all plain Python; mutations that change nothing are left out."""
    try:
        trees = [ast.parse(cell) for cell in case.cells]
    except SyntaxError:
        return
    before = tuple(ast.unparse(tree) for tree in trees)
    for name, mutate in MUTATIONS.items():
        cells: list[str] = []
        for cell in case.cells:
            made = mutate(ast.parse(cell))
            if made is None:
                made = ast.parse(cell)
            trees = made if isinstance(made, list) else [made]
            cells += [ast.unparse(ast.fix_missing_locations(tree)) for tree in trees]
        if tuple(cells) != before and all(map(_parses, cells)):
            yield name, Case(f"{case.id}~{name}", case.category, "bad", tuple(cells), kinds=case.kinds)


def _parses(cell: str) -> bool:
    try:
        ast.parse(cell)
    except SyntaxError:
        return False
    return True


def _awaits(tree: ast.Module) -> bool:
    """Whether a cell waits at its top level, or has a star import or declarations, which no function can hold."""
    return any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Global, ast.Nonlocal))
        or (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
        for node in ast.walk(tree)
    )


def _renamed(tree: ast.Module) -> ast.Module | None:
    """Other names for the cell's own variables and functions: only where one cell is all there is."""
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    kept = {name for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
    kept |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | set(dir(builtins)) | {"_", "__"}
    held = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        for one in ast.walk(statement)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        for name in (one.id,)
    }
    names = {name: f"v{index}_" for index, name in enumerate(sorted(own - kept - held))}

    class Rename(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            return ast.copy_location(ast.Name(names.get(node.id, node.id), node.ctx), node)

    return Rename().visit(tree) if names else None


def _imported_as(tree: ast.Module) -> ast.Module | None:
    """``import os`` -> ``import os as m0_``; ``from x import y`` -> ``from x import y as m1_``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__":
            for one in node.names:
                if one.name != "*" and ("." not in one.name or one.asname):
                    old = one.asname or one.name
                    one.asname = names.setdefault(old, f"m{len(names)}_")

    class Rename(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            return ast.copy_location(ast.Name(names.get(node.id, node.id), node.ctx), node)

    return Rename().visit(tree) if names else None


def _split(tree: ast.Module) -> list[ast.Module] | None:
    """A cell for each statement."""
    return [ast.Module([statement], []) for statement in tree.body] if len(tree.body) > 1 else None


def _in_function(tree: ast.Module) -> ast.Module | None:
    """All of it in a function that is called."""
    if _awaits(tree):
        return None
    body: list[ast.stmt] = [ast.Global(_bound(tree)), *tree.body] if _bound(tree) else tree.body
    shell = ast.parse("def step_():\n    pass\nstep_()")
    shell.body[0].body = body  # type: ignore[attr-defined]
    return shell


def _bound(tree: ast.Module) -> list[str]:
    """What the cell's top level binds: it stays global, for the cells that follow."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            found |= {one.asname or one.name.partition(".")[0] for one in statement.names}
    return sorted(found)


def _in_method(tree: ast.Module) -> ast.Module | None:
    """All of it in a method of an object that is made and used at once."""
    inner = _in_function(tree)
    if inner is None:
        return None
    shell = ast.parse("class Step_:\n    def go(self):\n        pass\nStep_().go()")
    shell.body[0].body[0].body = inner.body[0].body  # type: ignore[attr-defined]
    return shell


def _tried(tree: ast.Module) -> ast.Module | None:
    """All of it tried."""
    if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
        return None
    shell = ast.parse("try:\n    pass\nexcept OSError as error_:\n    print(error_)")
    shell.body[0].body = tree.body  # type: ignore[attr-defined]
    return shell


def _comprehended(tree: ast.Module) -> ast.Module | None:
    """Calls that stand as statements become the items of a list."""
    changed = False
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            for statement in getattr(node, name, None) or [] if isinstance(getattr(node, name, None), list) else []:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                    row = ast.comprehension(ast.Name("i_", ast.Store()), ast.parse("range(1)", mode="eval").body, [], 0)
                    statement.value = ast.ListComp(statement.value, [row])
                    changed = True
    return tree if changed else None


def _texts(make: Callable[[str], ast.expr]) -> Mutation:
    """Plain texts in the arguments of calls, made another way."""

    def mutate(tree: ast.Module) -> ast.Module | None:
        changed = False

        class Build(ast.NodeTransformer):
            def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
                return node

            def visit_Constant(self, node: ast.Constant) -> ast.expr:
                nonlocal changed
                if not isinstance(node.value, str) or len(node.value) < 4:
                    return node
                changed = True
                return make(node.value)

        for statement in tree.body:
            Build().visit(statement)
        return tree if changed else None

    return mutate


def _added(text: str) -> ast.expr:
    half = len(text) // 2
    return ast.BinOp(ast.Constant(text[:half]), ast.Add(), ast.Constant(text[half:]))


def _formatted(text: str) -> ast.expr:
    half = len(text) // 2
    parts: list[ast.expr] = [ast.Constant(text[:half]), ast.Constant(text[half:])]
    return ast.Call(ast.Attribute(ast.Constant("{}{}"), "format", ast.Load()), parts, [])


def _joined(text: str) -> ast.expr:
    third = len(text) // 3
    parts: list[ast.expr] = [ast.Constant(one) for one in (text[:third], text[third : 2 * third], text[2 * third :])]
    return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [ast.List(parts, ast.Load())], [])


def _reordered(tree: ast.Module) -> ast.Module | None:
    """Named arguments the other way round."""
    changed = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.keywords) > 1 and all(one.arg for one in node.keywords):
            node.keywords.reverse()
            changed = True
    return tree if changed else None


def _called(make: Callable[[ast.Attribute], ast.expr]) -> Mutation:
    """Attributes that are called, reached another way."""

    def mutate(tree: ast.Module) -> ast.Module | None:
        changed = False

        class Reach(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.Call:
                nonlocal changed
                self.generic_visit(node)
                if isinstance(node.func, ast.Attribute) and not (
                    isinstance(node.func.value, ast.Call)
                    and isinstance(node.func.value.func, ast.Name)
                    and node.func.value.func.id == "super"
                ):
                    changed = True
                    node.func = make(node.func)
                return node

        # Decorators and bases are no calls of the kind that somebody hides.
        Reach().visit(tree)
        return tree if changed else None

    return mutate


def _by_getattr(func: ast.Attribute) -> ast.expr:
    return ast.Call(ast.Name("getattr", ast.Load()), [func.value, ast.Constant(func.attr)], [])


def _by_dict(func: ast.Attribute) -> ast.expr:
    held = ast.Dict([ast.Constant("go")], [func])
    return ast.Subscript(held, ast.Constant("go"), ast.Load())


def _by_lambda(func: ast.Attribute) -> ast.expr:
    spread = ast.parse("lambda *a_, **k_: f(*a_, **k_)", mode="eval").body
    spread.body.func = func  # type: ignore[attr-defined]
    return spread


MUTATIONS: dict[str, Mutation] = {
    "import as": _imported_as,
    "split": _split,
    "function": _in_function,
    "method": _in_method,
    "try": _tried,
    "comprehension": _comprehended,
    "added": _texts(_added),
    "format": _texts(_formatted),
    "join": _texts(_joined),
    "reordered": _reordered,
    "getattr": _called(_by_getattr),
    "dict": _called(_by_dict),
    "lambda": _called(_by_lambda),
    "renamed": _renamed,
}
# A name that one cell gives and another reads cannot be changed cell by cell.
ONE_CELL = frozenset({"renamed", "import as"})


def measured(cases: Sequence[Case], policy: str, origin: str) -> dict[str, list[Judged]]:
    """The mutants of the cases that are right as they stand, by mutation."""
    right = [one.case for one in judged(cases, policy, origin) if one.right]
    made: dict[str, list[Case]] = {name: [] for name in MUTATIONS}
    for case in right:
        for name, mutant in mutants(case):
            if name not in ONE_CELL or len(case.cells) == 1:
                made[name].append(mutant)
    return {name: judged(group, policy, origin) for name, group in made.items() if group}


def main() -> None:
    """Print recall by mutation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vet.mutate", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=ROOT.parent / "shared" / "data" / "vet")
    parser.add_argument("--preset", default="personal", help="the policy preset (default: personal)")
    parser.add_argument("--every", type=int, default=1, help="take every Nth case")
    parser.add_argument("--list-missed", action="store_true", help="name the mutants that were missed")
    options = parser.parse_args()
    cases = [one for name in CORPORA for one in own_cases(ROOT / "tests" / "corpus" / name) if one.label == "bad"]
    if (options.data / "examples.jsonl.gz").exists():
        cases += [one for one in read_cases(options.data / "examples.jsonl.gz") if one.label == "bad"]
    total = found = 0
    print(f"  {'mutation':16} {'mutants':>7} {'right':>7}   (goal {GOAL:g}%)")
    for name, group in measured(cases[:: options.every], options.preset, "assistant").items():
        hits = sum(one.right for one in group)
        total += len(group)
        found += hits
        print(f"  {name:16} {len(group):7} {100 * hits / len(group):6.1f}%")
        for one in group if options.list_missed else ():
            if not one.right:
                print(f"    missed {one.case.id} {sorted(one.rules)}")
    print(f"  {'all':16} {total:7} {100 * found / max(total, 1):6.1f}%")


if __name__ == "__main__":
    main()
