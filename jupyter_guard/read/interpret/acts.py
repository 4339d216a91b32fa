"""What knowledge says that a call does, and the call's arguments -> effects, result and taint."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from urllib.parse import urlsplit

from jupyter_guard.knowledge import Act, Condition, Entry, Slot
from jupyter_guard.read.context import HOLE, Context
from jupyter_guard.read.interpret.machine import Machine
from jupyter_guard.read.interpret.values import (
    UNKNOWN,
    Const,
    Instance,
    Items,
    Name,
    Object,
    Table,
    Value,
    const,
    constants,
    derived,
    inner_taint,
    texts,
)
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

_FILES = (Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE)
_NET = (Kind.NETWORK_CONNECT, Kind.NETWORK_LISTEN)
_DATA = (Kind.DATA_DESTROY, Kind.DATA_WRITE)
_TAINTABLE = frozenset(("network", "file", "user", "environment", "credential", "model", "database"))


def perform(
    it: Machine, full: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, receiver: Value | None = None
) -> Value | None:
    """Do what knowledge says of ``full``; its result, or ``None`` where nothing is known of it."""
    entry = it.knowledge.lookup(full)
    if entry is None:
        return None
    call = _Call(it, full, args, keywords, node, receiver)
    result = UNKNOWN
    gives: set[str] = set()
    kind, target = "", None
    for act in entry.acts:
        if not call.holds(act):
            continue
        call.act(act)
        if act.gives:
            gives.add(act.gives)
        if act.returns:
            kind = act.returns
            target = call.slot(act.target) if act.target is not None else call.own_target()
    if kind:
        result = Value((Instance(kind, target),))
    inputs = [*args, *keywords.values(), *([receiver] if receiver is not None else [])]
    like = derived(inputs)
    taint = frozenset() if entry.cleans else (like.taint | frozenset(gives))
    if "credential" in gives or any(effect.kind is Kind.CREDENTIAL_READ for effect in call.made):
        taint |= {"credential"}
    marks = {"many"} if _lists(full) else set()
    if full.startswith("tempfile."):
        marks.add("made")
    _called_back(it, entry, call, node)
    return Value(
        result.atoms,
        taint,
        frozenset(marks),
        max((value.origin for value in inputs), default=like.origin, key=lambda o: o.rank),
    )


def _lists(full: str) -> bool:
    return full in ("os.listdir", "os.walk", "os.scandir", "os.fwalk", "glob.glob", "glob.iglob") or full.endswith(
        (".iterdir", ".glob", ".rglob", ".process_iter", ".pids")
    )


def _called_back(it: Machine, entry: Entry, call: _Call, node: ast.AST) -> None:
    from jupyter_guard.read.interpret.calls import call_value

    for slot in entry.calls:
        value = call.slot(slot)
        if value is not None and value.known:
            given = call.keywords.get("args")
            inner = (
                next((atom.items for atom in given.atoms if isinstance(atom, Items)), []) if given is not None else []
            )
            if not inner and len(call.args) > 1 and slot.index == 0:
                from jupyter_guard.read.interpret.expressions import elements

                # `map(os.remove, paths)` and `executor.submit(os.remove, path)` alike
                inner = [
                    elements(one) if any(isinstance(a, Items) for a in one.atoms) else one for one in call.args[1:]
                ]
            call_value(it, value, list(inner), {}, node)


class _Call:
    """One call: where its arguments are, and what came of it."""

    def __init__(
        self,
        it: Machine,
        full: str,
        args: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
        receiver: Value | None,
    ) -> None:
        self.it, self.full, self.args, self.keywords, self.node, self.receiver = (
            it,
            full,
            args,
            keywords,
            node,
            receiver,
        )
        self.made: list[Effect] = []

    def slot(self, slot: Slot | None) -> Value | None:
        """What a call carries at ``slot``; ``None`` when it is not given."""
        if slot is None:
            return None
        if slot.constant is not None:
            return const(slot.constant)
        if slot.word == "self":
            return self.own_target()
        if slot.word == "args":
            return Value((Items(list(self.args)),))
        if slot.name and slot.name in self.keywords:
            return self.keywords[slot.name]
        if slot.index is not None and slot.index < len(self.args):
            return self.args[slot.index]
        return self.keywords.get("**")

    def own_target(self) -> Value | None:
        """What the receiver was made with."""
        if self.receiver is None:
            return None
        for atom in self.receiver.atoms:
            if isinstance(atom, Instance):
                if atom.target is None:
                    return None
                return atom.target.with_(
                    taint=self.receiver.taint, marks=self.receiver.marks, origin=self.receiver.origin
                )
            if isinstance(atom, Name | Const):
                return self.receiver
        return None

    def holds(self, act: Act) -> bool:
        """Whether an act's conditions hold."""
        return all(self._fits(one) for one in act.when) and not any(self._fits(one) for one in act.unless)

    def _fits(self, condition: Condition) -> bool:
        value = self.slot(condition.slot)
        if condition.state == "missing":
            return value is None
        if value is None:
            return False
        known = constants(value) or texts(value)
        if condition.state == "unknown":
            return not known or any(isinstance(one, str) and HOLE in one for one in known)
        if condition.pattern is not None:
            found = [*map(str, known), *_spelled(value)]
            return any(condition.pattern.search(one) for one in found)
        return any(type(one) is type(condition.equals) and one == condition.equals for one in known) or (
            isinstance(condition.equals, str) and condition.equals in _spelled(value)
        )

    def act(self, act: Act) -> None:
        """Make an act's effects and read the text that it runs."""
        target = self.slot(act.target)
        text = self.slot(act.text)
        context = self._context(act, target, text)
        for kind in act.kinds:
            for one in self._targets(kind, target):
                effect = self._one(context, act, kind, one, target)
                self._keep(effect, act)
        if act.language and text is not None:
            # How sure it is that the text runs; how sure its effects are, its own reader says.
            self._read(act, text, context.with_(certainty=self.it.at(self.node).certainty))

    def _keep(self, effect: Effect, act: Act) -> None:
        if (
            act.language in ("shell", "argv", "sql")
            and effect.kind in (Kind.PROCESS_RUN, *_DATA)
            and act.text is not None
        ):
            text = self.slot(act.text)
            if text is not None and _readable(text):
                # The text's own reader says what it does.
                return
        if act.language == "python" and act.text is not None:
            text = self.slot(act.text)
            if text is None or not _readable(text):
                # Reading the text says so itself.
                return
        self.made.append(effect)
        self.it.emit([effect])

    def _context(self, act: Act, target: Value | None, text: Value | None) -> Context:
        values = [value for value in (self.receiver, target, text) if value is not None]
        context = self.it.at(self.node, *values)
        tags = set(act.tags) | self._taint_tags(act, text)
        if text is not None and self._is_disguised(act, text):
            tags.add("obfuscated")
        if self.receiver is not None and self.receiver.marks & {"rebuilt", "reflected"}:
            tags.add("obfuscated" if "rebuilt" in self.receiver.marks else "reflection")
        return context.with_(
            tags=context.tags | tags, certainty=min(act.certainty, context.certainty, key=lambda c: c.rank)
        )

    def _is_disguised(self, act: Act, text: Value) -> bool:
        """Whether constant text was taken apart or encoded before it runs: nobody needs that for honest code."""
        if "decoded" in text.marks:
            return True
        whole = all(HOLE not in one for one in texts(text))
        return act.language == "python" and whole and "rebuilt" in text.marks and "formatted" not in text.marks

    def _taint_tags(self, act: Act, text: Value | None) -> set[str]:
        if act.sink:
            values = [value for slot in act.sink if (value := self.slot(slot)) is not None]
        elif text is not None:
            values = [text]
        else:
            values = [*self.args, *self.keywords.values()]
        taint = frozenset().union(*(inner_taint(value) for value in values)) if values else frozenset()
        tags = {f"from:{one}" for one in taint if one in _TAINTABLE}
        if Kind.NETWORK_CONNECT in act.kinds and (
            "credential" in taint or any(_whole_environment(value) for value in values)
        ):
            tags |= {"exfiltration", "from:credential", "upload"}
        return tags

    def _targets(self, kind: Kind, target: Value | None) -> Iterable[str]:
        if target is None:
            return ("",)
        found = texts(target)
        for atom in target.atoms:
            if isinstance(atom, Items):
                words = [text for item in atom.items[:8] for text in texts(item)[:1]]
                found += [" ".join(words)] if kind is Kind.PROCESS_RUN else words
            elif isinstance(atom, Name):
                found.append(atom.name)
            elif isinstance(atom, Table):
                found += [text for item in list(atom.items.values())[:3] for text in texts(item)[:1]]
        if not found and constants(target):
            found = [str(one) for one in constants(target)]
        return found[:8] or ("",)

    def _one(self, context: Context, act: Act, kind: Kind, text: str, target: Value | None) -> Effect:
        via = self.full
        tags = set()
        if target is not None and "made" in target.marks:
            tags.add("self-made")
        if self.it.bulk and kind in (*_FILES, *_DATA, Kind.PROCESS_SIGNAL):
            tags.add("bulk")
        if self.it.endless and kind in (Kind.FILE_WRITE, Kind.PROCESS_RUN) and "append" not in tags:
            tags.add("unbounded" if kind is Kind.FILE_WRITE else "fork" if self.full.endswith("fork") else "unbounded")
        if kind in (*_FILES, Kind.CREDENTIAL_READ) and act.scope is None and not (act.target and act.target.constant):
            if text.partition("://")[0] in ("http", "https", "ftp", "s3", "gs", "hdfs") and kind is Kind.FILE_READ:
                return context.effect(Kind.NETWORK_CONNECT, _host(text), via=via, scope=Scope.REMOTE, tags=tags)
            effect = context.file(kind, text, via=via, tags=tags, reversible=act.reversible)
            if "self-made" in tags:
                return Effect(
                    effect.kind, effect.target, Scope.TEMPORARY, effect.reversible, effect.certainty, effect.span,
                    effect.origin, effect.via, effect.tags,
                )  # fmt: skip
            return effect
        scope = act.scope
        if kind in _NET:
            text, more = _host(text), _network_tags(text)
            tags |= more
            scope = scope or _network_scope(text)
        if kind in _DATA and scope is None:
            scope = _data_scope(context, text, target)
        shown = text.replace(HOLE, "…") if text.strip(HOLE) else ""
        return context.effect(
            kind, shown[:300], via=via, scope=scope or Scope.UNKNOWN, tags=tags, reversible=act.reversible
        )

    def _read(self, act: Act, text: Value, context: Context) -> None:
        from jupyter_guard.read.interpret.nested import read_text

        self.it.spend(20)
        own = context.with_(
            tags=(context.tags - {"shell"}) | (frozenset({"obfuscated"}) if text.marks & {"decoded"} else frozenset()),
        )
        made = read_text(self.it, act.language, text, own, self.own_target(), self.full)
        self.made += made
        self.it.emit(made)


