"""Where a path lands, and what a reader's budget does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.read.context import HOLE, MAX_DEPTH, Budget, BudgetSpent, Context
from jupyter_guard.terms import Certainty, Effect, Kind, Scope, Span

HERE = Context(workspace="/home/ann/work", home="/home/ann")


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("data.csv", Scope.WORKSPACE),
        ("./a/../b", Scope.WORKSPACE),
        (".", Scope.WORKSPACE),
        ("/home/ann/work/x", Scope.WORKSPACE),
        ("..", Scope.HOME),
        ("data/../../..", Scope.SYSTEM),
        ("~", Scope.HOME),
        ("~/x", Scope.HOME),
        ("$HOME/x", Scope.HOME),
        ("~bob/x", Scope.HOME),
        ("/home/ann", Scope.HOME),
        ("/home", Scope.SYSTEM),
        ("/home/bob/x", Scope.HOME),
        ("/root/.ssh", Scope.HOME),
        ("/", Scope.SYSTEM),
        ("//etc//passwd", Scope.SYSTEM),
        ("/etc/passwd", Scope.SYSTEM),
        ("/proc/self/root/etc", Scope.SYSTEM),
        ("/proc/self/cwd/x", Scope.WORKSPACE),
        ("/dev/sda", Scope.SYSTEM),
        ("/dev/null", Scope.SESSION),
        ("/tmp/x", Scope.TEMPORARY),
        ("/tmp/../etc", Scope.SYSTEM),
        ("/content/data", Scope.WORKSPACE),
        ("/content/drive/MyDrive", Scope.HOME),
        ("s3://bucket/key", Scope.REMOTE),
        ("https://a.test/x", Scope.REMOTE),
        ("file:///etc/hosts", Scope.SYSTEM),
        ("C:\\Windows\\x", Scope.SYSTEM),
        ("C:\\Users\\ann", Scope.HOME),
        ("", Scope.UNKNOWN),
        (HOLE, Scope.UNKNOWN),
        (HOLE + "/x", Scope.UNKNOWN),
        ("/etc/" + HOLE, Scope.SYSTEM),
        ("out/" + HOLE + ".png", Scope.WORKSPACE),
        ("/" + HOLE, Scope.UNKNOWN),
    ],
)
def test_scope_of_a_path(path: str, scope: Scope) -> None:
    assert HERE.path_scope(path) is scope


@pytest.mark.parametrize("home", ["/home/physics/ann", "/home/ann", "/nfs/people/ann", "/root/ann"])
def test_a_home_directory_may_lie_in_a_folder_of_them(home: str) -> None:
    deep = Context(workspace=home + "/work", home=home)
    for path in ("~/.bashrc", home + "/.bashrc", "../.bashrc"):
        assert "startup" in deep.path_tags(path)
    assert deep.path_tags(home + "/work/bashrc") == frozenset()


def test_jupyter_started_at_home_keeps_dotted_places_private() -> None:
    at_home = Context(workspace="/home/ann", home="/home/ann")
    assert at_home.path_scope("nb/x.csv") is Scope.WORKSPACE
    assert at_home.path_scope("~/.ssh/id_rsa") is Scope.HOME
    assert at_home.path_scope(".") is Scope.HOME


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("~/.ssh/id_rsa", "credential-store"),
        ("/home/ops/.aws/credentials", "credential-store"),
        ("~/.aws", "credential-store"),
        ("/proc/self/environ", "credential-store"),
        (".env", "credential-store"),
        ("~/.bashrc", "startup"),
        ("~/.ipython/profile_default/startup/a.py", "startup"),
        (".git/hooks/pre-commit", "startup"),
        ("/etc/cron.d/x", "startup"),
        ("jupyter_guard.toml", "guard-file"),
        ("~/.jupyter/x", "guard-file"),
        ("/dev/sda", "device"),
    ],
)
def test_special_places(path: str, tag: str) -> None:
    assert tag in HERE.path_tags(path)


@pytest.mark.parametrize(
    "path", ["data.csv", "~/work/model.pt", "/etc/hosts", "notes.env.md", "/dev/null", "environment.yml"]
)
def test_ordinary_places(path: str) -> None:
    assert HERE.path_tags(path) == frozenset()


def test_reading_a_credential_store_is_a_credential_read() -> None:
    effect = HERE.file(Kind.FILE_READ, "~/.ssh/id_rsa", via="cat")
    assert (effect.kind, effect.scope) == (Kind.CREDENTIAL_READ, Scope.HOME)
    assert HERE.file(Kind.FILE_WRITE, "~/.ssh/id_rsa").kind is Kind.FILE_WRITE


def test_effects_carry_span_origin_and_the_weaker_certainty() -> None:
    here = HERE.with_(certainty=Certainty.LIKELY).at(Span(3, 1, 3, 9))
    effect = here.effect(Kind.PROCESS_RUN, "ls")
    assert effect.span == Span(3, 1, 3, 9)
    assert effect.certainty is Certainty.LIKELY


def test_budget_and_depth_end() -> None:
    with pytest.raises(BudgetSpent):
        Context(budget=Budget(3)).spend(4)
    deep = HERE
    for _ in range(MAX_DEPTH):
        deep = deep.deeper()
    with pytest.raises(BudgetSpent):
        deep.deeper()


def test_python_text_without_a_reader_is_unread() -> None:
    assert [one.kind for one in HERE.read_python("print(1)")] == [Kind.UNREAD]
    seen: list[int] = []

    def reader(text: str, context: Context) -> list[Effect]:
        seen.append(context.depth)
        return []

    assert HERE.with_(python=reader).read_python("x") == []
    assert seen == [1]


@given(st.text(max_size=80))
def test_any_text_is_a_path(path: str) -> None:
    assert isinstance(HERE.path_scope(path), Scope)
    HERE.path_tags(path)


@pytest.mark.parametrize(
    ("target", "path", "leads_to"),
    [
        ("/etc", "conf/passwd", "/etc/passwd"),
        ("/etc/", "conf", "/etc"),
        ("/", "conf/etc", "/etc"),
        ("../shared", "conf/a", "/home/sam/shared/a"),
        ("~/.ssh", "conf/id_rsa", "/home/sam/.ssh/id_rsa"),
        ("/etc", "configuration/passwd", "configuration/passwd"),
        ("conf", "conf/a", "conf/a"),
    ],
)
def test_where_a_link_leads(target: str, path: str, leads_to: str) -> None:
    context = Context(workspace="/home/sam/work", home="/home/sam")
    context.linked("conf", target)
    assert context.followed(path) == leads_to


def test_a_link_that_is_deleted_leaves_what_it_leads_to() -> None:
    context = Context(workspace="/home/sam/work", home="/home/sam")
    context.linked("conf", "/etc")
    assert context.file(Kind.FILE_DELETE, "conf").scope is Scope.WORKSPACE
    assert context.file(Kind.FILE_DELETE, "conf/hosts").scope is Scope.SYSTEM


@pytest.mark.parametrize(
    ("path", "private"),
    [
        ("~/Documents/a.pdf", True),
        ("/home/ana/Desktop/a.docx", True),
        ("~/work/data.csv", False),
        ("~/.cache/x/a", False),
        ("~/seaborn-data/a.csv", False),
        ("/usr/share/dict/words", False),
    ],
)
def test_what_is_somebody_s_own(path: str, private: bool) -> None:
    context = Context(workspace="/home/sam/work", home="/home/sam")
    assert context.is_private(context.file(Kind.FILE_READ, path), path) is private
