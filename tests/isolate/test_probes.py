"""The probes succeed in a kernel that nothing holds, and come to what is documented in one that is held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from jupyter_guard.cli.isolation import command
from jupyter_guard.isolate.grants import stores
from jupyter_guard.isolate.plan import examine
from jupyter_guard.isolate.probing import Probe, Tried, probes, tried
from jupyter_guard.isolate.scene import Scene
from jupyter_guard.policy.fields import PROPERTIES
from tests.isolate import ordinary

MACHINE = examine()
# Closed by some machines without any isolation: no device, no right to it, no such file.
CLOSED_ANYWAY = {"files of others", "system calls", "network"}
# What belongs to root.
NOT_FOR_EVERYBODY = {"site-packages", "crontab", "preload"}
# docs/limits.md says so, and docs/probes.md shows it.
OPEN_UNDER_LANDLOCK = {
    "other-kernel-socket", "path-socket", "command-line", "descriptors", "shared-memory", "terminal", "mode-of-a-file",
    "times-of-a-file",
}  # fmt: skip
LANDLOCK = pytest.mark.skipif(
    MACHINE.landlock < 6 or not MACHINE.filters, reason="no Landlock with scopes, or no seccomp"
)
BUBBLEWRAP = pytest.mark.skipif(bool(MACHINE.bubblewrap), reason=MACHINE.bubblewrap or "it works")
ORDINARY = pytest.mark.skipif(bool(why := ordinary.trouble()), reason=why or "somebody ordinary can be had")
PAGE = Path(__file__).parents[2] / "docs" / "probes.md"
pytestmark = pytest.mark.kernel


def not_blocked(found: Tried) -> set[str]:
    assert not found.trouble
    assert len(found.outcomes) == len(probes())
    return {one.name for one in found.outcomes if one.outcome != "blocked"}


def documented() -> dict[str, tuple[str, ...]]:
    """Each probe's property and outcomes as the page has them: none, bubblewrap, landlock."""
    rows = [
        line.strip("| ").replace("*", "").split(" | ") for line in PAGE.read_text().splitlines() if line[:2] == "| "
    ]
    return {row[0]: tuple(row[1:]) for row in rows if len(row) == 5}


def as_an_ordinary_user(backend: str) -> Tried:
    """All probes in a kernel that belongs to somebody without any rights over the machine."""
    words = [sys.executable, "-m", "jupyter_guard", "isolation", "--probe", "--backend", backend, "--rounds", "1"]
    words += ["--format", "json"]
    environment = {**os.environ, "HOME": "/nowhere", "XDG_CACHE_HOME": f"/tmp/guard-cache-{ordinary.USER}"}
    done = subprocess.run(ordinary.command(words), capture_output=True, text=True, env=environment, check=False)
    (about,) = json.loads(done.stdout)["backends"]
    outcomes = [{name: one[name] for name in ("name", "group", "property", "outcome")} for one in about["probes"]]
    import msgspec

    return msgspec.convert({"backend": backend, "trouble": "", "outcomes": outcomes}, Tried)


def test_there_are_many_and_each_names_a_property() -> None:
    assert len(probes()) >= 190 or os.uname().machine != "x86_64"
    assert {one.property for one in probes()} <= set(PROPERTIES)
    assert len({one.name for one in probes()}) == len(probes())
    # It would have ended by itself before the kernel does.
    assert [one.after for one in probes()].index("daemon") == len(probes()) - 1


def test_every_store_that_can_be_granted_is_tried() -> None:
    tried_paths = " ".join(one.code for one in probes() if one.group == "credentials")
    assert not [name for name, paths in stores().items() if not any("/" + path in tried_paths for path in paths)]


def test_the_page_has_each_of_them_with_what_the_tests_expect() -> None:
    table = documented()
    assert [(one.name, one.property) for one in probes()] == [(name, row[0]) for name, row in table.items()]
    assert {row[2] for row in table.values()} == {"blocked"}
    assert {name for name, row in table.items() if row[3] != "blocked"} == OPEN_UNDER_LANDLOCK


def test_without_isolation_they_succeed() -> None:
    found = tried("none", probes())
    assert not found.trouble
    assert not [one for one in found.outcomes if one.outcome == "unknown"]
    closed = [one.name for one in found.outcomes if one.outcome == "blocked" and one.group not in CLOSED_ANYWAY]
    assert set(closed) <= (NOT_FOR_EVERYBODY if os.geteuid() else set())


