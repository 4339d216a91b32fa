from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.origin import Claim, code_hash, decide_origin, stored_author
from jupyter_guard.terms import Origin

CODE = "df.head()"


def claim(author: Origin, code: str = CODE) -> Claim:
    return Claim(sha256=code_hash(code), author=author)


def test_nobody_watching_is_unknown() -> None:
    assert decide_origin(CODE, {}).origin is Origin.UNKNOWN


def test_only_a_live_claim_says_human() -> None:
    stored = {"jupyter_guard": {"origin": "human"}}
    assert decide_origin(CODE, stored).origin is Origin.UNKNOWN
    assert decide_origin(CODE, stored, claim(Origin.HUMAN)).origin is Origin.HUMAN


def test_a_claim_about_other_text_does_not_count() -> None:
    evidence = decide_origin(CODE, {}, claim(Origin.HUMAN, "other"))
    assert evidence.origin is Origin.UNKNOWN
    assert "other text" in evidence.reasons[0]


def test_a_stored_claim_raises() -> None:
    stored = {"jupyter_guard": {"origin": {"author": "assistant"}}}
    assert decide_origin(CODE, stored, claim(Origin.HUMAN)).origin is Origin.ASSISTANT


def test_text_from_the_kernel_is_an_assistants() -> None:
    evidence = decide_origin(CODE, {}, claim(Origin.HUMAN), from_program=True)
    assert evidence.origin is Origin.ASSISTANT


def test_an_agents_mark_raises_and_other_front_ends_marks_say_nothing() -> None:
    agent = {"id": "#VSC-ac09160d", "language": "python"}
    assert decide_origin(CODE, agent, claim(Origin.HUMAN)).origin is Origin.ASSISTANT
    colab = {"id": "x1y2", "executionInfo": {"user": {"displayName": "Ada"}}, "colab": {"base_uri": "https://x"}}
    code = {"cellId": "vscode-notebook-cell:/sales.ipynb#W0sZmlsZQ%3D%3D", "vscode": {"languageId": "python"}}
    for metadata in (colab, code, {"id": 7}, {"id": None}):
        assert decide_origin(CODE, metadata).origin is Origin.UNKNOWN
        assert decide_origin(CODE, metadata, claim(Origin.HUMAN)).origin is Origin.HUMAN


@pytest.mark.parametrize("odd", ["ghost", 3, [], {"origin": 7}, {"origin": {"author": None}}, {"origin": ["human"]}])
def test_metadata_that_makes_no_sense_is_unknown(odd: object) -> None:
    assert stored_author({"jupyter_guard": odd}) is Origin.UNKNOWN


@given(
    st.dictionaries(
        st.just("jupyter_guard"),
        st.recursive(
            st.text() | st.integers() | st.none(),
            lambda inner: st.dictionaries(st.sampled_from(["origin", "author", "x"]), inner),
        ),
    )
)
def test_no_metadata_lowers_a_live_claim(metadata: dict[str, object]) -> None:
    for author in Origin:
        assert decide_origin(CODE, metadata, claim(author)).origin >= author


def test_lone_surrogates_have_a_hash() -> None:
    assert len(code_hash("x = '\ud800'")) == 64
