"""A command's words and what it is fed -> effects, and what it prints."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.shell.arguments import Arguments, parse_arguments, pick
from jupyter_guard.read.shell.commands import Change, Command
from jupyter_guard.read.shell.databases import LOCAL, place
from jupyter_guard.read.shell.streams import (
    EMPTY,
    MARKS,
    OWN_PROCESS,
    SOURCES,
    UNKNOWN,
    Stream,
    decoded,
    plain,
    shown,
    sources,
)
from jupyter_guard.read.unchecked import is_command
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

if TYPE_CHECKING:
    from jupyter_guard.read.shell.state import Shell
from jupyter_guard.read.shell.touched import _ONE_ADDRESS, file_effect, network_tags, package_tags

MAX_TARGETS = 24
_FILE_KINDS = frozenset({Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE})
_NETWORK = frozenset({Kind.NETWORK_CONNECT, Kind.NETWORK_LISTEN})
# A process that the text itself started: by its number, or as a job of this shell.
_OWN = re.compile(rf"{OWN_PROCESS}|%(?:\d+|[%+-])?")
_VERSIONED = re.compile(r"(python|pip|pypy|perl|ruby|node|php|lua|clang|gcc|tclsh)[\d.]+(?:-config)?$")


def base_name(word: str) -> str:
    """The command's own name: no directory, no version, no ``.exe``."""
    name = word.rpartition("/")[2].lower() if "/" in word else word
    name = name.removesuffix(".exe")
    found = _VERSIONED.match(name)
    return found[1] if found else name


def run(shell: Shell, words: list[str], stdin: Stream, seen: bool = False) -> Stream:
    """Run ``words`` in the reader's mind: add its effects to ``shell`` and return what it prints.

    ``seen`` says that the output ends in the cell's output.
    """
    shell.spend(4)
    if not words:
        return EMPTY
    first = words[0]
    if first not in shell.functions:
        shell.context.starts([shown(word) for word in words])
    return _run(shell, words, stdin, seen)


def _run(shell: Shell, words: list[str], stdin: Stream, seen: bool) -> Stream:
    first = words[0]
    if MARKS.search(first):
        return _unknown_command(shell, words, stdin)
    if first in shell.functions:
        return shell.call(first, words[1:], stdin)
    name = base_name(first)
    if name != first:
        shell.context.starts([name, *(shown(word) for word in words[1:])], "program-name")
    from jupyter_guard.read.shell.specials import SPECIALS

    special = SPECIALS.get(name)
    if special is not None:
        return special(shell, [name, *words[1:]], stdin, seen)
    return described(shell, first, name, words[1:], stdin, seen)


def described(shell: Shell, first: str, name: str, rest: list[str], stdin: Stream, seen: bool) -> Stream:
    """Run a command as the knowledge describes it."""
    parent = shell.commands.table.get(name)
    arguments = parse_arguments(rest, parent)
    found = shell.commands.find(name, arguments.operands)
    if found is None:
        return _undescribed(shell, first, name, rest, stdin)
    full, entry, used = found
    if entry.command:
        words = [*entry.command.split(), *rest]
        shell.context.starts([shown(word) for word in words], "program-name")
        return _run(shell, words, stdin, seen)
    if used and entry.wraps.startswith("operand"):
        # What it runs begins behind the subcommand and its own flags.
        arguments = parse_arguments(rest[rest.index(arguments.operands[used - 1]) + 1 :], entry, parent)
    elif used:
        arguments = parse_arguments(rest, entry, parent)
        arguments = Arguments(arguments.words, arguments.flags, arguments.operands[used:])
    return _Run(shell, full, entry, arguments, stdin, seen).go()


def _unknown_command(shell: Shell, words: list[str], stdin: Stream) -> Stream:
    tags = {"dynamic", "shell"} | sources(words[0])
    kind = Kind.CODE_EXECUTE if "from:network" in tags else Kind.PROCESS_RUN
    shell.emit(
        shell.context.effect(kind, shown(" ".join(words)).strip("… "), via="sh", tags=tags, certainty=Certainty.LIKELY)
    )
    return Stream(HOLE + "".join(MARKS.findall(stdin.text)))


