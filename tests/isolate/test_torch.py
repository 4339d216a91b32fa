"""torch on a processor, in a box: tensors, gradients, threads, processes that load data, files.

It is too large for every run: `pip install --target FOLDER torch`, and `JUPYTER_GUARD_TORCH=FOLDER pytest
tests/isolate/test_torch.py`, or have it in the environment.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, landlock
from tests.kernel.front import Front

FOLDER = os.environ.get("JUPYTER_GUARD_TORCH", "")
SECONDS_TO_IMPORT = 300.0
WORK = """
import torch, torch.utils.data
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
x = torch.randn(256, 8)
y = x.sum(1, keepdim=True)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), 32, num_workers=2)
step = torch.optim.Adam(model.parameters(), 0.01)
losses = []
for _ in range(10):
    for a, b in data:
        step.zero_grad()
        loss = torch.nn.functional.mse_loss(model(a), b)
        loss.backward()
        step.step()
    losses.append(loss.item())
torch.save(model.state_dict(), 'model.pt')
again = torch.load('model.pt', weights_only=True)
print(losses[-1] < losses[0] / 5, set(again) == set(model.state_dict()), torch.cuda.is_available())
"""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        not FOLDER and importlib.util.find_spec("torch") is None,
        reason="torch is not installed; elsewhere: pip install --target FOLDER torch, and JUPYTER_GUARD_TORCH=FOLDER",
    ),
]


@pytest.mark.parametrize(
    ("backend", "trouble"),
    [("bubblewrap", bubblewrap.trouble()), ("landlock", "" if landlock.version() else "there is no Landlock here")],
)
def test_a_model_is_trained_and_kept(backend: str, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if trouble:
        pytest.skip(trouble)
    if FOLDER:
        # Importable before the first cell runs, as what an environment has.
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([FOLDER, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    policy = f'version = 1\nmode = "observe"\n[isolation]\nbackend = "{backend}"\n'
    with tempfile.TemporaryDirectory(prefix=".torch-", dir=Path.home()) as made:
        home = Path(made) / "home"
        (home / ".jupyter").mkdir(parents=True)
        (home / ".jupyter" / "jupyter_guard.toml").write_text(policy)
        (home / "work").mkdir()
        with Front(home / "work", "", home=home) as front:
            run = front.send(WORK)
            front.take_published(SECONDS_TO_IMPORT)
            run = front.finish(run, seconds=SECONDS_TO_IMPORT)
            assert run.text.split()[-3:-1] == ["True", "True"], run.of("error") or run.published
        assert (home / "work" / "model.pt").stat().st_uid == os.getuid()
