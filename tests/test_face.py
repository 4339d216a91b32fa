"""What ``import jupyter_guard`` offers, in whichever order its rooms were loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

import jupyter_guard


@pytest.mark.parametrize(
    "first",
    ["import jupyter_guard.scrub", "from jupyter_guard.scrub import Scrubber", "from jupyter_guard import scrub"],
)
def test_scrub_is_a_function_and_a_room(first: str) -> None:
    code = (
        f"{first}\nfrom jupyter_guard import scrub\nimport jupyter_guard.scrub\n"
        "print(scrub('it is hunter2-value', known=('hunter2-value',)), jupyter_guard.scrub.Scrubber.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("it is [REDACTED:")
    assert done.stdout.endswith("Scrubber\n")


@pytest.mark.parametrize("name", jupyter_guard.__all__)
def test_everything_that_is_promised_is_there(name: str) -> None:
    assert callable(getattr(jupyter_guard, name))


def test_a_report_in_one_call() -> None:
    report = jupyter_guard.vet("import shutil\nshutil.rmtree('/home')", origin="assistant")
    assert report.verdict == "block"
    assert report.sentence.startswith("deletes `/home`")
    assert report.findings[0].rule == "JG203"
