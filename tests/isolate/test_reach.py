"""What a cell reaches is told as the grants have it: names and places, never values."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from jupyter_guard.isolate.reach import Reach, reach
from jupyter_guard.policy.policy import Policy


def rows(home: Path, backend: str, **isolation: object) -> dict[str, Reach]:
    held = msgspec.structs.replace(Policy.preset("personal").isolation, **isolation)
    environment = {"HOME": str(home), "LANG": "C", "STAGE": "test", "DEPLOY_TOKEN": "never shown"}
    return {one.what: one for one in reach(held, backend, str(home / "work"), environment)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.resolve()
    for one in (".aws", ".cache", "work/.git/hooks", "data"):
        (home / one).mkdir(parents=True)
    return home


def test_a_plain_install(home: Path) -> None:
    found = rows(home, "bubblewrap")
    assert found["read"].reached == ("everything",)
    assert "~/.aws" in found["read"].kept_out
    kept = "IPython's history in ~/.local/state/guarded-kernels/shared"
    assert found["write"].reached == ("~/work", "~/.cache", "/tmp and /var/tmp of its own", kept)
    assert "~/work/.git/hooks" in found["write"].kept_out
    assert found["network"].reached == ("all of it",)
    assert found["processes"].reached == ("its own",)
    assert (found["variables"].reached, found["variables"].kept_out) == (("HOME", "LANG", "STAGE"), ("DEPLOY_TOKEN",))
    assert "never shown" not in str(found)


def test_one_by_one(home: Path) -> None:
    found = rows(home, "landlock", read=("~/data", "aws"), write=(".",), hosts=("db.internal:5432",), env=())
    assert {"programs and libraries", "~/data", "~/.aws", "~/work"} <= set(found["read"].reached)
    assert "/usr" not in found["read"].reached
    assert "~/.aws" not in found["read"].kept_out
    assert found["write"].reached[:2] == ("~/work", "temporary files of its own")
    assert found["network"].reached == ("db.internal:5432",)
    assert len(found["processes"].reached) > 1
    assert found["variables"].kept_out == ("DEPLOY_TOKEN", "STAGE")
    assert rows(home, "bubblewrap", hosts=())["network"].reached == ("nothing",)
    assert "~/work" not in rows(home, "bubblewrap", write=("~/data",))["write"].reached


def test_no_box(home: Path) -> None:
    assert rows(home, "none")["read"] == Reach("read", ("all that you may",))
