"""The twins: every harm in every form. Each is another mechanism for another effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runtime.forms import AFTER, AROUND, LATE, NOW
from benchmarks.runtime.harms import HARMS, SHORT, Harm
from benchmarks.runtime.queries import QUERIES, WAYS, Query
from benchmarks.runtime.servers import REQUESTS, STATEMENTS

ALL_HARMS, ALL_QUERIES = HARMS + REQUESTS, QUERIES + STATEMENTS


@dataclass(frozen=True)
class Twin:
    """An assistant's cell, a person's cell after it, and what must not have happened then."""

    harm: Harm | Query
    form: str
    code: str
    after: str = ""


def twins() -> Iterator[Twin]:
    """All of them, each harm first as it is written when nothing is hidden."""
    for number, harm in enumerate(ALL_HARMS):
        taken = f"M, F, A = names[{number}]\n"
        yield Twin(harm, "plain", "")
        forms = {**NOW, **(LATE if harm.name in SHORT else {})}
        for form, code in forms.items():
            yield Twin(harm, form, taken + code.replace("_N.py", f"_{number}.py").replace("_N'", f"_{number}'"))
        if harm.name in SHORT:
            for form, (code, after) in AFTER.items():
                yield Twin(harm, form, taken + code, after)
        yield from (Twin(harm, form, taken + code) for (name, form), code in AROUND.items() if name == harm.name)
    for number, query in enumerate(ALL_QUERIES):
        taken = f"S, P = queries[{number}]\nW = S.split()\n"
        yield Twin(query, "plain", "")
        for form, code in WAYS.items():
            code = code.replace("ON", query.on).replace("METHOD", query.method).replace("_N", f"_{number}")
            yield Twin(query, form, taken + code)
        yield from (Twin(query, form, taken + code) for (name, form), code in AROUND.items() if name == query.name)


def plainly(harm: Harm | Query, home: Path, server: str = "", place: str = "") -> str:
    """The cell that reading is for."""
    if isinstance(harm, Query):
        opened = {
            "lite": "import sqlite3\nlite = sqlite3.connect('shop.db')",
            "duck": "import duckdb\nduck = duckdb.connect('shop.duckdb')",
        }
        opened["link"] = "import sqlalchemy\nlink = sqlalchemy.create_engine('sqlite:///shop.db').connect()"
        opened["pg"] = f"import psycopg\npg = psycopg.connect({place!r}, autocommit=True)"
        opened["pg2"] = f"import psycopg2\npg2 = psycopg2.connect({place!r})\npg2.autocommit = True"
        text = harm.text.replace("{home}", str(home))
        return f"{opened[harm.on.partition('.')[0]]}\n{harm.on}.{harm.method}({text!r})"
    from benchmarks.runtime.harms import filled

    given = ", ".join(repr(one) for one in filled(harm.arguments, home, server))
    return f"import {harm.module}\n{harm.module}.{harm.function}({given})"
