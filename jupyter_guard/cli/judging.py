"""Cases -> reports, each case in a session of its own, with the policy that holds where its file is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from jupyter_guard.cli.cases import Case
from jupyter_guard.guard.foreseen import required
from jupyter_guard.guard.session import Session, failed, resolve_policy
from jupyter_guard.policy import Policy, load_effective, preset_names
from jupyter_guard.terms import Cell, Report

FAILURE_RULE: Final = "JG000"


class Outcome(msgspec.Struct, frozen=True):
    """A case and the report of each of its cells."""

    case: Case
    reports: tuple[Report, ...]


class Place(msgspec.Struct, frozen=True):
    """Where a case is judged: what counts as its own folder, and the home that ``~`` stands for. Nothing is read there.

    It is told, where another machine judges.
    """

    workspace: str
    home: str

    @classmethod
    def of(cls, case: Case) -> Place:
        """The place of a case on this machine."""
        return cls(str(folder_of(case)), str(Path("~").expanduser()))


# Cells that somebody keeps and reads: practice is about these. A case of a case file may be any piece of code.
KEPT: Final = frozenset({"notebook", "python"})
# A script that a shell starts is in no kernel's box.
RUN_IN_KERNELS: Final = frozenset({"notebook", "cases"})


class Judge:
    """Vets cases. ``policy`` is one, a preset's name or a policy file; left out, the layers in force count.

    ``practice`` says whether a review is about practice too; ``None``: that of notebooks and scripts is. ``troubles``
    are the reasons, in words, for which a part of practice could not be looked at.
    """

    def __init__(self, policy: str | Policy | None = None, practice: bool | None = None) -> None:
        self._given = named_policy(policy) if isinstance(policy, str) else policy
        self.practice = practice
        self._found: dict[Path, Policy] = {}
        self.troubles: list[str] = []

    def policy(self, case: Case) -> Policy:
        """The policy for a case. Raises ``PolicyError`` with every mistake in the files that make it."""
        if self._given is not None:
            return self._given
        folder = folder_of(case)
        if folder not in self._found:
            self._found[folder] = load_effective(folder)
        return self._found[folder]

    def vet(self, case: Case, place: Place | None = None) -> Outcome:
        """The reports of a case. Whatever fails inside is a block with its reason, never silence."""
        where = place or Place.of(case)
        policy = self.policy(case)
        if not case.cells:
            return Outcome(case, ())
        try:
            session = Session(policy, workspace=where.workspace, home=where.home)
            if case.form in RUN_IN_KERNELS:
                session.box = required(policy)
        except Exception as error:
            return Outcome(case, tuple(_failed(cell, error, policy) for cell in case.cells))
        return Outcome(case, tuple(_vet(session, cell, policy) for cell in case.cells))

    def review(self, case: Case, place: Place | None = None) -> Outcome:
        """The reports of a case, with findings of practice where they are wanted."""
        outcome = self.vet(case, place)
        wanted = case.form in KEPT if self.practice is None else self.practice
        if not wanted or not outcome.reports:
            return outcome
        # Loaded here: whoever asks for cases alone does without.
        from jupyter_guard.guard.practising import practised
        from jupyter_guard.practice.ruff import RuffError

        policy = self.policy(case)
        counts = [cell.executed for cell in case.cells]
        try:
            return Outcome(case, practised(outcome.reports, policy, counts=counts))
        except RuffError as error:
            self._trouble(str(error))
        try:
            return Outcome(case, practised(outcome.reports, policy, ruff=False, counts=counts))
        except Exception as error:
            # What would stop a cell was judged before: that stands.
            self._trouble(f"{type(error).__name__}: {error}")
            return outcome

    def _trouble(self, said: str) -> None:
        if said not in self.troubles:
            self.troubles.append(said)


def folder_of(case: Case) -> Path:
    """The folder that counts as the case's workspace."""
    path = case.path if not case.path.startswith("<") else ""
    return (Path(path).parent if path else Path()).resolve()


def named_policy(given: str) -> Policy:
    """A preset or a file by what a command was given. Raises ``click.UsageError`` when it is neither."""
    from click import UsageError

    if given not in preset_names() and not Path(given).is_file():
        names = ", ".join(preset_names())
        raise UsageError(f"--policy {given}: there is no such file, and no such preset ({names}).")
    return resolve_policy(given)


def _vet(session: Session, cell: Cell, policy: Policy) -> Report:
    try:
        return session.vet(cell.code, cell.origin, cell.language, cell_id=cell.cell_id, number=cell.number)
    except Exception as error:
        return _failed(cell, error, policy)


def _failed(cell: Cell, error: Exception, policy: Policy) -> Report:
    return failed(cell, f"{type(error).__name__}: {error}", policy.hash)


def has_failed(reports: Sequence[Report]) -> bool:
    """Whether the guard itself failed on one of the cells."""
    return any(finding.rule == FAILURE_RULE for report in reports for finding in report.findings)
