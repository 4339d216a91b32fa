from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.knowledge import Entry, Knowledge, Slot, parse_entries
from jupyter_guard.terms import Kind


def entry(**table: object):  # type: ignore[no-untyped-def]
    entries, problems = parse_entries({"acme.client.purge": table}, "policy.toml")
    assert problems == []
    return entries["acme.client.purge"]


def test_a_table_becomes_an_entry() -> None:
    purge = entry(does="data.destroy", target="arg:0/name", recursive=True, unless={"kw:dry_run": True})
    act = purge.acts[0]
    assert act.kinds == (Kind.DATA_DESTROY,)
    assert act.target == Slot(index=0, name="name")
    assert act.tags == {"recursive"}
    assert act.unless[0].equals is True


@pytest.mark.parametrize(
    ("table", "key", "says"),
    [
        ({"doess": "file.delete"}, "purge.doess", "did you mean 'does'"),
        ({"does": "file.delet"}, "purge.does", "did you mean 'file.delete'"),
        ({"target": "arg:x"}, "purge.target", "expected arg:N"),
        ({"tags": ["recursiv"]}, "purge.tags", "did you mean 'recursive'"),
        ({"reads": "sqll:arg:0"}, "purge.reads", "did you mean 'sql'"),
        ({"when": {"arg:0": "re:["}}, "purge.when.arg:0", "not a regular expression"),
        ({"recursive": "yes"}, "purge.recursive", "Expected `bool`"),
        ({"variants": [{"doez": "file.read"}]}, "purge.variants[0].doez", "did you mean 'does'"),
    ],
)
def test_a_mistake_names_key_and_expectation(table: dict[str, object], key: str, says: str) -> None:
    entries, problems = parse_entries({"purge": table, "fine": {"does": "file.read"}}, "policy.toml")
    assert set(entries) == {"fine"}
    assert [problem.key for problem in problems] == [key]
    assert says in problems[0].message
    assert "policy.toml" in problems[0].message


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["does", "target", "tags", "when", "variants", "reads", "calls"]), json))
def test_any_table_is_an_entry_or_problems(table: dict[str, object]) -> None:
    entries, problems = parse_entries({"x.y": table}, "f")
    assert bool(entries) != bool(problems)


def test_the_package_s_own_files_have_no_mistakes() -> None:
    assert len(Knowledge.builtin().names()) > 500


def test_every_entry_of_the_packages_own_files_is_found_by_its_line_and_has_no_mistake() -> None:
    folder = resources.files("jupyter_guard.knowledge")
    files = [one for one in folder.iterdir() if one.name.endswith(".toml") and not one.name.startswith("shell_")]
    parsed: dict[str, Entry] = {}
    for file in sorted(files, key=lambda one: one.name):
        if file.name not in ("places.toml", "magics.toml", "verification.toml"):
            entries, problems = parse_entries(tomllib.loads(file.read_text(encoding="utf-8")), file.name)
            assert not problems
            parsed |= entries
    known = Knowledge.builtin()
    assert known.names() == sorted(parsed)
    for name, entry in parsed.items():
        assert entry.alias or known.lookup(name) == entry


def test_look_ups_follow_aliases_and_bases() -> None:
    entries, _ = parse_entries(
        {
            "a.Base": {},
            "a.Base.drop": {"does": "data.destroy"},
            "a.Child": {"bases": ["a.Base"]},
            "b.Child": {"alias": "a.Child"},
            "loop.x": {"alias": "loop.y"},
            "loop.y": {"alias": "loop.x"},
        },
        "f",
    )
    known = Knowledge(entries)
    assert known.lookup("b.Child.drop") == entries["a.Base.drop"]
    assert known.lookup("b.Child.keep") is None
    assert known.lookup("loop.x") is None


def test_a_policy_s_line_replaces_the_package_s() -> None:
    entries, _ = parse_entries({"shutil.rmtree": {"does": "file.read"}}, "policy.toml")
    assert Knowledge.builtin().extended(entries).lookup("shutil.rmtree") == entries["shutil.rmtree"]
