"""Every mistake in a policy is reported at once, with its file, line and key."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_core.paths import jupyter_config_dir
from msgspec import structs

from jupyter_guard.policy import Policy, PolicyError, load_effective, policy_files, preset_names, read_layer
from jupyter_guard.policy.fields import KNOWN_FROM
from jupyter_guard.policy.layer import parse_layer
from jupyter_guard.policy.locate import lines_of_keys
from jupyter_guard.scrub.patterns import parse_patterns
from jupyter_guard.scrub.sources import SOURCES
from jupyter_guard.terms import Confidence, Effect, Finding, Kind, Origin, Severity, Span, Verdict

WRONG = """\
version = 1
mode = "enforc"
[origin.asistant]
high = "block"
[origin.human]
high = "blok"
low = 3
[knowledge."acme.purge"]
doess = "data.destroy"
[limits]
memory = "lots"
[rules.JG3]
severity = "high"
[scrub]
known_from = ["env", "lastpass"]
[scrub.patterns.acme]
shape = "[a-z]+"
keyword = "acme-"
"""


def test_all_mistakes_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_layer(WRONG, "user", "p.toml")
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (2, "mode"),
        (3, "origin.asistant"),
        (6, "origin.human.high"),
        (7, "origin.human.low"),
        (9, "knowledge.acme.purge.doess"),
        (11, "limits.memory"),
        (12, "rules.JG3"),
        (15, "scrub.known_from"),
        (16, "scrub.patterns.acme"),
        (18, "scrub.patterns.acme.keyword"),
    ]
    text = str(caught.value)
    assert "p.toml:6: origin.human.high" in text
    assert "did you mean 'block'?" in text
    assert "did you mean 'does'?" in text
    assert "origin.asistant: unknown key; did you mean 'origin.assistant'?" in text


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("version = 1\nmode =\n", 2, "not valid TOML"),
        ("version = 1\n[audit]\ncode = true\n[audit]\nsyslog = 'off'\n", 4, "[audit] is there in line 2 already"),
        ('mode = "observe"\n', 0, "version"),
        ("version = 2\n", 1, "the only version there is"),
        ("version = 1\norigin = 3\n", 2, "unknown key"),
        ("version = 1\nrules = []\n", 2, "expected a table"),
        ("version = 1\n[knowledge]\nx = 1\n", 3, "expected a table"),
        ('version = 1\n[isolation]\nhosts = ["https://pypi.org"]\n', 3, "not an address of a page"),
        ('version = 1\n[isolation]\nhosts = ["db:99999"]\n', 3, "'99999' is no port"),
    ],
)
def test_a_mistake_has_a_line(text: str, line: int, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_layer(text, "user", "p.toml")
    assert caught.value.problems[0].line == line
    assert says in str(caught.value)


def test_sizes() -> None:
    layer = parse_layer('version = 1\n[limits]\nmemory = "4 GiB"\ndisk = "1.5 GB"\noutput = 100\n', "user", "p")
    assert layer.values["limits.memory"] == 4 * 2**30
    assert layer.values["limits.disk"] == 1_500_000_000
    assert layer.values["limits.output"] == 100


@given(st.text(max_size=200))
def test_any_text_is_a_layer_or_problems(text: str) -> None:
    try:
        parse_layer(text, "user", "p")
    except PolicyError as error:
        assert error.problems  # noqa: PT017


def test_the_locator_reads_quoted_dotted_and_multi_line_keys() -> None:
    text = '[a."b.c"]\nd.e = 1\nf = """\ng = 2\n"""\n[[h]]\n'
    assert lines_of_keys(text) == {("a", "b.c"): 1, ("a", "b.c", "d", "e"): 2, ("a", "b.c", "f"): 3, ("h",): 6}


def test_a_site_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("version = 1\n")
    if os.getuid() == 0:
        path.chmod(0o666)
        says = "others may write it"
    else:
        says = "must belong to root"
    with pytest.raises(PolicyError, match=says):
        read_layer(path, "site", owned_by_root=True)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    with pytest.raises(PolicyError, match="symbolic link"):
        read_layer(link, "site", owned_by_root=True)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        read_layer(tmp_path / "no.toml", "user")
    with pytest.raises(PolicyError, match="cannot be read: Is a directory"):
        read_layer(tmp_path, "user")


@pytest.mark.parametrize("text", ["", "# The site's policy.\n"])
def test_an_empty_file_is_a_persons_and_no_administrators(text: str) -> None:
    for name in ("user", "project"):
        assert parse_layer(text, name, "p.toml").values == {}
    for name in ("site", "hub"):
        with pytest.raises(PolicyError, match="version = 1"):
            parse_layer(text, name, "p.toml")


def test_the_layers_of_a_project(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    (home / ".jupyter").mkdir(parents=True)
    project.mkdir()
    environment = {"HOME": str(home)}
    (home / ".jupyter" / "jupyter_guard.toml").write_text('version = 1\n[origin.human]\nhigh = "allow"\n')
    (project / "pyproject.toml").write_text('[tool.jupyter_guard.origin.human]\nhigh = "block"\n')
    names = [(name, path.name) for name, path in policy_files(project, environment)]
    assert names == [("site", "jupyter_guard.toml"), ("user", "jupyter_guard.toml"), ("project", "pyproject.toml")]
    assert load_effective(project, environment=environment).row("human")["high"] == "block"
    # A file that is made beside it, by whomever, takes nothing of it away.
    (project / "jupyter_guard.toml").write_text('version = 1\n[origin.human]\nmedium = "confirm"\n')
    row = load_effective(project, environment=environment).row("human")
    assert (row["high"], row["medium"]) == ("block", "confirm")
    (project / "pyproject.toml").write_text("[tool.other]\n")
    assert [path.name for _, path in policy_files(project, environment)][2:] == ["jupyter_guard.toml"]
    with pytest.raises(PolicyError, match="JUPYTER_GUARD_POLICY names this file"):
        load_effective(project, environment={**environment, "JUPYTER_GUARD_POLICY": str(tmp_path / "hub.toml")})


def test_presets_get_stricter_and_have_stable_hashes() -> None:
    policies = [Policy.preset(name) for name in preset_names()]
    for milder, stricter in pairwise(policies):
        for key, value in milder.values().items():
            if key.startswith("origin.") and not key.endswith(".code"):
                order = ("allow", "warn", "confirm", "block")
                assert order.index(stricter.values()[key]) >= order.index(value), key
    assert len({policy.hash for policy in policies}) == 3
    assert Policy.preset("team").hash == policies[1].hash


def critical(rule: str = "JG301") -> Finding:
    return Finding(
        rule, "data", Severity.CRITICAL, Confidence.HIGH, "m", Span(1, 0, 1, 1), (Effect(Kind.DATA_DESTROY),)
    )


def test_observe_mode_stops_nothing_but_says_what_it_would() -> None:
    policy = Policy.parse('version = 1\nmode = "observe"\n')
    decision = policy.decide([critical()], Origin.ASSISTANT)
    assert (decision.verdict, decision.would_be) == (Verdict.WARN, Verdict.BLOCK)
    assert policy.decide([], Origin.ASSISTANT).verdict is Verdict.ALLOW


def test_a_failing_guard_blocks_even_in_observe_mode() -> None:
    policy = Policy.parse('version = 1\nmode = "observe"\n[rules.JG000]\nverdict = "allow"\n')
    assert policy.decide([critical("JG000")], Origin.HUMAN).verdict is Verdict.BLOCK


def test_what_an_organisation_refuses_no_row_and_no_rule_allows() -> None:
    policy = Policy.parse(
        'version = 1\n[deny]\ncalls = ["x.y"]\n[origin.human]\ncritical = "allow"\n[rules.JG891]\nverdict = "allow"\n'
    )
    decided = policy.decide([critical("JG891")], Origin.HUMAN).findings[0]
    assert (decided.verdict, decided.decided_by) == (Verdict.BLOCK, "user: deny.calls")


def test_the_hash_is_the_same_in_every_process() -> None:
    text = (
        'version = 1\n[knowledge."a.b"]\ndoes = ["file.delete", "data.destroy"]\n'
        'tags = ["recursive", "bulk", "ddl", "weak"]\nwhen = { "arg:0/mode" = "re:[wax+]" }\n'
    )
    code = f"from jupyter_guard.policy import Policy; print(Policy.parse({text!r}).hash)"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(hashes) == 1
    assert Policy.parse(text).hash != Policy.parse(text.replace("[wax+]", "[wa]")).hash


def test_the_sources_of_secrets_are_the_scrubber_s() -> None:
    assert {"env", *SOURCES} == set(KNOWN_FROM)
    for name in preset_names():
        assert set(Policy.preset(name).scrub.known_from) == set(KNOWN_FROM)


def test_the_scrubber_takes_an_organisation_s_own_token_formats() -> None:
    text = (
        'version = 1\n[scrub.patterns.acme-key]\nkeywords = ["acme_"]\nshape = "[0-9a-z]{24}"\n'
        'ignore_case = true\nedge = false\nentropy = 2.5\ndocs = "https://acme.example"\n'
    )
    (pattern,) = parse_patterns(Policy.parse(text).scrub.patterns, "p.toml")
    assert (pattern.kind, pattern.ignore_case, pattern.edge, pattern.entropy) == ("acme-key", True, False, 2.5)


@pytest.mark.parametrize("environment", [{}, {"JUPYTER_PLATFORM_DIRS": "1"}, {"JUPYTER_CONFIG_DIR": "/c"}])
def test_the_user_s_file_is_where_jupyter_looks(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_PLATFORM_DIRS", "JUPYTER_CONFIG_DIR", "JUPYTER_NO_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert dict(policy_files("/p"))["user"].parent == Path(jupyter_config_dir())


def test_a_finding_is_decided_by_its_strictest_author() -> None:
    policy = Policy.preset("personal")
    by_assistant = structs.replace(critical(), origin=Origin.ASSISTANT)
    decided = policy.decide([by_assistant], Origin.HUMAN).findings[0]
    assert (decided.verdict, decided.origin) == (Verdict.BLOCK, Origin.ASSISTANT)
    assert decided.decided_by == "personal preset: origin.assistant.critical"