def _readable(text: Value) -> bool:
    found = texts(text)
    return bool(found and all(one.strip(HOLE + " ") for one in found)) or any(
        isinstance(atom, Items) for atom in text.atoms
    )


def _spelled(value: Value, depth: int = 0) -> list[str]:
    """Names, lists and tables as the texts that a condition may look for."""
    found: list[str] = []
    if depth > 4:
        return found
    for atom in value.atoms:
        if isinstance(atom, Name):
            found += [atom.name, atom.name.rpartition(".")[2]]
        elif isinstance(atom, Items):
            for item in atom.items[:20]:
                found += texts(item)[:1] + _spelled(item, depth + 1)
        elif isinstance(atom, Table):
            found.append("{" + ", ".join(map(str, list(atom.items)[:20])) + "}")
            for item in list(atom.items.values())[:20]:
                found += texts(item)[:1] + _spelled(item, depth + 1)
    return found


def _host(text: str) -> str:
    if "://" in text:
        parts = urlsplit(text.replace(HOLE, "…")) if "[" not in text else None
        return (parts.netloc.rpartition("@")[2] if parts else text.partition("://")[2].partition("/")[0]) or text
    return text


def _network_tags(host: str) -> set[str]:
    tags = set()
    name = host.partition(":")[0]
    if name in ("169.254.169.254", "metadata.google.internal", "100.100.100.200", "169.254.170.2"):
        tags.add("metadata-service")
    if name in ("0.0.0.0", "::"):  # noqa: S104
        tags.add("all-interfaces")
    return tags


