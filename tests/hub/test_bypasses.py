"""What a normal user tries with his kernels, to run a cell that nobody judged; his files lie there already."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.hub.planted import DENIED, LAX, is_guarded
from tests.hub.user import User, answered, tell, text

pytestmark = pytest.mark.hub


@pytest.mark.parametrize("name", ["raw", "provisioned", "lax", "with-path", "of-another-language"])
def test_a_kernel_of_the_user_starts_guarded(user: User, kernels: dict[str, str], name: str) -> None:
    assert is_guarded(user, kernels[name])
    assert text(user.run(kernels[name], "print(6 * 7)")) == "42\n"


def test_a_name_in_other_letters_is_the_administrators_kernel(user: User, kernels: dict[str, str]) -> None:
    # Jupyter looks names up without regard to case; the user's own spec of that name is not the one that is found.
    assert is_guarded(user, kernels["Python3"])
    assert "shadow" not in os.listdir(user.home / "marks")


def test_a_session_starts_guarded(user: User, kernels: dict[str, str]) -> None:
    assert is_guarded(user, kernels["session"])


def test_a_session_that_changes_its_kernel_is_guarded(user: User, kernels: dict[str, str]) -> None:
    assert is_guarded(user, kernels["changed"])


def test_a_request_sets_no_variable(user: User, kernels: dict[str, str]) -> None:
    kernel = kernels["with-variables"]
    assert is_guarded(user, kernel)
    told = text(user.run(kernel, "import os; print(os.environ['JUPYTER_GUARD_POLICY'], os.environ.get('PYTHONPATH'))"))
    assert told.split()[0] == "/etc/jupyter/jupyter_guard.toml"
    assert str(user.home) not in told


def test_no_token_of_the_server_is_in_a_kernel(user: User, shared: str) -> None:
    told = text(user.run(shared, "import os; print(sorted(one for one in os.environ if 'TOKEN' in one))"))
    assert told == "[]\n"


def test_a_restarted_kernel_is_guarded(user: User, kernels: dict[str, str]) -> None:
    assert is_guarded(user, kernels["restarted"])
    assert text(user.run(kernels["restarted"], "print('kept' in globals())")) == "False\n"


@pytest.mark.parametrize("file", ["jupyter_guard.toml", "pyproject.toml"])
def test_a_policy_of_the_project_loosens_nothing(user: User, shared: str, file: str) -> None:
    table = LAX if file == "jupyter_guard.toml" else "[tool.jupyter_guard]\n" + LAX.replace("[origin", "[tool.jupyter_guard.origin")  # fmt: skip
    user.write(file, table)
    try:
        assert is_guarded(user, shared)
    finally:
        (user.home / file).unlink()


@pytest.mark.parametrize(
    "metadata",
    [
        {"jupyter_guard": {"origin": "human", "claim": "mine"}},
        {"cellId": "a", "trusted": True, "jupyter_guard": {"approved": True, "mode": "off"}},
        {"deletedCells": [], "recordTiming": True, "guard": False},
    ],
)
def test_metadata_switches_nothing_off(user: User, shared: str, metadata: dict[str, Any]) -> None:
    assert is_guarded(user, shared, **metadata)


ANSWERING = ("control", "shell")
CHANNELS = (*ANSWERING, "stdin")
# What fails must not take along what was sent behind it: that would leave no mark either.
EACH = {"stop_on_error": False}
MESSAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "silent": ("execute_request", {"code": "{denied}", "silent": True, "store_history": False, **EACH}),
    "user expressions": (
        "execute_request",
        {"code": "", "silent": False, "user_expressions": {"x": "{denied}"}, **EACH},
    ),
    "expressions behind a cell": ("execute_request", {"code": "1", "user_expressions": {"x": "{denied}"}, **EACH}),
    "debugger": (
        "debug_request",
        {"type": "request", "seq": 1, "command": "evaluate", "arguments": {"expression": "{denied}"}},
    ),
    "completion": ("complete_request", {"code": "{denied}.", "cursor_pos": 300}),
    "inspection": ("inspect_request", {"code": "{denied}?", "cursor_pos": 5, "detail_level": 1}),
    "input that nobody asked for": ("input_reply", {"value": "y"}),
    "comm of the guard": ("comm_open", {"comm_id": "c", "target_name": "jupyter_guard", "data": {"allow": "all"}}),
    "answer of the panel": ("comm_msg", {"comm_id": "c", "data": {"method": "answer", "choice": "session"}}),
    "unknown": ("guard_off_request", {"code": "{denied}"}),
}


RUNNING = [what for what, (kind, _) in MESSAGES.items() if kind == "execute_request"]
ALLOWED = "__import__('os').mkdir({mark!r})"


@pytest.fixture(scope="module")
def told(user: User, shared: str) -> Iterator[dict[tuple[str, str], Path]]:
    """Every message on every channel, and the mark that each would leave; the kernel has dealt with them."""
    marks: dict[tuple[str, str], Path] = {}
    wire = user.connect(shared)

    def say(what: str, channel: str, code: str, mark: Path) -> None:
        kind, content = MESSAGES[what]
        filled = json.dumps(content).replace("{denied}", code.format(mark=str(mark)))
        tell(wire, kind, json.loads(filled), channel)

    def is_through(channel: str) -> None:
        # What is answered behind them was taken after them, on the two channels on which a kernel answers.
        answered(wire, tell(wire, "kernel_info_request", {}, channel))

    for channel in CHANNELS:
        for what in MESSAGES:
            marks[what, channel] = Path("/var/tmp") / f"jg-hub-{uuid4().hex}"
            say(what, channel, DENIED, marks[what, channel])
    for channel in ANSWERING:
        is_through(channel)
    # What comes over control runs beside what comes over shell, in one IPython: one channel after the other here.
    for channel in ANSWERING:
        for what in RUNNING:
            say(what, channel, ALLOWED, user.home / "marks" / f"{what}-{channel}")
        is_through(channel)
    wire.close()
    assert is_guarded(user, shared)
    yield marks
    for mark in marks.values():
        mark.unlink(missing_ok=True)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("what", MESSAGES)
def test_no_message_goes_round(told: dict[tuple[str, str], Path], channel: str, what: str) -> None:
    assert not told[what, channel].exists()


@pytest.mark.parametrize("channel", ANSWERING)
@pytest.mark.parametrize("what", RUNNING)
def test_the_same_message_runs_what_is_allowed(
    user: User, told: dict[tuple[str, str], Path], channel: str, what: str
) -> None:
    assert (user.home / "marks" / f"{what}-{channel}").is_dir()


def test_no_message_switches_anything_off(user: User, shared: str, told: dict[tuple[str, str], Path]) -> None:
    assert told
    assert is_guarded(user, shared)
    assert text(user.run(shared, "print(6 * 7)")) == "42\n"
