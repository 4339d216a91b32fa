"""Reading and the box take their places from one table: what a cell is judged to read or plant there, the box keeps out."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from jupyter_guard import Session
from jupyter_guard.isolate.grants import Grants, grants
from jupyter_guard.policy.policy import Isolation
from jupyter_guard.terms import Kind

TABLE = tomllib.loads(resources.files("jupyter_guard.knowledge").joinpath("places.toml").read_text(encoding="utf-8"))
STORES = tuple(TABLE["credential-store"]["home"])
# IPython keeps its history in its folder: the box protects what it runs from there (grants._startup).
STARTUP = tuple(one for one in (*TABLE["startup"]["home"], *TABLE["guard-file"]["home"]) if one != ".ipython/")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which each place of the table is."""
    made = tmp_path_factory.mktemp("home").resolve()
    (made / "work").mkdir()
    for one in (*STORES, *STARTUP):
        place = made / one
        (place if one.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
        if not one.endswith("/"):
            place.touch()
    return made


def held(home: Path, read: tuple[str, ...] = ("*",), write: tuple[str, ...] = (".",)) -> Grants:
    isolation = Isolation(backend="auto", require=(), read=read, write=write, hosts=("*",), env=())
    return grants(isolation, str(home / "work"), {"HOME": str(home)})


def inside(path: Path, places: tuple[str, ...]) -> bool:
    return any(f"{path}/".startswith(one.rstrip("/") + "/") for one in places)


def file_at(home: Path, place: str) -> Path:
    return home / place / "x" if place.endswith("/") else home / place


def test_what_is_judged_as_reading_credentials_is_hidden(home: Path) -> None:
    session, hidden = Session("personal", workspace=home / "work", home=str(home)), held(home).hidden
    for place in STORES:
        path = file_at(home, place)
        effects = session.vet(f"open({str(path)!r}).read()").effects
        assert Kind.CREDENTIAL_READ in {one.kind for one in effects}, (place, effects)
        assert inside(path, hidden), place
    for path in (home / "work" / "a.csv", home / ".sshd", home / "data" / "netrc"):
        assert session.vet(f"open({str(path)!r}).read()").effects[0].kind is Kind.FILE_READ
        assert not inside(path, hidden)


def test_what_is_judged_as_planting_is_read_only_where_everything_else_is_writable(home: Path) -> None:
    session = Session("personal", workspace=home / "work", home=str(home))
    box = held(home, write=(".", "~"))
    for place in STARTUP:
        path = file_at(home, place)
        (effect,) = session.vet(f"open({str(path)!r}, 'w')").effects
        assert effect.kind is Kind.FILE_WRITE
        assert {"startup", "guard-file", "credential-store"} & effect.tags, place
        assert inside(path, (*box.protected, *box.hidden)), place
    assert not inside(home / "work" / "a.csv", (*box.protected, *box.hidden))


def test_a_grant_is_the_box_s_and_no_approval(home: Path) -> None:
    path = str(home / ".aws" / "credentials")
    code = f"open({path!r}).read()"
    assert inside(Path(path), held(home).hidden)
    assert not inside(Path(path), held(home, read=("*", "aws")).hidden)
    policy = home / "granted.toml"
    policy.write_text('version = 1\n[isolation]\nread = ["*", "aws"]\n')
    judged = [
        Session(one, origin="assistant", workspace=home / "work", home=str(home)).vet(code)
        for one in ("personal", policy)
    ]
    assert judged[0].findings
    assert [one.verdict for one in judged] == [judged[0].verdict] * 2
    assert [one.rule for one in judged[0].findings] == [one.rule for one in judged[1].findings]
