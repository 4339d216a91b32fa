"""An organisation's own rules: read with all mistakes at once, joined so that no layer below can weaken them, packed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard import Session
from jupyter_guard.policy import Policy, PolicyError, load_effective
from jupyter_guard.policy.layer import parse_layer, preset_layer
from jupyter_guard.policy.packs import with_packs

RULE = '[own.ACME01]\ntitle = "Reads past the gateway"\ninstead = "Use acme.db."\nseverity = "high"\ncalls = ["pandas.read_sql"]\n'
READS = "from pandas import read_sql as r\nr('SELECT 1', c)"


def policy(*layers: tuple[str, str]) -> Policy:
    return Policy(
        preset_layer("personal"), [parse_layer("version = 1\n" + text, name, f"{name}.toml") for name, text in layers]
    )


def found(policy: Policy, *cells: str) -> list[str]:
    session = Session(policy, "assistant")
    return [finding.rule for cell in cells for finding in session.vet(cell).findings]


def test_every_mistake_is_said_with_its_line() -> None:
    text = 'version = 1\n[own.ACME01]\ntitle = "x"\nseverity = "huge"\n[own.JG101]\ntitle = "y"\n[own.ACME02]\ntitle = "z"\ninstead = "w"\ncall = ["a"]\n'
    with pytest.raises(PolicyError) as caught:
        parse_layer(text, "user", "p.toml")
    said = "\n".join(map(str, caught.value.problems))
    assert 'p.toml:2: own.ACME01: expected "instead" and something to find' in said
    assert "p.toml:4: own.ACME01.severity: expected" in said
    shape = '2 to 12 capital letters and a number of 1 to 4 digits, such as "ACME01", not beginning with JG'
    assert f"p.toml:5: own.JG101: expected {shape}" in said.splitlines()
    assert "p.toml:10: own.ACME02.call: unknown key; did you mean 'own.ACME02.calls'?" in said


def test_a_wrong_matcher_is_said_with_all_the_rest() -> None:
    text = 'version = 1\n[own.ACME01]\ntitle = "x"\nseverity = "huge"\nmatch = "Cal()"\n[own.ACME02]\ntitle = "y"\ninstead = "z"\nmatch = "Call("\n'
    with pytest.raises(PolicyError) as caught:
        parse_layer(text, "user", "p.toml")
    places = [str(one).partition(": expected ")[::2] for one in caught.value.problems]
    assert [place for place, _ in places] == [
        "p.toml:2: own.ACME01",
        "p.toml:4: own.ACME01.severity",
        "p.toml:5: own.ACME01.match",
        "p.toml:9: own.ACME02.match",
    ]
    assert [said for place, said in places if place.endswith("01.match")] == [
        "a libcst matcher: libcst.matchers has no matcher 'Cal'"
    ]


def test_a_policy_without_mistakes_is_read_without_libcst() -> None:
    code = (
        "import sys; from jupyter_guard.policy import Policy;"
        'Policy.parse(\'version = 1\\n[own.AB1]\\ntitle = "t"\\ninstead = "i"\\nmatch = "Call()"\\n\');'
        "assert 'libcst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *((name, True) for name in ("AB1", "ABCDEFGHIJKL1234")),
        *((name, False) for name in "A1 ABCDEFGHIJKLM1 ab1 AB AB12345 JG101 JGA1 AB1a".split()),
    ],
)
def test_a_name_is_what_the_message_says(name: str, is_one: bool) -> None:
    table = f'[own.{name}]\ntitle = "t"\ninstead = "i"\ncalls = ["a.b"]\n'
    if is_one:
        assert list(policy(("user", table)).own) == [name]
        return
    with pytest.raises(PolicyError, match="expected 2 to 12 capital letters and a number of 1 to 4 digits"):
        policy(("user", table))


@pytest.mark.parametrize(
    ("replace", "says"),
    [
        ('{"pandas.read_csv" = "acme.db.read"}', '"pandas.read_csv", which "replace" has, among "calls"'),
        ('{"pandas.read_sql" = "read"}', "with names that lie in a module"),
        ('{"pandas.read_sql" = "acme.db.read()"}', "with names that lie in a module"),
        ('"acme.db.read"', "a table such as"),
    ],
)
def test_a_replacement_is_the_name_of_one_for_a_call_of_the_rules(replace: str, says: str) -> None:
    with pytest.raises(PolicyError, match=r"own\.ACME01") as caught:
        policy(("user", f"{RULE}replace = {replace}\n"))
    assert says in str(caught.value)
    made = policy(("user", RULE + 'replace = {"pandas.read_sql" = "acme.db.read"}\n'))
    assert made.own["ACME01"].replace == (("pandas.read_sql", "acme.db.read"),)


def test_calls_are_found_through_aliases_and_cells() -> None:
    assert found(policy(("user", RULE)), READS) == ["ACME01"]
    assert found(policy(("user", RULE)), "import pandas as pd\nread = pd.read_sql", "read('SELECT 1', c)") == ["ACME01"]
    assert found(policy(("user", RULE)), "def read_sql(q): ...\nread_sql(1)\nx = 'pandas.read_sql'") == []
    assert found(policy(), READS) == []


def test_imports_are_found_with_what_lies_below() -> None:
    rule = '[own.OLD1]\ntitle = "t"\ninstead = "i"\nimports = ["acme_old"]\n'
    assert (
        found(policy(("user", rule)), "import acme_old.s3 as s", "from acme_old import x", "import acme_older")
        == ["OLD1"] * 2
    )


def test_the_rows_decide_and_say_who() -> None:
    (finding,) = Session(policy(("user", RULE)), "assistant").vet(READS).findings
    assert (str(finding.verdict), finding.decided_by) == ("confirm", "personal preset: origin.assistant.high")
    assert (finding.span.line, finding.instead, finding.family) == (2, "Use acme.db.", "organisation")
    assert finding.message == "reads past the gateway (calls `pandas.read_sql`)"
    blocks = policy(("user", RULE + '[rules.ACME01]\nverdict = "block"\n'))
    assert str(Session(blocks, "human").vet(READS).verdict) == "block"


@pytest.mark.parametrize("weaker", ["disabled = true", 'severity = "note"', 'verdict = "allow"'])
def test_no_lower_layer_weakens_a_rule_of_a_mightier_ones(weaker: str) -> None:
    other = RULE.replace("pandas.read_sql", "nothing.here")
    for text in (f"[rules.ACME01]\n{weaker}\n", other):
        report = Session(policy(("hub", RULE), ("user", text)), "assistant").vet(READS)
        assert str(report.verdict) == "confirm"
    # Its own layer may say so.
    assert str(Session(policy(("hub", f"{RULE}[rules.ACME01]\n{weaker}\n")), "assistant").vet(READS).verdict) == "allow"


def test_rules_are_part_of_the_hash_and_examples_are_not() -> None:
    plain = policy(("user", RULE)).hash
    assert plain != policy().hash
    assert plain != policy(("user", RULE.replace("read_sql", "read_csv"))).hash
    assert plain == policy(("user", RULE + 'bad = ["x = 1"]\n')).hash


def test_a_file_is_a_pack(tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(
        f'version = 1\n[deny]\nimports = ["telnetlib"]\n[knowledge."acme.wipe"]\ndoes = "data.destroy"\n{RULE}'
    )
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\npacks = ["team.toml"]\n[deny]\nimports = ["ftplib"]\n')
    environment = {"HOME": str(tmp_path / "home")}
    made = load_effective(tmp_path, environment=environment)
    assert found(made, READS, "import telnetlib", "import ftplib") == ["ACME01", "JG890", "JG890"]
    assert "acme.wipe" in made.knowledge


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('mode = "observe"', "a rule pack has own, knowledge, deny and allow only"),
        ("[rules.JG301]\ndisabled = true", "a rule pack has own, knowledge, deny and allow only"),
        ('packs = ["more.toml"]', "a rule pack has own, knowledge, deny and allow only"),
        ("[own.A1", "not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_pack_decides_nothing_and_must_be_whole(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "team.toml").write_text(f"version = 1\n{text}\n")
    file = tmp_path / "p.toml"
    file.write_text('version = 1\npacks = ["team.toml"]\n')
    with pytest.raises(PolicyError, match=says) as caught:
        Policy.load(file)
    assert "team.toml" in str(caught.value)


def test_an_installed_package_is_a_pack_and_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_rules").mkdir()
    (tmp_path / "acme_rules" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "acme_rules" / "rules.toml").write_text("version = 1\n" + RULE)
    (tmp_path / "acme_rules-1.dist-info").mkdir()
    (tmp_path / "acme_rules-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-rules\nVersion: 1\n"
    )
    (tmp_path / "acme_rules-1.dist-info" / "entry_points.txt").write_text("[jupyter_guard.rules]\nacme = acme_rules\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert found(Policy.parse('version = 1\npacks = ["acme"]\n'), READS) == ["ACME01"]
    assert "acme_rules" not in sys.modules
    with pytest.raises(PolicyError, match=r"p.toml:2: packs: no installed package has an entry point 'acne'"):
        Policy.parse('version = 1\npacks = ["acne"]\n', "p.toml")


def declared(folder: Path, name: str, value: str, *files: str) -> None:
    """A distribution in ``folder``, with an entry point of that value."""
    about = folder / f"{name}-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[jupyter_guard.rules]\nacme = {value}\n")
    (about / "RECORD").write_text("".join(f"{file},,\n" for file in files))


@pytest.mark.parametrize("where", ["site", "edited"])
def test_a_folder_of_the_workspace_is_no_installed_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    other = RULE.replace("pandas.read_sql", "nothing.here")
    for folder, text in ((tmp_path / where, RULE), (tmp_path / "work", other)):
        (folder / "acme" / "rules").mkdir(parents=True)
        (folder / "acme" / "__init__.py").write_text("raise RuntimeError('imported')\n")
        (folder / "acme" / "rules" / "rules.toml").write_text("version = 1\n" + text)
    declared(tmp_path / "site", "acme_rules", "acme.rules", "edited.pth")
    if where == "edited":
        (tmp_path / "site" / "edited.pth").write_text(f"import os\n{tmp_path / 'edited'}\n")
    else:
        (tmp_path / "site" / "edited.pth").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.syspath_prepend("")
    monkeypatch.chdir(tmp_path / "work")
    assert found(Policy.parse('version = 1\npacks = ["acme"]\n'), READS) == ["ACME01"]
    # Nor does one that calls itself a distribution.
    declared(tmp_path / "work", "acme_rules", "acme.rules")
    assert found(Policy.parse('version = 1\npacks = ["acme"]\n'), READS) == ["ACME01"]


@pytest.mark.parametrize(
    ("name", "hook"),
    [
        ("__editable___acme_1_finder.py", "MAPPING: dict[str, str] = {{'other': '/nowhere', 'acme': {folder!r}}}\n"),
        ("__editable___acme_1_finder.py", "MAPPING = {{'acme.rules': {rules!r}}}\n"),
        ("_editable_impl_acme.py", "F.install()\nF.map_module('acme', {first!r})\n"),
    ],
)
def test_a_pack_that_is_edited_through_a_hook_is_found_and_the_hook_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, hook: str
) -> None:
    folder = tmp_path / "project" / "source"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "rules.toml").write_text("version = 1\n" + RULE)
    declared(tmp_path / "site", "acme_rules", "acme.rules", name, "RECORD")
    said = hook.format(folder=str(folder), rules=str(folder / "rules"), first=str(folder / "__init__.py"))
    (tmp_path / "site" / name).write_text(said + "raise RuntimeError('run')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert found(Policy.parse('version = 1\npacks = ["acme"]\n'), READS) == ["ACME01"]
    for other in ("MAPPING = {'acme': 1}\n", "MAPPING = {'acme': 'relative'}\n", "MAPPING = (\n", ""):
        (tmp_path / "site" / name).write_text(other)
        with pytest.raises(PolicyError, match="no installed package"):
            Policy.parse('version = 1\npacks = ["acme"]\n')


@pytest.mark.packaging
def test_what_setuptools_installs_to_be_edited_is_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    (project / "acme_rules").mkdir(parents=True)
    (project / "acme_rules" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (project / "acme_rules" / "rules.toml").write_text("version = 1\n" + RULE)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "acme-rules"\nversion = "1"\n'
        '[project.entry-points."jupyter_guard.rules"]\nacme = "acme_rules"\n'
        '[tool.setuptools]\npackages = ["acme_rules"]\n'
    )
    words = ["install", "-q", "--no-deps", "--prefix", str(tmp_path / "prefix"), "-e", str(project)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True, timeout=240)
    (site,) = (tmp_path / "prefix").glob("lib/python*/site-packages")
    assert not any(line.startswith("/") for one in site.glob("*.pth") for line in one.read_text().splitlines())
    monkeypatch.syspath_prepend(str(site))
    assert found(Policy.parse('version = 1\npacks = ["acme"]\n'), READS) == ["ACME01"]
    assert "acme_rules" not in sys.modules


def test_a_pack_of_the_sites_must_belong_to_root(tmp_path: Path) -> None:
    pack = tmp_path / "team.toml"
    pack.write_text("version = 1\n" + RULE)
    pack.chmod(0o666)
    site = parse_layer('version = 1\npacks = ["team.toml"]\n', "site", str(tmp_path / "site.toml"))
    with pytest.raises(PolicyError, match=r"belongs to uid|others may write it"):
        with_packs(site)
