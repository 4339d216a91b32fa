"""The probes succeed in a kernel that nothing holds, and come to what is documented in one that is held."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from jupyter_guard.cli.isolation import command
from jupyter_guard.isolate.plan import examine
from jupyter_guard.isolate.probing import probes, tried
from jupyter_guard.policy.fields import PROPERTIES

MACHINE = examine()
# Closed by some machines without any isolation: no device, no right to it, no such file.
CLOSED_ANYWAY = {"files of others", "system calls", "network"}
# docs/limits.md says so.
OPEN_UNDER_LANDLOCK = {"other-kernel-socket", "path-socket", "command-line", "descriptors"}
pytestmark = pytest.mark.kernel


def test_there_are_many_and_each_names_a_property() -> None:
    assert len(probes()) >= 40
    assert {one.property for one in probes()} <= set(PROPERTIES)


def test_without_isolation_they_succeed() -> None:
    found = tried("none", probes())
    assert not found.trouble
    assert not [one for one in found.outcomes if one.outcome == "unknown"]
    assert not [one for one in found.outcomes if one.outcome == "blocked" and one.group not in CLOSED_ANYWAY]


@pytest.mark.skipif(bool(MACHINE.bubblewrap), reason=MACHINE.bubblewrap or "it works")
def test_in_bubblewrap_none_succeeds() -> None:
    found = tried("bubblewrap", probes())
    assert not found.trouble
    assert not [one for one in found.outcomes if one.outcome != "blocked"]


@pytest.mark.skipif(MACHINE.landlock < 6 or not MACHINE.filters, reason="no Landlock with scopes, or no seccomp")
def test_under_landlock_only_what_is_documented_does() -> None:
    found = tried("landlock", probes())
    assert not found.trouble
    assert {one.name for one in found.outcomes if one.outcome != "blocked"} <= OPEN_UNDER_LANDLOCK


def test_the_command_says_what_it_found() -> None:
    done = CliRunner().invoke(command, ["--backend", "none", "--format", "json"], standalone_mode=False)
    (about,) = json.loads(done.output)
    assert about["works"]
    assert about["achieved"] == []
    assert about["start_seconds"] > 0
