"""Matchers of an organisation's own: found at their places, read and never run, loaded only where there are any."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_guard import Session
from jupyter_guard.policy import Policy, PolicyError

WHOLE = 'Call(func=Attribute(attr=Name("toPandas"), value=DoesNotMatch(Call(func=Attribute(attr=Name("limit"))))))'


def session(match: str, more: str = "") -> Session:
    text = f"version = 1\n[own.ACME02]\ntitle = \"Brings all\"\ninstead = \"Limit it.\"\nmatch = '''{match}'''\n{more}"
    return Session(Policy.parse(text), "assistant")


@pytest.mark.parametrize(
    ("code", "places"),
    [
        ("df.toPandas()", [(1, 0, 13)]),
        ("x = 1\ny = f(a.toPandas())  # all", [(2, 6, 18)]),
        ("df.limit(5).toPandas()", []),
        ("# df.toPandas()\ns = 'df.toPandas()'", []),
        # Characters, not bytes; IPython's lines; a cell that is indented as a whole.
        ("é = ü.toPandas()", [(1, 4, 16)]),
        ("%matplotlib inline\nf = !ls\nz = a.toPandas()", [(3, 4, 16)]),
        ("    z = a.toPandas()\n    b.toPandas()", [(1, 8, 20), (2, 4, 16)]),
        ("%%bash\ndf.toPandas()", []),
    ],
)
def test_what_matches_is_found_at_its_place(code: str, places: list[tuple[int, int, int]]) -> None:
    found = [one for one in session(WHOLE).vet(code).findings if one.rule == "ACME02"]
    assert [(one.span.line, one.span.column, one.span.end_column) for one in found] == places


@pytest.mark.parametrize(
    ("match", "code"),
    [
        ('m.Call(func=m.Name("eval") | m.Name("exec"))', "exec(x)"),
        ('matchers.Comparison(comparisons=[ComparisonTarget(Equal(), Name("None"))])', "if x == None: pass"),
        (
            'Call(func=Name("f"), args=[ZeroOrMore(), Arg(keyword=Name("unsafe")), ZeroOrMore()])',
            "f(1, unsafe=True, b=2)",
        ),
        ('Call(func=Name(MatchRegex(r"legacy_\\w+")))', "legacy_load(x)"),
        ("ExceptHandler(type=None)", "try:\n    x\nexcept:\n    y"),
    ],
)
def test_matchers_are_libcsts(match: str, code: str) -> None:
    assert [one.rule for one in session(match).vet(code).findings].count("ACME02") == 1
    assert [one.rule for one in session(match).vet("y = 2").findings] == []


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("Cal(func=Name('x'))", "no matcher 'Cal'"),
        ("__import__('os').system('touch x')", "no matcher"),
        ("Call(func=open('x'))", "no matcher 'open'"),
        ("Call(func=findall('x'))", "no matcher 'findall'"),
        ("Call(func=Name(**x))", r"no \*\* in a matcher"),
        ("Call(nope=1)", "unexpected keyword argument 'nope'"),
        ("Call(func=Name(x))", "no 'x' in a matcher"),
        ("Call(", "does not parse"),
        ("1", "such as Call"),
    ],
)
def test_what_is_no_matcher_is_a_mistake_of_the_policys(match: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says) as caught:
        session(match)
    assert "own.ACME02.match" in str(caught.value)


def test_settings_count_for_shapes_too() -> None:
    assert session(WHOLE, "[rules.ACME02]\ndisabled = true\n").vet("df.toPandas()").findings == ()
    (finding,) = session(WHOLE, '[rules.ACME02]\nseverity = "critical"\n').vet("df.toPandas()").findings
    assert (str(finding.severity), str(finding.verdict)) == ("critical", "block")


@pytest.mark.parametrize("code", ["toPandas(" * 10_000, "def toPandas(", "\0toPandas", "x = 'toPandas\ud800'"])
def test_any_text_has_an_answer(code: str) -> None:
    assert session(WHOLE).vet(code).findings is not None


def test_libcst_is_loaded_only_where_it_is_asked() -> None:
    script = (
        "import sys; from jupyter_guard import Session; from jupyter_guard.policy import Policy\n"
        'rule = \'[own.AB1]\\ntitle = "t"\\ninstead = "i"\\n\'\n'
        "Session(Policy.parse('version = 1\\n' + rule + 'calls = [\"a.b\"]\\n')).vet('import a\\na.b()')\n"
        "assert 'libcst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
