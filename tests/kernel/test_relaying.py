"""What passes is what a plain kernel would have sent: interrupts, floods, input, aborts, several clients."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
from jupyter_client.blocking import BlockingKernelClient

from .front import Front

SECRET = "AK" + "IA" + "QYLPMN5HHHFPZAM2"


def test_an_interrupt_reaches_a_sleeping_cell(front: Front) -> None:
    run = front.send("import time; time.sleep(60)")
    front.wait_for(run, "execute_input")
    time.sleep(0.2)
    front.interrupt()
    assert front.finish(run, seconds=10).reply["content"]["ename"] == "KeyboardInterrupt"


def test_an_interrupt_request_reaches_a_sleeping_cell(front: Front) -> None:
    run = front.send("import time; time.sleep(60)")
    front.wait_for(run, "execute_input")
    time.sleep(0.2)
    assert front.request("interrupt_request", {}, "control")["content"]["status"] == "ok"
    assert front.finish(run, seconds=10).reply["content"]["ename"] == "KeyboardInterrupt"


def test_an_interrupt_reaches_a_cell_that_floods_the_output(front: Front) -> None:
    run = front.send("import time\nwhile True:\n    print('x' * 50_000); time.sleep(0.01)")
    front.wait_for(run, "stream")
    time.sleep(0.5)
    front.interrupt()
    assert front.finish(run, seconds=20).reply["content"]["ename"] == "KeyboardInterrupt"


def test_run_all_with_an_error_in_the_middle_is_as_plain_ipykernel_does_it(
    front: Front, start: Callable[..., Front]
) -> None:
    def all_of(one: Front) -> list[tuple[str, list[str], list[str]]]:
        codes = [f"x = {number}" for number in range(50)] + ["1/0"] + [f"x = {number}" for number in range(50)]
        runs = [one.send(code) for code in codes]
        for run in runs:
            one.finish(run)
        keys = [sorted(run.reply["metadata"]) for run in runs]
        return [(run.status, run.kinds, key) for run, key in zip(runs, keys, strict=True)]

    assert all_of(front) == all_of(start(plain=True))


def test_after_an_error_new_cells_run(front: Front) -> None:
    for _ in range(30):
        assert front.run("1/0").status == "error"
        assert front.run("1").status == "ok"


def test_input_and_getpass_and_a_typed_password_is_redacted_from_then_on(front: Front) -> None:
    assert front.run("input('name? ')", "Ada").result == "'Ada'"
    front.run("from getpass import getpass\np = getpass()", "correct-horse-battery")
    # Printing it is asked about; said yes, it is still redacted.
    run = front.run("print('it is', p)\nprint(p[::-1])", "y")
    assert "correct-horse" not in run.text
    assert "it is" in run.text


def test_what_input_asks_for_as_a_secret_is_redacted_and_other_answers_are_not(front: Front) -> None:
    front.run("typed = input('API key: ')", "some-thing.typed1")
    assert "some-thing" not in front.run("print('it is', typed[::-1][::-1])", "y").text
    for prompt in ("Delete this token? ", "Token name: ", "Which folder: "):
        front.run(f"typed = input({prompt!r})", "blue-elephant")
        assert front.run("print('it is', typed[::-1][::-1])", "y").text == "it is blue-elephant\n"


def test_a_secret_in_pieces_is_redacted_and_the_rest_is_not_held(front: Front) -> None:
    pieces = [SECRET[:6], SECRET[6:13], SECRET[13:]]
    code = (
        f"import sys, time\nfor piece in {pieces!r}:\n    sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.3)"
    )
    run = front.run(code + "\nprint(' end')")
    assert SECRET not in run.text
    assert run.text.endswith(" end\n")
    assert front.run(f"a = {SECRET[:4]!r}; a + {SECRET[4:]!r}").result != repr(SECRET)
    error = front.run(f"raise ValueError({SECRET[:4]!r} + {SECRET[4:]!r})")
    assert SECRET not in str([one["content"] for one in error.of("error")])
    assert SECRET not in str(error.reply["content"])


def test_held_text_keeps_its_place_between_the_streams(front: Front) -> None:
    code = f"import sys\nsys.stdout.write({SECRET[:10]!r}); sys.stdout.flush()\n"
    run = front.run(code + "print('error', file=sys.stderr)\nprint('out')")
    streams = [(one["content"]["name"], one["content"]["text"]) for one in run.of("stream")]
    names = [name for name, _ in streams]
    assert names[0] == "stdout"
    assert "".join(text for name, text in streams if name == "stdout").endswith("out\n")
    assert names.index("stderr") > 0


def test_a_hundred_megabytes_arrive_and_an_interrupt_still_works(front: Front) -> None:
    run = front.run("for _ in range(1000): print('x' * 99_999)")
    assert len(run.text) == 1000 * 100_000


def test_a_slow_reader_loses_nothing_and_the_wrapper_stays_small(start: Callable[..., Front]) -> None:
    import psutil

    front = start()
    run = front.send("for i in range(4000): print('x' * 5_000, flush=True)")
    # Nobody reads for a while.
    time.sleep(4)
    wrapper = psutil.Process(front.pid).memory_info().rss
    front.finish(run, seconds=60)
    assert len(run.text) == 4000 * 5001
    assert wrapper < 200 * 2**20


def test_two_clients_get_their_own_replies_and_questions(front: Front) -> None:
    # The manager's own clients share one identity, which two connections cannot have at once.
    other = BlockingKernelClient(connection_file=front.manager.connection_file)
    other.load_connection_file()
    other.start_channels()
    try:
        other.wait_for_ready(timeout=30)
        asked = []

        def answer(message: dict[str, object]) -> None:
            asked.append(message)
            other.input("from the other")

        reply = other.execute_interactive("input('who? ')", stdin_hook=answer, allow_stdin=True, timeout=20)
        assert reply["content"]["status"] == "ok"
        assert len(asked) == 1
        assert front.run("1 + 1").result == "2"
    finally:
        other.stop_channels()


HOSTILE = {
    "a cell of 5 MB": "x = '" + "a" * 5_000_000 + "'",
    "null bytes": "x = 1\0\nprint(x)",
    "lone surrogates": "x = '\ud800'",
    "10,000 nested brackets": "(" * 10_000 + ")" * 10_000,
    "10,000 nested lists in a call": "f(" * 10_000,
    "no Python at all": "this is ] not python (",
    "only white space": "  \n\t\n",
    "carriage returns": "x = 1\r\ny = 2\r",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_hangs_or_ends_the_kernel(front: Front, name: str) -> None:
    # Jupyter's own packer refuses lone surrogates; other front ends send them as escapes.
    front.client.session.pack = lambda value: json.dumps(value, default=str).encode()
    run = front.send(HOSTILE[name])
    assert front.finish(run, seconds=60).status in ("ok", "error")
    assert front.run("1 + 1").result == "2"


def test_what_python_could_not_decode_is_shown_as_without_the_guard(front: Front) -> None:
    name = "name = b'caf\\xe9'.decode('utf-8', 'surrogateescape')\n"
    assert front.run(name + "print(name)").text == "caf\ufffd\n"
    assert (
        front.run(name + "from IPython.display import display, HTML\ndisplay(HTML('<b>' + name + '</b>'))").status
        == "ok"
    )
    assert (
        front.run(name + "value = 'purple-' + 'monkey-dishes'\nfrom jupyter_guard import mask\n_ = mask(value)").status
        == "ok"
    )
    assert front.run("print(name, value)").text == "caf\ufffd [REDACTED:masked-value]\n"
    assert front.run("raise ValueError(name)").error["evalue"] == "caf\ufffd"
    assert front.run("print(input(name))", answer="y").text == "y\n"


def test_frames_that_are_no_message_are_dropped_with_a_line_in_the_log(start: Callable[..., Front]) -> None:
    import random

    front = start()
    info = front.manager.get_connection_info()
    chance = random.Random(7)
    context = zmq.Context()
    good = front.client.session.serialize(front.client.session.msg("execute_request", {"code": "forged = 1"}))
    for port in ("shell_port", "control_port", "stdin_port"):
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(f"tcp://127.0.0.1:{info[port]}")
        for _ in range(100):
            socket.send_multipart([chance.randbytes(chance.randrange(60)) for _ in range(chance.randrange(1, 9))])
        frames = list(good)
        frames[1] = b"0" * 64
        socket.send_multipart(frames)
        for cut in range(1, len(good)):
            socket.send_multipart(good[:cut])
        socket.send_multipart([good[0], good[1], b"{" * 100_000, *good[3:]])
        if port == "shell_port":
            # Sent twice, run once.
            socket.send_multipart(good)
            socket.send_multipart(good)
        front.run("1")
        socket.close()
    context.term()
    assert front.run("'forged' in globals()").result == "True"
    log = front.log_text()
    assert "wrong signature" in log
    assert "sent before" in log
    assert "without a delimiter" in log


def test_a_widget_goes_round(front: Front) -> None:
    front.run("import ipywidgets\ns = ipywidgets.IntSlider(value=3)")
    comm_id = front.run("s.comm.comm_id").result.strip("'")
    data = {"method": "update", "state": {"value": 42}, "buffer_paths": []}
    message = front.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
    front.client.shell_channel.send(message)
    assert front.run("s.value").result == "42"


def test_extra_arguments_reach_the_wrapped_kernel(start: Callable[..., Front]) -> None:
    from .front import GUARDED

    front = start(argv=[*GUARDED, "--HistoryManager.hist_file=:memory:"])
    assert front.run("get_ipython().history_manager.hist_file").result == "':memory:'"


def test_a_changed_policy_counts_from_the_next_cell(start: Callable[..., Front]) -> None:
    front = start(policy="version = 1\n")
    assert front.run("import json").status == "ok"
    policy = Path(front.folder, "jupyter_guard.toml")
    policy.write_text("version = 1\n[deny]\nimports = ['json']\n")
    assert front.run("import json").reply["content"]["ename"] == "CellBlocked"
    policy.write_text("version = 1\ntypo = 1\n")
    assert "typo" in front.run("1").error["traceback"][1]


def test_workspace_modules_do_not_stand_in_for_the_guards(start: Callable[..., Front]) -> None:
    front = start()
    for name in ("msgspec", "sqlglot", "zmq", "textwrap"):
        Path(front.folder, f"{name}.py").write_text("raise SystemExit('taken over')\n")
    front.helper().kill()
    front.run("1")
    assert front.run("1 + 1").result == "2"


def test_an_organisations_own_tokens_are_taken_out(start: Callable[..., Front]) -> None:
    front = start(policy='version = 1\n[scrub.patterns.acme]\nkeywords = ["acme!"]\nshape = "[0-9]{12}"\n')
    text = front.run("print('acme!' + '123456' * 2, 'acme! 12')").text
    assert "[REDACTED:acme] acme! 12\n" in text
    assert "123456" not in text
    Path(front.folder, "jupyter_guard.toml").write_text(
        'version = 1\n[scrub.patterns.acme]\nkeywords = ["acme!"]\nshape = "(a+)+b"\n'
    )
    assert "acme" in front.run("1").error["traceback"][1]


def test_what_the_environment_holds_is_taken_out(start: Callable[..., Front], monkeypatch: pytest.MonkeyPatch) -> None:
    value = "quite-" + "unguessable-" + "7391"
    monkeypatch.setenv("ACME_API_TOKEN", value)
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    mine = folder / "home" / ".jupyter" / "jupyter_guard.toml"
    mine.parent.mkdir(parents=True)
    # Without it the kernel does not have the value.
    mine.write_text('version = 1\n[isolation]\nenv = ["*", "ACME_API_TOKEN"]\n')
    front = start(in_folder=folder)
    text = front.run("import os; print(os.environ['ACME_API_TOKEN'][::-1], os.environ['ACME_API_TOKEN'])").text
    assert text.count("[REDACTED:environment]") == 2
    Path(front.folder, "jupyter_guard.toml").write_text("version = 1\ntypo = 1\n")
    front.run("1")
    Path(front.folder, "jupyter_guard.toml").write_text("version = 1\n")
    assert value not in front.run("print(os.environ['ACME_API_TOKEN'])").text