def _network_scope(host: str) -> Scope:
    name = host.partition(":")[0]
    return Scope.SESSION if name in ("localhost", "127.0.0.1", "::1") else Scope.REMOTE


def _data_scope(context: Context, text: str, target: Value | None) -> Scope:
    if text == ":memory:":
        return Scope.SESSION
    if "://" in text:
        where = text.partition("://")
        return Scope.WORKSPACE if where[0].startswith(("sqlite", "duckdb")) else Scope.REMOTE
    if text.endswith((".db", ".sqlite", ".sqlite3", ".duckdb")):
        return context.path_scope(text)
    del target
    return Scope.UNKNOWN


def _whole_environment(value: Value) -> bool:
    return "environment-all" in value.marks or any(
        isinstance(atom, Name) and atom.name == "os.environ" for atom in value.atoms
    )


def mentioned(value: Value) -> str:
    """What to call a value in a sentence, without its contents."""
    if _whole_environment(value):
        return "all environment variables"
    for atom in value.atoms:
        if isinstance(atom, Object):
            return f"a {atom.cls.name}"
    return "a credential"


_AT_START = {
    "LD_PRELOAD": "startup",
    "LD_LIBRARY_PATH": "startup",
    "LD_AUDIT": "startup",
    "DYLD_INSERT_LIBRARIES": "startup",
    "PYTHONSTARTUP": "startup",
    "PYTHONPATH": "startup",
    "PYTHONHOME": "startup",
    "BASH_ENV": "startup",
    "PROMPT_COMMAND": "startup",
    "IPYTHONDIR": "alters-guarded-state",
    "JUPYTER_CONFIG_DIR": "alters-guarded-state",
    "JUPYTER_GUARD_POLICY": "alters-guarded-state",
    "GIT_SSH_COMMAND": "startup",
    "PYTHONBREAKPOINT": "startup",
}


def environment_effects(context: Context, variable: str) -> list[Effect]:
    """Setting a variable that decides which code later programs load."""
    tag = _AT_START.get(variable)
    if tag is None:
        if variable in ("PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED"):
            return [
                context.effect(
                    Kind.NETWORK_CONNECT, variable, via="os.environ", tags=("no-verify",), certainty=Certainty.LIKELY
                )
            ]
        return []
    kind = Kind.GUARD_TAMPER if tag == "alters-guarded-state" else Kind.CODE_EXECUTE
    return [context.effect(kind, variable, via="os.environ", scope=Scope.SESSION, tags=(tag, "persist"))]
