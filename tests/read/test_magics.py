"""Magics -> effects, from their table."""

from __future__ import annotations

import pytest

from jupyter_guard import Session
from jupyter_guard.read.context import Context
from jupyter_guard.read.magics import magic_entries, read_magic
from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Effect, Kind


def effects(code: str) -> list[Effect]:
    context = Context(workspace="/home/sam/work", home="/home/sam")
    return [
        effect
        for one in segments(code)
        if one.language in ("magic", "help", "other")
        for effect in read_magic(one, context)
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("%run http://x.test/setup.py", Kind.CODE_EXECUTE),
        ("%%writefile ~/.bashrc\nx", Kind.FILE_WRITE),
        ("%env LD_PRELOAD=/dev/shm/x.so", Kind.CODE_EXECUTE),
        ("%alias ls rm -rf", Kind.GUARD_TAMPER),
        ("%unload_ext jupyter_guard", Kind.GUARD_TAMPER),
        ("%pip install pandas", Kind.PACKAGE_INSTALL),
        ("%%javascript\nJupyter.notebook.kernel.execute('x')", Kind.PAGE_SCRIPT),
        ("%%perl\nunlink 'x'", Kind.UNREAD),
        ("%load_ext http_evil", Kind.CODE_EXECUTE),
        ("%store -z", Kind.FILE_DELETE),
        ("%store x > /etc/hosts", Kind.FILE_WRITE),
        ("%reset -f", Kind.DATA_DESTROY),
        ("%no_such_magic x", Kind.CODE_EXECUTE),
    ],
)
def test_what_a_magic_does(code: str, kind: Kind) -> None:
    assert kind in {one.kind for one in effects(code)}


@pytest.mark.parametrize(
    "code",
    [
        "%matplotlib inline",
        "%load_ext autoreload",
        "%autoreload 2",
        "%env OMP_NUM_THREADS=4",
        "%cd data",
        "%%html\n<b>x</b>",
        "f?",
        "%who",
    ],
)
def test_what_a_magic_does_not(code: str) -> None:
    assert effects(code) == []


@pytest.mark.parametrize("name", sorted(magic_entries()))
def test_an_entry_s_example_does_what_it_says(name: str) -> None:
    entry = magic_entries()[name]
    kinds = {kind for act in entry.acts for kind in act.kinds}
    if entry.example and kinds:
        assert kinds & {one.kind for one in effects(entry.example)}
    if entry.near:
        assert not kinds & {one.kind for one in effects(entry.near)}


@pytest.mark.parametrize(
    "magic",
    ["%cd /srv", "%cd -q /srv", "%cd '/srv/a b'", "cd /srv", "where = '/srv'\n%cd {where}", "%pushd /srv"],
)
def test_where_relative_paths_start(magic: str) -> None:
    session = Session(origin="assistant")
    session.vet(magic)
    # Outside of the workspace it is dearer.
    for cell in ("!rm -rf data", "import shutil\nshutil.rmtree('data')"):
        assert session.vet(cell).verdict >= "confirm"
    session.vet("%cd -")
    assert session.vet("!rm -rf data").verdict == "warn"
