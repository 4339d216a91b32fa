"""Notebooks with secrets in every place that a notebook has: none is left, and every other byte stays."""

from __future__ import annotations

import base64
import json
from typing import Any

import nbformat
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.cli.outputs import scrub_notebook, secrets_in_text
from jupyter_guard.scrub import KnownValues

SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
IN_CODE = "AKIA" + "Z7MVTQXRLK5WDY2N"
MARK = "[REDACTED:aws-access-key-id]"
PICTURE = base64.b64encode(bytes(range(256)) * 4).decode()

WORDS = st.sampled_from(
    ["", "a ", "é\n", "ü/ ", "\x1b[31mred\x1b[0m\n", "1 < 2\n", "\U0001f600 ", '"quoted"\r\n', "\\n\n", "\t|\n", "g"]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    before, after = (draw(st.lists(WORDS, max_size=3)) for _ in range(2))
    return "".join([*before, " ", draw(st.sampled_from(["", f"{SECRET} ", f"{SECRET}\n{SECRET}\n"])), *after])


@st.composite
def in_lines(draw: st.DrawFn) -> Any:
    """A text as files keep it: whole, or in lines, now and then cut elsewhere."""
    text = draw(texts())
    way = draw(st.sampled_from(["whole", "lines", "cut"]))
    if way == "whole":
        return text
    if way == "lines":
        return [line + "\n" for line in text.split("\n")[:-1]] + [text.rsplit("\n", 1)[-1]]
    at = draw(st.integers(0, len(text)))
    return [text[:at], text[at:]]


@st.composite
def values(draw: st.DrawFn) -> Any:
    text = draw(texts())
    return draw(st.sampled_from([text, [1, text, None], {"a": {"b": [text]}, "n": 1.5}, {f"key {text}": True}]))


@st.composite
def outputs(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["stream", "error", "display_data", "execute_result"]))
    if kind == "stream":
        return {"name": draw(st.sampled_from(["stdout", "stderr"])), "output_type": kind, "text": draw(in_lines())}
    if kind == "error":
        lines = draw(st.lists(texts(), max_size=3))
        return {"ename": "E", "evalue": draw(texts()), "output_type": kind, "traceback": lines}
    data = {
        mime: draw(in_lines())
        for mime in draw(
            st.sets(
                st.sampled_from(["text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml", "text/x"])
            )
        )
    }
    data |= {"application/json": draw(values()), "application/vnd.plotly.v1+json": {"data": [draw(values())]}}
    data |= {"image/png": PICTURE}
    made: dict[str, Any] = {"data": data, "metadata": {"shown": draw(values())}, "output_type": kind}
    return {**made, "execution_count": 1} if kind == "execute_result" else made


@st.composite
def cells(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["code", "markdown", "raw"]))
    source = draw(st.sampled_from(["x = 1\n", f"key = '{IN_CODE}'\nx", f"# {IN_CODE}", "é"]))
    made: dict[str, Any] = {"cell_type": kind, "id": f"c{number}", "metadata": {"note": draw(values())}}
    if kind == "code":
        made |= {"execution_count": 1, "outputs": draw(st.lists(outputs(), max_size=4))}
    elif draw(st.booleans()):
        made["attachments"] = {"a b.txt": {"text/plain": draw(in_lines())}, "b.png": {"image/png": PICTURE}}
    return {**made, "source": draw(st.sampled_from([source, source.splitlines(keepends=True)]))}


@st.composite
def notebooks(draw: st.DrawFn) -> bytes:
    made = {
        "cells": [draw(cells(number)) for number in range(draw(st.integers(0, 3)))],
        "metadata": {"title": draw(texts()), "papermill": {"parameters": draw(values())}, "widgets": draw(values())},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    made = {key: made[key] for key in draw(st.permutations(list(made)))}
    separators = draw(st.sampled_from([None, (",", ":"), (" ,", " :  ")]))
    text = json.dumps(
        made,
        indent=draw(st.sampled_from([None, 1, 4, "\t"])),
        ensure_ascii=draw(st.booleans()),
        separators=separators,
    )
    if draw(st.booleans()):
        text = text.replace("/ ", "\\/ ").replace("\\u00e9", "\\u00E9").replace("ü", "\\u00fc")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n", "\r\n\n"]))).encode()


@settings(max_examples=80, deadline=None)
@given(data=notebooks())
def test_none_is_left_and_every_other_byte_stays(data: bytes) -> None:
    after, taken = scrub_notebook(data, KnownValues())
    # A text that was cut within the secret, in lists of lines, is whole again; nothing else moves.
    assert SECRET not in _joined(json.loads(after.decode("utf-8-sig")))
    if data.count(SECRET.encode()) == _joined(json.loads(data.decode("utf-8-sig"))).count(SECRET):
        assert after == data.replace(SECRET.encode(), MARK.encode())
    assert bool(taken) == (SECRET in _joined(json.loads(data.decode("utf-8-sig"))))
    assert scrub_notebook(after, KnownValues()) == (after, [])
    nbformat.validate(json.loads(after.decode("utf-8-sig")))
    named = {one.cell for one in secrets_in_text(after, KnownValues())}
    read = json.loads(data.decode("utf-8-sig"))["cells"]
    assert named == {number for number, cell in enumerate(read, 1) if IN_CODE in "".join(cell["source"])}


@settings(max_examples=30, deadline=None)
@given(data=notebooks())
def test_with_sources_none_is_left_in_cells_either(data: bytes) -> None:
    plain, _ = scrub_notebook(data, KnownValues())
    after, _ = scrub_notebook(data, KnownValues(), sources=True)
    assert SECRET not in _joined(json.loads(after.decode("utf-8-sig")))
    assert IN_CODE not in after.decode()
    assert secrets_in_text(after, KnownValues()) == []
    assert scrub_notebook(after, KnownValues(), sources=True) == (after, [])
    nbformat.validate(json.loads(after.decode("utf-8-sig")))
    assert _without_sources(after) == _without_sources(plain)
    if IN_CODE.encode() not in plain:
        assert after == plain


def _without_sources(data: bytes) -> Any:
    made = json.loads(data.decode("utf-8-sig"))
    for cell in made["cells"]:
        cell["source"] = type(cell["source"])()
    return made


def _joined(value: Any) -> str:
    """All texts and keys, those of lists of texts as one."""
    if isinstance(value, list):
        return "".join(value) if all(isinstance(one, str) for one in value) else "\0".join(map(_joined, value))
    if isinstance(value, dict):
        return "\0".join(f"{key}\0{_joined(item)}" for key, item in value.items())
    return value if isinstance(value, str) else ""
