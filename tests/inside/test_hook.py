"""Files that are opened again and again pass by quickly, and none that somebody has to see does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sessions import environment

from jupyter_guard.inside.child import hook

SCRIPT = """
import json, os, sys
sys.path.insert(0, {child!r})
import acts, hook, opened, watch, whose
class Manager:
    cleanup_transforms = line_transforms = token_transformers = ()
class Shell:
    input_transformer_manager = Manager()
    ast_transformers = ()
asked, learned, aside, written, now = [], [], [], [], {{}}
def judge(text):
    if text.how == "act":
        asked.append(text.code)
    return {{"free": now.get("is_free", False)}}
def set_aside(paths):
    aside[-1].extend(os.path.basename(one) for one in paths)
    return {{"free": not now.get("is_kept")}}
watching = watch.Watch(Shell(), judge, dict)
watching.acts = whose.Acts(watching.kind, (watch.CELL, watch.OTHER), watching.ask_act, hook.inside, acts.ACTS, os.getcwd())
watching.acts.set_aside, watching.acts.about = set_aside, lambda: str(len(aside))
opened.start(lambda value, kind, name: learned.append(name))
hook.start(watching, opened.hearing())
for now in {cells!r}:
    # What somebody else does is not heard in this process.
    hook.inside.busy = True
    exec(now.get("before", ""))
    hook.inside.busy = False
    aside.append([])
    watching.acts.cell_begins()
    exec(compile(now["code"], "<ipython-input-1>", "exec"))
    written.append([os.path.basename(one) for one in watching.acts.take_written()])
