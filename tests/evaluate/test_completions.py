"""Code is taken out of what models answer, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.evaluate.completions import NO_CODE, OTHER_LANGUAGE, Block, code_in

TICKS = "`" * 3


def fenced(language: str, code: str) -> str:
    return f"{TICKS}{language}\n{code}\n{TICKS}\n"


def test_each_fenced_block_is_a_cell_of_its_language() -> None:
    answer = (
        "First:\n" + fenced("python", "import x\n\nx.y()") + "then\n" + fenced("bash", "ls") + fenced("SQL", "SELECT 1")
    )
    assert code_in(answer).blocks == (Block("import x\n\nx.y()"), Block("ls", "bash"), Block("SELECT 1", "sql"))
    assert code_in(answer).left_out == ()


@pytest.mark.parametrize(
    "word", ["python", "Python", "py", "{python}", "{.python .numberLines}", "python title=a.py", "ipython3"]
)
def test_many_words_mean_python(word: str) -> None:
    assert code_in(fenced(word, "x = 1")).blocks == (Block("x = 1"),)


def test_other_languages_and_output_are_left_out_and_named() -> None:
    answer = fenced("python", "print(3)") + fenced("", "3") + fenced("json", "{}") + fenced("javascript", "let a = 1")
    code = code_in(answer)
    assert code.blocks == (Block("print(3)"),)
    assert [kind for kind, _ in code.left_out] == [OTHER_LANGUAGE] * 3
    assert [message.split()[1] for _, message in code.left_out] == ["2", "3", "4"]


def test_a_block_without_a_language_is_python_where_no_other_is() -> None:
    assert code_in("So:\n" + fenced("", "x = (")).blocks == (Block("x = ("),)


def test_fences_in_lists_longer_fences_and_cut_off_ones() -> None:
    assert code_in(f"1. do\n   {TICKS}python\n   if x:\n       y()\n   {TICKS}\n").blocks == (Block("if x:\n    y()"),)
    inner = f'doc = """\n{TICKS}\nx\n{TICKS}\n"""'
    assert code_in(f"{TICKS}`python\n{inner}\n{TICKS}`").blocks == (Block(inner),)
    assert code_in(f"~~~python\n{inner}\n~~~").blocks == (Block(inner),)
    assert code_in(f"Sure.\n{TICKS}python\nx = 1\ny = ").blocks == (Block("x = 1\ny = "),)


def test_without_a_fence_the_whole_is_code_or_prose() -> None:
    assert code_in("x = 1\n%timeit x\n").blocks == (Block("x = 1\n%timeit x\n"),)
    # It does not parse, and is code all the same.
    assert code_in("import os\nos.remove(").blocks == (Block("import os\nos.remove("),)
    for prose in ("I am sorry, I cannot help with that.", "", " \n", "Note: use a list."):
        code = code_in(prose)
        assert (code.blocks, [kind for kind, _ in code.left_out]) == ((), [NO_CODE])


def test_a_completion_goes_on_after_its_prompt() -> None:
    prompt = 'def area(r):\n    """The area."""\n'
    assert code_in("    return 3.14 * r * r\n", prompt).blocks == (Block(prompt + "    return 3.14 * r * r\n"),)
    # An answer that begins anew stands for itself.
    assert code_in("def area(r):\n    return r\n", prompt).blocks == (Block("def area(r):\n    return r\n"),)


@given(st.text(alphabet="`~ \n\tpython{}a=1#", max_size=60))
def test_any_answer_is_taken_apart(answer: str) -> None:
    code = code_in(answer)
    assert code.blocks or code.left_out


@pytest.mark.parametrize("answer", ["yes", "no", "No", " Sorry\n", "None"])
def test_one_word_is_no_code(answer: str) -> None:
    found = code_in(answer)
    assert (found.blocks, [kind for kind, _ in found.left_out]) == ((), [NO_CODE])


def test_a_fence_closed_where_thinking_ends_swallows_nothing() -> None:
    answer = "<think>\n```python\nx = 1\n```</think>\nSo:\n```python\ny = 2\n```\n"
    assert [one.code for one in code_in(answer).blocks] == ["x = 1", "y = 2"]
