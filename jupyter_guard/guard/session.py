"""A cell's text, judged with what earlier cells of the session defined -> Report."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from jupyter_guard.guard.granted import KnownPlaces
from jupyter_guard.terms import (
    Cell,
    Confidence,
    Effect,
    Finding,
    Kind,
    Origin,
    Privilege,
    Reading,
    Report,
    Severity,
    Span,
    Verdict,
)
from jupyter_guard.terms.sentence import sentence

if TYPE_CHECKING:
    from jupyter_guard.guard.foreseen import NetworkOfABox
    from jupyter_guard.guard.matching import Matchers
    from jupyter_guard.policy import Policy
    from jupyter_guard.read import SessionReader
    from jupyter_guard.tools import Registry

log = logging.getLogger("jupyter_guard")

LANGUAGES = ("python", "bash", "sql")
# Full names of approved tools begin so.
TOOLS = "jupyter_guard.tools."
_TOOLS = re.compile(r"\btools\b")


class Session:
    """Judges the cells of one kernel in the order in which they run.

    ``policy`` is a ``Policy``, a preset's name (``"personal"``, ``"team"``, ``"locked"``), the path of a policy
    file, or ``None`` for the ``personal`` preset. ``origin`` is who wrote the cells, unless ``vet`` says otherwise.
    ``workspace`` is the directory that counts as the user's own work (default: the current one), ``home`` the user's
    home directory (default: that of who asks).

    Raises ``jupyter_guard.policy.PolicyError`` when the policy has mistakes (all of them at once) and
    ``ValueError`` for an origin that does not exist.
    """

    def __init__(
        self,
        policy: Policy | str | Path | None = None,
        origin: Origin | str = Origin.UNKNOWN,
        workspace: str | Path | None = None,
        home: str | None = None,
    ) -> None:
        self.policy = resolve_policy(policy)
        self.origin = _origin(origin)
        self.privileges: Sequence[Privilege] = ()
        """What the session may do beyond an ordinary account, where a host knows of it."""
        self.box: NetworkOfABox | None = None
        """The box that the cells run in, or would, where a host knows of one."""
        self.workspace = str(workspace or Path.cwd())
        self._tools: Registry | None = None
        # Where cells may call tools only: names of libraries, and those that such cells have assigned to.
        self._libraries: frozenset[str] = frozenset()
        self._assigned: set[str] = set()
        self._reader = _reader(self.policy, workspace, home)
        self._known = KnownPlaces(self.policy, self.workspace, self._reader.home)
        self._matchers = _matchers(self.policy)

    def vet(
        self,
        code: str,
        origin: Origin | str | None = None,
        language: str = "python",
        *,
        cell_id: str = "",
        number: int = 0,
        whole: bool = True,
    ) -> Report:
        """Judge one cell and remember what it defines.

        What is no ``whole`` cell, but something that one is about to do, may be more than calls of approved tools:
        where a policy says ``code = "tools"``, that was said of what was written.

        Never raises for any text: a failure inside the guard is itself a finding (``JG000``) and a block.
        Raises ``ValueError`` for a language without a reader and for an unknown origin.
        """
        if language not in LANGUAGES:
            raise ValueError(f"no reader for language {language!r}; expected one of {', '.join(LANGUAGES)}")
        author = self.origin if origin is None else _origin(origin)
        # Nearly all that reading makes is gone when it is done: to look for garbage in the midst of it is wasted.
        pause = gc.isenabled()
        if pause:
            gc.disable()
        cell = Cell(code=code, origin=author, language=language, cell_id=cell_id, number=number)
        try:
            if "tools" in code and _TOOLS.search(code):
                self._learn_tools()
            if self.policy.restricts_code:
                self._libraries = self._reader.library_names()
            return self._judged(cell, self._reader.read(cell), whole)
        except Exception as error:
            # RecursionError and MemoryError are Exceptions too: whatever went wrong, the cell does not pass.
            log.exception("the guard failed on a cell")
            return failed(cell, f"{type(error).__name__}: {error}", self.policy.hash)
        finally:
            if pause:
                gc.enable()

    def refused(self) -> None:
        """Say that the cell judged last did not run: what it would have defined is forgotten."""
        self._reader.forget_last()

    def adopt(self, policy: Policy) -> None:
        """Judge the next cells by a changed policy, keeping what the session knows."""
        self._matchers = _matchers(policy)
        self._known = KnownPlaces(policy, self.workspace, self._reader.home)
        self.policy = policy
        self._tools = None
        self._reader.learn(policy.knowledge)
        self._reader.calls = _calls(policy)

    def _learn_tools(self) -> Registry:
        """The approved tools; from now on the reader knows what each does."""
        from jupyter_guard.tools import registry

        tools = registry(self.policy, self.workspace)
        if tools is not self._tools:
            from jupyter_guard.guard.tools_only import PREFIX
            from jupyter_guard.knowledge import parse_entries

            self._tools = tools
            tables = {
                f"{PREFIX}{one.name}": {
                    "variants": [
                        {"does": act.kind, "target": f"const:{act.target}"} if act.target else {"does": act.kind}
                        for act in one.declared
                    ]
                }
                for one in tools.values()
            }
            self._reader.learn({**self.policy.knowledge, **parse_entries(tables, "tools")[0]})
        return tools

    def _judged(self, cell: Cell, reading: Reading, whole: bool = True) -> Report:
        policy = self.policy
        verdict = would_be = Verdict.ALLOW
        findings: tuple[Finding, ...] = ()
        reading = self._known.marked(reading)
        if reading.effects or reading.observations:
            from jupyter_guard.judge import judge

            judged = reading
            if any(one.via.startswith(TOOLS) for one in reading.effects):
                # What an approved tool does is its own grants' business, and its own approval's.
                others = tuple(one for one in reading.effects if not one.via.startswith(TOOLS))
                judged = msgspec.structs.replace(reading, effects=others)
            findings = judge(
                judged,
                deny=policy.deny,
                disabled=policy.rules.disabled,
                severities=policy.rules.severities,
                held=self.privileges,
                own=policy.own.values(),
            )
        if self.box is not None:
            findings = (*findings, *self._rated(self.box.refused(reading.effects)))
        if whole and policy.code(cell.origin) == "tools":
            from jupyter_guard.guard.tools_only import Known, outside

            libraries = self._libraries | self._reader.library_names()
            known = Known(libraries, self._assigned)
            findings = (*findings, *outside(reading, self._learn_tools(), policy.tools.safe_calls, known))
        if self._matchers is not None:
            findings = (*findings, *self._by_shape(reading))
        if self._matchers is not None or self.box is not None:
            findings = tuple(sorted(findings, key=lambda one: (one.span.line, one.span.column, one.rule)))
        if findings:
            if policy.may_suppress(cell.origin):
                from jupyter_guard.guard.suppressing import marked

                findings = marked(cell, findings)
            decision = policy.decide(findings, cell.origin)
            findings, verdict, would_be = decision.findings, decision.verdict, decision.would_be
            if "guard" in cell.code.lower():
                from jupyter_guard.guard.suppressing import explained

                findings = explained(cell, findings, policy)
        return Report(
            cell=cell,
            verdict=verdict,
            would_be=would_be,
            sentence=sentence(reading.effects),
            findings=findings,
            effects=reading.effects,
            problems=reading.problems,
            policy=policy.hash,
            lasting=reading.lasting,
        )

    def _by_shape(self, reading: Reading) -> Iterable[Finding]:
        yield from self._rated(self._matchers.found(reading) if self._matchers is not None else ())

    def _rated(self, findings: Iterable[Finding]) -> Iterable[Finding]:
        """Those of rules that are asked, with the policy's severities."""
        rules = self.policy.rules
        for finding in findings:
            if finding.rule not in rules.disabled:
                severity = rules.severities.get(finding.rule, finding.severity)
                yield msgspec.structs.replace(finding, severity=severity)


