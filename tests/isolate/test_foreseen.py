"""What a box will refuse is said before the cell runs, and what is said is what happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.cli.cases import Case
from jupyter_guard.cli.judging import Judge
from jupyter_guard.guard.foreseen import Box
from jupyter_guard.guard.isolated import Isolated, granted
from jupyter_guard.guard.session import Session
from jupyter_guard.isolate import bubblewrap, landlock
from jupyter_guard.mcp.reading import vetted
from jupyter_guard.policy import Layer, Policy
from jupyter_guard.policy.layer import preset_layer
from jupyter_guard.terms import Cell, Origin
from tests.kernel.front import Front, Run

HAS = {
    "bubblewrap": bubblewrap.trouble(),
    "landlock": "" if landlock.version() >= landlock.FILES else "no Landlock that holds files",
}
# The note is made a warning, so that a card shows it.
POLICY = """version = 1
mode = "observe"
[rules.JG806]
verdict = "warn"
[isolation]
backend = "{backend}"
read = {read}
write = [".", "~/notes/out"]
hosts = ["db.internal:5432"]
env = ["*"]
"""
ALL, NAMED = '["*"]', '["~/notes"]'


@pytest.fixture(
    scope="module",
    params=[("bubblewrap", ALL), ("bubblewrap", NAMED), ("landlock", NAMED)],
    ids=["bubblewrap-all", "bubblewrap-named", "landlock-named"],
)
def boxed(request: pytest.FixtureRequest) -> Iterator[tuple[Front, Path]]:
    backend, read = request.param
    if HAS[backend]:
        pytest.skip(HAS[backend])
    # Not below /tmp, of which a box of namespaces has its own.
    home = Path(tempfile.mkdtemp(prefix=".home-", dir=Path.home()))
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    for name in (".jupyter", ".aws", "notes/out", "other"):
        (home / name).mkdir(parents=True)
    for name in (".aws/credentials", "notes/kept.txt", "notes/out/old.txt", "other/kept.txt"):
        (home / name).write_text("decoy\n")
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend=backend, read=read))
    with Front(folder, "", home=home) as running:
        yield running, home
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def cards(run: Run) -> str:
    """The text of the cards that the cell shows, all in one line."""
    return " ".join(" ".join(one["content"]["data"].get("text/plain", "") for one in run.of("display_data")).split())


def boxed_by(home: Path) -> str:
    """The policy's text."""
    return (home / ".jupyter" / "jupyter_guard.toml").read_text()


@pytest.mark.kernel
def test_what_is_foreseen_is_what_happens(boxed: tuple[Front, Path]) -> None:
    front, home = boxed
    reads_all = 'read = ["*"]' in boxed_by(home)
    refused = {
        f"open('{home}/.aws/credentials').read()": "grant aws",
        f"open('{home}/notes/new.txt', 'w').write('x')": f"grant --write {home}/notes",
        f"open('{home}/other/new.txt', 'w').write('x')": f"grant --write {home}/other",
        f"import os\nos.remove('{home}/notes/kept.txt')": f"grant --write {home}/notes",
        "import urllib.request\nurllib.request.urlopen('http://example.org/', timeout=5)": "grant example.org",
        "import socket\nsocket.create_connection(('198.51.100.7', 8080), timeout=5)": "grant 198.51.100.7:8080",
    }
    opened = [
        f"open('{home}/notes/kept.txt').read()",
        f"open('{home}/notes/out/new.txt', 'w').write('x')",
        f"import os\nos.remove('{home}/notes/out/old.txt')",
        "open('mine.txt', 'w').write('x')",
        "import tempfile\nopen(tempfile.gettempdir() + '/mine.txt', 'w').write('x')",
    ]
    # A home of which nothing else is opened is another one in a box of namespaces.
    here, is_new = f"open('{home}/new.txt', 'w').write('x')", "bubblewrap" in boxed_by(home) and not reads_all
    if not is_new:
        refused[here] = f"grant --write {home}"
    other = f"open('{home}/other/kept.txt').read()"
    if reads_all:
        opened.append(other)
    else:
        refused[other] = f"grant {home}/other"
    for code, command in refused.items():
        run = front.run(code)
        said = cards(run)
        assert run.of("error"), code
        assert "JG806" in said, code
        assert command in said, said
    for code in opened:
        run = front.run(code)
        assert not run.of("error"), (code, run.error)
        assert "JG806" not in cards(run), code
    if is_new:
        run = front.run(here)
        assert "stays in the box, and ends with the kernel" in cards(run)
        assert not run.of("error")
        assert not (home / "new.txt").exists()


