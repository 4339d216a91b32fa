"""Whatever JSON arrives on the guard's comm: nothing is raised, nothing allowed, and what is handed on can be sent."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.guard.protocol import Tell, Told, Vet
from jupyter_guard.kernel.panel import FIRST_DRAFT
from jupyter_guard.kernel.wire import MalformedError

from .wrapper import Wrapper, execute, judged

HUGE = 10**4000
TEXT = st.text() | st.sampled_from(["\ud800", "c", "cell", "human", "assistant", "a" * 64, "once", "y", "b" * 64])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(HUGE) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KINDS = ("snapshot", "vet", "policy", "audit", "fix", "claim", "here", "answer", "typed")
FIELDS = (
    *("id", "cell_id", "code", "number", "metadata", "author", "sha256", "shares", "started_by"),
    *("choice", "value", "last", "rule", "span", "via"),
)
MESSAGE = st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional=dict.fromkeys(FIELDS, ANY))


def asked(wrapper: Wrapper) -> tuple[str, list[str]]:
    """Put a question, and how it was answered, once it is."""
    answers: list[str] = []
    wrapper.asking.ask(execute("x = 1"), judged(verdict="confirm"), lambda: answers.append("allowed"), answers.append)
    return next(iter(wrapper.panel.pending)), answers


class Failures(logging.Handler):
    """What the guard logged as an exception."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))

    def __enter__(self) -> Failures:
        logging.getLogger("jupyter_guard").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("jupyter_guard").removeHandler(self)


@given(st.lists(MESSAGE, min_size=1, max_size=3))
def test_any_values_in_any_message_do_no_harm(messages: list[dict[str, Any]]) -> None:
    wrapper = Wrapper()
    wrapper.open()
    number, answers = asked(wrapper)
    with Failures() as failures:
        for message in messages:
            wrapper.tell(message)
            if wrapper.asked:
                last = wrapper.asked.pop()
                assert last.id >= FIRST_DRAFT
                wrapper.panel.drafted(Told(last.id, "") if isinstance(last, Tell) else judged(last.id))
    assert failures.found == []
    assert number in wrapper.panel.pending
    assert answers == []


@given(ANY, ANY)
def test_any_value_for_an_open_question_allows_nothing_but_a_yes(choice: Any, value: Any) -> None:
    for kind, said in (("answer", {"choice": choice}), ("typed", {"value": value})):
        wrapper = Wrapper()
        wrapper.open()
        number, answers = asked(wrapper)
        with Failures() as failures:
            wrapper.tell({"type": kind, "id": number, **said})
        assert failures.found == []
        assert answers == ["allowed" if choice == "once" and kind == "answer" else "declined"] or value == "y"


@given(st.sampled_from(["comm_open", "comm_msg", "comm_close"]), ANY, ANY, ANY, ANY)
def test_any_content_does_no_harm(kind: str, comm_id: Any, target: Any, data: Any, key: Any) -> None:
    wrapper = Wrapper()
    wrapper.open()
    wrapper.panel.show_view(execute("%guard panel"))
    widget = wrapper.published[-1]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    with Failures() as failures:
        for name in (comm_id, "c", widget):
            for about in (target, "jupyter_guard"):
                for said in (data, {"key": key, "sealed": key, "proof": key}, {"method": data, "content": key}):
                    try:
                        wrapper.receive(kind, {"comm_id": name, "target_name": about, "data": said})
                    except MalformedError:
                        continue
    assert failures.found == []


def test_what_fails_for_all_that_is_dropped_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    wrapper = Wrapper()
    wrapper.open()

    def fail(_: Vet) -> None:
        raise ZeroDivisionError

    wrapper.judging.ask = fail
    wrapper.tell({"type": "vet", "id": 1, "cell_id": "c", "code": "x"})
    assert "ZeroDivisionError" in caplog.text
    wrapper.published.clear()
    wrapper.tell({"type": "snapshot"})
    assert wrapper.told("snapshot")


def test_a_run_whose_cell_has_no_id_that_can_be_handed_on_has_none() -> None:
    assert execute("x = 1", "\ud800").cell_id == ""
    assert execute("x = 1", "cell").cell_id == "cell"
