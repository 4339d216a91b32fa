"""The in-process host in a plain IPython shell: what it stops, what it leaves alone, and that it leaves no trace."""

from __future__ import annotations

from pathlib import Path

from sessions import DENIED, TOKEN, TOKEN_PARTS, shell_facts

LOAD = "shell.run_line_magic('load_ext', 'jupyter_guard')\n"


def test_a_blocked_cell_does_not_run_and_says_why(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
result = shell.run_cell({("x = 41; " + DENIED)!r}, store_history=True)
facts.update(ran="x" in shell.user_ns, error=type(result.error_before_exec).__name__, count=shell.execution_count)
facts.update(history=[one[2] for one in shell.history_manager.get_range(raw=True)])
after = shell.run_cell("6 * 7", store_history=True)
facts.update(after=after.result, gates=len(shell.ast_transformers))
""",
    )
    assert facts["ran"] is False
    assert facts["error"] == "CellBlocked"
    assert facts["count"] == 2
    assert any("disk_usage" in str(one) for one in facts["history"])  # type: ignore[union-attr]
    assert facts["after"] == 42
    assert facts["gates"] == 1
    output = str(facts["output"])
    assert "stopped this cell before it ran" in output
    assert "JG" in output
    assert "Decided by:" in output
    assert "Who can allow it:" in output
    assert "Traceback" not in output + str(facts["errors"])


def test_unloading_restores_ipython_exactly(folder: Path) -> None:
    facts = shell_facts(
        folder,
        f"""
import builtins, getpass, logging
def seen():
    manager = shell.input_transformer_manager
    return dict(
        own=sorted(vars(shell)),
        values=[id(vars(shell).get(n)) for n in ("run_cell_async", "run_ast_nodes", "user_expressions")],
        ast=[id(one) for one in shell.ast_transformers],
        text=[id(one) for one in (*manager.cleanup_transforms, *manager.line_transforms, *manager.token_transformers)],
        post=[id(one) for one in shell.input_transformers_post],
        events={{name: [id(one) for one in found] for name, found in shell.events.callbacks.items()}},
        magics=[sorted(shell.magics_manager.magics[kind]) for kind in ("line", "cell")],
        registry=sorted(map(str, shell.magics_manager.registry)),
        streams=[id(sys.stdout), id(sys.stderr), id(sys.displayhook), id(sys.excepthook)],
        display=[id(shell.display_pub), id(shell.displayhook), id(shell.compile)],
        configurables=[id(one) for one in shell.configurables],
        modules=[id(builtins.input), id(getpass.getpass)],
    )
# IPython loads the class behind %load_ext at its first use, and makes some attributes at the first error.
shell.run_cell("%unload_ext not_loaded", store_history=True)
shell.run_cell("1 / 0", store_history=True)
before = seen()
shell.run_line_magic("load_ext", "jupyter_guard")
during = seen()
shell.run_cell("2", store_history=True)
shell.run_cell({DENIED!r}, store_history=True)
shell.run_line_magic("unload_ext", "jupyter_guard")
after = seen()
facts.update(differs=[key for key in before if before[key] != after[key]])
facts.update(changed=[key for key in before if before[key] != during[key]])
result = shell.run_cell({DENIED!r})
facts.update(runs=result.success)
shell.run_line_magic("load_ext", "jupyter_guard")
facts.update(again=shell.run_cell({DENIED!r}).success)
""",
    )
    assert facts["differs"] == []
    assert {"own", "ast", "magics", "streams"} <= set(facts["changed"])  # type: ignore[call-overload]
    assert facts["runs"] is True
    assert facts["again"] is False


def test_code_that_changes_after_it_was_read_is_judged_as_it_will_run(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
denied = {DENIED!r}
shell.input_transformers_post.append(lambda lines: [denied + "\\n" if "innocent" in one else one for one in lines])
facts.update(text=shell.run_cell("innocent = 1").success, plain=shell.run_cell("fine = 1").success)
shell.input_transformers_post.clear()

import ast
class Swap:
    def visit(self, tree):
        return ast.parse(denied) if "harmless" in ast.unparse(tree) else tree
shell.ast_transformers.append(Swap())
facts.update(tree=shell.run_cell("harmless = 1").success, still=shell.run_cell("fine = 2").success)
shell.ast_transformers.clear()
facts.update(cleared=shell.run_cell(denied).success)
""",
    )
    assert facts["text"] is False
    assert facts["plain"] is True
    assert facts["tree"] is False
    assert facts["still"] is True
    assert facts["cleared"] is False