@ORDINARY
def test_without_isolation_they_come_to_what_the_page_says_for_an_ordinary_user() -> None:
    found = as_an_ordinary_user("none")
    assert not found.trouble
    group = {one.name: one.group for one in found.outcomes}
    outcomes = {one.name: one.outcome for one in found.outcomes}
    page = {name: row[1] for name, row in documented().items()}
    assert list(outcomes) == list(page)
    others = {name: (page[name], outcome) for name, outcome in outcomes.items() if outcome != page[name]}
    # Another system may have other devices and system calls, as the page says, and what a machine is connected to
    # changes from day to day.
    is_its_machine = f"(Linux {os.uname().release.partition('-')[0]}, Landlock {MACHINE.landlock})" in PAGE.read_text()
    may_differ = {"network"} if is_its_machine else CLOSED_ANYWAY
    assert not {name: both for name, both in others.items() if "unknown" in both or group[name] not in may_differ}


@BUBBLEWRAP
def test_in_bubblewrap_none_succeeds() -> None:
    assert not_blocked(tried("bubblewrap", probes())) == set()


@BUBBLEWRAP
@ORDINARY
def test_in_bubblewrap_none_succeeds_for_an_ordinary_user() -> None:
    assert not_blocked(as_an_ordinary_user("bubblewrap")) == set()


@LANDLOCK
def test_under_landlock_only_what_is_documented_does() -> None:
    assert not_blocked(tried("landlock", probes())) <= OPEN_UNDER_LANDLOCK | {"memory-of-named-files"}


@LANDLOCK
@ORDINARY
def test_under_landlock_at_least_95_of_100_are_blocked_for_an_ordinary_user() -> None:
    found = as_an_ordinary_user("landlock")
    # What a file in memory holds is seen when it is looked for: a busy machine may look too late.
    assert not_blocked(found) <= OPEN_UNDER_LANDLOCK | {"memory-of-named-files"}
    assert found.count("blocked") >= 0.95 * len(found.outcomes)


def test_a_probe_that_does_not_answer_is_asked_again_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_guard.isolate.probing.SECONDS_A_PROBE", 3.0)
    monkeypatch.setattr("jupyter_guard.isolate.probing.SECONDS_TO_END", 1.0)
    once = (
        "import time; was = os.path.exists(home + '/asked'); open(home + '/asked', 'w').close(); was or time.sleep(99)"
    )
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(99)"
    made = "os.symlink(home, 'made')"
    codes = {"once": once, "deaf": deaf, "made-and-late": f"{made}; {once}".replace("asked", "late"), "behind": made}
    asked = [Probe(name, "credentials", "files", code) for name, code in codes.items()]
    found = {one.name: one for one in tried("none", asked).outcomes}
    assert [one.outcome for one in found.values()] == ["open", "unknown", "open", "blocked"]
    assert found["deaf"].detail == "no answer within 3 seconds, and none to a second try; the kernel was restarted"


def test_nothing_of_the_scene_stays_in_memory_and_what_was_taken_is_laid_again(tmp_path: Path) -> None:
    with Scene(tmp_path, "none") as scene:
        left = Path(scene._shared + "-3")
        left.write_text("of a kernel that was ended")
        (scene.home / ".netrc").rename(scene.workspace / "own" / "moved")
        scene.mend()
        assert (scene.home / ".netrc").read_text() == "decoy\n"
        assert not list((scene.workspace / "own").iterdir())
    assert not left.exists()
    assert not Path(scene._shared).exists()


def test_what_stays_inside_the_box_is_not_open() -> None:
    planting = Probe("planted", "start-up files", "files", plants="home/.bash_profile")
    (open_one,) = tried("none", [planting]).outcomes
    assert open_one.outcome == "open"
    if not MACHINE.bubblewrap:
        (closed,) = tried("bubblewrap", [planting]).outcomes
        assert (closed.outcome, closed.detail) == ("blocked", "not outside the box")


def test_the_command_says_what_it_found() -> None:
    done = CliRunner().invoke(command, ["--backend", "none", "--format", "json"], standalone_mode=False)
    (about,) = json.loads(done.output)["backends"]
    assert about["works"]
    assert about["achieved"] == []
    assert about["start_seconds"] > 0