def box(policy: Policy, home: Path, held: Policy | None = None) -> Session:
    session = Session(policy, "assistant", workspace=home / "work", home=str(home))
    isolation = (held or policy).isolation
    made = Isolated("bubblewrap", ("files", "network"), granted=granted(isolation))
    session.box = Box(made, policy, str(home / "work"), {"HOME": str(home)})
    return session


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.resolve()
    for one in ("work/.git/hooks", "data", ".aws"):
        (home / one).mkdir(parents=True)
    (home / "data" / "a.csv").write_text("1")
    (home / ".aws" / "credentials").write_text("decoy")
    return home


def notes(session: Session, code: str) -> list[tuple[str, str]]:
    return [(one.message, one.instead) for one in session.vet(code).findings if one.rule == "JG806"]


def layers(**values: tuple[str, ...]) -> Layer:
    return Layer("site", "site.toml", {f"isolation.{key}": value for key, value in values.items()}, lines={})


def test_the_note_has_the_line_and_the_command_and_changes_no_verdict(home: Path) -> None:
    policy = Policy.parse('version = 1\n[isolation]\nread = []\nwrite = ["."]\nhosts = ["a.test"]\n')
    session, bare = box(policy, home), Session(policy, "assistant", workspace=home / "work", home=str(home))
    code = f"open('{home}/data/a.csv').read()"
    ((message, instead),) = notes(session, code)
    assert message == f"isolation will refuse to read `{home}/data/a.csv`" or "…" in message
    assert instead == (
        f'`jupyter guard policy grant {home}/data` makes it isolation.read = ["{home}/data"]; then restart the kernel.'
    )
    assert session.vet(code).verdict == bare.vet(code).verdict
    assert session.vet(code).sentence == bare.vet(code).sentence
    url = "import requests\nrequests.get('https://{}/x')"
    assert notes(session, url.format("a.test")) == []
    ((message, instead),) = notes(session, url.format("b.test:8443"))
    assert message == "isolation will refuse to connect to `b.test:8443`"
    assert 'isolation.hosts = ["a.test", "b.test:8443"]' in instead


def test_a_mightier_layer_is_named(home: Path) -> None:
    policy = Policy(preset_layer("personal"), [layers(hosts=("a.test",), write=(".",))])
    session = box(policy, home)
    ((_, instead),) = notes(session, "import requests\nrequests.get('https://b.test/x')")
    assert instead.startswith(
        'b.test cannot be granted for isolation.hosts: the site policy (site.toml:0) allows ["a.test"]'
    )
    ((_, instead),) = notes(session, f"open('{home}/data/b.csv', 'w').write('x')")
    assert "cannot be granted for isolation.write: the site policy" in instead


def test_a_grant_that_came_since_asks_for_a_restart(home: Path) -> None:
    before = Policy.parse('version = 1\n[isolation]\nhosts = ["a.test"]\n')
    after = Policy.parse('version = 1\n[isolation]\nhosts = ["a.test", "b.test"]\n')
    ((_, instead),) = notes(box(after, home, before), "import requests\nrequests.get('https://b.test/x')")
    assert "this kernel was started before: restart it" in instead


def test_what_a_lower_home_write_comes_to_is_told(home: Path) -> None:
    policy = Policy.parse('version = 1\n[isolation]\nread = []\nwrite = ["."]\nhosts = []\n')
    ((message, _),) = notes(box(policy, home), f"open('{home}/b.csv', 'w').write('x')")
    assert "stays in the box, and ends with the kernel" in message
    # A folder that is not opened is not there, and there is none to write to.
    ((message, _),) = notes(box(policy, home), f"open('{home}/data/b.csv', 'w').write('x')")
    assert message.startswith("isolation will refuse to write")


