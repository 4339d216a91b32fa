"""Who lowers a claim: the page that made it, also on another connection; no other connection, and nothing beside it."""

from __future__ import annotations

from .wrapper import PAGE, Wrapper

OTHER = b"other"
CODE = "df.to_sql('sales', engine, if_exists='replace')"


def two() -> Wrapper:
    """A page, and another connection with a comm and a key of its own."""
    wrapper = Wrapper()
    wrapper.open("c", PAGE)
    wrapper.open("d", OTHER, key="other's")
    return wrapper


def test_another_connection_does_not_make_an_assistants_cell_a_persons() -> None:
    for first in (True, False):
        for cell_id in ("cell", "another", ""):
            wrapper = two()
            if first:
                wrapper.claim(CODE, "assistant")
            wrapper.claim(CODE, "human", "d", cell_id, "other's")
            if not first:
                wrapper.claim(CODE, "assistant")
            for place in ("cell", "another", ""):
                assert wrapper.author(CODE, place, PAGE) == "assistant"


def test_what_a_person_typed_elsewhere_is_theirs_where_they_run_it() -> None:
    wrapper = two()
    # In a shared document the other page sees text come that nobody typed there.
    wrapper.claim(CODE, "assistant")
    wrapper.claim(CODE, "human", "d", "cell", "other's")
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
    wrapper.claim("b = 2", "human", "d", "two", "other's")
    assert wrapper.author("a = 1", "one", PAGE) == "human"
    assert wrapper.author("b = 2", "two", OTHER) == "human"
    # A server that executes is a third connection, and names no cell.
    wrapper.claim("a = 1", "human", "c", "one")
    assert wrapper.author("a = 1", "", b"server") == "human"


def test_a_page_that_connects_anew_is_known_by_its_last_key() -> None:
    for is_closed in (True, False):
        wrapper = two()
        wrapper.claim(CODE, "assistant")
        if is_closed:
            wrapper.receive("comm_close", {"comm_id": "c", "data": {}})
        wrapper.open("e", b"page again", key="next", previous="k" * 32)
        wrapper.claim(CODE, "human", "e", key="next")
        assert wrapper.author(CODE) == "human"
        # The key of another page's comm is not its own.
        wrapper.claim(CODE, "assistant", "e", key="next")
        wrapper.open("f", b"a third", key="third", previous="guessed")
        wrapper.claim(CODE, "human", "f", key="third")
        assert wrapper.author(CODE, client=b"page again") == "assistant"


def test_a_page_that_was_reloaded_does_not_lower_what_it_said_and_types_on() -> None:
    wrapper = two()
    wrapper.claim(CODE, "assistant")
    wrapper.open("e", b"reloaded", key="next")
    wrapper.claim(CODE, "human", "e", key="next")
    assert wrapper.author(CODE) == "assistant"
    wrapper.claim("typed = 1", "human", "e", key="next")
    assert wrapper.author("typed = 1") == "human"


def test_what_opens_comms_beside_the_page_lowers_nothing() -> None:
    wrapper = two()
    for comm_id in ("e", "f"):
        wrapper.open(comm_id, PAGE, key=comm_id)
    wrapper.claim(CODE, "assistant", "e", key="e")
    wrapper.claim(CODE, "imported", "f", key="f")
    wrapper.claim(CODE, "human", "c")
    assert wrapper.author(CODE) == "assistant"
