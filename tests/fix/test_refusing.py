"""Input that is not harmless: what was warned of happens before the rewrite, and after it an error of the library's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix.test_fix import fixed
from tests.fix.test_runs import need_installed, output

# Who sent the files: what is in them makes the folder `made` when it is unpickled.
MAKER = "import os\nclass Maker:\n    def __reduce__(self):\n        return os.mkdir, ('made',)\n"
SENT = {
    "numpy": f"{MAKER}import numpy as np\nnp.save('a.npy', np.array([Maker()], dtype=object))",
    "torch": f"{MAKER}import torch\ntorch.save(Maker(), 'a.pt')",
}
HARMFUL = [
    (
        "JG112",
        "import yaml\nprint(yaml.load('a: !!python/object/apply:os.mkdir [made]', Loader=yaml.UnsafeLoader))",
        "ConstructorError",
    ),
    ("JG112", "import yaml\nprint(yaml.unsafe_load('!!python/object/apply:os.mkdir [made]'))", "ConstructorError"),
    (
        "JG111",
        "import numpy as np\nprint(np.load('a.npy', allow_pickle=True))",
        "ValueError: Object arrays cannot be loaded when allow_pickle=False",
    ),
    (
        "JG111",
        "import torch\nprint(torch.load('a.pt', weights_only=False))",
        "UnpicklingError: Weights only load failed",
    ),
    (
        "JG116",
        "from lxml import etree\nopen('secret', 'w').write('leaked')\np = etree.XMLParser(resolve_entities=True)\n"
        "text = '<!DOCTYPE a [<!ENTITY e SYSTEM \"secret\">]><a>&e;</a>'\n"
        "found = etree.fromstring(text, p).text\nif found == 'leaked':\n    __import__('os').mkdir('made')\nprint(found)",
        "XMLSyntaxError",
    ),
]


@pytest.mark.parametrize(("rule", "before", "says"), HARMFUL, ids=lambda value: str(value)[-40:])
def test_what_was_warned_of_happens_before_and_not_after(rule: str, before: str, says: str, tmp_path: Path) -> None:
    need_installed(before)
    fix = fixed(before, rule)
    assert fix is not None
    done = []
    for name, code in (("before", before), ("after", fix.code)):
        (tmp_path / name).mkdir()
        there = f"import os\nos.chdir({str(tmp_path / name)!r})\n"
        for library, sender in SENT.items():
            if f"import {library}" in code:
                assert output(there + sender, {})[0] == 0
        ended, _, complaint = output(there + code, {})
        done.append(((tmp_path / name / "made").exists(), ended == 0, says in complaint))
    assert done == [(True, True, False), (False, False, True)]
