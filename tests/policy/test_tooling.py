"""``[tools]`` and ``[tool.NAME]``: what a policy grants tools, by which layer, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_guard.policy import Layer, Policy, PolicyError
from jupyter_guard.policy.layer import parse_layer, preset_layer
from jupyter_guard.policy.tooling import Condition, condition


def layer(name: str, text: str) -> Layer:
    return parse_layer("version = 1\n" + text, name, f"/{name}/jupyter_guard.toml")


def policy(*layers: tuple[str, str], preset: str = "personal") -> Policy:
    return Policy(preset_layer(preset), [layer(*one) for one in layers])


def test_what_nobody_says_of_a_tool_is_as_for_code() -> None:
    made = policy(("user", '[isolation]\nwrite = ["out"]\nhosts = ["pypi.org"]\n'))
    found = made.tool("refund")
    assert (found.write, found.hosts, found.own) == (("out",), ("pypi.org",), False)
    assert (found.approve, found.seconds, found.result, found.memory) == ((), None, None, None)


def test_a_tools_own_grants_are_in_the_place_of_codes() -> None:
    made = policy(
        ("user", '[isolation]\nwrite = ["out"]\n[tool.refund]\nwrite = ["books"]\nseconds = 5\nresult = "1 KiB"\n')
    )
    found = made.tool("refund")
    assert (found.write, found.own, found.seconds, found.result) == (("books",), True, 5, 1024)
    assert made.tool("other").write == ("out",)
    assert made.hash != policy(("user", '[isolation]\nwrite = ["out"]\n')).hash


def test_a_lower_layer_only_takes_away() -> None:
    site = ("site", '[tool.refund]\nwrite = ["books", "out"]\nseconds = 5\napprove = "amount > 100"\n')
    user = ("user", '[tool.refund]\nwrite = ["out", "everywhere"]\nseconds = 50\napprove = "amount > 10"\n')
    found = policy(site, user).tool("refund")
    assert (found.write, found.seconds, found.approve) == (("out",), 5, ("amount > 10", "amount > 100"))
    assert policy(site, ("user", '[tool.refund]\napprove = "never"\n')).tool("refund").approve == ("amount > 100",)
    assert policy(site, ("user", '[tool.refund]\napprove = "ask"\n')).tool("refund").approve == ("ask",)


def test_what_a_site_grants_code_is_the_most_that_a_person_grants_a_tool() -> None:
    site = ("site", '[isolation]\nwrite = ["."]\n')
    assert policy(site, ("user", '[tool.refund]\nwrite = ["/srv", "."]\n')).tool("refund").write == (".",)
    # Where the site says nothing of it, it is the person's to say.
    assert policy(("user", '[tool.refund]\nwrite = ["/srv"]\n')).tool("refund").write == ("/srv",)


def test_a_project_approves_nothing_and_grants_nothing() -> None:
    project = ("project", '[tools]\nsources = ["evil.py"]\nsafe_calls = ["os.system"]\n[tool.refund]\nwrite = ["/"]\n')
    made = policy(("user", '[tools]\nsources = ["shop.py"]\n'), project)
    assert made.tools.sources == ()
    assert "os.system" not in made.tools.safe_calls
    assert "/" not in made.tool("refund").write
    # Nor where nobody else says anything: "any that is installed" is no file that comes with a notebook.
    assert policy(project).tools.sources == ()
    assert policy(("project", '[tools]\nsources = ["acme"]\n')).tools.sources == ("acme",)
    everything = ("user", '[tools]\nsafe_calls = ["*"]\n')
    assert policy(everything, project).tools.safe_calls == ()


def test_under_a_lock_nobody_below_approves_a_tool() -> None:
    made = policy(("user", '[tools]\nsources = ["mine.py"]\n[tool.refund]\nwrite = ["/srv"]\n'), preset="locked")
    assert made.tools.sources == ()
    assert made.tool("refund").write == ()


def test_files_are_from_the_folder_of_the_policy_that_names_them(tmp_path: Path) -> None:
    made = policy(("user", '[tools]\nsources = ["../shop.py", "/srv/more.py", "acme"]\n'))
    assert made.tools.sources == ("/shop.py", "/srv/more.py", "acme")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("amount > 100", Condition("amount", ">", 100.0)),
        ("amount<=-1.5", Condition("amount", "<=", -1.5)),
        ("region == 'eu'", Condition("region", "==", "eu")),
        ('region != "eu"', Condition("region", "!=", "eu")),
    ],
)
def test_a_condition_is_an_argument_compared(text: str, wanted: Condition) -> None:
    assert condition(text) == wanted


def test_every_mistake_is_told_with_its_line() -> None:
    with pytest.raises(PolicyError) as raised:
        layer(
            "user",
            '[tools]\nsources = "shop.py"\nsource = []\n[tool.Refund]\nwrite = []\n[tool.refund]\nwrites = []\n'
            'approve = "amount >> 3"\nseconds = 0\nresult = "much"\nhosts = ["https://x y"]\n[tool.other]\nread = 3\n',
        )
    problems = [(one.line, one.key) for one in raised.value.problems]
    assert problems == [
        (3, "tools.sources"),
        (4, "tools.source"),
        (5, "tool.Refund"),
        (8, "tool.refund.writes"),
        (9, "tool.refund.approve"),
        (10, "tool.refund.seconds"),
        (11, "tool.refund.result"),
        (12, "tool.refund.hosts"),
        (14, "tool.other.read"),
    ]


def test_explain_says_who_granted_a_tool_what() -> None:
    made = policy(("site", '[tool.refund]\nwrite = ["a"]\n'), ("user", '[tool.refund]\nwrite = ["a"]\n'))
    assert [(one.layer, one.outcome) for one in made.explain("tool.refund")] == [("site", "set"), ("user", "tightened")]
