"""Who lowers a claim: the page that made it, also on another connection; no other connection, and nothing beside it."""

from __future__ import annotations

import json

from jupyter_guard.guard.protocol import Standing
from jupyter_guard.origin import code_hash

from .page import Page
from .wrapper import ITEM, OTHER, PAGE, Wrapper, execute, judged

CODE = "df.to_sql('sales', engine, if_exists='replace')"


def two() -> Wrapper:
    """A page, and another connection with a comm and a key of its own."""
    wrapper = Wrapper()
    wrapper.open("c", PAGE)
    wrapper.open("d", OTHER)
    return wrapper


def test_another_connection_does_not_make_an_assistants_cell_a_persons() -> None:
    for first in (True, False):
        for cell_id in ("cell", "another", ""):
            wrapper = two()
            if first:
                wrapper.claim(CODE, "assistant")
            wrapper.claim(CODE, "human", "d", cell_id)
            if not first:
                wrapper.claim(CODE, "assistant")
            for place in ("cell", "another", ""):
                assert wrapper.author(CODE, place, PAGE) == "assistant"


def test_what_a_person_typed_elsewhere_is_theirs_where_they_run_it() -> None:
    wrapper = two()
    # In a shared document the other page sees text come that nobody typed there.
    wrapper.claim(CODE, "assistant")
    wrapper.claim(CODE, "human", "d", "cell")
    assert wrapper.author(CODE, "cell", OTHER) == "human"
    assert wrapper.author(CODE, "cell", PAGE) == "assistant"
    # A server that executes does it for the page that spoke last.
    assert wrapper.author(CODE, "cell", b"server") == "human"
    wrapper.claim(CODE, "assistant")
    assert wrapper.author(CODE, "cell", b"server") == "assistant"


def test_a_page_may_say_of_its_own_cell_that_a_person_wrote_it_anew() -> None:
    wrapper = two()
    wrapper.claim(CODE, "assistant")
    wrapper.claim(CODE, "human")
    assert wrapper.author(CODE) == "human"


def test_each_of_two_tabs_speaks_for_what_was_typed_there() -> None:
    wrapper = two()
    wrapper.claim("a = 1", "human", "c", "one")
    wrapper.claim("b = 2", "human", "d", "two")
    assert wrapper.author("a = 1", "one", PAGE) == "human"
    assert wrapper.author("b = 2", "two", OTHER) == "human"
    # A server that executes is a third connection, and names no cell.
    wrapper.claim("a = 1", "human", "c", "one")
    assert wrapper.author("a = 1", "", b"server") == "human"


def test_a_page_that_connects_anew_is_known_by_its_key() -> None:
    for is_closed in (True, False):
        wrapper = two()
        wrapper.claim(CODE, "assistant")
        page = wrapper.pages["c"]
        if is_closed:
            wrapper.receive("comm_close", {"comm_id": "c", "data": page.sealed({"type": "close"})})
            assert not wrapper.panel.owns("c")
        wrapper.open("e", b"page again", page.again())
        wrapper.claim(CODE, "human", "e")
        assert wrapper.author(CODE) == "human"
        # The key of another page's comm is not its own.
        wrapper.claim(CODE, "assistant", "e")
        wrapper.open("f", b"a third")
        wrapper.claim(CODE, "human", "f")
        assert wrapper.author(CODE, client=b"page again") == "assistant"


def test_a_page_that_was_reloaded_does_not_lower_what_it_said_and_types_on() -> None:
    wrapper = two()
    wrapper.claim(CODE, "assistant")
    wrapper.open("e", b"reloaded")
    wrapper.claim(CODE, "human", "e")
    assert wrapper.author(CODE) == "assistant"
    wrapper.claim("typed = 1", "human", "e")
    assert wrapper.author("typed = 1") == "human"


def test_what_a_reloaded_page_found_there_is_as_whoever_saw_it_written_says() -> None:
    wrapper = Wrapper()
    wrapper.open("c", PAGE)
    # Said while the assistant wrote; nobody has run the cell, nor is it said in the file.
    wrapper.claim(CODE, "assistant")
    wrapper.claim("typed = 1", "human")
    wrapper.open("e", b"reloaded")
    for code, author in ((CODE, "assistant"), ("typed = 1", "imported"), ("from_file = 1", "imported")):
        wrapper.claim(code, "imported", "e")
        assert wrapper.author(code, client=b"reloaded") == author


def test_what_opens_comms_beside_the_page_lowers_nothing() -> None:
    wrapper = two()
    for comm_id in ("e", "f"):
        wrapper.open(comm_id, PAGE)
    wrapper.claim(CODE, "assistant", "e")
    wrapper.claim(CODE, "imported", "f")
    wrapper.claim(CODE, "human", "c")
    assert wrapper.author(CODE) == "assistant"


def question(wrapper: Wrapper) -> tuple[str, list[str]]:
    """An open question, and what comes of it."""
    answers: list[str] = []
    wrapper.asking.ask(execute("x = 1"), judged(verdict="confirm"), lambda: answers.append("allowed"), answers.append)
    return next(reversed(wrapper.panel.pending)), answers


