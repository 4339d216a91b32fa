"""What a reader knows about the text it reads: where it stands, who wrote it, how much work is left -> effects."""

from __future__ import annotations

import os.path
import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.read.places import HOME_PREFIX, path_tags
from jupyter_guard.terms import Certainty, Effect, Kind, Observation, Origin, Scope, Span

if TYPE_CHECKING:
    from jupyter_guard.knowledge.load import Knowledge

# Stands for a part of a text that is not known before it runs (an f-string's hole, an unknown variable). It is from a
# private-use area: a user's text that holds it is read as unknown there, which only raises scrutiny.
HOLE = "\ue0f0"

MAX_DEPTH = 12
"""How deep texts may nest in texts (`bash -c "python -c '...'"`) before the rest is left unread."""


LONGEST_FILE = 50_000
MOST_FILES = 100
MOST_PROGRAMS = 2_000
LONGEST_PROGRAM = 400
"""Characters of a file, and files, that are remembered: what cells run is scripts, and what they write last."""


class BudgetSpent(Exception):  # noqa: N818 - a signal that reading stops, not a mistake
    """The work allowed for one cell is used up; what was not reached is ``unread``."""


class Budget:
    """Steps of work left for one cell: a count, not a clock, so that a reading never depends on the machine."""

    __slots__ = ("left",)

    def __init__(self, steps: int = 2_000_000) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take ``steps`` away. Raises ``BudgetSpent`` when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise BudgetSpent


class Written(msgspec.Struct, frozen=True):
    """What a file holds: ``text`` (``HOLE`` where it is not known), the ``from:X`` tags of its sources, its author."""

    text: str = ""
    tags: frozenset[str] = frozenset()
    origin: Origin = Origin.HUMAN


