"""What the kernel's own code can ask of the wrapper: to redact a value, to say how things stand, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_guard.inside.child import link

from .front import ASSISTANT, Front

OBSERVE = 'version = 1\nmode = "observe"\n[deny]\nimports = ["telnetlib"]\n'
SAY = """
# Nothing that has a name leads to it.
import gc
link = next(one for one in gc.get_objects() if type(one).__name__ == "Link")
def say(**message): return link.ask(message)
"""


def test_loading_the_extension_is_a_sentence_and_nothing_else(front: Front) -> None:
    before = front.run("sorted(vars(get_ipython()))").result
    assert front.run("%load_ext jupyter_guard").text == (
        "This kernel is guarded from outside already: nothing to load. %guard says how.\n"
    )
    assert front.run("sorted(vars(get_ipython()))").result == before
    assert front.run("%unload_ext jupyter_guard", answer="y").status == "ok"
    assert "guarded from outside" in front.run("%guard status").text


def test_a_masked_value_leaves_all_later_output(front: Front) -> None:
    run = front.run(
        "value = 'purple-' + 'monkey-dishes'\nprint(value)\nfrom jupyter_guard import mask\nmask(value)\nprint(value)"
    )
    assert run.text.endswith("[REDACTED:masked-value]\n")
    assert front.run("value").result == "'[REDACTED:masked-value]'"
    assert "monkey" not in str(front.run("print(value[::-1], value.encode().hex()); 1 / 0 + value").published)


def test_an_environment_without_the_package_needs_nothing_installed(start: Callable[..., Front]) -> None:
    front = start()
    hide = (
        "import sys\nfor name in list(sys.modules):\n    if name.partition('.')[0] == 'jupyter_guard': del sys.modules[name]\n"
        "sys.meta_path.sort(key=lambda one: type(one).__name__ != 'Standin')"
    )
    assert front.run(hide, answer="y").status == "ok"
    assert "nothing to load" in front.run("%load_ext jupyter_guard").text
    run = front.run("from jupyter_guard import mask\nprint(mask('yellow-' + 'donkey-bowls'))")
    assert run.text == "[REDACTED:masked-value]\n"
    assert front.run("import jupyter_guard.policy").error["ename"] == "ModuleNotFoundError"


def test_the_magic_masks_a_variable(front: Front) -> None:
    run = front.run("other = 'green-' + 'parrot-plates'\n%guard mask other\nother")
    assert run.text == "The value of other is redacted from now on.\n"
    assert run.result == "'[REDACTED:masked-value]'"
    assert "there is no variable" in front.run("%guard mask nothing_like_it").text


def test_status_is_the_wrappers_own(start: Callable[..., Front]) -> None:
    front = start()
    front.run("1")
    front.run("import telnetlib")
    assert "JG890" in front.run("%guard explain").text
    front.run("import os\nos.environ['JUPYTER_GUARD_MODE'] = 'a lie'", answer="y")
    text = front.run("%guard").text
    assert "mode enforce" in text
    assert "(personal)" in text
    assert "1 blocked" in text
    assert "a lie" not in text


def test_policy_and_rules_are_told_by_the_helper(front: Front) -> None:
    text = front.run("%guard policy").text
    assert "deny.imports (project)" in text
    assert "assistant" in text
    assert "JG301" in front.run("%guard explain JG301").text
    assert "Near: " in front.run("%guard explain JG3O1").text
    assert "usage" in front.run("%guard nonsense").text


def test_watching_only_counts_what_it_would_have_done(start: Callable[..., Front]) -> None:
    front = start(policy="version = 1\n")
    # A project cannot loosen: the user's own file can, and counts from the next cell on.
    (front.folder / "home" / ".jupyter").mkdir(exist_ok=True)
    (front.folder / "home" / ".jupyter" / "jupyter_guard.toml").write_text(OBSERVE)
    assert front.run("import telnetlib").status == "ok"
    run = front.run(
        "import base64, shutil\nname = base64.b64decode(b'L25vd2hlcmUvYXQvYWxs').decode()\n"
        "def go(text): exec(text)\ngo(f'shutil.rmtree({name!r}, ignore_errors=True)')",
        metadata=ASSISTANT,
    )
    assert run.status == "ok"
    cards = [one["content"]["data"]["text/plain"] for one in run.of("display_data")]
    assert any("it would have" in card and "part of this cell" in card for card in cards), cards
    text = front.run("%guard status").text
    assert "mode observe" in text
    assert "Only watching: enforcing, 2 would have been blocked and 1 asked about" in text


SEEN = """
import sys
shell = get_ipython()
def leads(one):
    cells = [cell.cell_contents for cell in getattr(one, "__closure__", None) or ()]
    return cells + [getattr(one, name, None) for name in ("_link", "link", "__wrapped__", "__func__", "__self__")]
