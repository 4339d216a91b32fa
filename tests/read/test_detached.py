"""What goes on after the cell is tagged so, however it is left behind; what the cell waits for is not."""

from __future__ import annotations

import pytest

from jupyter_guard import vet
from jupyter_guard.read.python.reader import SessionReader
from jupyter_guard.terms import Cell, Effect, Kind, Origin

POPEN = "import asyncio, os, subprocess\nsubprocess.Popen(['python', 'x.py'], {})"


def left_behind(code: str) -> list[Effect]:
    reading = SessionReader(workspace="/home/sam/work", home="/home/sam").read(Cell(code, Origin.ASSISTANT))
    return [one for one in reading.effects if one.kind is Kind.PROCESS_RUN and "detached" in one.tags]


@pytest.mark.parametrize(
    "code",
    [
        "!nohup python x.py",
        "!setsid python x.py",
        "!nohup python x.py > out.log 2>&1 &",
        "!cd /tmp && python x.py &",
        "import os\nos.system('python x.py &')",
        "%%bash\npython x.py | tee out.log &\ndisown",
        "%%bash\n(while true; do python x.py; done) &\necho started",
        "import subprocess\nsubprocess.run('python x.py &', shell=True)",
        POPEN.format("start_new_session=True"),
        POPEN.format("preexec_fn=os.setsid"),
        POPEN.format("process_group=0"),
        POPEN.format("creationflags=subprocess.DETACHED_PROCESS"),
    ],
)
def test_a_process_that_is_left_behind(code: str) -> None:
    (effect,) = left_behind(code)
    assert effect.target
    assert "JG405" in {finding.rule for finding in vet(code, origin="assistant").findings}


@pytest.mark.parametrize(
    "code",
    [
        "%%bash\npython x.py &\npython y.py &\nwait",
        "%%bash\npython x.py &\npid=$!\npython y.py\nkill $pid",
        "!python x.py && echo done",
        "!python x.py 2>&1 | tail",
        "!curl 'https://x.test/a?b=1&c=2'",
        POPEN.format("start_new_session=False"),
        POPEN.format("preexec_fn=limit"),
    ],
)
def test_a_process_that_is_waited_for(code: str) -> None:
    assert not left_behind(code)


@pytest.mark.parametrize("module", ["operators.bash", "operators.bash_operator", "providers.standard.operators.bash"])
def test_an_operator_is_judged_by_the_command_that_it_runs(module: str) -> None:
    head = f"from airflow.{module} import BashOperator\nBashOperator(task_id='a', bash_command="
    assert not vet(f"{head}'echo hi')", origin="assistant").findings
    (finding,) = vet(f"{head}'rm -rf /srv/data')", origin="assistant").findings
    assert finding.effects[0].kind is Kind.FILE_DELETE
    assert finding.effects[0].target == "/srv/data"
