"""Names of IPython magics -> the language of what follows them."""

from __future__ import annotations

import re
from typing import Final

SHELL_LINE_MAGICS: Final = frozenset({"sx", "sc", "system", "bash", "sh", "shell", "!", "fs_sh"})
SQL_LINE_MAGICS: Final = frozenset({"sql", "sqlcmd_run", "bigquery_sql", "ddl", "dql"})

# Line magics whose text is Python that runs, with the options (and how many words each takes) before it.
PYTHON_LINE_MAGICS: Final[dict[str, str]] = {
    "time": "",
    "timeit": "n1r1t0c0p1q0o0",
    "prun": "l1r0s1T1D1q0",
    "memit": "r1t1i1c0o0",
    "lprun": "f1m1D1T1s0r0u1z0",
    "mprun": "f1r0T1c0",
    "scalene": "",
    "snakeviz": "t0f1",
    "heat": "o1",
    "debug": "b1",
    "pyinstrument": "",
    "px": "",
    "autopx": "",
    "tic": "",
    "code_wrap_run": "",
}

# What the body of a cell magic is. `script`: the line names the program. Absent: `magic`, which no code reader reads.
BODY_LANGUAGE: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "time timeit prun capture memit lprun mprun debug snakeviz scalene heat pyinstrument px local notify "
            "chime code_wrap skip xmode wandb mlflow_run black autopep8 tutor skip_if tb with_profiler fold"
        ).split(),
        "python",
    ),
    **dict.fromkeys("bash sh ! sx system shell zsh dash cmd powershell".split(), "shell"),
    "script": "script",
    **dict.fromkeys("sql bigquery bqsql spark_sql ddb duckdb presto athena trino sqlite postgres".split(), "sql"),
    **dict.fromkeys("python python3 python2 pypy pypy3".split(), "other"),
    **dict.fromkeys(
        "perl ruby javascript js html HTML svg SVG R julia node cython cpp writefile_exec_other js_exec".split(),
        "other",
    ),
}

# Cell magics that start a program of their name and give it their body.
SCRIPTS: Final = frozenset("perl ruby node julia python python2 python3 pypy pypy3".split())

SHELL_ALIASES: Final = frozenset("ls ll lf lk ldir lx ddir mkdir rmdir mv rm cp cat less more man clear echo".split())

_LINE_MAGICS = (
    "alias alias_magic autoawait autocall automagic autosave bookmark cat cd clear code_wrap colors conda config "
    "connect_info cp debug dhist dirs doctest_mode ed edit env gui hist history killbgscripts ldir less lf lk ll load "
    "load_ext loadpy logoff logon logstart logstate logstop ls lsmagic lx macro magic mamba man matplotlib micromamba "
    "mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision prun psearch "
    "psource pushd pwd pycat pylab qtconsole quickref recall rehashx reload_ext rep rerun reset reset_selective rm "
    "rmdir run save sc set_env store subshell sx system tb time timeit unalias unload_ext user_ns "
    "uv who who_ls whos xdel xmode"
)
AUTOMAGIC: Final = frozenset(_LINE_MAGICS.split()) | SHELL_ALIASES - {"echo"}

_OPTION = re.compile(r"\s*-(?!-)([A-Za-z])(\S*)")


def split_options(name: str, args: str) -> str:
    """The Python text of a line magic in ``PYTHON_LINE_MAGICS``, its options cut off."""
    spec = PYTHON_LINE_MAGICS.get(name, "")
    takes = dict(zip(spec[::2], spec[1::2], strict=True))
    rest = args
    while (found := _OPTION.match(rest)) and found[1] in takes:
        rest = rest[found.end() :]
        if takes[found[1]] == "1" and not found[2]:
            rest = re.sub(r"^\s*\S+", "", rest, count=1)
    return re.sub(r"^\s*--no-raise-error\s+", "", rest)
