"""A name that a test has replaced does nothing real; before and after, and by any other way, it does."""

from __future__ import annotations

import pytest

from jupyter_guard import Session
from jupyter_guard.terms import Kind, Verdict

REAL = {Kind.FILE_DELETE, Kind.FILE_WRITE, Kind.PROCESS_RUN, Kind.PROCESS_SIGNAL}


def kinds(*cells: str) -> set[Kind]:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    return {effect.kind for cell in cells for effect in session.vet(cell).effects}


REPLACED = {
    "with": (
        (
            "from pathlib import Path\n"
            "from unittest import mock\n"
            "import shutil\n"
            "\n"
            "def retire(folder):\n"
            "    shutil.rmtree(folder)\n"
            '    return f"{folder.name} retired"\n'
            "\n"
            'with mock.patch("shutil.rmtree") as fake:\n'
            '    message = retire(Path.home() / "experiments")\n'
            "fake.assert_called_once()\n"
            "print(message)"
        ),
    ),
    "decorators": (
        (
            "import os, subprocess\n"
            "from unittest.mock import patch, DEFAULT\n"
            "\n"
            '@patch("subprocess.run")\n'
            '@patch.object(os, "remove")\n'
            "def test_clean(remove, run):\n"
            '    os.remove("/etc/hosts")\n'
            '    subprocess.run(["rm", "-rf", "/srv"])\n'
            "test_clean()"
        ),
    ),
    "start": (
        (
            "import os\n"
            "from unittest.mock import patch\n"
            'patcher = patch("os.system")\n'
            "fake = patcher.start()\n"
            'os.system("rm -rf /")'
        ),
        ('os.system("rm -rf /srv")\npatcher.stop()'),
    ),
    "multiple": (
        (
            "import shutil\n"
            "from unittest.mock import patch, DEFAULT\n"
            "with patch.multiple(shutil, rmtree=DEFAULT, move=DEFAULT) as fakes:\n"
            '    shutil.rmtree("/srv/data")\n'
            '    shutil.move("/etc/passwd", "/tmp")'
        ),
    ),
    "stack": (
        (
            "from contextlib import ExitStack\n"
            "from unittest.mock import patch\n"
            "from pathlib import Path\n"
            "with ExitStack() as stack:\n"
            '    gone = stack.enter_context(patch.object(Path, "unlink"))\n'
            '    Path("/etc/hosts").unlink()\n'
            "print(gone.call_count)"
        ),
    ),
    "monkeypatch": (
        (
            "import pytest, os\n"
            "with pytest.MonkeyPatch.context() as mp:\n"
            '    mp.setattr(os, "remove", lambda path: None)\n'
            '    os.remove("/etc/hosts")'
        ),
    ),
    "imported-by": (
        (
            "import shutil\n"
            "from unittest.mock import patch\n"
            'with patch("cleanup.shutil.rmtree"):\n'
            '    shutil.rmtree("/srv/data")'
        ),
    ),
    "class": (
        (
            "import unittest\n"
            "from unittest import mock\n"
            "import os\n"
            '@mock.patch("os.kill")\n'
            "class Stop(unittest.TestCase):\n"
            "    def test_stop(self, kill):\n"
            "        os.kill(1, 9)"
        ),
    ),
}


@pytest.mark.parametrize("cells", REPLACED.values(), ids=REPLACED)
def test_what_is_replaced_does_nothing(cells: tuple[str, ...]) -> None:
    assert not kinds(*cells) & REAL


STILL_REAL = {
    "after": (
        "import shutil\n"
        "from unittest import mock\n"
        'with mock.patch("shutil.rmtree"):\n'
        '    shutil.rmtree("/srv/data")\n'
        'shutil.rmtree("/srv/data")'
    ),
    "imported-before": (
        "from shutil import rmtree\n"
        "from unittest import mock\n"
        'with mock.patch("shutil.rmtree"):\n'
        '    rmtree("/srv/data")'
    ),
    "wraps": (
        "import shutil\n"
        "from unittest import mock\n"
        'with mock.patch("shutil.rmtree", wraps=shutil.rmtree):\n'
        '    shutil.rmtree("/srv/data")'
    ),
    "side-effect": (
        "import shutil\n"
        "from unittest import mock\n"
        "real = shutil.rmtree\n"
        'with mock.patch("shutil.rmtree") as fake:\n'
        "    fake.side_effect = real\n"
        '    shutil.rmtree("/srv/data")'
    ),
    "stopped": (
        "import os\n"
        "from unittest.mock import patch\n"
        'patcher = patch("os.system")\n'
        "patcher.start()\n"
        "patcher.stop()\n"
        'os.system("rm -rf /srv")'
    ),
    "not-entered": ('import os\nfrom unittest.mock import patch\npatch("os.system")\nos.system("rm -rf /srv")'),
    "stopped-all": (
        "import os\n"
        "from unittest.mock import patch\n"
        'p = patch("os.system")\n'
        "p.start()\n"
        "patch.stopall()\n"
        'os.system("rm -rf /srv")'
    ),
    "another-name": (
        "import os\n"
        "from unittest.mock import patch\n"
        '@patch("os.remove")\n'
        "def t(fake):\n"
        '    os.unlink("/etc/hosts")\n'
        "t()"
    ),
    "replaced-by-worse": (
        "import os\n"
        "from unittest.mock import patch\n"
        'with patch("os.remove", new=os.system):\n'
        '    os.remove("rm -rf /srv")'
    ),
    "perhaps": (
        "import os, random\n"
        "from unittest.mock import patch\n"
        'p = patch("os.system")\n'
        "if random.random() > 0.5:\n"
        "    p.start()\n"
        'os.system("rm -rf /srv")'
    ),
    "stack-without-end": (
        "from contextlib import ExitStack\n"
        "from unittest.mock import patch\n"
        "import os\n"
        "stack = ExitStack()\n"
        'stack.enter_context(patch("os.system"))\n'
        "stack.close()\n"
        'os.system("rm -rf /srv")'
    ),
}


@pytest.mark.parametrize("code", STILL_REAL.values(), ids=STILL_REAL)
def test_what_is_not_replaced_is_still_real(code: str) -> None:
    assert kinds(code) & REAL


@pytest.mark.parametrize(
    "code",
    [
        "from unittest import mock\nimport jupyter_guard\nmock.patch.object(jupyter_guard, 'vet').start()",
        "import mock\nwith mock.patch('IPython.core.interactiveshell.InteractiveShell.run_cell'):\n    pass",
        "import pytest, jupyter_guard\npytest.MonkeyPatch().setattr(jupyter_guard, 'vet', print)",
    ],
)
def test_the_guard_itself_is_not_to_be_replaced(code: str) -> None:
    report = Session("personal", origin="assistant").vet(code)
    assert {effect.kind for effect in report.effects} == {Kind.GUARD_TAMPER}
    assert report.verdict >= Verdict.CONFIRM