class Context(msgspec.Struct, frozen=True):
    """The surroundings of one text that a reader reads.

    ``workspace`` and ``home`` are absolute directories; ``directory`` is where relative paths start (``""``: the
    workspace, ``HOLE``: not known). ``span`` is the text's place in the cell. ``database`` names the database that SQL
    would go to and ``data_scope`` where it is (``:memory:`` is ``Scope.SESSION``). ``lookup`` gives the constant text
    of a Python name or expression in ``{...}`` or ``$name``, or ``None``; ``python`` reads Python text found in
    another language. ``files`` holds what cells have written into files, by absolute path, and ``links`` where
    the links lead that they have made; readers add to both, and to ``programs`` each command that would run.
    ``tags`` are added to every effect (taint of the text itself), ``certainty`` caps it.
    """

    knowledge: Knowledge | None = None
    workspace: str = ""
    home: str = "/home/user"
    origin: Origin = Origin.UNKNOWN
    span: Span = Span(1, 0, 1, 0)
    budget: Budget = msgspec.field(default_factory=Budget)
    depth: int = 0
    directory: str = ""
    database: str = ""
    data_scope: Scope = Scope.UNKNOWN
    lookup: Callable[[str], str | None] | None = None
    python: Callable[[str, Context], Iterable[Effect]] | None = None
    files: dict[str, Written] = msgspec.field(default_factory=dict)
    links: dict[str, str] = msgspec.field(default_factory=dict)
    programs: list[Observation] = msgspec.field(default_factory=list)
    tags: frozenset[str] = frozenset()
    certainty: Certainty = Certainty.CERTAIN

    def wrote(self, path: str, text: str, tags: Iterable[str] = (), append: bool = False) -> None:
        """Remember what a file holds now, when its path is known."""
        if not path.strip(HOLE):
            return
        resolved = self.resolve(path)
        before = self.files.pop(resolved, None)
        old = before if append and before is not None else Written()
        self.files[resolved] = Written(
            (old.text + text)[:LONGEST_FILE], old.tags | frozenset(tags), max(old.origin, self.origin)
        )
        while len(self.files) > MOST_FILES:
            del self.files[next(iter(self.files))]

    def linked(self, path: str, target: str) -> None:
        """Remember that a link at ``path`` leads to ``target``, when both are known."""
        if HOLE not in path and target and HOLE not in target and len(self.links) < MOST_FILES:
            if not target.startswith(("/", "~", "$")):
                # As the link itself holds it: seen from where it lies.
                target = posixpath.join(posixpath.dirname(self.resolve(path)), target)
            self.links[self.resolve(path)] = self.resolve(target)

    def followed(self, path: str, itself: bool = True) -> str:
        """Where ``path`` leads when it goes through such links; ``itself``: when it is one, too."""
        place = self.resolve(path)
        for _ in range(8):
            # Below the 64th folder nobody looks for a link.
            parts = place.split("/", 64)[:64]
            prefixes = ("/".join(parts[:end]) for end in range(len(parts), 1, -1))
            link = next((one for one in prefixes if one in self.links and (itself or one != place)), "")
            if not link:
                break
            place = self.links[link].rstrip("/") + place[len(link) :] or "/"
        return path if place == self.resolve(path) else posixpath.normpath(place)

    def starts(self, words: Sequence[str], what: str = "program") -> None:
        """Remember that a command would run, or what else it is called: a ``"program-name"``.

        Raises ``BudgetSpent`` where a cell has more than anybody reads.
        """
        if len(self.programs) == MOST_PROGRAMS:
            raise BudgetSpent
        self.programs.append(Observation(what, " ".join(words)[:LONGEST_PROGRAM], self.span, self.origin))

    def at(self, span: Span) -> Context:
        """The same surroundings for the text at ``span``."""
        return msgspec.structs.replace(self, span=span)

    def with_(self, **changes: Any) -> Context:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def deeper(self) -> Context:
        """For a text found inside this one. Raises ``BudgetSpent`` beyond ``MAX_DEPTH``."""
        if self.depth >= MAX_DEPTH:
            raise BudgetSpent
        return msgspec.structs.replace(self, depth=self.depth + 1)

    def spend(self, steps: int = 1) -> None:
        """Count work. Raises ``BudgetSpent`` when the cell's budget is used up."""
        self.budget.spend(steps)

    def value(self, expression: str) -> str | None:
        """The constant text of a Python name or expression, where it is known."""
        return self.lookup(expression) if self.lookup is not None else None

    def read_python(self, text: str) -> list[Effect]:
        """The effects of Python text that something in this text would run."""
        if self.python is None:
            return [self.effect(Kind.UNREAD, via="python", tags=("dynamic",) if HOLE in text else ())]
        return list(self.python(text, self.deeper()))

    def effect(
        self,
        kind: Kind,
        target: str = "",
        *,
        via: str = "",
        scope: Scope = Scope.UNKNOWN,
        tags: Iterable[str] = (),
        reversible: bool = False,
        certainty: Certainty = Certainty.CERTAIN,
    ) -> Effect:
        """An effect of this text, at its span, by its author."""
        return Effect(
            kind=kind,
            target=target,
            scope=scope,
            reversible=reversible,
            certainty=min(certainty, self.certainty, key=lambda one: one.rank),
            span=self.span,
            origin=self.origin,
            via=via,
            tags=self.tags | frozenset(tags),
        )

    def file(
        self,
        kind: Kind,
        path: str,
        *,
        via: str = "",
        tags: Iterable[str] = (),
        reversible: bool = False,
        certainty: Certainty = Certainty.CERTAIN,
    ) -> Effect:
        """A file effect on ``path``: its scope and place tags filled in; reading a credential store is a
        ``credential.read``; a ``HOLE`` in the path makes what follows it unknown.
        """
        tags = frozenset(tags)
        if self.links and "link" not in tags:
            # A link that is deleted or moved leaves alone what it leads to.
            path = self.followed(path, itself=kind is not Kind.FILE_DELETE and "move" not in tags)
        resolved = self.resolve(path)
        tags |= path_tags(resolved, self.home)
        if kind is Kind.FILE_READ and "credential-store" in tags:
            kind = Kind.CREDENTIAL_READ
        # The home directory itself is named so, wherever it lies: no pattern of paths could tell.
        shown = "~" if self.home not in ("", "/") and resolved == self.home else path
        if self.directory and not path.startswith(("/", "~", "$", HOLE)) and not resolved.startswith(HOLE):
            # After a `cd` the words alone would name another place.
            shown = resolved
        return self.effect(
            kind,
            shown.replace(HOLE, "…") if shown.strip(HOLE) else "",
            via=via,
            scope=self._scope(path, resolved),
            tags=tags,
            reversible=reversible,
            certainty=certainty,
        )

    def is_private(self, effect: Effect, path: str) -> bool:
        """Whether what is read is somebody's own: in a home folder, and no cache or setting of a program."""
        if effect.kind is not Kind.FILE_READ or effect.scope is not Scope.HOME:
            return False
        return _OF_PROGRAMS.search(self.resolve(path)) is None

    def path_tags(self, path: str) -> frozenset[str]:
        """``credential-store``, ``startup``, ``guard-file``, ``device``: what is special about the place."""
        return path_tags(self.resolve(path), self.home)

    def resolve(self, path: str) -> str:
        """``path`` made absolute and normalised, without asking the disk. A ``HOLE`` stays where it is."""
        path = path.removeprefix("file://").replace("\\", "/") if "\\" in path or path.startswith("file:") else path
        found = HOME_PREFIX.match(path) if path.startswith(("~", "$")) else None
        if found and found[0] in ("~", "$HOME", "${HOME}"):
            path = self.home + path[found.end() :]
        elif path.startswith("~"):
            path = "/home/" + path[1:]
        elif path.startswith("/") or "://" in path or _DRIVE.match(path):
            pass
        elif path.startswith(HOLE) or self.directory.startswith(HOLE):
            return HOLE + path.strip(HOLE)
        else:
            path = posixpath.join(self.directory or self.workspace or os.path.curdir, path)
        if "://" in path:
            return path
        path = posixpath.normpath(path)
        if path.startswith("//"):
            path = path[1:]
        if not path.startswith("/proc/"):
            return path
        # Two doors in /proc that lead to ordinary places under another name.
        path = _ROOT_DOOR.sub("", path) or "/"
        return _FOLDER_DOOR.sub(lambda _: self.workspace or ".", path)

    def path_scope(self, path: str) -> Scope:
        """Where a path, URL or ``bucket://`` lands; ``Scope.UNKNOWN`` when its beginning is not known."""
        return self._scope(path, self.resolve(path)) if path else Scope.UNKNOWN

    def _scope(self, path: str, resolved: str) -> Scope:
        """The same of a path that is resolved already."""
        if not path or path.startswith(HOLE):
            return Scope.UNKNOWN
        path = resolved
        if "://" in path:
            return Scope.REMOTE
        if path.startswith(HOLE):
            return Scope.UNKNOWN
        known, hole, _ = path.partition(HOLE)
        # The unknown part of "/data-{x}" may finish the name, so only whole directories before it count.
        if hole:
            path = posixpath.dirname(known) or "."
            if path in ("/", "."):
                return Scope.UNKNOWN if path == "/" else Scope.WORKSPACE
        return _scope(path, self.workspace, self.home)


