"""JG907 and on: what only the cells of a whole notebook show, or a linter; asked off the path of a run."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Severity

_BRANCHY: Final = "def sort_out(row):\n" + "".join(f"    if row == {at}:\n        row = -row\n" for at in range(16))

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG907",
        title="Brings in names that nobody can see",
        why="Whoever reads a name further down cannot tell where it comes from, and a new version may shadow another.",
        instead="Import the names that are used, or the module.",
        severity=Severity.NOTE,
        apart=True,
        bad=("from os.path import *\njoin('a', 'b')",),
        good=("from os.path import join\njoin('a', 'b')",),
    ),
    Rule(
        id="JG908",
        title="Waits for another machine without an end",
        why="When the other side does not answer, the cell stands still until somebody interrupts it.",
        instead="Say how long: timeout=30 (seconds).",
        severity=Severity.NOTE,
        apart=True,
        bad=(
            "import requests\nrequests.get('https://api.acme.com/orders')",
            "import requests\nsession = requests.Session()\n# %%\nsession.post(url, json=rows)",
            "from urllib.request import urlopen\nurlopen('https://acme.com', timeout=None)",
        ),
        good=(
            "import requests\nrequests.get('https://api.acme.com/orders', timeout=30)",
            "import socket\nsocket.setdefaulttimeout(30)\n# %%\nfrom urllib.request import urlopen\nurlopen(url)",
            "import requests\nrequests.get(url, **options)",
        ),
    ),
    Rule(
        id="JG909",
        title="Installs a package in whatever version is the newest",
        why="The notebook runs today, and another day with another version it does something else, or nothing.",
        instead="Say which version (`%pip install pandas==2.2.3`), or install from a lock file.",
        severity=Severity.NOTE,
        apart=True,
        bad=("%pip install pandas",),
        good=("%pip install pandas==2.2.3", "%pip install -r requirements.txt", "%pip uninstall -y pandas"),
    ),
    Rule(
        id="JG910",
        title="Uses a name that no cell above defines",
        why="It is left over in this session from a cell that is gone; after a restart the notebook stops here.",
        instead="Define it in a cell above, then restart and run all.",
        severity=Severity.NOTE,
        apart=True,
        bad=("import pandas as pd\n# %%\npd.concat([orders, refunds])",),
        good=(
            "import pandas as pd\norders = refunds = pd.DataFrame()\n# %%\npd.concat([orders, refunds])",
            "from pylab import *\n# %%\nplot([1, 2])",
        ),
    ),
    Rule(
        id="JG911",
        title="Works only after a cell that stands below it",
        why="The cells were run in another order than they stand in: from the top, this one stops or works otherwise.",
        instead="Move the cell that defines it above this one, then restart and run all.",
        severity=Severity.NOTE,
        apart=True,
        bad=("print(total)\n# %%\ntotal = 3",),
        good=(
            "total = 3\n# %%\nprint(total)",
            "def show():\n    print(total)\n# %%\ntotal = 3\n# %%\nshow()",
        ),
    ),
    Rule(
        id="JG912",
        title="Names a place that only one machine has",
        why="On any other machine, and for any other person, the notebook stops here.",
        instead="Name it from the notebook's folder (`data/orders.csv`), or read the folder from the environment.",
        severity=Severity.NOTE,
        apart=True,
        bad=(
            "import pandas as pd\npd.read_csv('/home/ada/orders.csv')",
            "path = r'C:\\Users\\ada\\orders.csv'",
            "!cp /Users/ada/orders.csv .",
        ),
        good=(
            "import pandas as pd\npd.read_csv('data/orders.csv')",
            "from pathlib import Path\npath = Path.home() / 'orders.csv'",
            "url = 'https://acme.com/home/ada/orders.csv'",
        ),
    ),
    Rule(
        id="JG913",
        title="Has too many ways through it",
        why="Nobody can keep them all in mind, and no test goes all of them.",
        instead="Move parts into functions of their own; `practice.complexity` in the policy says how many are enough.",
        severity=Severity.NOTE,
        apart=True,
        bad=(_BRANCHY,),
        good=("def sort_out(row):\n    return -row if row in range(16) else row",),
    ),
    Rule(
        id="JG914",
        title="Has what a rule of ruff's finds",
        why="The policy's `practice.ruff` asks for that rule; its page at https://docs.astral.sh/ruff/rules says why.",
        instead="See the rule's page, or write `# noqa:` with its code at the end of the line.",
        severity=Severity.NOTE,
        apart=True,
    ),
)
