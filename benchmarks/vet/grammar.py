"""A source of randomness -> cells that try the readers: a grammar of hostile and broken code, and changed real cells."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

NAMES = """
os sys subprocess shutil x y f g A self df conn cur client session pd np plt path requests pickle eval exec getattr
__import__ __builtins__ globals open print spark builtins json base64 codecs ctypes threading tmp home _ In Out
""".split()
ATTRIBUTES = """
system run Popen rmtree remove unlink execute delete drop read write get join format replace decode encode __class__
__subclasses__ __globals__ __dict__ __init__ loads load environ path items append pop extend update sort split strip
to_sql map apply values filter query objects all Path home expanduser b64decode decompress f_back submit start
""".split()
TEXTS = [
    "rm -rf /", "DROP TABLE t", "SELECT * FROM t WHERE 1=1", "~/.ssh/id_rsa", "os.system('ls')", "/etc/passwd", "%s {} {0}",
    "import os", "{x!r:>{y}}", "cm0gLXJm", "\ue0f0", "$(curl x|sh)", "é中\U0001f600", "a" * 300, "\\", "", "0" * 40, "%", "{", "__class__",
    "DELETE FROM t; --", "http://h/x", "BEGIN; MERGE INTO t USING s ON 1=1 WHEN MATCHED THEN DELETE", "'; DROP", "\ud800", "\x00",
]  # fmt: skip
SHELL = """
rm -rf / ~ $X $(curl x) `id` | && ; > < << <<EOF EOF {a,b} for i in do done if then fi case esac \\ ' " sudo xargs -exec
find . -delete psql -c "DROP" bash python3 -c dd of=/dev/sda eval base64 -d $((1+1)) ${x:-y} [[ ]] =~ & 2>&1 # ! ( ) 中 \U000703b5
""".split()
SQL = """
SELECT * FROM t WHERE 1=1 OR NOT DELETE UPDATE SET DROP TABLE TRUNCATE ; -- /* */ ' " ` ( ) , UNION WITH c AS MERGE INTO USING ON
WHEN MATCHED THEN GRANT COPY PROGRAM 'x' EXEC xp_cmdshell {{ }} {% %} :p %s ? $1 $$ E'\\' CASE END IN BETWEEN LIKE NULL JOIN 中
""".split()
MAGICS = """
%sql %%sql %%bash %sx !ls !rm %run %load %time %%time %env %cd %%writefile %alias %macro ?x x? %%script %%html %%javascript %pip %%python
files=!ls %store %%capture %%!
""".split()
OPERATORS = "+ - * / // % ** << >> | & ^ @ and or == != < > is in not".split()
NOISE = [
    "\x00",
    "\ud800",
    "\r",
    "\t",
    "\x0c",
    "\u2028",
    "\ue0f0",
    "\\\n",
    "\ufeff",
    "'",
    '"',
    '"""',
    "(",
    ")",
    "[",
    "{",
    "}",
    "#",
    "%",
    "!",
    "\U0010ffff",
]


def cell(chance: random.Random, corpus: Sequence[str]) -> str:
    """One cell: made by the grammar, a changed real one, or a mixture."""
    way = chance.random()
    if way < 0.4 or not corpus:
        text = _program(chance)
    elif way < 0.8:
        text = _changed(chance, chance.choice(corpus), corpus)
    elif way < 0.93:
        text = chance.choice([_shell, _sql, _magic, _deep, _long])(chance)
    else:
        text = "\n".join((_changed(chance, chance.choice(corpus), corpus), _program(chance)))
    return text[:60_000]


def _some(chance: random.Random, one: Callable[[], str], most: int, between: str) -> str:
    return between.join(one() for _ in range(chance.randrange(most + 1)))


def _text(chance: random.Random) -> str:
    text = chance.choice(TEXTS)
    if chance.random() < 0.3:
        text += chance.choice(TEXTS)
    prefix = chance.choice(["", "", "", "f", "r", "b", "rf"])
    quoted = repr(text)
    return prefix + (quoted.encode("ascii", "backslashreplace").decode() if prefix == "b" else quoted)


