"""A cell and what came with it -> judged, with everything that a host needs to run, ask about or refuse it.

It also keeps the policy current: a file that changed on disk counts from the next cell on.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.guard import inner, isolated, opened, privileges
from jupyter_guard.guard.card import NO_SENTENCE, State, card, error, payload, prompt
from jupyter_guard.guard.imported import runs_at_import
from jupyter_guard.guard.preview import Above, Previews
from jupyter_guard.guard.protocol import Judged, Learn, Stamp, Standing, Vet, stamp, to_text
from jupyter_guard.guard.session import Session, failed
from jupyter_guard.terms import Cell, Origin, Power, Report, Verdict

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy

log = logging.getLogger("jupyter_guard")

NOBODY = "nobody could be asked: this front end takes no input and no guard panel is open"
_ITEM = ("origin", "verdict", "would_be", "sentence", "findings")


class Pipeline:
    """Judges the cells of one kernel. ``workspace`` is the directory whose policy counts, ``held`` its isolation."""

    def __init__(self, workspace: Path, held: isolated.Isolated | None = None) -> None:
        self.workspace = workspace
        self._held = held or isolated.Isolated()
        self._session: Session | None = None
        self._problems: tuple[str, ...] = ()
        self._writers = inner.Writers(workspace)
        self._previews = Previews(workspace)
        self._previewed: Report | None = None
        self._ran = Above()
        from jupyter_guard.policy import possible_files

        self._home = Path.home()
        self._files = tuple(
            dict.fromkeys(
                str(path)
                for path in (
                    *(path for _, path in possible_files(workspace)),
                    *privileges.sources(os.environ, self._home),
                    opened.FILE,
                )
            )
        )
        self._seen: tuple[tuple[str, Stamp], ...] | None = None
        self._opening: opened.Opening | None = None
        self.standing = Standing()
        self.take_up_policy()

    def take_up_policy(self) -> bool:
        """Read the policy when its files changed since the last time; whether it did."""
        files = tuple((path, stamp(path)) for path in self._files)
        if files == self._seen and (self._opening is None or self._opening.holds(opened.now())):
            return False
        self._seen = files
        before = self.standing
        from jupyter_guard.policy import load_effective

        try:
            self._adopt(self._let_through(load_effective(self.workspace)))
        except Exception as mistake:
            # A policy that cannot be read cannot allow anything.
            log.warning("the policy cannot be read: %s", mistake)
            self._problems = ("the policy cannot be read:", *str(mistake).split("\n"))
            # What was kept out of outputs before stays out, and who was watched stays watched while a cell still runs.
            self.standing = Standing(
                backend=self._held.backend,
                problems=self._problems,
                files=files,
                known_from=before.known_from,
                patterns=before.patterns,
                limits=before.limits,
                watched=before.watched,
            )
        return self.standing != before

    def judge(self, request: Vet) -> Judged:
        """Judge a cell with its expressions; the strictest verdict counts for all of it."""
        if request.how in inner.PREVIEWS and self._session is not None and not self._problems:
            self._previewed = self._previews.report(request, self._session, self._ran)
            return _preview(request.id, self._previewed)
        origin = inner.origin(request, self._writers)
        if request.how:
            request = msgspec.structs.replace(request, origin=str(origin))
        report = self._vet(to_text(request.code), request)
        for expression in request.expressions:
            other = self._vet(to_text(expression), request)
            if other.verdict > report.verdict:
                report = other
        if request.how in inner.WATCHED and self.policy is not None and self.policy.watch_mode != "stop":
            report = inner.let_pass(report)
        if report.verdict <= Verdict.WARN and request.how not in inner.PASSING:
            self._writers.note(report)
            if not request.how:
                self._ran.note(report.cell)
        elif self._session is not None and not self._problems and request.how != "module":
            # Not known yet whether it runs; a `Learn` says so.
            self._session.refused()
        log.debug("judged %s for %s: %s", request.id, origin, report.verdict)
        judged = answer(
            request.id,
            inner.with_rows(report, request),
            inner.about(request, self._writers),
            self._advice(report, request),
        )
        if request.rows is not None:
            # The same statement is the same, however many rows it finds.
            judged = msgspec.structs.replace(judged, effects=effects_key(report))
        if request.how in inner.WATCHED and self.policy is not None and self.policy.watch_mode == "observe":
            judged = msgspec.structs.replace(judged, cards={})
        # What people do goes on whatever is said of it, and is set aside.
        is_refused = report.verdict is Verdict.BLOCK and request.how != "act"
        if judged.repeatable or request.how not in ("", "act") or is_refused or not self._session:
            return judged
        paths = inner.to_set_aside(report, self._session.policy.undo.origins)
        return judged if paths is None else msgspec.structs.replace(judged, aside=paths)

    def lint(self, request: Vet) -> Callable[[], Judged] | None:
        """What makes the answer to the preview that was judged last with what ruff says of it; ``None``: nothing does.

        It takes as long as a program does, and is to be called beside what judges cells that run.
        """
        policy, report = self.policy, self._previewed
        if policy is None or report is None or not policy.practice.ruff or report.cell.language != "python":
            return None
        held: Policy = policy
        previewed, above = report, self._previews.above

        def linting() -> Judged:
            from jupyter_guard.guard.practising import with_ruffs
            from jupyter_guard.practice.ruff import RuffError, linted_last

            try:
                found = linted_last(above, previewed.cell, held.practice.ruff)
            except RuffError as error:
                log.warning("%s", error)
                return _preview(request.id, previewed)
            return _preview(request.id, with_ruffs(previewed, found, held))

        return linting

    def _advice(self, report: Report, request: Vet) -> Mapping[str, Any]:
        """What a refusal of a cell tells a program; of an act within one, the card of the cell has told it."""
        if request.how in inner.PARTS or report.verdict < Verdict.CONFIRM:
            return {}
        from jupyter_guard.guard.advising import advice

        return advice(report, self.policy, self.workspace)

    @property
    def policy(self) -> Policy | None:
        """The policy in force; ``None`` while it cannot be read."""
        return None if self._session is None or self._problems else self._session.policy

    def learn(self, request: Learn) -> None:
        """Take in a cell that runs, or ran."""
        if self._session is not None:
            report = self._session.vet(to_text(request.code), request.origin, request.language)
            self._writers.note(report)
            self._ran.note(report.cell)

    def _let_through(self, policy: Policy) -> Policy:
        """The policy, which only observes while an administrator has opened this account."""
        from jupyter_guard.audit.place import account_of

        try:
            self._opening = opened.opening(account_of(os.environ), opened.now())
        except opened.OpenedError as mistake:
            log.error("%s: nothing is let through", mistake)
            self._opening = None
        return policy if self._opening is None else policy.observing()

    def _adopt(self, policy: Policy) -> None:
        if policy.scrub.patterns:
            from jupyter_guard.scrub.patterns import with_own

            # Said here, where a mistake in them is a mistake of the policy's.
            with_own(policy.scrub.patterns)
        if self._session is None:
            self._session = Session(policy, workspace=self.workspace)
        else:
            self._session.adopt(policy)
        held = privileges.held(os.environ, self._home)
        if self._held.backend not in ("", "none"):
            # What the machine would let this account do ends at the walls.
            held = tuple(one for one in held if one.power is not Power.MACHINE)
        self._session.privileges = held
        if self._held.backend not in ("", "none") and self._held.granted:
            from jupyter_guard.guard.foreseen import Box

            self._session.box = Box(self._held, policy, str(self.workspace), os.environ)
        # Never less than the policy requires, and never silently: nothing runs.
        self._problems = isolated.problems(policy.isolation, self._held)
        for one in self._problems:
            log.error("%s", one)
        self.standing = Standing(
            backend=self._held.backend,
            missing=isolated.missing(policy.isolation, self._held),
            problems=self._problems,
            mode=str(policy.mode),
            policy=policy.hash,
            preset=str(getattr(policy, "name", "")),
            locked=bool(policy.locked),
            known_from=tuple(policy.scrub.known_from),
            files=self._seen or (),
            patterns=json.dumps(policy.scrub.patterns).encode(),
            limits=policy.limits_said(),
            privileges=privileges.said(held),
            keeps_code=policy.keeps_code,
            opened=self._opening.sentence if self._opening is not None else "",
            watched=policy.watches(),
        )

    def _vet(self, code: str, request: Vet) -> Report:
        if self._session is None or self._problems:
            cell = Cell(code, Origin(request.origin), request.language, request.cell_id, request.number)
            return failed(cell, " ".join(self._problems))
        session = self._session
        if request.how == "module":
            # Its names are its own, not the session's.
            session = Session(session.policy, workspace=self.workspace)
            session.privileges, session.box = self._session.privileges, self._session.box
            if not self._writers.is_new(request.path):
                code = runs_at_import(code)
        if request.how == "look" and not inner.is_expression(code):
            # The completers evaluate what parses.
            code = ""
        report = session.vet(
            code,
            request.origin,
            request.language,
            cell_id=request.cell_id,
            number=request.number,
            whole=request.how not in inner.PARTS,
        )
        if request.how in inner.PASSING:
            session.refused()
        return report


def answer(number: int, report: Report, about: str = "", advice: Mapping[str, Any] | None = None) -> Judged:
    """A report with the texts for whatever may follow: cards, errors and the question.

    ``about`` is the subject of their sentences where that is not the whole cell, ``advice`` what a refusal tells a
    program.
    """
    verdict = report.verdict
    cards: dict[str, bytes] = {}
    errors: dict[str, bytes] = {}
    question = ""
    if verdict is Verdict.BLOCK:
        _add(cards, errors, report, "blocked", "blocked", about=about, advice=advice)
    elif verdict is Verdict.CONFIRM:
        question = prompt(report, about=about)
        _add(cards, errors, report, "declined", "declined", about=about, advice=advice)
        _add(cards, errors, report, "unasked", "declined", NOBODY, about, advice)
    elif verdict is Verdict.WARN:
        state: State = "note" if report.would_be > Verdict.WARN else "warned"
        cards["warned"] = _json(card(report, state, about=about))
    return Judged(
        id=number,
        verdict=str(verdict),
        would_be=str(report.would_be),
        effects=effects_key(report),
        item=_json({**report_item(report), "about": about} if about else report_item(report)),
        prompt=question,
        cards=cards,
        errors=errors,
        repeatable=report.verdict is report.would_be is Verdict.ALLOW
        and not (report.lasting or report.findings or report.effects or report.problems),
        shown=inner.shown(report.effects),
    )


def report_item(report: Report) -> dict[str, Any]:
    """The report as the panel's JSON has it, clean and bounded, without the request's own facts."""
    if not report.findings and not report.effects:
        # What nearly every cell is: there is nothing of the user's in it that would need cleaning.
        return {
            "origin": str(report.cell.origin),
            "verdict": str(report.verdict),
            "would_be": str(report.would_be),
            "sentence": report.sentence.rstrip(".") or NO_SENTENCE,
            "findings": [],
        }
    view = payload(report, "note")
    return {key: view[key] for key in _ITEM}


def _preview(number: int, report: Report) -> Judged:
    """The answer about a cell that nobody runs. Nothing follows: no card, no error and no question."""
    return Judged(number, str(report.verdict), str(report.would_be), "", _json(report_item(report)))


def effects_key(report: Report) -> str:
    """A short identity of the effects that people were shown, for approvals."""
    digest = sha256(report.sentence.encode("utf-8", "replace"))
    shown = {(effect.kind, effect.target, effect.scope, effect.via) for effect in report.effects}
    for effect in sorted("\x1f".join(map(str, one)) for one in shown):
        digest.update(b"\x1e" + effect.encode("utf-8", "replace"))
    for rule in sorted({finding.rule for finding in report.findings}):
        digest.update(b"\x1d" + rule.encode())
    return digest.hexdigest()


def _add(
    cards: dict[str, bytes],
    errors: dict[str, bytes],
    report: Report,
    key: str,
    state: State,
    who: str = "",
    about: str = "",
    advice: Mapping[str, Any] | None = None,
) -> None:
    cards[key] = _json(card(report, state, who, about=about, advice=advice))
    errors[key] = _json(error(report, state, who, about=about))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