def test_a_gate_that_is_taken_away_while_a_cell_starts_is_not_missed(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
shell.events.register("pre_run_cell", lambda info: shell.ast_transformers.clear())
result = shell.run_cell({("y = 1; " + DENIED)!r})
facts.update(success=result.success, error=type(result.error_before_exec).__name__, ran="y" in shell.user_ns)
""",
    )
    assert facts == {**facts, "success": False, "error": "CellBlocked", "ran": False}


def test_every_way_into_a_cell_is_judged(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
denied = {DENIED!r}
ways = {{
    "plain": lambda code: shell.run_cell(code),
    "silent": lambda code: shell.run_cell(code, silent=True),
    "nested": lambda code: shell.run_cell("get_ipython().run_cell(" + repr(code) + ")"),
    "hidden": lambda code: (shell.user_ns.update(held=code), shell.run_cell("get_ipython().run_cell(held)")),
    "later": lambda code: shell.run_cell("await __import__('asyncio').sleep(0)\\n" + code),
    "line magic": lambda code: shell.run_cell("%time " + code),
    "cell magic": lambda code: shell.run_cell("%%time\\n" + code),
}}
for name, way in ways.items():
    shell.user_ns.pop("marker", None)
    way("marker = 1; " + denied)
    facts[name] = "marker" in shell.user_ns
facts["waits"] = shell.run_cell("import asyncio\\nawait asyncio.sleep(0)\\nok = 1").success
answers = shell.user_expressions({{"good": "1 + 1", "bad": "__import__('shutil').disk_usage('/')"}})
facts["good"], facts["bad"] = answers["good"]["status"], answers["bad"]["ename"]
""",
    )
    ways = ("plain", "silent", "nested", "hidden", "later", "line magic", "cell magic")
    assert [name for name in ways if facts[name]] == []
    assert facts["waits"] is True
    assert facts["good"] == "ok"
    assert facts["bad"] == "CellBlocked"


def test_what_a_blocked_cell_would_have_defined_is_forgotten(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
shell.run_cell({("usage = len; " + DENIED + "; import shutil; usage = shutil.disk_usage")!r})
facts["success"] = shell.run_cell("usage = len\\nusage('abc')").success
""",
    )
    assert facts["success"] is True


def test_a_guard_that_fails_blocks(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + """
from jupyter_guard.read import SessionReader
def fails(self, cell):
    raise RuntimeError("the reader broke")
SessionReader.read = fails
facts["success"] = shell.run_cell("z = 1").success
""",
    )
    assert facts["success"] is False
    assert "JG000" in str(facts["output"])
    assert "the reader broke" in str(facts["output"])


def test_bad_input_is_answered_not_crashed_on(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + """
for name, text in {
    "nul": "a = 1\\0",
    "surrogate": "b = '\\ud800'",
    "unfinished": "def f(:",
    "brackets": "(" * 10000 + ")" * 10000,
    "large": "c = '" + "x" * 5_000_000 + "'",
    "empty": "",
    "blank": "  \\n ",
}.items():
    result = shell.run_cell(text)
    facts[name] = "ok" if result.success else type(result.error_before_exec or result.error_in_exec).__name__
facts["after"] = shell.run_cell("1 + 1").result
""",
    )
    assert facts["nul"] in ("SyntaxError", "ValueError")
    assert facts["unfinished"] == "SyntaxError"
    assert facts["surrogate"] in ("ok", "UnicodeEncodeError", "CellBlocked")
    assert facts["brackets"] in ("SyntaxError", "MemoryError", "RecursionError")
    assert facts["empty"] == facts["blank"] == "ok"
    assert facts["after"] == 2


def test_outputs_are_clean_wherever_they_come_from(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
shell.run_cell("t = {TOKEN_PARTS}")
for text in ("print('printed', t)", "t", "import sys; _ = sys.stderr.write('to stderr ' + t + chr(10))",
             "_ = [sys.stdout.write(c) for c in t]", "raise ValueError(t)", "_ = sys.stdout.buffer.write(t.encode())",
             "from IPython.display import display; display({{'key': t}})"):
    shell.run_cell(text)
shell.run_cell("from jupyter_guard import mask; secret = mask('correct-' + 'horse-battery'); print('masked', secret)")
shell.run_cell("import base64; print(base64.b64encode(secret.encode()).decode())")
facts["kept"] = shell.user_ns["t"] == {TOKEN_PARTS}
""",
    )
    output = str(facts["output"]) + str(facts["errors"])
    assert TOKEN not in output
    assert TOKEN[:20] not in output
    assert "correct-horse" not in output
    assert "Y29ycmVjdC1ob3JzZS" not in output
    assert "printed" in output
    assert "to stderr" in output
    assert facts["kept"] is True


