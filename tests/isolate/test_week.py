"""A week of ordinary work, forty notebooks and more, in a plain install, which has a box: three grants at most, and each
says itself how.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from benchmarks.runtime.ordinary import NOTEBOOKS
from jupyter_guard.isolate import bubblewrap
from jupyter_guard.policy.layer import preset_text
from tests.kernel.front import GUARDED, Front, Run

DEMO = Path(__file__).parents[2] / "demo_notebooks"
# Nobody has written a policy: what holds is `personal`.
NO_BOX = preset_text("personal").replace('backend = "auto"', 'backend = "none"')
MOST_GRANTS = 3
GRANT = "jupyter guard policy grant"
LIBRARIES = (
    "boto3", "duckdb", "httpx", "huggingface_hub", "ipywidgets", "joblib", "matplotlib", "numpy", "pandas", "requests",
    "sklearn", "sqlalchemy",
)  # fmt: skip
# Not a secret of anybody's, and put together so that nothing takes it for one.
TOKEN = "hf" + "_" + "Decoy" * 7
LISTED = b"""<?xml version="1.0"?><ListAllMyBucketsResult><Owner><ID>me</ID></Owner><Buckets><Bucket>
<Name>sales</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"""
ORDINARY = {
    "numbers": "import numpy as np\nprint(int(np.linalg.norm(np.arange(5) * 1.0) > 5))",
    "frames": "import pandas as pd\npd.DataFrame({'a': [1, 2]}).to_csv('a.csv')\nprint(pd.read_csv('a.csv').shape[0])",
    "plots": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('a.png')\nimport os\nprint(os.path.getsize('a.png') > 1000)",
    "models": (
        "from sklearn.linear_model import LinearRegression\n"
        "print(round(float(LinearRegression(n_jobs=2).fit([[0], [1]], [0, 2]).coef_[0])))"
    ),
    "processes": (
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(abs, [-1, -2]))"
    ),
    "programs": "!echo from a program && git init -q repository && ls repository -a | wc -l",
    "widgets": "import ipywidgets\nprint(ipywidgets.IntSlider(3).value)",
    "temporary files": "import tempfile\nwith tempfile.NamedTemporaryFile('w') as file:\n    print(file.write('x'))",
    "caches": "import pathlib\np = pathlib.Path.home() / '.cache' / 'mine'\np.mkdir(parents=True, exist_ok=True)\nprint(p.is_dir())",
}

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works"),
]


class Store(http.server.BaseHTTPRequestHandler):
    """Stands in for an object store and a hub of models: lists one bucket for whoever signs, gives one public file."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization", "")
        headers = {}
        if self.path == "/api/whoami-v2":
            status, body = (200, b'{"name": "ana", "type": "user"}') if allowed == f"Bearer {TOKEN}" else (401, b"{}")
        elif self.path.endswith("/resolve/main/config.json"):
            status, body = 200, b'{"layers": 3}'
            headers = {"ETag": '"1"', "X-Repo-Commit": "a" * 40}
        else:
            status, body = (200, LISTED) if "AKIDDECOY" in allowed else (403, b"")
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing is to be seen."""


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def home() -> Iterator[Path]:
    """The home directory of somebody who uses a cloud, not below /tmp, of which the box has its own."""
    made = Path(tempfile.mkdtemp(prefix=".home-", dir=Path.home()))
    for name in (".jupyter", ".aws", "work"):
        (made / name).mkdir()
    (made / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDDECOY\n" + "aws_secret" + "_access_key = decoy\n"
    )
    (made / ".cache" / "huggingface").mkdir(parents=True)
    (made / ".cache" / "huggingface" / "token").write_text(TOKEN)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def wheel(folder: Path) -> Path:
    """A package that is there without any registry."""
    path = folder / "ordinary_thing-1.0-py3-none-any.whl"
    info = "ordinary_thing-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ordinary_thing.py", "answer = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: ordinary-thing\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def environment(home: Path) -> list[str]:
    """An environment in which people install for themselves, and the command of its guarded kernel."""
    made = home / "env"
    words = [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(made)]
    subprocess.run(words, check=True)
    packages = next(made.glob("lib/python*/site-packages"))
    (packages / "tests.pth").write_text("\n".join(one for one in sys.path if one.endswith("-packages")) + "\n")
    spec = home / ".local" / "share" / "jupyter" / "kernels" / "week"
    spec.mkdir(parents=True)
    argv = [str(made / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "week", "language": "python"}))
    return [*GUARDED, "--wrap", "week"]


def evalue(run: Run) -> str:
    return str(run.error["evalue"]) if run.of("error") else ""


def test_a_week_needs_no_more_than_three_grants(home: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in LIBRARIES:
        pytest.importorskip(library)
    cloud = (
        "import boto3\n"
        f"client = boto3.client('s3', endpoint_url={store!r}, region_name='eu-west-1')\n"
        "print([one['Name'] for one in client.list_buckets()['Buckets']])"
    )
    hub = f"from huggingface_hub import HfApi, hf_hub_download\napi = HfApi(endpoint={store!r})\n"
    wheelhouse = home / "work" / "wheels"
    wheelhouse.mkdir()
    wheel(wheelhouse)
    days = {
        **{name: (code,) for name, code in ORDINARY.items()},
        **NOTEBOOKS,
        "cloud": (cloud,),
        "own models": (f"{hub}print(api.whoami()['name'])",),
        "public models": (f"{hub}print(open(hf_hub_download('ana/model', 'config.json', endpoint={store!r})).read())",),
        "packages": ("%pip install -q --user --no-index --find-links wheels ordinary-thing",),
        "the package": ("import ordinary_thing\nprint(ordinary_thing.answer)",),
    }
    assert len(days) >= 50
    argv = environment(home)
    # Where it is without the variable that the tests set for all caches.
    monkeypatch.setenv("HF_HOME", str(home / ".cache" / "huggingface"))
    grants: list[str] = []
    front = Front(home / "work", "", home=home, argv=argv)
    try:
        for name, cells in days.items():
            runs = [front.run(code) for code in cells]
            while refused := next((one.text for one in runs if GRANT in one.text + evalue(one)), ""):
                words = refused.rpartition("restart: jupyter ")[2].splitlines()[0].split()
                assert " ".join(words) not in grants, f"{name} was granted and is refused again"
                grants.append(" ".join(words))
                assert len(grants) <= MOST_GRANTS, grants
                command = [sys.executable, "-m", "jupyter_guard", *words[1:]]
                subprocess.run(command, env={**os.environ, "HOME": str(home)}, check=True, capture_output=True)
                front.close()
                front = Front(home / "work", "", home=home, argv=argv)
                runs = [front.run(code) for code in cells]
            assert not [evalue(one) for one in runs if one.of("error")], (name, runs[-1].text)
            print(f"{name}: {runs[-1].text.strip()[-200:]}")
            if name == "packages":
                # As pip says: a folder that was not there when Python started is not looked in.
                front.close()
                front = Front(home / "work", "", home=home, argv=argv)
    finally:
        front.close()
    print(f"grants: {grants}")
    own = home / ".local"
    assert grants == [
        "guard policy grant aws",
        "guard policy grant huggingface",
        f"guard policy grant --write --make {own}/lib {own}/bin",
    ]
    # Outside, what was installed in the box is there.
    assert list(own.glob("lib/python*/site-packages/ordinary_thing.py"))
    assert (home / "work" / "a.csv").stat().st_uid == os.geteuid()


def test_the_demos_analysis_has_the_same_outputs_in_the_box(home: Path) -> None:
    notebook = nbformat.read(DEMO / "analysis.ipynb", as_version=4)
    cells = [one.source for one in notebook.cells if one.cell_type == "code"]

    def outputs(policy: str) -> list[object]:
        mine = home / ".jupyter" / "jupyter_guard.toml"
        mine.unlink(missing_ok=True)
        if policy:
            mine.write_text(policy)
        shutil.rmtree(home / "work", ignore_errors=True)
        shutil.copytree(DEMO, home / "work")
        with Front(home / "work", "", home=home) as front:
            held = front.run("import os; print(os.environ.get('JUPYTER_GUARD_ISOLATION', 'none'))").text.strip()
            assert held == ("none" if policy else "bubblewrap")
            runs = [front.run(code) for code in cells]
            return [
                (
                    one["msg_type"],
                    one["content"].get("data") or one["content"].get("text") or one["content"].get("evalue"),
                )
                for run in runs
                for one in run.published
                if one["msg_type"] in ("stream", "display_data", "execute_result", "error")
            ]

    inside = outputs("")
    assert len(inside) > 3
    assert inside == outputs(NO_BOX)
