"""A policy that requires what this version cannot give: nothing runs, and the reason is said."""

from __future__ import annotations

from pathlib import Path

from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Vet


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