_DRIVE = re.compile(r"[A-Za-z]:/")
_USERS = re.compile(r"[A-Za-z]:/Users/", re.IGNORECASE)
_ROOT_DOOR = re.compile(r"^/proc/(?:self|thread-self|1|\d+|\$\$)/root(?=/|$)")
_FOLDER_DOOR = re.compile(r"^/proc/(?:self|thread-self|\d+)/cwd(?=/|$)")
_OF_PROGRAMS = re.compile(
    r"/\.[^/]|/(?:(?:ana|mini)(?:conda|forge)\d*|AppData|Library|site-packages|node_modules|snap|go/pkg"
    r"|scikit_learn_data|nltk_data|seaborn-data|tensorflow_datasets|mlruns)(?:/|$)"
)
_SINKS = re.compile(
    r"^/dev/(?:null|zero|full|stdin|stdout|stderr|tty|u?random|fd(?:/\d+)?|pts/\d+)$|^/proc/self/fd/\d+$"
)
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/private/tmp", "/private/var/folders", "/var/folders")  # noqa: S108
# Where hosted notebooks (Colab, Kaggle, SageMaker, Databricks) put a user's own work.
_HOSTED = ("/content", "/kaggle/working", "/kaggle/temp", "/home/sagemaker-user", "/home/jovyan/work", "/workspace")


def _scope(path: str, workspace: str, home: str) -> Scope:
    if _SINKS.match(path):
        return Scope.SESSION
    own = bool(workspace) and workspace != "/" and _within(path, workspace)
    if path == home or _within(home, path):
        return Scope.HOME if path == home else Scope.SYSTEM
    if own and not _private(path, home):
        return Scope.WORKSPACE
    if workspace and path != workspace and _within(workspace, path):
        # A directory above the workspace takes the workspace and its neighbours with it.
        return Scope.HOME if _within(path, home) else Scope.SYSTEM
    if home not in _TEMPORARY and _within(path, home):
        # Before the temporary places: a container's home directory may lie in one.
        return Scope.HOME
    for directory in _TEMPORARY:
        if _within(path, directory):
            return Scope.TEMPORARY
    if not path.startswith("/content/drive"):
        for directory in _HOSTED:
            if _within(path, directory):
                return Scope.WORKSPACE
    if _within(path, home) or HOME_PREFIX.match(path) or path == "/content/drive" or path.startswith("/content/drive/"):
        return Scope.HOME
    if _DRIVE.match(path):
        return Scope.HOME if _USERS.match(path) else Scope.SYSTEM
    return Scope.SYSTEM if path.startswith(("/", "..")) else Scope.WORKSPACE


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _private(path: str, home: str) -> bool:
    """Below the home directory in a dotted place: not somebody's work, even when Jupyter was started at home."""
    return _within(path, home) and path[len(home) :].lstrip("/").startswith(".")
