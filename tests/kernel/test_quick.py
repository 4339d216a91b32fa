"""The child's flushes that return at once when there is nothing to flush lose nothing and hold nothing back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .front import Front

PLAIN = """
import os, sys
from ipykernel.iostream import OutStream
print(OutStream.flush.__name__, get_ipython().kernel._execute_sleep)
"""


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """A kernel that watches its file descriptors, which ipykernel does not do when it sees pytest."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    with tempfile.TemporaryDirectory(prefix="front-") as folder, Front(Path(folder)) as running:
        yield running


def test_it_is_in_place(front: Front) -> None:
    assert front.run(PLAIN).text == "flush 0.0\n"


def test_what_compiled_code_writes_last_belongs_to_its_cell(front: Front) -> None:
    for number in range(150):
        assert front.run(f"import os\n_ = os.write(1, b'late {number}')").text == f"late {number}"


def test_what_a_process_writes_last_belongs_to_its_cell(front: Front) -> None:
    for number in range(20):
        assert front.run(f"import os\n_ = os.system('echo {number}')").text == f"{number}\n"


def test_the_streams_keep_their_order(front: Front) -> None:
    code = """
import sys
for number in range(50):
    print(number, flush=number % 3 == 0)
    _ = sys.stderr.write(f"e{number} ")
    if number % 5 == 0: sys.stderr.flush()
    if number % 7 == 0: sys.stdout.flush()
"""
    texts = dict.fromkeys(("stdout", "stderr"), "")
    for message in front.run(code).published:
        if message["msg_type"] == "stream":
            texts[message["content"]["name"]] += message["content"]["text"]
    assert texts["stdout"] == "".join(f"{number}\n" for number in range(50))
    assert texts["stderr"] == "".join(f"e{number} " for number in range(50))


def test_a_thread_that_prints_on_is_heard(front: Front) -> None:
    code = """
import threading, time
def later():
    for number in range(5): time.sleep(0.01); print("tick", number)
thread = threading.Thread(target=later); thread.start(); thread.join()
"""
    assert front.run(code).text == "".join(f"tick {number}\n" for number in range(5))


def test_a_forked_process_prints_too(front: Front) -> None:
    code = """
import os
pid = os.fork()
if pid == 0:
    print("from the fork", flush=True)
    os._exit(0)
_ = os.waitpid(pid, 0)
"""
    assert "from the fork" in front.run(code + "\nimport time; time.sleep(0.5)").text
