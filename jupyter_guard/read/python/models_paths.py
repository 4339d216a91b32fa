"""Paths (``os.path``, ``pathlib``, ``tempfile``, ``glob``) -> the paths that they give."""

# ruff: noqa: ARG001, ARG005 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

import posixpath
from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.acts import TAINTS, below_made
from jupyter_guard.read.python.fold import PATH, join_paths, path_texts
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    ARCHIVED,
    MANY,
    SELF_MADE,
    Inst,
    Seq,
    Value,
    const,
    derived,
    items_of,
    join,
)


def _each(change: Callable[[Run, str], str]) -> Callable[[Run, Site], Value]:
    """A function from path to path."""

    def model(run: Run, site: Site) -> Value:
        value = site.args[0] if site.args else site.kwargs.get("path", ANYTHING)
        return _changed(run, value, change)

    return model


def _changed(run: Run, value: Value, change: Callable[[Run, str], str]) -> Value:
    texts = [change(run, text) for text in path_texts(value)]
    marks = value.marks
    if SELF_MADE in marks and not all(below_made(text) for text in texts):
        marks -= {SELF_MADE}
    return join(const(text) for text in texts).marked(marks).by(value.origin)


def _last(run: Run, value: Value) -> Value:
    """The last part of a path: a name, no place any more, and not one that climbs."""
    return _changed(run, value, _basename).without(SELF_MADE, ARCHIVED)


def _expanded(run: Run, text: str) -> str:
    if text == "~" or text.startswith("~/"):
        return run.context.home + text[1:]
    return text


def _absolute(run: Run, text: str) -> str:
    if text.startswith(HOLE) or not text:
        return text
    return run.here(None).resolve(text) if not text.startswith("~") else text


def _variables(run: Run, text: str) -> str:
    return text.replace("${HOME}", run.context.home).replace("$HOME", run.context.home)


def _parent(run: Run, text: str) -> str:
    if text.startswith(HOLE) and "/" not in text:
        return HOLE
    return posixpath.dirname(text.rstrip("/")) or "."


def _dirname(run: Run, text: str) -> str:
    return HOLE if text.startswith(HOLE) and "/" not in text else posixpath.dirname(text)


def _basename(run: Run, text: str) -> str:
    return posixpath.basename(text)


def _joined(run: Run, site: Site) -> Value:
    if site.open:
        return join_paths([*site.args, ANYTHING])
    return join_paths(list(site.args))


def _splitext(run: Run, site: Site) -> Value:
    value = site.args[0] if site.args else ANYTHING
    texts = path_texts(value)
    if len(texts) != 1 or HOLE in texts[0]:
        return Value((Seq([derived(value), derived(value)], "tuple"),))
    return Value((Seq([const(part, value.marks) for part in posixpath.splitext(texts[0])], "tuple"),))


def _split(run: Run, site: Site) -> Value:
    value = site.args[0] if site.args else ANYTHING
    return Value((Seq([_changed(run, value, _dirname), _last(run, value)], "tuple"),))


def _path(run: Run, site: Site) -> Value:
    made = join_paths(list(site.args)) if site.args else const(".")
    return Value((Inst(PATH, made),), made.marks)


def _anywhere(run: Run, site: Site) -> Value | None:
    """A path of any kind: without a protocol, or with that of files, it is one of this machine."""
    texts = path_texts(site.args[0]) if site.args else []
    if len(texts) != 1 or texts[0].startswith(HOLE):
        return None
    protocol, colon, rest = texts[0].partition("://")
    if colon and protocol not in ("file", "local"):
        return None
    made = join_paths([const(rest if colon else texts[0], site.args[0].marks), *site.args[1:]])
    return Value((Inst(PATH, made),), made.marks)


def _self(site: Site) -> Value:
    return site.made() if site.owner is not None else ANYTHING


def _method(change: Callable[[Run, str], str]) -> Callable[[Run, Site], Value]:
    def model(run: Run, site: Site) -> Value:
        made = _changed(run, _self(site), change)
        return Value((Inst(PATH, made),), made.marks)

    return model


def _as_path(made: Value) -> Value:
    return Value((Inst(PATH, made),), made.marks)


def _parents(run: Run, made: Value) -> Value:
    """Every directory above a path, the nearest first, as far as its text tells."""
    above = [_changed(run, made, _parent)]
    while len(above) < _MOST_PARENTS and len(path_texts(above[-1])) == 1:
        text = path_texts(above[-1])[0]
        if text in ("/", ".", HOLE):
            break
        above.append(_changed(run, above[-1], _parent))
    return Value((Seq([_as_path(one) for one in above], "list", _as_path(above[-1])),))