def _undescribed(shell: Shell, first: str, name: str, rest: list[str], stdin: Stream) -> Stream:
    text = shown(" ".join([first, *rest]))[:400]
    tags = sources(" ".join(rest))
    if any(char in first for char in "*?["):
        # A program that is found by a pattern is not named.
        tags |= {"obfuscated"}
    if "://" in first:
        # A program that its runner fetches first: `uv run https://…`.
        tags |= {"from:network", "piped-to-interpreter"}
        shell.emit(shell.context.effect(Kind.CODE_EXECUTE, text, via=name, tags=tags))
    elif "/" in first and first.rpartition("/")[0] not in _BIN:
        # A program from a directory that nobody keeps for programs: a script or a download.
        body = shell.content(first)
        if body is not None and "from:network" not in (arrived := shell.arrived(first) or frozenset()):
            tags |= arrived
            shell.other(_interpreter(body.text), body, name)
        else:
            tags |= {"from:file"} if body is None else {"from:network", "piped-to-interpreter"}
        shell.emit(
            shell.context.effect(
                Kind.CODE_EXECUTE if "from:network" in tags else Kind.PROCESS_RUN, text, via=name, tags=tags
            )
        )
    else:
        shell.emit(shell.context.effect(Kind.PROCESS_RUN, text, via=name, tags=tags))
    return Stream(HOLE + "".join(dict.fromkeys(MARKS.findall(stdin.text + " ".join(rest)))))


def _interpreter(text: str) -> str:
    """The language of a program by its first line; without one, it is for the shell."""
    first = text.partition("\n")[0]
    return "python" if first.startswith("#!") and "python" in first else "shell"


_BIN = frozenset({"/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/conda/bin", "/opt/homebrew/bin"})


# What every tool that knows the flag means by it; one that does not refuses to run.
_DRY = "--dry-run=re:^(?!none$|false$)|--dryrun=re:^(?!false$)"


