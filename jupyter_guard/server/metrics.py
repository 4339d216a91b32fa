"""Records -> counters beside Jupyter's own, at ``/metrics``."""

from __future__ import annotations

import functools

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from jupyter_guard.audit.record import Record
from jupyter_guard.terms import Verdict


class Metrics:
    """The guard's counters of one server. They begin at zero with it, as Jupyter's do."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.decisions = Counter(
            "jupyter_guard_decisions",
            "Decisions about cells, by what became of them and who wrote them",
            ["state", "origin"],
            registry=registry,
        )
        self.findings = Counter("jupyter_guard_findings", "Findings in cells", ["rule", "severity"], registry=registry)
        self.would = Counter(
            "jupyter_guard_would_have_stopped",
            "Cells that ran because the policy only observes",
            ["verdict"],
            registry=registry,
        )
        self.answers = Counter(
            "jupyter_guard_answers", "What people answered when asked", ["choice"], registry=registry
        )
        self.secrets = Counter("jupyter_guard_secrets", "Values taken out of outputs", ["kind"], registry=registry)
        self.limits = Counter("jupyter_guard_limits", "Limits that cells reached", ["limit"], registry=registry)
        self.deaths = Counter("jupyter_guard_kernel_deaths", "Kernels that died under a cell", registry=registry)
        self.opened = Gauge(
            "jupyter_guard_opened", "1 while an administrator lets this account's cells through", registry=registry
        )

    def count(self, record: Record) -> None:
        """Count one record."""
        if record.event in ("opening", "closing"):
            self.opened.set(record.event == "opening")
            return
        for kind, count in record.redactions.items():
            self.secrets.labels(kind).inc(count)
        for limit in record.limits:
            # Its key; what follows may be a command line, and each would be a series of its own.
            self.limits.labels(limit.partition(" ")[0].partition(":")[0]).inc()
        if record.event == "outcome":
            if record.state == "died":
                self.deaths.inc()
            return
        if record.event != "decision":
            return
        self.opened.set(bool(record.opened))
        self.decisions.labels(record.state, str(record.origin)).inc()
        for finding in record.findings:
            self.findings.labels(finding.rule, str(finding.severity)).inc()
        for approval in record.approvals:
            self.answers.labels(approval.choice).inc()
        if record.verdict < Verdict.CONFIRM <= record.would_be:
            self.would.labels(str(record.would_be)).inc()


@functools.cache
def metrics() -> Metrics:
    """Those of this process: a name is registered once, however many servers run in it."""
    return Metrics()
