"""A kernel's command -> where in it ipykernel is started, so that the guard's own launcher can stand in for it.

Imports nothing: the start of every kernel waits for it.
"""

LAUNCHERS = (["-m", "ipykernel_launcher"], ["-m", "ipykernel"])
# `conda activate`, then the rest of the command in its place (nb_conda_kernels, runner.py).
CONDA = ["-m", "nb_conda_kernels.runner"]
# How the id of a `kernel_info_request` begins whose reply says that the kernel is guarded; any other reply is the
# kernel's own.
ASKS_FOR_GUARD = "jupyter-guard-asks-"
# Options of an interpreter that run nothing by themselves, https://docs.python.org/3/using/cmdline.html; `-c`, `-m` and
# `-i` do. `python -m ipykernel install` writes -Xfrozen_modules=off.
_OPTIONS = frozenset("bBdEIOPqsSuvx")
# What a command that is a user's own may say: where the connection file is, how ipykernel logs, in which colours.
# Everything else can name a file or a line that runs in the kernel before the guard watches there (--profile,
# --IPKernelApp.exec_lines, --config), or another kernel than ipykernel's (--IPKernelApp.kernel_class).
_FILE = "{connection_file}"
_GIVES_FILE = ("-f", "--f", "--IPKernelApp.connection_file")
_COLOURS = ("NoColor", "Neutral", "Linux", "LightBG", "nocolor", "neutral", "linux", "lightbg")
_HARMLESS = ("--quiet", "--debug", *(f"--colors={one}" for one in _COLOURS))
# -Xpycache_prefix and -Xpresite name code; the category of a -W with a dot in it is imported.
_SETTINGS = ("frozen_modules=off", "frozen_modules=on", "utf8", "utf8=0", "utf8=1", "dev", "faulthandler")
_WARNINGS = ("default", "error", "always", "module", "once", "ignore")


def launcher_at(argv: list[str]) -> int:
    """The place of ipykernel's module in a command, where nothing but an interpreter comes before it; else -1.

    That is `python [options] -m ipykernel_launcher`, and the same behind nb_conda_kernels' runner, which is
    `python -m nb_conda_kernels.runner CONDA ENVIRONMENT python -m ipykernel_launcher`.
    """
    start = 5 if argv[1:3] == CONDA else 0
    at = start + 1
    while at < len(argv) and _is_option(argv[at]):
        at += 2 if argv[at] in ("-X", "-W") else 1
    return at if argv[at : at + 2] in LAUNCHERS else -1


def unwelcome(argv: list[str]) -> list[str]:
    """What a command that starts ipykernel says that may run something before the guard watches, as it stands there."""
    at = launcher_at(argv)
    if at < 0:
        return []
    options, rest = argv[6 if argv[1:3] == CONDA else 1 : at], argv[at + 2 :]
    found: list[str] = []
    while options:
        word, *options = options
        if word[:2] in ("-X", "-W"):
            value, options = (word[2:], options) if len(word) > 2 else (options[0], options[1:])
            if value not in (_SETTINGS if word[1] == "X" else _WARNINGS):
                found.append(f"{word[:2]}{value}")
    while rest:
        word, *rest = rest
        if word in _GIVES_FILE and rest[:1] == [_FILE]:
            rest = rest[1:]
        elif word not in {f"{one}={_FILE}" for one in _GIVES_FILE} and word not in _HARMLESS:
            found.append(word)
    return found


def _is_option(word: str) -> bool:
    return word[:2] in ("-X", "-W") or (word[:1] == "-" and len(word) > 1 and set(word[1:]) <= _OPTIONS)