class _Run:
    """One run of a described command."""

    def __init__(
        self, shell: Shell, name: str, entry: Command, arguments: Arguments, stdin: Stream, seen: bool
    ) -> None:
        self.shell, self.name, self.entry = shell, name, entry
        self.arguments, self.stdin, self.seen = arguments, stdin, seen
        self.taken: frozenset[str] = frozenset()

    def _is_dry(self) -> bool:
        """Whether it would only say what it would do. Where it runs something else the flag may be that one's."""
        entry = self.entry
        return (
            bool(entry.kinds or entry.flags)
            and not (entry.wraps or entry.texts or entry.script)
            and self.arguments.has(_DRY)
        )

    def go(self) -> Stream:
        entry, arguments = self.entry, self.arguments
        if (entry.unless and arguments.has(entry.unless)) or self._is_dry():
            return UNKNOWN
        if (
            arguments.flags
            and not arguments.operands
            and len(arguments.words) == 1
            and arguments.has("--help|--version")
        ):
            return UNKNOWN
        tags, scope, certainty = set(entry.tags), entry.scope, entry.certainty
        extra: list[Change] = []
        for names, change in entry.flags.items():
            if arguments.has(names):
                if change.does or change.reads:
                    extra.append(change)
                else:
                    tags |= set(change.tags)
                    scope, certainty = change.scope or scope, change.certainty or certainty
        whole = " ".join(arguments.words)
        if is_command(whole, arguments.flags):
            tags.add("no-verify")
            if not {Kind.NETWORK_CONNECT, Kind.PACKAGE_INSTALL}.intersection(entry.kinds):
                self._effect(Kind.NETWORK_CONNECT, "", {"no-verify"}, "remote", certainty)
        for names, change in entry.also.items():
            if re.search(names[3:], whole) if names.startswith("re:") else arguments.has(names):
                extra.append(change)
        for change in extra:
            if not (change.unless and arguments.has(change.unless)):
                self._change(change)
        if any(change.instead for change in extra):
            pass
        elif not entry.needs or arguments.has(entry.needs):
            for kind in entry.kinds:
                self._effect(Kind(kind), entry.target, tags, scope, certainty)
            with self._in_database():
                self._texts(entry.texts)
        with self._in_database():
            self._script()
        if entry.wraps:
            return self._wrapped()
        return self._output()

    @contextlib.contextmanager
    def _in_database(self) -> Iterator[None]:
        """SQL that is read inside goes to the database that the words name."""
        entry, shell = self.entry, self.shell
        if not (entry.database or entry.host):
            yield
            return
        name = next(iter(map(plain, pick(entry.database, self.arguments))), "") if entry.database else ""
        host = next(iter(map(plain, pick(entry.host, self.arguments))), "") if entry.host else ""
        if not entry.host:
            bare = name.replace(HOLE, "")
            scope = Scope.SESSION if bare in ("", ":memory:") else shell.context.path_scope(name)
        else:
            inner, scope = place(host or name)
            name = inner if "://" in name else name
        outer = shell.context
        shell.context = outer.with_(database=shown(name or host), data_scope=scope)
        try:
            yield
        finally:
            shell.context = shell.context.with_(database=outer.database, data_scope=outer.data_scope)

    def _change(self, change: Change) -> None:
        if change.does:
            self._effect(
                Kind(change.does), change.target or self.entry.target, set(change.tags), change.scope, change.certainty
            )
        if change.reads:
            self._texts((change.reads,))

    def _effect(self, kind: Kind, picker: str, tags: set[str], scope: str, certainty: str) -> None:
        targets = pick(picker, self.arguments) if picker else [""]
        if not targets and (kind in _FILE_KINDS or kind is Kind.PACKAGE_INSTALL):
            return
        sure = Certainty(certainty) if certainty else Certainty.CERTAIN
        for target in (targets or [""])[:MAX_TARGETS]:
            effect = self._one(kind, target, tags | sources(target), scope, sure)
            if effect.kind is Kind.CREDENTIAL_READ:
                self.taken |= {"from:credential"}
            elif effect.kind is Kind.FILE_READ:
                self.taken |= {"from:file"}
                if self.shell.context.is_private(effect, plain(target)):
                    self.taken |= {"from:private"}
            elif effect.kind is Kind.FILE_WRITE and "download" in tags:
                self.shell.context.wrote(plain(target), SOURCES["network"], {"from:network"})
            elif effect.kind is Kind.FILE_WRITE and "replace" in tags:
                self.shell.context.files.pop(self.shell.context.resolve(plain(target)), None)
            self.shell.emit(effect)

    def _one(self, kind: Kind, target: str, tags: set[str], scope: str, certainty: Certainty) -> Effect:
        context = self.shell.context
        if kind in _FILE_KINDS:
            return file_effect(
                self.shell, kind, target, self.name, tags | ({"show"} if self.seen else set()), certainty
            )
        if kind in _NETWORK:
            tags |= network_tags(target)
            flowing = sources(" ".join(self.arguments.words)) | self.taken
            if "upload" in tags:
                flowing |= sources(self.stdin.text)
            tags |= flowing - {"from:file", "from:private"} if "upload" not in tags else flowing
            if flowing & {"from:credential", "from:environment"}:
                tags.add("exfiltration")
            where = Scope(scope) if scope else Scope.SESSION if LOCAL.search(target) else Scope.REMOTE
            if kind is Kind.NETWORK_LISTEN and _ONE_ADDRESS.match(target):
                tags.discard("all-interfaces")
            return context.effect(kind, shown(target), via=self.name, scope=where, tags=tags, certainty=certainty)
        if kind is Kind.PACKAGE_INSTALL:
            tags |= package_tags(target)
        if kind is Kind.PROCESS_SIGNAL and _OWN.fullmatch(target):
            tags |= {"self-made"}
        if kind is Kind.CREDENTIAL_READ and self.seen and self.entry.gives == "credential":
            tags |= {"show"}
        return context.effect(
            kind, shown(target), via=self.name, scope=Scope(scope) if scope else Scope.UNKNOWN, tags=tags,
            reversible=self.entry.reversible and kind in self.entry.kinds, certainty=certainty,
        )  # fmt: skip

    def _texts(self, texts: Iterable[str]) -> None:
        for one in texts:
            language, _, picker = one.partition(":")
            for text in pick(picker, self.arguments):
                self.shell.other(language, Stream(text), self.name)

    def _script(self) -> None:
        entry, arguments = self.entry, self.arguments
        script = pick(entry.script, arguments) if entry.script else []
        texts = any(pick(one.partition(":")[2], arguments) for one in entry.texts)
        if script and not texts and script[0] != "-":
            self._script_file(script[0])
        elif entry.stdin and not texts and (self.stdin.text or self.stdin.tags) and (not script or script[0] == "-"):
            self.shell.other(entry.stdin, self.stdin, self.name)

    def _script_file(self, path: str) -> None:
        shell = self.shell
        tags = sources(path) | {"from:file"}
        if "from:network" in tags:
            tags |= {"piped-to-interpreter"}
        tags |= shell.arrived(path) or frozenset()
        body = shell.content(path)
        if body is not None and self.entry.stdin:
            self._known_script(path, body)
        if path.startswith("/dev/stdin") or path == "/proc/self/fd/0":
            shell.other(self.entry.stdin or "shell", self.stdin, self.name)
            return
        if "://" in path:
            tags |= {"from:network"}
        kind = Kind.CODE_EXECUTE if "from:network" in tags else Kind.PROCESS_RUN
        target = shown(" ".join([self.name, *self.arguments.words]))[:400]
        shell.emit(shell.context.effect(kind, target, via=self.name, tags=tags))

    def _known_script(self, path: str, body: Stream) -> None:
        """A script whose text is known runs; one that starts itself never ends."""
        shell = self.shell
        place = shell.context.resolve(plain(path))
        if place in shell.running:
            shell.emit(
                shell.context.effect(
                    Kind.RESOURCE_EXHAUST, "processes", via=self.name, scope=Scope.SYSTEM, tags=("fork",),
                    certainty=Certainty.LIKELY,
                )
            )  # fmt: skip
            return
        before = shell.variables.get("0")
        shell.running.append(place)
        shell.variables["0"] = path
        try:
            shell.other(self.entry.stdin, body, self.name)
        finally:
            shell.running.pop()
            if before is None:
                shell.variables.pop("0", None)
            else:
                shell.variables["0"] = before

    def _wrapped(self) -> Stream:
        words = pick(self.entry.wraps, self.arguments)[self.entry.skip :]
        while words and re.match(r"[A-Za-z_]\w*=", words[0]):
            name, _, value = words[0].partition("=")
            self.shell.environment(name, value)
            words = words[1:]
        if words == ["-"] and self.name.endswith(" run"):
            # `uv run -`: what it is fed is the script.
            self.shell.other("python", self.stdin, self.name)
            return UNKNOWN
        if not words:
            return self._output()
        if self.entry.scope == "remote":
            with self.shell.elsewhere(Scope.REMOTE):
                if self.name.endswith(" exec"):
                    return run(self.shell, words, self.stdin, self.seen)
                # What ssh runs is joined and read again by the far shell.
                self.shell.other("shell", Stream(" ".join(words)), self.name)
            return UNKNOWN
        return run(self.shell, words, self.stdin, self.seen)

    def _output(self) -> Stream:
        entry = self.entry
        stream = self.stdin if entry.passes and (self.stdin.text or self.stdin.tags) else EMPTY
        for path in self.arguments.operands if "file.read" in entry.kinds else ():
            body = self.shell.content(path)
            stream = Stream(stream.text + body.text, stream.tags | body.tags) if body else stream
            if body:
                return stream
        marks = HOLE
        if entry.gives:
            marks = SOURCES.get(entry.gives, HOLE)
        if "from:credential" in self.taken:
            marks += SOURCES["credential"]
        elif "from:file" in self.taken:
            marks += SOURCES["file"]
        if "from:private" in self.taken:
            marks += SOURCES["private"]
        if entry.decodes and stream.text:
            return decoded(stream, entry.decodes)
        if entry.gives or self.taken:
            return Stream(stream.text + marks, stream.tags)
        return (
            Stream("".join(dict.fromkeys(MARKS.findall(stream.text))) + HOLE, stream.tags) if stream.text else UNKNOWN
        )