def test_a_question_without_anybody_to_answer_is_a_no(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + """
from jupyter_guard.terms import Verdict
import msgspec
from jupyter_guard.guard.session import Session
vet = Session.vet
def asking(self, code, *args, **kwargs):
    return msgspec.structs.replace(vet(self, code, *args, **kwargs), verdict=Verdict.CONFIRM)
Session.vet = asking
result = shell.run_cell("asked = 1")
facts.update(success=result.success, error=type(result.error_before_exec).__name__, ran="asked" in shell.user_ns)
""",
    )
    assert facts == {**facts, "success": False, "error": "CellDeclined", "ran": False}
    assert "nobody could be asked" in str(facts["output"])


def test_a_policy_with_mistakes_is_not_guarded_silently(folder: Path) -> None:
    (folder / "jupyter_guard.toml").write_text("version = 1\nmodee = 'enforce'\n[origin.assistant]\nhigh = 'maybe'\n")
    load = "shell.run_cell('%load_ext jupyter_guard')\n"
    facts = shell_facts(folder, load + "facts['own'] = 'run_cell_async' in vars(shell)\n")
    said = str(facts["output"]) + str(facts["errors"])
    assert facts["own"] is False
    assert "not guarded" in said
    assert "modee" in said
    assert "maybe" in said
    assert "Traceback" not in said


def test_inside_a_guarded_kernel_there_is_nothing_to_load(folder: Path) -> None:
    facts = shell_facts(
        folder,
        # What the guarded kernel's launcher has loaded.
        "import sys, types\nsys.modules['_jupyter_guard_refusal'] = types.ModuleType('_jupyter_guard_refusal')\n"
        + LOAD
        + """
facts["own"] = "run_cell_async" in vars(shell)
shell.run_line_magic("unload_ext", "jupyter_guard")
""",
    )
    assert facts["own"] is False
    assert "guarded from outside already" in str(facts["output"])


def test_the_magic_explains(folder: Path) -> None:
    facts = shell_facts(
        folder,
        LOAD
        + f"""
shell.run_cell({DENIED!r})
print("=== status"); shell.run_cell("%guard status")
print("=== explain"); shell.run_cell("%guard explain")
print("=== rule"); shell.run_cell("%guard explain JG301")
print("=== policy"); shell.run_cell("%guard policy")
print("=== panel"); shell.run_cell("%guard panel")
print("=== wrong"); shell.run_cell("%guard explain JG3O1"); shell.run_cell("%guard nonsense")
shell.run_cell("key = 'purple-' + 'monkey-dishes'\\n%guard mask key\\nprint(key)")
""",
    )
    output = str(facts["output"])
    parts = dict(part.split("\n", 1) for part in output.split("=== ")[1:])
    assert "1 blocked" in parts["status"]
    assert "cannot promise" in parts["status"]
    assert "disk_usage" in parts["explain"]
    assert "JG301" in parts["rule"]
    assert "Why:" in parts["rule"]
    assert "assistant" in parts["policy"]
    assert "stopped" in parts["panel"]
    assert "disk_usage" in parts["panel"]
    said = parts["wrong"] + str(facts["errors"])
    assert "Near:" in said
    assert "usage: %guard" in said
    assert "purple-monkey" not in output
