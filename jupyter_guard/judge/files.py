"""JG2xx: files that are lost, changed or opened up."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Effect, Kind, Scope

_DELETES = (Kind.FILE_DELETE,)
_WRITES = (Kind.FILE_WRITE,)
_READS = (Kind.FILE_READ,)


def _in_system(effect: Effect, _seen: frozenset[str]) -> bool:
    return effect.scope is Scope.SYSTEM


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG203",
        title="Deletes a whole tree: the workspace, a home directory or the machine",
        why="There is no bin to take it back from.",
        instead="Name the one folder that has to go, below the notebook's own folder.",
        kinds=_DELETES,
        check=has("everything"),
        bad=(
            "import shutil, os\nshutil.rmtree(os.path.expanduser('~'))",
            "!rm -rf ~",
            "import shutil\nshutil.rmtree('/')",
        ),
        good=("import shutil\nshutil.rmtree('build')",),
    ),
    Rule(
        id="JG201",
        title="Deletes many files",
        why="What it deletes is everything that happens to be there, not what you had in mind.",
        instead="List the files first, look, then delete them by name inside the workspace.",
        kinds=_DELETES,
        check=has("recursive", "bulk"),
        bad=(
            "import shutil\nshutil.rmtree('/var/lib')",
            "import shutil\nops = {'t': shutil.rmtree}\nops['t']('/home/ana')",
            "!rm -rf ~/work",
            "import glob, os\n[os.remove(p) for p in glob.glob('/home/*/**', recursive=True)]",
        ),
        good=("import tempfile, shutil\nd = tempfile.mkdtemp()\nshutil.rmtree(d)",),
    ),
    Rule(
        id="JG202",
        title="Deletes a file outside the workspace",
        why="Other programs and other people rely on what lies there.",
        instead="Delete only what the notebook made, in its own folder or a temporary one.",
        kinds=_DELETES,
        bad=("import os as o\nf = o.remove\nf('/etc/hosts')", "from pathlib import Path\nPath('/etc/motd').unlink()"),
        good=("import os\nos.remove('tmp.png')",),
    ),
    Rule(
        id="JG211",
        title="Changes what runs at a later start",
        why="Shell profiles, IPython start-up files, cron tables and git hooks run by themselves, again and again.",
        instead="Set it for this session only, or ask the owner of the machine.",
        kinds=_WRITES,
        check=has("startup"),
        bad=(
            "with open('/home/ops/.bashrc', 'a') as f:\n    f.write('alias ls=id')",
            "%%writefile ~/.ipython/profile_default/startup/a.py\nimport os",
        ),
        good=("open('notes.txt', 'a').write('x')",),
    ),
    Rule(
        id="JG213",
        title="Writes to a device",
        why="A device has no file system to protect it: one write can lose a whole disk.",
        instead="Write to a file.",
        kinds=_WRITES,
        check=has("device"),
        bad=("open('/dev/sda', 'wb').write(b'0')", "!dd if=/dev/zero of=/dev/sda"),
        good=("open('out.bin', 'wb').write(b'0')",),
    ),
    Rule(
        id="JG217",
        title="Changes accounts, keys or the machine's configuration",
        why="It changes who may log in and how the machine behaves, for everybody.",
        instead="Ask the owner of the machine.",
        kinds=_WRITES,
        check=has("accounts", "credential-store"),
        bad=("open('/etc/passwd', 'a').write('u::0:0::/:/bin/sh')",),
        good=("open('passwd.txt', 'a').write('u')",),
    ),
    Rule(
        id="JG215",
        title="Changes who may read, write or run a file",
        why="Looser permissions let other users and programs in; tighter ones lock you out.",
        instead="Give rights to one file in the workspace, and no more than it needs (0o600, 0o644).",
        kinds=_WRITES,
        check=has("permissions"),
        bad=("import os\nos.chmod('/usr/bin/python3', 0o755)", "from os import *\nsystem('chmod -R 777 /')"),
        good=("import os\nos.chmod('run.sh', 0o755)",),
    ),
    Rule(
        id="JG214",
        title="Moves a file of the system away",
        why="What used it stops working, or runs what was put in its place.",
        instead="Copy it to the workspace.",
        kinds=_WRITES,
        check=has("move", "link"),
        bad=("import os\nos.rename('/bin/ls', '/bin/ls.bak')",),
        good=("import os\nos.rename('a.csv', 'b.csv')",),
    ),
    Rule(
        id="JG216",
        title="Unpacks an archive over files outside the workspace",
        why="The archive decides the names: it may replace anything that you may write.",
        instead="Unpack into an empty folder of the workspace, with filter='data'.",
        kinds=_WRITES,
        check=has("archive-paths"),
        bad=("import zipfile\nzipfile.ZipFile('in.zip').extractall('/')",),
        good=("import zipfile\nzipfile.ZipFile('in.zip').extractall('data')",),
    ),
    Rule(
        id="JG218",
        title="Writes a credential into a file",
        why="A file is copied, committed and shared with whatever lies beside it.",
        instead="Leave the credential where it is kept, and read it from there each time.",
        kinds=_WRITES,
        check=has("from:credential"),
        bad=(
            "import json, os\njson.dump(dict(os.environ), open('env.json', 'w'))",
            "import keyring\nopen('notes.txt', 'w').write(keyring.get_password('a', 'b'))",
        ),
        good=("import json, os\njson.dump({'home': os.environ['HOME']}, open('env.json', 'w'))",),
    ),
    Rule(
        id="JG212",
        title="Writes outside the workspace",
        why="Other programs and other people rely on what lies there.",
        instead="Write into the notebook's own folder or a temporary one.",
        kinds=_WRITES,
        check=lambda _effect, seen: seen.isdisjoint({"by-database", "unbounded", "giant"}),
        bad=("import os\nos.truncate('/usr/lib/libc.so', 0)",),
        good=("open('out.csv', 'w').write('a')", "from pathlib import Path\nPath('out').mkdir(exist_ok=True)"),
    ),
    Rule(
        id="JG221",
        title="Reads accounts, logs or the machine's configuration",
        why="It tells who uses the machine and how: the first step of most attacks, and rarely of an analysis.",
        instead="Ask for the one value that you need.",
        kinds=_READS,
        check=has("accounts"),
        bad=("open('/etc/passwd').read()",),
        good=("open('/proc/cpuinfo').read().count('processor')",),
    ),
    Rule(
        id="JG222",
        title="Reads a file that somebody outside chooses",
        why="A path from outside can name any file that you may read.",
        instead="Check the name against a list, and resolve it below one folder.",
        kinds=_READS,
        check=lambda _effect, seen: (
            not seen.isdisjoint({"from:network", "from:user", "from:model"}) and "xml-entities" not in seen
        ),
        bad=(
            "path = input()\nopen(path).read()",
            "import requests\nname = requests.get('https://x.test').text\nopen('/srv/' + name).read()",
        ),
        good=("open('data.csv').read()", "name = input()\nprint(name)"),
    ),
    Rule(
        id="JG223",
        title="Reads what belongs to the system",
        why="It is outside the work of a notebook.",
        instead="Keep data in the workspace.",
        kinds=_READS,
        check=lambda effect, seen: _in_system(effect, seen) and "credential-store" not in seen,
        bad=(
            "!cp -r /srv/private/* .",
            "import glob\nfor p in glob.glob('/srv/private/*'):\n    print(open(p).read())",
        ),
        good=("!cp -r data/* out", "open('/usr/share/dict/words').read()"),
    ),
)
