"""A policy that requires what this version cannot give: nothing runs, and the reason is said."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from jupyter_guard.guard.isolated import VARIABLE, Isolated, granted, take
from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Vet
from jupyter_guard.policy import load_effective


def test_nothing_runs_with_less_than_the_policy_requires(tmp_path: Path) -> None:
    (tmp_path / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nrequire = ["files", "network"]\n')
    pipeline = Pipeline(tmp_path)
    assert pipeline.standing.missing == ("files", "network")
    judged = pipeline.judge(Vet(id=1, code=b"1 + 1", origin="human"))
    assert judged.verdict == "block"
    assert "requires isolation of files, network" in str(judged)

    (tmp_path / "jupyter_guard.toml").unlink()
    assert pipeline.take_up_policy()
    assert pipeline.judge(Vet(id=2, code=b"1 + 1", origin="human")).verdict == "allow"


WIDE = 'version = 1\n[isolation]\nread = ["*", "aws"]\nwrite = [".", "~/data"]\nhosts = ["pypi.org"]\nenv = []\n'


def _held(workspace: Path, backend: str) -> Isolated:
    """As the wrapper hands it over."""
    report = {"backend": backend, "granted": granted(load_effective(workspace).isolation)}
    return take({VARIABLE: msgspec.json.encode(report).decode()})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"*", "aws"', '"*"', 'isolation.read = "aws"'),
        ('".", "~/data"', '"."', 'isolation.write = "~/data"'),
        ('"pypi.org"', "", 'isolation.hosts = "pypi.org"'),
        ('"pypi.org"', '"pypi.org:443"', 'isolation.hosts = "pypi.org"'),
    ],
)
def test_a_grant_that_is_taken_back_stops_cells_until_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, told: str
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    policy = tmp_path / "jupyter_guard.toml"
    policy.write_text(WIDE)
    pipeline = Pipeline(tmp_path, _held(tmp_path, "bubblewrap"))
    assert pipeline.judge(Vet(id=1, code=b"1 + 1", origin="human")).verdict == "allow"
    policy.write_text(WIDE.replace(old, new))
    assert pipeline.take_up_policy()
    judged = pipeline.judge(Vet(id=2, code=b"1 + 1", origin="human"))
    assert judged.verdict == "block"
    assert told in "".join(pipeline.standing.problems)
    assert "restart the kernel" in str(judged)
    policy.write_text(WIDE)
    assert pipeline.take_up_policy()
    assert pipeline.judge(Vet(id=3, code=b"1 + 1", origin="human")).verdict == "allow"


def test_a_new_grant_stops_nothing_nor_does_a_kernel_without_a_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    policy = tmp_path / "jupyter_guard.toml"
    policy.write_text(WIDE)
    boxed, bare = (Pipeline(tmp_path, _held(tmp_path, one)) for one in ("landlock", "none"))
    policy.write_text(WIDE.replace("env = []", 'env = ["HF_TOKEN"]'))
    assert boxed.take_up_policy()
    assert boxed.judge(Vet(id=1, code=b"1 + 1", origin="human")).verdict == "allow"
    policy.write_text(WIDE.replace('"aws"', ""))
    assert bare.take_up_policy()
    assert bare.judge(Vet(id=2, code=b"1 + 1", origin="human")).verdict == "allow"
