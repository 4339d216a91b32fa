"""A GPU that is busy, full or kept out says so in a sentence below the library's own error; one that is there is shown."""

from __future__ import annotations

import glob

import pytest

from jupyter_guard.inside.child import hints
from jupyter_guard.isolate.devices import computing, devices
from tests.kernel.front import Front

KEPT = {"errors": {}, "names": [], "paths": {}, "gpus": ["/dev/nvidia0", "/dev/nvidiactl"], "read_refused": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CUDA error: all CUDA-capable devices are busy or unavailable", "the GPU is busy: another process has it"),
        ("CUDA-capable device(s) is/are busy or unavailable", "the GPU is busy: another process has it"),
        ("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has", "the GPU has no memory left"),
        ("HIP out of memory. Tried to allocate 2.00 GiB", "the GPU has no memory left"),
        ("No CUDA GPUs are available", "jupyter guard policy grant /dev/nvidia0 /dev/nvidiactl"),
        ("CUDA error: no CUDA-capable device is detected", "jupyter guard policy grant /dev/nvidia0 /dev/nvidiactl"),
        ("Found no NVIDIA driver on your system.", "jupyter guard policy grant /dev/nvidia0 /dev/nvidiactl"),
    ],
)
def test_what_its_library_says_is_explained(text: str, said: str) -> None:
    (line,) = hints.explained(RuntimeError(text), KEPT)
    assert said in line


def test_where_there_is_none_nothing_is_said() -> None:
    assert hints.explained(RuntimeError("No CUDA GPUs are available"), {**KEPT, "gpus": []}) == []


def test_devices_are_shown_by_name_or_with_everything() -> None:
    assert devices(["/dev/null", "/usr"], reads_all=False) == ("/dev/null",)
    assert devices([], reads_all=True) == tuple(computing())


@pytest.mark.kernel
@pytest.mark.skipif(
    not glob.glob("/dev/nvidia[0-9]*"), reason="no NVIDIA GPU here; elsewhere: pytest tests/isolate/test_gpus.py"
)
def test_a_real_one_is_seen_in_a_box(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with Front(tmp_path, "version = 1\n") as front:
        assert "GPU 0" in front.run("!nvidia-smi -L").text