print(json.dumps([asked, learned, aside, written]))
"""
MANY = "for n in range(200): open(f'f{n}.txt', 'w').close(); open(f'f{n}.txt').close()\n"
READ = "def look(path):\n    try: open(path).close()\n    except (OSError, ValueError): pass\n"


def heard(folder: Path, code: str) -> tuple[list[str], list[str]]:
    """What was put before the guard, and the files that were told as keys, while ``code`` ran as a cell."""
    asked, learned, _, _ = ran(folder, {"code": code})
    return asked, learned


def ran(folder: Path, *cells: dict[str, Any]) -> tuple[list[str], list[str], list[list[str]], list[list[str]]]:
    """As ``heard``, of several cells; also what was set aside in each, and what each was seen to write.

    A cell has its ``code``, what somebody else does ``before`` it, and whether no act of it is judged (``is_free``) and
    what it changes has to be set aside (``is_kept``).
    """
    work = folder / "work"
    work.mkdir()
    (folder / "temporary").mkdir()
    script = SCRIPT.format(child=str(Path(hook.__file__).parent), cells=list(cells))
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=work,
        # What lies below the folder for temporary files is nobody's business either.
        env={**environment(folder), "TMPDIR": str(folder / "temporary")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked, learned, aside, written = json.loads(done.stdout)
    return asked, learned, aside, written


def test_work_in_the_workspace_is_nobodys_business(folder: Path) -> None:
    assert heard(folder, MANY) == ([], [])


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ("cert.p1", "cert.p12"),
        ("cert.p13", "cert.p12"),
        ("cert.P13", "cert.P12"),
        ("x.pk1", "x.pk8"),
        (".ssh/id_ed1", ".ssh/id_ed25519"),
        ("a/1.txt", ".a/1.txt"),
        ("2.aws/config", ".aws/config"),
        ("4.env", ".env"),
    ],
)
def test_a_number_in_a_name_hides_no_key(folder: Path, before: str, path: str) -> None:
    code = READ + f"for n in range(3): look({before!r})\nlook({path!r})"
    asked, _ = heard(folder, code)
    # `.pk8` is a secret to redact, and none that the guard is asked about.
    assert any(path in one for one in asked) or path.endswith(".pk8")


@pytest.mark.parametrize("name", [".bashrc", "out/.bashrc", "jupyter_guard.toml"])
def test_a_number_in_a_name_hides_no_file_that_decides(folder: Path, name: str) -> None:
    before, after = name.rpartition("/")[::2] if "/" in name else ("", name)
    like = f"{before}/7{after}" if before else f"7{after}"
    code = (
        f"import os\nos.mkdir('out')\n{MANY}for n in range(3): open({like!r}, 'w').close()\nopen({name!r}, 'w').close()"
    )
    asked, _ = heard(folder, code)
    assert [one for one in asked if name in one and like not in one], asked


def test_a_key_is_told_after_files_with_names_like_it(folder: Path) -> None:
    code = "for n in range(3): open(f'x.pk{n}', 'w').close(); open(f'x.pk{n}').close()\n"
    code += "with open('x.pk8', 'w') as file: file.write('a key')\nopen('x.pk8').close()"
    assert heard(folder, code)[1] == ["x.pk8"]


@pytest.mark.parametrize("earlier", [0, 2])
@pytest.mark.parametrize("way", ["os.symlink({there!r}, 'f900.txt')", "os.chdir('..')"])
def test_what_leads_elsewhere_is_seen_after_thousands_that_did_not(folder: Path, way: str, earlier: int) -> None:
    there = str(folder / "elsewhere.txt")
    makes = MANY + "open('f900.txt', 'w').close()\n"
    code = f"import os\n{makes}os.remove('f900.txt')\n{MANY}{way.format(there=there)}\nopen('f900.txt', 'w').close()"
    asked, *_ = ran(folder, *[{"code": makes}] * earlier, {"code": code})
    assert any("open(" in one for one in asked), asked


# In a folder with a number in its name.
OUT = "import os\nos.makedirs('out1', exist_ok=True)\n"
OUT += "for n in range(200): open(f'out1/f{n}.txt', 'w').close()\n"


def test_what_earlier_cells_wrote_is_told_again_of_each_cell(folder: Path) -> None:
    asked, _, aside, written = ran(folder, *[{"code": OUT}] * 3, {"code": "pass"}, {"code": OUT})
    # One of each length stands for those that differ in their digits.
    assert [set(map(len, one)) for one in written] == [{6, 7, 8}] * 3 + [set(), {6, 7, 8}]
    # What is there is asked about once a cell, whatever was answered in earlier ones.
    assert [len(one) for one in aside] == [0, 1, 1, 0, 1]
    assert asked == []


def test_what_earlier_cells_wrote_is_set_aside_where_a_cell_wants_that(folder: Path) -> None:
    _, _, aside, _ = ran(folder, *[{"code": OUT}] * 3, {"code": OUT, "is_kept": True})
    assert sorted(aside[3]) == sorted(f"f{n}.txt" for n in range(200))


def test_a_link_that_somebody_else_put_where_earlier_cells_wrote_is_seen(folder: Path) -> None:
    there = str(folder / "elsewhere.txt")
    put = f"os.remove('out1/f77.txt')\nos.symlink({there!r}, 'out1/f77.txt')"
    asked, *_ = ran(folder, *[{"code": OUT}] * 3, {"code": OUT, "before": put})
    assert any("elsewhere.txt" in one and "open(" in one for one in asked), asked


def test_a_folder_that_somebody_else_replaced_is_looked_at_again(folder: Path) -> None:
    there = str(folder / "elsewhere")
    put = f"os.rename('out1', {there!r})\nos.symlink({there!r}, 'out1')"
    asked, *_ = ran(folder, *[{"code": OUT}] * 3, {"code": OUT, "before": put})
    assert any("out1" in one and "open(" in one for one in asked), asked


def test_more_paths_than_are_kept_are_told_of_each_cell(folder: Path) -> None:
    code = f"for n in range({hook.PATHS_KEPT + 300}): open(f'f{{n}}.txt', 'w').close()"
    asked, _, _, written = ran(folder, *[{"code": code}] * 3)
    assert [set(map(len, one)) for one in written] == [{6, 7, 8, 9}] * 3
    assert asked == []


def test_what_passed_while_nothing_was_judged_is_seen_where_it_is(folder: Path) -> None:
    code = "open('../outside.txt', 'w').close()\n"
    free = "import os\nos.chmod('..', 0o700)\n" + code * 300
    asked, *_ = ran(folder, {"code": free, "is_free": True}, {"code": code})
    assert [one for one in asked if "chmod" in one or "outside.txt" in one] == [
        "import os\nos.chmod('..', 448)",
        "open('../outside.txt', 'w')",
    ]


def test_a_path_that_is_read_again_and_again_is_seen_when_it_is_written(folder: Path) -> None:
    ways = ["O_WRONLY", "O_RDWR", "O_WRONLY | os.O_APPEND", "O_RDONLY | os.O_TRUNC"]
    code, paths = "import os\n", []
    for name in ("aa", "ab", "ba", "bb", "ca", "cb", "da", "db"):
        paths.append(f"../outside-{name}.txt")
        (folder / f"outside-{name}.txt").touch()
        code += f"for n in range(100): open({paths[-1]!r}).close(); os.close(os.open({paths[-1]!r}, n << 24))\n"
    for path, way in zip(paths, [one for one in ways for _ in range(2)], strict=True):
        # Of two in the same way: how it is opened is new for the first one only.
        code += f"os.close(os.open({path!r}, os.{way}))\n"
    asked, _ = heard(folder, code)
    assert [one for one in asked if "'w'" in one] == [f"open({one!r}, 'w')" for one in paths]


def test_an_event_of_somebody_s_own_breaks_nothing(folder: Path) -> None:
    code = f"{MANY}import sys\n"
    for flags in ("None", "True", "'w'", "[]", "0.0", "524288.0", "object()"):
        code += f"for n in range(2): sys.audit('open', 'f1.txt', 'r', {flags})\n"
    assert heard(folder, code) == ([], [])


def test_a_folder_that_has_links_is_looked_at_each_time(folder: Path) -> None:
    there = str(folder / "elsewhere.txt")
    code = f"import os\nos.mkdir('out')\nos.symlink({there!r}, 'out/f900.txt')\n"
    code += "for n in range(200): open(f'out/f{n}.txt', 'w').close()\nopen('out/f900.txt', 'w').close()"
    assert any("elsewhere.txt" in one and "open(" in one for one in heard(folder, code)[0])


def test_a_name_that_is_no_plain_text_does_not_pass_for_one(folder: Path) -> None:
    code = (
        "class Name(str):\n    def __hash__(self): return hash('f1.txt')\n    def __eq__(self, other): return True\n"
        + MANY
        + "import os\nos.open(Name('../outside.txt'), os.O_WRONLY | os.O_CREAT)"
    )
    assert any("outside.txt" in one for one in heard(folder, code)[0])


def test_half_characters_break_nothing(folder: Path) -> None:
    assert heard(folder, READ + "look('a\\udc80.txt')\nlook('b\\ud800.txt')\nopen('c\\udc80.txt', 'w').close()") == (
        [],
        [],
    )


WRITES = "import os\ntry: os.close(os.open({path!r}, os.O_WRONLY))\nexcept OSError: pass\n"


@pytest.mark.parametrize(
    "path",
    [
        "/dev/no-such-disk",
        "/dev/disk/by-id/no-such-disk",
        "/dev/mapper/../no-such-disk",
        "/proc/sys/no-such-setting",
        "/proc/self/no-such-memory",
        "/proc/no-such-trigger",
    ],
)
def test_a_device_and_what_tells_the_system_something_are_seen(folder: Path, path: str) -> None:
    asked, _ = heard(folder, WRITES.format(path=path))
    assert [one for one in asked if "no-such" in one], asked


@pytest.mark.parametrize(
    "path", ["/dev/null", "/dev/full", "/dev/zero", "/dev/urandom", "/dev/shm/no-such/file", "/dev/tty"]
)
def test_devices_that_keep_nothing_are_nobodys_business(folder: Path, path: str) -> None:
    assert heard(folder, WRITES.format(path=path) * 3 + WRITES.format(path=path.encode())) == ([], [])


def test_the_kernel_s_own_descriptors_are_nobodys_business(folder: Path) -> None:
    code = "open('/dev/stdout', 'w').close()\nopen('/dev/fd/2', 'w').close()\nopen('/proc/self/fd/2', 'w').close()"
    assert heard(folder, code.replace("/dev/stdout", "/dev/stderr")) == ([], [])


def test_a_disk_is_seen_after_thousands_of_other_devices(folder: Path) -> None:
    code = WRITES.format(path="/dev/null") * 60 + WRITES.format(path="/dev/no-such-disk")
    assert any("no-such-disk" in one for one in heard(folder, code)[0])


def test_a_descriptor_of_a_file_elsewhere_is_that_file(folder: Path) -> None:
    there = str(folder / "elsewhere.txt")
    code = f"import os\nnumber = os.open({there!r}, os.O_RDONLY | os.O_CREAT)\nopen('/proc/self/fd/%d' % number, 'w').close()"
    assert sum("elsewhere.txt" in one for one in heard(folder, code)[0]) >= 1
