"""``jupyter guard isolation`` measures every backend now and shows it as a table, as JSON and as a picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, probing
from jupyter_guard.policy.fields import PROPERTIES
from tests.cli.conftest import Run


@pytest.mark.kernel
@pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works")
def test_the_table_the_json_and_the_picture_say_the_same(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "isolation.svg"
    options = ("--backend", "none", "--backend", "bubblewrap", "--picture", str(picture))
    done = run("isolation", "--rounds", "1", *options, "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    none, boxed = told["backends"]
    assert (none["backend"], boxed["backend"]) == ("none", "bubblewrap")
    assert none["achieved"] == []
    assert {"files", "network", "processes"} <= set(boxed["achieved"])
    for one in (none, boxed):
        assert 0.0001 < one["cell_seconds"] < one["start_seconds"] < 60
        assert 20e6 < one["memory_bytes"] < 2e9
    rows = {one["name"]: one for one in told["detected"]}
    assert {"docker", "podman", "runsc (gVisor)", "krun (a micro-VM)", "cgroup v2", "rlimits"} <= set(rows)
    assert all(one["state"] in ("detected", "not there", "not usable") for one in rows.values())
    drawn = [one.text or "" for one in ElementTree.fromstring(picture.read_text()).iter() if one.text]
    assert set(PROPERTIES) <= set(drawn)
    assert {"bubblewrap", f"{boxed['start_seconds'] * 1e3:.0f} ms"} <= set(drawn)
    page = tmp_path / "isolation.html"
    done = run("isolation", "--rounds", "1", "--backend", "none", "--picture", str(page))
    assert "What each box gives a kernel here" in page.read_text()
    assert "isolation backends on this machine" in page.read_text()
    header = done.stdout.splitlines()[0].split()
    assert header == ["backend", "start", "cell", "memory", "probes", "blocked", *PROPERTIES]
    assert "not tried" in done.stdout


@pytest.mark.kernel
def test_what_a_cell_reaches_is_shown_by_the_policy_that_holds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "work" / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nhosts = ["db.internal:5432"]\n')
    done = run("isolation", "--rounds", "1", "--backend", "none", "--format", "json")
    (none,) = json.loads(done.stdout)["backends"]
    assert {row["what"]: row["reached"] for row in none["reach"]}["network"] == ["all that you may"]
    if bubblewrap.trouble():
        pytest.skip(bubblewrap.trouble())
    shown = run("isolation", "--rounds", "1", "--backend", "none").stdout.split("here (bubblewrap)")[1]
    assert "db.internal:5432" in shown


@pytest.mark.kernel
def test_what_no_kernel_runs_in_has_a_row_that_says_why(run: Run) -> None:
    told = " ".join(run("isolation", "--rounds", "1", "--backend", "none").stdout.split())
    rows = told.partition("also looked for")[2]
    for name in ("docker", "podman", "runsc (gVisor)", "kata (a micro-VM)", "cgroup v2", "rlimits"):
        state = rows.partition(name)[2].lstrip()
        assert state.startswith(("detected", "not there", "not usable")), (name, rows)
        assert not state.startswith("detected") or "kernels do not run in it" in state[:300]


def test_the_backends_take_turns_and_medians_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    seconds = {"none": iter((9.0, 1.0, 2.0)), "bubblewrap": iter((3.0, 1.0, 7.0))}

    def tried(backend: str, chosen: Sequence[probing.Probe]) -> probing.Tried:
        asked.append((backend, len(chosen)))
        trouble = "it does not start" if backend == "landlock" else ""
        return probing.Tried(backend, trouble, 0.0 if trouble else next(seconds[backend]), 0.1, 5)

    monkeypatch.setattr(probing, "tried", tried)
    one = probing.Probe("one", "credentials", "files", "1")
    found = probing.compared(("none", "bubblewrap", "landlock"), [one])
    assert [(each.backend, each.seconds) for each in found] == [("none", 2.0), ("bubblewrap", 3.0), ("landlock", 0.0)]
    assert found[2].trouble
    none, box = "none", "bubblewrap"
    assert asked == [(none, 0), (box, 0), ("landlock", 0), (box, 0), (none, 0), (none, 1), (box, 1)]


def test_a_picture_that_cannot_be_written_is_said(run: Run) -> None:
    done = run("isolation", "--rounds", "1", "--backend", "none", "--picture", "/proc/nowhere/picture.svg")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
