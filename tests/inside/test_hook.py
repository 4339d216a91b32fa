"""Files that are opened again and again pass by quickly, and none that somebody has to see does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
asked, learned = [], []
def judge(text):
    if text.how == "act":
        asked.append(text.code)
    return {{}}
watching = watch.Watch(Shell(), judge, dict)
watching.acts = whose.Acts(watching.kind, (watch.CELL, watch.OTHER), watching.ask_act, hook.inside, acts.ACTS, os.getcwd())
opened.start(lambda value, kind, name: learned.append(name))
hook.start(watching, opened.hearing())
exec(compile({code!r}, "<ipython-input-1>", "exec"))
print(json.dumps([asked, learned]))
"""
MANY = "for n in range(200): open(f'f{n}.txt', 'w').close(); open(f'f{n}.txt').close()\n"
READ = "def look(path):\n    try: open(path).close()\n    except (OSError, ValueError): pass\n"


def heard(folder: Path, code: str) -> tuple[list[str], list[str]]:
    """What was put before the guard, and the files that were told as keys, while ``code`` ran as a cell."""
    work = folder / "work"
    work.mkdir()
    (folder / "temporary").mkdir()
    script = SCRIPT.format(child=str(Path(hook.__file__).parent), code=code)
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
    asked, learned = json.loads(done.stdout)
    return asked, learned


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


@pytest.mark.parametrize("way", ["os.symlink({there!r}, 'f900.txt')", "os.chdir('..')"])
def test_what_leads_elsewhere_is_seen_after_thousands_that_did_not(folder: Path, way: str) -> None:
    there = str(folder / "elsewhere.txt")
    code = "import os\n" + MANY + way.format(there=there) + "\nopen('f900.txt', 'w').close()"
    asked, _ = heard(folder, code)
    assert any("open(" in one for one in asked), asked


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
