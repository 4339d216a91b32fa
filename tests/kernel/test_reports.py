"""A panel that opens is told of each cell that ran, however many there are, and not of each run."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.guard.protocol import Standing
from jupyter_guard.kernel.reports import Report, Reports

from .wrapper import ITEM, PAGE, Wrapper, execute, judged


def ran(wrapper: Wrapper, number: int, code: str = "x = 1") -> None:
    wrapper.panel.report(execute(code, f"cell-{number}", PAGE, f"{code} {number}"), judged(), "ran")


def cells(snapshot: dict[str, Any]) -> list[str]:
    return [one["cell_id"] for one in snapshot["reports"]]


def test_a_page_that_is_reloaded_or_told_of_a_new_policy_loses_no_cell() -> None:
    wrapper = Wrapper()
    for number in range(2000):
        ran(wrapper, number)
    expected = [f"cell-{number}" for number in range(2000)]
    page = wrapper.open()
    wrapper.open("again", PAGE, page.again())
    wrapper.open("reloaded", b"another")
    wrapper.panel.follow(Standing(policy="new"))
    assert [one["guard"]["policy"] for one in wrapper.told("standing")] == ["new"] * 3
    # A new policy is told without the cells; each page still gets all of them whenever it asks.
    wrapper.tell({"type": "snapshot"}, "c")
    wrapper.tell({"type": "snapshot"}, "again")
    wrapper.tell({"type": "snapshot"}, "reloaded", b"another")
    snapshots = wrapper.told("snapshot")
    assert len(snapshots) == 6
    assert all(one["guard"]["policy"] == "new" for one in snapshots[3:])
    assert all(cells(one) == expected for one in snapshots)


def test_a_cell_that_runs_again_is_the_latest_and_is_there_once() -> None:
    wrapper = Wrapper()
    for _ in range(300):
        for number in range(3):
            ran(wrapper, number)
    ran(wrapper, 0, "y = 2")
    wrapper.open()
    snapshot = wrapper.told("snapshot")[0]
    assert cells(snapshot) == ["cell-1", "cell-2", "cell-0"]
    assert snapshot["reports"][-1]["msg_id"] == "y = 2 0"


def test_runs_without_a_cell_push_out_no_cell() -> None:
    wrapper = Wrapper()
    ran(wrapper, 1)
    for number in range(6000):
        wrapper.panel.report(execute("x = 1", "", PAGE, f"run-{number}"), judged(), "ran")
    wrapper.open()
    kept = cells(wrapper.told("snapshot")[0])
    assert kept[0] == "cell-1"
    assert 100 <= len(kept) <= 1000


def test_what_limits_say_is_put_to_the_latest_run_and_counted() -> None:
    wrapper = Wrapper()
    request = execute("x = 1", "cell", PAGE, "later")
    wrapper.panel.report(execute("x = 1", "cell", PAGE, "earlier"), judged(), "ran")
    wrapper.panel.report(request, judged(), "ran")
    told = [{"rule": "JG900", "decided_by": "policy: limits.memory", "message": "much"}]
    wrapper.panel.limited(execute("x = 1", "cell", PAGE, "earlier"), [{**told[0], "message": "outdated"}])
    assert wrapper.panel.items()[0]["findings"] == []
    for _ in range(2):
        wrapper.panel.limited(request, told)
    assert wrapper.panel.items()[0]["findings"] == told


def report(cell_id: str, msg_id: str, size: int) -> Report:
    return Report(msg_id, cell_id, "0" * 64, "ran", 0.0, json.dumps({"sentence": "s" * size}).encode())


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), st.integers(0, 60), st.booleans()), min_size=1, max_size=40
    )
)
def test_the_latest_are_kept_in_order_and_within_bounds(given_reports: list[tuple[str, int, bool]]) -> None:
    reports = Reports(cells=3, runs=2, size=200)
    sizes: dict[str, int] = {}
    for number, (cell_id, size, is_changed) in enumerate(given_reports):
        one = report(cell_id, str(number), size)
        reports.keep(one)
        if is_changed:
            reports.change(str(number), one.judged)
        sizes[str(number)] = len(one.judged)
        kept = [item["msg_id"] for item in reports.items()]
        assert kept[-1] == str(number)
        assert kept == sorted(kept, key=int)
        places = [item["cell_id"] for item in reports.items()]
        assert places.count("") <= 2
        named = [place for place in places if place]
        assert len(named) == len(set(named)) <= 3
        assert sum(sizes[one] for one in kept) == reports._used
        assert reports._used <= 200 or len(kept) == 1
        assert [item["msg_id"] for item in reports.items(1)] == kept[-1:]


def test_the_size_of_a_snapshot_is_bounded() -> None:
    wrapper = Wrapper()
    item = json.dumps({**json.loads(ITEM), "sentence": "s" * 100_000}).encode()
    for number in range(500):
        wrapper.panel.report(execute("x = 1", str(number), PAGE, str(number)), judged(item=item), "ran")
    kept = wrapper.panel.items()
    assert 1 < len(kept) < 300
    assert kept[-1]["cell_id"] == "499"
