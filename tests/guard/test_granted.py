"""What a policy grants is a known place where code is read: for writing and reading there, and for nothing else."""

from __future__ import annotations

import pytest

from jupyter_guard import Policy, Session
from jupyter_guard.guard.granted import path_of
from jupyter_guard.terms import Origin

GRANTS = 'version = 1\n[isolation]\nread = ["*", "/srv/in", "aws"]\nwrite = [{}]\n'
WRITE = '".", "/srv/out", "~/shared", "~", "/", "/etc", "../beside"'


def found(code: str, policy: Policy | str, origin: Origin = Origin.ASSISTANT) -> list[tuple[str, str]]:
    session = Session(policy, origin, workspace="/home/me/work", home="/home/me")
    return [(one.rule, str(one.severity)) for one in session.vet(code).findings]


@pytest.mark.parametrize(
    ("code", "before"),
    [
        ("open('/srv/out/a.csv', 'w').write('x')", [("JG212", "high")]),
        ("open('/srv/out/a.csv', 'a').write('x')", [("JG212", "high")]),
        ("import sys\nopen(f'/srv/out/{sys.argv[1]}.csv', 'w').write('x')", [("JG212", "high")]),
        ("open('/home/me/shared/a.csv', 'w').write('x')", [("JG212", "note")]),
        ("from pathlib import Path\n(Path.home() / 'shared' / 'a.csv').write_text('x')", [("JG212", "note")]),
        ("open('../beside/a.csv', 'w').write('x')", [("JG212", "note")]),
        ("!cp a.csv /srv/out/", [("JG212", "high")]),
        ("!cp -r /srv/in/* .", [("JG223", "medium")]),
        ("!cp -r /srv/out/* .", [("JG223", "medium")]),
    ],
)
def test_a_granted_place_is_judged_as_the_workspace_is(code: str, before: list[tuple[str, str]]) -> None:
    assert found(code, "personal") == before
    assert found(code, Policy.parse(GRANTS.format(WRITE))) == []


@pytest.mark.parametrize(
    "code",
    [
        # A grant to read or write is none to delete, to move away or to open up.
        "import shutil\nshutil.rmtree('/srv/out')",
        "import os\nos.remove('/srv/out/a.csv')",
        "!rm /srv/out/a.csv",
        "import os\nos.rename('/srv/out/a.csv', 'a.csv')",
        "import os\nos.chmod('/srv/out/a.csv', 0o777)",
        # What is dangerous wherever it is.
        "open('/srv/out/sitecustomize.py', 'w').write('x')",
        "open(input('/srv/out/'), 'w').write('x')",
        "import duckdb\nduckdb.sql(\"COPY t TO '/srv/out/a.csv'\")",
        "open('/home/me/.aws/credentials').read()",
        "import zipfile\nzipfile.ZipFile('in.zip').extractall('/srv/out')",
        # Beside it, around it, and by a way back.
        "open('/srv/other/a.csv', 'w').write('x')",
        "open('/srv/outer.csv', 'w').write('x')",
        "open('/srv/out/../other/a.csv', 'w').write('x')",
        "import sys\nopen(f'/srv/out/{sys.argv[1]}/../../x', 'w').write('x')",
        "open('/srv/in/a.csv', 'w').write('x')",
        # No folder for data, whoever grants it.
        "open('/etc/motd', 'w').write('x')",
        "open('/home/me/notes.txt', 'w').write('x')",
        "open('/usr/lib/a.py', 'w').write('x')",
    ],
)
@pytest.mark.parametrize("origin", [Origin.ASSISTANT, Origin.HUMAN])
def test_nothing_else_is_milder_for_a_grant(code: str, origin: Origin) -> None:
    before = found(code, "personal", origin)
    assert before
    assert found(code, Policy.parse(GRANTS.format(WRITE)), origin) == before


def test_a_credential_in_a_file_is_as_bad_there_as_in_the_workspace() -> None:
    code = "import json, os\njson.dump(dict(os.environ), open('{}/env.json', 'w'))"
    assert found(code.format("/srv/out"), Policy.parse(GRANTS.format(WRITE))) == found(code.format("out"), "personal")


def test_everything_is_no_place() -> None:
    code = "open('/srv/out/a.csv', 'w').write('x')"
    assert found(code, Policy.parse(GRANTS.format('"*"'))) == found(code, "personal") != []


def test_a_policy_that_changes_counts_from_the_next_cell_on() -> None:
    session = Session("personal", "assistant", workspace="/home/me/work", home="/home/me")
    code = "open('/srv/out/a.csv', 'w').write('x')"
    assert session.vet(code).findings
    session.adopt(Policy.parse(GRANTS.format(WRITE)))
    report = session.vet(code)
    assert not report.findings
    assert any("granted" in one.tags for one in report.effects)


def test_paths_of_targets() -> None:
    assert [path_of(one, "/work", "/home/me") for one in ("a", "$HOME/a", "~", "//srv/a", "./a/../b")] == [
        "/work/a", "/home/me/a", "/home/me", "/srv/a", "/work/b",
    ]  # fmt: skip
    assert [path_of(one, "/work", "/home/me") for one in ("", "…", "s3://b/a", "~other/a", "$DATA/a", "a/…/../b")] == [
        ""
    ] * 6
