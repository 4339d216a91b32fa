"""The demo's own headless front end, for tests: what a notebook puts out under a kernel, made comparable."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

DEMO = Path(__file__).parents[2] / "demo_notebooks"

# What differs between two runs of the same code: addresses, random ids, durations, process ids, the input's file name.
_VARYING = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x..."),
    (re.compile(r"[0-9a-f]{32,}"), "<id>"),
    (re.compile(r"sk-container-id-\d+|sk-estimator-id-\d+"), "<id>"),
    (re.compile(r"(ipykernel_|ipython-input-)[\w-]+"), r"\1..."),
    (re.compile(r"\d+(\.\d+)? (n|u|µ|μ|m)?s ± .*"), "<time>"),
    # %timeit's own remark on a busy machine.
    (re.compile(r"The slowest run took .* times longer than the fastest\..*\n"), ""),
    (re.compile(r"(CPU times|Wall time): .*"), r"\1: <time>"),
)


def demo_module(name: str) -> ModuleType:
    """``demo_notebooks/NAME.py``, which is no package."""
    sys.path.insert(0, str(DEMO))
    try:
        spec = importlib.util.spec_from_file_location(name, DEMO / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules.get(name) or importlib.util.module_from_spec(spec)
        if name not in sys.modules:
            sys.modules[name] = module
            spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(DEMO))


def steady_environment() -> dict[str, str]:
    """This environment, with hashing that does not vary between two runs."""
    return {**os.environ, "PYTHONHASHSEED": "0"}


def comparable(outputs: list[Any]) -> list[Any]:
    """Outputs as plain values without what varies between two runs of the same code."""
    return [_settled(dict(output)) for output in outputs]


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if isinstance(value, str):
        for pattern, steady in _VARYING:
            value = pattern.sub(steady, value)
    return value
