"""Effects -> the one plain sentence that people read, worst first, worded the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_guard.terms.effect import Certainty, Effect, Kind, Scope

NOTHING = "does nothing outside the session"
LONGEST = 200
LONGEST_NAME = 60

WORST_FIRST: tuple[Kind, ...] = (
    Kind.GUARD_TAMPER,
    Kind.DATA_DESTROY,
    Kind.FILE_DELETE,
    Kind.PRIVILEGE_RAISE,
    Kind.RESOURCE_EXHAUST,
    Kind.UNREAD,
    Kind.CODE_EXECUTE,
    Kind.CREDENTIAL_READ,
    Kind.PROCESS_SIGNAL,
    Kind.DATA_WRITE,
    Kind.PROCESS_RUN,
    Kind.PAGE_SCRIPT,
    Kind.FILE_WRITE,
    Kind.PACKAGE_INSTALL,
    Kind.NETWORK_LISTEN,
    Kind.NETWORK_CONNECT,
    Kind.FILE_READ,
)

# What stays in the session's own memory or in a database that lives there is not worth a word.
_QUIET_IN_SESSION = frozenset(
    {Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE, Kind.DATA_WRITE, Kind.DATA_DESTROY, Kind.CREDENTIAL_READ}
)

_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"(?<=[\w/])[?#]\S*")
_TOKEN = re.compile(r"(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{24,}|\b(?:sk|ghp|gho|hf|xox[a-z]|AKIA)[_-]?[\w-]{12,}")


def sentence(effects: Sequence[Effect]) -> str:
    """What ``effects`` do, in one sentence of about ``LONGEST`` characters at most, with the worst first."""
    if not effects:
        return NOTHING
    clauses = [_clause(group) for group in _groups(effects)]
    if not clauses:
        return NOTHING
    kept = [clauses[0]]
    for clause in clauses[1:]:
        if len("; ".join([*kept, clause])) > LONGEST:
            break
        kept.append(clause)
    left = len(clauses) - len(kept)
    return "; ".join(kept) + (f"; and {left} more" if left else "")


def clause(effect: Effect) -> str:
    """What one effect does, as a clause without a subject ("deletes table `sales` in `shop.db`")."""
    return _clause((effect,))


def shown(text: str, longest: int = LONGEST_NAME) -> str:
    """``text`` as it may stand in a sentence: no control characters, no secrets, no backticks, bounded."""
    # Cut before the patterns, so that a target of megabytes costs nothing; what is cut off is not shown anyway.
    text = text[: longest * 8].replace("`", "'")
    if not text.isprintable():
        text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    text = _TOKEN.sub("…", _USERINFO.sub("", text))
    return text if len(text) <= longest else text[: longest // 2] + "…" + text[-(longest // 2 - 1) :]


def worst_first(effect: Effect) -> tuple[int, int, int]:
    """A sort key: certain before possible, then by kind, then the dearest scope."""
    return (_doubt(effect), _RANKS[effect.kind], -effect.scope.rank)


_RANKS = {kind: rank for rank, kind in enumerate(WORST_FIRST)}


def _groups(effects: Sequence[Effect]) -> list[tuple[Effect, ...]]:
    groups: dict[tuple[object, ...], list[Effect]] = {}
    if len(effects) > 1:
        # By the verb last: of two that are equally bad none should stand first because it was found first.
        effects = sorted(effects, key=lambda effect: (worst_first(effect), _verb(effect)))
    for effect in effects:
        if effect.scope is Scope.SESSION and effect.kind in _QUIET_IN_SESSION and "show" not in effect.tags:
            continue
        groups.setdefault((effect.kind, _verb(effect), bool(_doubt(effect))), []).append(effect)
    return [tuple(group) for group in groups.values()]


def _doubt(effect: Effect) -> int:
    return int(effect.certainty is Certainty.UNKNOWN or "possible" in effect.tags)


def _clause(group: Sequence[Effect]) -> str:
    verb, noun, preposition = _verb(group[0])
    names = list(dict.fromkeys(name for name in map(_name, group) if name))
    if _doubt(group[0]):
        verb = "may " + _bare(verb)
    if not names:
        return f"{verb} {_unknown(group[0], noun)}".rstrip()
    if len(names) == 1:
        return " ".join(part for part in (verb, preposition, names[0]) if part) + _addition(group)
    if len(names) > 3:
        return f"{verb} {preposition} {_many(group, names, noun)}".replace("  ", " ") + _addition(group)
    listed = ", ".join(names[:-1]) + " and " + names[-1]
    return " ".join(part for part in (verb, preposition, listed) if part) + _addition(group)


def _many(group: Sequence[Effect], names: Sequence[str], noun: str) -> str:
    if group[0].kind in (Kind.FILE_DELETE, Kind.FILE_READ, Kind.FILE_WRITE):
        folders = {effect.target.rpartition("/")[0] for effect in group if effect.target}
        if len(folders) == 1 and (folder := folders.pop()):
            return f"{len(names)} {noun} in `{shown(folder)}/`"
    return f"{len(names)} {noun} ({names[0]}, {names[1]} and {len(names) - 2} more)"


def _addition(group: Sequence[Effect]) -> str:
    tags = frozenset[str]().union(*(effect.tags for effect in group))
    kind = group[0].kind
    if kind is Kind.FILE_DELETE and "recursive" in tags:
        return " and everything below"
    if "startup" in tags and kind is Kind.FILE_WRITE:
        return ", which is run at a later start"
    if kind is Kind.PROCESS_RUN and "piped-to-interpreter" in tags:
        return " on text fresh from the network"
    return ""


# kind -> (tag, verb, plural noun, preposition); the first row whose tag the effect carries, "" fits all.
_VERBS: dict[Kind, tuple[tuple[str, str, str, str], ...]] = {
    Kind.CODE_EXECUTE: (
        ("from:network", "runs code that came from the network", "", ""),
        ("from:user", "runs text that somebody types", "", ""),
        ("from:model", "runs code that a model wrote", "", ""),
        ("from:database", "runs code that came from a database", "", ""),
        ("remote-code", "runs code published by", "publishers", ""),
        ("deserialise", "rebuilds objects that may run code, from", "sources", ""),
        ("unsafe-loader", "rebuilds objects that may run code, from", "sources", ""),
        ("from:file", "runs code from", "files", ""),
        ("obfuscated", "runs code that it hides", "", ""),
        ("dynamic", "runs code that is not known before it runs", "", ""),
        ("", "runs code", "pieces of code", ""),
    ),
    Kind.FILE_READ: (("", "reads", "files", ""),),
    Kind.FILE_WRITE: (
        ("append", "adds to", "files", ""),
        ("move", "moves", "files", ""),
        ("permissions", "changes who may use", "files", ""),
        ("link", "makes a link to", "files", ""),
        ("device", "writes to the device", "devices", ""),
        ("", "writes", "files", ""),
    ),
    Kind.FILE_DELETE: (("", "deletes", "files", ""),),
    Kind.PROCESS_RUN: (("", "runs", "commands", ""),),
    Kind.PROCESS_SIGNAL: (("", "ends or signals", "processes", ""),),
    Kind.NETWORK_CONNECT: (
        ("exfiltration", "sends private data", "hosts", "to"),
        ("from:private", "sends files of a home folder", "hosts", "to"),
        ("upload", "sends data", "hosts", "to"),
        ("download", "downloads", "hosts", "from"),
        ("no-verify", "connects unchecked", "hosts", "to"),
        ("", "connects", "hosts", "to"),
    ),
    Kind.NETWORK_LISTEN: (
        ("all-interfaces", "listens for anybody on the network", "addresses", "on"),
        ("", "listens", "addresses", "on"),
    ),
    Kind.DATA_DESTROY: (
        ("no-where", "deletes every row of", "tables", ""),
        ("replace", "replaces", "tables", ""),
        ("", "deletes", "things", ""),
    ),
    Kind.DATA_WRITE: (
        ("no-where", "changes every row of", "tables", ""),
        ("os-command", "runs a system command inside a database", "", ""),
        ("new-only", "creates", "tables", ""),
        ("server-setting", "changes for everybody the database's setting", "settings", ""),
        ("ddl", "changes the schema of", "tables", ""),
        ("", "changes data", "places", "in"),
    ),
    Kind.CREDENTIAL_READ: (
        ("show", "shows credentials", "places", "from"),
        ("", "reads credentials", "places", "from"),
    ),
    Kind.PACKAGE_INSTALL: (("removes", "uninstalls", "packages", ""), ("", "installs", "packages", "")),
    Kind.RESOURCE_EXHAUST: (
        ("fork", "multiplies processes without end", "", ""),
        ("storm", "starts very many", "processes", ""),
        ("giant", "asks for more memory or disk than there is", "", ""),
        ("unbounded", "goes on without end", "", ""),
        ("", "uses up the machine", "", ""),
    ),
    Kind.PRIVILEGE_RAISE: (("grants", "gives rights", "holders", "on"), ("", "takes more rights", "ways", "by")),
    Kind.GUARD_TAMPER: (
        ("alias", "gives a new meaning to", "names", ""),
        ("", "changes the guard's or Jupyter's own", "parts", ""),
    ),
    Kind.PAGE_SCRIPT: (("", "runs a script in the page", "", ""),),
    Kind.UNREAD: (("", "does something that the guard cannot read", "", ""),),
}


def _verb(effect: Effect) -> tuple[str, str, str]:
    if effect.kind is Kind.DATA_DESTROY and effect.via.upper().startswith("TRUNCATE"):
        return ("deletes every row of", "tables", "")
    if effect.kind is Kind.GUARD_TAMPER and "alias" not in effect.tags and _is_prose(effect):
        return ("changes", "parts", "")
    for tag, verb, noun, preposition in _VERBS[effect.kind]:
        if not tag or tag in effect.tags:
            return (verb, noun, preposition)
    raise AssertionError(f"no words for {effect.kind}")


def _bare(verb: str) -> str:
    """The verb after "may": the first word of ``verb`` without its ending."""
    first, *rest = verb.split(" ")
    if first.endswith("ies"):
        bare = first[:-3] + "y"
    else:
        bare = first[:-2] if first.endswith(("shes", "ches", "sses", "oes")) else first[:-1]
    return " ".join([bare, *rest])


_SQL_OBJECT = re.compile(
    r"\b(TABLE|VIEW|DATABASE|SCHEMA|INDEX|USER|ROLE|CATALOG|COLLECTION|BUCKET|KEYSPACE|DATASET|FUNCTION|TRIGGER)\b",
    re.IGNORECASE,
)


def _name(effect: Effect) -> str:
    """The target as it stands in the sentence, with its quotes; ``""`` when there is nothing to name."""
    target = effect.target.strip()
    if not target or not _VERBS[effect.kind] or not _verb(effect)[1]:
        return ""
    if effect.kind in (Kind.NETWORK_CONNECT, Kind.NETWORK_LISTEN):
        return shown(_host(target))
    if effect.kind is Kind.PROCESS_RUN:
        return target if target in _OURS else f"`{shown(_program(target))}`"
    if effect.kind is Kind.CODE_EXECUTE and "://" in target:
        return shown(_host(target))
    if effect.kind in (Kind.DATA_DESTROY, Kind.DATA_WRITE):
        return _data(effect, target)
    if effect.kind is Kind.CODE_EXECUTE and not effect.tags & {
        "from:file",
        "deserialise",
        "unsafe-loader",
        "remote-code",
    }:
        return ""
    if _is_prose(effect):
        return shown(target)
    return f"`{shown(_QUERY.sub('', target))}`"


def _is_prose(effect: Effect) -> bool:
    """Whether the target is words of ours ("the clipboard") and no name of the user's."""
    return effect.kind in _IN_WORDS and effect.target.startswith(_ARTICLES)


