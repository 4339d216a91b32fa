"""Commands that change the shell itself or run their own words -> their effects, written out."""

from __future__ import annotations

import re

import msgspec

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.shell.databases import mongo, redis
from jupyter_guard.read.shell.filters import FILTERS, Special
from jupyter_guard.read.shell.run import described, run
from jupyter_guard.read.shell.state import Shell
from jupyter_guard.read.shell.streams import (
    EMPTY,
    OWN_PROCESS,
    SOURCES,
    UNKNOWN,
    Stream,
    plain,
    sources,
)
from jupyter_guard.read.shell.touched import file_effect
from jupyter_guard.terms import Kind

# Letters that Python takes before one that has a value; that one's value may stand right behind it.
_PYTHON_FLAG = re.compile(r"-[bBdEhiIOPqsSuvVx?]*([cmWX])(.*)", re.DOTALL)


def _python(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    """``python -m module words``: what the knowledge says of the module, ``python`` where it says nothing."""
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        found = _PYTHON_FLAG.fullmatch(words[at])
        at += 1
        if found is None:
            continue
        value = found[2]
        if not value and at < len(words):
            value, at = words[at], at + 1
        module = f"python -m {value}"
        if found[1] == "m" and module in shell.commands.table:
            return described(shell, module, module, words[at:], stdin, seen)
        if found[1] in "cm":
            break
    return described(shell, words[0], words[0], words[1:], stdin, seen)


def _jobs(_shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    return Stream(OWN_PROCESS) if "-p" in words else EMPTY


def _eval(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    text = " ".join(words[1:])
    from jupyter_guard.read.shell.walk import read_text

    if plain(text).strip(HOLE + " "):
        return read_text(shell, text, stdin)
    shell.other("shell", Stream(text), "eval")
    return UNKNOWN


def _source(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    for path in words[1:2]:
        kept = shell.content(path)
        tags = sources(path) | (shell.arrived(path) or frozenset())
        if kept is not None:
            shell.other("shell", kept, "source")
        elif tags & {"from:network"} or path.startswith(("/dev/fd", "/dev/stdin")):
            shell.other("shell", Stream(stdin.text or path, stdin.tags | tags), "source")
        else:
            shell.emit(shell.context.effect(Kind.PROCESS_RUN, plain(path).replace(HOLE, "…"), via="source", tags=tags))
    return EMPTY


def _cd(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    operands = [word for word in words[1:] if not word.startswith("-")]
    where = plain(operands[0]) if operands else shell.context.home
    shell.context = msgspec.structs.replace(shell.context, directory=shell.context.resolve(where))
    return EMPTY


def _export(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if equals:
            shell.environment(name, value)
    return EMPTY


def _alias(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if equals:
            shell.aliases[name] = value
    return EMPTY


def _command(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        if rest[0] in ("-v", "-V"):
            return UNKNOWN
        rest = rest[1:]
    return run(shell, rest, stdin, seen)


def _xargs(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    rest = list(words[1:])
    replaced = ""
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag in ("-I", "-i", "--replace"):
            replaced = rest.pop(0) if flag == "-I" and rest else "{}"
        elif flag.startswith("-I"):
            replaced = flag[2:]
        elif flag in ("-n", "-P", "-L", "-d", "-s", "-a", "-E") and rest:
            rest.pop(0)
    command = rest or ["echo"]
    if replaced:
        # Line by line: what stands in a line is one word.
        for one in [line.strip() for line in stdin.text.splitlines() if line.strip()][:4] or [HOLE]:
            run(shell, [word.replace(replaced, one) for word in command], EMPTY, seen)
        return UNKNOWN
    return run(shell, [*command, *(stdin.text.split()[:16] or [HOLE])], EMPTY, seen)


def _find(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    places: list[str] = []
    rest = list(words[1:])
    while rest and not rest[0].startswith(("-", "(", "!")):
        places.append(rest.pop(0))
    places = places or ["."]
    named = any(word in ("-name", "-iname", "-path", "-regex", "-mtime", "-mmin", "-newer", "-empty") for word in rest)
    found = [f"{place.rstrip('/') or ''}/{HOLE}" if named else place for place in places]
    tags = {"recursive", "bulk"}
    if "-delete" in rest:
        for place in places:
            shell.emit(file_effect(shell, Kind.FILE_DELETE, place, "find -delete", tags))
    _each_found(shell, rest, ("-exec", "-execdir", "-ok", "-okdir"), found, seen=seen)
    del stdin
    return Stream("\n".join(found))


def _each_found(
    shell: Shell, rest: list[str], flags: tuple[str, ...], found: list[str], *, seen: bool = False, adds: bool = False
) -> None:
    """Run the command behind one of ``flags`` with every place; ``adds``: at its end where no ``{}`` says where."""
    tags = {"recursive", "bulk"}
    for at, word in enumerate(rest):
        if word in flags:
            command: list[str] = []
            for one in rest[at + 1 :]:
                if one in (";", "+", "\\;"):
                    break
                command.append(one)
            if adds and not any("{" in one for one in command):
                command.append("{}")
            start = len(shell.effects)
            for place in found:
                run(shell, [one.replace("{}", place) for one in command], EMPTY, seen)
            for index in range(start, len(shell.effects)):
                effect = shell.effects[index]
                if effect.kind in (Kind.FILE_DELETE, Kind.FILE_WRITE):
                    shell.effects[index] = msgspec.structs.replace(effect, tags=effect.tags | tags)
            return


_FD_VALUES = frozenset(
    """
    -e --extension -t --type -d --max-depth --min-depth --exact-depth -E --exclude -j --threads -S --size
    --changed-within --changed-before --newer --older -o --owner -c --color --base-directory --search-path
    """.split()
)


def _fd(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    """``fd PATTERN PLACE... -x COMMAND``: the command runs with each file that is found."""
    del stdin
    operands: list[str] = []
    places: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word in ("-x", "--exec", "-X", "--exec-batch"):
            break
        if word in ("--base-directory", "--search-path"):
            places.append(next(rest, "."))
        elif word in _FD_VALUES:
            next(rest, None)
        elif not word.startswith("-"):
            operands.append(word)
    places += operands[1:]
    found = [f"{place.rstrip('/')}/{HOLE}" for place in places or ["."]]
    _each_found(shell, words[1:], ("-x", "--exec", "-X", "--exec-batch"), found, seen=seen, adds=True)
    return Stream("\n".join(found))


def _mktemp(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    path = f"/tmp/made-{len(shell.made)}"  # noqa: S108 - a name for what mktemp makes, never used as a path
    shell.made.add(path)
    del words
    return Stream(path + "\n")


def _mkdir(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    for word in words[1:]:
        if not word.startswith("-"):
            shell.made.add(shell.context.resolve(plain(word)))
    return described(shell, words[0], words[0], words[1:], stdin, seen)


def _environment(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    """``env`` and ``printenv``: the whole environment shown, or a command run with a changed one."""
    rest = list(words[1:])
    while rest and (rest[0].startswith("-") or re.match(r"[A-Za-z_]\w*=", rest[0])):
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if equals and not word.startswith("-"):
            shell.environment(name, value)
        elif word in ("-u", "--unset", "-C", "-S") and rest:
            rest.pop(0)
    if rest and words[0] == "env":
        return run(shell, rest, stdin, seen)
    secret = [name for name in rest if re.search(r"KEY|TOKEN|SECRET|PASS|CRED", name.upper())]
    if not rest or secret:
        tags = {"show"} if seen else set()
        what = "all environment variables" if not rest else ", ".join(secret)
        shell.emit(shell.context.effect(Kind.CREDENTIAL_READ, what, via=words[0], tags=tags))
        return Stream(SOURCES["credential"] + SOURCES["environment"])
    return Stream(SOURCES["environment"])


def _quiet(_shell: Shell, _words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    return EMPTY


def _read(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    for word in words[1:]:
        if word.isidentifier():
            shell.set(word, stdin.text.strip() or SOURCES["user"])
    return EMPTY


def _trap(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    from jupyter_guard.read.shell.walk import read_text

    if len(words) > 2 and not words[1].startswith("-"):
        with shell.perhaps():
            read_text(shell, words[1])
    return EMPTY


def _set(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    if len(words) == 1:
        shell.emit(shell.context.effect(Kind.CREDENTIAL_READ, "all variables", via="set", tags={"show"}))
    elif "--" in words:
        shell.arguments = words[words.index("--") + 1 :]
    return EMPTY


def _ln(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    places = [plain(word) for word in words[1:] if not word.startswith("-")]
    out = described(shell, words[0], words[0], words[1:], stdin, seen)
    if len(places) == 2:
        shell.context.linked(places[1], places[0])
    return out


def _tar(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    rest = list(words[1:])
    if rest and re.fullmatch(r"[A-Za-z]+", rest[0]):
        rest[0] = "-" + rest[0]
    letters = "".join(word[1:] for word in rest if re.fullmatch(r"-[A-Za-z]+", word))
    where = rest[rest.index("-C") + 1] if "-C" in rest[:-1] else "."
    archive = next((rest[at + 1] for at, word in enumerate(rest[:-1]) if re.fullmatch(r"-[A-Za-z]*f", word)), "-")
    operands = [word for word in rest if not word.startswith("-") and word not in (archive, where)]
    if "x" in letters or "--extract" in rest:
        shell.emit(file_effect(shell, Kind.FILE_WRITE, where, "tar", {"archive-paths"}))
        return EMPTY
    out = ""
    for path in operands:
        place = path if where == "." or path.startswith(("/", "~")) else f"{where.rstrip('/')}/{path}"
        effect = file_effect(shell, Kind.FILE_READ, place, "tar")
        shell.emit(effect)
        out += SOURCES["credential"] if effect.kind is Kind.CREDENTIAL_READ else SOURCES["file"]
        out += SOURCES["private"] if shell.context.is_private(effect, plain(place)) else ""
    if archive != "-" and ("c" in letters or "--create" in rest):
        shell.emit(file_effect(shell, Kind.FILE_WRITE, archive, "tar", {"replace"} | sources(out)))
        return EMPTY
    del stdin, seen
    return Stream(out)


def _kubectl(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    """``kubectl get secrets -o name`` prints names with their kind, which other commands take."""
    out = described(shell, words[0], words[0], words[1:], stdin, seen)
    kind = words[words.index("get") + 1] if "get" in words[:-1] else ""
    names = re.search(r" (?:-o ?|--output[ =]|-o=)name(?: |$)", " ".join(words)) is not None
    return Stream(f"{kind.removesuffix('s')}/{HOLE}") if names else out


def _ls(shell: Shell, words: list[str], _stdin: Stream, _seen: bool) -> Stream:
    places = [word for word in words[1:] if not word.startswith("-")]
    del shell
    return Stream("\n".join(re.split(r"[*?\[]", place)[0].rstrip("/") + "/" + HOLE for place in places) or HOLE)


SPECIALS: dict[str, Special] = {
    **FILTERS,
    **dict.fromkeys(("python", "pypy", "ipython"), _python),
    "jobs": _jobs,
    "tar": _tar,
    "ls": _ls,
    "ln": _ln,
    "kubectl": _kubectl,
    "mongo": mongo,
    "mongosh": mongo,
    "redis-cli": redis,
    "eval": _eval,
    "source": _source,
    ".": _source,
    "cd": _cd,
    "pushd": _cd,
    "export": _export,
    "alias": _alias,
    "command": _command,
    "builtin": _command,
    "exec": _command,
    "xargs": _xargs,
    "find": _find,
    **dict.fromkeys(("fd", "fdfind"), _fd),
    "mktemp": _mktemp,
    "mkdir": _mkdir,
    "env": _environment,
    "printenv": _environment,
    "read": _read,
    "trap": _trap,
    "set": _set,
    **dict.fromkeys(
        (
            *("[", "[[", "test", "true", "false", ":", "shift", "local", "unset", "return", "exit", "wait"),
            *("break", "continue", "popd", "getopts", "shopt", "ulimit", "umask", "hash", "type", "let", "declare"),
        ),
        _quiet,
    ),
}