named = [one for module in list(sys.modules.values()) if module for one in list(vars(module).values())]
near = [shell.find_line_magic("guard"), sys.setrecursionlimit, *sys.meta_path]
near += [vars(one)["tools"] for one in sys.modules.values() if one and "tools" in vars(one)]
found = [*named, *near, *[one for each in near for one in leads(each)]]
print([type(one).__name__ for one in found if type(one).__name__ in ("Link", "Watch", "Acts")])
print([name for name in sys.modules if name.endswith(("_guard_link", "_guard_hook", "_guard_watch"))])
"""


def test_nothing_that_has_a_name_leads_to_the_link(front: Front) -> None:
    run = front.run(SEEN, answer="y")
    assert run.text == "[]\n[]\n", run.reply["content"]
    # Who looks among all objects finds it; there it is evidence, and no wall.
    assert front.run(SAY + "print(type(link).__name__)", answer="y").text == "Link\n"
    # By an event that carries the question, it is asked all the same.
    asked = (
        "import sys\nanswers = []\nsys.audit('jupyter_guard.ask', {'op': 'allow'}, answers)\nprint(answers[0]['ok'])"
    )
    assert front.run(asked, answer="y").text == "False\n"


# --- and nothing else

FORGED = [
    "say(op='vet', text=harm, how='text', path='', cells=[], about='')",
    "say(op='vet', text=harm, how='module', path='/etc/passwd', cells=[[1, 1]], about=human)",
    "say(op='vet', text=harm, how='look', path='', cells=[], about=human)",
    "say(op='vet', text=harm, how=7, path=None, cells='x', about=None)",
    "say(op='vet', text=None, how='text', path='', cells=[[-1, 'a'], 5], about=None)",
]


@pytest.fixture
def forging(front: Front) -> Front:
    assert front.run(SAY, answer="y").status == "ok"
    front.run("harm = 'import shutil, os' + chr(10) + 'shutil.rmtree(os.path.expanduser(' + repr('~') + '))'")
    front.run("human = get_ipython().kernel.get_parent('shell')['header']['msg_id']")
    return front


@pytest.mark.parametrize("forged", FORGED)
def test_a_lie_about_the_cell_makes_nothing_laxer(forging: Front, forged: str) -> None:
    run = forging.assistant(f"answer = {forged}\nprint(answer.get('ok'))", answer="n")
    assert run.text == "False\n"


@pytest.mark.parametrize(
    "forged",
    [
        "say(op='allow', text=harm)",
        "say(op='mask', value=7)",
        "say(op='mask', value='x' * 100_000)",
        "say()",
    ],
)
def test_what_the_wrapper_does_not_know_it_refuses(forging: Front, forged: str) -> None:
    assert forging.run(f"print({forged}.get('ok'))").text == "False\n"


def test_garbage_on_the_socket_is_dropped(forging: Front) -> None:
    code = """
link._socket.sendall(b"\\xff\\xfe{]\\n[1]\\n{}\\n" + b'{"id": 5, "op": "status"}\\n' + b"[" * 100_000 + b"\\n")
print(say(op="status")["ok"])
"""
    assert forging.run(code).text == "True\n"
    assert "no message" in forging.log_text()


def test_a_flood_of_questions_stops_nobody(forging: Front) -> None:
    code = """
import json, select
line = (json.dumps({"op": "status", "id": "flood"}) + "\\n").encode() * 1000
link._socket.setblocking(False)
try:
    while True: link._socket.send(line)
except BlockingIOError: pass
link._socket.setblocking(True)
"""
    assert forging.run(code).status == "ok"
    assert forging.run("1 + 1").result == "2"
    # Who does not read the answers gets no more of them.
    drain = (
        "while select.select([link._socket], [], [], 1)[0]: link._socket.recv(1 << 20)\nprint(say(op='status')['ok'])"
    )
    assert forging.run(drain).text == "True\n"


def test_a_closed_socket_is_a_block(start: Callable[..., Front]) -> None:
    front = start()
    assert front.run(SAY, answer="y").status == "ok"
    front.run("def go(text): exec(text)\nnames = ['print']")
    assert front.run("go(names[0] + '(5)')").text == "5\n"
    front.run("link._socket.shutdown(2)")
    run = front.run("go(names[0] + '(6)')")
    assert run.status == "error"
    assert "cannot be reached" in run.error["evalue"]
    assert front.run("1 + 1").result == "2"


CLOSED = """
import os, socket, sys
sys.path.insert(0, {child!r})
import link
ours, its = socket.socketpair()
made = link.Link(its.detach(), {lock!r})
numbers = {{"socket": [made._socket.fileno()], "lock": [made._lock], "both": [made._socket.fileno(), made._lock]}}
for number in numbers[{which!r}]:
    os.closerange(number, number + 1)
try:
    made.ask({{"op": "status"}})
except link.GuardUnreachableError as error:
    print(error)
os._exit(0)
"""


@pytest.mark.parametrize("which", ["socket", "lock", "both"])
def test_descriptors_that_a_cell_closes_are_said(which: str, tmp_path: Path) -> None:
    script = CLOSED.format(child=str(Path(link.__file__).parent), lock=str(tmp_path / "lock"), which=which)
    done = subprocess.run([sys.executable, "-uc", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == (link.BROKEN + "\n", "")


def test_what_the_environment_is_given_is_a_secret_where_its_name_says_so(front: Front) -> None:
    run = front.run(
        "import os\nos.environ['LAB_DB_PASSWORD'] = 'quiet ' + 'lantern'\nos.environ['LAB_PAGER'] = 'loud ' + 'lantern'\n"
        "print(os.environ['LAB_DB_PASSWORD'][::-1], os.environ['LAB_PAGER'])"
    )
    assert run.text == "[REDACTED:environment] loud lantern\n"


def test_a_key_that_is_read_anywhere_shows_none_of_its_lines(front: Front) -> None:
    run = front.run(
        "import base64, os, pathlib, random\n"
        "lines = base64.encodebytes(random.Random(3).randbytes(180)).decode().split()\n"
        "edge = '-----{} ' + 'PRIVATE' + ' KEY-----'\n"
        "path = pathlib.Path('deploy.pem')\n"
        "_ = path.write_text('\\n'.join([edge.format('BEGIN'), *lines, edge.format('END')]))\n"
        "print(lines[1])\n",
        answer="y",
    )
    assert "REDACTED" not in run.text
    run = front.run("read = path.read_text().splitlines()\nprint(read[2])\nprint('and', lines[2][:-1])", answer="y")
    assert run.text.startswith("[REDACTED:private-key]\n")
