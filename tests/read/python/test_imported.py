"""Modules that cells wrote, and arrays and tables that know their size."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.session import Session

WIPES = "import shutil\ndef go(where='/srv/data'):\n    shutil.rmtree(where)\n"


def rules(*cells: str) -> set[str]:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    return {finding.rule for finding in [session.vet(cell) for cell in cells][-1].findings}


@pytest.mark.parametrize(
    "cells",
    [
        (f"%%writefile prep.py\n{WIPES}go()", "import prep"),
        (f"%%writefile prep.py\n{WIPES}go()", "from prep import go"),
        (f"%%writefile prep.py\n{WIPES}", "import prep as p", "p.go()"),
        (f"%%writefile prep.py\n{WIPES}", "from prep import *\ngo()"),
        (
            f"%%writefile lib/prep.py\n{WIPES}",
            "import sys\nsys.path.insert(0, 'lib')\nfrom prep import go",
            "go('/srv/x')",
        ),
        (f"from pathlib import Path\nPath('prep.py').write_text({WIPES!r})", "import prep\nprep.go()"),
    ],
)
def test_a_module_does_what_its_file_says(cells: tuple[str, ...]) -> None:
    assert "JG201" in rules(*cells)


def test_it_runs_when_it_is_imported_first() -> None:
    written = f"%%writefile prep.py\n{WIPES}go()"
    assert not rules(written, "import prep", "import prep")
    assert not rules(written)
    assert not rules("%%writefile prep.py\ndef half(x):\n    return x / 2", "from prep import half\nhalf(3)")


def test_what_was_downloaded_is_not_put_on_the_path() -> None:
    got = "import urllib.request\nurllib.request.urlretrieve('http://192.0.2.5/a.zip', 'a.zip')"
    assert "JG101" in rules(got, "import sys\nsys.path.insert(0, 'a.zip')")
    assert not rules(got, "import sys\nsys.path.insert(0, 'lib')")


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nfrom sklearn.metrics import pairwise_distances\npairwise_distances(np.random.rand(2_000_000, 16))",
        "import numpy as np\nfrom scipy.spatial.distance import pdist\npdist(np.zeros((1_000_000, 3)).astype('float32'))",
        "import pandas as pd\na = pd.DataFrame({'k': range(500_000)})\na.merge(a, how='cross')",
        "import pandas as pd\na = pd.DataFrame({'k': range(500_000)})\nb = pd.merge(a, a, how='cross')",
    ],
)
def test_every_row_with_every_other_is_too_much(code: str) -> None:
    assert "JG702" in rules(code)


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nfrom sklearn.metrics import pairwise_distances\npairwise_distances(np.random.rand(2_000, 16))",
        "import pandas as pd\na = pd.DataFrame({'k': range(500_000)})\na.merge(a, on='k')",
        "import pandas as pd\na = pd.DataFrame({'k': range(50)})\na.merge(a, how='cross')",
        "import pandas as pd\npd.read_csv('a.csv').merge(b, how='cross')",
    ],
)
def test_what_fits_is_fine(code: str) -> None:
    assert not rules(code)
