"""Texts that are put together at run time, of parts that are all known, are read as what they become."""

from __future__ import annotations

import pytest

from jupyter_guard import vet

HEAD = "import sqlite3\nc = sqlite3.connect('shop.db')\n"


@pytest.mark.parametrize(
    "code",
    [
        "import textwrap\nc.executescript(textwrap.dedent('''\n    DROP TABLE sales;\n'''))",
        "from string import Template\nc.execute(Template('DROP TABLE $t').substitute(t='sales'))",
        "from string import Template\nc.execute(Template('$a TABLE ${t}').safe_substitute({'a': 'DROP', 't': 'sales'}))",
        "c.execute('XROP TABLE sales'.translate(str.maketrans('X', 'D')))",
        "c.execute('XROP TABLE sales'.translate({88: 'D'}))",
        "import jinja2\nc.execute(jinja2.Template('DROP TABLE {{ t }}').render(t='sales'))",
        "import jinja2\nc.execute(jinja2.Environment().from_string('DROP TABLE {{ t }}').render(t='sales'))",
        "import json\nd = json.loads(json.dumps({'q': 'DROP TABLE sales'}))\nc.execute(d['q'])",
        "import re\nc.execute(re.sub('keep', 'DROP', 'keep TABLE sales'))",
        "from itertools import chain\nfor q in chain(['select 1'], ['DROP TABLE sales']):\n    c.execute(q)",
        "from enum import Enum\nclass Q(Enum):\n    A = 'DROP TABLE sales'\nc.execute(Q.A.value)",
    ],
)
def test_what_they_become_is_read(code: str) -> None:
    report = vet(HEAD + code, origin="assistant")
    assert "deletes table `sales`" in report.sentence
    assert vet(HEAD + code.replace("DROP", "STAY").replace("XROP", "YTAY"), origin="assistant").verdict != "block"


def test_a_command_that_is_split() -> None:
    report = vet("import shlex, subprocess\nsubprocess.run(shlex.split('rm -rf /home/ann/data'))", origin="assistant")
    assert report.sentence == "deletes `/home/ann/data` and everything below"


@pytest.mark.parametrize(
    "code",
    [
        "import re\nre.sub('(a+)+$', 'b', 'a' * 40 + '!')",
        "import string\nstring.Template().substitute()",
        "import json\na = []\na.append(a)\njson.dumps(a)",
        "import json\njson.dumps()",
        "import shlex\nshlex.split('a \"')",
        "import jinja2\njinja2.Template('{% for x in y %}{{ x }}{% endfor %}{{').render(y=z)",
        "str.maketrans({'ab': 1}, 2)\n''.translate(None)",
        "from itertools import chain\nlist(chain.from_iterable(x))",
    ],
)
def test_what_does_not_come_to_a_text(code: str) -> None:
    assert "JG000" not in {one.rule for one in vet(code, origin="assistant").findings}
