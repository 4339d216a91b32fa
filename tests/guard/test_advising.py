"""What a refused cell tells a program: what holds here, and the cell with the safe rewrites of what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard import Session
from jupyter_guard.guard.advising import advice
from jupyter_guard.guard.card import MIME, advised, card
from jupyter_guard.policy import Policy

TEAM = Policy.preset("team")
LOADED = "import yaml\nsettings = yaml.load(open('settings.yml').read(), yaml.UnsafeLoader)\nprint(settings)\n"
STRICT = Policy.parse(
    'version = 1\n[origin.assistant]\nmedium = "block"\nlow = "block"\n[rules.JG112]\nseverity = "high"\n'
)


def told(code: str, policy: Policy, origin: str, folder: Path) -> dict[str, object]:
    report = Session(policy, origin, workspace=folder).vet(code)
    return advised(report, advice(report, policy, folder))


def test_an_assistant_is_told_what_to_write_instead(tmp_path: Path) -> None:
    found = told(LOADED, STRICT, "assistant", tmp_path)
    (rewrite,) = found["rewrites"]  # type: ignore[misc]
    assert "yaml.safe_load(" in rewrite["code"]
    assert rewrite["code"].endswith("print(settings)\n")
    report = Session(STRICT, "assistant", workspace=tmp_path).vet(LOADED)
    view = card(report, "blocked", advice=advice(report, STRICT, tmp_path))[MIME]
    assert view["findings"][rewrite["finding"]]["rule"] == "JG112"
    assert view["context"]["policy"] == STRICT.hash
    # What is written so is allowed, or at least no longer refused for that.
    again = Session(STRICT, "assistant", workspace=tmp_path).vet(rewrite["code"])
    assert "JG112" not in {one.rule for one in again.findings}


@pytest.mark.parametrize(("code", "origin"), [("x = 1", "assistant"), ("import shutil\nshutil.rmtree('/')", "human")])
def test_nothing_is_told_to_people_and_about_cells_that_run(code: str, origin: str, tmp_path: Path) -> None:
    assert told(code, TEAM, origin, tmp_path) == {}


def test_secrets_are_taken_out_of_rewrites(tmp_path: Path) -> None:
    token = "glpat-" + "aB3dE5gH7jK9mN1pQ3rS"
    found = told(LOADED + f"token = '{token}'\n", STRICT, "assistant", tmp_path)
    assert found["rewrites"]
    assert token not in str(found)


def test_what_is_told_does_not_stand_in_the_text(tmp_path: Path) -> None:
    report = Session(STRICT, "assistant", workspace=tmp_path).vet(LOADED)
    plain, more = card(report, "blocked"), card(report, "blocked", advice=advice(report, STRICT, tmp_path))
    assert plain["text/plain"] == more["text/plain"]
    assert plain["text/html"] == more["text/html"]
