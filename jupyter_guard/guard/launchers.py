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


def _is_option(word: str) -> bool:
    return word[:2] in ("-X", "-W") or (word[:1] == "-" and len(word) > 1 and set(word[1:]) <= _OPTIONS)