def test_what_was_overheard_counts_for_nothing() -> None:
    wrapper = two()
    said = wrapper.claim("typed = 1", "human")
    wrapper.author("typed = 1", "")
    number, answers = question(wrapper)
    # The same again, over the page's comm, another's and from another connection; and a part of it about another cell.
    for comm_id, client in (("c", PAGE), ("d", OTHER), ("c", OTHER)):
        wrapper.send(said, comm_id, client)
        wrapper.send(
            {**said, "sealed": said["sealed"].replace(code_hash("typed = 1"), code_hash(CODE))}, comm_id, client
        )
        wrapper.send({"type": "answer", "id": number, "choice": "once", "shown": ""}, comm_id, client)
    assert wrapper.author("typed = 1", "") == ""
    assert wrapper.author(CODE) == ""
    assert answers == []
    answer = wrapper.tell({"type": "answer", "id": number, "choice": "once"})
    assert answers == ["allowed"]
    number, answers = question(wrapper)
    wrapper.send(answer)
    wrapper.send({**answer, "sealed": answer["sealed"].replace(json.loads(answer["sealed"])["id"], number)})
    assert answers == []


def test_a_program_cannot_take_the_pages_place_by_closing_its_comm_or_by_its_key() -> None:
    for with_its_key in (True, False):
        wrapper = Wrapper()
        page = wrapper.open("c")
        number, answers = question(wrapper)
        assert wrapper.receive("comm_close", {"comm_id": "c", "data": {}})
        assert wrapper.panel.owns("c")
        wrapper.receive("comm_close", {"comm_id": "c", "data": page.sealed({"type": "close"})})
        # It has opened its own before the page opens its next one.
        program = Page()
        program.public = page.public if with_its_key else program.public
        wrapper.open("x", PAGE, program)
        wrapper.tell({"type": "answer", "id": number, "choice": "once"}, "x")
        wrapper.claim(CODE, "human", "x")
        assert wrapper.author(CODE) == ""
        wrapper.open("e", PAGE, page.again())
        wrapper.tell({"type": "answer", "id": number, "choice": "once"}, "x")
        assert answers == []
        wrapper.tell({"type": "answer", "id": number, "choice": "once"}, "e")
        assert answers == ["allowed"]


def test_a_comm_that_is_opened_a_second_time_stays_what_it_was() -> None:
    wrapper = two()
    wrapper.receive(
        "comm_open", {"comm_id": "c", "target_name": "jupyter_guard", "data": {"key": Page().public}}, OTHER
    )
    wrapper.claim("typed = 1", "human")
    assert wrapper.author("typed = 1") == "human"


def test_a_yes_counts_only_about_what_is_asked_and_a_no_always() -> None:
    wrapper = two()
    number, answers = question(wrapper)
    before = len(wrapper.told("pending"))
    wrapper.tell({"type": "answer", "id": number, "choice": "once", "shown": "other words"})
    assert answers == []
    # They are said again, to the page that said yes.
    assert len(wrapper.told("pending")) == before + 1
    wrapper.tell({"type": "answer", "id": number, "choice": "refuse", "shown": "other words"})
    assert answers == ["declined"]


def test_a_page_is_told_whose_cells_are_known_with_a_proof() -> None:
    wrapper = two()
    wrapper.panel.report(execute(CODE), judged(item=ITEM.replace(b'"unknown"', b'"human"')), "ran")
    wrapper.panel.report(execute("other = 1", "another"), judged(), "ran")
    wrapper.tell({"type": "humans", "id": 1})
    (told,) = wrapper.told("humans")
    assert told["text"] == f"{code_hash(CODE)} cell"
    assert wrapper.pages["c"].seal.is_theirs(f"humans 1 {told['text']}", told["proof"])
    assert not wrapper.pages["c"].seal.is_theirs(f"humans 1 {told['text']}2", told["proof"])


def test_a_run_waits_while_its_page_and_the_guard_agree_on_a_key() -> None:
    wrapper = Wrapper()
    wrapper.open("c")
    claiming = wrapper.dispatch.claiming
    began: list[str] = []
    for code in ("a = 1", "b = 1"):
        claiming.hold(execute(code), lambda code=code: began.append(code))
    # Another connection has no page that could speak, and waits a moment for this one's word.
    claiming.hold(execute("c = 1", client=OTHER), lambda: began.append("c = 1"))
    assert began == []
    wrapper.claim("a = 1", "human")
    assert began == ["a = 1"]
    wrapper.tell({"type": "ready"})
    assert began == ["a = 1", "b = 1"]
    claiming.hold(execute("d = 1"), lambda: began.append("d = 1"))
    assert began[-1] == "d = 1"


def test_a_policy_that_changed_is_told_without_all_that_was_judged() -> None:
    wrapper = Wrapper()
    wrapper.open("c")
    wrapper.panel.report(execute(CODE), judged(), "ran")
    wrapper.published.clear()
    wrapper.panel.follow(Standing(mode="observe"))
    assert [one["data"]["type"] for one in wrapper.published] == ["standing"]
    assert wrapper.told("standing")[0]["guard"]["mode"] == "observe"