_MOST_PARENTS = 32


def _archived(made: Value) -> Value:
    return const(HOLE, (made.marks & TAINTS) | {ARCHIVED, MANY})


def _members(type_: str, made: Value) -> Value:
    """The descriptions of an archive's members, as many as there are."""
    return Value((Seq([], "list", Value((Inst(type_, made),), frozenset({MANY}))),), frozenset({MANY}))


def _member_names(run: Run, site: Site) -> Value:
    return Value((Seq([], "list", _archived(_self(site))),), frozenset({MANY}))


def _joinpath(run: Run, site: Site) -> Value:
    made = join_paths([_self(site), *site.args])
    return Value((Inst(PATH, made),), made.marks)


def _with_name(run: Run, site: Site) -> Value:
    made = join_paths([_changed(run, _self(site), _parent), *site.args[:1]])
    return Value((Inst(PATH, made),), made.marks)


def _with_suffix(run: Run, site: Site) -> Value:
    suffix = path_texts(site.args[0])[0] if site.args else ""
    made = _changed(run, _self(site), lambda _run, text: posixpath.splitext(text)[0] + suffix)
    return Value((Inst(PATH, made),), made.marks)


def _text(run: Run, site: Site) -> Value:
    return _self(site)


def _home(run: Run, site: Site) -> Value:
    return Value((Inst(PATH, const(run.context.home)),))


def _cwd_text(run: Run, site: Site) -> Value:
    return const(run.memory.directory or run.context.workspace or ".")


def _cwd(run: Run, site: Site) -> Value:
    return Value((Inst(PATH, _cwd_text(run, site)),))


def _listing(run: Run, site: Site) -> Value:
    """Paths below a directory, as many as there are."""
    made = Value((Inst(PATH, join_paths([_self(site), const(_pattern(site))])),))
    return Value(
        (Seq([], "list", made.marked({MANY})),), frozenset({MANY}) | (_self(site).marks & (TAINTS | {SELF_MADE}))
    )


def _pattern(site: Site) -> str:
    texts = path_texts(site.args[0]) if site.args else [HOLE]
    text = texts[0].replace("**", HOLE).replace("*", HOLE).replace("?", HOLE)
    return text if HOLE in text else text + HOLE


def _glob(run: Run, site: Site) -> Value:
    value = site.args[0] if site.args else ANYTHING
    root = site.kwargs.get("root_dir")
    texts = [text.replace("**", HOLE).replace("*", HOLE).replace("?", HOLE) for text in path_texts(value)]
    made = join(const(text) for text in texts)
    if root is not None:
        made = join_paths([root, made])
    marks = (value.marks & (TAINTS | {SELF_MADE})) | {MANY}
    return Value((Seq([], "list", made.marked(marks)),), marks)


def _listdir(run: Run, site: Site) -> Value:
    value = site.args[0] if site.args else const(".")
    marks = (value.marks & TAINTS) | {MANY}
    return Value((Seq([], "list", const(HOLE, marks)),), marks)


def _scandir(run: Run, site: Site) -> Value:
    value = site.args[0] if site.args else const(".")
    made = Value((Inst("os.DirEntry", join_paths([value, const(HOLE)])),), frozenset({MANY}))
    return Value((Seq([], "list", made),), frozenset({MANY}))


def _walk(run: Run, site: Site) -> Value:
    value = site.args[0] if site.args else _self(site)
    many = frozenset({MANY}) | (value.marks & {SELF_MADE})
    below = join([_changed(run, value, lambda _run, text: text), join_paths([value, const(HOLE)])]).marked(many)
    names = Value((Seq([], "list", const(HOLE, many)),), many)
    row = Value((Seq([below, names, names], "tuple"),), many)
    return Value((Seq([], "list", row),), many)


def _temporary(run: Run, site: Site) -> Value:
    place = site.kwargs.get("dir")
    made = join_paths([place, const(HOLE)]) if place is not None else const("/tmp/" + HOLE)  # noqa: S108
    return made.marked({SELF_MADE})


def _temporary_object(run: Run, site: Site) -> Value:
    made = _temporary(run, site)
    return Value((Inst("tempfile.TemporaryDirectory", made),), frozenset({SELF_MADE}))


def _temporary_file(run: Run, site: Site) -> Value:
    return Value((Inst("io.TextIOWrapper", _temporary(run, site)),), frozenset({SELF_MADE}))


def _temporary_pair(run: Run, site: Site) -> Value:
    return Value((Seq([ANYTHING, _temporary(run, site)], "tuple"),))


