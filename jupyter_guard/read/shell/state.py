"""One shell session's variables, functions, aliases and files written, while its text is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec

from jupyter_guard.read.context import HOLE, BudgetSpent, Context
from jupyter_guard.read.shell.commands import Commands, builtin_commands
from jupyter_guard.read.shell.streams import MARKS, OWN_PROCESS, SOURCES, Stream, plain, shown, sources
from jupyter_guard.read.steering import steers
from jupyter_guard.read.unchecked import EVERY_HOST, is_variable
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

MAX_CALLS = 6
MAX_EFFECTS = 2000

# Start-up hooks and search paths: what they name is loaded by programs that run later.
_LOADER = frozenset(
    [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "LD_AUDIT",
        "DYLD_INSERT_LIBRARIES",
        "DYLD_LIBRARY_PATH",
        "PYTHONSTARTUP",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "BASH_ENV",
        "ENV",
        "PROMPT_COMMAND",
        "PERL5OPT",
        "PERL5LIB",
        "RUBYOPT",
        "NODE_OPTIONS",
        "JAVA_TOOL_OPTIONS",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_EDITOR",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "PYTHONUSERBASE",
        "PYTHONBREAKPOINT",
        "IPYTHONDIR",
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_CONFIG_PATH",
        "JUPYTER_PATH",
        "JUPYTER_DATA_DIR",
        "JUPYTER_GUARD_POLICY",
        "LESSOPEN",
        "PYTHONWARNINGS",
        "GLIBC_TUNABLES",
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "UV_INDEX_URL",
    ]
)
_QUIET_LOADERS = frozenset({"PYTHONPATH", "LD_LIBRARY_PATH", "PYTHONWARNINGS", "NODE_OPTIONS", "PYTHONUSERBASE"})


class Shell:
    """The reader's picture of a shell. ``effects`` grows as texts are read; nothing is ever run."""

    def __init__(self, context: Context, commands: Commands | None = None) -> None:
        self.context = context
        self.commands = commands or builtin_commands()
        self.effects: list[Effect] = []
        self.variables: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.arguments: list[str] = []
        self.made: set[str] = set()
        self.calls: list[str] = []
        # Scripts whose text is being read.
        self.running: list[str] = []
        # Functions that were found to multiply without end already.
        self.bombs: set[str] = set()
        self._quiet_tags: frozenset[str] = frozenset()

    # What files hold

    def content(self, path: str) -> Stream | None:
        """What a cell has written into the file, where that is known. From then on its author counts too."""
        known = self.context.files.get(self.context.resolve(plain(path))) if self.context.files else None
        if known is None:
            return None
        if known.origin > self.context.origin:
            self.context = msgspec.structs.replace(self.context, origin=known.origin)
        return Stream(known.text, known.tags)

    def arrived(self, path: str) -> frozenset[str] | None:
        """The ``from:X`` tags of what is in the file; ``None`` where no cell has written it."""
        known = self.content(path)
        return None if known is None else known.tags | sources(known.text)

    # What words need

    def spend(self, steps: int = 1) -> None:
        """Count work. Raises ``BudgetSpent``."""
        self.context.spend(steps)

    def variable(self, name: str) -> str | None:
        """A variable's value; ``None`` when neither the text nor the usual environment sets it."""
        if name in self.variables:
            return self.variables[name]
        if name.isdigit() and int(name):
            return self.arguments[int(name) - 1] if int(name) <= len(self.arguments) else None
        if name in "@*":
            return " ".join(self.arguments) if self.arguments else None
        if name == "HOME":
            return self.context.home
        if name == "!":
            return OWN_PROCESS
        if name in ("PWD", "OLDPWD"):
            return self.context.directory or self.context.workspace or "."
        if name in _USUAL:
            return _USUAL[name]
        value = self.context.value(name) if self.context.lookup else None
        if value is not None:
            return value
        if any(
            part in name.upper()
            for part in ("TOKEN", "SECRET", "PASSW", "API_KEY", "APIKEY", "CREDENTIAL", "ACCESS_KEY")
        ):
            return SOURCES["credential"]
        return None

    def set(self, name: str, value: str) -> None:
        """Assign a variable."""
        if len(self.variables) < 4096:
            self.variables[name] = value[:100_000]

    def environment(self, name: str, value: str) -> None:
        """Assign a variable that programs see, and judge the ones that decide what programs load."""
        self.set(name, value)
        if steers(name, value):
            self.context.starts([name], "program-variable")
        kept = value.startswith((f"${name}", HOLE)) or value.split(":")[0] in ("/usr/bin", "/usr/local/bin")
        if name in _LOADER:
            tags = {"startup"} if name not in _QUIET_LOADERS else set()
            if name.startswith(("LD_", "DYLD_")) and name not in _QUIET_LOADERS:
                tags.add("persist")
            kind = Kind.GUARD_TAMPER if name.startswith(("JUPYTER", "IPYTHON")) else Kind.CODE_EXECUTE
            if name not in _QUIET_LOADERS:
                self.emit(
                    self.context.effect(
                        kind, shown(f"{name}={value}"), via=name, scope=Scope.SESSION, tags=tags | {"from:file"}
                    )
                )
        elif is_variable(name, value):
            tags = {"no-verify"}
            self.emit(self.context.effect(Kind.NETWORK_CONNECT, EVERY_HOST, via=name, scope=Scope.REMOTE, tags=tags))
        elif name == "PATH" and value and not kept:
            first = value.split(":")[0]
            if first and self.context.path_scope(plain(first)) in (Scope.TEMPORARY, Scope.UNKNOWN, Scope.WORKSPACE):
                self.emit(
                    self.context.effect(
                        Kind.CODE_EXECUTE, shown(f"PATH={value}")[:200], via="PATH", scope=Scope.SESSION,
                        tags={"startup", "alias"}, certainty=Certainty.UNKNOWN,
                    )
                )  # fmt: skip

    def substitute(self, command: str) -> str:
        """The output of ``command``, its effects added."""
        from jupyter_guard.read.shell.walk import read_text

        stream = read_text(self, command)
        return stream.text.rstrip("\n")

    # What commands need

    def emit(self, effect: Effect) -> None:
        """Add one effect."""
        if self._quiet_tags - effect.tags:
            effect = msgspec.structs.replace(effect, tags=effect.tags | self._quiet_tags)
        if len(self.effects) < MAX_EFFECTS:
            self.effects.append(effect)

    def call(self, name: str, words: list[str], stdin: Stream) -> Stream:
        """Run a function that the text defines."""
        from jupyter_guard.read.shell.walk import read_text

        if name in self.calls:
            # A function that runs itself: without end when more than one copy is started or none is waited for.
            body = self.functions[name]
            if name not in self.bombs and (body.count(name) > 1 or "&" in body):
                self.emit(
                    self.context.effect(
                        Kind.RESOURCE_EXHAUST, f"{name}()", via=name, scope=Scope.SYSTEM, tags={"fork", "unbounded"}
                    )
                )
            return Stream(HOLE)
        if len(self.calls) >= MAX_CALLS:
            return Stream(HOLE)
        before = self.arguments
        self.calls.append(name)
        self.arguments = words
        try:
            return read_text(self, self.functions[name], stdin)
        finally:
            self.calls.pop()
            self.arguments = before

    def other(self, language: str, stream: Stream, via: str) -> None:
        """Text that an interpreter runs: read it where it is known, else say where it came from."""
        text = stream.text
        tags = stream.tags | sources(text)
        bare = MARKS.sub("", text).strip()
        if not bare and MARKS.search(text):
            if "from:network" in tags:
                tags |= {"piped-to-interpreter"}
            self.emit(
                self.context.effect(
                    Kind.CODE_EXECUTE, via=via, tags=tags | {"dynamic"} | ({"shell"} if language == "shell" else set())
                )
            )
            return
        if not text.strip():
            return
        if language == "other":
            self.emit(
                self.context.effect(Kind.CODE_EXECUTE, via=via, tags=tags | {"dynamic"}, certainty=Certainty.UNKNOWN)
            )
            return
        start = len(self.effects)
        try:
            self._read(language, text, via)
        except BudgetSpent:
            self.emit(self.context.effect(Kind.UNREAD, via=via))
            if self.context.budget.left < 0:
                raise
        for at in range(start, len(self.effects)):
            self.effects[at] = msgspec.structs.replace(self.effects[at], tags=self.effects[at].tags | stream.tags)
        if "obfuscated" in stream.tags and len(self.effects) == start:
            self.emit(self.context.effect(Kind.CODE_EXECUTE, via=via, tags=tags))

    def _read(self, language: str, text: str, via: str) -> None:
        from jupyter_guard.read.shell.walk import read_text

        if language == "shell":
            outer = self.context
            self.context = outer.deeper()
            try:
                read_text(self, text)
            finally:
                self.context = self.context.with_(depth=outer.depth)
        elif language == "sql":
            from jupyter_guard.read.sql import read_sql

            for effect in read_sql(plain(text), self.context.deeper(), _DIALECTS.get(via)):
                self.emit(effect)
        else:
            for effect in self.context.read_python(plain(text)):
                self.emit(effect)

    @contextlib.contextmanager
    def elsewhere(self, scope: Scope) -> Iterator[None]:
        """Effects read inside happen at ``scope`` (another machine)."""
        start = len(self.effects)
        yield
        for at in range(start, len(self.effects)):
            self.effects[at] = msgspec.structs.replace(self.effects[at], scope=scope)

    @contextlib.contextmanager
    def perhaps(self) -> Iterator[None]:
        """What is read inside happens only on some path."""
        outer = self.context
        self.context = outer.with_(certainty=min(outer.certainty, Certainty.LIKELY, key=lambda one: one.rank))
        try:
            yield
        finally:
            self.context = self.context.with_(certainty=outer.certainty)


_USUAL = {"IFS": " \t\n", "TMPDIR": "/tmp", "SHELL": "/bin/bash", "?": "0", "-": "", "#": "0"}  # noqa: S108
_DIALECTS = {
    "psql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "duckdb": "duckdb",
    "snowsql": "snowflake",
    "bq query": "bigquery",
    "clickhouse-client": "clickhouse",
    "sqlcmd": "tsql",
}
