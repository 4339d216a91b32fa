"""``jupyter guard policy grant`` adds to the person's own file, and only what the layers above allow."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from jupyter_guard.isolate.grants import grants
from jupyter_guard.policy import Policy, load_effective
from jupyter_guard.policy.granting import RefusedError, grant, wanted

MINE = """# mine, and I know why
version = 1

[isolation]   # what my kernels reach
read = [
  "*",   # all but secrets
]
hosts = ["pypi.org"]
"""


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    (tmp_path / "home" / ".jupyter").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    return tmp_path / "work", {"HOME": str(tmp_path / "home")}


def mine(environment: dict[str, str]) -> Path:
    return Path(environment["HOME"]) / ".jupyter" / "jupyter_guard.toml"


def granted(name: str, places: tuple[Path, dict[str, str]], writable: bool = False) -> dict[str, tuple[str, ...]]:
    folder, environment = places
    return grant(wanted(name, folder, Path(environment["HOME"]), writable), folder, environment).added


def in_force(places: tuple[Path, dict[str, str]]) -> Policy:
    return load_effective(places[0], environment=places[1])


@pytest.mark.parametrize(
    ("name", "key", "entry"),
    [
        ("aws", "isolation.read", "aws"),
        ("gcloud", "isolation.read", "gcp"),
        ("azure", "isolation.read", "azure"),
        ("huggingface", "isolation.env", "HF_TOKEN"),
        ("kaggle", "isolation.read", "kaggle"),
        ("DEPLOY_TOKEN", "isolation.env", "DEPLOY_TOKEN"),
        ("~/.aws", "isolation.read", "~/.aws"),
    ],
)
def test_a_name_is_granted_once(name: str, key: str, entry: str, places: tuple[Path, dict[str, str]]) -> None:
    import os

    what = os.path.join(places[1]["HOME"], name[2:]) if name.startswith("~") else name
    assert entry in granted(what, places)[key]
    assert entry in in_force(places).values()[key]
    assert "*" in in_force(places).values()[key]
    before = mine(places[1]).read_bytes()
    assert granted(what, places) == {}
    assert mine(places[1]).read_bytes() == before


def test_what_the_preset_grants_anyway_is_not_written(places: tuple[Path, dict[str, str]]) -> None:
    for name in ("pypi.org", "db.internal:5432", "AWS_PROFILE", "/usr/share"):
        assert granted(name, places) == {}
    assert not mine(places[1]).exists()


def test_comments_stay_and_the_file_is_replaced_as_a_whole(places: tuple[Path, dict[str, str]]) -> None:
    mine(places[1]).write_text(MINE)
    mine(places[1]).chmod(0o600)
    granted("aws", places)
    granted("db.internal:5432", places)
    text = mine(places[1]).read_text()
    for comment in ("# mine, and I know why", "# what my kernels reach", "# all but secrets"):
        assert comment in text
    read = tomllib.loads(text)["isolation"]
    assert read["read"] == ["*", "aws"]
    assert read["hosts"] == ["pypi.org", "db.internal:5432"]
    assert mine(places[1]).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in mine(places[1]).parent.iterdir()] == ["jupyter_guard.toml"]


def test_a_layer_above_refuses_with_its_line(places: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    hub = tmp_path / "hub.toml"
    hub.write_text('version = 1\n[isolation]\nread = ["*"]\nhosts = ["pypi.org"]\n')
    places[1]["JUPYTER_GUARD_POLICY"] = str(hub)
    for name, line in (("aws", 3), ("example.org", 4)):
        with pytest.raises(RefusedError, match=rf"hub policy \({hub}:{line}\) allows"):
            granted(name, places)
    assert not mine(places[1]).exists()
    hub.write_text("version = 1\nlocked = true\n")
    with pytest.raises(RefusedError, match=rf"hub policy \({hub}:2\) is locked"):
        granted("aws", places)
    hub.write_text('version = 1\n[isolation]\nread = ["*", "aws"]\n')
    assert granted("aws", places)["isolation.env"]


def test_a_notebooks_own_policy_grants_no_credentials(places: tuple[Path, dict[str, str]]) -> None:
    folder, environment = places
    home = Path(environment["HOME"])
    (home / ".aws").mkdir()
    (folder / "link").symlink_to(home / ".aws")
    for entry in ("aws", "~/.aws", str(home / ".aws"), "link", "../home/.aws"):
        text = f'version = 1\n[isolation]\nread = ["*", "{entry}"]\nenv = ["*", "AWS_SECRET_ACCESS_KEY"]\n'
        (folder / "jupyter_guard.toml").write_text(text)
        held = grants(in_force(places).isolation, str(folder), {**environment, "AWS_SECRET_ACCESS_KEY": "x"})
        assert str(home / ".aws") in held.hidden, entry
        assert "AWS_SECRET_ACCESS_KEY" not in held.environment


def test_what_is_nothing_to_grant_says_what_would_be(places: tuple[Path, dict[str, str]]) -> None:
    for name in ("nosuchservice", "https:", "https://pypi.org", "a b"):
        with pytest.raises(ValueError, match=r"."):
            granted(name, places)


def test_writing_is_granted_by_its_own_word(places: tuple[Path, dict[str, str]]) -> None:
    folder, environment = places
    mine(environment).write_text('version = 1\n[isolation]\nwrite = ["."]\n')
    (folder / "out").mkdir()
    assert granted("out", places, writable=True) == {"isolation.write": (str(folder / "out"),)}
    assert in_force(places).isolation.write == (".", str(folder / "out"))


def test_a_mistake_in_the_file_is_told_and_nothing_is_written(places: tuple[Path, dict[str, str]]) -> None:
    mine(places[1]).write_text("version = 1\n[isolation]\nreed = []\n")
    with pytest.raises(ValueError, match=r"jupyter_guard\.toml:3"):
        granted("aws", places)
    assert "aws" not in mine(places[1]).read_text()
