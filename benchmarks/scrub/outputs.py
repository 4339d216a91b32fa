"""Examples out of libraries' documentation -> what a real notebook kernel answers when it runs them."""

from __future__ import annotations

import doctest
import inspect
import io
import tempfile
from collections.abc import Iterator
from importlib import import_module
from queue import Empty

LIBRARIES = ("pandas", "numpy", "sklearn.linear_model", "sklearn.preprocessing", "sklearn.datasets", "sqlalchemy")
SECONDS = 10
FIRST = "import matplotlib\nmatplotlib.use('agg')\n%matplotlib inline\nimport numpy as np, pandas as pd"
# What a picture of each table looks like is part of what notebooks hold.
PLOTS = (
    "import matplotlib.pyplot as plt",
    "import numpy as np\nfig, ax = plt.subplots()\nax.plot(np.random.default_rng({seed}).normal(size=200).cumsum())\nfig",
)


def outputs(size: int) -> str:
    """About ``size`` characters of answers of a plain ipykernel: texts, HTML, pictures and tracebacks, as they come."""
    from jupyter_client.manager import start_new_kernel

    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        manager, client = start_new_kernel(kernel_name="python3", cwd=folder)
        try:
            for code in _cells():
                if not _run(client, code, out):
                    manager.interrupt_kernel()
                if out.tell() >= size:
                    break
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return out.getvalue()


def _cells() -> Iterator[str]:
    yield FIRST
    yield PLOTS[0]
    for number, (name, examples) in enumerate(_examples()):
        if number % 10 == 0:
            yield PLOTS[1].format(seed=number)
        # In one cell each statement but the last would give nothing back: as people do it, one after the other.
        yield f"print({name!r})"
        for example in examples:
            yield example.source


def _examples() -> Iterator[tuple[str, list[doctest.Example]]]:
    parser = doctest.DocTestParser()
    seen: set[str] = set()
    for library in LIBRARIES:
        module = import_module(library)
        for name, thing in sorted(vars(module).items()):
            if name.startswith("_") or not callable(thing):
                continue
            for full, part in ((f"{library}.{name}", thing), *_methods(f"{library}.{name}", thing)):
                text = inspect.getdoc(part) or ""
                if text in seen:
                    continue
                seen.add(text)
                try:
                    examples = parser.get_examples(text)
                except ValueError:
                    continue
                # What needs a network only waits, and says so in a hundred lines.
                if examples and "http" not in text:
                    yield full, examples


def _methods(full: str, thing: object) -> Iterator[tuple[str, object]]:
    if inspect.isclass(thing):
        for name, method in sorted(vars(thing).items()):
            if not name.startswith("_"):
                yield f"{full}.{name}", method


def _run(client: object, code: str, out: io.StringIO) -> bool:
    """Run a cell; whether it came to its end in time."""

    def hear(message: dict[str, object]) -> None:
        content = message["content"]
        assert isinstance(content, dict)
        if message["msg_type"] == "stream":
            out.write(content["text"])
        elif message["msg_type"] in ("display_data", "execute_result"):
            out.write("\n".join(str(content["data"][one]) for one in sorted(content["data"])) + "\n")
        elif message["msg_type"] == "error":
            out.write("\n".join(content["traceback"]) + "\n")

    try:
        client.execute_interactive(  # type: ignore[attr-defined]
            code, timeout=SECONDS, allow_stdin=False, output_hook=hear, stop_on_error=False
        )
    except (TimeoutError, Empty):
        # An example that waits for something, such as a network.
        return False
    return True