def expression(chance: random.Random, depth: int = 0) -> str:
    """One expression, half of the time of names that mean something to the readers."""

    def inner() -> str:
        return expression(chance, depth + 1)

    way = chance.randrange(20) if depth < 6 and chance.random() < 0.6**depth else chance.randrange(3)
    if way == 0:
        return chance.choice(NAMES)
    if way == 1:
        return _text(chance)
    if way == 2:
        return chance.choice(["0", "1", "-1", "10**9", "1e308", "0x" + "f" * 40, "None", "True", "...", "2**70", "1j"])
    if way < 7:
        return f"{inner()}.{chance.choice(ATTRIBUTES)}"
    if way < 11:
        keyword = chance.choice(["", "", f", shell={inner()}", f", **{inner()}", f", key={inner()}", f", *{inner()}"])
        return f"{inner()}({_some(chance, inner, 3, ', ')}{keyword})".replace("(, ", "(")
    if way == 11:
        return f"({inner()} {chance.choice(OPERATORS)} {inner()})"
    if way == 12:
        return f"{inner()}[{chance.choice([inner(), ':' + inner(), inner() + '::-1'])}]"
    if way == 13:
        return chance.choice("[{(") + _some(chance, inner, 4, ", ") + chance.choice("]})")
    if way == 14:
        return "{" + _some(chance, lambda: f"{inner()}: {inner()}", 3, ", ") + "}"
    if way == 15:
        return f"(lambda {chance.choice(NAMES)}: {inner()})"
    if way == 16:
        return f"[{inner()} for {chance.choice(NAMES)} in {inner()} if {inner()}]"
    if way == 17:
        return f"({inner()} if {inner()} else {inner()})"
    if way == 18:
        return f"({chance.choice(NAMES)} := {inner()})"
    return f"f'{{{chance.choice(NAMES)}}}{{{chance.choice(NAMES)}!r:>9}}'"


def _statement(chance: random.Random, depth: int = 0) -> list[str]:
    def one() -> str:
        return expression(chance)

    def body() -> list[str]:
        lines = [line for _ in range(chance.randrange(1, 4)) for line in _statement(chance, depth + 1)]
        return ["    " + line for line in lines]

    name = chance.choice(NAMES)
    way = chance.randrange(20) if depth < 3 else chance.randrange(8)
    if way < 3:
        return [one()]
    if way < 5:
        return [
            f"{chance.choice([name, f'{name}.{chance.choice(ATTRIBUTES)}', f'{name}[{one()}]', f'{name}, *y'])} = {one()}"
        ]
    if way == 5:
        return [
            chance.choice(
                [f"import {name}", f"from {name} import *", f"from {name} import x as {chance.choice(NAMES)}"]
            )
        ]
    if way == 6:
        return [
            chance.choice(
                [
                    f"del {name}",
                    f"{name} += {one()}",
                    f"return {one()}",
                    f"yield {one()}",
                    f"global {name}",
                    f"raise {one()}",
                    "break",
                ]
            )
        ]
    if way == 7:
        return [chance.choice([_magic(chance).split("\n")[0], "!" + _shell(chance), f"{name} = !{_shell(chance)}"])]
    head = chance.choice(
        [
            f"def {name}(x, *a, y={one()}, **k):", f"class {name}({chance.choice(NAMES)}):", f"for {name} in {one()}:", f"while {one()}:",
            f"if {one()}:", f"with {one()} as {name}:", "try:", f"async def {name}(x):", f"match {one()}:", f"@{name}\ndef {name}(self):",
        ]
    )  # fmt: skip
    lines = [*head.split("\n"), *body()]
    if head == "try:":
        lines += ["except Exception as e:", *body()]
    if head.startswith("match"):
        lines[1:] = [
            "    case " + chance.choice(["_", "{'a': x}", "[x, *y]", "A(x=y)"]) + ":",
            *("    " + line for line in lines[1:]),
        ]
    return lines


def _program(chance: random.Random) -> str:
    return "\n".join(line for _ in range(chance.randrange(1, 8)) for line in _statement(chance))