def vet(
    code: str,
    origin: Origin | str = Origin.UNKNOWN,
    policy: Policy | str | Path | None = None,
    language: str = "python",
) -> Report:
    """Judge ``code`` on its own, as the first cell of a fresh session. See ``Session`` for the arguments."""
    return Session(policy, origin).vet(code, language=language)


def failed(cell: Cell, reason: str, policy: str = "", instead: str = "") -> Report:
    """The report of a cell that could not be judged because the guard itself failed: a block, with ``reason``.

    ``instead`` is what to do about it where the cell is not to blame.
    """
    effect = Effect(Kind.UNREAD, span=Span.whole(cell.code), origin=cell.origin, via="guard failure")
    finding = Finding(
        rule="JG000",
        family="guard",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message=f"the guard itself failed on this cell ({reason})",
        span=effect.span,
        effects=(effect,),
        why="A cell that was not judged could do anything, so it does not run.",
        instead=instead or "Split the cell to find the part that the guard cannot take, and report it.",
        origin=cell.origin,
        verdict=Verdict.BLOCK,
        decided_by="built in: a failing guard blocks",
    )
    return Report(
        cell=cell,
        verdict=Verdict.BLOCK,
        would_be=Verdict.BLOCK,
        sentence=sentence((effect,)),
        findings=(finding,),
        effects=(effect,),
        problems=(reason,),
        policy=policy,
    )


def resolve_policy(policy: Policy | str | Path | None) -> Policy:
    """A ``Policy`` from itself, a preset's name, a file's path or ``None`` (the ``personal`` preset)."""
    from jupyter_guard.policy import Policy as PolicyClass
    from jupyter_guard.policy import preset_names

    if isinstance(policy, PolicyClass):
        return policy
    if policy is None:
        return PolicyClass.preset("personal")
    if isinstance(policy, str) and policy in preset_names():
        return PolicyClass.preset(policy)
    return PolicyClass.load(Path(policy))


def _origin(origin: Origin | str) -> Origin:
    try:
        return Origin(origin)
    except ValueError:
        raise ValueError(f"unknown origin {origin!r}; expected one of {', '.join(Origin)}") from None


def _reader(policy: Policy, workspace: str | Path | None, home: str | None) -> SessionReader:
    from jupyter_guard.knowledge import Knowledge
    from jupyter_guard.read import SessionReader as Reader

    knowledge = Knowledge.builtin().extended(policy.knowledge)
    return Reader(knowledge, workspace=str(workspace or Path.cwd()), home=home, calls=_calls(policy))


def _calls(policy: Policy) -> frozenset[str] | None:
    """The calls that judging looks at whatever they do: any, where only some may be called at all."""
    from jupyter_guard.judge import calls_asked_for

    return None if policy.restricts_code else calls_asked_for(policy.deny, policy.own.values())


def _matchers(policy: Policy) -> Matchers | None:
    """The matchers of an organisation's own rules; ``None``, and nothing loaded, where it has none."""
    if not any(rule.match for rule in policy.own.values()):
        return None
    from jupyter_guard.guard.matching import Matchers

    return Matchers(policy.own)
