"""Jupyter's own kernel tests: what plain ipykernel passes, the guarded kernel passes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jupyter_kernel_test
import pytest

GUARDED = "guarded-python-under-test"


@pytest.fixture(scope="module", autouse=True)
def kernelspecs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Both kernels under names of their own, so that it does not matter what is installed."""
    folder = tmp_path_factory.mktemp("jupyter")
    for name, words in ((GUARDED, ["-P", "-m", "jupyter_guard.kernel"]), ("plain", ["-m", "ipykernel_launcher"])):
        place = folder / "kernels" / name
        place.mkdir(parents=True)
        argv = [sys.executable, *words, "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": "python", "interrupt_mode": "signal"}
        Path(place, "kernel.json").write_text(json.dumps(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder) + os.pathsep + os.environ.get("JUPYTER_PATH", ""))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield


class Samples(jupyter_kernel_test.KernelTests):
    __test__ = False
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = ({"text": "zi", "matches": {"zip"}},)
    complete_code_samples = ("1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n")
    incomplete_code_samples = ("print('''hello", "def f(x):\n  x*2")
    invalid_code_samples = ("import = 7q",)
    code_page_something = "zip?"
    code_generate_error = "raise ValueError"
    code_execute_result = (
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    )
    code_display_data = (
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
    )
    code_history_pattern = "1?2*"
    # Plain ipykernel itself fails `range` with IPython 9.18.
    supported_history_operations = ("tail", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


@pytest.mark.kernel
class TestPlain(Samples):
    __test__ = True
    kernel_name = "plain"


@pytest.mark.kernel
class TestGuarded(Samples):
    __test__ = True
    kernel_name = GUARDED
