"""Cards: readable, complete, and safe to show wherever their parts came from."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard import Policy, Session
from jupyter_guard.guard.card import (
    MAX_FINDINGS,
    MIME,
    WITHHELD,
    card,
    error,
    finding_item,
    prompt,
    who_can_allow,
)
from jupyter_guard.terms import (
    Cell,
    Confidence,
    Effect,
    Finding,
    Kind,
    Origin,
    Report,
    Scope,
    Severity,
    Span,
    Verdict,
)

STATES = ("blocked", "declined", "asked", "warned", "note")
SECRET = "zebra-" + "41-crossing"
PATTERNED = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def drop_report(**changes: object) -> Report:
    effect = Effect(
        Kind.DATA_DESTROY,
        target="table sales in shop.db",
        scope=Scope.WORKSPACE,
        span=Span(3, 0, 3, 31),
        origin=Origin.ASSISTANT,
        via="DROP TABLE",
    )
    finding = Finding(
        rule="JG301",
        family="data",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message="drops table sales in shop.db",
        span=effect.span,
        effects=(effect,),
        why="A dropped table is gone with its rows.",
        instead="Rename the table, or make a copy first.",
        origin=Origin.ASSISTANT,
        verdict=Verdict.BLOCK,
        decided_by="site: origin.assistant.critical",
    )
    values: dict[str, object] = {
        "cell": Cell("import sqlite3\n\ncon.execute('DROP TABLE sales')", Origin.ASSISTANT, number=4),
        "verdict": Verdict.BLOCK,
        "would_be": Verdict.BLOCK,
        "sentence": "deletes table `sales` in `shop.db`",
        "findings": (finding,),
        "effects": (effect,),
        "policy": "1a2b3c",
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


def identity(text: str) -> str:
    return text


# Texts as an attacker would shape them: markup, control characters, surrogates, secrets between anything.
texts = st.one_of(
    st.text(max_size=80),
    st.text(st.characters(min_codepoint=0, max_codepoint=0x2FFF), max_size=80),
    st.sampled_from(
        ["<script>alert(1)</script>", '"><img onerror=x>', "\x1b[2Jgone", "\u202egnp.exe", "\ud800", "&lt;", SECRET]
    ),
    st.builds(lambda a, b: a + SECRET + b, st.text(max_size=20), st.text(max_size=20)),
)
spans = st.builds(lambda line, more: Span(line, 0, line + more, 1), st.integers(1, 999), st.integers(0, 9))
effects = st.builds(
    Effect,
    kind=st.sampled_from(Kind),
    target=texts,
    scope=st.sampled_from(Scope),
    span=spans,
    via=texts,
    tags=st.frozensets(texts, max_size=3),
)
findings = st.builds(
    Finding,
    rule=texts,
    family=texts,
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    message=texts,
    span=spans,
    effects=st.lists(effects, max_size=3).map(tuple),
    why=texts,
    instead=texts,
    origin=st.sampled_from(Origin),
    verdict=st.sampled_from(Verdict),
    decided_by=texts,
)
reports = st.builds(
    Report,
    cell=st.builds(Cell, code=texts, origin=st.sampled_from(Origin), number=st.integers(0, 99)),
    verdict=st.sampled_from(Verdict),
    would_be=st.sampled_from(Verdict),
    sentence=texts,
    findings=st.lists(findings, max_size=MAX_FINDINGS + 3).map(tuple),
    problems=st.lists(texts, max_size=3).map(tuple),
    policy=texts,
)


def without_secret(text: str) -> str:
    return text.replace(SECRET, "[redacted]")


class Outline(HTMLParser):
    """Collects tags and attributes, and the text a reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.seen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.seen += data


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


@given(reports, st.sampled_from(STATES), texts)
def test_nothing_in_a_card_escapes_its_place(report: Report, state: str, who: str) -> None:
    bundle = card(report, state, who, clean=without_secret)  # type: ignore[arg-type]
    parsed = outline(bundle["text/html"])
    assert parsed.tags <= {"div", "details", "summary", "code", "span"}
    assert parsed.attributes <= {"class", "style", "open"}
    assert SECRET not in json.dumps(bundle, ensure_ascii=False)
    assert SECRET not in parsed.seen
    sentence = bundle[MIME]["sentence"]
    assert sentence
    assert sentence.replace("`", "") in parsed.seen.replace("`", "")
    assert "".join(sentence.split()) in "".join(bundle["text/plain"].split())
    for text in (bundle["text/plain"], bundle["text/html"], *prompt(report, clean=without_secret).split("\n")):
        text.encode("utf-8")
        assert not any(ord(c) < 32 and c != "\n" for c in text)
        assert "\x7f" not in text
        assert "\u202e" not in text


