"""Code that this process compiles after its cells were judged -> put before the guard, which lets it run or raises.

What a cell says is judged before it runs. What it builds, downloads, writes into a file and imports, or changes with a
transformer is not known until Python compiles it: the audit hook in ``hook.py`` sees that moment. It lives among the
code that it watches, so it is evidence and no wall.

Who compiles decides: a library that writes its own code (``namedtuple``, ``dataclasses``) is left alone, the import of
an installed library too; a cell, a file of the user's, or a library whose work is to run what it is given, is not.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import threading
import weakref
from typing import Any

CELL, LIBRARY, RUNNER, CARRIER, PARSER, SHELL, OTHER = range(7)

# Library files with a part of their own in this; everything else in a library compiles only what it wrote itself.
PARTS = {
    "ast.py": PARSER,
    "py_compile.py": PARSER,
    "codeop.py": CARRIER,
    "IPython/core/compilerop.py": CARRIER,
    "IPython/core/interactiveshell.py": SHELL,
    "IPython/core/magics/execution.py": RUNNER,
    "IPython/core/completer.py": RUNNER,
    "bdb.py": RUNNER,
    "cProfile.py": RUNNER,
    "code.py": RUNNER,
    "doctest.py": RUNNER,
    "numexpr/necompiler.py": RUNNER,
    "pdb.py": RUNNER,
    "profile.py": RUNNER,
    "sympy/parsing/sympy_parser.py": RUNNER,
    "timeit.py": RUNNER,
    "trace.py": RUNNER,
}
# IPython's and ipykernel's own transformers only translate syntax that the guard reads itself.
NATIVE = ("IPython.core.", "ipykernel.")
DEEPEST = 500
KEPT = 2000
LARGEST = 4 * 1024 * 1024
# What the guard is shown of code that has no text; it reads as code that cannot be read.
NO_TEXT = "\0"
# Without a call, an attribute, a decorator, an import or a protocol there is nothing to judge: `1 + x`, `[1, 2]`.
_CAN_ACT = re.compile(r"[(@]|\.(?!\d)|\][^=\n]*(?<![=!<>])=(?!=)|\b(?:import|with|class|match|del|async)\b")
_SHORT = 500


class _Nobody:
    """No thread."""


_NO_THREAD = _Nobody()


class Text:
    """Code that is about to run: its text, how it came about, and the cells on the stack, the innermost first.

    ``how`` is ``"text"`` (built at run time), ``"cell"`` (a cell inside the cell), ``"changed"`` (a cell that a
    transformer changed), ``"run"`` (a file in the session's own namespace) or ``"module"``. ``cells`` are pairs of
    execution count and line. ``about`` is what whoever does an act can do beside.
    """

    __slots__ = ("about", "cells", "code", "how", "path")

    def __init__(
        self, code: str, how: str, path: str = "", cells: tuple[tuple[int, int], ...] = (), about: Any = None
    ) -> None:
        self.about = about or {}
        self.code = code
        self.how = how
        self.path = path
        self.cells = cells


class Watch:
    """Decides what is put before ``judge``, which takes a ``Text`` and raises when it may not run.

    ``request()`` gives the message that the kernel works on (a dictionary, perhaps empty). ``cells`` says whether
    IPython's own cells are looked after here too: a cell with the request's very text was judged already.
    """

    def __init__(self, shell: Any, judge: Any, request: Any, cells: bool = True, workspace: str | None = None) -> None:
        self.shell = shell
        # Who hears of acts, as `whose.Acts` does.
        self.acts: Any = None
        self._judge = judge
        self._request = request
        self._cells = cells
        self._kinds: dict[str, int] = {}
        # Where ipykernel says that cells are; forked processes run the same ones.
        self._cell_folder = os.sep + "ipykernel_%d" % os.getpid() + os.sep
        self._roots = library_roots(workspace or os.getcwd())
        self._passed: dict[str, Any] = {}
        self._passed_about = ""
        self._passed_nodes: Any = None
        self._files: set[str] = set()
        self._parsed = threading.local()
        self._carried = threading.local()
        # The cells that started each thread; those that were there before the first cell are nobody's.
        self._started: Any = weakref.WeakKeyDictionary((one, ()) for one in threading.enumerate())
        self._transformers: list[Any] = []
        self._are_native = True

    # --- the two events

    def compiling(self, source: Any, filename: Any, frame: Any) -> None:
        """Something is compiled by ``frame``. Raises what ``judge`` raises."""
        kind = self.kind(frame.f_code.co_filename)
        while kind == CARRIER:
            if frame.f_code.co_name == "ast_parse":
                self._note_parsed(source)
                return
            frame = frame.f_back
            if frame is None:
                return
            kind = self.kind(frame.f_code.co_filename)
        name = frame.f_code.co_name
        if kind == PARSER:
            return
        if kind == SHELL and name == "run_ast_nodes":
            self._cell(frame)
        elif kind in (CELL, OTHER, RUNNER) or (kind == SHELL and name in ("ex", "ev")):
            self._ask(self._parsed_text(source) if kind == RUNNER else self._text(source), "text", "", frame)
            if isinstance(filename, str) and not filename.startswith("<"):
                self._files.add(filename)
        elif isinstance(filename, str) and self._is_own_file(filename) and not self._only_compiles(frame):
            self._ask(self._text(source), "run" if name == "execfile" else "module", filename, frame)
            self._files.add(filename)

    def running(self, code: Any, frame: Any) -> None:
        """A code object runs: that of a file which was compiled in an earlier session is new to the guard."""
        filename = getattr(code, "co_filename", "")
        if self.kind(filename) != OTHER:
            return
        if filename in self._files:
            # It has just been compiled, and judged then; next time it may be another file's cached code.
            self._files.discard(filename)
            return
        if not self._is_own_file(filename):
            return
        try:
            with open(filename, "rb") as file:
                source: Any = file.read(LARGEST + 1)
        except OSError:
            source = NO_TEXT
        self._ask(self._text(source), "module", filename, frame)

    def ask_act(self, code: str, frame: Any, about: Any = None) -> Any:
        """Something is about to be done, which ``code`` would do too. Raises and returns what ``judge`` does."""
        return self._ask(code, "act", "", frame, about)

    def starting(self, thread: Any, frame: Any) -> None:
        """``frame`` starts a thread: what is done there is the doing of the cells on the stack, too."""
        self._started[thread] = self._authors(self.cells_of(frame))

    def carrying(self, function: Any, frame: Any) -> Any:
        """The function that ``frame`` hands to another thread, done there as its doing."""
        cells = self._authors(self.cells_of(frame))
        if not cells or not callable(function):
            return function

        @functools.wraps(function)
        def carried(*args: Any, **kwargs: Any) -> Any:
            before, self._carried.cells = getattr(self._carried, "cells", ()), cells
            try:
                return function(*args, **kwargs)
            finally:
                self._carried.cells = before

        return carried

    def _authors(self, cells: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """The cells on the stack, and those that what runs in this thread comes from."""
        others = (*getattr(self._carried, "cells", ()), *(self._started.get(_thread()) or ()))
        return tuple(dict.fromkeys(cells[:10] + others[:10]))

    # --- what counts as what

    def kind(self, filename: str) -> int:
        """What part the code in a file plays."""
        found = self._kinds.get(filename)
        if found is None:
            if len(self._kinds) > KEPT * 10:
                self._kinds.clear()
            found = self._kinds[filename] = self._classified(filename)
        return found

    def _classified(self, filename: str) -> int:
        if not filename:
            return OTHER
        if filename.startswith("<"):
            if filename.startswith("<frozen "):
                return LIBRARY
            return CELL if filename.startswith("<ipython-input") else OTHER
        if self._cell_folder in filename:
            return CELL
        path = os.path.abspath(filename)
        for root in self._roots:
            if path.startswith(root):
                for tail, part in PARTS.items():
                    if path.endswith(os.sep + tail.replace("/", os.sep)):
                        return part
                return LIBRARY
        return OTHER

    def _is_own_file(self, filename: str) -> bool:
        return not filename.startswith("<") and self.kind(filename) == OTHER and os.path.exists(filename)

    def _only_compiles(self, frame: Any) -> bool:
        """Whether a library compiles a file to store it: it is judged when it runs."""
        for _ in range(4):
            if frame is None:
                return False
            if self.kind(frame.f_code.co_filename) == PARSER:
                return True
            frame = frame.f_back
        return False

    # --- cells

    def _cell(self, frame: Any) -> None:
        """IPython compiles a node of a cell: was it judged as it stands?"""
        if self.acts is not None:
            self.acts.cell_begins()
        # What was parsed for it is no magic's.
        parsed, self._parsed.texts = getattr(self._parsed, "texts", None), []
        if not self._cells:
            return
        here = frame.f_locals
        nodes = here.get("nodelist")
        if nodes is not None and nodes is self._passed_nodes:
            return
        outer = frame.f_back
        raw = outer.f_locals.get("raw_cell") if outer is not None else None
        content = self._request().get("content") or {}
        changed = self.transformers_differ()
        if changed or raw is None or raw != content.get("code"):
            if changed or raw is None:
                # Text that no transformer of trees has touched is what was parsed.
                raw = _unparsed(nodes) if self.shell.ast_transformers or not parsed else self._text(parsed[-1])
            self._ask(raw, "changed" if changed else "cell", "", frame)
        self._passed_nodes = nodes

    def transformers_differ(self) -> bool:
        """Whether anything but IPython's own syntax can have changed a cell's code."""
        text = text_transformers(self.shell)
        if text != self._transformers:
            self._transformers, self._are_native = text, all(is_native(one) for one in text)
        return bool(self.shell.ast_transformers) or not self._are_native

    def _note_parsed(self, source: Any) -> None:
        texts = getattr(self._parsed, "texts", None)
        if texts is None:
            texts = self._parsed.texts = []
        texts.append(source)
        del texts[:-8]

    # --- asking

    def _text(self, source: Any) -> str:
        if isinstance(source, str):
            return source
        if isinstance(source, (bytes, bytearray, memoryview)):
            return decoded(bytes(source))
        return _unparsed(getattr(source, "body", None))

    def _parsed_text(self, source: Any) -> str:
        """The text behind a tree that one of IPython's magics has just parsed, and may have put into another one."""
        texts = getattr(self._parsed, "texts", None)
        if not texts or isinstance(source, (str, bytes)):
            return self._text(source)
        found = "\n".join(self._text(one) for one in texts)
        del texts[:]
        return found

    def _ask(self, code: str, how: str, path: str, frame: Any, beside: Any = None) -> Any:
        if how == "text" and len(code) < _SHORT and not _CAN_ACT.search(code):
            return None
        about = str((self._request().get("header") or {}).get("msg_id", ""))
        if about != self._passed_about or len(self._passed) > KEPT:
            self._passed_about = about
            self._passed = {}
        # The same words are about other files in another folder.
        seen = how, (beside or {}).get("folder")
        if self._passed.get(code) == seen:
            return None
        if len(code) > LARGEST:
            code = NO_TEXT
        cells = self.cells_of(frame)
        if how == "act":
            # Where no cell is named anybody may be the author: in a thread that nobody knows, too.
            cells = cells and (self._authors(cells) if _thread() in self._started else ())
        told = self._judge(Text(code, how, path, cells, beside))
        if code != NO_TEXT and (not isinstance(told, dict) or not (told.get("free") or told.get("hold"))):
            # Two texts that nobody can read need not be the same.
            self._passed[code] = seen
        return told

    def cells_of(self, frame: Any) -> tuple[tuple[int, int], ...]:
        """The cells whose code is on the stack: pairs of execution count (0 when unknown) and line."""
        numbers = getattr(getattr(self.shell, "compile", None), "_filename_map", None) or {}
        found = []
        for _ in range(DEEPEST):
            if frame is None:
                break
            filename = frame.f_code.co_filename
            if self.kind(filename) == CELL:
                place = (int(numbers.get(filename) or 0), int(frame.f_lineno or 0))
                if place not in found:
                    found.append(place)
            frame = frame.f_back
        return tuple(found[:20])


def _thread() -> Any:
    """The thread that this is, as `threading` knows it. Asking `current_thread` would make one where it knows none."""
    return threading._active.get(threading.get_ident(), _NO_THREAD)  # type: ignore[attr-defined]


def text_transformers(shell: Any) -> list[Any]:
    """What changes a cell's text before it is parsed."""
    manager = shell.input_transformer_manager
    own = [*manager.cleanup_transforms, *manager.line_transforms, *manager.token_transformers]
    return own + list(getattr(shell, "input_transformers_post", ()))


def is_native(transformer: Any) -> bool:
    """Whether a transformer is one of IPython's own."""
    module = getattr(transformer, "__module__", None) or type(transformer).__module__
    return str(module).startswith(NATIVE)


def library_roots(workspace: str) -> tuple[str, ...]:
    """The folders of installed code, each with a separator at its end: what is below them no cell has written."""
    import site
    import sysconfig

    found = [one for key, one in sysconfig.get_paths().items() if key in ("stdlib", "platstdlib", "purelib", "platlib")]
    for base in (sys.prefix, sys.base_prefix, sys.exec_prefix):
        found += [os.path.join(base, "lib"), os.path.join(base, "Lib")]
    with contextlib.suppress(AttributeError):
        found += list(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    own = os.path.abspath(workspace) + os.sep
    here = os.path.dirname(os.path.abspath(__file__))
    # What was importable before the first cell ran, but for the workspace's own folders.
    found += [one for one in sys.path if one and not (os.path.abspath(one) + os.sep).startswith(own)]
    roots = [os.path.abspath(one).rstrip(os.sep) + os.sep for one in [*found, here] if one]
    return tuple(dict.fromkeys(one for one in roots if not own.startswith(one)))


def decoded(source: bytes) -> str:
    """Python source in bytes as text."""
    match = re.match(rb"^(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", source)
    for encoding in (match.group(1).decode("ascii", "replace") if match else "utf-8-sig", "utf-8-sig"):
        try:
            return source.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return source.decode("latin-1")


def _unparsed(nodes: Any) -> str:
    import ast

    try:
        body = [nodes] if isinstance(nodes, ast.AST) else list(nodes)
        return "\n".join(ast.unparse(one) for one in body)
    except (RecursionError, ValueError, AttributeError, TypeError):
        # Trees built by hand, and Python 3.8, which cannot write a tree as text.
        return NO_TEXT