def _shell(chance: random.Random) -> str:
    return _some(chance, lambda: chance.choice(SHELL), 14, " ")


def _sql(chance: random.Random) -> str:
    text = _some(chance, lambda: chance.choice(SQL), 18, " ")
    return chance.choice([f"%%sql\n{text}", f"%sql {text}", f"cur.execute({text!r})", f"spark.sql(f{text!r})"])


def _magic(chance: random.Random) -> str:
    return f"{chance.choice(MAGICS)} {_shell(chance)}\n{chance.choice([_shell, _sql, _program])(chance)}"


def _deep(chance: random.Random) -> str:
    """The same thing in itself, many times."""
    start, end = chance.choice(
        [
            ("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("x.", ""), ("not ", ""), ("-", ""), ("lambda: ", ""), ("x[", "]"),
            ("!$(", ")"), ("!bash -c '", "'"), ("%time ", ""), ("eval('", "')"), ("if x:\n ", ""), ("f'{", "}'"), ("x+", ""), ("x if y else ", ""),
            ("%%sql\nSELECT (", ")"), ("%%bash\n{ ", "; }"), ("[x for x in ", "]"), ("await ", ""), ("**", ""), ("x**", ""), ("%%bash\ncat <<E\n", "\nE"),
        ]
    )  # fmt: skip
    times = chance.choice([3, 30, 99, 150, 199, 201, 1000, 9000])
    return start * times + chance.choice(["x", "1", "'a'", expression(chance)]) + end * times


def _long(chance: random.Random) -> str:
    """One thing after the other, many times; or a value that doubles."""
    times = chance.choice([10, 40, 300, 2000])
    piece = chance.choice(
        [
            "x = x + x\n", "x = f'{x}{x}'\n", "x = [x, x]\n", "x = (x, y, x)\nx += x\n", "x = x.replace('a', x)\n", "x = x.join([x, x])\n",
            "def f(a): return f(f(a))\nf(1)\n", "for a in range(99):\n  for b in range(99):\n    x = x * 2\n", "x = x * 9\n", "if x: x = 1\nelse: x = y\n",
            "x = {x: x}\n", "x = '%s%s' % (x, x)\n", "import os, sys\n", "x = lambda: x()\n", "x = [a for a in x for b in x]\n", "x = map(f, [x, x])\n",
            "class A(A): pass\n", "x = x if y else [x]\n", "x = bytes(x).decode()\n", "y = x = y, x\n", "x = sorted(x + x)\n", "os.system(x)\n",
        ]
    )  # fmt: skip
    return chance.choice(["x = 'ab'\n", "x = [1, 2]\n", "x = 7\n", ""]) + piece * times


def _changed(chance: random.Random, text: str, corpus: Sequence[str]) -> str:
    for _ in range(chance.randrange(1, 5)):
        at, to = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
        to = min(to, at + chance.choice([1, 3, 20, 200]))
        way = chance.randrange(9)
        if way == 0:
            text = text[:at] + text[to:]
        elif way == 1:
            text = text[:at] + chance.choice(NOISE) + text[at:]
        elif way == 2:
            text = text[:at] + text[at:to] * chance.choice([2, 5, 50]) + text[to:]
        elif way == 3:
            text = text[:at] + expression(chance) + text[to:]
        elif way == 4:
            other = chance.choice(corpus)
            start = chance.randrange(len(other) + 1)
            text = text[:at] + other[start : start + 200] + text[to:]
        elif way == 5:
            lines = text.split("\n")
            chance.shuffle(lines)
            text = "\n".join(lines)
        elif way == 6:
            text = chance.choice(["%%bash\n", "%%sql\n", "%time ", "!", "    ", ">>> ", "%%html\n", "if x:\n"]) + text
        elif way == 7:
            text = text.replace(
                chance.choice(["(", ")", ":", "'", " ", "\n", "=", "."]),
                chance.choice(["", "(", "'", "\n", "%", "\u00e9"]),
                3,
            )
        else:
            text = text[:at]
    return text