@given(reports, st.sampled_from(STATES))
def test_prompt_and_error_are_clean_and_bounded(report: Report, state: str) -> None:
    question = prompt(report, clean=without_secret)
    assert question.endswith("[y/N] ")
    assert SECRET not in question
    assert len(question) < 4000
    content = error(report, state, clean=without_secret)  # type: ignore[arg-type]
    assert SECRET not in json.dumps(content, ensure_ascii=False)
    assert all("\n" not in line and "\x1b" not in line for line in content["traceback"])
    assert len(content["traceback"]) <= 5


def test_a_card_says_all_that_a_reader_needs() -> None:
    bundle = card(drop_report(), "blocked", clean=identity)
    seen = outline(bundle["text/html"]).seen
    assert "<code>sales</code>" in bundle["text/html"]
    for text in (bundle["text/plain"].replace("`", ""), seen):
        flat = " ".join(text.split())
        assert "stopped this cell before it ran (cell 4)" in flat
        assert "This cell deletes table sales in shop.db." in flat
        assert "JG301 critical, line 3: drops table sales in shop.db" in flat
        assert "A dropped table is gone with its rows." in flat
        assert "Rename the table, or make a copy first." in flat
        assert "site: origin.assistant.critical (written by an assistant)" in flat
        assert "Who can allow it: the administrator of this machine" in flat
    item = bundle[MIME]["findings"][0]
    assert item["span"] == {"line": 3, "column": 0, "end_line": 3, "end_column": 31}
    assert item["effects"][0]["kind"] == "data.destroy"
    assert bundle[MIME]["state"] == "blocked"
    assert bundle[MIME]["version"] == 1
    json.dumps(bundle[MIME])


def test_patterned_secrets_go_without_being_asked() -> None:
    report = drop_report(sentence=f"sends {PATTERNED} to api.acme.com")
    bundle = card(report, "blocked")
    assert PATTERNED not in json.dumps(bundle)
    assert "api.acme.com" in bundle["text/plain"]
    assert PATTERNED not in prompt(report)


def test_a_scrubber_that_fails_shows_nothing() -> None:
    def fails(text: str) -> str:
        raise RuntimeError("no")

    bundle = card(drop_report(), "blocked", clean=fails)
    assert bundle[MIME]["sentence"] == WITHHELD
    assert "shop.db" not in json.dumps(bundle)


def test_a_secret_that_begins_before_the_cut_is_not_shown_in_part() -> None:
    for gap in (23_990, 24_000, 24_010):
        report = drop_report(sentence="x" * gap + SECRET)
        assert "zebra" not in json.dumps(card(report, "blocked", clean=without_secret))


def test_size_is_bounded() -> None:
    finding = drop_report().findings[0]
    report = drop_report(findings=(finding,) * 5000, sentence="deletes " + "a, " * 200_000)
    bundle = card(report, "blocked", clean=identity)
    assert len(bundle["text/html"]) < 60_000
    assert f"and {5000 - MAX_FINDINGS} more findings" in bundle["text/plain"]
    assert bundle[MIME]["more"] == 5000 - MAX_FINDINGS


def test_strictest_finding_comes_first() -> None:
    block = drop_report().findings[0]
    warn = finding_with(block, rule="JG901", severity=Severity.LOW, verdict=Verdict.WARN, line=1)
    view = card(drop_report(findings=(warn, block)), "blocked", clean=identity)[MIME]
    assert [item["rule"] for item in view["findings"]] == ["JG301", "JG901"]


def finding_with(base: Finding, rule: str, severity: Severity, verdict: Verdict, line: int) -> Finding:
    import msgspec

    return msgspec.structs.replace(
        base, rule=rule, severity=severity, verdict=verdict, span=Span(line, 0, line, 1), decided_by="user: x"
    )


