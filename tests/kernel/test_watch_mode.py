"""What a cell does while it runs is stopped, only explained, or only recorded, as the policy says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_guard.audit.place import read_records

from .front import Front

HIDDEN = "import importlib\nm, f, a = open('names.txt').read().split()\ngetattr(importlib.import_module(m), f)(a)"


@pytest.mark.parametrize(
    ("mode", "status", "cards"), [("stop", "error", 1), ("explain", "ok", 1), ("observe", "ok", 0)]
)
def test_what_comes_of_an_act(start: Callable[..., Front], tmp_path: Path, mode: str, status: str, cards: int) -> None:
    place = tmp_path / ".jupyter"
    place.mkdir()
    own = f'version = 1\n[isolation]\nbackend = "none"\n[watch]\nmode = "{mode}"\n'
    (place / "jupyter_guard.toml").write_text(own)
    front = start(home=tmp_path, policy="")
    victim = tmp_path / ".bashrc"
    victim.write_text("# mine")
    (front.folder / "names.txt").write_text(f"os remove {victim}")
    run = front.assistant(HIDDEN)
    assert (run.status, victim.exists()) == (status, status == "error"), run.reply["content"]
    assert len(run.of("display_data")) == cards
    # A cell that says it is asked about as ever.
    victim.write_text("# mine")
    assert front.assistant(f"import os\nos.remove({str(victim)!r})").status == "error"
    front.close()
    (path,) = (tmp_path / ".local/share/jupyter/jupyter_guard/audit").glob("*.jsonl")
    told = [one for _, one in read_records(path) if one.about]
    assert [str(one.would_be) for one in told] == [str(told[0].would_be)]
    assert str(told[0].would_be) in ("confirm", "block")
