"""A decision about one cell, as it is kept."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms import Finding, Origin, Report, Severity, Verdict


class Judged(msgspec.Struct, frozen=True):
    """A finding without its prose: the rule's page has that."""

    rule: str
    severity: Severity
    verdict: Verdict
    message: str
    decided_by: str

    @classmethod
    def of(cls, finding: Finding) -> Judged:
        """What is kept of a finding."""
        return cls(finding.rule, finding.severity, finding.verdict, finding.message, finding.decided_by)

    @property
    def was_allowed_in_code(self) -> bool:
        """Whether a comment in the cell allowed it, and the policy let that count."""
        return self.verdict is Verdict.ALLOW and self.decided_by.partition(": ")[2].startswith("suppress.origins:")


class Approval(msgspec.Struct, frozen=True):
    """Somebody's answer: ``choice`` is once, code, session, refuse, or ``before`` where an earlier answer held.

    ``channel`` is where it was given: stdin, panel, interrupt, withdrawn where who ran the cell waited no more, or none
    where nobody was asked.
    """

    choice: str
    channel: str
    by: str = ""


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a collector got a record: from which account, when by its own clock, and as which line of a journal.

    ``late`` where it had had a later line of that journal, or another one in its place, before.
    """

    uid: int
    time: str
    sequence: int
    hash: str
    late: bool = False


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision about a cell or about code within it, or (``event`` is ``outcome``) what came of one.

    A decision is kept before the cell runs; its outcome, which names the same ``msg_id``, follows where there is
    something to say: secrets taken out of its output, a limit that it hit, an end that was no plain success.

    ``time`` is ISO 8601 in UTC. ``code`` is the cell's scrubbed text, or ``None`` where the policy does not keep it;
    ``sha256`` is the hash of the text as it ran. ``evidence`` says, a phrase each, why ``origin`` was decided so.
    ``state`` is ``ran``, ``blocked``, ``declined`` or ``confirmed``; of an outcome the reply's status, or ``died``.
    Where ``event`` is ``happened``, ``happened`` has the effects that were foreseen and seen (``both``), ``foreseen``
    only and ``seen`` only, each a kind and a target.
    Where ``event`` is ``tool``, ``about`` is the approved tool that was called, ``state`` ok or why it gave no result.
    ``number`` counts the kernel's records as its host made them: one that is sent twice is kept once. ``about`` says
    which part of the cell was judged, empty for all of it. ``redactions`` counts by kind. ``uptime`` is the machine's,
    in seconds, 0 where nobody knows: a clock that was set shows by it. Where records were taken out, one whose
    ``event`` is ``erasure`` tells of it: ``erased`` has the first and the last sequence of each stretch.
    ``received`` is a collector's word, and ``user`` is too then. ``opened`` says by whom, until when and why nothing
    was stopped at the time (break-glass); where ``event`` is ``opening`` or ``closing``, the record tells of just that.
    """

    time: str
    kernel: str
    msg_id: str
    sha256: str
    verdict: Verdict
    would_be: Verdict
    state: str
    sentence: str
    origin: Origin
    policy: str
    user: str = ""
    server: str = ""
    notebook: str = ""
    cell_id: str = ""
    evidence: tuple[str, ...] = ()
    code: str | None = None
    findings: tuple[Judged, ...] = ()
    approvals: tuple[Approval, ...] = ()
    event: str = "decision"
    number: int = 0
    about: str = ""
    redactions: dict[str, int] = {}
    limits: tuple[str, ...] = ()
    happened: dict[str, tuple[str, ...]] = {}
    isolation: str = "none"
    uptime: float = 0.0
    erased: tuple[tuple[int, int], ...] = ()
    received: Received | None = None
    opened: str = ""

    @classmethod
    def of(cls, report: Report, **facts: object) -> Record:
        """The record of a judged cell; ``facts`` are the fields that a report does not know."""
        return cls(
            verdict=report.verdict,
            would_be=report.would_be,
            sentence=report.sentence,
            origin=report.cell.origin,
            policy=report.policy,
            cell_id=report.cell.cell_id,
            findings=tuple(Judged.of(finding) for finding in report.findings),
            **facts,  # type: ignore[arg-type]
        )
