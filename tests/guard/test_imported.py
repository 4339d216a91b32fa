"""Of a module, the code that an import can reach is kept, and each line stays in its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from jupyter_guard.guard.imported import runs_at_import


@pytest.mark.parametrize(
    ("code", "kept", "dropped"),
    [
        ("def f():\n    harm()\n", [], ["harm"]),
        ("def f():\n    harm()\nf()\n", ["harm"], []),
        ("def f():\n    harm()\ndef g():\n    f()\ng()\n", ["harm"], []),
        ("def f():\n    harm()\ndef g():\n    f()\n", [], ["harm", "f()\n    f"]),
        ("def f():\n    harm()\nglobals()['f']()\n", ["harm"], []),
        ("def f():\n    harm()\nx = [f]\n", ["harm"], []),
        ("import atexit\n@atexit.register\ndef f():\n    harm()\n", ["harm"], []),
        ("class A:\n    @property\n    def f(self):\n        harm()\n", [], ["harm"]),
        ("class A:\n    @property\n    def f(self):\n        harm()\nA().f\n", ["harm"], []),
        ("class A:\n    def __init__(self):\n        harm()\n", [], ["harm"]),
        ("class A:\n    def __init__(self):\n        harm()\na = A()\n", ["harm"], []),
        ("class A:\n    def __init_subclass__(cls):\n        harm()\nclass B(A):\n    pass\n", ["harm"], []),
        ("class A:\n    harm()\n", ["harm"], []),
        ("def f(x=harm()):\n    pass\n", ["harm"], []),
        ("if True:\n    def f():\n        harm()\n    f()\n", ["harm"], []),
        ("try:\n    x()\nexcept E:\n    harm()\n", ["harm"], []),
        ("with x as y:\n    harm()\n", ["harm"], []),
        ("if __name__ == '__main__':\n    harm()\n", [], ["harm"]),
        ("if __name__ == '__main__':\n    pass\nelse:\n    harm()\n", ["harm"], []),
        ("def __getattr__(name):\n    harm()\n", ["harm"], []),
        ("def f(): harm()\n", ["harm"], []),
        ("def f():\n    @harm\n    def g(): pass\n    return g\n", [], ["harm"]),
        ("def f(:\n    harm()\n", ["harm"], []),
    ],
)
def test_what_is_kept(code: str, kept: list[str], dropped: list[str]) -> None:
    found = runs_at_import(code)
    assert all(one in found for one in kept), found
    assert not any(one in found for one in dropped), found
    assert found.count("\n") == code.count("\n")


@pytest.mark.parametrize("module", ["argparse", "subprocess", "typing", "dataclasses", "logging/__init__", "enum"])
def test_real_modules_stay_python_and_keep_their_lines(module: str) -> None:
    code = (Path(ast.__file__).parent / f"{module}.py").read_text()
    found = runs_at_import(code)
    ast.parse(found)
    assert found.count("\n") == code.count("\n")
    assert len(found) < len(code)
    lines, before = found.split("\n"), code.split("\n")
    assert all(now in ("", old) or now.strip() == "..." for now, old in zip(lines, before, strict=True))
