"""Programs that are called as functions (``sh.rm("-r", path)``, plumbum's ``rm["-r", path]``) -> their commands."""

from __future__ import annotations

import ast

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.acts import perform
from jupyter_guard.read.python.fold import path_texts
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import Const, Inst, Name, Seq, Value, const, items_of
from jupyter_guard.terms import Kind

PLUMBUM = "plumbum.cmd."
_SH = "sh."
_COMMAND = "plumbum.Command"
# Of the package itself, and no programs.
_OWN = frozenset("Command ErrorReturnCode CommandNotFound TimeoutException cd pushd glob contrib".split())


def command(_run: Run, site: Site) -> Value | None:
    """``sh.Command("rm")``: the same as ``sh.rm``."""
    only = site.args[0].only() if site.args else None
    if only is None or not isinstance(only.value, str):
        return None
    return Value((Name(_SH + only.value.rpartition("/")[2]),), site.args[0].marks)


def is_program(name: str) -> bool:
    """Whether a name that is called stands for a program."""
    if name.startswith(_SH):
        return name.split(".")[1] not in _OWN
    return name.startswith(PLUMBUM)


def called(run: Run, atom: Name, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> Value:
    """``sh.git.push("--force")``, ``rm("-r", path)``: run the program with these words, fed what ``_in`` says."""
    words = atom.dotted.removeprefix(PLUMBUM).removeprefix(_SH).split(".")
    if words[-1] == "bake":
        return Value((Inst(_COMMAND, _line(words[:-1], args)),))
    options = [const(_option(key, value)) for key, value in kwargs.items() if not key.startswith("_")]
    line = [*map(const, words), *args, *options]
    fed = {"input": kwargs["_in"]} if "_in" in kwargs else {}
    for one in args[:1]:
        # `bash(curl(url))`: what one command prints is fed to the next.
        if one.marks and not any(type(at) is Const for at in one.atoms):
            fed = {"input": one}
            line = [word for word in line if word is not one]
    return _run(run, Value((Seq(line),)), fed, node, "argv")


def bound(run: Run, program: Name, key: Value, node: ast.AST | None) -> Value:
    """``rm["-r", path]``: a command with its words. Nobody makes one to leave it."""
    words = items_of(key) if any(type(atom) is Seq for atom in key.atoms) else [key]
    line = _line(program.dotted.removeprefix(PLUMBUM).split("."), words or [])
    _run(run, line, {}, node, "shell")
    return Value((Inst(_COMMAND, line),))


def piped(run: Run, left: Value, right: Value, node: ast.AST | None) -> Value | None:
    """``curl[url] | bash``; ``None`` where these are no commands."""
    lines = [_line_of(one) for one in (left, right)]
    if None in lines:
        return None
    line = const(" | ".join(one for one in lines if one is not None))
    _run(run, line, {}, node, "shell")
    return Value((Inst(_COMMAND, line),))


def _line_of(value: Value) -> str | None:
    for atom in value.atoms:
        if type(atom) is Inst and atom.type == _COMMAND and atom.made is not None:
            return path_texts(atom.made)[0]
        if type(atom) is Name and atom.dotted.startswith(PLUMBUM):
            return atom.dotted.removeprefix(PLUMBUM)
    return None


def _line(words: list[str], args: list[Value]) -> Value:
    texts = [path_texts(one)[0] if one.atoms else HOLE for one in args]
    return const(" ".join([*words, *map(_quoted, texts)]))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _option(key: str, value: Value) -> str:
    flag = "-" + key if len(key) == 1 else "--" + key.replace("_", "-")
    only = value.only()
    if only is not None and only.value is True:
        return flag
    return f"{flag}={path_texts(value)[0] if value.atoms else HOLE}"


def _run(run: Run, line: Value, kwargs: dict[str, Value], node: ast.AST | None, language: str) -> Value:
    entry = run.known("subprocess.run")
    if entry is None:
        return Value()
    shell = {"shell": const(True)} if language == "shell" else {}
    site = Site("subprocess.run", [line], {**shell, **kwargs}, node)
    given = perform(run, entry, site)
    found = {one.kind for one in run.found.values()}
    return Value((), given.marks | ({"network"} if Kind.NETWORK_CONNECT in found else set()))