def _data(effect: Effect, target: str) -> str:
    what, separator, where = target.replace("`", "").partition(" in ")
    found = _SQL_OBJECT.search(effect.via)
    verb = effect.via.split(" ")[0].upper()
    sql = {"DELETE", "UPDATE", "TRUNCATE", "INSERT", "MERGE", "ALTER"}
    noun = found[1].lower() if found else "table" if verb in sql and "server-setting" not in effect.tags else ""
    if what.startswith(_ARTICLES):
        named = shown(what)
    elif what.lower().startswith(_NOUNS):
        noun, _, what = what.partition(" ")
        named = f"{noun.lower()} `{shown(what)}`"
    else:
        named = f"{noun} `{shown(what)}`" if noun else f"`{shown(_QUERY.sub('', what))}`"
    return f"{named} in `{shown(_QUERY.sub('', where))}`" if separator else named


# "every key", "a column": said as it is; "table sales": the noun, then the name.
_ARTICLES = ("a ", "an ", "every ", "all ", "the ", "this ", "new ")
# The kinds whose targets are no files, hosts or programs that a user could have named like this.
_IN_WORDS = frozenset(
    {Kind.CREDENTIAL_READ, Kind.GUARD_TAMPER, Kind.PRIVILEGE_RAISE, Kind.PROCESS_SIGNAL, Kind.RESOURCE_EXHAUST}
)
# Programs that have no name: what the knowledge calls them.
_OURS = frozenset({"a kernel outside the guard", "a copy of this process", "a console on this kernel", "an editor"})
_NOUNS = ("table ", "database ", "schema ", "view ", "column ", "index ", "role ", "user ", "collection ", "bucket ")