@pytest.mark.parametrize(
    ("decided_by", "says"),
    [
        ("site: origin.assistant.critical", "administrator of this machine"),
        ("hub: origin.assistant.critical", "administrator of this JupyterHub"),
        ("user: rules.JG301", "you: change that key"),
        ("project: deny.sql", "project's jupyter_guard.toml"),
        ("preset: origin.assistant.critical", "jupyter guard policy init"),
        ("built in: a failing guard blocks", "nobody"),
        ("", "jupyter guard policy init"),
    ],
)
def test_who_can_allow_follows_the_layer(decided_by: str, says: str) -> None:
    import msgspec

    finding = msgspec.structs.replace(drop_report().findings[0], decided_by=decided_by)
    assert says in who_can_allow(drop_report(findings=(finding,)))


def test_observe_mode_says_what_would_have_been() -> None:
    report = drop_report(verdict=Verdict.WARN, would_be=Verdict.BLOCK)
    bundle = card(report, "note")
    assert "enforcing, it would have stopped this cell" in bundle["text/plain"]
    assert "Who can allow" not in bundle["text/plain"]


def test_prompt_names_the_rule_and_the_line() -> None:
    question = prompt(drop_report(), clean=identity)
    assert "this cell deletes table `sales` in `shop.db`." in question
    assert "JG301 (critical), line 3: drops table sales in shop.db" in question
    assert question.endswith("Run it? [y/N] ")


def test_error_names_say_whether_anyone_was_asked() -> None:
    assert error(drop_report(), "blocked")["ename"] == "CellBlocked"
    assert error(drop_report(), "declined")["ename"] == "CellDeclined"
    lines = error(drop_report(), "blocked", clean=identity)["traceback"]
    assert lines[0] == "CellBlocked: this cell deletes table `sales` in `shop.db` (JG301)"
    assert lines[1] == "  line 3: drops table sales in shop.db"


def test_finding_item_is_clean() -> None:
    finding = drop_report(sentence="").findings[0]
    assert finding_item(finding, clean=identity)["rule"] == "JG301"
    assert finding_item(finding, clean=lambda text: "[redacted]")["message"] == "[redacted]"


def test_importing_the_card_stays_light() -> None:
    import subprocess
    import sys

    script = (
        "import sys, jupyter_guard.guard.card\n"
        "print([m for m in ('rich','IPython','zmq','sqlglot','hyperscan') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"


def test_an_error_says_what_stopped_a_cell_that_has_no_effect() -> None:
    refusing = Policy.parse('version = 1\n[deny]\nimports = ["telnetlib"]\n')
    refused = error(Session(refusing, "assistant").vet("import telnetlib"), "blocked")
    assert refused["evalue"] == "this cell imports `telnetlib` (JG890)"
    assert refused["traceback"][0] == "CellBlocked: this cell imports `telnetlib` (JG890)"


OWN = Policy.parse(
    'version = 1\n[own.ACME01]\ntitle = "Reads past the gateway"\ninstead = "Use the gateway."\n'
    'calls = ["pandas.read_sql"]\nreplace = {"pandas.read_sql" = "acme.db.read"}\n'
)


def test_what_an_organisation_wants_called_is_on_the_card_and_offered() -> None:
    made = card(Session(OWN, origin="assistant").vet("import pandas as pd\npd.read_sql(q, c)"), "warned")
    (item,) = (one for one in made[MIME]["findings"] if one["rule"] == "ACME01")
    assert (item["fixable"], item["offered"], item["replace"]) == (False, True, "acme.db.read")
    assert "Call:       `acme.db.read` in place of `pandas.read_sql`" in made["text/plain"]
    assert "<code>acme.db.read</code> in place of <code>pandas.read_sql</code>" in made["text/html"]


def test_what_a_cell_built_has_no_rewrite_in_the_cell() -> None:
    for code, policy in (
        ("import pandas as pd\npd.read_sql(q, c)", OWN),
        ("import yaml\nyaml.unsafe_load(t)", "personal"),
    ):
        report = Session(policy, origin="assistant").vet(code)
        seen = {
            about: [one["fixable"] or one["offered"] for one in card(report, "warned", about=about)[MIME]["findings"]]
            for about in ("", "code run by cell 3")
        }
        assert (any(seen[""]), any(seen["code run by cell 3"])) == (True, False)


def test_a_secret_in_code_has_no_rewrite_that_passes_for_safe() -> None:
    secret = "-".join(["correct", "horse", "9"])
    made = card(Session("personal", origin="assistant").vet(f"password = '{secret}'"), "warned")[MIME]
    (item,) = (one for one in made["findings"] if one["rule"] == "JG603")
    assert (item["fixable"], item["offered"]) == (False, True)