@pytest.mark.parametrize(
    "code",
    [
        "open('/nowhere/a.csv').read()",
        "open('{home}/absent.csv').read()",
        "import shutil\nshutil.rmtree('/nowhere/customers')",
        "import os\nos.remove('{home}/data/absent.csv')",
        "open('{home}/data/' + name).read()",
        "def later():\n    return open('{home}/data/a.csv').read()",
        "open('a.csv', 'w').write('x')",
        "open('/proc/cpuinfo').read()",
        "open('/dev/null', 'w').write('x')",
        "import tempfile\nd = tempfile.mkdtemp()\nopen(d + '/a', 'w').write('x')",
        "import requests\nrequests.get('http://localhost:8000/')",
        "import requests\nrequests.get('http://127.0.0.1:8000/')",
        "import requests\nrequests.get('https://a.test/x')",
        "import requests\nrequests.get(url)",
        "from huggingface_hub import snapshot_download\nsnapshot_download('owner/model.v1')",
        "import pandas as pd\npd.read_parquet('s3://bucket.data/a.parquet')",
        "import os\nos.environ['HF_TOKEN']",
        "!pip install numpy",
        "x = 1",
    ],
)
def test_what_is_not_certain_is_not_said(code: str, home: Path) -> None:
    policy = Policy.parse('version = 1\n[isolation]\nread = []\nwrite = ["."]\nhosts = ["a.test"]\n')
    assert notes(box(policy, home), code.replace("{home}", str(home))) == []


def test_a_plain_install_says_nothing_of_what_it_opens(home: Path) -> None:
    session = box(Policy.preset("personal"), home)
    assert notes(session, f"open('{home}/data/a.csv').read()") == []
    assert notes(session, "import requests\nrequests.get('https://b.test/x')") == []
    ((message, instead),) = notes(session, f"open('{home}/.aws/credentials').read()")
    assert message.startswith("isolation will refuse to read")
    assert '`jupyter guard policy grant aws` makes it isolation.read = ["*", "aws"]' in instead
    ((_, instead),) = notes(session, f"open('{home}/work/.git/hooks/pre-commit', 'w').write('x')")
    assert instead.startswith("It is run at a later start")


def test_an_organisation_may_switch_it_off_or_make_it_more(home: Path) -> None:
    code = f"open('{home}/.aws/credentials').read()"
    for text, expected in (("disabled = true", None), ('verdict = "block"', "block")):
        policy = Policy.parse(f"version = 1\n[rules.JG806]\n{text}\n")
        found = [one for one in box(policy, home).vet(code).findings if one.rule == "JG806"]
        assert [str(one.verdict) for one in found] == ([expected] if expected else [])


CALLS = (
    "import requests\nrequests.get('https://a.test/x')\nrequests.get('https://b.test/x')\nopen('/etc/shadow').read()"
)


@pytest.mark.parametrize(
    ("form", "isolation", "expected"),
    [
        ("notebook", 'require = ["network"]\nhosts = ["a.test"]', ["isolation will refuse to connect to `b.test`"]),
        ("cases", 'require = ["network"]\nhosts = ["a.test"]', ["isolation will refuse to connect to `b.test`"]),
        # No kernel runs a script, and where no network is required a kernel may be in no box.
        ("python", 'require = ["network"]\nhosts = ["a.test"]', []),
        ("notebook", 'require = ["files"]\nhosts = ["a.test"]', []),
        ("notebook", 'require = ["network"]\nhosts = ["*"]', []),
    ],
)
def test_outside_a_kernel_the_hosts_that_every_kernel_refuses_are_said(
    form: str, isolation: str, expected: list[str]
) -> None:
    judge = Judge(Policy.parse(f"version = 1\n[isolation]\nread = []\n{isolation}\n"), practice=False)
    (report,) = judge.vet(Case("a", (Cell(CALLS, Origin.HUMAN),), form=form)).reports
    found = [one for one in report.findings if one.rule == "JG806"]
    assert [one.message for one in found] == expected
    assert all("`jupyter guard policy grant b.test` makes it isolation.hosts" in one.instead for one in found)
    (bare,) = Judge(Policy.preset("personal"), practice=False).vet(Case("a", (Cell(CALLS, Origin.HUMAN),))).reports
    assert report.verdict == bare.verdict
    assert report.sentence == bare.sentence


def test_what_an_assistant_asks_about_names_them_too(home: Path) -> None:
    policy = 'version = 1\n[isolation]\nrequire = ["network"]\nhosts = ["a.test"]\n'
    (home / "work" / "jupyter_guard.toml").write_text(policy)
    said = vetted(str(home / "work"), CALLS, "python", [])
    messages = [one["message"] for one in said["findings"] if one["rule"] == "JG806"]
    assert messages == ["isolation will refuse to connect to `b.test`"]