def _host(target: str) -> str:
    """Host and port of a URL or address; anything else unchanged."""
    rest = target.partition("://")[2] or target
    return rest.partition("/")[0].partition("?")[0].rpartition("@")[2]


def _program(target: str) -> str:
    words = target.split()
    # VAR=value before a command may hold a secret.
    while len(words) > 1 and re.match(r"\w+=", words[0]):
        words = words[1:]
    return words[0].strip("'\"").rpartition("/")[2] or words[0]


_UNKNOWN: dict[Kind, str] = {
    Kind.FILE_READ: "files that are not known before it runs",
    Kind.FILE_WRITE: "files that are not known before it runs",
    Kind.FILE_DELETE: "files that are not known before it runs",
    Kind.PROCESS_RUN: "a command that is not known before it runs",
    Kind.PROCESS_SIGNAL: "a process that is not known before it runs",
    Kind.NETWORK_CONNECT: "over the network",
    Kind.NETWORK_LISTEN: "on the network",
    Kind.DATA_DESTROY: "data whose name is not known before it runs",
    Kind.PACKAGE_INSTALL: "packages",
    Kind.GUARD_TAMPER: "state",
}


def _unknown(effect: Effect, noun: str) -> str:
    if not noun:
        return ""
    verb = _verb(effect)[0]
    if effect.kind is Kind.CODE_EXECUTE:
        return "somewhere that is not known before it runs" if verb.endswith(("from", "by")) else ""
    if effect.kind is Kind.DATA_WRITE:
        return "a table that is not known before it runs" if verb.endswith(" of") else "in a database"
    return _UNKNOWN.get(effect.kind, "")
