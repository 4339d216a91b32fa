from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.terms import Certainty, Effect, Kind, Scope
from jupyter_guard.terms.sentence import NOTHING, WORST_FIRST, clause, sentence, shown
from jupyter_guard.terms.tags import TAGS

effects = st.builds(
    Effect,
    kind=st.sampled_from(list(Kind)),
    target=st.text(max_size=300),
    scope=st.sampled_from(list(Scope)),
    certainty=st.sampled_from(list(Certainty)),
    via=st.sampled_from(["", "DROP TABLE", "DELETE", "shutil.rmtree", "TRUNCATE TABLE"]),
    tags=st.frozensets(st.sampled_from(sorted(TAGS)), max_size=4),
)


def test_every_kind_has_its_place() -> None:
    assert set(WORST_FIRST) == set(Kind)


def test_nothing() -> None:
    assert sentence([]) == NOTHING == "does nothing outside the session"


def test_worst_first_and_grouped() -> None:
    text = sentence(
        [
            Effect(Kind.NETWORK_CONNECT, "https://api.acme.com/v1/orders?page=2", Scope.REMOTE),
            Effect(Kind.FILE_WRITE, "out/a.csv", Scope.WORKSPACE),
            Effect(Kind.FILE_WRITE, "out/b.csv", Scope.WORKSPACE),
            Effect(Kind.DATA_DESTROY, "sales in shop.db", Scope.WORKSPACE, via="DROP TABLE"),
        ]
    )
    assert text == ("deletes table `sales` in `shop.db`; writes `out/a.csv` and `out/b.csv`; connects to api.acme.com")


def test_many_files_of_one_folder_are_counted() -> None:
    assert sentence([Effect(Kind.FILE_WRITE, f"out/{n}.csv") for n in range(4)]) == "writes 4 files in `out/`"


def test_doubt_is_said() -> None:
    doubtful = Effect(Kind.FILE_DELETE, "x", tags=frozenset({"possible"}))
    assert clause(doubtful) == "may delete `x`"
    assert clause(Effect(Kind.FILE_DELETE, "x", certainty=Certainty.UNKNOWN)) == "may delete `x`"


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Effect(Kind.FILE_DELETE, "/srv", tags=frozenset({"recursive"})), "deletes `/srv` and everything below"),
        (
            Effect(Kind.DATA_DESTROY, "users", via="DELETE", tags=frozenset({"no-where"})),
            "deletes every row of table `users`",
        ),
        (Effect(Kind.PROCESS_RUN, "/usr/bin/git push --force"), "runs `git`"),
        (Effect(Kind.FILE_DELETE), "deletes files that are not known before it runs"),
        (Effect(Kind.UNREAD, "anything"), "does something that the guard cannot read"),
    ],
)
def test_wording(effect: Effect, expected: str) -> None:
    assert clause(effect) == expected


def test_session_only_data_is_quiet() -> None:
    assert sentence([Effect(Kind.DATA_DESTROY, "t in :memory:", Scope.SESSION, via="DELETE")]) == NOTHING


def test_no_secrets_and_no_commands() -> None:
    secret = "gh" + "p_" + "a1B2" * 9
    text = sentence(
        [
            Effect(Kind.PROCESS_RUN, f"TOKEN={secret} curl -H 'Authorization: Bearer {secret}' http://x.test"),
            Effect(Kind.NETWORK_CONNECT, f"https://user:{secret}@api.acme.com/?key={secret}"),
            Effect(Kind.FILE_READ, f"s3://bucket/x?sig={secret}"),
            Effect(Kind.DATA_WRITE, f"t in postgresql://me:{secret}@db/prod"),
        ]
    )
    assert secret not in text
    assert "Bearer" not in text
    assert "api.acme.com" in text


@given(st.lists(effects, max_size=30))
def test_bounded_and_printable(many: list[Effect]) -> None:
    text = sentence(many)
    assert text
    assert len(text) < 480
    assert text.isprintable()
    assert text.encode("utf-8")
    assert text.count("`") % 2 == 0


@given(st.lists(effects, max_size=8), st.randoms())
def test_the_order_of_effects_does_not_matter_to_what_comes_first(many: list[Effect], random) -> None:
    # Given sentences of one clause a kind, the kinds stand in the same order whatever the order of the effects.
    mixed = list(many)
    random.shuffle(mixed)
    assert sentence(many).split(" ")[0] == sentence(mixed).split(" ")[0]


@given(st.text(max_size=3000))
def test_shown_is_bounded(text: str) -> None:
    assert len(shown(text)) <= 60
    assert shown(text).isprintable()


def test_words_of_ours_are_no_names() -> None:
    assert clause(Effect(Kind.CREDENTIAL_READ, "the clipboard")) == "reads credentials from the clipboard"
    assert clause(Effect(Kind.GUARD_TAMPER, "the kernel's own channel")) == "changes the kernel's own channel"
    assert clause(Effect(Kind.GUARD_TAMPER, "input transformers")).endswith("own `input transformers`")
    # A file can have any name.
    assert clause(Effect(Kind.FILE_DELETE, "the plan.txt")) == "deletes `the plan.txt`"


@pytest.mark.parametrize(
    ("tags", "said"),
    [({"fork"}, "may multiply processes without end"), ({"unbounded"}, "may go on without end")],
)
def test_verbs_after_may(tags: set[str], said: str) -> None:
    assert clause(Effect(Kind.RESOURCE_EXHAUST, tags=frozenset(tags), certainty=Certainty.UNKNOWN)) == said


def test_what_has_no_name_is_no_program() -> None:
    assert clause(Effect(Kind.PROCESS_RUN, "a copy of this process")) == "runs a copy of this process"
    assert clause(Effect(Kind.PROCESS_RUN, "a b")) == "runs `a`"
    assert clause(Effect(Kind.PACKAGE_INSTALL, "pandas", tags=frozenset({"removes"}))) == "uninstalls `pandas`"