def _place(run: Run, site: Site) -> Value:
    return const("/tmp")  # noqa: S108


def _which(run: Run, site: Site) -> Value:
    return site.args[0] if site.args and items_of(site.args[0]) is not None else ANYTHING


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "os.path.join": _joined,
    "os.path.expanduser": _each(_expanded),
    "os.path.expandvars": _each(_variables),
    "os.path.abspath": _each(_absolute),
    "os.path.realpath": _each(_absolute),
    "os.path.normpath": _each(lambda run, text: posixpath.normpath(text) if text.strip(HOLE) else text),
    "os.path.dirname": _each(_dirname),
    "os.path.basename": lambda run, site: _last(run, site.args[0] if site.args else site.kwargs.get("p", ANYTHING)),
    "os.path.splitext": _splitext,
    "os.path.split": _split,
    "os.fspath": _each(lambda run, text: text),
    "os.fsencode": _each(lambda run, text: text),
    "os.fsdecode": _each(lambda run, text: text),
    "os.getcwd": _cwd_text,
    "os.listdir": _listdir,
    "os.scandir": _scandir,
    "os.walk": _walk,
    "glob.glob": _glob,
    "glob.iglob": _glob,
    "shutil.which": _which,
    "zipfile.ZipFile.namelist": _member_names,
    "zipfile.ZipFile.infolist": lambda run, site: _members("zipfile.ZipInfo", _self(site)),
    "tarfile.TarFile.getnames": _member_names,
    "tarfile.TarFile.getmembers": lambda run, site: _members("tarfile.TarInfo", _self(site)),
    "py7zr.SevenZipFile.getnames": _member_names,
    "py7zr.SevenZipFile.namelist": _member_names,
    "rarfile.RarFile.namelist": _member_names,
    "tempfile.mkdtemp": _temporary,
    "tempfile.mktemp": _temporary,
    "tempfile.mkstemp": _temporary_pair,
    "tempfile.gettempdir": _place,
    "tempfile.TemporaryDirectory": _temporary_object,
    "tempfile.NamedTemporaryFile": _temporary_file,
    "tempfile.TemporaryFile": _temporary_file,
    "tempfile.TemporaryDirectory.__enter__": _text,
    "io.TextIOWrapper.name": _text,
    "tempfile.TemporaryDirectory.name": _text,
    PATH: _path,
    **dict.fromkeys("anyio.Path trio.Path aiopath.AsyncPath aiopath.Path".split(), _path),
    **dict.fromkeys("upath.UPath cloudpathlib.AnyPath".split(), _anywhere),
    "pathlib.PosixPath": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
    f"{PATH}.home": _home,
    f"{PATH}.cwd": _cwd,
    f"{PATH}.expanduser": _method(_expanded),
    f"{PATH}.resolve": _method(_absolute),
    f"{PATH}.absolute": _method(_absolute),
    f"{PATH}.joinpath": _joinpath,
    f"{PATH}.with_name": _with_name,
    f"{PATH}.with_suffix": _with_suffix,
    f"{PATH}.as_posix": _text,
    f"{PATH}.__str__": _text,
    f"{PATH}.glob": _listing,
    f"{PATH}.rglob": _listing,
    f"{PATH}.iterdir": _listing,
    f"{PATH}.walk": _walk,
}

PROPERTIES: dict[str, Callable[[Run, Value], Value]] = {
    f"{PATH}.parent": lambda run, made: _as_path(_changed(run, made, _parent)),
    f"{PATH}.name": _last,
    f"{PATH}.stem": lambda run, made: _changed(run, _last(run, made), lambda _r, t: posixpath.splitext(t)[0]),
    f"{PATH}.suffix": lambda run, made: _changed(run, _last(run, made), lambda _r, t: posixpath.splitext(t)[1]),
    f"{PATH}.parents": _parents,
    "os.DirEntry.path": lambda run, made: made,
    "os.DirEntry.name": _last,
    "tarfile.TarInfo.name": lambda run, made: _archived(made),
    "tarfile.TarInfo.path": lambda run, made: _archived(made),
    "tarfile.TarInfo.linkname": lambda run, made: _archived(made),
    "zipfile.ZipInfo.filename": lambda run, made: _archived(made),
    "zipfile.ZipInfo.orig_filename": lambda run, made: _archived(made),
    "zipfile.ZipFile.filelist": lambda run, made: _members("zipfile.ZipInfo", made),
    "tarfile.TarFile.members": lambda run, made: _members("tarfile.TarInfo", made),
    "io.TextIOWrapper.name": lambda run, made: made,
    "tempfile.TemporaryDirectory.name": lambda run, made: made,
}
