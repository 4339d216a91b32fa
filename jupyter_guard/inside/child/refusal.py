"""A cell that the wrapper refused -> an ordinary failed cell, with the user's own text in the history.

The wrapper replaces the cell's code by a call of ``refuse``. Nothing depends on this module being honest: whatever
the session has done to it, the cell's own code is not there to run.
"""

import base64
import json
import sys
import zlib

NAME = "_jupyter_guard_refusal"
PREFIX = "__import__('sys').modules['%s'].refuse('" % NAME


def refuse(packed):
    """Raise the error that the wrapper packed: its name, value and traceback lines."""
    raise error(_unpacked(packed))


def error(told):
    """The exception for what the wrapper said: ``ename``, ``evalue`` and ``traceback``, a list of lines."""
    lines = [str(line) for line in told["traceback"]]
    kind = type(
        str(told["ename"]),
        (Exception,),
        {"__module__": "jupyter_guard", "_render_traceback_": lambda _self: list(lines)},
    )
    return kind(str(told["evalue"]))


def _unpacked(packed):
    return json.loads(zlib.decompress(base64.b64decode(packed)).decode("utf-8"))


def own_text(source):
    """The user's text behind a replaced cell; any other text is its own."""
    if not source.startswith(PREFIX):
        return source
    try:
        return str(_unpacked(source[len(PREFIX) :].split("'", 1)[0])["code"])
    except Exception:
        return source


def keep_own_text(shell):
    """Let ``In``, ``%history`` and the history database have the user's text of a replaced cell.

    IPython stores a cell's text before it runs and may write it to disk at once, so it is put right on the way in.
    """
    manager = getattr(shell, "history_manager", None)
    if manager is None:
        return
    store = manager.store_inputs

    def store_inputs(line_num, source, source_raw=None):
        raw = source if source_raw is None else source_raw
        text = own_text(raw)
        if text is not raw:
            source = source_raw = text
        return store(line_num, source, source_raw)

    manager.store_inputs = store_inputs


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
