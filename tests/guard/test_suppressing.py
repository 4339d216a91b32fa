"""A comment allows what is found beside it, only where the policy lets its author, and never out of sight."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from jupyter_guard import Session
from jupyter_guard.guard.card import card
from jupyter_guard.policy import Policy, load_effective
from jupyter_guard.policy.layer import parse_layer, preset_layer

LETS = 'version = 1\n[suppress]\norigins = ["human", "unknown"]\n'
DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
WHY = "  # guard: allow JG301 because it is made anew below"


def vetted(code: str, origin: str = "human", policy: str = LETS) -> tuple[str, list[str]]:
    report = Session(Policy.parse(policy), origin).vet(code)
    return str(report.verdict), [one.suppressed for one in report.findings if one.rule == "JG301"]


def test_it_counts_where_the_policy_lets_its_author() -> None:
    assert vetted(DROP) == ("warn", [""])
    assert vetted(DROP + WHY) == ("allow", ["it is made anew below"])
    assert vetted(DROP + WHY, "assistant") == ("block", [""])
    assert vetted(DROP + WHY, policy="version = 1\n") == ("warn", [""])
    (finding,) = Session(Policy.parse(LETS), "human").vet(DROP + WHY).findings
    assert finding.decided_by == "user: suppress.origins: it is made anew below"


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        (DROP + "  #guard:allow JG203, JG301 because reasons differ", True),
        (DROP.replace("\n", "\n# guard: allow JG301 because it is made anew\n"), True),
        (DROP.replace("execute(", "execute(\n    ").replace("')", "'\n)") + WHY, True),
        ("!ls\n%time 1\n" + DROP + WHY, True),
        (DROP + "  # guard: allow JG301", False),
        (DROP + "  # guard: allow JG301 because ", False),
        (DROP + "  # guard: allow because I say so", False),
        (DROP + "  # guard: allow JG302 because it is another", False),
        (DROP + "\n" + WHY.strip(), False),
        (WHY.strip() + "\n" + DROP, False),
        # In a text it is no comment.
        (DROP.replace("DROP TABLE sales", "DROP TABLE sales /* # guard: allow JG301 because no */"), False),
        (f"note = '''\n{WHY}\n'''\n" + DROP, False),
    ],
)
def test_it_is_about_one_place_and_needs_a_rule_and_a_reason(code: str, counts: bool) -> None:
    verdict, said = vetted(code)
    assert (verdict == "allow", any(said)) == (counts, counts), said


NONE = "version = 1\n"


@pytest.mark.parametrize(
    ("code", "origin", "policy", "why"),
    [
        (DROP + WHY, "human", LETS, ""),
        (DROP + "  # guards the table", "human", LETS, ""),
        (DROP + "  # guard: allow for late orders", "human", LETS, ""),
        (DROP + WHY, "assistant", LETS, "the policy counts none in `assistant` cells (`suppress.origins`)"),
        (DROP + WHY, "human", NONE, "the policy counts none in any cell (`suppress.origins`)"),
        (DROP + "  # guard: allow JG301", "human", LETS, "it gives no reason"),
        (DROP + "  # guard: allow because I say so", "human", LETS, "it names no rule"),
        (DROP + "  # guard: allow", "human", LETS, "it names no rule"),
        (DROP + "  # guard allow JG301 because old", "human", LETS, "it is not written as `# guard: allow RULE because"),
        (DROP + "  # Guard: ignore jg301 because old", "human", LETS, "it names no rule"),
        (DROP + "  # guard: allow JG302 because old", "human", LETS, "it allows JG302, not JG301"),
        (WHY.strip() + "\n\n" + DROP, "human", LETS, "it is on line 1, neither at its end nor alone on the line above"),
        (f"%%bash\nrm -rf /srv/x  {WHY}", "human", LETS, "only comments in Python count"),
        (f"!rm -rf /srv/x  {WHY}", "human", LETS, "only comments in Python count"),
        (f"{DROP}; note = '{WHY}'", "human", LETS, ""),
        ("get_ipython().ast_transformers.clear()  # guard: allow JG801 because no", "human", LETS, "no comment allows JG801"),
        (
            "import telnetlib  # guard: allow JG890 because old",
            "human",
            LETS + '[deny]\nimports = ["telnetlib"]\n',
            "no comment allows JG890",
        ),
    ],
)  # fmt: skip
def test_a_comment_that_does_not_count_says_why(code: str, origin: str, policy: str, why: str) -> None:
    report = Session(Policy.parse(policy), origin).vet(code)
    said = {one.not_counted for one in report.findings}
    assert len(said) == 1
    assert said.pop().startswith(why) if why else said == {""}
    plain = card(report, "note")["text/plain"]
    assert ("does not count: " in plain) == bool(why)


def test_a_comment_that_is_about_one_of_two_is_said_with_the_other() -> None:
    two = f"{DROP}{WHY}\nsqlite3.connect('shop.db').execute('DROP TABLE orders')"
    said = [(bool(one.suppressed), one.not_counted) for one in Session(Policy.parse(LETS), "human").vet(two).findings]
    assert said == [(True, ""), (False, "")]


@pytest.mark.parametrize(
    ("lines", "said_with"),
    [
        ("{why}|x = 1|{drop}|{drop}|{drop}", [3]),
        ("{drop}|x = 1|{why}|y = 2|y = 3|{drop}", [1]),
        ("{why}|x = 1|{drop}|{why}|y = 2|y = 3|y = 4|y = 5|{drop}", [3]),
        ("{why}|x = 1|{drop}|y = 2|y = 3|{drop}|x = 1|{why}", [3, 6]),
    ],
)
def test_a_comment_that_stands_beside_nothing_is_mentioned_once_with_the_nearest(
    lines: str, said_with: list[int]
) -> None:
    code = lines.format(why=WHY.strip(), drop="con.execute('DROP TABLE sales')").replace("|", "\n")
    session = Session(Policy.parse(LETS), "human")
    session.vet("import sqlite3\ncon = sqlite3.connect('shop.db')")
    found = [one for one in session.vet(code).findings if one.rule == "JG301"]
    assert len(found) > 1
    assert [one.span.line for one in found if one.not_counted] == said_with


def test_what_an_assistants_function_does_is_the_assistants() -> None:
    session = Session(Policy.parse(LETS), "human")
    session.vet(
        f"def clean():\n    import sqlite3\n    sqlite3.connect('shop.db').execute('DROP TABLE sales'){WHY}",
        "assistant",
    )
    assert str(session.vet(f"clean(){WHY}").verdict) == "block"


def test_the_guard_itself_and_what_is_refused_are_not_allowed_by_comments() -> None:
    refusing = LETS + '[deny]\nimports = ["telnetlib"]\n'
    assert (
        str(Session(Policy.parse(refusing), "human").vet("import telnetlib  # guard: allow JG890 because old").verdict)
        == "block"
    )
    tampers = "get_ipython().ast_transformers.clear()"
    (finding, *_) = Session(Policy.parse(LETS), "human").vet(tampers).findings
    assert finding.rule.startswith("JG8")
    without = Session(Policy.parse(LETS), "human").vet(tampers).verdict
    assert (
        Session(Policy.parse(LETS), "human").vet(f"{tampers}  # guard: allow {finding.rule} because no").verdict
        is without
    )


def test_no_lower_layer_lets_anybody(tmp_path: Path) -> None:
    (tmp_path / "jupyter_guard.toml").write_text(LETS)
    # A project's file arrives with a notebook from anybody.
    assert not load_effective(tmp_path, environment={"HOME": str(tmp_path / "home")}).may_suppress("human")  # type: ignore[arg-type]
    hub = parse_layer('version = 1\n[suppress]\norigins = ["human"]\n', "hub", "h")
    user = parse_layer('version = 1\n[suppress]\norigins = ["assistant", "human"]\n', "user", "u")
    both = Policy(preset_layer("personal"), [hub, user])
    assert both.values()["suppress.origins"] == ("human",)
    floor = parse_layer(
        'version = 1\n[origin.human]\ncritical = "block"\n[suppress]\norigins = ["human"]\n', "hub", "h"
    )
    at_least = parse_layer('version = 1\n[rules.JG301]\nverdict = "confirm"\n', "user", "u")
    report = Session(Policy(preset_layer("personal"), [floor, at_least]), "human").vet(DROP + WHY)
    assert str(report.verdict) == "confirm"
    assert [one.suppressed for one in report.findings] == [""]


def test_it_stays_visible_in_every_report(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(LETS)
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(DROP + WHY)]), tmp_path / "n.ipynb")

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "jupyter_guard",
            "vet",
            "n.ipynb",
            "--policy",
            "p.toml",
            "--origin",
            "human",
            *more,
        ]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    text = run()
    assert text.returncode == 0
    assert "Allowed:    in the code, because it is made anew below" in text.stdout
    assert "1 finding allowed in the code" in text.stdout
    (case,) = json.loads(run("--format", "json").stdout)["cases"]
    assert case["cells"][0]["findings"][0]["suppressed"] == "it is made anew below"
    (result,) = json.loads(run("--format", "sarif").stdout)["runs"][0]["results"]
    assert result["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "it is made anew below"}
    ]


@pytest.mark.parametrize(
    "code", ["# guard: allow JG301 because x\n(", "'''# guard:", "#guard: allow " + "JG1," * 50_000]
)
def test_any_text_has_an_answer(code: str) -> None:
    assert Session(Policy.parse(LETS), "human").vet(code + "\n!rm -rf /\n").findings is not None
