"""Paths as objects: what their methods do, and that a path climbing out of a temporary directory is temporary no more."""

from __future__ import annotations

import pytest

from jupyter_guard import vet
from jupyter_guard.terms import Kind, Scope, Verdict

TEMPORARY = "import tempfile, shutil, os\nfrom pathlib import Path\nd = tempfile.mkdtemp()\ntmp = Path(d)\n"


@pytest.mark.parametrize(
    "code",
    [
        "Path('/etc/motd').open('w').close()",
        "with Path('/etc/motd').open(mode='a') as f:\n    f.write('x')",
        "with (Path('/etc') / 'motd').open('r+') as f:\n    f.write('x')",
        "Path.open(Path('/etc/motd'), 'w')",
        "Path('a').copy('/etc/motd')",
        "Path('motd').copy_into('/etc')",
        "Path('a').move('/etc/motd')",
        "Path('a').link_to('/etc/motd')",
    ],
)
def test_a_path_writes(code: str) -> None:
    report = vet("from pathlib import Path\n" + code, origin="assistant")
    assert [one for one in report.effects if one.kind is Kind.FILE_WRITE and one.scope is Scope.SYSTEM]
    assert report.verdict >= Verdict.CONFIRM


def test_what_a_path_opens_is_read() -> None:
    report = vet(
        "from pathlib import Path\nprint(Path('/home/ana/.aws/credentials').open().read())", origin="assistant"
    )
    assert {one.rule for one in report.findings} == {"JG601", "JG602"}


@pytest.mark.parametrize(
    "code",
    [
        "shutil.rmtree(tmp.parent.parent / 'home')",
        "shutil.rmtree(tmp.parents[1] / 'home')",
        "shutil.rmtree(tmp / '../../home')",
        "shutil.rmtree(tmp / '/home')",
        "shutil.rmtree(f'{d}/x/../../../home')",
        "shutil.rmtree(os.path.join(d, '/home'))",
        "shutil.rmtree(os.path.join('/home', os.path.basename(d)))",
        "shutil.rmtree(Path('/home') / tmp.name)",
        "for p in (tmp.parent.parent / 'home').iterdir():\n    shutil.rmtree(p)",
    ],
)
def test_climbing_out_of_a_temporary_directory(code: str) -> None:
    report = vet(TEMPORARY + code, origin="assistant")
    assert report.verdict is Verdict.BLOCK, report.sentence


@pytest.mark.parametrize(
    "code",
    [
        "shutil.rmtree(tmp)",
        "shutil.rmtree(tmp / 'x')",
        "shutil.rmtree((tmp / 'a' / 'b').parent)",
        "os.remove(d + '/x/../y')",
    ],
)
def test_what_stays_in_a_temporary_directory(code: str) -> None:
    assert vet(TEMPORARY + code, origin="assistant").findings == ()


@pytest.mark.parametrize(
    "code",
    [
        "import tarfile\nwith tarfile.open('a.tgz') as t:\n    for m in t:\n"
        "        open(os.path.join('out', m.name), 'wb').write(t.extractfile(m).read())",
        "import tarfile\nt = tarfile.open('a.tgz')\nfor n in t.getnames():\n    open('out/' + n, 'wb')",
        "import zipfile\nz = zipfile.ZipFile('a.zip')\nfor n in z.namelist():\n    Path('out', n).write_bytes(z.read(n))",
        "import zipfile\nz = zipfile.ZipFile('a.zip')\nfor i in z.infolist():\n    Path('out', i.filename).open('wb')",
        "import tarfile\ntarfile.open('a.tgz').extractall('out', filter='fully_trusted')",
    ],
)
def test_an_archive_chooses_where_it_lands(code: str) -> None:
    report = vet("import os\nfrom pathlib import Path\n" + code, origin="assistant")
    assert "JG216" in {one.rule for one in report.findings}


def test_the_last_part_of_an_archives_name_is_only_a_name() -> None:
    code = (
        "import zipfile\nfrom pathlib import Path\nz = zipfile.ZipFile('a.zip')\n"
        "for n in z.namelist():\n    Path('out', Path(n).name).write_bytes(z.read(n))"
    )
    assert vet(code, origin="assistant").findings == ()
